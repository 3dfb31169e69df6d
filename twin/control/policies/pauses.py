"""Which jobs a call pauses, and when they go on: as few as it takes, before it begins, and back one after another.

Jobs that can do without all of their speed are paused where caps on them are not enough, before any other tier is
touched: those of least priority first, among equals the largest. They are told so early that their checkpoints are
whole when the load must be down. After the call they go on one at a time, the last first, each when the load target has
room for what it drew before.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.control.policy import Seen
from twin.core.layout import IVec, Vec

_SETTLE_S = 60.0  # after a restore, until meters have shown what a job draws again


class _Known(NamedTuple):
    """What one GPU of each server of a job drew before its pause, and when it was last known to be away."""

    servers: IVec
    natural_w: Vec
    time_s: float


@dataclass
class Pauses:
    """Jobs told to pause, and those on their way back."""

    stagger_s: float  # from one job that goes on to the next
    _ordered: dict[int, _Known] = field(default_factory=dict)
    _returning: dict[int, _Known] = field(default_factory=dict)
    _last_s: float = -np.inf

    def expected(self, seen: Seen, natural_w: Vec) -> Vec:
        """``natural_w`` with what paused jobs draw now and those on their way back will draw."""
        away = seen.paused[seen.job]
        natural_w = np.where(away, np.maximum(seen.node_gpu_w / seen.fleet.gpus, 1.0), natural_w)
        for job, known in list(self._returning.items()):
            if seen.paused[job]:
                self._returning[job] = known._replace(time_s=seen.time_s)
            elif seen.time_s - known.time_s > _SETTLE_S:
                del self._returning[job]
            there = seen.job[known.servers] == job
            natural_w[known.servers] = np.where(
                there, np.maximum(natural_w[known.servers], known.natural_w), natural_w[known.servers]
            )
        return natural_w

    def down(self, seen: Seen, natural_w: Vec, budget_w: float) -> None:
        """Tell as many jobs to pause as it takes for boards to stay within ``budget_w`` by caps and pauses of them."""
        fleet = seen.fleet
        idle_w = np.minimum(fleet.gpu_idle_w, natural_w)
        free = np.array([job.flexibility >= 1.0 for job in seen.jobs])[seen.job]
        paused = np.isin(seen.job, list(self._ordered))
        least_w = np.where(free, np.minimum(fleet.gpu_min_cap_w, natural_w), natural_w)
        least_w = fleet.gpus * np.where(paused, idle_w, least_w)
        drawn_w = np.bincount(seen.job, weights=fleet.gpus * natural_w, minlength=len(seen.jobs))
        able = [
            j
            for j, job in enumerate(seen.jobs)
            if job.pausable and job.flexibility >= 1.0 and j not in self._ordered and drawn_w[j] > 0.0
        ]
        for j in sorted(able, key=lambda j: (seen.jobs[j].priority, -drawn_w[j])):
            if least_w.sum() <= budget_w:
                break
            own = np.flatnonzero(seen.job == j)
            least_w[own] = fleet.gpus[own] * idle_w[own]
            self._returning.pop(j, None)
            self._ordered[j] = _Known(own, natural_w[own], seen.time_s)

    def back(self, seen: Seen, natural_w: Vec, budget_w: float) -> None:
        """Let the last job that was paused go on, if ``budget_w`` has room for it beside all others uncapped."""
        if not self._ordered or seen.time_s - self._last_s < self.stagger_s:
            return
        job, known = next(reversed(self._ordered.items()))
        rise_w = seen.fleet.gpus[known.servers] * (known.natural_w - natural_w[known.servers])
        if (seen.fleet.gpus * natural_w).sum() + rise_w.sum() <= budget_w:
            del self._ordered[job]
            self._returning[job] = known._replace(time_s=seen.time_s)
            self._last_s = seen.time_s

    def orders(self, seen: Seen) -> NDArray[np.bool_]:
        """Which jobs shall be paused."""
        return np.isin(np.arange(len(seen.jobs)), list(self._ordered))
