"""What no single field of a site file can know: names that must exist, trees that must hang together."""

from collections import Counter
from collections.abc import Iterator

from twin.components.rack import AirRackSpec, RackSpec
from twin.core import fluids
from twin.site import plants
from twin.site.check_network import network
from twin.site.check_protection import protection
from twin.site.check_storage import storage
from twin.site.check_water import hall_water, library_water
from twin.site.finding import Finding, Loc, duplicates, unknown
from twin.site.spec import Site
from twin.site.spec_halls import HallSpec
from twin.site.spec_parts import Parts


def check(site: Site, library: Parts) -> list[Finding]:
    """Everything wrong with a site whose fields are right one by one."""
    return [
        *_library(library),
        *library_water(library),
        *duplicates(("halls",), [hall.name for hall in site.halls]),
        *network(site, library),
        *storage(site, library),
        *protection(site, library),
        *_control(site, library),
        *(finding for i, hall in enumerate(site.halls) for finding in _hall(site, library, i, hall)),
    ]


def _library(library: Parts) -> Iterator[Finding]:
    for name, node in library.nodes.items():
        yield from unknown("GPU type", node.gpu, library.gpus, ("library", "nodes", name, "gpu"))
    for name, rack in library.racks.items():
        loc: Loc = ("library", "racks", name)
        yield from unknown("server type", rack.node, library.nodes, (*loc, "node"))
        yield from unknown("CDU type", rack.cdu, library.cdus, (*loc, "cdu"))
        if rack.door is not None:
            yield from unknown("coil type", rack.door, library.coils, (*loc, "door"))
        if rack.node in library.nodes and library.nodes[rack.node].gpus * rack.nodes % 8:
            yield Finding(
                (*loc, "nodes"), f"{rack.nodes} servers of 4 GPUs do not fill blocks of eight; use an even number"
            )
    for name, shelf in library.air_racks.items():
        if shelf.door is not None:
            yield from unknown("coil type", shelf.door, library.coils, ("library", "air_racks", name, "door"))


def _control(site: Site, library: Parts) -> Iterator[Finding]:
    for field, of in site.control:
        if isinstance(of, str):
            kind, known = ("path", library.paths) if field in ("cap", "brake") else ("meter", library.meters)
            yield from unknown(f"{kind} type", of, known, ("control", field))


def _hall(site: Site, library: Parts, i: int, hall: HallSpec) -> Iterator[Finding]:
    at: Loc = ("halls", i)
    for k, group in enumerate(hall.racks):
        yield from unknown("rack type", group.type, library.racks, (*at, "racks", k, "type"))
    for k, group in enumerate(hall.air_racks):
        yield from unknown("air-cooled rack type", group.type, library.air_racks, (*at, "air_racks", k, "type"))
    yield from plants.check(library, at, hall)
    names = {node.name for node in site.electrical.nodes}
    for field in ("boards", "mechanical_boards"):
        for k, name in enumerate(getattr(hall, field)):
            yield from unknown("electrical node", name, names, (*at, field, k))
    served: Counter[str] = Counter()
    for group in hall.racks:
        if group.type in library.racks:
            served[library.racks[group.type].cdu] += group.count
    yield from _cdus(library, at, hall, served)
    yield from _facility_flow(library, at, hall, served)
    yield from _air(library, at, hall, served)
    yield from hall_water(library, at, hall, set(served))


def _cdus(library: Parts, at: Loc, hall: HallSpec, served: Counter[str]) -> Iterator[Finding]:
    types = [cdus.type for cdus in hall.cdus]
    for k, cdus in enumerate(hall.cdus):
        loc = (*at, "cdus", k)
        yield from unknown("CDU type", cdus.type, library.cdus, (*loc, "type"))
        if cdus.type in types[:k]:
            yield Finding(
                (*loc, "type"),
                f'CDU type "{cdus.type}" stands in entry {types.index(cdus.type)} already; add the counts',
            )
        if cdus.type in library.cdus:
            room = cdus.count * library.cdus[cdus.type].racks
            racks = served[cdus.type]
            if racks == 0:
                yield Finding(loc, f'CDU "{cdus.type}" has no rack: no rack type in {hall.name} names it')
            elif racks < cdus.count:
                yield Finding((*loc, "count"), f"{cdus.count} CDUs for {racks} racks: some CDU has no rack")
            elif racks > room:
                yield Finding(
                    (*loc, "count"), f"{cdus.count} CDUs have room for {room} racks, but {racks} hang on them"
                )


def _facility_flow(library: Parts, at: Loc, hall: HallSpec, served: Counter[str]) -> Iterator[Finding]:
    """More water through the CDUs than the hall's pumps move would be heat out of nowhere."""
    needed, moved = _cdu_water(library, hall, served), hall.pumps.flow * float(fluids.density(fluids.WATER, 30.0))
    if needed > moved:
        message = f"the pumps move {moved:.1f} kg/s at design, the CDUs of {hall.name} take {needed:.1f} kg/s"
        yield Finding((*at, "pumps", "flow"), message)


def _cdu_water(library: Parts, hall: HallSpec, served: Counter[str]) -> float:
    """Facility water [kg/s] that the CDUs of a hall take at design."""
    given = {cdus.type: cdus.count for cdus in hall.cdus}
    known = {kind: library.cdus[kind] for kind in served if kind in library.cdus}
    return sum(given.get(kind, -(-served[kind] // cdu.racks)) * cdu.facility_flow for kind, cdu in known.items())


def _air(library: Parts, at: Loc, hall: HallSpec, served: Counter[str]) -> Iterator[Finding]:
    """The air's heat needs coils, coils need water, and water that makes them wet is not modelled."""
    loc: Loc = (*at, "air")
    for k, units in enumerate(hall.air.crahs):
        yield from unknown("coil type", units.type, library.coils, (*loc, "crahs", k, "type"))
    types: list[RackSpec | AirRackSpec] = [library.racks[g.type] for g in hall.racks if g.type in library.racks]
    types += [library.air_racks[g.type] for g in hall.air_racks if g.type in library.air_racks]
    if types and not hall.air.crahs and all(one.door is None for one in types):
        yield Finding(
            loc, f"nothing takes the heat of the air in {hall.name}: name a door in a rack type, or room units as crahs"
        )
    if hall.supply < hall.dew_point:
        yield Finding(
            (*at, "supply"),
            f"water of {hall.supply:g} degC makes coils wet in air with a dew point of {hall.dew_point:g} degC, "
            "which is not modelled; send warmer water or keep the room drier (dew_point)",
        )
