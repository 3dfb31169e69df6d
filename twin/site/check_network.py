"""What no single field says of the electrical network: names, a tree that hangs together, ties that fit, no loops."""

from collections.abc import Iterator

from twin.core.errors import did_you_mean
from twin.network.topology import faults, new_tree, switch
from twin.site.finding import Finding, Loc, duplicates, unknown
from twin.site.network import ROOT, build, buses, levels
from twin.site.spec import Site
from twin.site.spec_electrical import TieSpec
from twin.site.spec_parts import Parts


def network(site: Site, library: Parts) -> list[Finding]:
    """Everything wrong with the electrical part of a site."""
    found = [*_nodes(site, library), *_tree(site)]
    if not found:
        found = [*_ties(site, library), *_hung(site)]
    return found or list(_loops(site, library))


def _nodes(site: Site, library: Parts) -> Iterator[Finding]:
    nodes = site.electrical.nodes
    at = ("electrical", "nodes")
    yield from duplicates(at, [node.name for node in nodes])
    types: dict[str, object] = {**library.transformers, **library.cables}
    for i, node in enumerate(nodes):
        loc: Loc = (*at, i)
        if node.name == ROOT:
            yield Finding((*loc, "name"), f'"{ROOT}" is the point of interconnection and cannot be named again')
        if node.type is not None:
            yield from unknown("transformer or cable type", node.type, types, (*loc, "type"))
        if (node.type in library.cables) != (node.length is not None):
            yield Finding(loc, "a cable needs a length, and only a cable has one")
        if node.spacing is not None:
            parent = next((n for n in nodes if n.name == node.parent), None)
            if parent is None or parent.type not in library.cables:
                yield Finding((*loc, "spacing"), "spacing continues the parent's cable, but the parent is no cable")


def _tree(site: Site) -> Iterator[Finding]:
    nodes = site.electrical.nodes
    parents = {node.name: node.parent for node in nodes}
    groups = {node.name for node in nodes if node.count > 1}
    orphans, cycle = faults(parents, ROOT)
    for i, node in enumerate(nodes):
        loc = ("electrical", "nodes", i, "parent")
        if node.name in orphans:
            yield Finding(loc, f'has no parent "{node.parent}"; {did_you_mean(node.parent, {*parents, ROOT})}')
        elif node.name in cycle:
            yield Finding(loc, f'"{node.name}" never reaches the feed: its parents form a cycle')
        elif node.parent in groups:
            yield Finding(loc, f'the parent "{node.parent}" stands for several nodes; name a single one')


def _ties(site: Site, library: Parts) -> Iterator[Finding]:
    known, level_v = buses(site), levels(site, library)
    types: dict[str, object] = {**library.transformers, **library.cables}
    yield from duplicates(("electrical", "ties"), [tie.name for tie in site.electrical.ties])
    for i, tie in enumerate(site.electrical.ties):
        loc: Loc = ("electrical", "ties", i)
        if tie.name in known:
            yield Finding((*loc, "name"), f'"{tie.name}" is the name of a bus already')
        for field, end in (("from", tie.start), ("to", tie.to)):
            yield from unknown("electrical node", end, set(known), (*loc, field))
        if tie.type is not None:
            yield from unknown("transformer or cable type", tie.type, types, (*loc, "type"))
        if (tie.type in library.cables) != (tie.length is not None):
            yield Finding(loc, "a cable needs a length, and only a cable has one")
        if tie.start == tie.to:
            yield Finding((*loc, "to"), f'"{tie.name}" joins "{tie.to}" with itself')
        elif tie.start in level_v and tie.to in level_v:
            yield from _voltages(tie, loc, library, level_v)


def _voltages(tie: TieSpec, loc: Loc, library: Parts, level_v: dict[str, float]) -> Iterator[Finding]:
    """Both ends of a tie have one voltage, unless it is a transformer: then each has that of its winding."""
    own = level_v[tie.start], level_v[tie.to]
    meant, what = (own[0], own[0]), f'"{tie.name}"'
    if tie.type in library.transformers:
        kind = library.transformers[tie.type]
        meant, what = (kind.high, kind.low), f'the transformer type "{tie.type}"'
    elif tie.type in library.cables:
        meant, what = (library.cables[tie.type].voltage,) * 2, f'the cable type "{tie.type}"'
    if own != meant:
        at = ", ".join(f"{name} at {volts / 1e3:g} kV" for name, volts in zip((tie.start, tie.to), own, strict=True))
        wants = " and ".join(f"{volts / 1e3:g} kV" for volts in dict.fromkeys(meant))
        yield Finding(loc, f"{what} joins {at}; its ends must be at {wants}")


def _hung(site: Site) -> Iterator[Finding]:
    """House loads and capacitors hang on single buses, each with a name of its own."""
    known = buses(site)
    taken = {*known, *(tie.name for tie in site.electrical.ties)}
    for field in ("capacitors", "loads"):
        parts = getattr(site.electrical, field)
        yield from duplicates(("electrical", field), [part.name for part in parts])
        for i, part in enumerate(parts):
            loc: Loc = ("electrical", field, i)
            yield from unknown("electrical node", part.node, set(known), (*loc, "node"))
            if part.name in taken:
                yield Finding((*loc, "name"), f'"{part.name}" is the name of something electrical already')
        taken |= {part.name for part in parts}


def _loops(site: Site, library: Parts) -> Iterator[Finding]:
    """Elements that are in service as the site stands and form a loop."""
    if site.electrical.solver == "meshed":
        return
    made = build(site, library)
    tied = [tie.name for tie in site.electrical.ties]
    for loop in switch(made.network, made.closed, new_tree(len(made.names) - len(tied))):
        names = [made.names[e] for e in loop]
        last = max(tied.index(name) for name in names if name in tied)
        yield Finding(
            ("electrical", "ties", last, "normally"),
            f"with these closed there is a loop of {', '.join(names)}, and solver: radial has none; "
            "leave one of its ties open (normally: open) or use solver: meshed",
        )
