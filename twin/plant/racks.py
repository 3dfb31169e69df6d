"""Racks: GPU boards and servers through the seconds of a macro-step, the hottest loop of a run.

Blocks of eight GPUs go through all their seconds before the next ones, so that their state stays in cache, and the
servers around them follow at once: their arithmetic fills the time in which the next blocks come from memory.
"""

import numpy as np

from twin.components import gpu
from twin.core.jit import kernel, prange
from twin.core.layout import Vec
from twin.core.numerics import aligned, row, table
from twin.plant.blocks import NOTES, advance_boards
from twin.plant.order import HOTTEST_C, LIQUID_W, LONGEST_STEP, RACK_OUTPUTS, THROTTLED, Plant, State
from twin.plant.servers import advance_server

ABREAST = 2  # blocks side by side: one second of a block waits for its last, and eight or nine are in a rack
_PARTS = 64  # of the racks, one loop each: any number of threads then gives the same sums


@kernel(inline=True)
def advance_rack(
    r, rack, blocks, node, blocks_c, servers_c, curves, lost, late, tcs_c, tcs_k_s, alive, driven, activity, ticks,
    room, out,
):  # fmt: skip
    """All ``ticks`` seconds of rack ``r``, block by block; fills ``out`` [tick, rack, 9].

    Powers are means over each second; heat of the boards, hottest die and throttled GPUs stand for the whole step.
    ``room`` is work space for blocks, boards and sums.
    """
    work, boards, total = room
    fed, c, server_c, curve = alive[r] > 0, blocks_c[r], servers_c[r], curves[rack.node[r]]
    supply_c, supply_k_s, lost_by = tcs_c[rack.cdu[r]], tcs_k_s[rack.cdu[r]], lost[rack.gpu[r]]
    behind, comes = late[rack.gpu[r]], node.next_cap_in[0] < ticks
    per_block, halves = rack.nodes[r] // rack.blocks[r], 2 * rack.blocks[r] // rack.nodes[r]
    total[:] = 0.0
    heat_j, hottest_c, throttled_s = 0.0, -np.inf, 0.0
    for b in range(0, rack.blocks[r], ABREAST):
        count, first = min(ABREAST, rack.blocks[r] - b), rack.first_node[r] + b * per_block
        heat, hottest, throttled = advance_boards(
            blocks, rack.first_block[r] + b, count, first, per_block, node,
            work, boards, c, behind, supply_c, supply_k_s, fed, driven, activity, ticks,
        )  # fmt: skip
        heat_j += heat
        hottest_c = max(hottest_c, hottest)
        throttled_s += throttled
        for i in range(count * per_block):
            n, low = first + i, (i * halves) % 2
            now, later = (node.cap_w[n], 1.0, 0.0), (node.next_cap_w[n], 1.0, 0.0)
            if driven:
                now = node.cap_w[n], node.dynamic_share[0, n], node.floor_w[0, n]
                later = node.next_cap_w[n], node.dynamic_share[1, n], node.floor_w[1, n]
            held = now, later, node.next_cap_in[0], behind
            plate_c, power_w, gpu_w, want_w, burnt_w, energy_j, asked_s, lost_s, change_w = advance_server(
                server_c, curve, lost_by, held,
                node.plate_c[n], boards[i * halves // 2], low, low + halves - 1,
                supply_c, supply_k_s, fed, activity, node.job[n], ticks, total,
            )  # fmt: skip
            node.plate_c[n], node.power_w[n], node.gpu_w[n], node.want_w[n] = plate_c, power_w, gpu_w, want_w
            if comes or node.cap_change_w[n] != 0.0:
                node.cap_change_w[n] = change_w
            if driven or node.burnt_w[n] != 0.0:
                node.burnt_w[n] = burnt_w
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
    rack, blocks, node, blocks_c, servers_c, curves, lost, late, tcs_c, tcs_k_s, alive, driven, activity, ticks, out
):
    """Every rack through ``ticks`` seconds; those not ``alive`` draw nothing.

    ``driven`` says whether any clock is locked or any floor holds, now or next.
    """
    racks = rack.gpu.size
    for part in prange(_PARTS):
        room = aligned(ABREAST, gpu.WORK_ROWS * gpu.LANES), table(ABREAST, NOTES), row(LONGEST_STEP * RACK_OUTPUTS)
        # Kinds of racks differ in cost and stand together; threads take parts in order, so that each gets all kinds.
        start = part * 37 % _PARTS
        for r in range(start * racks // _PARTS, (start + 1) * racks // _PARTS):
            advance_rack(
                r, rack, blocks, node, blocks_c, servers_c, curves, lost, late, tcs_c, tcs_k_s, alive, driven, activity,
                ticks, room, out,
            )  # fmt: skip


def run_racks(plant: Plant, state: State, activity: Vec, ticks: int) -> None:
    """`advance_racks` on a plant and its state."""
    driven = bool((state.node.floor_w > 0.0).any() or (state.node.dynamic_share < 1.0).any())
    advance_racks(
        plant.rack, state.blocks, state.node, state.flows.gpu, state.flows.node, plant.node.supply_loss, plant.gpu.lost,
        plant.cap_dynamics.late, state.cdu.supply_c, state.slopes.cdu_k_s, state.service.racks, driven, activity,
        ticks, state.step.rack,
    )  # fmt: skip
