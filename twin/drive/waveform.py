"""What a job asks of its nodes: activity, the share of dynamic power, second by second.

Server power is very nearly ``idle + activity * (maximum - idle)``; an HGX H100 node idles at about 2.1 kW with its
processes gone and reaches 8.0 kW. A *Spec* is what a scenario says; its ``build`` gives a waveform, whose

    activity(first_tick, last_tick, start_tick, end_tick) -> float64[last_tick - first_tick]

is the mean activity over each second ``[k, k + 1)`` for k from ``first_tick`` up to but without ``last_tick``, of a job
that starts at ``start_tick`` (which may be negative: it ran before) and ends at ``end_tick``. Outside it is 0: a job
that ends or aborts drops at once. Patterns are resolved below a second and integrated in closed form, never sampled at
points, and any block of ticks can be asked for at any time with the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.core.quantity import Duration, Power, Ratio, Spec
from twin.drive.trace import read_trace, resample

Activity = Annotated[Ratio, Field(ge=0.0, le=1.0)]
Positive = Annotated[Duration, Field(gt=0.0)]

IDLE_W = 2.1e3
MAXIMUM_W = 8.0e3


class Waveform(Protocol):
    """What a job asks of its nodes."""

    @property
    def period_s(self) -> float:
        """Time after which the pattern repeats; 0 if it does not."""
        ...

    @property
    def lead_s(self) -> float:
        """Time from the start to the first repetition."""
        ...

    def activity(self, first_tick: int, last_tick: int, start_tick: int, end_tick: int) -> Vec:
        """Mean activity in each second from ``first_tick`` up to ``last_tick``."""
        ...


class ConstantSpec(Spec):
    """The same activity all the time."""

    activity: Activity
    """Activity from start to end."""

    def build(self, seed: int, folder: Path) -> "Steps":
        """The waveform; it needs neither seed nor files."""
        del seed, folder
        return Steps((), (self.activity,))


class StepSpec(Spec):
    """Activity that changes at once after some time."""

    before: Activity
    """Activity from the start of the job."""
    after: Activity
    """Activity from ``at`` on."""
    at: Positive
    """When it changes, counted from the start of the job."""
    lasts: Positive | None = None
    """How long the change lasts; none means to the end of the job."""

    def build(self, seed: int, folder: Path) -> "Steps":
        """The waveform; it needs neither seed nor files."""
        del seed, folder
        if self.lasts is None:
            return Steps((self.at,), (self.before, self.after))
        return Steps((self.at, self.at + self.lasts), (self.before, self.after, self.before))


class PlaybackSpec(Spec):
    """Measured power of a node, played back once; the job idles when the recording is over.

    ``idle`` and ``maximum`` are those of the measured node: activity = (power - idle) / (maximum - idle), held in 0..1.
    """

    file: Path
    """Table of measurements, relative to the scenario file."""
    column: str
    """Its column of node power in watts."""
    time: str = "time_s"
    """Its column of time: seconds, milliseconds if the name ends in _ms, or dates with a zone."""
    idle: Power = IDLE_W
    """Power of the measured node at activity 0."""
    maximum: Power = MAXIMUM_W
    """Power of the measured node at activity 1."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.maximum <= self.idle:
            raise ValueError(f"maximum ({self.maximum:g} W) must be above idle ({self.idle:g} W)")
        return self

    def build(self, seed: int, folder: Path) -> "Playback":
        """The waveform, read from the file."""
        del seed
        path = folder / self.file
        power_w = resample(read_trace(path, [self.column], time=self.time)).columns[self.column]
        if not len(power_w):
            raise TraceError([file_problem(path, "is shorter than one second")])
        return Playback(np.clip((power_w - self.idle) / (self.maximum - self.idle), 0.0, 1.0))


@dataclass(frozen=True)
class Steps:
    """Levels of activity between changes at given times after the start; constant is the case without changes."""

    changes_s: tuple[float, ...]
    levels: tuple[float, ...]
    period_s: float = 0.0
    lead_s: float = 0.0

    def activity(self, first_tick: int, last_tick: int, start_tick: int, end_tick: int) -> Vec:
        """Mean activity in each second from ``first_tick`` up to ``last_tick``."""

        def run(first: int, last: int) -> Vec:
            edges = np.arange(first - start_tick, last - start_tick + 1, dtype=np.float64)
            dose = self.levels[0] * edges
            for change, before, after in zip(self.changes_s, self.levels[:-1], self.levels[1:], strict=True):
                dose = dose + (after - before) * np.maximum(edges - change, 0.0)
            return np.clip(np.diff(dose), 0.0, 1.0)

        return while_running(first_tick, last_tick, start_tick, end_tick, run)


@dataclass(frozen=True, eq=False)
class Playback:
    """Activity of each second of a recording; 0 when it is over."""

    recorded: Vec
    period_s: float = 0.0
    lead_s: float = 0.0

    def activity(self, first_tick: int, last_tick: int, start_tick: int, end_tick: int) -> Vec:
        """Mean activity in each second from ``first_tick`` up to ``last_tick``."""

        def run(first: int, last: int) -> Vec:
            piece = self.recorded[first - start_tick : last - start_tick]
            return np.pad(piece, (0, last - first - len(piece)))

        return while_running(first_tick, last_tick, start_tick, end_tick, run)


def sensed(power_w: Vec, lag_s: float, step_s: float = 1.0) -> Vec:
    """What a first-order sensor with the given lag reads at the end of each step, starting settled."""
    kept = np.exp(-step_s / lag_s)
    read_w = np.empty_like(power_w)
    level = power_w[0]
    for k, power in enumerate(power_w):
        level = kept * level + (1 - kept) * power
        read_w[k] = level
    return read_w


def while_running(first: int, last: int, start: int, end: int, run: Callable[[int, int], Vec]) -> Vec:
    """``run(begin, stop)`` in the ticks of ``[first, last)`` in which the job runs, 0 in the others."""
    activity = np.zeros(max(last - first, 0))
    begin, stop = max(first, start), min(last, end)
    if begin < stop:
        activity[begin - first : stop - first] = run(begin, stop)
    return activity
