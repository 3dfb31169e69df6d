"""Follow the utility's calls: down by tiers of flexibility within a ramp, hold, come back slowly.

Over ``ramp_s`` the load target falls in a straight line to the called limit, which it reaches ``lead_s`` before the
call begins; it holds until the end and then rises over ``rebound_s``, so that load does not spring back. Jobs give
speed in proportion to what each can do without (its flexibility: tiers of 0, 10, 25 and 50 %), so that a tier of 0 % is
not touched. Where all tiers together are not enough, `firm` takes the rest from everybody in proportion, and without it
the target is missed: the best-effort strategy. Outside calls it lifts all caps; join it with another policy to hold the
contract's limit.

P. Colangelo et al., Turning AI data centers into grid-interactive assets (Emerald AI, arXiv 2507.00909): 25 % less for
3 h, 15 min of ramp, on 256 A100, Phoenix 2025. Events have the fields of NVIDIA's NvGrid load targets (DPS
documentation): interval, feed, target, strategy.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.feed_limit import share_out
from twin.control.policies.headroom import Headroom
from twin.control.policies.loss import coefficients
from twin.control.policies.natural import Natural
from twin.control.policies.ranks import flexibility
from twin.control.policies.water_filling import lift_free
from twin.control.policy import Commands, Fleet, Notice, Seen
from twin.core.layout import Vec

_ROUNDS = 30


@dataclass
class DemandResponse:
    """Follow calls for less: ramp down by flexibility tiers, hold, rebound slowly."""

    every_s: float = 5.0
    ramp_s: float = 900.0
    lead_s: float = 60.0
    rebound_s: float = 900.0
    margin: float = 0.005
    hold_s: float = 60.0
    memory_s: float = 600.0
    firm: bool = True
    _headroom: Headroom = field(init=False, repr=False)
    _natural: Natural = field(init=False, repr=False)
    _calls: dict[Notice, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._headroom, self._natural = Headroom(self.margin, 0.0, self.hold_s), Natural(self.memory_s)

    def act(self, seen: Seen) -> Commands:
        """Caps that keep the load target, everything lifted where there is none."""
        natural_w, fleet = self._natural.estimate(seen), seen.fleet
        overhead_w = seen.least_limit_w(0.0) * (1 - self.margin) - float(self._headroom.metered(seen)[0])
        target_w = self._target(seen)
        if not np.isfinite(target_w):
            return Commands(fleet.gpu_max_w.copy())
        budget_w = target_w * (1 - self.margin) - overhead_w
        cap_w = self._by_tiers(fleet, natural_w, flexibility(seen), budget_w)
        return Commands(lift_free(cap_w, natural_w, fleet.gpu_max_w))

    def _target(self, seen: Seen) -> float:
        """The load target now [W]: the least over calls that are near, held or not long over."""
        now_s = seen.time_s
        for notice in seen.notices:
            near = now_s >= notice.from_s - self.lead_s - self.ramp_s and notice.limit_w < seen.contract_w
            if near and notice not in self._calls:
                self._calls[notice] = max(seen.feed_w, notice.limit_w), now_s
        target_w = np.inf
        for notice, (before_w, began_s) in list(self._calls.items()):
            if now_s >= notice.until_s + self.rebound_s:
                del self._calls[notice]
                continue
            share = 0.0
            there_s = notice.from_s - self.lead_s
            if now_s < there_s:
                share = (there_s - now_s) / (there_s - began_s)
            elif now_s > notice.until_s:
                share = (now_s - notice.until_s) / self.rebound_s
            target_w = min(target_w, notice.limit_w + share * (before_w - notice.limit_w))
        return target_w

    def _by_tiers(self, fleet: Fleet, natural_w: Vec, flexible: Vec, budget_w: float) -> Vec:
        """Caps at which every job gives the same part of what it can do without, and their sum fits."""
        low, high = 0.0, 1.0
        for _ in range(_ROUNDS):
            middle = 0.5 * (low + high)
            used_w = (fleet.gpus * self._at_loss(fleet, natural_w, middle * flexible)).sum()
            low, high = (middle, high) if used_w > budget_w else (low, middle)
        cap_w = self._at_loss(fleet, natural_w, high * flexible)
        if (fleet.gpus * cap_w).sum() > budget_w and self.firm:
            drawn_w: Vec = fleet.gpus * cap_w
            low_w = np.minimum(drawn_w, fleet.gpus * fleet.gpu_min_cap_w)
            cap_w = share_out(budget_w, drawn_w, low_w, drawn_w) / fleet.gpus
        return cap_w

    def _at_loss(self, fleet: Fleet, natural_w: Vec, lost: Vec) -> Vec:
        """Power of a GPU at which a share ``lost`` of its speed is lost; natural power where a cap alone costs more."""
        start, linear, quadratic = coefficients(fleet, natural_w)
        left = np.maximum(lost - start, 0.0)
        withheld = (np.sqrt(linear**2 + 4 * quadratic * left) - linear) / (2 * quadratic)
        return np.maximum(natural_w * (1 - withheld), np.minimum(fleet.gpu_min_cap_w, natural_w))
