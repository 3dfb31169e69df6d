"""Priorities of servers from the jobs on them; a server without a job comes last."""

import numpy as np

from twin.control.policy import Seen
from twin.core.layout import IVec, Vec


def priority(seen: Seen) -> IVec:
    """Priority of the job of each server; -1 where it has none."""
    return np.array([-1, *(job.priority for job in seen.jobs[1:])])[seen.job]


def flexibility(seen: Seen) -> Vec:
    """Share of its speed that the job of each server can do without; 1 where it has none."""
    return np.array([job.flexibility for job in seen.jobs])[seen.job]
