"""Speed of a GPU under a power limit, from measured curves by natural power: a table that the hot loop interpolates.

A job's *natural* power is what it draws when nothing limits it. Two jobs under one limit lose differently: one that
draws all of the rating computes all the time, one that draws less waits for its host, memory or network meanwhile and
so hides part of a slower clock; jobs below half of the rating lose nothing until the limit is below what they draw. A
mean below the limit is no shield either, because power varies within the second. So measured speed is

    s = s(natural power / rating, limit / rating)

and not a function of power withheld alone [1]. Between measured points it is linear in both, hence monotone where the
points are. Below the least natural power measured, the ratio of limit to natural power counts; below the least limit
measured, speed falls in proportion to the limit, to 0 at none.

[1] You, Chung, Chowdhury, Zeus (NSDI '23): traces of V100 and A40, re-analysed in ``validation/zeus-power-cap``.
"""

from itertools import pairwise

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.core.quantity import Ratio, Spec

# Points of the hot loop's table are equally far apart: tenths and twelfths of the rating are among the limits.
NATURAL_STEPS, LIMIT_STEPS = 20, 60


class SpeedSpec(Spec):
    """Measured speed of a GPU type under a power limit, by natural power."""

    natural: tuple[Ratio, ...] = Field(min_length=1)
    """Natural powers over the rating, rising from above 0; beyond the last its row counts."""
    limit: tuple[Ratio, ...] = Field(min_length=1)
    """Power limits over the rating, rising from above 0, the last 100 %."""
    speed: tuple[tuple[Ratio, ...], ...]
    """Speed over speed without a limit: one row a natural power, one value a limit."""
    interval: tuple[float, float]
    """Least and greatest factor on the speed lost between which nine of ten jobs are believed to lie."""

    @model_validator(mode="after")
    def _monotone(self) -> "SpeedSpec":
        for name, values in (("natural", self.natural), ("limit", self.limit)):
            if list(values) != sorted(set(values)) or values[0] <= 0 or values[-1] > 1:
                raise ValueError(f"values of {name} must rise from above 0 to at most 100 %")
        if self.limit[-1] != 1 or len(self.speed) != len(self.natural):
            raise ValueError("the last limit must be 100 %, and speed needs one row for each natural power")
        for natural, row in zip(self.natural, self.speed, strict=True):
            if len(row) != len(self.limit) or list(row) != sorted(row) or row[-1] != 1:
                message = f"speed at natural power {natural:g} needs {len(self.limit)} values that rise to 100 %"
                raise ValueError(f"{message}, found {', '.join(f'{value:g}' for value in row)}")
        if any(more > less for lower, upper in pairwise(self.speed) for less, more in zip(lower, upper, strict=True)):
            raise ValueError("at the same limit, a job that draws more cannot be faster: rows of speed must not rise")
        if not 0 <= self.interval[0] <= 1 <= self.interval[1]:
            raise ValueError("the interval is of factors on the speed lost and must enclose 1")
        return self


def lost_table(spec: SpeedSpec) -> Vec:
    """Share of speed lost on even points of natural power and limit, both 0 to 1: [21, 61], for `speed_lost`."""
    limits, at = np.array([0.0, *spec.limit]), np.linspace(0.0, 1.0, LIMIT_STEPS + 1)
    rows = 1.0 - np.array([[0.0, *row] for row in spec.speed])
    table = np.empty((NATURAL_STEPS + 1, LIMIT_STEPS + 1))
    for i, natural in enumerate(np.linspace(0.0, 1.0, NATURAL_STEPS + 1)):
        row = np.array([np.interp(natural, spec.natural, column) for column in rows.T])
        reach = max(1.0, spec.natural[0] / natural) if natural > 0.0 else np.inf
        table[i] = np.interp(np.where(at > 0.0, at * reach, 0.0), limits, row) if np.isfinite(reach) else at <= 0.0
    return np.pad(table, ((0, 1), (0, 1)), mode="edge").ravel()


@kernel(inline=True)
def speed_lost(lost, natural, limit):
    """Share of speed lost by GPUs that want ``natural`` of their rating under ``limit`` of it, from a `lost_table`."""
    x, y = min(natural, 1.0) * NATURAL_STEPS, min(limit, 1.0) * LIMIT_STEPS
    i, j = int(x), int(y)
    x, y, at = x - i, y - j, i * (LIMIT_STEPS + 2) + j
    # Unsigned, since numba would ask of each index whether it counts from the end.
    less, more = lost[np.uintp(at)], lost[np.uintp(at + LIMIT_STEPS + 2)]
    less += y * (lost[np.uintp(at + 1)] - less)
    more += y * (lost[np.uintp(at + LIMIT_STEPS + 3)] - more)
    return less + x * (more - less)
