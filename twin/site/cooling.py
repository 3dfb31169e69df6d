"""Heat rejection of a site into arrays: what `plant.rejection` runs on, and how it begins."""

from typing import Any

import numpy as np

from twin.components import approach, chiller, drycooler, economizer, plate, pump, staging, tower
from twin.components.approach import ApproachTowerSpec
from twin.core.layout import Vec, zeros
from twin.plant import order
from twin.site.spec import Site
from twin.site.spec_halls import ChillerGroup, DryCoolerGroup, PlantSpec, TowerGroup
from twin.site.spec_parts import Parts


def _plants(site: Site) -> list[PlantSpec]:
    return [spec.plant for spec in site.halls]


def _chillers(site: Site) -> list[tuple[int, ChillerGroup]]:
    return [(h, plant.chillers) for h, plant in enumerate(_plants(site)) if plant.chillers is not None]


def _coolers(site: Site) -> list[tuple[int, DryCoolerGroup]]:
    return [(h, plant.dry_coolers) for h, plant in enumerate(_plants(site)) if plant.dry_coolers is not None]


def _loops(site: Site, library: Parts) -> list[tuple[int, TowerGroup]]:
    """Hall and towers of each condenser water loop, towers of fixed approach last."""
    found = [(h, plant.towers) for h, plant in enumerate(_plants(site)) if plant.towers is not None]
    return sorted(found, key=lambda loop: loop[1].type in library.approach_towers)


def parts(site: Site, library: Parts) -> dict[str, Any]:
    """The parts of `order.Plant` that stand for heat rejection."""
    chillers, coolers, loops = _chillers(site), _coolers(site), _loops(site, library)
    filled = [loop for loop in loops if loop[1].type in library.towers]
    quick = loops[len(filled) :]
    return {
        "chiller": chiller.params(
            [library.chillers[group.type] for _, group in chillers],
            [group.count for _, group in chillers],
            [h for h, _ in chillers],
        ),
        "staging": staging.params(
            [group.staging for _, group in chillers], [library.chillers[group.type].timing for _, group in chillers]
        ),
        "economizer": economizer.params([plant.economizer for plant in _plants(site)]),
        "tower": tower.params(
            [library.towers[group.type] for _, group in filled],
            [group.cells for _, group in filled],
            [h for h, _ in filled],
            [group.condenser_water for _, group in filled],
        ),
        "approach_tower": approach.params(
            [library.approach_towers[group.type] for _, group in quick],
            [group.cells for _, group in quick],
            [h for h, _ in quick],
            [len(filled) + j for j in range(len(quick))],
            [(group.condenser_water.least, group.condenser_water.approach) for _, group in quick],
        ),
        "condenser_pump": pump.params([group.pumps for _, group in loops]),
        "plate": plate.params([group.exchanger for _, group in loops]),
        "dry_cooler": drycooler.params(
            [library.dry_coolers[group.type] for _, group in coolers],
            [group.count for _, group in coolers],
            [h for h, _ in coolers],
        ),
    }


def tower_type(library: Parts, name: str) -> tower.TowerSpec | ApproachTowerSpec:
    """The tower type of that name, whatever its model."""
    return library.towers[name] if name in library.towers else library.approach_towers[name]


def wiring(site: Site, library: Parts, board_hall: list[int]) -> dict[str, Any]:
    """The fields of `order.Wiring` of heat rejection; ``board_hall`` is the hall of each mechanical board."""
    plants, chillers, loops = _plants(site), _chillers(site), _loops(site, library)
    with_chillers, with_loops = [h for h, _ in chillers], [h for h, _ in loops]
    watered = [h for h, group in chillers if library.chillers[group.type].condenser == "water"]
    machine_board: list[int] = []
    for h, group in chillers:
        own = [m for m, at in enumerate(board_hall) if at == h]
        machine_board += [own[k * len(own) // group.count] for k in range(group.count)]
    return {
        "machine_board": machine_board,
        "loop_hall": with_loops,
        "loop_cells": [group.cells for _, group in loops],
        "loop_kg_s": [group.cells * tower_type(library, group.type).water for _, group in loops],
        "condenser_of": [with_loops.index(h) if h in watered else -1 for h in with_chillers],
        "machines_of": [with_chillers.index(h) if h in watered else -1 for h in with_loops],
        "hall_machines": [with_chillers.index(h) if h in with_chillers else -1 for h in range(len(plants))],
    }


def in_service(plant: order.Plant) -> dict[str, Vec]:
    """The fields of `order.Service` of heat rejection, everything in service and clean."""
    loops = plant.wiring.loop_hall.size
    return {
        "chillers": np.ones(plant.wiring.machine_board.size),
        "tower_cells": plant.wiring.loop_cells.copy(),
        "tower_fans": np.ones(loops),
        "condenser_pumps": plant.condenser_pump.count.copy(),
        "fouling": np.zeros(loops),
        "dry_coolers": plant.dry_cooler.units.copy(),
    }


def at_first(plant: order.Plant) -> dict[str, Any]:
    """The parts of `order.State` of heat rejection before anything happened."""
    machines, halls, loops = plant.wiring.machine_board.size, plant.hall.water_w_k.size, plant.wiring.loop_hall.size
    return {
        "machines": staging.new_state(machines, plant.chiller.hall.size),
        "economizer": zeros(economizer.EconomizerState, halls),
        "tower": zeros(tower.TowerState, plant.tower.hall.size),
        "supply": order.Supply(fed=np.ones(machines), up=np.ones(halls), due_s=np.zeros(1)),
        "condensers": zeros(order.Condensers, loops),
        "coolers": zeros(order.Coolers, plant.dry_cooler.hall.size),
    }  # fmt: skip


def names(site: Site) -> list[str]:
    """What cools each hall, by the types its site file names."""
    groups = [(plant.towers, plant.dry_coolers, plant.chillers) for plant in _plants(site)]
    return [", ".join(group.type for group in found if group is not None) for found in groups]


def capacity_w(site: Site, library: Parts) -> Vec:
    """Reference capacity of each hall's chillers, or of its free cooling where it has none."""
    found = np.zeros(len(site.halls))
    for h, plant in enumerate(_plants(site)):
        if plant.chillers is not None:
            found[h] = plant.chillers.count * library.chillers[plant.chillers.type].capacity
        elif plant.towers is not None:
            cell = tower_type(library, plant.towers.type)
            one_w = cell.heat if isinstance(cell, ApproachTowerSpec) else tower.design_heat_w(cell)
            found[h] = plant.towers.cells * one_w
        elif plant.dry_coolers is not None:
            found[h] = plant.dry_coolers.count * drycooler.design_heat_w(library.dry_coolers[plant.dry_coolers.type])
    return found


def hottest_air_c(site: Site, library: Parts) -> float:
    """Hottest outdoor air any machine of the site is made for; over a tower's wet bulb, as its design has it."""
    machines = [library.chillers[group.type] for _, group in _chillers(site)]
    found = [machine.condenser_range[1] for machine in machines if machine.condenser == "air"]
    found += [library.dry_coolers[group.type].dry_bulb for _, group in _coolers(site)]
    cells = [tower_type(library, group.type) for _, group in _loops(site, library)]
    return max(found + [cell.wet_bulb + tower.DESIGN_RELATIVE_K for cell in cells])
