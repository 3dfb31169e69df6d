"""Jitter: the racks of a synchronous job do not start an iteration at the same moment.

Each rack is late by its own time, drawn once from a lognormal distribution and counted from the mean of all: most are
a little early, a few stragglers late. A sum over many racks keeps of the harmonic at frequency f the share

    coherence = |E exp(-2 pi i f t)| ~ exp(-2 pi^2 f^2 sigma^2)

where the right side is that of a normal distribution of the same standard deviation sigma [1]; a lognormal one with
the default shape keeps within 4 % of it as long as f sigma is below a fifth. Racks that move together
add up in amplitude; without coherence they would add up in energy.

[1] Characteristic function of the normal distribution.
"""

from math import exp, pi, sqrt
from typing import Annotated

import numpy as np
from pydantic import Field

from twin.core.layout import IVec, Vec
from twin.core.quantity import Duration, Ratio, Spec


class JitterSpec(Spec):
    """How far apart in time the racks of a job are."""

    deviation: Annotated[Duration, Field(ge=0.0, le=0.2)]
    """Standard deviation of the racks' times; 5 to 50 ms are usual [E]."""
    shape: Annotated[Ratio, Field(gt=0.0, le=1.0)] = 0.15
    """Standard deviation of the logarithm of their delay: 0 were a normal distribution, 1 has long stragglers [E]."""


def offsets_s(spec: JitterSpec, seed: int, racks: IVec) -> Vec:
    """How late each of ``racks`` (numbers in site order) is [s], mean 0 over many; keyed by ``seed`` and the rack."""
    spread = exp(spec.shape**2) - 1.0
    mean_s = spec.deviation / sqrt(spread)
    scale_s = mean_s / sqrt(1.0 + spread)
    # A rack draws one number of its own counter: adding a rack changes no other.
    draws = [
        np.random.Generator(np.random.Philox(key=seed, counter=[0, int(r), 0, 0])).standard_normal() for r in racks
    ]
    return scale_s * np.exp(spec.shape * np.array(draws)) - mean_s


def coherence(deviation_s: float, frequency_hz: float) -> float:
    """Share of a harmonic's amplitude that many racks keep, each late by a normal time of that deviation."""
    return exp(-2.0 * (pi * frequency_hz * deviation_s) ** 2)


def measured_coherence(offsets: Vec, frequency_hz: float) -> float:
    """The same of the racks at hand [1]."""
    return float(abs(np.exp(-2j * pi * frequency_hz * offsets).mean())) if len(offsets) else 1.0
