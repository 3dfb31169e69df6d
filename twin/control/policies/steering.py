"""Watts steered between jobs: one speed within a synchronous job, the rest to where it does most work.

A synchronous training goes at the pace of its slowest GPU, so within one every board gives the same share of its
natural power: leaders give watts to stragglers. Between jobs watts go where one more does most work, as in
water-filling; a job that a tight part of the tree holds back gives what it cannot use elsewhere to others.

Lit Silicon (ISCA 2026): lowering leaders costs no throughput, moving their power to the
straggler gains it; reservations that are not used are steered to others by NVIDIA's Power Reservation Steering (DPS
documentation). The first is second-hand.
"""

from dataclasses import dataclass

import numpy as np

from twin.control.policies.water_filling import WaterFilling, activity, fill
from twin.control.policy import Fleet, Seen
from twin.core.layout import IVec, Vec


@dataclass
class Steering(WaterFilling):
    """Equal speed within synchronous jobs, watts between jobs to where they do most work."""

    every_s: float = 10.0
    passes: int = 3

    def _caps(self, seen: Seen, natural_w: Vec) -> Vec:
        fleet = seen.fleet
        below, budget_w = self._budgets(seen)
        synchronous = np.array([job.kind == "training" for job in seen.jobs])[seen.job]
        weight = _equal_speed_weight(fleet, natural_w, seen.job, synchronous)
        ceiling_w = natural_w.copy()
        for _ in range(self.passes):
            cap_w = fill(fleet, below, budget_w, natural_w, weight, ceiling_w)
            slowest_w = _pace(cap_w / natural_w, seen.job, synchronous) * natural_w
            if (slowest_w > cap_w * (1 - 1e-3)).all():
                break
            # What part of a job cannot use while it waits for the rest of it is for others.
            ceiling_w = np.where(synchronous, np.maximum(slowest_w, 1.0), natural_w)
        return np.minimum(cap_w, np.maximum(slowest_w, np.minimum(fleet.gpu_min_cap_w, natural_w)))


def _equal_speed_weight(fleet: Fleet, natural_w: Vec, job: IVec, synchronous: np.ndarray) -> Vec:
    """Worth of a GPU's speed: its activity; in a synchronous job in proportion to power, so that all give one share."""
    weight = activity(fleet, natural_w)
    count = int(job.max()) + 1
    worth = np.bincount(job, weights=fleet.gpus * weight, minlength=count)
    power_w = np.bincount(job, weights=fleet.gpus * natural_w, minlength=count)
    per_watt = worth / np.maximum(power_w, 1.0)
    return np.where(synchronous, per_watt[job] * natural_w, weight)


def _pace(share: Vec, job: IVec, synchronous: np.ndarray) -> Vec:
    """Share of its natural power each server gets, in a synchronous job the least of the job's."""
    least = np.full(int(job.max()) + 1, np.inf)
    np.minimum.at(least, job, share)
    return np.where(synchronous, least[job], share)
