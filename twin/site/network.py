"""The electrical network of a site file: buses and elements per unit, ties, capacitors and house loads."""

from collections.abc import Iterator
from math import acos, sqrt, tan
from typing import NamedTuple

import numpy as np

from twin.components import cable, feed, transformer
from twin.core.layout import IVec, Vec
from twin.network import radial, short_circuit, topology
from twin.network.topology import Branch, Tie
from twin.site.spec import Site
from twin.site.spec_electrical import ElectricalNodeSpec, TieSpec
from twin.site.spec_parts import Parts

ROOT = "feed"
BASE_VA = radial.BASE_MVA * 1e6


class Built(NamedTuple):
    """The network, and of each element its name, kind, contract limit [W] and rating [VA], NaN where it has none."""

    network: radial.Network
    names: list[str]
    kinds: list[str]
    limit_w: Vec
    rating_va: Vec
    closed: IVec
    """1 where an element is in service as the site stands, 0 for normally open ties."""


def expanded(node: ElectricalNodeSpec) -> list[str]:
    """The names of a node that stands for several."""
    if node.count == 1:
        return [node.name]
    width = max(2, len(str(node.count)))
    return [f"{node.name}-{i + 1:0{width}d}" for i in range(node.count)]


def buses(site: Site) -> list[str]:
    """The name of every bus, groups one by one with the taps they hang on."""
    found = [ROOT]
    for node in site.electrical.nodes:
        for name in expanded(node):
            found += [name] if node.spacing is None else [f"{name}-tap", name]
    return found


def build(site: Site, library: Parts) -> Built:
    """The network of a checked site."""
    grid = feed.impedance_pu(site.feed.short_circuit, site.feed.x_r, BASE_VA)
    root = Branch(ROOT, "", grid, 0j, site.feed.limit / BASE_VA, radial.ACTIVE)
    rows, ties = list(_rows(site, library)), site.electrical.ties
    kinds, limits = {ROOT: "source"}, {ROOT: site.feed.limit}
    kinds |= {branch.name: kind for branch, kind, _ in rows} | {tie.name: "tie" for tie in ties}
    limits |= {branch.name: limit for branch, _, limit in rows if limit is not None}
    limits |= {tie.name: tie.limit for tie in ties if tie.limit is not None}
    network, names = topology.build(
        root,
        [branch for branch, *_ in rows],
        [Tie(_branch(site, library, tie, tie.name, tie.start), tie.to) for tie in ties],
    )
    rating_va = np.where(np.isfinite(network.rating_pu), network.rating_pu * BASE_VA, np.nan)
    is_open = {tie.name for tie in ties if tie.normally == "open"}
    return Built(
        network,
        names,
        [kinds[name] for name in names],
        np.array([limits.get(name, np.nan) for name in names]),
        rating_va,
        np.array([int(name not in is_open) for name in names]),
    )


def _rows(site: Site, library: Parts) -> Iterator[tuple[Branch, str, float | None]]:
    """The element of each bus with its kind and its contract limit."""
    by_name = {node.name: node for node in site.electrical.nodes}
    for node in site.electrical.nodes:
        parent = node.parent
        for name in expanded(node):
            if node.spacing is not None:
                tap, kind = f"{name}-tap", by_name[node.parent].type or ""
                yield _cable(library, kind, node.spacing, tap, parent, site.feed.frequency), "cable", None
                parent = tap
            yield _branch(site, library, node, name, parent), _kind(library, node), node.limit


def _kind(library: Parts, node: ElectricalNodeSpec) -> str:
    if node.type is None:
        return "busbar"
    return "transformer" if node.type in library.transformers else "cable"


def _branch(site: Site, library: Parts, spec: ElectricalNodeSpec | TieSpec, name: str, parent: str) -> Branch:
    if spec.type in library.cables:
        return _cable(library, spec.type, spec.length or 0.0, name, parent, site.feed.frequency)
    if spec.type in library.transformers:
        kind = library.transformers[spec.type]
        return Branch(name, parent, *transformer.pi(kind, BASE_VA), (kind.most or kind.rating) / BASE_VA)
    rating = spec.limit / BASE_VA if spec.limit is not None else np.inf
    return Branch(name, parent, 0j, 0j, rating, radial.ACTIVE)


def _cable(library: Parts, kind: str, length_m: float, name: str, parent: str, frequency_hz: float) -> Branch:
    spec = library.cables[kind]
    pi = cable.section(spec, length_m, BASE_VA, frequency_hz)
    return Branch(name, parent, *pi, cable.ampacity_pu(spec, BASE_VA), radial.CURRENT)


def levels(site: Site, library: Parts) -> dict[str, float]:
    """Rated voltage [V] of each bus, by the types on the way to it. Expects a tree."""
    by_name = {node.name: node for node in site.electrical.nodes}

    def level(name: str) -> float:
        if name == ROOT:
            return site.feed.voltage
        node = by_name[name]
        if node.type in library.transformers:
            return library.transformers[node.type].low
        return library.cables[node.type].voltage if node.type in library.cables else level(node.parent)

    found = {ROOT: site.feed.voltage}
    for node in site.electrical.nodes:
        for name in expanded(node):
            found[name] = level(node.name)
            if node.spacing is not None:
                found[f"{name}-tap"] = level(node.parent)
    return found


def transformers(site: Site, library: Parts, names: list[str]) -> IVec:
    """1 for each element that is a transformer, ties with them: it feeds its low side from its high side."""
    specs = _types(site)
    return np.array([int(specs.get(name) in library.transformers) for name in names])


def _types(site: Site) -> dict[str, str | None]:
    found = {name: node.type for node in site.electrical.nodes for name in expanded(node)}
    return found | {tie.name: tie.type for tie in site.electrical.ties}


def fault_factors(site: Site, library: Parts, names: list[str]) -> Vec:
    """What IEC 60909 multiplies each element's impedance by: K_T of transformers, c of the grid's, else 1."""
    specs = _types(site)
    found = np.ones(len(names))
    for k, name in enumerate(names):
        kind = library.transformers.get(specs.get(name) or "")
        if kind is not None:
            found[k] = short_circuit.transformer_factor(sqrt(kind.impedance**2 - (kind.load_loss / kind.rating) ** 2))
    found[0] = short_circuit.C
    return found


def wiring(site: Site, names: list[str]) -> dict[str, IVec | Vec]:
    """Fields of `order.Wiring` for house loads and capacitors."""
    index, house, banks = {name: i for i, name in enumerate(names)}, site.electrical.loads, site.electrical.capacitors
    return {
        "house_bus": np.array([index[load.node] for load in house], int),
        "house_w": np.array([load.power for load in house], float),
        "house_reactive_share": np.array([tan(acos(load.power_factor)) for load in house], float),
        "house_current": np.array([load.current for load in house], float),
        "house_impedance": np.array([load.impedance for load in house], float),
        "bank_bus": np.array([index[bank.node] for bank in banks], int),
        "bank_pu": np.array([bank.step / BASE_VA for bank in banks], float),
        "bank_steps": np.array([bank.steps for bank in banks], float),
    }
