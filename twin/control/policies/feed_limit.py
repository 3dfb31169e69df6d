"""Hold the feed and every substation under the limit in force by sharing it in proportion to demand.

What boards may draw is the limit less everything else at the meter (the *overhead*: cooling, losses, other
parts), read at one instant and held at its greatest over `hold_s`, since it follows the boards with the
thermal delay of the cooling. It is shared as caps, cap_i = clip(s d_i, least, rating) with one factor s, so
the caps together never exceed what may be drawn, whatever the jobs do until the next act. Demand d_i is the
peak of what a server's boards drew over the last readings, or their rating where they press against their cap.
A limit that is announced is obeyed `lead_s` early. The proportional rule is the one power-capping practice
starts from; Wang and Chen (HPCA 2008) and Meta's Dynamo (ISCA 2016) refine it.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.headroom import Headroom
from twin.control.policy import Commands, Seen
from twin.core.layout import Vec

_PRESSING = 0.97  # of its cap: a server that draws more may want any amount
_ROUNDS, _CLOSE = 60, 1e-6


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
        demand_w = self._demand(seen, top_w)
        site_w, *substations_w = self._headroom.metered(seen)
        share_w = share_out(site_w, demand_w, low_w, top_w)
        drawn_w = fleet.by_substation(share_w)
        for k, budget_w in enumerate(substations_w):
            if drawn_w[k] > budget_w:
                own = fleet.substations[k]
                share_w[own] = share_out(budget_w, demand_w[own], low_w[own], top_w[own])
        return Commands(share_w / fleet.gpus)

    def _demand(self, seen: Seen, top_w: Vec) -> Vec:
        wanted_w = np.maximum(seen.node_gpu_w, 1.0)
        pressing = seen.node_gpu_w > _PRESSING * seen.fleet.gpus * seen.cap_w
        np.copyto(wanted_w, top_w, where=pressing)
        if self._demand_w is not None:
            self._demand_w *= np.exp(-self.every_s / self.memory_s)
            np.maximum(wanted_w, self._demand_w, out=wanted_w)
        self._demand_w = np.minimum(wanted_w, top_w, out=wanted_w)
        return self._demand_w


def share_out(budget_w: float, demand_w: Vec, low_w: Vec, top_w: Vec) -> Vec:
    """clip(s d, low, top) with the factor s for which it sums to ``budget_w``, or the nearest bound where none does."""
    if top_w.sum() <= budget_w:
        return top_w.copy()
    if low_w.sum() >= budget_w:
        return low_w.copy()
    least, most = 0.0, float((top_w / demand_w).max())
    factor = budget_w / demand_w.sum()
    for _ in range(_ROUNDS):
        share_w = np.minimum(np.maximum(factor * demand_w, low_w), top_w)
        excess_w = share_w.sum() - budget_w
        if abs(excess_w) < _CLOSE * budget_w:
            break
        least, most = (least, factor) if excess_w > 0 else (factor, most)
        # Not a dot product: BLAS would wake threads of its own beside the solver's.
        slope_w = (demand_w * ((share_w > low_w) & (share_w < top_w))).sum()
        factor = factor - excess_w / slope_w if slope_w > 0 else least
        # Newton's step, or half the bracket where all stand at a bound or the step leaves it.
        if not least < factor < most:
            factor = 0.5 * (least + most)
    return share_w
