"""Electrical elements that warm and regulate, by the types of a site file: parts of the plant, and how they begin."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.components import cable_thermal, regulator, transformer_thermal
from twin.core.layout import frozen, zeros
from twin.plant import order
from twin.site.network import expanded
from twin.site.spec import Site
from twin.site.spec_parts import Parts

_COLD_C = 20.0  # of conductors until the steady state is found


def parts(site: Site, library: Parts, names: list[str]) -> dict[str, Any]:
    """Fields of `order.Plant` for the elements ``names``."""
    types = {name: kind for name, kind in _types(site) if kind is not None}
    placed = [(e, types[name]) for e, name in enumerate(names) if name in types]
    transformers = [(e, library.transformers[kind]) for e, kind in placed if kind in library.transformers]
    cables = [(e, library.cables[kind]) for e, kind in placed if kind in library.cables]
    oiled = [(e, spec.thermal) for e, spec in transformers if spec.thermal is not None]
    warm = [(e, spec.thermal) for e, spec in cables if spec.thermal is not None]
    taps = [(e, spec.taps) for e, spec in transformers if spec.taps is not None]
    banks = [(i, bank) for i, bank in enumerate(site.electrical.capacitors) if bank.control is not None]
    return {
        "transformer_heat": transformer_thermal.params([spec for _, spec in oiled]),
        "cable_heat": cable_thermal.params([spec for _, spec in warm]),
        "regulator": regulator.params(
            [spec.regulator for _, spec in taps]
            + [bank.control.regulator(bank.steps) for _, bank in banks if bank.control is not None]
        ),
        "electrics": frozen(
            order.Electrics,
            transformer=_places(oiled),
            cable=_places(warm),
            tap=_places(taps),
            tap_step=np.array([spec.step for _, spec in taps], float),
            bank=_places(banks),
            bank_reactive=[isinstance(bank.control, regulator.ReactiveControlSpec) for _, bank in banks],
        ),
    }


def at_first(plant: order.Plant) -> dict[str, Any]:
    """Fields of `order.State` before anything is at rest: NaN where an element has no such thing."""
    electrics, elements = plant.electrics, plant.network.from_bus.size
    warmth = order.Warmth(np.zeros(elements), *(np.full(elements, np.nan) for _ in order.Warmth._fields[1:]))
    warmth.conductor_c[electrics.cable] = _COLD_C
    warmth.tap[electrics.tap] = 0.0
    return {
        "oil": zeros(transformer_thermal.ThermalState, electrics.transformer.size),
        "regulator": zeros(regulator.RegulatorState, plant.regulator.target.size),
        "warmth": warmth,
    }


def _types(site: Site) -> Iterator[tuple[str, str | None]]:
    """Name and type of every element that has one."""
    by_name = {node.name: node for node in site.electrical.nodes}
    for node in site.electrical.nodes:
        for name in expanded(node):
            yield name, node.type
            if node.spacing is not None:
                yield f"{name}-tap", by_name[node.parent].type
    for tie in site.electrical.ties:
        yield tie.name, tie.type


def _places(rows: list[tuple[int, Any]]) -> list[int]:
    return [place for place, _ in rows]
