"""A job on its way: where its own clock stands, at which pace it goes, and what it asks for from now on.

A job advances by what its servers keep of their speed. Its clock counts seconds at full speed, and its pattern follows
the clock: under a cap that leaves 90 % of the speed, an iteration takes 11 % longer and so does the job. How fast it
was is known when a macro-step is over; its *pace* is what it shows until then. Its work is the integral of its pattern
over its clock.

A training that fails stands still until its restart, then goes on from its last checkpoint. A job that is paused
(`pause`) stands still too, and its state is a checkpoint; faults come by the time its processes are there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from twin.core.layout import Vec
from twin.drive.backfill import NEVER
from twin.drive.failures import Outage
from twin.drive.pause import Halt, Phase
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

    def paused_s(self, tick: int) -> float:
        """Seconds it was paused by then."""
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
    halt: Halt = field(default_factory=Halt)
    pace: float = 1.0
    _tick: int = field(init=False)
    _clock_s: float = field(init=False, default=0.0)
    _saved_s: float = field(init=False, default=0.0)
    _outage: Outage | None = field(init=False, default=None)
    _down: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._tick = self.start
        self._outage = self._next_outage()

    def _next_outage(self) -> Outage | None:
        """The next fault; time held does not count."""
        if self.outages is None:
            return None
        first, last = next(self.outages)
        return (
            Outage(first + self.halt.held_ticks, last + self.halt.held_ticks) if first < NEVER else Outage(first, last)
        )

    @property
    def _stands(self) -> bool:
        return self._down or self.halt.is_on

    @property
    def _waiting(self) -> float:
        """Activity while it is down."""
        spec = self.waveform.spec.failures if isinstance(self.waveform, Training) else None
        return 0.0 if spec is None else spec.waiting

    def clock_s(self, tick: int) -> float:
        """Its own time then."""
        if self._stands:
            return self._clock_s
        return self._clock_s + self.pace * max(min(tick, self.end) - self._tick, 0)

    @property
    def next_change(self) -> int:
        """The earliest tick at which it may be done, fail, be back, or have saved or restored its state."""
        due = self.halt.until
        if self._outage is not None and self.halt.phase is not Phase.HELD:
            due = min(due, self._outage.last if self._down else self._outage.first)
        if np.isfinite(self.lasts_s) and not self._stands:
            due = min(due, self._tick + max(1, int(np.ceil(self.lasts_s - self._clock_s - _ROUNDING_S))))
        return due

    def activity(self, first: int, last: int, per_tick: int = 1) -> Vec:
        """Mean activity in each step; 0 before its start and from its end on."""
        return self._shown(first, last, per_tick, standing=self.halt.activity if self.halt.is_on else None)

    def withheld(self, first: int, last: int) -> Vec:
        """Mean activity in each tick that a pause withholds: what it would ask for, less what it does."""
        return np.maximum(self._shown(first, last, 1, standing=None) - self.activity(first, last), 0.0)

    def _shown(self, first: int, last: int, per_tick: int, standing: float | None) -> Vec:
        """Its pattern from where its clock stands, or ``standing`` where it stands still."""
        shown = np.zeros(max(last - first, 0) * per_tick)
        begin, stop = max(first, self.start), min(last, self.end)
        if begin >= stop:
            return shown
        within = slice((begin - first) * per_tick, (stop - first) * per_tick)
        if self._down:
            standing = self._waiting
        if standing is not None:
            shown[within] = standing
            return shown
        clock_s = max(self._clock_s + self.pace * (begin - self._tick), 0.0)
        shown[within] = activity(self.waveform, begin - self.start, stop - begin, clock_s, self.pace, per_tick)
        return shown

    def felt(self, end: int, ticks: int, kept: float) -> None:
        """It kept that share of its speed in the ``ticks`` before ``end``."""
        if not self._stands and end <= self.end:
            self._clock_s = self.clock_s(end - ticks) + kept * ticks
            self._tick, self.pace = end, kept

    def turn(self, tick: int) -> str:
        """End, fail, be back, pause or go on where that is due."""
        if tick < self.start or tick >= self.end:
            return ""
        if not self._stands and self.clock_s(tick) >= self.lasts_s - _ROUNDING_S:
            self.end = tick
            return "done"
        if self._down:
            return self._back(tick)
        if self._outage is not None and tick >= self._outage.first and self.halt.phase is not Phase.HELD:
            return self._fail(tick, self._outage.last)
        return self._pause(tick)

    def _back(self, tick: int) -> str:
        if self._outage is None or tick < self._outage.last:
            return ""
        self._down, self.pace, self._tick = False, 1.0, tick
        self._outage = self._next_outage()
        if self.halt.wanted:
            return f"{self.halt.begin(tick, saves=False)} instead of a restart"
        return "trains again from its last checkpoint"

    def _pause(self, tick: int) -> str:
        halt = self.halt
        if not halt.is_on:
            if not halt.wanted:
                return ""
            self._clock_s, self._tick, self.pace = self.clock_s(tick), tick, 1.0
            return halt.begin(tick, saves=self._clock_s > 0.0)
        held, phase = halt.held_ticks, halt.phase
        said = halt.turn(tick)
        if phase is Phase.SAVES and halt.phase is not Phase.SAVES:
            self._saved_s = self._clock_s
        if self._outage is not None and self._outage.first < NEVER:
            moved = halt.held_ticks - held
            self._outage = Outage(self._outage.first + moved, self._outage.last + moved)
        if not self._stands:
            self._tick = tick
        return said

    def fail(self, tick: int) -> None:
        """Bring its next fault forward to ``tick``, if it is of those that fail."""
        if self._outage is not None and not self._down and self.halt.phase is not Phase.HELD:
            self._outage = Outage(tick, tick + self._outage.last - self._outage.first)

    def _fail(self, tick: int, back: int) -> str:
        clock_s, kept_s = self.clock_s(tick), self._saved_s
        if isinstance(self.waveform, Training):
            kept_s = max(kept_s, self.waveform.checkpoint_s(clock_s))
        if self.halt.is_on:
            self.halt.end(tick)
        self._down, self._clock_s, self._tick = True, kept_s, tick
        return f"a fault stops it: {clock_s - kept_s:.0f} s of work are to be done again, restart in {back - tick} s"

    def useful_s(self, tick: int) -> float:
        """Seconds at full speed by then; of a training without initialisation and waiting for checkpoints."""
        clock_s = self.clock_s(tick)
        return self.waveform.useful_s(clock_s) if isinstance(self.waveform, Training) else clock_s

    def paused_s(self, tick: int) -> float:
        """Seconds it was paused by then, its checkpoints and restores for that included."""
        return float(self.halt.paused_ticks(min(tick, self.end)))
