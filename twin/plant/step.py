"""One macro-step of the plant, in the order of `order`."""

import numpy as np

from twin.components import cable, cdu, chiller, gpu, hall, pump, server
from twin.core.jit import kernel, prange
from twin.core.layout import Vec
from twin.core.numerics import row, table
from twin.network import radial
from twin.plant import ledger, record
from twin.plant.order import (
    AIR_W,
    DEMAND,
    GPU_W,
    HOTTEST_C,
    LIQUID_W,
    LONGEST_STEP,
    LOST,
    NODE_W,
    RACK_OUTPUTS,
    THROTTLED,
    Plant,
    State,
)

_L = gpu.LANES
_HALF = _L // 2
ABREAST = 2  # blocks side by side: one second of a block waits for its last, and eight or nine are in a rack
_PARTS = 64  # of the racks, one loop each: any number of threads then gives the same sums
# The conductance of the other liquid-cooled parts follows flow as laminar channels do.
_PARTS_EXPONENT = 0.5


@kernel
def hall_flows(hall_p, pumps, service, flows):
    """Flow, pump power and propagators of every hall's facility water."""
    for h in range(hall_p.water_w_k.size):
        flow, shaft, drawn = pump.operate(pumps, h, service.hall_pumps[h], service.hall_speed[h])
        share = flow / (pumps.best_m3_s[h] * pumps.count[h])
        flows.hall_w_k[h] = hall_p.water_w_k[h] * share
        flows.hall_flow_kg_s[h] = hall_p.flow_kg_s[h] * share
        flows.hall_shaft_w[h], flows.hall_pump_w[h] = shaft, drawn
        for n in range(LONGEST_STEP):
            hall.coefficients(flows.hall_w_k[h], hall_p.half_j_k[h], n + 1.0, flows.hall[n, h])


@kernel
def cdu_flows(cdu_p, pumps, cdu_hall, hall_w_k, service, flows, steady):
    """Flow, pump power, exchange and propagators of every CDU; ``hall_w_k`` is each hall's rate at design."""
    for i in range(cdu_p.ua_w_k.size):
        flow, shaft, drawn = pump.operate(pumps, i, service.cdu_pumps[i], service.cdu_speed[i])
        share, h = flow / cdu_p.flow_m3_s[i], cdu_hall[i]
        flows.cdu_k_w_k[i] = cdu.exchange_w_k(cdu_p, i, share, flows.hall_w_k[h] / hall_w_k[h])
        flows.cdu_flow_kg_s[i] = cdu_p.flow_kg_s[i] * share
        flows.cdu_shaft_w[i], flows.cdu_pump_w[i] = shaft, drawn
        for n in range(LONGEST_STEP):
            dt_s = np.inf if steady else n + 1.0
            cdu.coefficients(cdu_p.coolant_w_k[i] * share, flows.cdu_k_w_k[i], cdu_p.half_j_k[i], dt_s, flows.cdu[n, i])


@kernel
def rack_flows(g, kinds, rack, design_kg_s, flows, steady):
    """Propagators of every rack's GPUs and other parts at its share of ``design_kg_s`` of its CDU."""
    dt_s = np.inf if steady else 1.0
    for r in range(rack.gpu.size):
        share = flows.cdu_flow_kg_s[rack.cdu[r]] / design_kg_s[rack.cdu[r]]
        k, t = rack.gpu[r], rack.node[r]
        conductance = gpu.plate_conductance_w_k(g, k, rack.plate_flow_m3_s[r] * share)
        gpu.coefficients(g, k, conductance, dt_s, flows.gpu[r])
        server.coefficients(kinds, t, kinds.plate_w_k[t] * share**_PARTS_EXPONENT, dt_s, flows.node[r])
        flows.node[r, 14], flows.node[r, 15], flows.node[r, 16] = g.air_share[k], g.loss_linear[k], g.loss_quadratic[k]


def update_flows(plant: Plant, state: State, *, steady: bool = False) -> None:
    """Recompute every flow, pump power and propagator after `Service` changed; ``steady`` for infinite steps."""
    flows, service = state.flows, state.service
    hall_flows(plant.hall, plant.hall_pump, service, flows)
    cdu_flows(plant.cdu, plant.cdu_pump, plant.wiring.cdu_hall, plant.hall.water_w_k, service, flows, steady)
    rack_flows(plant.gpu, plant.node, plant.rack, plant.cdu.flow_kg_s, flows, steady)


@kernel(inline=True)
def _half_sum(x, row, half):
    """Sum of four lanes of a row of a block, in one fixed order."""
    at = row * _L + half * _HALF
    return (x[at] + x[at + 2]) + (x[at + 1] + x[at + 3])


@kernel(inline=True)
def advance_boards(
    blocks, first, count, block_node, job, work, boards, c, supply_c, supply_k_s, alive, activity, ticks
):
    """All ``ticks`` seconds of ``count`` blocks of GPUs; returns heat [J], hottest die [degC], throttled time [s].

    The blocks advance side by side in ``work`` [block, 13 * 8], since one second of a block waits for the last.
    Fills ``boards`` [block, tick * 4]: what the first and second half draw, and what they want.
    """
    for b in range(count):
        gpu.take_block(blocks[first + b], work[b])
    most_w = c[22] if alive else 0.0
    for s in range(ticks):
        coolant_c = supply_c + supply_k_s * (s + 0.5)
        for b in range(count):
            x = work[b]
            low, high = job[block_node[first + b, 0]], job[block_node[first + b, 1]]
            gpu.advance_block(x, c, coolant_c, activity[s, low], activity[s, high], most_w)
            boards[b, 4 * s], boards[b, 4 * s + 1] = _half_sum(x, gpu.POWER, 0), _half_sum(x, gpu.POWER, 1)
            boards[b, 4 * s + 2], boards[b, 4 * s + 3] = _half_sum(x, gpu.WANT, 0), _half_sum(x, gpu.WANT, 1)
    heat_j, hottest_c, throttled_s = 0.0, -np.inf, 0.0
    for b in range(count):
        heat, hottest, throttled = gpu.settle_block(work[b], blocks[first + b])
        heat_j += heat
        hottest_c = max(hottest_c, hottest)
        throttled_s += throttled
    return heat_j, hottest_c, throttled_s


@kernel(fast=True, inline=True)
def advance_server(c, curve, plate_c, boards, first, last, supply_c, supply_k_s, alive, activity, job, ticks, total):
    """All ``ticks`` seconds of a server of ``job`` around halves ``first`` to ``last`` of a block of GPUs.

    ``c`` are its `server.coefficients`. Adds power, heat and work to ``total`` [tick * 8]; returns the temperature of
    its plates [degC], what it, its boards drew and they wanted in the last second [W], its energy [J], and work
    asked for and lost [GPU seconds].
    """
    keep, gain, mean, conductance, per_conductance = c[0], c[1], c[2], c[3], c[4]
    gpus, air, loss1, loss2 = c[13], c[14], c[15], c[16]
    energy_j, asked_s, lost_s, board_w, want_w, drawn_w = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(ticks):
        a, coolant_c = activity[s, job], supply_c + supply_k_s * (s + 0.5)
        board_w, want_w = boards[4 * s + first], boards[4 * s + 2 + first]
        if last > first:
            board_w += boards[4 * s + last]
            want_w += boards[4 * s + 2 + last]
        drawn_w, liquid_w, air_w, lost, asked = 0.0, 0.0, 0.0, 0.0, a * gpus
        if alive:
            drawn_w, liquid_w, air_w = server.draw(c, curve, a, board_w, air * board_w)
        if board_w < want_w:
            lost = asked * gpu.speed_lost(want_w, board_w, loss1, loss2)
        settled, above = liquid_w * per_conductance, plate_c - coolant_c
        plate_c = coolant_c + above * keep + settled * gain
        energy_j += drawn_w
        asked_s += asked
        lost_s += lost
        at = s * RACK_OUTPUTS
        total[at + NODE_W] += drawn_w
        total[at + GPU_W] += board_w
        total[at + LIQUID_W] += conductance * (settled + (above - settled) * mean)
        total[at + AIR_W] += air_w
        total[at + LOST] += lost
        total[at + DEMAND] += asked
    return plate_c, drawn_w, board_w, want_w, energy_j, asked_s, lost_s


@kernel
def advance_rack(
    r,
    rack,
    block_node,
    blocks,
    node,
    blocks_c,
    servers_c,
    curves,
    tcs_c,
    tcs_k_s,
    energised,
    activity,
    ticks,
    room,
    out,
):
    """All ``ticks`` seconds of rack ``r``, block by block; fills ``out`` [tick, rack, 8].

    Powers are means over each second; heat of the boards, hottest die and throttled GPUs stand for the whole step.
    ``room`` is work space for blocks, boards and sums.
    """
    work, boards, total = room
    alive, c, server_c, curve = energised[rack.board[r]] > 0, blocks_c[r], servers_c[r], curves[rack.node[r]]
    supply_c, supply_k_s = tcs_c[rack.cdu[r]], tcs_k_s[rack.cdu[r]]
    total[:] = 0.0
    heat_j, hottest_c, throttled_s, end = 0.0, -np.inf, 0.0, rack.first_block[r] + rack.blocks[r]
    for first in range(rack.first_block[r], end, ABREAST):
        count = min(ABREAST, end - first)
        heat, hottest, throttled = advance_boards(
            blocks, first, count, block_node, node.job, work, boards, c, supply_c, supply_k_s, alive, activity, ticks
        )
        heat_j += heat
        hottest_c = max(hottest_c, hottest)
        throttled_s += throttled
        for half in range(2 * count):
            b, side = first + half // 2, half % 2
            n, other = block_node[b, side], block_node[b, 1 - side]
            if n == other and side == 1:
                continue
            last = 1 if n == other else side
            plate_c, power_w, gpu_w, want_w, energy_j, asked_s, lost_s = advance_server(
                server_c,
                curve,
                node.plate_c[n],
                boards[half // 2],
                side,
                last,
                supply_c,
                supply_k_s,
                alive,
                activity,
                node.job[n],
                ticks,
                total,
            )
            node.plate_c[n], node.power_w[n], node.gpu_w[n], node.want_w[n] = plate_c, power_w, gpu_w, want_w
            node.energy_j[n] += energy_j
            node.asked[n] += asked_s
            node.lost[n] += lost_s
            node.lost_total_s[n] += lost_s / server_c[13]
    for s in range(ticks):
        for i in range(RACK_OUTPUTS):
            out[s, r, i] = total[s * RACK_OUTPUTS + i]
        out[s, r, LIQUID_W] += heat_j / ticks
        out[s, r, HOTTEST_C] = hottest_c
        out[s, r, THROTTLED] = (throttled_s - node.rack_throttled_s[r]) / ticks
    node.rack_throttled_s[r] = throttled_s


@kernel(parallel=True)
def advance_racks(
    rack, block_node, blocks, node, blocks_c, servers_c, curves, tcs_c, tcs_k_s, energised, activity, ticks, out
):
    """Every rack through ``ticks`` seconds, each block whole before the next so that its state stays in cache."""
    racks = rack.gpu.size
    for part in prange(_PARTS):
        room = table(ABREAST, gpu.WORK_ROWS * _L), table(ABREAST, LONGEST_STEP * 4), row(LONGEST_STEP * RACK_OUTPUTS)
        for r in range(part * racks // _PARTS, (part + 1) * racks // _PARTS):
            advance_rack(
                r,
                rack,
                block_node,
                blocks,
                node,
                blocks_c,
                servers_c,
                curves,
                tcs_c,
                tcs_k_s,
                energised,
                activity,
                ticks,
                room,
                out,
            )


def run_racks(plant: Plant, state: State, activity: Vec, ticks: int) -> None:
    """`advance_racks` on a plant and its state."""
    advance_racks(
        plant.rack, plant.wiring.block_node, state.blocks, state.node,
        state.flows.gpu, state.flows.node, plant.node.supply_loss,
        state.cdu.supply_c, state.slopes.cdu_k_s, state.service.energised, activity, ticks, state.step.rack,
    )  # fmt: skip


@kernel
def rate_plant(chillers, installed, service, step, air_c):
    """Capacity and full-load power of each hall's plant at ``air_c`` [degC] outdoors: the plant's own, slower step."""
    for h in range(installed.size):
        capacity, power = chiller.full_load(chillers, h, service.set_point_c[h], air_c)
        running = min(service.chillers[h], installed[h])
        step.plant_capacity_w[h] = running * capacity
        step.plant_full_w[h] = running * power


@kernel
def decide_plant(chillers, halls, service, flows, step):
    """What each hall's chillers take over the next macro-step and what they draw for it."""
    for h in range(step.plant_w.size):
        want_w = hall.plant_demand_w(halls, h, service.set_point_c[h], flows.hall_w_k[h], flows.hall_shaft_w[h])
        capacity_w = step.plant_capacity_w[h] if flows.hall_w_k[h] > 0.0 else 0.0
        step.plant_heat_w[h] = min(want_w, capacity_w)
        step.plant_w[h] = chiller.power_w(
            chillers, h, step.plant_capacity_w[h], step.plant_full_w[h], step.plant_heat_w[h]
        )


@kernel
def hall_loads(wiring, flows, alive, plant_w, load_w, load_var, air_w):
    """Load at each node and air heat in each hall from all that holds still over a macro-step.

    Plant and pumps draw from the boards of their hall that are alive; what a dead board fed stands still.
    Returns power [W] of network and storage racks, of their door fans, and the loss of their supply lines.
    """
    load_w[:] = 0.0
    load_var[:] = 0.0
    for h in range(air_w.size):
        air_w[h] = flows.hall_pump_w[h] - flows.hall_shaft_w[h]
    for m in range(wiring.mechanical_board.size):
        h, b = wiring.mechanical_hall[m], wiring.mechanical_board[m]
        if alive[b]:
            share = wiring.mechanical_share[m] / living_share(wiring, alive, h)
            drawn = share * (plant_w[h] + flows.hall_pump_w[h])
            load_w[b] += drawn
            load_var[b] += drawn * wiring.plant_reactive_share[h]
    racks_w, doors_w, lost_w = 0.0, 0.0, 0.0
    for m in range(wiring.air_board.size):
        b = wiring.air_board[m]
        if alive[b]:
            drawn = wiring.air_rack_w[m] + wiring.air_loss_w[m] + wiring.air_door_w[m]
            load_w[b] += drawn
            load_var[b] += drawn * wiring.air_reactive_share[m]
            air_w[wiring.air_hall[m]] += drawn
            racks_w += wiring.air_rack_w[m]
            doors_w += wiring.air_door_w[m]
            lost_w += wiring.air_loss_w[m]
    for i in range(wiring.cdu_board.size):
        drawn = flows.cdu_pump_w[i]
        load_w[wiring.cdu_board[i]] += drawn
        load_var[wiring.cdu_board[i]] += drawn * wiring.cdu_reactive_share[i]
        air_w[wiring.cdu_hall[i]] += drawn - flows.cdu_shaft_w[i]
    return racks_w, doors_w, lost_w


@kernel
def living_share(wiring, alive, h):
    """Share of hall ``h``'s plant and pumps whose boards are alive."""
    share = 0.0
    for m in range(wiring.mechanical_board.size):
        if wiring.mechanical_hall[m] == h and alive[wiring.mechanical_board[m]]:
            share += wiring.mechanical_share[m]
    return share


@kernel
def rack_loads(rack, out, alive, s, ticks, load_w, load_var, air_w):
    """Add what racks draw in second ``s`` of ``ticks`` to loads and mean air heat; returns door fans and losses [W]."""
    door_w, lost_w = 0.0, 0.0
    for r in range(rack.gpu.size):
        b = rack.board[r]
        if alive[b] == 0:
            continue
        drawn = out[s, r, NODE_W] + rack.door_fan_w[r]
        loss = cable.supply_loss_w(drawn, rack.rating_w[r], rack.supply_loss[r])
        load_w[b] += drawn + loss
        load_var[b] += (drawn + loss) * rack.reactive_share[r]
        door_w += rack.door_fan_w[r]
        lost_w += loss
        air_w[rack.hall[r]] += (out[s, r, AIR_W] + rack.door_fan_w[r] + loss) / ticks
    return door_w, lost_w


@kernel
def gather_heat(rack_cdu, out, ticks, heat_w):
    """Mean heat of each CDU's racks over the macro-step."""
    heat_w[:] = 0.0
    for s in range(ticks):
        for r in range(rack_cdu.size):
            heat_w[rack_cdu[r]] += out[s, r, LIQUID_W] / ticks


@kernel
def advance_cdus(cdu_p, cdu_hall, cdus, halls, flows, slopes, step, ticks):
    """Every CDU over ``ticks`` seconds, from its racks' heat to its hall."""
    step.hall_liquid_w[:] = 0.0
    for i in range(cdu_hall.size):
        h, before = cdu_hall[i], cdus.supply_c[i]
        facility_c = halls.supply_c[h] + slopes.hall_k_s[h] * 0.5 * ticks
        given = cdu.advance(
            cdus, i, flows.cdu[ticks - 1, i], flows.cdu_k_w_k[i], cdu_p.half_j_k[i],
            step.cdu_heat_w[i], flows.cdu_shaft_w[i], facility_c,
        )  # fmt: skip
        slopes.cdu_k_s[i] = (cdus.supply_c[i] - before) / ticks
        step.cdu_given_w[i] = given
        step.hall_liquid_w[h] += given


@kernel
def advance_halls(hall_p, halls, flows, slopes, step, ticks):
    """Every hall over ``ticks`` seconds, from CDUs and coils to the plant."""
    for h in range(step.plant_w.size):
        before = halls.supply_c[h]
        hall.advance(
            halls, h, flows.hall[ticks - 1, h], hall_p.half_j_k[h],
            step.hall_liquid_w[h] + step.hall_air_w[h], step.plant_heat_w[h], flows.hall_shaft_w[h],
        )  # fmt: skip
        slopes.hall_k_s[h] = (halls.supply_c[h] - before) / ticks


@kernel
def carry(
    rack,
    network,
    solution,
    metered,
    service,
    flows,
    step,
    ticks,
    held,
    base_mva,
    books,
    site,
    substation_w,
    at,
    electrical,
    seconds,
):
    """Each second's power flow, recorded and booked. ``held`` is what `hall_loads` returned.

    Returns 0, or minus the second (from 1) in which the network had no solution.
    """
    racks_w, doors_w, lines_w = held
    for s in range(ticks):
        step.load_w[:] = step.held_w
        step.load_var[:] = step.held_var
        more_doors_w, more_lines_w = rack_loads(
            rack, step.rack, service.energised, s, ticks, step.load_w, step.load_var, step.hall_air_w
        )
        for b in range(step.load_w.size):
            step.load_w[b] /= base_mva * 1e6
            step.load_var[b] /= base_mva * 1e6
        if radial.sweep(network, step.load_w, step.load_var, service.energised, service.source_pu[0], solution) < 0:
            return -(s + 1)
        record.site_row(step, flows, solution, s, base_mva, racks_w, doors_w + more_doors_w, site, at + s)
        for k in range(metered.size):
            substation_w[at + s, k] = solution.power_pu[metered[k]] * base_mva * 1e6
        record.add_electrical(solution, base_mva, seconds + s, electrical)
        ledger.book_second(step, solution, base_mva, site, at + s, lines_w + more_lines_w, books)
    return 0


def advance(
    plant: Plant, state: State, activity: Vec, ticks: int, books: Vec, site: record.SiteRecord,
    substation_w: Vec, at: int,
    records: record.Records, seconds: int,
) -> int:  # fmt: skip
    """One macro-step of ``ticks`` seconds, activity [tick, job]; site rows go to ``at`` and on.

    ``seconds`` is how many ``records`` already hold. Returns 0, or minus the second (from 1) in which the
    electrical network had no solution.
    """
    step, flows, service = state.step, state.flows, state.service
    decide_plant(plant.chiller, state.hall, service, flows, step)
    held = hall_loads(plant.wiring, flows, service.energised, step.plant_w, step.held_w, step.held_var, step.hall_air_w)
    run_racks(plant, state, activity, ticks)
    failed = carry(
        plant.rack, plant.network, state.network, plant.wiring.substation,
        service, flows, step, ticks, held, radial.BASE_MVA, books, site, substation_w, at, records.electrical, seconds,
    )  # fmt: skip
    if failed:
        return int(failed)
    gather_heat(plant.rack.cdu, step.rack, ticks, step.cdu_heat_w)
    advance_cdus(plant.cdu, plant.wiring.cdu_hall, state.cdu, state.hall, flows, state.slopes, step, ticks)
    advance_halls(plant.hall, state.hall, flows, state.slopes, step, ticks)
    record.add_racks(step.rack, ticks, seconds, records.rack)
    record.add_cdus(state.cdu, flows, step, ticks, seconds, records.cdu)
    record.add_halls(state.hall, flows, step, ticks, seconds, records.hall)
    ledger.book_step(flows, step, ticks, books)
    return 0


@kernel
def put_caps(blocks, block_node, cap_w):
    """Write the cap of each server's GPUs [W] into their blocks."""
    for b in range(blocks.shape[0]):
        low, high = cap_w[block_node[b, 0]], cap_w[block_node[b, 1]]
        for i in range(_HALF):
            blocks[b, gpu.CAP * _L + i] = low
            blocks[b, gpu.CAP * _L + _HALF + i] = high
