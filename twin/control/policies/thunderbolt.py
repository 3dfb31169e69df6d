"""Randomised un-throttling, multiplicative decrease: Google's Thunderbolt.

Of each metered limit, every second: at 98 % or more, throughput tasks fall to a hundredth of their quota at once (the
hard multiplier); from 96 % on, while active, they fall by a quarter; below that every host waits for a time of its own
from 1 to 10 s and then takes 5 % more, again and again. Below 90 % it is no longer active. A meter that is silent
makes it jail tasks at a fifth. Random waits keep hosts from rising together and crossing the limit again.

S. Li, X. Wang, X. Zhang et al., Thunderbolt: throughput-optimized, quality-of-service-aware power capping at scale,
OSDI 2020 (constants second-hand, as another implementation quotes its table 2). A quota u of CPU time is a cap here:
least cap + u (rating - least cap).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.control.policies.ranks import priority
from twin.control.policy import Commands, Seen
from twin.core.layout import Vec


@dataclass
class Thunderbolt:
    """Cut throughput jobs hard and at once, let them come back at random times."""

    every_s: float = 1.0
    high: float = 0.98
    low: float = 0.96
    inactive_below: float = 0.90
    hard: float = 0.01
    soft: float = 0.75
    least: float = 0.01
    wait_min_s: float = 1.0
    wait_max_s: float = 10.0
    rise: float = 0.05
    jail: float = 0.2
    silent_s: float = 10.0
    spared_from: int = 2  # jobs of this priority and above serve people and are left alone
    seed: int = 0
    _quota: Vec | None = field(default=None, init=False, repr=False)
    _due_s: Vec | None = field(default=None, init=False, repr=False)
    _active: NDArray[np.bool_] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.wait_min_s <= self.wait_max_s:
            raise ValueError(f"waits go from {self.wait_min_s:g} s to {self.wait_max_s:g} s, which is backwards")
        self._chance = np.random.Generator(np.random.Philox(key=self.seed))

    def act(self, seen: Seen) -> Commands | None:
        """Caps from quotas; None while nothing changes."""
        fleet, n = seen.fleet, seen.fleet.gpus.size
        if self._quota is None or self._due_s is None or self._active is None:
            self._quota, self._due_s = np.ones(n), np.full(n, np.inf)
            self._active = np.zeros(1 + len(fleet.substations), bool)
        before = self._quota.copy()
        held = priority(seen) < self.spared_from
        factor = self._factors(seen)
        rising = np.isinf(factor)
        np.copyto(self._quota, np.maximum(self.least, before * np.where(rising, 1.0, factor)), where=held)
        if seen.time_s - seen.feed_time_s > self.silent_s:
            np.minimum(self._quota, self.jail, out=self._quota, where=held)
            rising[:] = False
        self._rise(seen.time_s, rising & held)
        if np.array_equal(before, self._quota) and seen.time_s > 0:
            return None
        return Commands(fleet.gpu_min_cap_w + self._quota * (fleet.gpu_max_w - fleet.gpu_min_cap_w))

    def _factors(self, seen: Seen) -> Vec:
        """What each server's quota is multiplied by: the least of what its meters ask for; infinity to rise."""
        assert self._active is not None
        load = np.array([seen.feed_w / seen.least_limit_w(0.0), *(seen.substation_w / seen.substation_limit_w)])
        self._active = (self._active & (load >= self.inactive_below)) | (load >= self.high)
        soft = np.where(self._active, self.soft, 1.0)
        asked = np.where(load >= self.high, self.hard, np.where(load >= self.low, soft, np.inf))
        factor = np.full(seen.fleet.gpus.size, asked[0])
        for own, of in zip(seen.fleet.substations, asked[1:], strict=True):
            factor[own] = np.minimum(factor[own], of)
        return factor

    def _rise(self, time_s: float, rising: NDArray[np.bool_]) -> None:
        """Let hosts whose wait is over take more; those that may begin to wait draw their time."""
        quota, due_s = self._quota, self._due_s
        assert quota is not None and due_s is not None  # noqa: PT018
        below = rising & (quota < 1.0)
        np.copyto(due_s, np.inf, where=~below)
        over = below & (due_s <= time_s)
        np.minimum(1.0, quota + self.rise, out=quota, where=over)
        draws = below & (np.isinf(due_s) | over) & (quota < 1.0)
        due_s[draws] = time_s + self._chance.uniform(self.wait_min_s, self.wait_max_s, int(draws.sum()))
