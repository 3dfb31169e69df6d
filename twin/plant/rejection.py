"""Heat rejection: what each hall's plant takes from the facility water, and what that costs in power and water.

In the order the water meets them: towers behind a plate exchanger take what they can, as far as they are there and
the water that comes back is warmer than what they send; chillers take the rest. Tower fans turn just as fast as the
heat needs. Capacities follow the weather once a minute, heat and power the water that comes back in each macro-step.
A site without towers compiles and runs none of their code.
"""

from twin.components import chiller, hall, plate, pump, tower
from twin.core.jit import kernel
from twin.plant.order import Plant, State

_ROUNDS, _CLOSE_K = 60, 1e-9


@kernel
def condenser_flows(halls, towers, pumps, plates, water_j_kg_k, running, hall_w_k, loops):
    """Flow, pump power and exchange of every condenser water loop with ``running`` pumps each."""
    for i in range(towers.hall.size):
        h = towers.hall[i]
        flow, shaft, drawn = pump.operate(pumps, i, running[i], 1.0)
        share = flow / pumps.design_m3_s[i]
        loops.flow_kg_s[i] = share * towers.water_kg_s[i] * towers.cells[i]
        loops.rate_w_k[i] = loops.flow_kg_s[i] * water_j_kg_k
        loops.pump_w[i], loops.shaft_w[i] = drawn, shaft
        facility = hall_w_k[h], hall_w_k[h] / halls.water_w_k[h]
        loops.plate_w_k[i] = plate.heat_per_kelvin_w_k(plates, i, facility, (loops.rate_w_k[i], share))


@kernel
def _surplus_w(towers, i, loops, return_c, coldest_c, air):
    """What tower ``i`` at full fan takes more than it is given, if it sends ``coldest_c`` to the exchanger [W]."""
    given = loops.plate_w_k[i] * (return_c - coldest_c) + loops.shaft_w[i]
    flow_kg_s, rate_w_k = loops.flow_kg_s[i], loops.rate_w_k[i]
    return tower.heat_w(towers, i, 1.0, loops.cells[i], flow_kg_s, rate_w_k, coldest_c + given / rate_w_k, air) - given


@kernel
def coldest(towers, i, loops, return_c, air):
    """Coldest condenser water [degC] of tower ``i`` while facility water comes back at ``return_c``."""
    low, high = air[1], return_c
    if loops.cells[i] <= 0.0 or loops.plate_w_k[i] <= 0.0 or high - low < _CLOSE_K:
        return high
    if _surplus_w(towers, i, loops, return_c, high, air) <= 0.0:
        return high
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if _surplus_w(towers, i, loops, return_c, middle, air) > 0.0:
            high = middle
        else:
            low = middle
        if high - low < _CLOSE_K:
            break
    return high


@kernel
def rate_towers(towers, halls, in_service, loops, air):
    """Cells that run and the coldest water they send in ``air`` (dry and wet bulb [degC], pressure [Pa])."""
    loops.air[:] = air
    for i in range(towers.hall.size):
        loops.cells[i] = min(in_service[i], tower.cells_wet(towers, i, loops.flow_kg_s[i]))
        loops.coldest_c[i] = coldest(towers, i, loops, halls.return_c[towers.hall[i]], air)


@kernel
def rate_chillers(chillers, installed, in_service, set_point_c, air_c, capacity_w, full_w):
    """Heat that each hall's running chillers can take at ``air_c`` [degC] outdoors, and their power at that."""
    for h in range(installed.size):
        capacity, power = chiller.full_load(chillers, h, set_point_c[h], air_c)
        running = min(in_service[h], installed[h])
        capacity_w[h], full_w[h] = running * capacity, running * power


@kernel
def run_towers(towers, halls, set_point_c, flows, loops, step):
    """Free cooling over the next macro-step; condenser pumps stand where it can take nothing."""
    for i in range(towers.hall.size):
        h, per_kelvin = towers.hall[i], loops.plate_w_k[i]
        want_w = hall.plant_demand_w(halls, h, set_point_c[h], flows.hall_w_k[h], flows.hall_shaft_w[h])
        free_w = max(0.0, min(want_w, per_kelvin * (halls.return_c[h] - loops.coldest_c[i])))
        loops.fan[i], loops.supply_c[i] = 0.0, loops.coldest_c[i]
        step.free_w[h] = free_w
        step.tower_w[h] = step.evaporation_kg_s[h] = step.drift_kg_s[h] = step.blowdown_kg_s[h] = 0.0
        if free_w <= 0.0:
            continue
        air, given_w = (loops.air[0], loops.air[1], loops.air[2]), free_w + loops.shaft_w[i]
        loops.supply_c[i] = halls.return_c[h] - free_w / per_kelvin
        entering_c = loops.supply_c[i] + given_w / loops.rate_w_k[i]
        cells, flow_kg_s = loops.cells[i], loops.flow_kg_s[i]
        fan = tower.fan_for(towers, i, given_w, 1.0, cells, flow_kg_s, loops.rate_w_k[i], entering_c, air)
        evaporation, drift, blowdown = tower.water_kg_s(towers, i, given_w, fan, cells, flow_kg_s, air)
        loops.fan[i] = fan
        step.tower_w[h] = tower.fans_w(towers, i, fan, cells) + loops.pump_w[i]
        step.evaporation_kg_s[h], step.drift_kg_s[h], step.blowdown_kg_s[h] = evaporation, drift, blowdown


@kernel
def fill_basins(towers, basins, step, ticks):
    """Make-up of every basin over ``ticks`` seconds."""
    for i in range(towers.hall.size):
        h = towers.hall[i]
        lost = step.evaporation_kg_s[h] + step.drift_kg_s[h] + step.blowdown_kg_s[h]
        step.make_up_kg_s[h] = tower.fill_kg_s(basins, i, lost, ticks)


@kernel
def run_chillers(chillers, halls, set_point_c, flows, step):
    """What each hall's plant takes over the next macro-step, chillers after towers, and what it draws for it."""
    for h in range(step.plant_w.size):
        want_w = hall.plant_demand_w(halls, h, set_point_c[h], flows.hall_w_k[h], flows.hall_shaft_w[h])
        capacity_w = step.plant_capacity_w[h] if flows.hall_w_k[h] > 0.0 else 0.0
        chilled_w = max(0.0, min(want_w - step.free_w[h], capacity_w))
        drawn_w = chiller.power_w(chillers, h, step.plant_capacity_w[h], step.plant_full_w[h], chilled_w)
        step.plant_heat_w[h] = step.free_w[h] + chilled_w
        step.plant_w[h] = step.tower_w[h] + drawn_w


def update_flows(plant: Plant, state: State) -> None:
    """Recompute condenser water after `Service` or the facility water's flow changed."""
    if plant.tower.hall.size:
        water_j_kg_k = plant.hall.water_w_k[0] / plant.hall.flow_kg_s[0]
        condenser_flows(
            plant.hall, plant.tower, plant.condenser_pump, plant.plate, water_j_kg_k,
            state.service.condenser_pumps, state.flows.hall_w_k, state.condensers,
        )  # fmt: skip


def rate(plant: Plant, state: State, air: tuple[float, float, float]) -> None:
    """What plants can do in ``air`` (dry and wet bulb [degC], pressure [Pa]): their own, slower step."""
    service, step = state.service, state.step
    state.outdoors[:] = air
    rate_chillers(
        plant.chiller, plant.wiring.chillers, service.chillers, service.set_point_c, air[0],
        step.plant_capacity_w, step.plant_full_w,
    )  # fmt: skip
    if plant.tower.hall.size:
        rate_towers(plant.tower, state.hall, service.tower_cells, state.condensers, air)


def decide(plant: Plant, state: State, ticks: int) -> None:
    """Heat, power and water of every plant for the next ``ticks`` seconds."""
    set_point_c, flows, step = state.service.set_point_c, state.flows, state.step
    if plant.tower.hall.size:
        run_towers(plant.tower, state.hall, set_point_c, flows, state.condensers, step)
        fill_basins(plant.tower, state.tower, step, ticks)
    run_chillers(plant.chiller, state.hall, set_point_c, flows, step)
