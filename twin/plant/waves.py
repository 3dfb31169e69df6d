"""What racks ask of their power supplies below a second, from the second their GPUs just ran.

A second of heat knows means: the power of each GPU and server over it. Below it, the part of that power which goes
with activity follows the waveform of the job, and the rest holds still: leakage, fans, idle boards.

    p(t) = p_still + (p_mean - p_still) a(t - t_rack) / mean(a)

in direct current, behind the supplies. The mean over the second is that of the heat exactly, whatever the jitter
t_rack of the rack; caps and temperatures are in it as means, so that a power between two seconds may exceed a cap.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.components import server
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec


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
    still_w: Annotated[Vec, Var("W", "power of each rack that holds still")]
    efficiency: Annotated[Vec, Var("1", "direct current over power at the inlet of each rack's servers")]


def room(racks: int, servers: int) -> Asked:
    """Work space for so many racks and servers."""
    return Asked(
        np.zeros(racks + 1, np.int64), np.zeros(servers, np.int64), np.zeros(servers, np.int64), np.zeros(servers),
        np.zeros(servers), np.zeros(racks), np.ones(racks),
    )  # fmt: skip


@kernel
def moving_w(c, span_w, activity, gpu_w, want_w):
    """Power of a server that goes with activity, and the rest of its direct current [W, W].

    ``c`` are its `server.coefficients`, ``span_w`` what its boards would draw more at full activity.
    """
    idle_w = want_w - activity * span_w
    moving = max(0.0, gpu_w - idle_w) + activity * (c[6] + c[8])
    direct = server.direct_w(c, activity, gpu_w)
    return moving, direct - moving


@kernel
def _begin(waves, j, r, steps):
    """Where rack ``r`` begins in job ``j``'s activity, and its mean over the second."""
    x = waves.lead - waves.lateness[j, r]
    at = int(x)
    beside, row = x - at, waves.activity[j]
    total = 0.0
    for k in range(steps):
        total += (1.0 - beside) * row[at + k] + beside * row[at + k + 1]
    return at, beside, total / steps


@kernel
def ask(rack, node, span_w, coefficients, fed, activity, waves, out, steps, asked):
    """Fill ``asked`` for a second of ``steps``: ``activity`` is the second's mean of each job, ``out`` what racks drew.

    ``span_w`` of each server, ``coefficients`` [rack, 16] of `server`, ``out`` [rack] at the inlet.
    """
    p = 0
    for r in range(rack.gpu.size):
        asked.first[r], asked.still_w[r], asked.efficiency[r] = p, 0.0, 1.0
        if fed[r] == 0:
            continue
        direct_w, job = 0.0, -1
        for n in range(rack.first_node[r], rack.first_node[r] + rack.nodes[r]):
            a = activity[node.job[n]]
            moving, still = moving_w(coefficients[r], span_w[n], a, node.gpu_w[n], node.want_w[n])
            direct_w += moving + still
            asked.still_w[r] += still
            if node.job[n] != job:
                job = node.job[n]
                asked.job[p], asked.slope_w[p] = job, 0.0
                p += 1
            asked.slope_w[p - 1] += moving
        for q in range(asked.first[r], p):
            asked.at[q], asked.beside[q], mean = _begin(waves, asked.job[q], r, steps)
            if mean > 1e-12:
                asked.slope_w[q] /= mean
            else:
                asked.still_w[r] += asked.slope_w[q]
                asked.slope_w[q] = 0.0
        if out[r] > 0.0:
            asked.efficiency[r] = direct_w / out[r]
    asked.first[rack.gpu.size] = p


@kernel(inline=True)
def asked_w(asked, activity, r, k):
    """Direct current of rack ``r`` in step ``k`` [W]."""
    power_w = asked.still_w[r]
    for p in range(asked.first[r], asked.first[r + 1]):
        row, at, beside = activity[asked.job[p]], asked.at[p] + k, asked.beside[p]
        power_w += asked.slope_w[p] * ((1.0 - beside) * row[at] + beside * row[at + 1])
    return power_w
