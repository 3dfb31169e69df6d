"""Meters between the plant and a policy: readings at a period, shown after a delay."""

from collections import deque
from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec


class Reading(NamedTuple):
    """What a meter read at the end of a tick."""

    tick: int
    values: tuple[Vec, ...]


class Meter:
    """Keeps readings until they are old enough to be seen."""

    def __init__(self, period: int, delay: int) -> None:
        self.period, self.delay = max(1, period), delay
        self._kept: deque[Reading] = deque()

    def due(self, tick: int) -> bool:
        """Whether the meter reads at ``tick``."""
        return tick % self.period == 0

    def read(self, tick: int, *values: Vec) -> None:
        """Take a reading at ``tick``; the meter keeps its own copy."""
        self._kept.append(Reading(tick, tuple(np.array(value, dtype=float) for value in values)))

    def seen(self, tick: int) -> Reading:
        """The newest reading that is old enough at ``tick``; at the start of a run the first one."""
        while len(self._kept) > 1 and self._kept[1].tick + self.delay <= tick:
            self._kept.popleft()
        return self._kept[0]

    def at(self, tick: int) -> Reading:
        """The kept reading nearest before ``tick``, for values read together with another meter's."""
        best = self._kept[0]
        for reading in self._kept:
            if reading.tick <= tick:
                best = reading
        return best
