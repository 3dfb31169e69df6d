"""Whether water and coolant of a site can flow as designed: pumps against drops, valves, pipes and controllers."""

from collections.abc import Iterator
from math import pi, sqrt

from twin.components import pump, valve
from twin.components.controller import ControllerSpec
from twin.components.pump import PumpSpec
from twin.plant.order import LONGEST_STEP
from twin.site.finding import Finding, Loc
from twin.site.piping import WATER_C, water_kg_m3
from twin.site.spec_halls import HallSpec
from twin.site.spec_parts import CduPart, Parts


def library_water(library: Parts) -> Iterator[Finding]:
    """CDU types whose pumps do not reach through their racks, and controllers that act between seconds."""
    for name, cdu in library.cdus.items():
        loc: Loc = ("library", "cdus", name)
        yield from _whole_seconds((*loc, "temperature"), cdu.temperature)
        yield from _whole_seconds((*loc, "pressure"), cdu.pressure)
        for rack_name, rack in library.racks.items():
            needed = cdu.exchanger_drop + cdu.filter_drop + cdu.header_drop + rack.coolant_drop
            if rack.cdu == name and needed > reach_pa(cdu.pumps, cdu.pressure):
                yield Finding(
                    (*loc, "pumps"),
                    f"at design flow the pumps give {_kpa(reach_pa(cdu.pumps, cdu.pressure))}, but {_kpa(needed)} are "
                    f"lost: {_kpa(cdu.exchanger_drop)} in the exchanger, {_kpa(cdu.filter_drop)} in the filter, "
                    f'{_kpa(cdu.header_drop)} along the header, {_kpa(rack.coolant_drop)} in rack "{rack_name}"',
                )
            if rack.cdu == name:
                yield from _plates(library, (*loc, "pumps", "flow"), cdu, rack_name)


def _plates(library: Parts, loc: Loc, cdu: CduPart, rack_name: str) -> Iterator[Finding]:
    """A rack's share of the flow must do for the plates of its GPUs."""
    rack = library.racks[rack_name]
    node = library.nodes.get(rack.node)
    gpu = library.gpus.get(node.gpu) if node is not None else None
    if node is None or gpu is None:
        return
    plates_m3_s, share_m3_s = rack.nodes * node.gpus * gpu.flow, cdu.pumps.flow / cdu.racks
    if plates_m3_s > share_m3_s * (1 + 1e-9):
        yield Finding(
            loc,
            f"each of {cdu.racks} racks gets {share_m3_s * 6e4:.4g} L/min, but the plates of the GPUs in rack "
            f'"{rack_name}" alone take {plates_m3_s * 6e4:.4g} L/min',
        )


def hall_water(library: Parts, at: Loc, hall: HallSpec, used: set[str]) -> Iterator[Finding]:
    """What keeps the facility water of a hall with CDU types ``used`` from flowing as designed."""
    loop, loc = hall.loop, (*at, "loop")
    yield from _whole_seconds((*loc, "pressure"), loop.pressure)
    reach, needed = reach_pa(hall.pumps, loop.pressure), loop.plant_drop + loop.header_drop + loop.difference
    if needed > reach:
        yield Finding(
            (*at, "pumps"),
            f"at design flow the pumps give {_kpa(reach)}, but {_kpa(needed)} are asked for: {_kpa(loop.plant_drop)} "
            f"through the plant, {_kpa(loop.header_drop)} along the headers, {_kpa(loop.difference)} at their far end",
        )
    for name in sorted(used & set(library.cdus)):
        yield from _branch(loc, at, hall, name, library.cdus[name])
    yield from _pipe((*loc, "pipe"), hall)


def _pipe(loc: Loc, hall: HallSpec) -> Iterator[Finding]:
    """What arrives in a step must stand in the pipe before it, in a store of the same water as the stream."""
    spec = hall.loop.pipe
    if spec.water_at != WATER_C:
        yield Finding(
            (*loc, "water_at"),
            f"facility water has its properties at {WATER_C:g} degC everywhere, so that the books close; leave it out",
        )
    held_m3 = pi / 4 * spec.inside**2 * spec.length * (1 - 1 / spec.parcels)
    through_m3 = LONGEST_STEP * most_flow_m3_s(hall)
    if held_m3 < through_m3:
        yield Finding(
            loc,
            f"all parcels of the pipe but one hold {held_m3:.3g} m3, but in a step of {LONGEST_STEP} s up to "
            f"{through_m3:.3g} m3 pass, with all pumps at their fastest against the plant alone; make it longer or "
            f"wider, by {through_m3 / held_m3:.2f} times",
        )


def most_flow_m3_s(hall: HallSpec) -> float:
    """Flow [m3/s] that all pumps of a hall move at their fastest, were there nothing but the plant."""
    pumps, fastest = hall.pumps, max(pump.FASTEST, hall.loop.pressure.highest)
    own_pa = (pumps.shutoff - 1) * pumps.pressure * ((pumps.count - pumps.standby) / pumps.count) ** 2
    return fastest * pumps.flow * sqrt(pumps.shutoff * pumps.pressure / (own_pa + hall.loop.plant_drop))


def _branch(loc: Loc, at: Loc, hall: HallSpec, name: str, cdu: CduPart) -> Iterator[Finding]:
    """One CDU type on the headers of a hall: its share of pressure, and its set point over the dew point."""
    opened = valve.rated_k_pa_s2_kg2(cdu.valve.kvs, water_kg_m3()) * cdu.facility_flow**2
    needed = hall.loop.row_drop + cdu.facility_drop + opened
    if needed > hall.loop.difference:
        yield Finding(
            (*loc, "difference"),
            f'{_kpa(hall.loop.difference)} do not drive design flow through CDU "{name}": {_kpa(needed)} are lost, '
            f"{_kpa(hall.loop.row_drop)} along its row, {_kpa(cdu.facility_drop)} in the unit, {_kpa(opened)} in its "
            "open valve",
        )
    sent_c, least_c = hall.supply + cdu.approach, hall.dew_point + cdu.dew_margin
    if sent_c < least_c:
        yield Finding(
            (*at, "supply"),
            f'CDU "{name}" is to send coolant of {sent_c:g} degC, {cdu.approach:g} K above the water, but keeps it at '
            f"{least_c:g} degC, {cdu.dew_margin:g} K above the dew point of the hall",
        )


def reach_pa(pumps: PumpSpec, controller: ControllerSpec) -> float:
    """Pressure [Pa] that pumps give at design flow without their standby, at the highest speed they are let to."""
    return pumps.pressure * (1.0 + pumps.shutoff * (controller.highest**2 - 1.0))


def _whole_seconds(loc: Loc, controller: ControllerSpec) -> Iterator[Finding]:
    if controller.period < 1.0 or controller.period % 1.0:
        yield Finding(
            (*loc, "period"),
            f"controllers act at whole seconds; a period of {controller.period:g} s must be at least 1 s and whole",
        )


def _kpa(pressure_pa: float) -> str:
    return f"{pressure_pa / 1e3:.3g} kPa"
