"""Series cut into windows aligned with the clock, and spells in which something holds."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.core.layout import Vec


@dataclass(frozen=True)
class Windows:
    """Clock-aligned windows of one length; the arrays have one entry a window in which anything was recorded."""

    start_s: Vec
    index: NDArray[np.int64]
    recorded_s: Vec
    complete: NDArray[np.bool_]

    def mean(self, series: Vec, duration_s: Vec) -> Vec:
        """Time-weighted mean of ``series`` in each window."""
        total = np.bincount(self.index, weights=series * duration_s, minlength=len(self.start_s))
        return np.asarray(total / self.recorded_s)


def clock_windows(time_s: Vec, duration_s: Vec, window_s: float, midnight_s: float) -> Windows:
    """Windows of ``window_s`` whose edges are whole multiples of it after local midnight.

    ``time_s`` are ends of records, ``duration_s`` their lengths, ``midnight_s`` the time from local midnight to the
    start. A window that the run covers only in part is not ``complete``.
    """
    middle = time_s - 0.5 * duration_s + midnight_s
    number = np.floor(middle / window_s).astype(np.int64)
    first = int(number[0])
    present, index = np.unique(number - first, return_inverse=True)
    recorded = np.bincount(index, weights=duration_s).astype(np.float64)
    start = ((present + first) * window_s - midnight_s).astype(np.float64)
    return Windows(start, index.astype(np.int64), recorded, recorded >= window_s * (1.0 - 1e-9))


class Spell(NamedTuple):
    """Records ``first`` to ``last`` (both counted in) in which something held."""

    first: int
    last: int


def spells(holds: NDArray[np.bool_], gap: int = 0) -> list[Spell]:
    """Unbroken runs of true records; runs parted by at most ``gap`` false records count as one."""
    where = np.flatnonzero(holds)
    if where.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(where) > gap + 1)
    firsts = np.concatenate(([where[0]], where[breaks + 1]))
    lasts = np.concatenate((where[breaks], [where[-1]]))
    return [Spell(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]
