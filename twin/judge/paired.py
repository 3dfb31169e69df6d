"""Whether a difference between policies is larger than the noise: runs on the same seeds, compared in pairs.

Runs that share site, scenario and seed see the same silicon, jobs and weather, so their difference has only what the
policies did and not what the seeds drew. With n seeds the mean difference has the interval of Student's t with n - 1
degrees of freedom, mean +- t s/sqrt(n), at 95 %. One seed gives a difference and no interval.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from twin.core.layout import Vec

CONFIDENCE = 0.95


class Difference(NamedTuple):
    """A mean difference with its interval; the ends are NaN where one pair is all there is."""

    mean: float
    low: float
    high: float
    pairs: int

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out 0: the difference is larger than the noise."""
        return bool(self.low > 0.0 or self.high < 0.0)


def difference(one: Vec, other: Vec) -> Difference:
    """The difference ``one - other`` of figures that belong together in pairs."""
    apart = np.asarray(one, float) - np.asarray(other, float)
    mean, count = float(apart.mean()), len(apart)
    if count < 2:
        return Difference(mean, np.nan, np.nan, count)
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, count - 1) * apart.std(ddof=1) / np.sqrt(count))
    return Difference(mean, mean - half, mean + half, count)


def pareto(cost: Vec, gain: Vec) -> list[int]:
    """Indices of the entries that no other beats: less or equal cost with more gain, or less cost with as much."""
    return [
        i
        for i in range(len(cost))
        if not any(
            cost[k] <= cost[i] and gain[k] >= gain[i] and (cost[k] < cost[i] or gain[k] > gain[i])
            for k in range(len(cost))
        )
    ]
