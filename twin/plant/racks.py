"""Racks: GPU boards and servers through the seconds of a macro-step, the hottest loop of a run.

Blocks of eight GPUs go through all their seconds before the next ones, so that their state stays in cache, and the
servers around them follow at once: their arithmetic fills the time in which the next blocks come from memory.
"""

import numpy as np

from twin.components import gpu, server
from twin.core.cap_dynamics import DOWN, UP
from twin.core.jit import kernel, prange
from twin.core.layout import Vec
from twin.core.numerics import aligned, row, table
from twin.core.speed import speed_lost
from twin.plant.order import (
    AIR_W,
    BURNT_W,
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
_BEFORE, _AFTER = 4 * LONGEST_STEP, 4 * LONGEST_STEP + 2  # where halves note what they draw under old and new caps
_USEFUL = 4 * LONGEST_STEP + 4  # from where they note, second by second, what they draw without dummy work
_NOTES = _USEFUL + 2 * LONGEST_STEP
ABREAST = 2  # blocks side by side: one second of a block waits for its last, and eight or nine are in a rack
_PARTS = 64  # of the racks, one loop each: any number of threads then gives the same sums


@kernel(inline=True)
def _half_sum(x, row, half):
    """Sum of four lanes of a row of a block, in one fixed order."""
    at = row * _L + half * _HALF
    return (x[at] + x[at + 2]) + (x[at + 1] + x[at + 3])


@kernel(inline=True)
def _half_useful(x, row, half):
    """What of the power in a row four boards of a block draw without dummy work, in the order of `_half_sum`."""
    p, w = row * _L + half * _HALF, gpu.WANT * _L + half * _HALF
    return (min(x[p], x[w]) + min(x[p + 2], x[w + 2])) + (min(x[p + 1], x[w + 1]) + min(x[p + 3], x[w + 3]))


@kernel(inline=True)
def _put_caps(work, count, cap_w, server, per_block, most_w):
    """Write the caps of ``count`` blocks' servers, ``server`` the first, into their rows."""
    for b in range(count):
        n = server + b * per_block
        low, high, x = min(cap_w[n], most_w), min(cap_w[n + per_block - 1], most_w), work[b]
        for i in range(_HALF):
            x[gpu.CAP * _L + i] = low
            x[gpu.CAP * _L + _HALF + i] = high


@kernel(bare=True)
def _take_caps(work, count, node, server, per_block, most_w):
    """Put the caps that come in the place of those that hold, and note these for `_follow_caps`."""
    for b in range(count):
        gpu.keep_caps(work[b])
    _put_caps(work, count, node.next_cap_w, server, per_block, most_w)


@kernel(bare=True)
def _burn(work, count, node, now, server, per_block, c, boards, s):
    """Let boards below their floors have done dummy work in second ``s``."""
    for b in range(count):
        n, m = server + b * per_block, server + (b + 1) * per_block - 1
        gpu.burn(work[b], c, node.floor_w[now, n], node.floor_w[now, m])
        _tell(work[b], boards[b], s)
        _tell_useful(work[b], boards[b], s)


@kernel(bare=True)
def _follow_caps(work, count, node, server, per_block, c, late, boards, s):
    """Correct second ``s``, in which caps came, for the way of the blocks from the old ones; note both ends.

    ``late`` [2] is the share of the way missing on mean, down and up. Clocks and floors have no way: they hold at once.
    """
    for b in range(count):
        n, m = server + b * per_block, server + (b + 1) * per_block - 1
        if node.next_cap_w[n] != node.cap_w[n] or node.next_cap_w[m] != node.cap_w[m]:
            x, told = work[b], boards[b]
            told[_AFTER], told[_AFTER + 1] = _half_useful(x, gpu.POWER, 0), _half_useful(x, gpu.POWER, 1)
            gpu.follow_caps(x, c, node.floor_w[1, n], node.floor_w[1, m], late[DOWN], late[UP])
            _tell(x, told, s)
            _tell_useful(x, told, s)
            told[_BEFORE], told[_BEFORE + 1] = _half_useful(x, gpu.BEFORE, 0), _half_useful(x, gpu.BEFORE, 1)


@kernel(inline=True)
def _tell(x, told, s):
    """Note what the halves of a block draw and want in second ``s``."""
    told[4 * s], told[4 * s + 1] = _half_sum(x, gpu.POWER, 0), _half_sum(x, gpu.POWER, 1)
    told[4 * s + 2], told[4 * s + 3] = _half_sum(x, gpu.WANT, 0), _half_sum(x, gpu.WANT, 1)


@kernel(inline=True)
def _tell_useful(x, told, s):
    """Note what of it is not dummy work."""
    at = _USEFUL + 2 * s
    told[at], told[at + 1] = _half_useful(x, gpu.POWER, 0), _half_useful(x, gpu.POWER, 1)


@kernel(inline=True)
def advance_boards(
    blocks, first, count, server, per_block, node, work, boards, c, late, supply_c, supply_k_s, alive, driven,
    activity, ticks,
):  # fmt: skip
    """All ``ticks`` seconds of ``count`` blocks of GPUs; returns heat [J], hottest die [degC], throttled time [s].

    The blocks advance side by side in ``work`` [block, 15 * 8], since one second of a block waits for the last; they
    belong to servers from ``server`` on, ``per_block`` each.
    Fills ``boards`` [block, tick * 4]: what the first and second half draw, and what they want at their clock; after
    the longest step what they draw for their work under the old caps, and under the new, in the second in which those
    arrive, and under floors what they draw for their work each second.
    """
    for b in range(count):
        gpu.take_block(blocks[first + b], work[b])
    most_w = c[22] if alive else 0.0
    _put_caps(work, count, node.cap_w, server, per_block, most_w)
    # What is rare stands between stretches of seconds: within them it would cost every second a sixth of its time.
    begin, now, comes = 0, 0, node.next_cap_in[0]
    while begin < ticks:
        if begin == comes:
            now = 1
            _take_caps(work, count, node, server, per_block, most_w)
        end = begin + 1 if driven or begin == comes else ticks if begin > comes else min(comes, ticks)
        for s in range(begin, end):
            coolant_c = supply_c + supply_k_s * (s + 0.5)
            for b in range(count):
                x, n, m = work[b], server + b * per_block, server + (b + 1) * per_block - 1
                low = activity[s, node.job[n]] * node.dynamic_share[now, n]
                high = activity[s, node.job[m]] * node.dynamic_share[now, m]
                gpu.advance_block(x, c, coolant_c, low, high)
                _tell(x, boards[b], s)
        if driven:
            _burn(work, count, node, now, server, per_block, c, boards, begin)
        if begin == comes:
            _follow_caps(work, count, node, server, per_block, c, late, boards, begin)
        begin = end
    heat_j, hottest_c, throttled_s = 0.0, -np.inf, 0.0
    for b in range(count):
        heat, hottest, throttled = gpu.settle_block(work[b], blocks[first + b])
        heat_j += heat
        hottest_c = max(hottest_c, hottest)
        throttled_s += throttled
    return heat_j, hottest_c, throttled_s


@kernel(fast=True, inline=True)
def _lost(lost_by, natural, want_w, drawn_w, of_rating, allowed):
    """Share of speed lost by boards that want so much, draw so much for it and are allowed this share of their rating.

    ``natural`` is the share that they would want at their greatest clock.
    """
    if drawn_w < want_w:
        return speed_lost(lost_by, natural, min(allowed, drawn_w * of_rating))
    return speed_lost(lost_by, natural, allowed) if allowed < 1.0 else 0.0


@kernel(fast=True, bare=True)
def _follow_speed(lost_by, boards, first, last, s, floored, withheld, of_rating, allowed, next_allowed, late):
    """Share of speed lost in second ``s``, in which the next cap comes, beyond that under its mean power.

    Speed is as late as power. ``withheld`` is the share of the rating that their clock takes off what boards want.
    Returns by how much the old cap let the boards draw more, too [W].
    """
    drawn_at = _USEFUL + 2 * s if floored else 4 * s
    drawn_w, want_w = boards[drawn_at + first], boards[4 * s + 2 + first]
    before_w, after_w = boards[_BEFORE + first], boards[_AFTER + first]
    if last > first:
        drawn_w += boards[drawn_at + last]
        want_w += boards[4 * s + 2 + last]
        before_w += boards[_BEFORE + last]
        after_w += boards[_AFTER + last]
    natural = want_w * of_rating + withheld
    before = _lost(lost_by, natural, want_w, before_w, of_rating, allowed)
    after = _lost(lost_by, natural, want_w, after_w, of_rating, next_allowed)
    behind = late[UP] if next_allowed > allowed else late[DOWN]
    counted = _lost(lost_by, natural, want_w, drawn_w, of_rating, next_allowed)
    return after + (before - after) * behind - counted, before_w - after_w


@kernel(fast=True, inline=True)
def advance_server(
    c, curve, lost_by, held, plate_c, boards, first, last, supply_c, supply_k_s, alive, activity, job, ticks, total
):
    """All ``ticks`` seconds of a server of ``job`` around halves ``first`` to ``last`` of a block of GPUs.

    ``c`` are its `server.coefficients`, ``lost_by`` is the `speed.lost_table` of its boards, ``held`` are the cap of
    each, the share of dynamic power that its clock leaves and its floor, the next of each, in which second those come,
    and what is missing of a cap's way on mean in it, down and up. Adds power, heat and work to ``total`` [tick * 9];
    returns the temperature of its plates [degC], what it drew, its boards drew, wanted and burnt in the last second
    [W], its energy [J], work asked for and lost [GPU seconds], and by how much the old cap let its boards draw more
    than one that came [W].

    A locked clock slows work as the cap does under which a board at full activity has that clock.
    """
    keep, gain, mean, conductance, per_conductance = c[0], c[1], c[2], c[3], c[4]
    gpus, air, of_rating = c[13], c[14], c[15]
    (cap_w, share, floor_w), (next_cap_w, next_share, next_floor_w), next_in, late = held
    withheld, floored = (1.0 - share) * c[16], floor_w > 0.0
    allowed = min(cap_w * gpus * of_rating, 1.0 - withheld)
    energy_j, asked_s, lost_s, board_w, want_w, drawn_w, burnt_w = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(ticks):
        a, coolant_c = activity[s, job], supply_c + supply_k_s * (s + 0.5)
        board_w, want_w = boards[4 * s + first], boards[4 * s + 2 + first]
        if last > first:
            board_w += boards[4 * s + last]
            want_w += boards[4 * s + 2 + last]
        drawn_w, liquid_w, air_w, lost, asked = 0.0, 0.0, 0.0, 0.0, a * gpus
        if alive:
            drawn_w, liquid_w, air_w = server.draw(c, curve, a, board_w, air * board_w)
        if s == next_in:
            withheld, floored = (1.0 - next_share) * c[16], next_floor_w > 0.0
            allowed = min(next_cap_w * gpus * of_rating, 1.0 - withheld)
        useful_w = board_w
        if floored:
            useful_w = boards[_USEFUL + 2 * s + first]
            if last > first:
                useful_w += boards[_USEFUL + 2 * s + last]
            total[s * RACK_OUTPUTS + BURNT_W] += board_w - useful_w
        burnt_w = board_w - useful_w
        if useful_w < want_w:
            lost = asked * speed_lost(lost_by, want_w * of_rating + withheld * a, min(allowed, useful_w * of_rating))
        elif allowed < 1.0:
            lost = asked * speed_lost(lost_by, want_w * of_rating + withheld * a, allowed)
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
    change_w = 0.0
    if next_in < ticks and next_cap_w != cap_w:
        more, change_w = _follow_speed(
            lost_by, boards, first, last, next_in, floored, withheld * activity[next_in, job], of_rating,
            min(cap_w * gpus * of_rating, 1.0 - withheld), allowed, late,
        )  # fmt: skip
        more *= activity[next_in, job] * gpus
        lost_s += more
        total[next_in * RACK_OUTPUTS + LOST] += more
    return plate_c, drawn_w, board_w, want_w, burnt_w, energy_j, asked_s, lost_s, change_w


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
        room = aligned(ABREAST, gpu.WORK_ROWS * _L), table(ABREAST, _NOTES), row(LONGEST_STEP * RACK_OUTPUTS)
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
