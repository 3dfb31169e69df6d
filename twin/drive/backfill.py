"""First come, first served, with EASY backfilling: who starts now, and on which nodes.

Jobs wait in the order of priority, then of arrival. Those at the front start while they fit. The first that does not
is promised the nodes that are free earliest; a later job may start at once if it ends before that promise falls due,
or touches none of the promised nodes. So no job is ever delayed by one behind it, as far as run times are known. [1]

Nodes are taken first-fit in site order, promised ones last.

[1] D. Lifka, The ANL/IBM SP scheduling system, JSSPP 1995; A. Mu'alem, D. Feitelson, IEEE Trans. Parallel and
    Distributed Systems 12 (2001) 529.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.core.layout import IVec

NEVER = np.iinfo(np.int64).max
"""The end of a job that outlasts the run."""


class Waiting(NamedTuple):
    """A job in the queue."""

    allowed: NDArray[np.bool_]
    """Nodes it may run on."""
    nodes: int
    """Nodes it needs."""
    ticks: int
    """How long it is said to run."""
    priority: int
    """Greater goes first."""
    since: int
    """When it was submitted."""


class Start(NamedTuple):
    """A job that starts now: its place in the list of those waiting, and its nodes."""

    job: int
    nodes: IVec


def starts(now: int, waiting: list[Waiting], free_at: IVec) -> list[Start]:
    """What starts at tick ``now``; ``free_at`` [node] is when each node is free, now or earlier for idle ones.

    ``free_at`` is overwritten with the ends of the jobs that start.
    """
    found: list[Start] = []
    promised, due = np.zeros(free_at.size, dtype=np.bool_), NEVER
    is_promised, idle = False, int(np.count_nonzero(free_at <= now))
    for i in sorted(range(len(waiting)), key=lambda k: (-waiting[k].priority, waiting[k].since, k)):
        job = waiting[i]
        if is_promised and job.nodes > idle:
            continue
        end = job.ticks + now if job.ticks < NEVER - now else NEVER
        free = np.flatnonzero(job.allowed & (free_at <= now))
        if end > due:
            free = free[~promised[free]]
        if free.size >= job.nodes:
            nodes = np.sort(free[np.argsort(promised[free], kind="stable")][: job.nodes])
            free_at[nodes] = end
            idle -= job.nodes
            found.append(Start(i, nodes))
        elif not is_promised:
            promised, due = _promise(job, free_at)
            is_promised = bool(promised.any())
    return found


def _promise(job: Waiting, free_at: IVec) -> tuple[NDArray[np.bool_], int]:
    """The nodes that ``job`` will get, and when; none where it can never run."""
    allowed = np.flatnonzero(job.allowed)
    promised = np.zeros(free_at.size, dtype=np.bool_)
    if allowed.size < job.nodes:
        return promised, NEVER
    first = allowed[np.argsort(free_at[allowed], kind="stable")][: job.nodes]
    promised[first] = True
    return promised, int(free_at[first].max())
