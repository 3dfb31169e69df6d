"""What no single field says of protection: types that exist, ratings to trip by, transfers with a tie."""

from collections.abc import Iterator, Mapping

import numpy as np

from twin.components import overcurrent
from twin.site.finding import Finding, Loc, duplicates, unknown
from twin.site.spec import Site
from twin.site.spec_electrical import ElectricalNodeSpec, TieSpec
from twin.site.spec_parts import Parts, ProtectionSpec


def protection(site: Site, library: Parts) -> Iterator[Finding]:
    """Everything wrong with relays, rack breakers and automatic transfers."""
    used = set()
    for field in ("nodes", "ties"):
        for i, one in enumerate(getattr(site.electrical, field)):
            if one.protection is not None:
                loc: Loc = ("electrical", field, i, "protection")
                used.add(one.protection)
                yield from unknown("protection type", one.protection, library.protection, loc)
                yield from _rated(one, library, loc)
    for name, spec in library.racks.items():
        if spec.breaker is not None:
            loc = ("library", "racks", name, "breaker")
            used.add(spec.breaker)
            yield from unknown("protection type", spec.breaker, library.protection, loc)
            if spec.breaker in library.protection and library.protection[spec.breaker].overcurrent is None:
                yield Finding(loc, f'"{spec.breaker}" has no overcurrent element, and a rack\'s breaker has only that')
    for name, kind in library.protection.items():
        if name in used:
            yield from _carries(("library", "protection", name), kind)
    yield from _transfers(site)


def _rated(one: ElectricalNodeSpec | TieSpec, library: Parts, loc: Loc) -> Iterator[Finding]:
    kind = library.protection.get(one.protection or "")
    by_current = kind is not None and (kind.overcurrent is not None or kind.thermal is not None)
    if by_current and one.limit is None and one.type not in {**library.transformers, **library.cables}:
        yield Finding(
            loc, f'"{one.name}" has no rating that the pickup of "{one.protection}" could be a share of; give it a '
            "type or a limit, or guard the transformer or cable beside it",
        )  # fmt: skip


def _carries(loc: Loc, kind: ProtectionSpec) -> Iterator[Finding]:
    """A relay that opens what it guards at its own rating is set wrongly."""
    if kind.overcurrent is not None:
        trips_s = float(overcurrent.trip_s(overcurrent.params([kind.overcurrent]), 0, 1.0 / kind.overcurrent.pickup))
        if np.isfinite(trips_s):
            yield Finding(
                (*loc, "overcurrent", "pickup"),
                f"a pickup of {kind.overcurrent.pickup:.0%} of the rating trips at rated load after {trips_s:,.0f} s; "
                "give one of at least 100 %",
            )
    if kind.thermal is not None and kind.thermal.carries <= 1.0:
        yield Finding(
            (*loc, "thermal", "carries"),
            f"a relay that carries {kind.thermal.carries:.0%} of the rating trips at rated load; give more than 100 %",
        )


def _transfers(site: Site) -> Iterator[Finding]:
    nodes = {node.name for node in site.electrical.nodes if node.count == 1}
    ties: Mapping[str, TieSpec] = {tie.name: tie for tie in site.electrical.ties}
    yield from duplicates(("electrical", "transfers"), [one.name for one in site.electrical.transfers])
    for i, one in enumerate(site.electrical.transfers):
        loc: Loc = ("electrical", "transfers", i)
        yield from unknown("electrical node", one.main, nodes, (*loc, "main"))
        if not ties:
            yield Finding((*loc, "tie"), f'there is no tie "{one.tie}": a transfer needs one under electrical.ties')
            continue
        yield from unknown("tie", one.tie, ties, (*loc, "tie"))
        if one.tie in ties and one.main not in (ties[one.tie].start, ties[one.tie].to):
            ends = f"{ties[one.tie].start} and {ties[one.tie].to}"
            yield Finding((*loc, "tie"), f'"{one.tie}" joins {ends}, and not the bus "{one.main}" that it should feed')
        if one.tie in ties and ties[one.tie].normally == "closed":
            yield Finding((*loc, "tie"), f'"{one.tie}" is closed already as the site stands; say normally: open')
