"""Follow the utility's calls: down by tiers of flexibility within a ramp, hold, come back slowly.

Over ``ramp_s`` the load target falls in a straight line to the called limit, which it reaches ``lead_s`` before the
call begins; it holds until the end and then rises over ``rebound_s``, so that load does not spring back. Jobs give
speed in strict order of what they can do without, their flexibility (tiers of 50, 25, 10 and 0 % are published): a tier
gives nothing before the one above it has given all it can do without. A job that can do without everything is paused
where caps on it are not enough (`pauses`), ``pause_lead_s`` before it must be down, and goes on when the target has
room for it again. Where all tiers together are not enough, `firm` takes the rest, again in that order and from tier 0
last; without it the target is missed: the best-effort strategy. Outside calls it lifts all caps; join it with another
policy to hold the contract's limit.

P. Colangelo et al., Turning AI data centers into grid-interactive assets (Emerald AI, arXiv 2507.00909): 25 % less for
3 h, 15 min of ramp, on 256 A100, Phoenix 2025. Events have the fields of NVIDIA's NvGrid load targets (DPS
documentation): interval, feed, target, strategy. The order of tiers is this project's reading of "higher tiers first".
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.headroom import Headroom
from twin.control.policies.natural import Natural
from twin.control.policies.pauses import Pauses
from twin.control.policies.ranks import flexibility
from twin.control.policies.tiers import caps_by_tiers
from twin.control.policies.water_filling import lift_free
from twin.control.policy import Commands, Notice, Seen


@dataclass
class DemandResponse:
    """Follow calls for less: ramp down by flexibility tiers, hold, rebound slowly."""

    every_s: float = 5.0
    ramp_s: float = 900.0
    lead_s: float = 60.0
    rebound_s: float = 900.0
    margin: float = 0.005
    hold_s: float = 60.0
    memory_s: float = 60.0
    firm: bool = True
    pause_lead_s: float = 151.0
    """So long before jobs must be down they are told to pause: the longest checkpoint and the scheduler's latency."""
    stagger_s: float = 60.0
    """From one job that goes on after the call to the next."""
    _headroom: Headroom = field(init=False, repr=False)
    _natural: Natural = field(init=False, repr=False)
    _pauses: Pauses = field(init=False, repr=False)
    _calls: dict[Notice, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._headroom, self._natural = Headroom(self.margin, 0.0, self.hold_s), Natural(self.memory_s)
        self._pauses = Pauses(self.stagger_s)

    def act(self, seen: Seen) -> Commands:
        """Caps that keep the load target, everything lifted where there is none."""
        natural_w, fleet = self._pauses.expected(seen, self._natural.estimate(seen)), seen.fleet
        overhead_w = seen.least_limit_w(0.0) * (1 - self.margin) - float(self._headroom.metered(seen)[0])
        self._hear(seen)
        target_w = self._target(seen.time_s)
        budget_w = target_w * (1 - self.margin) - overhead_w
        ahead_w = self._ahead(seen)
        if np.isfinite(ahead_w):
            self._pauses.down(seen, natural_w, ahead_w * (1 - self.margin) - overhead_w)
        else:
            self._pauses.back(seen, natural_w, budget_w)
        pause = self._pauses.orders(seen)
        if not np.isfinite(target_w):
            return Commands(fleet.gpu_max_w.copy(), pause=pause)
        cap_w = caps_by_tiers(fleet, natural_w, flexibility(seen), budget_w, firm=self.firm)
        return Commands(lift_free(cap_w, natural_w, fleet.gpu_max_w), pause=pause)

    def _hear(self, seen: Seen) -> None:
        """Take note of calls whose ramp begins; forget those that are long over."""
        for notice in seen.notices:
            begins_s = notice.from_s - self.lead_s - self.ramp_s
            if seen.time_s >= begins_s and notice.limit_w < seen.contract_w and notice not in self._calls:
                self._calls[notice] = max(seen.feed_w, notice.limit_w), seen.time_s
        for notice in list(self._calls):
            if seen.time_s >= notice.until_s + self.rebound_s:
                del self._calls[notice]

    def _ahead(self, seen: Seen) -> float:
        """The least load target of calls that are not over within the lead of a pause [W]; infinite without any."""
        until_s = seen.time_s + self.pause_lead_s
        near = [n for n in seen.notices if n.from_s - self.lead_s <= until_s and n.limit_w < seen.contract_w]
        if not near and not any(notice.until_s > seen.time_s for notice in self._calls):
            return np.inf
        return min(self._target(seen.time_s), self._target(until_s), *(notice.limit_w for notice in near))

    def _target(self, time_s: float) -> float:
        """The load target then [W]: the least over calls that are near, held or not long over."""
        target_w = np.inf
        for notice, (before_w, began_s) in self._calls.items():
            share = 0.0
            there_s = notice.from_s - self.lead_s
            if time_s < there_s:
                share = (there_s - time_s) / (there_s - began_s)
            elif time_s > notice.until_s:
                share = (time_s - notice.until_s) / self.rebound_s
            target_w = min(target_w, notice.limit_w + share * (before_w - notice.limit_w))
        return target_w
