"""Hold the feed and every substation under the limit in force by sharing it in proportion to demand.

What boards may draw is the limit less everything else at the meter (the *overhead*: cooling, losses, other
parts), read at one instant and held at its greatest over `hold_s`, since it follows the boards with the
thermal delay of the cooling. It is shared as

    p_i = low_i + (d_i - low_i) (B - sum low) / sum (d - low)

with d_i the demand and low_i the least cap: everybody gets the same part of what is asked beyond that, so Jain's index
of these parts is 1, whatever the mix. Where there is more than all ask for, the rest is shared in proportion to what is
left to the rating, so that a job that starts is not held back without need. A substation that is tighter than the feed
shares its own budget so, and what it leaves of the feed's is for the others. Caps never exceed what may be drawn
together, whatever jobs do until the next act. Demand is the peak of what a server's boards drew over the last
readings, or their rating where they press against their cap. A limit that is announced is obeyed `lead_s` early. The
proportional rule is the one power-capping practice starts from; Wang and Chen (HPCA 2008) and Meta's Dynamo (ISCA 2016)
refine it.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.headroom import Headroom
from twin.control.policy import Commands, Fleet, Seen
from twin.core.layout import Vec

_PRESSING = 0.97  # of its cap: a server that draws more may want any amount


@dataclass
class FeedLimit:
    """Share the limit in force among servers in proportion to demand."""

    every_s: float = 5.0
    margin: float = 0.005
    lead_s: float = 60.0
    hold_s: float = 60.0
    memory_s: float = 60.0
    _headroom: Headroom = field(init=False, repr=False)
    _demand_w: Vec | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._headroom = Headroom(self.margin, self.lead_s, self.hold_s)

    def act(self, seen: Seen) -> Commands:
        """Caps whose sum stays within what feed and substations leave for GPU boards."""
        fleet = seen.fleet
        top_w, low_w = fleet.gpus * fleet.gpu_max_w, fleet.gpus * fleet.gpu_min_cap_w
        demand_w = np.maximum(self._demand(seen, top_w), low_w)
        budget_w = self._headroom.metered(seen)
        levels = level_of_each(fleet, budget_w, low_w, demand_w, top_w)
        return Commands(at_level(levels, low_w, demand_w, top_w) / fleet.gpus)

    def _demand(self, seen: Seen, top_w: Vec) -> Vec:
        wanted_w = np.maximum(seen.node_gpu_w, 1.0)
        pressing = seen.node_gpu_w > _PRESSING * seen.fleet.gpus * seen.cap_w
        np.copyto(wanted_w, top_w, where=pressing)
        if self._demand_w is not None:
            self._demand_w *= np.exp(-self.every_s / self.memory_s)
            np.maximum(wanted_w, self._demand_w, out=wanted_w)
        self._demand_w = np.minimum(wanted_w, top_w, out=wanted_w)
        return self._demand_w


def at_level(level: Vec | float, low_w: Vec, demand_w: Vec, top_w: Vec) -> Vec:
    """Power between least and demand at levels from 0 to 1, between demand and rating from 1 to 2."""
    share_w: Vec = low_w + np.minimum(level, 1.0) * (demand_w - low_w)
    return share_w + np.maximum(level - 1.0, 0.0) * (top_w - demand_w)


def share_out(budget_w: float, demand_w: Vec, low_w: Vec, top_w: Vec) -> Vec:
    """``budget_w`` in proportion to demand between ``low_w`` and ``top_w``, or the nearest bound where it is beyond."""
    demand_w = np.clip(demand_w, low_w, top_w)
    level = _level(budget_w, float(low_w.sum()), float(demand_w.sum()), float(top_w.sum()))
    return at_level(level, low_w, demand_w, top_w)


def level_of_each(fleet: Fleet, budget_w: Vec, low_w: Vec, demand_w: Vec, top_w: Vec) -> Vec:
    """The level of each server: one for all, but where a substation has less.

    ``budget_w`` is of the feed and of each substation.
    """
    sums = [np.append(fleet.by_substation(w), 0.0) for w in (low_w, demand_w, top_w)]
    for total, w in zip(sums, (low_w, demand_w, top_w), strict=True):
        total[-1] = max(float(w.sum()) - float(total.sum()), 0.0)  # those below no substation
    own = np.array([_level(b, *each) for b, *each in zip(np.append(budget_w[1:], np.inf), *sums, strict=True)])
    tight = np.zeros(own.size, bool)
    common = 2.0
    for _ in range(own.size):
        left_w = budget_w[0] - at_level(own, *sums)[tight].sum()
        common = _level(left_w, *(float(total[~tight].sum()) for total in sums))
        if not (more := ~tight & (own < common)).any():
            break
        tight |= more
    each = np.full(low_w.size, common)
    for servers, level in zip(fleet.substations, own, strict=False):
        each[servers] = min(level, common)
    return each


def _level(budget_w: float, low_w: float, demand_w: float, top_w: float) -> float:
    """The level at which sums of least, demand and rating make ``budget_w``, from 0 to 2."""
    if budget_w >= top_w:
        return 2.0
    if budget_w >= demand_w:
        return 1.0 + (budget_w - demand_w) / max(top_w - demand_w, 1e-9)
    return max(budget_w - low_w, 0.0) / max(demand_w - low_w, 1e-9)
