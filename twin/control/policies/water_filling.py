"""Watts where they do most work: the bound that other policies are held against.

At every act it solves, exactly, how the work that is judged is greatest: the sum over servers of activity times the
speed kept at the power given, all servers of a synchronous training counted at the speed of its slowest, since the
others wait for it (`filling`); under the budget of every node of the electrical tree, which is its limit less a margin
and less all else that its meter shows (`headroom`). Speed is the measured table of the GPU type (`speed_curves`).
Proportional sharing, priorities, bands and quotas choose other points of the same problem, so that they lose more work
or as much, never less.

What bounds the bound: it knows no more than its telemetry. Natural power is what boards were seen to want (`natural`),
the greatest in a while, so it is high for what varies within a period, and late by a reading when load rises: whoever
is given natural power has no cap, and draws more than foreseen until it is read. The activity that weighs a server is
read off the same power, so it is that of its busiest moments. A policy that keeps no margin, or acts on a limit before
or after this one does, can lose less by chance: that is no better way to share. `margin`, `lead_s` and `hold_s` are the
same here as in `feed-limit` and `steering`. What is left of the hull is said in `filling`.

Such problems are surveyed by M. Patriksson, European J. Operational Research 185 (2008) 1; that a synchronous job wants
one speed, not one power: Lit Silicon (ISCA 2026, second-hand).
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.filling import Filling
from twin.control.policies.headroom import Headroom
from twin.control.policies.natural import Natural
from twin.control.policies.speed_curves import Curves, curves_of
from twin.control.policy import Commands, Fleet, Seen
from twin.core.layout import IVec, Vec

_LEAST_ACTIVITY = 0.01


@dataclass
class WaterFilling:
    """Share budgets of the whole tree so that most work is done: the bound for other policies."""

    every_s: float = 5.0
    margin: float = 0.005
    lead_s: float = 60.0
    hold_s: float = 60.0
    memory_s: float = 60.0
    _headroom: Headroom = field(init=False, repr=False)
    _natural: Natural = field(init=False, repr=False)
    _curves: Curves | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._headroom, self._natural = Headroom(self.margin, self.lead_s, self.hold_s), Natural(self.memory_s)

    def act(self, seen: Seen) -> Commands:
        """The caps that do most work under every budget."""
        fleet, natural_w = seen.fleet, self._natural.estimate(seen)
        if self._curves is None:
            self._curves = curves_of(fleet)
        weight, together = activity(fleet, natural_w), synchronous(seen)
        cap_w = Filling(fleet, self._curves, self._headroom.tree(seen), natural_w, weight, together).caps()
        return Commands(lift_free(cap_w, natural_w, fleet.gpu_max_w))


def activity(fleet: Fleet, natural_w: Vec) -> Vec:
    """Activity of a server's GPUs, from their natural power."""
    share = (natural_w - fleet.gpu_idle_w) / (fleet.gpu_max_w - fleet.gpu_idle_w)
    return np.clip(share, _LEAST_ACTIVITY, 1.0)


def synchronous(seen: Seen) -> IVec:
    """The job of each server if that is a training, which waits for its slowest server; else 0."""
    waits = np.array([job.kind == "training" for job in seen.jobs])
    return np.where(waits[seen.job], seen.job, 0)


def lift_free(cap_w: Vec, natural_w: Vec, top_w: Vec) -> Vec:
    """No cap for who is not held back: it would save nothing, and cost speed wherever power varies."""
    return np.where(cap_w >= natural_w * (1 - 1e-9), top_w, cap_w)
