"""What voltage equipment stays in: envelopes of bands with timers, and the share of a load that drops as a whole.

A band is a voltage and the time that may be spent beyond it. Each band has a timer that adds up the time outside and
begins anew after the voltage has been inside all bands for the reset time; the equipment drops out when one timer
exceeds its band's time. The ITIC curve [1] is such an envelope, and so is a contactor (50 to 60 % for 50 ms) or a
drive (65 % of its DC link for 10 to 50 ms).

As an aggregate [2]: all of the load stays above V1, none below V2, straight between; of what left, the share ``back``
returns as the voltage does:  F = (V_min - V2 + back (V - V_min))/(V1 - V2), V and V_min held within V2 and V1.

[1] ITI (CBEMA) curve application note, Information Technology Industry Council, 2000.
[2] LDELEC of the WECC composite load model, as the PowerWorld documentation states it.
"""

from collections.abc import Sequence
from math import inf
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, PerUnit, Ratio, Spec

_ROUNDING_S = 1e-9


class BandSpec(Spec):
    """A voltage beyond which equipment stays in only for so long: give either below or above."""

    below: PerUnit | None = Field(default=None, ge=0)
    above: PerUnit | None = Field(default=None, gt=0)
    lasting: Duration = Field(ge=0)

    @model_validator(mode="after")
    def _one(self) -> "BandSpec":
        if (self.below is None) == (self.above is None):
            raise ValueError("a band has either below or above")
        return self


class EnvelopeSpec(Spec):
    """What a class of equipment rides through."""

    bands: tuple[BandSpec, ...] = Field(min_length=1)
    reset: Duration = Field(default=1.0, ge=0)
    """Timers begin anew after so long inside all bands [E]."""


ITIC = EnvelopeSpec.model_validate(
    {
        "bands": [
            {"below": "0.7 pu", "lasting": "20 ms"},
            {"below": "0.8 pu", "lasting": "0.5 s"},
            {"below": "0.9 pu", "lasting": "10 s"},
            {"above": "1.1 pu", "lasting": "0.5 s"},
            {"above": "1.2 pu", "lasting": "3 ms"},
            {"above": "1.4 pu", "lasting": "1 ms"},
            {"above": "2.0 pu", "lasting": "0 s"},
        ]
    }
)
"""The ITIC curve [1]."""


class EnvelopeParams(NamedTuple):
    """Constants of each class."""

    below_pu: Annotated[Vec, Var("1", "voltage below which each band counts, [class, band]")]
    above_pu: Annotated[Vec, Var("1", "voltage above which it counts, [class, band]")]
    lasting_s: Annotated[Vec, Var("s", "time each band allows, [class, band]")]
    least_pu: Annotated[Vec, Var("1", "lowest voltage inside all bands")]
    most_pu: Annotated[Vec, Var("1", "highest voltage inside all bands")]
    reset_s: Annotated[Vec, Var("s", "time inside all bands after which timers begin anew")]


class EnvelopeState(NamedTuple):
    """Timers of each piece of equipment."""

    outside_s: Annotated[Vec, Var("s", "time outside each band, [equipment, band]")]
    inside_s: Annotated[Vec, Var("s", "time inside all bands, infinite once timers began anew")]


def params(specs: Sequence[EnvelopeSpec]) -> EnvelopeParams:
    """Parameter arrays of the classes, in the order given."""
    width = max([len(s.bands) for s in specs], default=0)
    below, above = np.full((len(specs), width), -inf), np.full((len(specs), width), inf)
    lasting = np.full((len(specs), width), inf)
    for k, spec in enumerate(specs):
        for b, band in enumerate(spec.bands):
            below[k, b] = -inf if band.below is None else band.below
            above[k, b] = inf if band.above is None else band.above
            lasting[k, b] = band.lasting
    return frozen(
        EnvelopeParams, below_pu=below, above_pu=above, lasting_s=lasting,
        least_pu=below.max(axis=1, initial=-inf), most_pu=above.min(axis=1, initial=inf),
        reset_s=[s.reset for s in specs],
    )  # fmt: skip


def new_state(envelopes: EnvelopeParams, equipment: int) -> EnvelopeState:
    """Timers at nothing, for so many pieces of equipment."""
    return EnvelopeState(np.zeros((equipment, envelopes.below_pu.shape[1])), np.full(equipment, inf))


@kernel(bare=True)
def outside(envelopes, k, voltage_pu):
    """Whether ``voltage_pu`` is outside some band of class ``k``."""
    return voltage_pu < envelopes.least_pu[k] or voltage_pu > envelopes.most_pu[k]


@kernel(bare=True)
def advance(envelopes, k, state, i, voltage_pu, dt_s):
    """Let equipment ``i`` of class ``k`` see ``voltage_pu`` for ``dt_s``; returns whether it drops out in that time."""
    if not outside(envelopes, k, voltage_pu):
        state.inside_s[i] += dt_s
        if state.inside_s[i] < np.inf and state.inside_s[i] >= envelopes.reset_s[k] - _ROUNDING_S:
            for b in range(envelopes.below_pu.shape[1]):
                state.outside_s[i, b] = 0.0
            state.inside_s[i] = np.inf
        return False
    lost = False
    state.inside_s[i] = 0.0
    for b in range(envelopes.below_pu.shape[1]):
        if voltage_pu < envelopes.below_pu[k, b] or voltage_pu > envelopes.above_pu[k, b]:
            state.outside_s[i, b] += dt_s
            lost = lost or state.outside_s[i, b] > envelopes.lasting_s[k, b] + _ROUNDING_S
    return lost


class AggregateSpec(Spec):
    """A load of many pieces that drop one after the other."""

    stays: PerUnit = Field(default=0.7, gt=0)
    """V1: above it all stay [E]."""
    leaves: PerUnit = Field(default=0.5, gt=0)
    """V2: below it none does [E]."""
    back: Ratio = Field(default=0.8, le=1)
    """Share of what left that returns with the voltage [E]."""

    @model_validator(mode="after")
    def _apart(self) -> "AggregateSpec":
        if self.leaves >= self.stays:
            raise ValueError(f"all stay above {self.stays:g} pu and none below {self.leaves:g} pu; give a lower leaves")
        return self


@kernel(bare=True)
def share_in(stays_pu, leaves_pu, back, voltage_pu, lowest_pu):
    """Share of the aggregate that is in at ``voltage_pu`` after ``lowest_pu`` was the lowest."""
    now = min(max(voltage_pu, leaves_pu), stays_pu)
    lowest = min(max(lowest_pu, leaves_pu), now)
    return (lowest - leaves_pu + back * (now - lowest)) / (stays_pu - leaves_pu)
