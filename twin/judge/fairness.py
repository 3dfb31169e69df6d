"""Fairness among jobs of one kind: Jain's index of the speed each kept.

J = (sum x)^2 / (n sum x^2) with x the work a job did over the work it asked for: 1 when all are slowed alike,
1/n when one job alone is served. [1]

[1] R. Jain, D. Chiu, W. Hawe, A quantitative measure of fairness, DEC Research Report TR-301 (1984).
"""

from collections import defaultdict

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.work import jobs


def jain(kept: Vec) -> float:
    """Jain's index of the shares ``kept``; 1 where nothing is to be shared."""
    square = float((kept**2).sum())
    return float(kept.sum()) ** 2 / (len(kept) * square) if square > 0.0 else 1.0


def fairness(tree: xr.DataTree) -> dict[str, float]:
    """Jain's index of each kind of job that has two or more jobs with work asked for."""
    kept: dict[str, list[float]] = defaultdict(list)
    for job in jobs(tree):
        if job.work.asked_gpu_s > 0.0:
            kept[job.kind].append(job.work.done_gpu_s / job.work.asked_gpu_s)
    return {kind: jain(np.array(shares)) for kind, shares in sorted(kept.items()) if len(shares) > 1}
