"""What can be wrong with batteries and UPS of a site as a whole: names, places, and more asked than they have."""

from collections.abc import Iterator

from twin.components.battery import BatteryControlSpec, BatterySpec
from twin.site.finding import Finding, Loc, unknown
from twin.site.network import buses, expanded
from twin.site.spec import Site
from twin.site.spec_electrical import BatteryPlantSpec, ElectricalNodeSpec
from twin.site.spec_halls import HallSpec
from twin.site.spec_parts import Parts


def storage(site: Site, library: Parts) -> list[Finding]:
    """Findings on battery plants and UPS."""
    return [*_batteries(site, library), *_ups(site, library)]


def _batteries(site: Site, library: Parts) -> Iterator[Finding]:
    known = set(buses(site))
    net = site.electrical
    taken = {*known, *(hall.name for hall in site.halls)}
    taken |= (
        {part.name for part in net.ties} | {part.name for part in net.capacitors} | {part.name for part in net.loads}
    )
    duties: list[str] = []
    for i, plant in enumerate(site.electrical.batteries):
        loc: Loc = ("electrical", "batteries", i)
        if plant.name in taken:
            yield Finding((*loc, "name"), f'the name "{plant.name}" is already taken')
        taken.add(plant.name)
        yield from unknown("battery type", plant.type, library.batteries, (*loc, "type"))
        yield from unknown("electrical node", plant.node, known, (*loc, "node"))
        if plant.type in library.batteries:
            yield from _over_committed(loc, plant, library.batteries[plant.type])
        if plant.control.mode != "off":
            if duties:
                yield Finding(
                    (*loc, "control", "mode"),
                    f'"{duties[0]}" acts on the power of the feed already; two that do not know of each other would '
                    "both answer the same swing; turn one off",
                )
            duties.append(plant.name)


def _over_committed(loc: Loc, plant: BatteryPlantSpec, unit: BatterySpec) -> Iterator[Finding]:
    """Power above what the units give, a target where they give none, or swings that take more than they hold."""
    given, held = plant.count * unit.power, plant.count * unit.energy
    most = given if plant.power is None else plant.power
    if most > given:
        yield Finding(
            (*loc, "power"), f"its units give {given / 1e6:g} MW together, {most / 1e6:g} MW are asked of them"
        )
    control = plant.control
    if not unit.least + unit.fade <= control.target <= unit.most - unit.fade:
        yield Finding(
            (*loc, "control", "target"),
            f"at {control.target:.0%} of charge the units do not give all their power; "
            f"choose between {unit.least + unit.fade:.0%} and {unit.most - unit.fade:.0%}",
        )
        return
    needed_j, why = _needed_j(control, min(most, given))
    room_j = held * min((control.target - unit.least) * unit.discharging, (unit.most - control.target) / unit.charging)
    if needed_j > room_j:
        yield Finding(
            (*loc, "control"),
            f"{why} takes {needed_j / 3.6e9:.1f} MWh, but from its target of {control.target:.0%} of "
            f"{held / 3.6e9:.1f} MWh it has {room_j / 3.6e9:.1f} MWh in the shorter direction",
        )


def _needed_j(control: BatteryControlSpec, most_w: float) -> tuple[float, str]:
    """Energy for a step of the load by all the power there is, and what asks for it."""
    if control.mode == "smooth":
        return most_w * control.smoothing, f"smoothing a step of {most_w / 1e6:g} MW over {control.smoothing:g} s"
    if control.mode == "ramp" and control.ramp is not None:
        held = f"stretching a step of {most_w / 1e6:g} MW to {control.ramp / 1e6:g} MW a minute"
        return most_w**2 / (2 * control.ramp / 60.0), held
    return 0.0, ""


def _ups(site: Site, library: Parts) -> Iterator[Finding]:
    parents = {node.parent for node in site.electrical.nodes}
    for i, node in enumerate(site.electrical.nodes):
        if node.ups is None:
            continue
        loc: Loc = ("electrical", "nodes", i, "ups")
        yield from unknown("UPS type", node.ups.type, library.ups, (*loc, "type"))
        if node.name in parents:
            yield Finding(loc, f'a UPS feeds what hangs on its own bus, but other nodes hang on "{node.name}" too')
        hung = next((load.name for load in site.electrical.loads if load.node in expanded(node)), None)
        if hung is not None:
            yield Finding(loc, f'the house load "{hung}" hangs on its bus; house loads stand before a UPS, move it')
        if node.ups.type in library.ups:
            rating_w = node.ups.count * library.ups[node.ups.type].rating
            yield from (f for hall in site.halls for f in _too_small(site, library, loc, node, hall, rating_w))


def _too_small(
    site: Site, library: Parts, loc: Loc, node: ElectricalNodeSpec, hall: HallSpec, rating_w: float
) -> Iterator[Finding]:
    """A UPS that is smaller than the supply lines of the racks on its board, which are spread evenly."""
    if node.name not in hall.boards:
        return
    boards = sum(other.count for other in site.electrical.nodes if other.name in hall.boards)
    racks_w = sum(g.count * library.racks[g.type].rating for g in hall.racks if g.type in library.racks)
    racks_w += sum(g.count * library.air_racks[g.type].rating for g in hall.air_racks if g.type in library.air_racks)
    if racks_w / boards > rating_w:
        yield Finding(
            loc,
            f"the racks of {hall.name} are rated {racks_w / boards / 1e6:.2f} MW a board, "
            f"the UPS {rating_w / 1e6:.2f} MW; give a greater count",
        )
