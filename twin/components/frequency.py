"""Clock of a GPU: power at a locked clock, the clock that a power cap leaves, and the speed of work at that clock.

Power follows voltage and frequency. With activity a, from 0 to 1, and the clock f over its most,

    P = P_0 + (P_s + (P_1 - P_s) f^n) a

P_0 at no activity, P_s what activity draws at a clock near none, P_1 at full clock; n is 1 where voltage is at its
floor and nears 3 where it rises with the clock. Fits to a V100 give 1.6 (bound by memory) to 2.3 (matrix products) [1].
A cap is held by the greatest clock whose power does not exceed it. Work that waits for memory during a share m of its
time at full clock takes, since memory keeps its own clock,

    t = m + (1 - m)/f

[1] Constantinescu, Senator, Atienza (EPFL), GridPilot (2026): V100 at clocks of 405, 945 and 1380 MHz, re-analysed.
"""

from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Power, Ratio, Spec


class ClockSpec(Spec):
    """A kind of work on a GPU, as far as its clock counts."""

    idle: Power = Field(ge=0)
    """Power at no activity."""
    static: Power = Field(default=0.0, ge=0)
    """What activity adds at a clock near none."""
    full: Power
    """What activity adds at full clock."""
    exponent: float = Field(ge=1, le=3)
    """n [1]."""
    memory: Ratio = Field(default=0.0, ge=0, lt=1)
    """Share of its time at full clock that work waits for memory."""
    least: Ratio = Field(default=0.05, gt=0, lt=1)
    """Least clock over the most."""

    @model_validator(mode="after")
    def _rising(self) -> "ClockSpec":
        if not self.full > self.static:
            raise ValueError(f"power at full clock, {self.full:g} W, must be above that near none, {self.static:g} W")
        return self


class ClockParams(NamedTuple):
    """Constants of each kind of work."""

    idle_w: Annotated[Vec, Var("W", "power at no activity")]
    static_w: Annotated[Vec, Var("W", "power of activity at a clock near none")]
    span_w: Annotated[Vec, Var("W", "further power of activity at full clock")]
    exponent: Annotated[Vec, Var("1", "exponent of power over clock")]
    memory: Annotated[Vec, Var("1", "share of time waiting for memory at full clock")]
    least: Annotated[Vec, Var("1", "least clock over the most")]


def params(specs: list[ClockSpec]) -> ClockParams:
    """Parameter arrays of the kinds of work, in the order given."""
    return frozen(
        ClockParams,
        idle_w=[s.idle for s in specs],
        static_w=[s.static for s in specs],
        span_w=[s.full - s.static for s in specs],
        exponent=[s.exponent for s in specs],
        memory=[s.memory for s in specs],
        least=[s.least for s in specs],
    )


@kernel
def power_w(clock, k, share, activity):
    """Power [W] of work ``k`` at a clock of ``share`` of the most."""
    return clock.idle_w[k] + (clock.static_w[k] + clock.span_w[k] * share ** clock.exponent[k]) * activity


@kernel
def under_cap(clock, k, cap_w, activity):
    """Greatest clock, over the most, at which work ``k`` draws no more than ``cap_w``; the least where none does."""
    if activity <= 0.0:
        return 1.0
    spare = ((cap_w - clock.idle_w[k]) / activity - clock.static_w[k]) / clock.span_w[k]
    if spare <= 0.0:
        return clock.least[k]
    return min(1.0, max(clock.least[k], spare ** (1.0 / clock.exponent[k])))


@kernel
def speed(clock, k, share):
    """Speed of work ``k`` at a clock of ``share`` of the most, over its speed at full clock."""
    return 1.0 / (clock.memory[k] + (1.0 - clock.memory[k]) / share)
