"""Requests to an inference pool, second by second: from a trace, or drawn.

A drawn stream goes up and down once a day, and its rate is multiplied by a gamma-distributed factor of mean 1 for the
length of a burst; within a second arrivals are Poisson and tokens of a request exponential, so that

    rate(t) = rate (1 + diurnal cos(2 pi (t - peak) / day)) factor(t),   var(factor) = burstiness^2
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.core.errors import Problem
from twin.core.layout import Vec
from twin.core.quantity import Duration, Ratio, Spec
from twin.drive.trace import raise_if_any, read_rows

_DAY_S = 86400.0
Tokens = Annotated[float, Field(gt=0.0)]


class Arrivals(NamedTuple):
    """What arrives in each second from the start of the pool on."""

    requests: Vec
    context: Vec
    """Tokens of their prompts."""
    generated: Vec
    """Tokens they ask to be generated."""


class RequestsSpec(Spec):
    """Requests from a trace (``file``), or drawn at a ``rate``."""

    file: Path | None = None
    """Table with a line a request, relative to the scenario file; it starts over when it is through."""
    time: str = "TIMESTAMP"
    """Its column of time: dates, or seconds."""
    context_column: str = "ContextTokens"
    """Its column of prompt tokens."""
    generated_column: str = "GeneratedTokens"
    """Its column of generated tokens."""
    scale: Annotated[float, Field(gt=0.0)] = 1.0
    """Requests for each one of the trace."""
    rate: Annotated[float, Field(gt=0.0)] | None = None
    """Mean requests a second."""
    diurnal: Annotated[Ratio, Field(le=1.0)] = 0.0
    """How far the rate goes above and below its mean in a day."""
    peak: Duration = 0.0
    """When it is greatest, after the scenario's start."""
    burstiness: Annotated[Ratio, Field(le=3.0)] = 0.0
    """Standard deviation of the rate from burst to burst over its mean; 0 for Poisson arrivals."""
    burst: Annotated[Duration, Field(ge=1.0)] = 10.0
    """Length of a burst."""
    context: Tokens = 2048.0
    """Mean prompt tokens of a request; 2,048 in a trace of coding requests [1]."""
    generated: Tokens = 28.0
    """Mean tokens generated for a request; 28 in that trace. [1] Patel et al., Splitwise, ISCA 2024, public trace."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.rate is None):
            raise ValueError("give either file or rate")
        return self

    def build(self, seed: int, folder: Path) -> "Drawn | Traced":
        """The stream; ``seed`` is that of the job, the file relative to ``folder``."""
        if self.file is None:
            return Drawn(self, seed)
        return _traced(self, folder / self.file)


class Drawn(NamedTuple):
    """Requests drawn at a rate."""

    spec: RequestsSpec
    seed: int

    def arrivals(self, first: int, last: int) -> Arrivals:
        """What arrives in the seconds of the scenario from ``first`` up to ``last``."""
        spec, count = self.spec, last - first
        generator = np.random.Generator(np.random.Philox(key=self.seed))
        time_s = first + 0.5 + np.arange(count)
        rate = spec.rate * (1.0 + spec.diurnal * np.cos(2.0 * np.pi * (time_s - spec.peak) / _DAY_S))
        if spec.burstiness:
            shape = spec.burstiness**-2
            factor = generator.gamma(shape, 1.0 / shape, int(count / spec.burst) + 1)
            rate = rate * factor[((time_s - first) / spec.burst).astype(np.int64)]
        requests = generator.poisson(rate).astype(np.float64)
        # A sum of n exponential numbers is gamma distributed with shape n, 0 for none.
        return Arrivals(
            requests,
            spec.context * generator.standard_gamma(requests),
            spec.generated * generator.standard_gamma(requests),
        )


class Traced(NamedTuple):
    """Requests of a trace, over and over."""

    once: Arrivals

    def arrivals(self, first: int, last: int) -> Arrivals:
        """What arrives in the seconds of the scenario from ``first`` up to ``last``."""
        seconds = np.arange(first, last) % len(self.once.requests)
        return Arrivals(*(column[seconds] for column in self.once))


def _traced(spec: RequestsSpec, path: Path) -> Traced:
    names = spec.time, spec.context_column, spec.generated_column
    problems: list[Problem] = []
    rows = read_rows(path, names)
    table = np.array([[_cell(row.cells[name], k == 0) for row in rows] for k, name in enumerate(names)])
    for name, values in zip(names, table, strict=True):
        for k in np.flatnonzero(~(values >= 0.0)):
            message = f'"{rows[k].cells[name]}" is no {"time" if name == spec.time else "number of tokens"}'
            problems.append(Problem(str(path), rows[k].line, None, name, message))
    raise_if_any(problems)
    second = (table[0] - table[0].min()).astype(np.int64)
    return Traced(_counted(second, spec.scale, table[1], table[2]))


def _counted(second: NDArray[np.int64], scale: float, context: Vec, generated: Vec) -> Arrivals:
    size = int(second.max()) + 1
    counts = [np.zeros(size) for _ in Arrivals._fields]
    for count, values in zip(counts, (np.ones(second.size), context, generated), strict=True):
        np.add.at(count, second, scale * values)
    return Arrivals(*counts)


def _cell(text: str, is_time: bool) -> float:
    """The number in a cell, or the seconds since 1970 of a date; NaN for neither. A date without a zone is as good."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return (
            (datetime.fromisoformat(text) - datetime.fromisoformat("1970-01-01")).total_seconds() if is_time else np.nan
        )
    except (ValueError, TypeError):
        return np.nan
