"""What a job asks of its nodes: activity, the share of dynamic power, second by second.

Server power is very nearly ``idle + activity * (maximum - idle)``; an HGX H100 node idles at about 2.1 kW with its
processes gone and reaches 8.0 kW. A *Spec* is what a scenario says; its ``build`` gives a waveform, a pattern in the
job's own time: seconds at full speed since it started. Its

    means(edges_s) -> float64[len(edges_s) - 1]

are the mean activities between successive own times, integrated in closed form, never sampled at points. What a job
asks for in seconds of the run is `activity`: its clock stands somewhere and goes at a pace, 1 at full speed, less under
a cap, which stretches the pattern.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from twin.core.layout import Vec
from twin.core.quantity import Duration, Ratio, Spec

Activity = Annotated[Ratio, Field(ge=0.0, le=1.0)]
Positive = Annotated[Duration, Field(gt=0.0)]

IDLE_W = 2.1e3
MAXIMUM_W = 8.0e3

_NOISE_TICKS = 1024
_STILL = 1e-3  # the least pace of a pattern that is shown: none would leave no time to take a mean over


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

    @property
    def noise(self) -> float:
        """Standard deviation of the random level of each second, as activity."""
        ...

    @property
    def seed(self) -> int:
        """What the noise is keyed by."""
        ...

    def means(self, edges_s: Vec) -> Vec:
        """Mean activity between successive ``edges_s``, own times of the job, rising, from 0 on."""
        ...


class ConstantSpec(Spec):
    """The same activity all the time."""

    activity: Activity
    """Activity from start to end."""

    def build(self, seed: int, folder: Path) -> "Steps":
        """The waveform; it needs neither seed nor files."""
        del seed, folder
        return Steps((), (self.activity,))


class BatchSpec(ConstantSpec):
    """Work that each server does for itself, at one activity."""


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


class SquareSpec(Spec):
    """Iterations of a training at their plainest: high, then low, over and over, with straight edges.

    Each period begins with the rise; the wave is above the middle for ``duty`` of it.
    """

    high: Activity
    """Activity while computing."""
    low: Activity
    """Activity while communicating."""
    period: Positive
    """Time of one iteration."""
    duty: Annotated[Ratio, Field(gt=0.0, lt=1.0)] = 0.7
    """Share of the period at or near high, measured at half its depth."""
    ramp: Annotated[Duration, Field(ge=0.0)] = 0.0
    """Time of each edge."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        shorter = min(self.duty, 1 - self.duty) * self.period
        if self.ramp > shorter:
            raise ValueError(f"a ramp of {self.ramp:g} s does not fit the {shorter:g} s of the shorter half")
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g})")
        return self

    def build(self, seed: int, folder: Path) -> "Square":
        """The waveform; it needs neither seed nor files."""
        del seed, folder
        return Square(self)

    def amplitude(self, harmonic: int) -> float:
        """Amplitude of the harmonic of that number: 2 (high - low)/(n pi) |sin(n pi duty) sinc(n ramp/period)|."""
        edge = np.sinc(harmonic * self.ramp / self.period)
        width = np.sin(np.pi * harmonic * self.duty)
        return float(2 * (self.high - self.low) / (harmonic * np.pi) * abs(width * edge))


@dataclass(frozen=True)
class Steps:
    """Levels of activity between changes at given times after the start; constant is the case without changes."""

    changes_s: tuple[float, ...]
    levels: tuple[float, ...]
    period_s: float = 0.0
    lead_s: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def means(self, edges_s: Vec) -> Vec:
        """Mean activity between successive own times."""
        dose = self.levels[0] * edges_s
        for change, before, after in zip(self.changes_s, self.levels[:-1], self.levels[1:], strict=True):
            dose = dose + (after - before) * np.maximum(edges_s - change, 0.0)
        return np.clip(np.diff(dose) / np.diff(edges_s), 0.0, 1.0)


@dataclass(frozen=True)
class Square:
    """A trapezoidal wave, integrated in closed form."""

    spec: SquareSpec
    lead_s: float = 0.0
    noise: float = 0.0
    seed: int = 0

    @property
    def period_s(self) -> float:
        """Time after which the pattern repeats."""
        return self.spec.period

    def means(self, edges_s: Vec) -> Vec:
        """Mean activity between successive own times."""
        return np.clip(np.diff(self._dose(edges_s)) / np.diff(edges_s), 0.0, 1.0)

    def _dose(self, elapsed_s: Vec) -> Vec:
        """Integral of the activity from the start of the job."""
        spec = self.spec
        whole, rest = np.divmod(elapsed_s, spec.period)
        width = spec.duty * spec.period
        risen = _climbed(rest, spec.ramp) - _climbed(rest - width, spec.ramp)
        return spec.low * elapsed_s + (spec.high - spec.low) * (whole * width + risen)


def _climbed(elapsed_s: Vec, ramp_s: float) -> Vec:
    """Integral of a step from 0 to 1 that takes ``ramp_s`` from 0 on."""
    past = np.maximum(elapsed_s, 0.0)
    if ramp_s == 0.0:
        return past
    on = np.minimum(past, ramp_s)
    return on * on / (2 * ramp_s) + past - on


def activity(waveform: Waveform, since: int, ticks: int, clock_s: float, pace: float = 1.0, per_tick: int = 1) -> Vec:
    """Mean activity in each of ``per_tick`` steps of ``ticks`` seconds.

    The first of them is second ``since`` of the job, which keys its noise; its clock stands at ``clock_s`` then and
    goes at ``pace``. The mean of the steps of a second is that second's activity; noise moves it as a whole.
    """
    pace = max(pace, _STILL)
    means = waveform.means(clock_s + pace * np.arange(float(ticks + 1)))
    if waveform.noise:
        means = means + waveform.noise * normal_numbers(waveform.seed, since, since + ticks)
    means = np.clip(means, 0.0, 1.0)
    if per_tick == 1:
        return means
    edges_s = (clock_s * per_tick + pace * np.arange(float(ticks * per_tick + 1))) / per_tick
    return refined(means, waveform.means(edges_s), per_tick)


def normal_numbers(seed: int, first: int, last: int) -> Vec:
    """Standard normal numbers of the seconds ``first`` to ``last`` of a job, the same in whatever pieces."""
    blocks = range(first // _NOISE_TICKS, (last - 1) // _NOISE_TICKS + 1)
    numbers = [_block(seed, block) for block in blocks]
    offset = first - blocks[0] * _NOISE_TICKS
    return np.concatenate(numbers)[offset : offset + last - first]


def sensed(power_w: Vec, lag_s: float, step_s: float = 1.0) -> Vec:
    """What a first-order sensor with the given lag reads at the end of each step, starting settled."""
    kept = np.exp(-step_s / lag_s)
    read_w = np.empty_like(power_w)
    level = power_w[0]
    for k, power in enumerate(power_w):
        level = kept * level + (1 - kept) * power
        read_w[k] = level
    return read_w


@lru_cache(maxsize=64)
def _block(seed: int, block: int) -> Vec:
    # A block draws fewer than 2**64 numbers, so blocks counted in the second word never overlap.
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, block, 0, 0])).standard_normal(_NOISE_TICKS)


def refined(means: Vec, steps: Vec, per_tick: int) -> Vec:
    """``steps`` moved so that those of each second have its mean, and stay within 0 and 1.

    What is missing is taken from the room to 1, what is too much from the height above 0, in proportion: a second at
    one level is moved as a whole.
    """
    table = np.clip(steps.reshape(-1, per_tick), 0.0, 1.0)
    found = table.mean(axis=1)
    low, high = np.maximum(found, 1e-300), np.maximum(1.0 - found, 1e-300)
    down, up = np.minimum(means / low, 1.0), np.minimum((1.0 - means) / high, 1.0)
    more = (means > found)[:, None]
    return np.where(more, 1.0 - (1.0 - table) * up[:, None], table * down[:, None]).reshape(-1)
