"""A job on its way: where its own clock stands, at which pace it goes, and what it asks for from now on.

A job advances by what its servers keep of their speed. Its clock counts seconds at full speed, and its pattern follows
the clock: under a cap that leaves 90 % of the speed, an iteration takes 11 % longer and so does the job. How fast it
was is known when a macro-step is over; its *pace* is what it shows until then. Its work is the integral of its pattern
over its clock.

A training that fails stands still until its restart, then goes on from its last checkpoint.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from twin.core.layout import Vec
from twin.drive.backfill import NEVER
from twin.drive.failures import Outage
from twin.drive.training import Training
from twin.drive.waveform import Waveform, activity

_ROUNDING_S = 1e-6


class Course(Protocol):
    """A job on its way; ticks are seconds of the run."""

    pace: float
    end: int

    @property
    def next_change(self) -> int:
        """The earliest tick at which it may change by itself: be done at its fastest, fail, be back."""
        ...

    def activity(self, first: int, last: int, per_tick: int = 1) -> Vec:
        """Mean activity in each of ``per_tick`` steps of the ticks from ``first`` up to ``last``."""
        ...

    def felt(self, end: int, ticks: int, kept: float) -> None:
        """It kept that share of its speed in the ``ticks`` before ``end``."""
        ...

    def turn(self, tick: int) -> str:
        """Let what is due at ``tick`` happen; returns it in words, or nothing."""
        ...

    def useful_s(self, tick: int) -> float:
        """What it has done by then, in seconds at full speed; NaN where that says nothing."""
        ...


@dataclass(eq=False)
class Pattern:
    """A job that follows a waveform from tick ``start`` on."""

    waveform: Waveform
    start: int
    end: int = NEVER
    lasts_s: float = np.inf
    """Own time after which it is done."""
    outages: Iterator[Outage] | None = None
    pace: float = 1.0
    _tick: int = field(init=False)
    _clock_s: float = field(init=False, default=0.0)
    _outage: Outage | None = field(init=False, default=None)
    _down: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._tick = self.start
        self._outage = None if self.outages is None else next(self.outages)

    def clock_s(self, tick: int) -> float:
        """Its own time then."""
        if self._down:
            return self._clock_s
        return self._clock_s + self.pace * max(min(tick, self.end) - self._tick, 0)

    @property
    def next_change(self) -> int:
        """The earliest tick at which it may be done, fail or be back."""
        due = NEVER
        if self._outage is not None:
            due = min(due, self._outage.last if self._down else self._outage.first)
        if np.isfinite(self.lasts_s) and not self._down:
            due = min(due, self._tick + max(1, int(np.ceil(self.lasts_s - self._clock_s - _ROUNDING_S))))
        return due

    def activity(self, first: int, last: int, per_tick: int = 1) -> Vec:
        """Mean activity in each step; 0 before its start, from its end on and while it is down."""
        shown = np.zeros(max(last - first, 0) * per_tick)
        begin, stop = max(first, self.start), min(last, self.end)
        if begin >= stop or self._down:
            return shown
        clock_s = max(self._clock_s + self.pace * (begin - self._tick), 0.0)
        piece = activity(self.waveform, begin - self.start, stop - begin, clock_s, self.pace, per_tick)
        shown[(begin - first) * per_tick : (stop - first) * per_tick] = piece
        return shown

    def felt(self, end: int, ticks: int, kept: float) -> None:
        """It kept that share of its speed in the ``ticks`` before ``end``."""
        if not self._down and end <= self.end:
            self._clock_s = self.clock_s(end - ticks) + kept * ticks
            self._tick, self.pace = end, kept

    def turn(self, tick: int) -> str:
        """End, fail or be back where that is due."""
        if not self._down and self.clock_s(tick) >= self.lasts_s - _ROUNDING_S:
            self.end = tick
            return "done"
        if self._outage is None or tick >= self.end:
            return ""
        if self._down and tick >= self._outage.last:
            self._down, self.pace, self._tick = False, 1.0, tick
            self._outage = None if self.outages is None else next(self.outages)
            return "trains again from its last checkpoint"
        if not self._down and tick >= self._outage.first:
            return self._fail(tick, self._outage.last)
        return ""

    def fail(self, tick: int) -> None:
        """Bring its next fault forward to ``tick``, if it is of those that fail."""
        if self._outage is not None and not self._down:
            self._outage = Outage(tick, tick + self._outage.last - self._outage.first)

    def _fail(self, tick: int, back: int) -> str:
        clock_s, kept_s = self.clock_s(tick), 0.0
        if isinstance(self.waveform, Training):
            kept_s = self.waveform.checkpoint_s(clock_s)
        self._down, self._clock_s, self._tick = True, kept_s, tick
        return f"a fault stops it: {clock_s - kept_s:.0f} s of work are to be done again, restart in {back - tick} s"

    def useful_s(self, tick: int) -> float:
        """Seconds at full speed by then; of a training without initialisation and waiting for checkpoints."""
        clock_s = self.clock_s(tick)
        return self.waveform.useful_s(clock_s) if isinstance(self.waveform, Training) else clock_s
