"""Heat rejection: what each hall's plant takes from the facility water, and what that costs in power and water.

In the order the water meets them: free cooling, by towers behind a plate exchanger or by dry coolers, takes what the
economizer lets it; chillers take the rest; towers take what exchanger and condensers give them. What free cooling can
do follows the weather once a minute, and so do economizers and staging; heat, ramps and power go on in each macro-step.
A site without towers or dry coolers compiles and runs none of their code.
"""

from math import inf

import numpy as np

from twin.plant import condensers, coolers, machines, quick_towers
from twin.plant.order import Plant, State

DECIDES_S = 60
"""Seconds between two decisions of economizers and staging."""
_MOST_ROUNDS, _CLOSE = 50, 1e-9


def update_flows(plant: Plant, state: State) -> None:
    """Recompute condenser water after `Service`, supply or the facility water's flow changed."""
    if plant.wiring.loop_hall.size:
        water_j_kg_k, service = plant.hall.water_j_kg_k[0], state.service
        condensers.set_flows(
            plant.hall, plant.wiring, plant.condenser_pump, plant.plate, water_j_kg_k,
            service.condenser_pumps, service.fouling, state.supply.up, state.flows.hall_w_k, state.condensers,
        )  # fmt: skip


def rate(plant: Plant, state: State, air: tuple[float, float, float]) -> None:
    """What free cooling can do in ``air`` (dry and wet bulb [degC], pressure [Pa]): its own, slower step."""
    service, step, flows = state.service, state.step, state.flows
    state.outdoors[:] = air
    step.reach_c[:] = inf
    if plant.tower.hall.size:
        condensers.rate(
            plant.tower, state.hall, plant.chiller, plant.wiring.machines_of, service.tower_cells, service.tower_fans,
            state.supply.up, flows.hall_w_k, state.condensers, air, step,
        )  # fmt: skip
    if plant.approach_tower.hall.size:
        quick_towers.rate(
            plant.approach_tower, state.hall, plant.chiller, plant.wiring.machines_of, service.tower_cells,
            service.tower_fans, state.supply.up, flows.hall_w_k, state.condensers, air, step,
        )  # fmt: skip
    if plant.dry_cooler.hall.size:
        coolers.rate(
            plant.dry_cooler, state.hall, service.dry_coolers, state.supply.up, flows, state.coolers, air, step.reach_c
        )


def decide(plant: Plant, state: State, ticks: int, *, at_rest: bool = False) -> None:
    """Heat, power and water of every plant for the next ``ticks`` seconds; ``at_rest`` for infinite ones."""
    supply, step, set_point_c = state.supply, state.step, state.service.set_point_c
    air = (float(state.outdoors[0]), float(state.outdoors[1]), float(state.outdoors[2]))
    motors, out = plant.motors.first, state.protection.motors.out
    if machines.begin(plant.wiring, state.service, motors, out, supply, state.hall, set_point_c, state.flows, step):
        update_flows(plant, state)
        rate(plant, state, air)
    due = at_rest or supply.due_s[0] >= DECIDES_S
    if due:
        machines.choose_modes(
            plant.economizer, state.economizer, state.hall, plant.wiring, set_point_c, step, float(supply.due_s[0]),
            at_rest,
        )  # fmt: skip
    if plant.wiring.loop_hall.size:
        condensers.cool_free(plant.wiring.loop_hall, state.hall, state.economizer, state.condensers, step)
    if plant.dry_cooler.hall.size:
        coolers.run(
            plant.dry_cooler, state.hall, state.economizer, state.service.dry_coolers, supply.up, state.flows,
            state.coolers, air, step,
        )  # fmt: skip
    if due:
        machines.stage(
            plant.chiller, plant.staging, state.machines, state.economizer, plant.wiring, set_point_c, air[0], supply,
            state.condensers, step, inf if at_rest else float(supply.due_s[0]),
        )  # fmt: skip
        supply.due_s[0] = 0.0
    machines.run(
        plant.chiller, plant.staging, state.machines, plant.wiring, set_point_c, air[0], supply, state.condensers, step,
        float(ticks), inf if at_rest else float(ticks),
    )  # fmt: skip
    if plant.tower.hall.size:
        condensers.reject(
            plant.tower, state.hall, state.service.tower_fans, state.condensers, state.tower, air, step, float(ticks)
        )
    if plant.approach_tower.hall.size:
        quick_towers.reject(plant.approach_tower, state.hall, state.condensers, air, step)
    supply.due_s[0] += ticks


def rest(plant: Plant, state: State, air: tuple[float, float, float], ticks: int) -> None:
    """Every plant in ``air`` as if that lasted; basins alone remember, and move on by ``ticks`` seconds."""
    missing_kg, step = state.tower.missing_kg.copy(), state.step
    coupled = bool((plant.wiring.condenser_of >= 0).any())
    for _ in range(_MOST_ROUNDS if coupled else 1):
        before_w = step.plant_w.copy()
        state.tower.missing_kg[:] = missing_kg
        rate(plant, state, air)
        decide(plant, state, ticks, at_rest=True)
        if np.abs(step.plant_w - before_w).max() <= _CLOSE * step.plant_w.max():
            break
