"""Heat rejection: what each hall's plant takes from the facility water, and what that costs in power and water.

In the order the water meets them: towers behind a plate exchanger take what they can, as far as they are there and
the water that comes back is warmer than what they send; chillers take the rest. Tower fans turn just as fast as the
heat needs. Capacities follow the weather once a minute, heat and power the water that comes back in each macro-step.
"""

from twin.components import chiller, hall, plate, pump, tower
from twin.core.jit import kernel
from twin.plant.order import Plant, State

_ROUNDS, _CLOSE_K = 60, 1e-9


@kernel
def condenser_flows(halls, towers, pumps, plates, water_j_kg_k, service, flows):
    """Flow, pump power and exchange of every condenser water loop."""
    for i in range(towers.hall.size):
        h = towers.hall[i]
        flow, shaft, drawn = pump.operate(pumps, i, service.condenser_pumps[i], 1.0)
        share = flow / (pumps.best_m3_s[i] * pumps.count[i])
        flows.condenser_kg_s[i] = share * towers.water_kg_s[i] * towers.cells[i]
        flows.condenser_w_k[i] = flows.condenser_kg_s[i] * water_j_kg_k
        flows.condenser_pump_w[i], flows.condenser_shaft_w[i] = drawn, shaft
        facility = flows.hall_w_k[h], flows.hall_w_k[h] / halls.water_w_k[h]
        flows.plate_w_k[i] = plate.heat_per_kelvin_w_k(plates, i, facility, (flows.condenser_w_k[i], share))


@kernel
def _surplus_w(towers, i, cells, flows, return_c, coldest_c, air):
    """What tower ``i`` at full fan takes more than it is given, if it sends ``coldest_c`` to the exchanger [W]."""
    given = flows.plate_w_k[i] * (return_c - coldest_c) + flows.condenser_shaft_w[i]
    entering_c = coldest_c + given / flows.condenser_w_k[i]
    return tower.heat_w(towers, i, 1.0, cells, flows.condenser_kg_s[i], flows.condenser_w_k[i], entering_c, air) - given


@kernel
def coldest(towers, i, cells, flows, return_c, air):
    """Coldest condenser water [degC] of tower ``i`` while facility water comes back at ``return_c``."""
    low, high = air[1], return_c
    if cells <= 0.0 or flows.plate_w_k[i] <= 0.0 or high - low < _CLOSE_K:
        return high
    if _surplus_w(towers, i, cells, flows, return_c, high, air) <= 0.0:
        return high
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if _surplus_w(towers, i, cells, flows, return_c, middle, air) > 0.0:
            high = middle
        else:
            low = middle
        if high - low < _CLOSE_K:
            break
    return high


@kernel
def rate_plant(chillers, installed, towers, halls, service, flows, step, air):
    """What plants can do in ``air`` (dry and wet bulb [degC], pressure [Pa]): the plant's own, slower step."""
    for h in range(installed.size):
        capacity, power = chiller.full_load(chillers, h, service.set_point_c[h], air[0])
        running = min(service.chillers[h], installed[h])
        step.plant_capacity_w[h] = running * capacity
        step.plant_full_w[h] = running * power
    for i in range(towers.hall.size):
        step.cells[i] = min(service.tower_cells[i], tower.cells_wet(towers, i, flows.condenser_kg_s[i]))
        step.coldest_c[i] = coldest(towers, i, step.cells[i], flows, halls.return_c[towers.hall[i]], air)
        step.air[:] = air


@kernel
def decide_plant(chillers, towers, halls, service, flows, step):
    """What each hall's plant takes over the next macro-step, and the power and water it spends on it."""
    for h in range(step.plant_w.size):
        step.free_w[h] = step.tower_w[h] = 0.0
        step.evaporation_kg_s[h] = step.drift_kg_s[h] = step.blowdown_kg_s[h] = 0.0
    for i in range(towers.hall.size):
        run_tower(towers, i, halls, service, flows, step)
    for h in range(step.plant_w.size):
        rest_w = want_w(halls, h, service, flows) - step.free_w[h]
        capacity_w = step.plant_capacity_w[h] if flows.hall_w_k[h] > 0.0 else 0.0
        chilled_w = max(0.0, min(rest_w, capacity_w))
        step.plant_heat_w[h] = step.free_w[h] + chilled_w
        drawn_w = chiller.power_w(chillers, h, step.plant_capacity_w[h], step.plant_full_w[h], chilled_w)
        step.plant_w[h] = step.tower_w[h] + drawn_w


@kernel
def want_w(halls, h, service, flows):
    """Heat [W] that brings hall ``h``'s water to its set point."""
    return hall.plant_demand_w(halls, h, service.set_point_c[h], flows.hall_w_k[h], flows.hall_shaft_w[h])


@kernel
def run_tower(towers, i, halls, service, flows, step):
    """Free cooling of tower ``i`` over the next macro-step; condenser pumps stand where it can take nothing."""
    h, per_kelvin = towers.hall[i], flows.plate_w_k[i]
    free_w = min(want_w(halls, h, service, flows), per_kelvin * (halls.return_c[h] - step.coldest_c[i]))
    step.fan[i], step.condenser_c[i] = 0.0, step.coldest_c[i]
    if free_w <= 0.0:
        return
    air, given_w = (step.air[0], step.air[1], step.air[2]), free_w + flows.condenser_shaft_w[i]
    step.condenser_c[i] = halls.return_c[h] - free_w / per_kelvin
    entering_c = step.condenser_c[i] + given_w / flows.condenser_w_k[i]
    cells, flow_kg_s = step.cells[i], flows.condenser_kg_s[i]
    fan = tower.fan_for(towers, i, given_w, cells, flow_kg_s, flows.condenser_w_k[i], entering_c, air)
    evaporation, drift, blowdown = tower.water_kg_s(towers, i, given_w, fan, cells, flow_kg_s, air)
    step.fan[i], step.free_w[h] = fan, free_w
    step.tower_w[h] = tower.fans_w(towers, i, fan, cells) + flows.condenser_pump_w[i]
    step.evaporation_kg_s[h], step.drift_kg_s[h], step.blowdown_kg_s[h] = evaporation, drift, blowdown


@kernel
def fill_basins(towers, basins, step, ticks):
    """Make-up of every basin over ``ticks`` seconds."""
    for i in range(towers.hall.size):
        h = towers.hall[i]
        lost = step.evaporation_kg_s[h] + step.drift_kg_s[h] + step.blowdown_kg_s[h]
        step.make_up_kg_s[h] = tower.fill_kg_s(basins, i, lost, ticks)


def rate(plant: Plant, state: State, air: tuple[float, float, float]) -> None:
    """`rate_plant` on a plant and its state."""
    rate_plant(
        plant.chiller, plant.wiring.chillers, plant.tower, state.hall, state.service, state.flows, state.step, air
    )


def decide(plant: Plant, state: State, ticks: int) -> None:
    """`decide_plant` and `fill_basins` on a plant and its state, for ``ticks`` seconds."""
    decide_plant(plant.chiller, plant.tower, state.hall, state.service, state.flows, state.step)
    fill_basins(plant.tower, state.tower, state.step, ticks)
