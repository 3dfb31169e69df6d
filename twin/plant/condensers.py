"""Condenser water: from the towers to the plate exchanger, then to the condensers of water-cooled chillers, and back.

One loop a hall, at the flow of its pumps; they stand where neither exchanger nor condenser needs them. Towers send what
the exchanger needs for the facility's set point, else what condensers are to get: wet bulb plus an approach, not colder
than a least temperature. Fans turn just as fast as that needs; where they cannot, the water leaves warmer.

How cold the water can get is found once a minute. Chillers see the water of the step before: plant and condensers are
never solved together, so nothing chatters, and what towers are given is what they take.
"""

from twin.components import plate, pump, tower
from twin.components.economizer import MECHANICAL
from twin.core.jit import kernel
from twin.core.numerics import crossing, narrowed

_ROUNDS, _CLOSE_K = 60, 1e-9
_HOTTEST_C = 90.0  # water over the fill never gets there: chillers unload before


@kernel
def set_flows(halls, wiring, pumps, plates, water_j_kg_k, running, fouling, up, hall_w_k, loops):
    """Flow, pump power and exchange of every condenser water loop with ``running`` pumps each."""
    for i in range(wiring.loop_hall.size):
        h = wiring.loop_hall[i]
        turning = float(int(running[i] * up[h] + 1e-9))
        flow, shaft, drawn = pump.operate(pumps, i, turning, 1.0)
        share = flow / pumps.design_m3_s[i]
        loops.flow_kg_s[i] = share * wiring.loop_kg_s[i]
        loops.rate_w_k[i] = loops.flow_kg_s[i] * water_j_kg_k
        loops.pump_w[i], loops.shaft_w[i] = drawn, shaft
        facility = hall_w_k[h], hall_w_k[h] / halls.water_w_k[h]
        loops.plate_w_k[i] = plate.heat_per_kelvin_w_k(plates, i, fouling[i], facility, (loops.rate_w_k[i], share))


@kernel
def heat_sending_w(towers, i, loops, fan, given_w, sends_c, air):
    """What tower ``i`` takes while it is given ``given_w`` and sends water at ``sends_c``."""
    entering_c = sends_c + given_w / loops.rate_w_k[i]
    return tower.heat_w(towers, i, fan, loops.cells[i], loops.flow_kg_s[i], loops.rate_w_k[i], entering_c, air)


@kernel
def coldest(towers, i, loops, fan, return_c, more_w, air):
    """Coldest water [degC] tower ``i`` can send while facility water comes back to the exchanger at ``return_c``.

    ``more_w`` is what condensers give it besides. ``return_c`` where the exchanger gets nothing colder.
    """
    if loops.cells[i] <= 0.0 or loops.plate_w_k[i] <= 0.0 or return_c - air[1] < _CLOSE_K:
        return return_c
    per_kelvin, other_w = loops.plate_w_k[i], loops.shaft_w[i] + more_w
    above = heat_sending_w(towers, i, loops, fan, other_w, return_c, air) - other_w
    if above <= 0.0:
        return return_c
    given_w = per_kelvin * (return_c - air[1]) + other_w
    below = heat_sending_w(towers, i, loops, fan, given_w, air[1], air) - given_w
    bracket, sends_c = (air[1], below, return_c, above, 0), return_c
    for _ in range(_ROUNDS):
        sends_c = crossing(bracket)
        given_w = per_kelvin * (return_c - sends_c) + other_w
        off = heat_sending_w(towers, i, loops, fan, given_w, sends_c, air) - given_w
        if abs(off) <= 1e-12 * given_w:
            break
        bracket = narrowed(bracket, sends_c, off)
    return sends_c


@kernel
def most_w(towers, i, loops, fan, sends_c, air):
    """Heat [W] tower ``i`` takes at most while it sends water at ``sends_c``."""
    if loops.cells[i] <= 0.0 or loops.rate_w_k[i] <= 0.0 or sends_c - air[1] < _CLOSE_K:
        return 0.0
    low, high = 0.0, loops.rate_w_k[i] * (_HOTTEST_C - sends_c)
    for _ in range(_ROUNDS):
        middle = 0.5 * (low + high)
        if heat_sending_w(towers, i, loops, fan, middle, sends_c, air) >= middle:
            low = middle
        else:
            high = middle
        if high - low <= 1e-9 * high:
            break
    return low


@kernel
def rate(towers, halls, chillers, machines_of, cells, fans, up, hall_w_k, loops, air, step):
    """Cells that run, the coldest water they send in ``air``, and the facility water that could make without chillers.

    Where condensers give heat too, what they gave in the last step stays with the water to the exchanger.
    """
    for i in range(towers.hall.size):
        h, g = towers.hall[i], machines_of[i]
        in_service = float(int(cells[i] * up[h] + 1e-9))
        loops.cells[i] = min(in_service, tower.cells_wet(towers, i, loops.flow_kg_s[i]))
        return_c = halls.return_c[h]
        alone_c = coldest(towers, i, loops, fans[i], return_c, 0.0, air)
        loops.coldest_c[i] = alone_c
        if step.condenser_w[h] > 0.0:
            loops.coldest_c[i] = coldest(towers, i, loops, fans[i], return_c, step.condenser_w[h], air)
        loops.most_w[i] = most_w(towers, i, loops, fans[i], chillers.warmest_c[g], air) if g >= 0 else 0.0
        step.reach_c[h] = return_c
        if hall_w_k[h] > 0.0:
            step.reach_c[h] -= loops.plate_w_k[i] * (return_c - alone_c) / hall_w_k[h]


@kernel
def cool_free(loop_hall, halls, economy, loops, step):
    """Heat the exchangers take from the facility water over the next macro-step."""
    for i in range(loop_hall.size):
        h = loop_hall[i]
        able_w = max(0.0, loops.plate_w_k[i] * (halls.return_c[h] - loops.coldest_c[i]))
        step.free_w[h] = 0.0 if economy.mode[h] == MECHANICAL else min(step.want_w[h], able_w)
        # Chillers, where a hall has them, write over it.
        step.plant_load[h] = min(1.0, step.want_w[h] / able_w) if able_w > 0.0 else 1.0


@kernel
def sent_c(towers, i, loops, fan, given_w, at_least_c, air):
    """Water [degC] that tower ``i`` sends where its fans at ``fan`` cannot bring it down to ``at_least_c``."""
    below = heat_sending_w(towers, i, loops, fan, given_w, at_least_c, air) - given_w
    above = heat_sending_w(towers, i, loops, fan, given_w, _HOTTEST_C, air) - given_w
    if below >= 0.0 or above <= 0.0:
        return at_least_c if below >= 0.0 else _HOTTEST_C
    bracket, sends_c = (at_least_c, below, _HOTTEST_C, above, 0), at_least_c
    for _ in range(_ROUNDS):
        sends_c = crossing(bracket)
        off = heat_sending_w(towers, i, loops, fan, given_w, sends_c, air) - given_w
        if abs(off) <= 1e-10 * given_w:
            break
        bracket = narrowed(bracket, sends_c, off)
    return sends_c


@kernel
def _run(towers, i, return_c, most_fan, loops, air, step):
    """Tower ``i`` takes what it is given."""
    h = towers.hall[i]
    given_w = step.free_w[h] + step.condenser_w[h] + loops.shaft_w[i]
    if step.free_w[h] > 0.0:
        loops.supply_c[i] = return_c - step.free_w[h] / loops.plate_w_k[i]
    cells, flow_kg_s, rate_w_k = loops.cells[i], loops.flow_kg_s[i], loops.rate_w_k[i]
    entering_c = loops.supply_c[i] + given_w / rate_w_k
    fan = tower.fan_for(towers, i, given_w, most_fan, cells, flow_kg_s, rate_w_k, entering_c, air)
    if fan >= most_fan:
        loops.supply_c[i] = sent_c(towers, i, loops, fan, given_w, loops.supply_c[i], air)
    evaporation, drift, blowdown = tower.water_kg_s(towers, i, given_w, fan, cells, flow_kg_s, air)
    loops.fan[i] = fan
    step.tower_w[h] = tower.fans_w(towers, i, fan, cells) + loops.pump_w[i]
    step.evaporation_kg_s[h], step.drift_kg_s[h], step.blowdown_kg_s[h] = evaporation, drift, blowdown


@kernel
def reject(towers, halls, fans, loops, basins, air, step, ticks):
    """Let the towers take what exchanger, condensers and pumps give them; power and water that costs."""
    for i in range(towers.hall.size):
        h = towers.hall[i]
        step.tower_w[h] = step.evaporation_kg_s[h] = step.drift_kg_s[h] = step.blowdown_kg_s[h] = 0.0
        loops.fan[i], loops.supply_c[i] = 0.0, max(towers.least_c[i], air[1] + towers.approach_k[i])
        if step.free_w[h] + step.condenser_w[h] > 0.0:
            _run(towers, i, halls.return_c[h], fans[i], loops, air, step)
        step.plant_w[h] += step.tower_w[h]
        lost_kg_s = step.evaporation_kg_s[h] + step.drift_kg_s[h] + step.blowdown_kg_s[h]
        step.make_up_kg_s[h] = tower.fill_kg_s(basins, i, lost_kg_s, ticks)
