"""Towers of fixed approach in the place of those of `condensers`: the same loops and duties, in closed form."""

from twin.components import approach
from twin.core.jit import kernel


@kernel
def rate(quick, halls, chillers, machines_of, cells, fans, up, hall_w_k, loops, air, step):
    """What `condensers.rate` finds, for towers whose approach follows their heat in a straight line."""
    for j in range(quick.hall.size):
        i, h = quick.loop[j], quick.hall[j]
        g, return_c, per_kelvin = machines_of[i], halls.return_c[h], loops.plate_w_k[i]
        loops.cells[i] = float(int(cells[i] * up[h] * fans[i] + 1e-9))
        loops.coldest_c[i] = step.reach_c[h] = return_c
        loops.most_w[i] = 0.0
        if loops.cells[i] <= 0.0:
            continue
        if g >= 0:
            loops.most_w[i] = approach.most_w(quick, j, loops.cells[i], air[1], chillers.warmest_c[g])
        slope = approach.slope_k_w(quick, j, loops.cells[i])
        other_w = per_kelvin * return_c + loops.shaft_w[i]
        nothing_c = approach.coldest_c(quick, j, loops.cells[i], air[1], 0.0)
        alone_c = min(return_c, (nothing_c + slope * other_w) / (1.0 + slope * per_kelvin))
        warmer_c = (nothing_c + slope * (other_w + step.condenser_w[h])) / (1.0 + slope * per_kelvin)
        loops.coldest_c[i] = min(return_c, warmer_c)
        if hall_w_k[h] > 0.0:
            step.reach_c[h] -= per_kelvin * (return_c - alone_c) / hall_w_k[h]


@kernel
def reject(quick, halls, loops, air, step):
    """What `condensers.reject` does; what is lost is bought at once, there is no basin."""
    for j in range(quick.hall.size):
        i, h = quick.loop[j], quick.hall[j]
        step.tower_w[h] = step.evaporation_kg_s[h] = step.drift_kg_s[h] = step.blowdown_kg_s[h] = 0.0
        loops.fan[i], loops.supply_c[i] = 0.0, max(quick.least_c[j], air[1] + quick.asked_k[j])
        given_w, cells = step.free_w[h] + step.condenser_w[h], loops.cells[i]
        if given_w > 0.0:
            given_w += loops.shaft_w[i]
            if step.free_w[h] > 0.0:
                loops.supply_c[i] = halls.return_c[h] - step.free_w[h] / loops.plate_w_k[i]
            loops.fan[i] = approach.fan_speed(quick, j, cells, air[1], loops.supply_c[i], given_w)
            loops.supply_c[i] = max(loops.supply_c[i], approach.coldest_c(quick, j, cells, air[1], given_w))
            lost = approach.water_kg_s(quick, j, given_w, loops.flow_kg_s[i])
            step.evaporation_kg_s[h], step.drift_kg_s[h], step.blowdown_kg_s[h] = lost
            step.tower_w[h] = cells * quick.fan_w[j] * loops.fan[i] ** 3 + loops.pump_w[i]
        step.plant_w[h] += step.tower_w[h]
        step.make_up_kg_s[h] = step.evaporation_kg_s[h] + step.drift_kg_s[h] + step.blowdown_kg_s[h]
