"""How fast jobs were: what their servers kept of their speed in a macro-step, and what waiting for the slowest costs.

A server that was asked for work of ``a`` seconds and lost ``l`` of them kept 1 - l / a. A job that is synchronous goes
as fast as the slowest of its servers that works at all, others as their GPUs do on average.
"""

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import IVec, Vec

_DEAD = 1e-9  # kept speed of a server that does nothing


@kernel(inline=True)
def _kept(asked_s, lost_s):
    return min(max(1.0 - lost_s / asked_s, 0.0), 1.0)


@kernel
def _pace(job, gpus, lost_s, seen_s, asked_s, synchronous, pace, weight, out):
    """Fill ``pace`` of each job, and servers that do nothing, from what each server lost since ``seen_s``."""
    pace[:] = 0.0
    weight[:] = 0.0
    out[:] = 0
    for j in range(pace.size):
        if synchronous[j]:
            pace[j] = 2.0
    for n in range(job.size):
        j = job[n]
        if asked_s[j] <= 0.0:
            continue
        kept = _kept(asked_s[j], lost_s[n] - seen_s[n])
        if kept <= _DEAD:
            out[j] += 1
        if not synchronous[j]:
            pace[j] += kept * gpus[n]
            weight[j] += gpus[n]
        elif kept > _DEAD:
            pace[j] = min(pace[j], kept)
    for j in range(pace.size):
        if asked_s[j] <= 0.0:
            pace[j] = 1.0
        elif synchronous[j]:
            pace[j] = pace[j] if pace[j] <= 1.0 else 0.0
        else:
            pace[j] = pace[j] / weight[j] if weight[j] > 0.0 else 1.0


@kernel
def _wait(job, gpus, node, seen_s, asked_s, synchronous, pace, waited):
    """Add to servers' lost work what they lose by waiting; ``waited`` of each job in GPU seconds."""
    waited[:] = 0.0
    for n in range(job.size):
        j = job[n]
        if synchronous[j] and asked_s[j] > 0.0:
            kept = _kept(asked_s[j], node.lost_total_s[n] - seen_s[n])
            if kept > pace[j] and kept > _DEAD:
                more_s = (kept - pace[j]) * asked_s[j]
                node.lost_total_s[n] += more_s
                node.lost[n] += more_s * gpus[n]
                waited[j] += more_s * gpus[n]


def paces(node, gpus: IVec, seen_s: Vec, asked_s: Vec, synchronous: IVec) -> tuple[Vec, Vec, IVec]:
    """Speed each job kept, the work [GPU seconds] its servers lost by waiting, and how many of them did nothing.

    What they lost by waiting is added to what they lost.

    ``node`` is a `NodeState`, ``seen_s`` [server] its lost time before, ``asked_s`` [job] what one GPU was asked for.
    """
    pace, waited, out = np.empty(asked_s.size), np.empty(asked_s.size), np.zeros(asked_s.size, np.int64)
    _pace(node.job, gpus, node.lost_total_s, seen_s, asked_s, synchronous, pace, waited, out)
    _wait(node.job, gpus, node, seen_s, asked_s, synchronous, pace, waited)
    return pace, waited, out
