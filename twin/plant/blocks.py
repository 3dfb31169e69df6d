"""Blocks of eight GPU boards through the seconds of a macro-step, under caps, clocks and floors."""

import numpy as np

from twin.components import gpu
from twin.core.cap_dynamics import DOWN, UP
from twin.core.jit import kernel
from twin.plant.order import LONGEST_STEP

_L = gpu.LANES
_HALF = _L // 2
BEFORE, AFTER = 4 * LONGEST_STEP, 4 * LONGEST_STEP + 2  # where halves note what they draw under old and new caps
USEFUL = 4 * LONGEST_STEP + 4  # from where they note, second by second, what they draw without dummy work
NOTES = USEFUL + 2 * LONGEST_STEP


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
            told[AFTER], told[AFTER + 1] = _half_useful(x, gpu.POWER, 0), _half_useful(x, gpu.POWER, 1)
            gpu.follow_caps(x, c, node.floor_w[1, n], node.floor_w[1, m], late[DOWN], late[UP])
            _tell(x, told, s)
            _tell_useful(x, told, s)
            told[BEFORE], told[BEFORE + 1] = _half_useful(x, gpu.BEFORE, 0), _half_useful(x, gpu.BEFORE, 1)


@kernel(inline=True)
def _tell(x, told, s):
    """Note what the halves of a block draw and want in second ``s``."""
    told[4 * s], told[4 * s + 1] = _half_sum(x, gpu.POWER, 0), _half_sum(x, gpu.POWER, 1)
    told[4 * s + 2], told[4 * s + 3] = _half_sum(x, gpu.WANT, 0), _half_sum(x, gpu.WANT, 1)


@kernel(inline=True)
def _tell_useful(x, told, s):
    """Note what of it is not dummy work."""
    at = USEFUL + 2 * s
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
