"""Two thresholds, two priorities, clocks locked out of band and a power brake: POLCA.

Load p over what is provisioned, at the feed, substations and boards above a server: above T1 = 0.80 jobs of low
priority go to the base clock; above T2 = 0.89 they go further down, and if that is not enough, jobs of high priority
follow; above 1 the power brake pulls everybody down. Steps are released 5 points below their threshold. The rule for
T2: the largest rise within one latency must still fit, T2 = 1/(1 + rise).

Where clocks can be locked (`control: clock`) a clock is sent as such; elsewhere as the greatest power a board draws at
it, idle + (rating - idle) (f/f_max)^e, under which light loads keep a higher clock than under a lock, at the same peak.

P. Patel, E. Choukse, C. Zhang et al., Characterizing power management opportunities for LLMs in the cloud, ASPLOS 2024
(thresholds and clocks of the A100 second-hand; the rule for T2 is derived). e = 2.32 fits a V100's matrix products.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.ranks import priority
from twin.control.policy import Commands, Seen
from twin.core.layout import IVec, Vec

_FREE, _FIRST, _SECOND, _BOTH = range(4)


@dataclass
class Polca:
    """Two-threshold clock caps by priority, with a power brake behind them."""

    every_s: float = 2.0
    first: float = 0.80
    second: float = 0.89
    hysteresis: float = 0.05
    low_first: float = 1275 / 1410  # clocks over the greatest: base clock of the A100
    low_second: float = 1110 / 1410
    high_second: float = 1305 / 1410
    exponent: float = 2.32
    wait_s: float = 40.0  # for a step to show before the next is taken: the latency of the path
    high_from: int = 2  # priority from which jobs are of high priority
    power_factor: float = 0.97
    brakes: int = field(default=0, init=False)
    _step: IVec | None = field(default=None, init=False, repr=False)
    _since_s: Vec | None = field(default=None, init=False, repr=False)
    _braked: np.ndarray | None = field(default=None, init=False, repr=False)

    def act(self, seen: Seen) -> Commands:
        """Clocks, or caps that stand for them, and the brake where the site has one."""
        fleet = seen.fleet
        if self._step is None or self._since_s is None or self._braked is None:
            n = fleet.gpus.size
            self._step, self._since_s, self._braked = np.zeros(n, int), np.full(n, -np.inf), np.zeros(n, bool)
        load = self._load(seen)
        self._take_steps(load, seen.time_s)
        over = load > 1.0
        self.brakes += int((over & ~self._braked).any())
        self._braked = over | (self._braked & (load >= self.second - self.hysteresis))
        share, free_w = self._shares(seen), fleet.gpu_max_w
        clock_mhz = share * fleet.clock_max_mhz if fleet.has_clock else None
        cap_w = free_w if fleet.has_clock else fleet.gpu_idle_w + (free_w - fleet.gpu_idle_w) * share**self.exponent
        if fleet.has_brake:
            return Commands(cap_w.copy(), self._braked.copy(), clock_mhz)
        return Commands(np.where(self._braked, fleet.gpu_min_cap_w, cap_w), None, clock_mhz)

    def _load(self, seen: Seen) -> Vec:
        """The greatest load over provision of the nodes above each server."""
        tree = seen.fleet.tree
        limit_w = np.minimum(tree.limit_w, tree.rating_va * self.power_factor)
        limit_w[0] = min(limit_w[0], seen.least_limit_w(0.0))
        load = seen.level_w / limit_w
        for level in range(1, int(tree.level.max()) + 1):
            own = tree.level == level
            load[own] = np.maximum(load[own], load[tree.parent[own]])
        return load[tree.leaf]

    def _take_steps(self, load: Vec, time_s: float) -> None:
        step, since_s = self._step, self._since_s
        assert step is not None and since_s is not None  # noqa: PT018
        shown = time_s - since_s >= self.wait_s
        wanted = step.copy()
        wanted[(load > self.first) & (step < _FIRST)] = _FIRST
        wanted[(load > self.second) & (step < _SECOND)] = _SECOND
        wanted[(load > self.second) & (step == _SECOND) & shown] = _BOTH
        wanted[(load < self.second - self.hysteresis) & (step > _FIRST)] = _FIRST
        wanted[load < self.first - self.hysteresis] = _FREE
        since_s[wanted != step] = time_s
        step[:] = wanted

    def _shares(self, seen: Seen) -> Vec:
        """Clock of each server over its greatest."""
        high = priority(seen) >= self.high_from
        clock_low = np.array([1.0, self.low_first, self.low_second, self.low_second])
        clock_high = np.array([1.0, 1.0, 1.0, self.high_second])
        share: Vec = np.where(high, clock_high[self._step], clock_low[self._step])
        return share
