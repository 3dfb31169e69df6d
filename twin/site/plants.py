"""Heat rejection that cannot work: types that must exist, water without a way, temperatures that cannot be reached."""

from collections.abc import Iterator

from twin.components.approach import ApproachTowerSpec
from twin.components.tower import TowerSpec
from twin.core import fluids
from twin.site.finding import Finding, Loc, unknown
from twin.site.spec_halls import ChillerGroup, DryCoolerGroup, HallSpec, TowerGroup
from twin.site.spec_parts import Parts

_TESTED_C = (5.0, 45.0)  # leaving water for which the extension of chiller curves is tested


def check(library: Parts, at: Loc, hall: HallSpec) -> Iterator[Finding]:
    """Everything wrong with the plant of ``hall``, which stands at ``at``."""
    plant, loc = hall.plant, (*at, "plant")
    if plant.chillers is not None:
        yield from _chillers(library, loc, hall, plant.chillers)
    if plant.towers is not None:
        yield from _towers(library, (*loc, "towers"), hall, plant.towers)
    if plant.dry_coolers is not None:
        yield from _dry_coolers(library, (*loc, "dry_coolers"), hall, plant.dry_coolers)


def _chillers(library: Parts, loc: Loc, hall: HallSpec, group: ChillerGroup) -> Iterator[Finding]:
    yield from unknown("chiller type", group.type, library.chillers, (*loc, "chillers", "type"))
    cold, warm = _TESTED_C
    if not cold <= hall.supply <= warm:
        yield Finding(
            (*loc[:-1], "supply"),
            f'"{group.type}" is to send water of {hall.supply:g} degC; chiller curves are extended to {cold:g} to '
            f"{warm:g} degC and not tested beyond",
        )
    machine, towers = library.chillers.get(group.type), hall.plant.towers
    if machine is None or machine.condenser == "air":
        if machine is not None and towers is not None and towers.exchanger is None:
            message = f'towers of {hall.name} serve nothing: "{group.type}" is air-cooled and there is no exchanger'
            yield Finding((*loc, "towers"), message)
        return
    if towers is None:
        message = f'"{group.type}" gives its heat to condenser water, but {hall.name} has no towers'
        yield Finding((*loc, "chillers", "type"), message)
        return
    tower = _tower(library, towers.type)
    if tower is not None:
        coldest = max(towers.condenser_water.least, tower.wet_bulb + tower.approach)
        if coldest >= machine.warmest:
            yield Finding(
                (*loc, "chillers", "type"),
                f'towers send {coldest:g} degC at their design wet bulb of {tower.wet_bulb:g} degC, "{group.type}" '
                f"unloads above {machine.warmest:g} degC of condenser water",
            )


def _tower(library: Parts, name: str) -> TowerSpec | ApproachTowerSpec | None:
    return library.towers.get(name) or library.approach_towers.get(name)


def _towers(library: Parts, loc: Loc, hall: HallSpec, group: TowerGroup) -> Iterator[Finding]:
    known: dict[str, object] = {**library.towers, **library.approach_towers}
    yield from unknown("tower type", group.type, known, (*loc, "type"))
    tower = _tower(library, group.type)
    if tower is None:
        return
    if group.type in library.towers and group.type in library.approach_towers:
        yield Finding(
            (*loc, "type"), f'"{group.type}" stands under towers and under approach_towers; give it two names'
        )
    needed, moved = group.cells * tower.water, group.pumps.flow * float(fluids.density(fluids.WATER, 30.0))
    if abs(moved / needed - 1) > 0.02:
        message = f"the pumps move {moved:.1f} kg/s at design, {group.cells} cells take {needed:.1f} kg/s"
        yield Finding((*loc, "pumps", "flow"), message)
    coldest = tower.wet_bulb + tower.approach
    if hall.plant.chillers is None and hall.supply < coldest:
        yield Finding(
            (*loc[:-2], "supply"),
            f"{hall.name} asks for water of {hall.supply:g} degC and has no chillers; its towers send {coldest:g} degC "
            f"at their design wet bulb of {tower.wet_bulb:g} degC (approach {tower.approach:g} K)",
        )


def _dry_coolers(library: Parts, loc: Loc, hall: HallSpec, group: DryCoolerGroup) -> Iterator[Finding]:
    yield from unknown("dry cooler type", group.type, library.dry_coolers, (*loc, "type"))
    cooler = library.dry_coolers.get(group.type)
    if cooler is not None and hall.plant.chillers is None and hall.supply < cooler.leaving:
        yield Finding(
            (*loc[:-2], "supply"),
            f"{hall.name} asks for water of {hall.supply:g} degC and has no chillers; its dry coolers send "
            f"{cooler.leaving:g} degC with air of {cooler.dry_bulb:g} degC, for which they are made",
        )
