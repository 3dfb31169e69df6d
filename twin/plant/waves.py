"""What racks ask of their power supplies below a second, from the second their GPUs just ran.

A second of heat knows means: the power of each GPU and server over it. Below it, the part of that power which goes
with activity follows the waveform of the job, and the rest holds still: leakage, fans, idle boards.

    p(t) = p_still + (p_mean - p_still) a(t - t_rack) / mean(a)

in direct current, behind the supplies. The mean over the second is that of the heat exactly, whatever the jitter
t_rack of the rack; caps and temperatures are in it as means, so that a power between two seconds may exceed a cap.
Caps that arrive, and work that steps up under one, add their own shape (`following`).
A locked clock is in p_mean. Dummy work under a power floor, P_b in the mean of the second, fills the valleys up to the
one level l at which the mean is kept, since heat knows no valleys within a second:

    p(t) = p_still + max((p_mean - p_still) a/mean(a), l),  mean(p) = p_mean + P_b
"""

from math import ceil
from typing import Annotated, NamedTuple

import numpy as np

from twin.components import server
from twin.core.cap_dynamics import DOWN, UP
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec
from twin.plant import following

_FILLS = 64  # more steps of Newton than a wave has ever needed


class Waves(NamedTuple):
    """Activity of every job over one second and a little around it; job 0 is no job."""

    activity: Annotated[Vec, Var("1", "mean activity in each step, [job, lead + steps + lead]")]
    lateness: Annotated[
        Vec, Var("1", "steps by which each rack is late for each job, between -lead and lead, [job, rack]")
    ]
    lead: int


class Asked(NamedTuple):
    """The wave of each rack in parts: servers of one job that stand together."""

    first: Annotated[IVec, Var("1", "first part of each rack, and the number of parts")]
    job: Annotated[IVec, Var("1", "job of each part")]
    at: Annotated[IVec, Var("1", "where its second begins in the job's activity")]
    beside: Annotated[Vec, Var("1", "how far it begins towards the next step")]
    slope_w: Annotated[Vec, Var("W", "power for an activity of 1")]
    level_w: Annotated[Vec, Var("W", "to which dummy work fills the valleys of each part")]
    still_w: Annotated[Vec, Var("W", "power of each rack that holds still")]
    efficiency: Annotated[Vec, Var("1", "direct current over power at the inlet of each rack's servers")]
    following: following.Following


def room(servers: int, follow: following.Following) -> Asked:
    """Work space for so many servers in the racks that ``follow`` their caps."""
    racks = follow.kind.size
    return Asked(
        np.zeros(racks + 1, np.int64), np.zeros(servers, np.int64), np.zeros(servers, np.int64), np.zeros(servers),
        np.zeros(servers), np.zeros(servers), np.zeros(racks), np.ones(racks), follow,
    )  # fmt: skip


@kernel
def moving_w(c, span_w, activity, gpu_w, burnt_w, want_w):
    """Power of a server that goes with activity, and the rest of its direct current but for dummy work [W, W].

    ``c`` are its `server.coefficients`, ``span_w`` what its boards would draw more at full activity at their clock.
    """
    idle_w = want_w - activity * span_w
    moving = max(0.0, gpu_w - burnt_w - idle_w) + activity * (c[6] + c[8])
    direct = server.direct_w(c, activity, gpu_w)
    return moving, direct - burnt_w - moving


@kernel(inline=True)
def _between(row, at, beside):
    """A job's activity in the step that begins ``beside`` after step ``at``."""
    return (1.0 - beside) * row[at] + beside * row[at + 1]


@kernel
def _begin(waves, j, r, steps):
    """Where rack ``r`` begins in job ``j``'s activity, and its mean over the second."""
    x = waves.lead - waves.lateness[j, r]
    at = int(x)
    beside, row = x - at, waves.activity[j]
    total = 0.0
    for k in range(steps):
        total += _between(row, at + k, beside)
    return at, beside, total / steps


@kernel(inline=True)
def _part_w(row, asked, p, k):
    """What part ``p`` asks for in step ``k`` by activity alone [W]."""
    return asked.slope_w[p] * _between(row, asked.at[p] + k, asked.beside[p])


@kernel
def _level_w(row, asked, p, burnt_w, steps):
    """Level to which ``burnt_w`` in the mean of the second fills the valleys of part ``p`` [W]; 0 without.

    The fill of a level is convex and rises with it, so that Newton steps from above come down to it and do not pass it.
    """
    if burnt_w <= 0.0:
        return 0.0
    level = 0.0
    for k in range(steps):
        level = max(level, _part_w(row, asked, p, k))
    level += burnt_w
    for _ in range(_FILLS):
        fill, below = 0.0, 0
        for k in range(steps):
            short = level - _part_w(row, asked, p, k)
            if short > 0.0:
                fill += short
                below += 1
        over = fill / steps - burnt_w
        if below == 0 or over <= 1e-12 * level:
            break
        level -= over * steps / below
    return level


@kernel
def _follow(node, n, idle_w, span_w, gpus, throttled, r, q, out):
    """Note what its cap does to server ``n`` in the second: its way from an old one, or where it may overshoot."""
    change_w = node.cap_change_w[n]
    if change_w != 0.0:
        out.change_w[r, DOWN if change_w > 0.0 else UP] += change_w
    elif node.gpu_w[n] < node.want_w[n] and throttled == 0.0:
        cap_w = node.next_cap_w[n] if node.next_cap_in[0] == 0 else node.cap_w[n]
        following.add_server(out, q, gpus * cap_w, idle_w, span_w, node.gpu_w[n])


@kernel
def _overshoot(waves, asked, r, q, mean, steps):
    """Prepare the overshoot of part ``q``, and take what it adds on mean from what the rack draws all the second."""
    follow, row, at, beside = asked.following, waves.activity[asked.job[q]], asked.at[q], asked.beside[q]
    follow.wave_slope_w[q] /= mean
    dt_s, total_w = 1.0 / steps, 0.0
    for k in range(-ceil(follow.dynamics.spike_s[follow.kind[r]] * steps), 0):
        following.overshoot_w(follow, r, q, _between(row, at + k, beside), dt_s)
    since_s = follow.since_s[q]
    for k in range(steps):
        total_w += following.overshoot_w(follow, r, q, _between(row, at + k, beside), dt_s)
    follow.since_s[q] = since_s
    asked.still_w[r] -= total_w / steps


@kernel
def ask(rack, node, span_w, coefficients, fed, activity, waves, out, throttled, steps, asked):
    """Fill ``asked`` for a second of ``steps``: ``activity`` is the second's mean of each job, ``out`` what racks drew.

    ``span_w`` of each server, ``coefficients`` [rack, 17] of `server`, ``out`` [rack] at the inlet, ``throttled`` GPUs
    of each rack.
    """
    p, follow = 0, asked.following
    for r in range(rack.gpu.size):
        asked.first[r], asked.still_w[r], asked.efficiency[r] = p, 0.0, 1.0
        follow.change_w[r] = 0.0
        if fed[r] == 0:
            continue
        direct_w, job = 0.0, -1
        for n in range(rack.first_node[r], rack.first_node[r] + rack.nodes[r]):
            a = activity[node.job[n]]
            span, burnt = span_w[n] * node.dynamic_share[0, n], node.burnt_w[n]
            moving, still = moving_w(coefficients[r], span, a, node.gpu_w[n], burnt, node.want_w[n])
            direct_w += moving + still + burnt
            asked.still_w[r] += still
            if node.job[n] != job:
                job = node.job[n]
                asked.job[p], asked.slope_w[p], asked.level_w[p] = job, 0.0, 0.0
                following.clear_part(follow, p)
                p += 1
            asked.slope_w[p - 1] += moving
            asked.level_w[p - 1] += burnt
            idle_w = node.want_w[n] - a * span
            _follow(node, n, idle_w, span, coefficients[r, 13], throttled[r], r, p - 1, follow)
        for q in range(asked.first[r], p):
            asked.at[q], asked.beside[q], mean = _begin(waves, asked.job[q], r, steps)
            if mean > 1e-12:
                asked.slope_w[q] /= mean
                asked.level_w[q] = _level_w(waves.activity[asked.job[q]], asked, q, asked.level_w[q], steps)
                if follow.cap_w[q] > 0.0:
                    _overshoot(waves, asked, r, q, mean, steps)
            else:
                asked.still_w[r] += asked.slope_w[q] + asked.level_w[q]
                asked.slope_w[q], asked.level_w[q], follow.cap_w[q] = 0.0, 0.0, 0.0
        if out[r] > 0.0:
            asked.efficiency[r] = direct_w / out[r]
    asked.first[rack.gpu.size] = p


@kernel(inline=True)
def asked_w(asked, activity, r, k):
    """Direct current of rack ``r`` in step ``k`` [W], overshoots apart."""
    power_w = asked.still_w[r] + following.way_w(asked.following, r, k)
    for p in range(asked.first[r], asked.first[r + 1]):
        power_w += max(_part_w(activity[asked.job[p]], asked, p, k), asked.level_w[p])
    return power_w


@kernel(inline=True)
def overshoot_w(asked, activity, r, k, dt_s):
    """What rack ``r`` draws above that in step ``k`` of ``dt_s``, asked for step after step [W]."""
    power_w = 0.0
    for p in range(asked.first[r], asked.first[r + 1]):
        if asked.following.cap_w[p] > 0.0:
            now = _between(activity[asked.job[p]], asked.at[p] + k, asked.beside[p])
            power_w += following.overshoot_w(asked.following, r, p, now, dt_s)
    return power_w
