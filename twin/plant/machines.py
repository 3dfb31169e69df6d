"""Chillers of a hall together: their supply, which of them run, what they take and what that costs.

What a voltage dip dropped (`protection`) has no supply here: chillers one by one, fans and condenser pumps by their
board. Staging and economizers decide once a minute; ramps and waits go on in each macro-step.
"""

import numpy as np

from twin.components import chiller, economizer, hall, staging
from twin.components.economizer import FREE
from twin.core.jit import kernel


@kernel
def demand(halls, set_point_c, flows, step):
    """Heat each hall's plant must take so that its water leaves at the set point; water that stands gives none."""
    for h in range(step.want_w.size):
        want_w = hall.plant_demand_w(halls, h, set_point_c[h], flows.hall_w_k[h], flows.hall_shaft_w[h])
        step.want_w[h] = want_w if flows.hall_w_k[h] > 0.0 else 0.0


@kernel
def begin(wiring, service, first, out, supply, halls, set_point_c, flows, step):
    """What has supply now, and what each plant is asked to take; returns whether some hall's fans came or went.

    ``out`` says which machines are out, ``first`` where pumps, fans and chillers begin in it (`order.Motors`). Boards
    that are dead stand in ``service`` already, so shares are of the living ones.
    """
    demand(halls, set_point_c, flows, step)
    for k in range(supply.fed.size):
        supply.fed[k] = 0.0 if out[first[2] + k] > 0.0 else service.chillers[k]
    changed = False
    for h in range(supply.up.size):
        alive, up = 0.0, 0.0
        for m in range(wiring.mechanical_board.size):
            if wiring.mechanical_hall[m] == h and service.supplied[wiring.mechanical_board[m]]:
                alive += 1.0
                up += 0.0 if out[first[1] + m] > 0.0 else 1.0
        share = up / alive if alive > 0.0 else 1.0
        changed = changed or share != supply.up[h]
        supply.up[h] = share
    return changed


@kernel
def choose_modes(economizers, economy, halls, wiring, set_point_c, step, since_s, at_rest):
    """Let each economizer decide, ``since_s`` after the last time; a hall without chillers is always free."""
    for h in range(step.want_w.size):
        economy.held_s[h] += since_s
        if wiring.hall_machines[h] < 0:
            economy.mode[h] = FREE
        elif at_rest:
            economizer.rest(economizers, economy, h, step.reach_c[h], set_point_c[h], halls.return_c[h])
        else:
            economizer.decide(economizers, economy, h, step.reach_c[h], set_point_c[h], halls.return_c[h])


@kernel
def full_load(chillers, g, wiring, set_point_c, air_c, loops, step):
    """Capacity [W] and power [W] of one machine of group ``g`` at full load; both 0 where its water stands still."""
    i, entering_c = wiring.condenser_of[g], air_c
    if i >= 0:
        if loops.rate_w_k[i] <= 0.0 or loops.cells[i] <= 0.0:
            return 0.0, 0.0
        entering_c = loops.supply_c[i] + step.free_w[chillers.hall[g]] / loops.rate_w_k[i]
    return chiller.full_load(chillers, g, set_point_c[chillers.hall[g]], entering_c)


@kernel
def stage(chillers, times, state, economy, wiring, set_point_c, air_c, supply, loops, step, since_s):
    """Start and stop chillers; an infinite ``since_s`` puts them at rest."""
    for g in range(chillers.hall.size):
        h, span = chillers.hall[g], (chillers.first[g], chillers.first[g] + chillers.machines[g])
        capacity_w, _ = full_load(chillers, g, wiring, set_point_c, air_c, loops, step)
        free = economy.mode[h] == FREE
        want = 0.0 if free or capacity_w <= 0.0 else max(0.0, step.want_w[h] - step.free_w[h]) / capacity_w
        if np.isinf(since_s):
            staging.rest(times, state, g, span, supply.fed, want)
        elif free:
            staging.stop_all(state, span)
        else:
            staging.stage(times, state, g, span, supply.fed, want, chillers.least_load[g], since_s)


@kernel
def _drawn_w(chillers, g, state, span, full_w):
    drawn = 0.0
    for k in range(span[0], span[1]):
        drawn += chiller.power_w(chillers, g, full_w, state.load[k])
    return drawn


@kernel
def run(chillers, times, state, wiring, set_point_c, air_c, supply, loops, step, ticks, dt_s):
    """What chillers take after free cooling, and what they draw, by hall.

    ``dt_s`` are the ``ticks`` of the macro-step, or infinite for a plant at rest.
    """
    for h in range(step.plant_w.size):
        step.plant_heat_w[h], step.plant_w[h] = step.free_w[h], step.dry_cooler_w[h]
    for g in range(chillers.hall.size):
        h, span, i = (
            chillers.hall[g],
            (chillers.first[g], chillers.first[g] + chillers.machines[g]),
            wiring.condenser_of[g],
        )
        capacity_w, full_w = full_load(chillers, g, wiring, set_point_c, air_c, loops, step)
        staging.open_room(times, state, g, span, supply.fed, dt_s)
        want_w = max(0.0, step.want_w[h] - step.free_w[h])
        carried = staging.share_out(state, span, want_w / capacity_w if capacity_w > 0.0 else 0.0)
        drawn = _drawn_w(chillers, g, state, span, full_w)
        if i >= 0:
            able_w = max(0.0, loops.most_w[i] - step.free_w[h] - loops.shaft_w[i])
            given_w = carried * capacity_w + chillers.motor_heat[g] * drawn
            if given_w > able_w:
                carried = staging.share_out(state, span, carried * able_w / given_w)
                drawn = _drawn_w(chillers, g, state, span, full_w)
                given_w = carried * capacity_w + chillers.motor_heat[g] * drawn
            step.condenser_w[h] = given_w if carried > 0.0 else 0.0
        step.chilled_w[h], step.chiller_w[h] = carried * capacity_w, drawn
        able, step.chillers_running[h] = 0.0, 0.0
        for k in range(span[0], span[1]):
            step.chillers_running[h] += 1.0 if state.load[k] > 0.0 else 0.0
            able += supply.fed[k] if state.wait_s[k] <= 0.0 else 0.0
        step.plant_load[h] = 1.0 if want_w > 0.0 else 0.0
        if able > 0.0 and capacity_w > 0.0:
            step.plant_load[h] = carried / able
        step.plant_heat_w[h] += step.chilled_w[h]
        step.plant_w[h] += drawn
        staging.pass_time(state, span, supply.fed, ticks)
