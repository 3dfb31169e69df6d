"""One second of the electrical side in steps of milliseconds, inside a window; heat has run through it already.

In each step, on the voltages of the step before,

1. motors that hold and network racks draw what they drew in the second, limited in current;
2. each rack asks for its wave (`waves`), its shelf smooths it, its supplies draw from the board;
3. UPS stand between some boards and their loads, battery plants act on the sum;
4. the network carries all of it, and protection watches.

At the end of the second the means stand where a second of the 1 s loop leaves them, so that records and books know no
difference; what racks were not served is taken back from their heat (`cut`), what motors were not served from the air
of their hall (of a plant outdoors: from what it gives off), and what supplies and shelves keep is in their stores.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.components import cable, psu, shelf
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec
from twin.network import radial
from twin.plant import grid, protection, storage, waves
from twin.plant.order import BATTERY_W, ON_BATTERY
from twin.plant.record import WindowRecord

CURRENT_LIMIT = 1.1
"""Greatest current of a drive over that of its power at rated voltage [physics 9.1]."""


class Held(NamedTuple):
    """What draws evenly over the second: at each board, and by whom."""

    cdu_w: Annotated[Vec, Var("W", "pumps of each CDU")]
    pump_w: Annotated[Vec, Var("W", "facility water pumps on each mechanical board")]
    fan_w: Annotated[Vec, Var("W", "room units on each mechanical board")]
    plant_w: Annotated[Vec, Var("W", "heat rejection on each mechanical board, chillers apart")]
    chiller_w: Annotated[Vec, Var("W", "chillers on each mechanical board")]
    chillers: Annotated[Vec, Var("1", "how many of them are in")]
    door_w: Annotated[Vec, Var("W", "door fans of each rack")]
    air_door_w: Annotated[Vec, Var("W", "door fans of network and storage racks on each board")]
    air: Annotated[Vec, Var("1", "whether those racks ran when the second began")]


class Sums(NamedTuple):
    """What the steps of a second add up to."""

    drawn_w: Annotated[Vec, Var("W", "by pumps of CDUs, of halls, room units, plant, door fans, network racks, [6]")]
    air_w: Annotated[Vec, Var("W", "heat into each hall's air beside what evenly drawn power gives")]
    lines_w: Annotated[Vec, Var("W", "loss of supply lines, [1]")]
    house_w: Annotated[Vec, Var("W", "power of house loads, [1]")]
    storage: Annotated[Vec, Var("1", "as `Step.storage`, [7]")]
    load_w: Annotated[Vec, Var("W", "active power at each electrical node")]
    load_var: Annotated[Vec, Var("var", "reactive power at each electrical node")]
    square: Annotated[Vec, Var("1", "square of the current of each element")]
    input_w: Annotated[Vec, Var("W", "at the inlet of each rack's servers")]
    asked_w: Annotated[Vec, Var("W", "direct current each rack's servers asked for")]
    served_w: Annotated[Vec, Var("W", "direct current they had")]


class Bench(NamedTuple):
    """Work space of a window."""

    asked: waves.Asked
    held: Held
    sums: Sums
    mean: radial.NetworkState
    closed: Annotated[IVec, Var("1", "whether the breaker of each rack is closed")]
    inside: Annotated[Vec, Var("1", "share of the chillers on each mechanical board that is still in")]
    seen_pu: Annotated[Vec, Var("1", "voltage at each electrical node in the step before")]
    psu_c: Annotated[Vec, Var("1", "coefficients of supplies, [type, 7]")]
    shelf_c: Annotated[Vec, Var("1", "coefficients of shelves, [type, 2]")]
    span_w: Annotated[Vec, Var("W", "what the boards of each server draw more at full activity")]
    rows: WindowRecord
    node_w: Annotated[Vec, Var("W", "active power at the metered inner nodes, [step, node]")]
    inner: Annotated[IVec, Var("1", "electrical nodes recorded")]
    boards: Annotated[IVec, Var("1", "electrical nodes on which something hangs")]


(CDU, PUMPS, ROOMS, PLANT, DOORS, AIR_RACKS) = range(6)


@kernel(inline=True)
def limited(voltage_pu):
    """Share of its power that a drive draws at this voltage, by its current limit."""
    return min(1.0, CURRENT_LIMIT * voltage_pu)


@kernel
def count_chillers(wiring, first, out, chillers, held, inside):
    """Share of the chillers of each mechanical board that did not drop out since the second began."""
    inside[:] = 0.0
    for k in range(wiring.machine_board.size):
        if out[first[2] + k] <= 0.0:
            inside[wiring.machine_board[k]] += chillers[k]
    for m in range(inside.size):
        inside[m] = min(1.0, inside[m] / held.chillers[m]) if held.chillers[m] > 0.0 else 1.0


@kernel(bare=True)
def draw_motors(wiring, first, out, bench, dt_s, load_w, load_var):
    """Loads of motors in one step; ``out`` says which dropped out, ``first`` as in `order.Motors`."""
    held, sums, seen_pu = bench.held, bench.sums, bench.seen_pu
    for i in range(wiring.cdu_board.size):
        b = wiring.cdu_board[i]
        drawn = held.cdu_w[i] * limited(seen_pu[b]) * (1.0 - out[i])
        load_w[b] += drawn
        load_var[b] += drawn * wiring.cdu_reactive_share[i]
        sums.drawn_w[CDU] += drawn * dt_s
        sums.air_w[wiring.cdu_hall[i]] += (drawn - held.cdu_w[i]) * dt_s
    for m in range(wiring.mechanical_board.size):
        b, h = wiring.mechanical_board[m], wiring.mechanical_hall[m]
        share = limited(seen_pu[b])
        fans = share * (1.0 - out[first[1] + m])
        pumps, rooms = held.pump_w[m] * share * (1.0 - out[first[0] + m]), held.fan_w[m] * fans
        plant = held.plant_w[m] * fans + held.chiller_w[m] * share * bench.inside[m]
        load_w[b] += pumps + rooms + plant
        load_var[b] += (pumps + rooms + plant) * wiring.plant_reactive_share[h]
        sums.drawn_w[PUMPS] += pumps * dt_s
        sums.drawn_w[ROOMS] += rooms * dt_s
        sums.drawn_w[PLANT] += plant * dt_s
        sums.air_w[h] += (pumps + rooms - held.pump_w[m] - held.fan_w[m]) * dt_s


@kernel
def draw_others(wiring, held, alive, seen_pu, dt_s, sums, load_w, load_var):
    """Loads of house and network racks in one step."""
    for m in range(wiring.house_bus.size):
        b = wiring.house_bus[m]
        if alive[b]:
            drawn = wiring.house_w[m] * (1.0 - wiring.house_current[m] - wiring.house_impedance[m])
            load_w[b] += drawn
            load_var[b] += drawn * wiring.house_reactive_share[m]
    for m in range(wiring.air_board.size):
        b = wiring.air_board[m]
        share = limited(seen_pu[b]) if held.air[m] else 0.0
        held_w = held.air[m] * (wiring.air_rack_w[m] + wiring.air_loss_w[m] + held.air_door_w[m])
        load_w[b] += share * held_w
        load_var[b] += share * held_w * wiring.air_reactive_share[m]
        sums.drawn_w[AIR_RACKS] += share * wiring.air_rack_w[m] * dt_s
        sums.drawn_w[DOORS] += share * held.air_door_w[m] * dt_s
        sums.lines_w[0] += share * wiring.air_loss_w[m] * dt_s
        sums.air_w[wiring.air_hall[m]] += (share - 1.0) * held_w * dt_s


@kernel(inline=True)
def _supply(supply, bench, psus, shelves, r, voltage_pu, load_w, dt_s):
    """One step of rack ``r``'s shelf and supplies under ``load_w``; returns power in, and what its servers had [W]."""
    if psus.tripped[r] > 0.0:
        load_w = 0.0
    k, asked = supply.kind[r], load_w
    t = supply.shelf_of[k]
    if t >= 0 and psus.tripped[r] <= 0.0:
        asked, _ = shelf.step(supply.shelf, t, bench.shelf_c[t], shelves, r, load_w, dt_s)
    efficiency = bench.asked.efficiency[r]
    input_w, given = psu.step(supply.psu, k, bench.psu_c[k], psus, r, asked, voltage_pu, efficiency, dt_s)
    return input_w, load_w - (asked - given)


@kernel(bare=True)
def draw_racks(rack, supply, activity, k, psus, shelves, outage, dt_s, bench, rack_w, load_w, load_var):
    """Loads of GPU racks in step ``k``; returns direct current asked for, and power in [W]."""
    sums, held = bench.sums, bench.held
    asked_w, input_w = 0.0, 0.0
    for r in range(rack.gpu.size):
        b = rack.board[r]
        voltage_pu = bench.seen_pu[b] if bench.closed[r] > 0 else 0.0
        want, was = waves.asked_w(bench.asked, activity, r, k), psus.tripped[r]
        want += waves.overshoot_w(bench.asked, activity, r, k, dt_s)
        into, had = _supply(supply, bench, psus, shelves, r, voltage_pu, want, dt_s)
        if psus.tripped[r] > was:
            outage.wait_s[r] = supply.restart_s[supply.kind[r]]
        fan = held.door_w[r] * limited(voltage_pu)
        drawn = into + fan
        lost = cable.supply_loss_w(drawn, rack.rating_w[r], rack.supply_loss[r])
        rack_w[r] = drawn + lost
        load_w[b] += drawn + lost
        load_var[b] += (drawn + lost) * rack.reactive_share[r]
        sums.asked_w[r] += want * dt_s
        sums.served_w[r] += had * dt_s
        sums.input_w[r] += into * dt_s
        sums.drawn_w[DOORS] += fan * dt_s
        sums.air_w[rack.hall[r]] += (fan + lost) * dt_s
        sums.lines_w[0] += lost * dt_s
        asked_w += want
        input_w += into
    return asked_w, input_w


@kernel
def add_solution(solution, step, share, mean, sums):
    """Add ``share`` of a solution and of the loads it carries to the mean of the second."""
    for i in range(solution.voltage_pu.size):
        mean.voltage_pu[i] += share * solution.voltage_pu[i]
        sums.load_w[i] += share * step.load_w[i]
        sums.load_var[i] += share * step.load_var[i]
    for e in range(solution.power_pu.size):
        mean.power_pu[e] += share * solution.power_pu[e]
        mean.reactive_pu[e] += share * solution.reactive_pu[e]
        mean.loss_pu[e] += share * solution.loss_pu[e]
        mean.loading[e] += share * solution.loading[e]
        sums.square[e] += share * (solution.i_re[e] ** 2 + solution.i_im[e] ** 2)


@kernel
def add_storage(now, dt_s, sums):
    """Add one step of `Step.storage`: powers add up, of counts and charge the last stands."""
    for i in range(sums.size):
        sums[i] = now[i] if i >= ON_BATTERY else sums[i] + now[i] * dt_s


@kernel
def note(solution, source_pu, base_mva, service, outage, guards, stored, asked_w, input_w, k, bench):
    """Write row ``k`` of the window's record."""
    rows, base_w = bench.rows, base_mva * 1e6
    rows.source_pu[k] = source_pu
    rows.feed_w[k] = solution.power_pu[0] * base_w
    rows.feed_var[k] = solution.reactive_pu[0] * base_w
    rows.feed_voltage_pu[k] = solution.voltage_pu[0]
    rows.demand_w[k] = asked_w
    rows.rack_w[k] = input_w
    out = 0
    for r in range(outage.wait_s.size):
        out += outage.wait_s[r] > 0.0
    rows.racks_out[k] = out
    rows.motors_out[k] = guards.motors.out.sum()
    rows.battery_w[k], rows.ups_out[k] = stored[BATTERY_W], stored[ON_BATTERY]
    lowest, at = np.inf, -1
    for n in range(bench.boards.size):
        b = bench.boards[n]
        if service.energised[b] and solution.voltage_pu[b] < lowest:
            lowest, at = solution.voltage_pu[b], b
    rows.lowest_pu[k], rows.lowest_at[k] = lowest, at
    for n in range(bench.inner.size):
        bench.node_w[k, n] = solution.power_pu[bench.inner[n]] * base_w


@kernel
def keep_out(motors, left_s):
    """Keep motors that are out so until the second is over, ``left_s`` from now: the plant sees them out then."""
    for i in range(motors.out.size):
        if motors.out[i] > 0.0:
            motors.wait_s[i] = max(motors.wait_s[i], left_s)


@kernel
def draw(rack, wiring, supply, motors, service, psus, shelves, outage, guards, activity, k, dt_s, bench, step):
    """All loads of step ``k``; returns direct current that racks ask for and power into their supplies [W]."""
    load_w, load_var, out = step.load_w, step.load_var, guards.motors.out
    load_w[:] = 0.0
    load_var[:] = 0.0
    count_chillers(wiring, motors.first, out, service.chillers, bench.held, bench.inside)
    draw_motors(wiring, motors.first, out, bench, dt_s, load_w, load_var)
    draw_others(wiring, bench.held, service.energised, bench.seen_pu, dt_s, bench.sums, load_w, load_var)
    return draw_racks(rack, supply, activity, k, psus, shelves, outage, dt_s, bench, step.rack_w, load_w, load_var)


@kernel
def run(
    rack, wiring, supply, stores, network, feeding, loads, solution, relays, motors, service, psus, shelves, outage,
    guards, activity, first, last, dt_s, base_mva, bench, step,
):  # fmt: skip
    """Steps from ``first`` up to ``last`` of the second, or until protection moved something.

    Returns the number of the next step, or minus the number (from 1) of the step without solution.
    """
    source_pu = service.source_pu[0]
    for k in range(first, last):
        asked_w, input_w = draw(
            rack, wiring, supply, motors, service, psus, shelves, outage, guards, activity, k, dt_s, bench, step
        )
        storage.act(stores, wiring, service, solution, base_mva * 1e6, dt_s, step)
        if grid.flow(network, feeding, loads, wiring, source_pu, base_mva, step, solution) < 0:
            return -(k + 1)
        protection.watch((relays, motors, guards), rack, network, solution, bench.closed, step.rack_w, dt_s)
        keep_out(guards.motors, (bench.rows.feed_w.size - k - 0.5) * dt_s)
        bench.seen_pu[:] = solution.voltage_pu
        storage.see(stores, wiring, service, bench.seen_pu)
        add_storage(step.storage, dt_s, bench.sums.storage)
        bench.sums.house_w[0] += step.house_w[0] * dt_s
        add_solution(solution, step, dt_s, bench.mean, bench.sums)
        note(solution, source_pu, base_mva, service, outage, guards, step.storage, asked_w, input_w, k, bench)
        if guards.moved[0]:
            return k + 1
    return last
