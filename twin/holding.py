"""Which jobs are held back: servers of each under a cap or the power brake, counted only where that changes."""

import numpy as np

from twin.control.policy import Fleet
from twin.core.layout import IVec, Vec
from twin.plant.order import LONGEST_STEP


class Holding:
    """Server-seconds of each job under a cap below the rating of its boards, and under the brake."""

    def __init__(self, fleet: Fleet, jobs: int) -> None:
        self._rating_w, self._gpus = fleet.gpu_max_w, fleet.gpus
        self._now = np.zeros((2, jobs + 1))
        self._braked_gpus = 0.0
        self.seconds = np.zeros((2, jobs + 1))
        """Capped and braked server-seconds of every job since they were last taken."""
        self.braked = np.zeros(LONGEST_STEP)
        """GPUs under the brake in each second of the macro-step."""

    def look(self, job: IVec, cap_w: Vec, brake_w: Vec | None) -> None:
        """Count anew: the job, the cap and what the brake leaves (None without one) of each server."""
        braked = np.zeros(job.size, dtype=bool) if brake_w is None else np.isfinite(brake_w)
        for k, held in enumerate((cap_w < self._rating_w, braked)):
            self._now[k] = np.bincount(job[held], minlength=self._now.shape[1])
        self._braked_gpus = float(self._gpus[braked].sum())

    def last(self, first: int, ticks: int) -> None:
        """Let it be so for the seconds ``first`` up to ``ticks`` of the macro-step."""
        self.seconds += (ticks - first) * self._now
        self.braked[first:ticks] = self._braked_gpus

    def take(self) -> Vec:
        """What has gathered, which starts over."""
        taken, self.seconds = self.seconds, np.zeros_like(self.seconds)
        return taken
