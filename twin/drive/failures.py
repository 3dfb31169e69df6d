"""Faults of a training: when its GPUs fail, and how long it takes to be back.

Each GPU fails at a constant rate, so a job of N of them runs for an exponential time of mean 1/(rate N) between
faults. The default rate is 419 unexpected interruptions of 16,384 GPUs in 54 days of Llama 3 [1]; a job of 100,000 GPUs
then stops about every half hour. A fault stops every GPU of a synchronous job at once; a restart takes a time that is
equally likely between two bounds, and work since the last checkpoint is done again. Until then boards of 700 W draw
72 W where processes exit, 120 to 145 W with a context, 200 to 350 W where a collective spins [2].

[1] Llama Team, The Llama 3 Herd of Models, arXiv 2407.21783, 2024, section 3.3.4 (as quoted by others; 5 to 30 min of
    restart are an estimate).
[2] Idle and spinning H100 as measured by others (arXiv 2605.23918); the range of spinning is an estimate.
"""

from collections.abc import Iterator
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from twin.core.quantity import Duration, Spec
from twin.drive.waveform import Activity

_DAY_S = 86400.0


class FailureSpec(Spec):
    """How often GPUs of a training fail, and how long its restarts take."""

    per_gpu_day: Annotated[float, Field(gt=0.0, le=10.0)] = 4.7e-4
    """Faults a day of each GPU."""
    restart: tuple[Duration, Duration] = (300.0, 1800.0)
    """Shortest and longest time from a fault until it trains again [E]."""
    waiting: Activity = 0.0
    """Activity until then: 0 where its processes exit, 0.1 in a hung collective, 0.2 to 0.4 where that spins [E]."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        shortest, longest = self.restart
        if not 0.0 <= shortest <= longest:
            raise ValueError(f"a restart takes from {shortest:g} to {longest:g} s; the first must not be the longer")
        return self


class Outage(NamedTuple):
    """A training stands still in the ticks from ``first`` up to ``last``."""

    first: int
    last: int


def outages(spec: FailureSpec, gpus: int, seed: int, begin: int) -> Iterator[Outage]:
    """The outages of a job of so many GPUs that runs from tick ``begin`` on, one after the other, without end."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    mean_s = _DAY_S / (spec.per_gpu_day * gpus)
    last = begin
    while True:
        first = last + 1 + int(generator.exponential(mean_s))
        last = first + max(1, round(generator.uniform(*spec.restart)))
        yield Outage(first, last)
