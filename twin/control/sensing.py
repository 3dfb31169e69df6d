"""Meters between the plant and a policy: means over a window at a period, shown after a delay, wrong by a gain.

Power meters of GPU boards are off by up to 5 % each, one way or the other for good, and see 25 ms of every 100 ms;
the means of a second are what the twin resolves [1]. A reading that is missed leaves its last value, with its age.

[1] Z. Yang, K. Adamek and W. Armour, Part-time power measurements: nvidia-smi's lack of attention, SC'24.
"""

from collections import deque
from math import ceil
from typing import NamedTuple, Protocol

import numpy as np

from twin.control.chance import Chance
from twin.core.layout import Vec


class Gauges(Protocol):
    """Where meters are attached: each gives what it would read of the last second, arrays with an entry a thing."""

    def servers(self) -> tuple[Vec, ...]:
        """Power at the inlet and of the GPU boards of each server [W]."""
        ...

    def boards(self) -> tuple[Vec, ...]:
        """Power [W] at nodes of the electrical tree that are neither feed nor substation."""
        ...

    def racks(self) -> tuple[Vec, ...]:
        """Power [W] and hottest die [degC] of each rack."""
        ...

    def coolant(self) -> tuple[Vec, ...]:
        """Coolant flow [kg/s] and supply temperature [degC] of each CDU."""
        ...


class Reading(NamedTuple):
    """What a meter read at the end of a tick."""

    tick: int
    values: tuple[Vec, ...]
    age: Vec  # ticks that each thing's values are older; an entry a thing, or one for all


_FRESH = np.zeros(1)


class Meter:
    """Reads at a period and keeps readings until they are old enough to be seen.

    ``gain`` is what each of the values read is multiplied by, None for nothing; ``dropout`` the probability that a
    thing is missed in a reading, decided by ``chance``.
    """

    def __init__(
        self, period: int, delay: int, window_s: float = 1.0, gain: tuple[Vec | None, ...] = (),
        dropout: float = 0.0, chance: Chance | None = None,
    ) -> None:  # fmt: skip
        self.period, self.delay = max(1, period), delay
        self._window = min(self.period, max(1, ceil(window_s)))
        self._gain, self._dropout, self._chance = gain, dropout, chance
        self._kept: deque[Reading] = deque()
        self._sums: list[Vec] | None = None
        self._looks = 0

    def due(self, tick: int) -> bool:
        """Whether the meter reads at ``tick``."""
        return tick % self.period == 0

    def looks(self, tick: int) -> bool:
        """Whether the second that ends at ``tick`` belongs to the window of a reading."""
        return (tick - 1) % self.period >= self.period - self._window

    def next_look(self, tick: int) -> int:
        """The next tick after ``tick`` at which it must look."""
        next_due = (tick // self.period + 1) * self.period
        return max(tick + 1, next_due - self._window + 1)

    def read(self, tick: int, *values: Vec) -> None:
        """Look at ``values`` at ``tick``, and take a reading if one is due; the meter keeps its own copies."""
        if self._sums is None:
            self._sums = [np.array(value, dtype=float) for value in values]
        else:
            for total, value in zip(self._sums, values, strict=True):
                total += value
        self._looks += 1
        if self.due(tick):
            for total in self._sums if self._looks > 1 else ():
                total /= self._looks
            for total, gain in zip(self._sums, self._gain, strict=False):
                if gain is not None:
                    total *= gain
            self._keep(tick, tuple(self._sums))
            self._sums, self._looks = None, 0

    def _keep(self, tick: int, values: tuple[Vec, ...]) -> None:
        age = _FRESH
        if self._dropout and self._chance is not None and self._kept:
            last = self._kept[-1]
            missed = self._chance.at(tick, values[0].size) < self._dropout
            for value, old in zip(values, last.values, strict=True):
                np.copyto(value, old, where=missed)
            age = np.where(missed, last.age + (tick - last.tick), 0.0)
        self._kept.append(Reading(tick, values, age))

    def seen(self, tick: int) -> Reading:
        """The newest reading that is old enough at ``tick``; at the start of a run the first one."""
        return self.at(tick - self.delay)

    def at(self, tick: int) -> Reading:
        """The newest kept reading of ``tick`` or before, else the oldest kept."""
        for reading in reversed(self._kept):
            if reading.tick <= tick:
                return reading
        return self._kept[0]

    def forget(self, tick: int) -> None:
        """Drop readings that nobody will ask for who asks for ``tick`` or later."""
        while len(self._kept) > 1 and self._kept[1].tick <= tick:
            self._kept.popleft()
