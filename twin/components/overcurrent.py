"""Overcurrent protection: inverse time (51) with damage that adds up, and instantaneous (50).

With M the current over the pickup:

    IEEE C37.112  t = TD (A / (M^p - 1) + B)                       [1]
    IEC 60255     t = TMS k / (M^a - 1), the same with B = 0       [2]
    points        log t straight in log (M - 1) from point to point, and on beyond the first and the last

Two points of a breaker (10 % over for 17 min, 40 % for 60 s) are then the power law t = A (M - 1)^-b [3].
The relay moves by dt/t(M), which is its damage, and gives its signal at 1. Below the pickup it goes back by
dt (1 - M^2)/t_r, t_r the time from signal to nothing without current [1]; 0 lets go at once. A load held over the
step is integrated exactly, and the breaker opens its own time after the signal. Instantaneous elements signal after
their delay above their multiple.

[1] IEEE C37.112-2018, table 1 (trip and reset constants), clause 4 (varying current).
[2] IEC 60255-151:2009, table A.1; the constants as in pandapower 3.3.3, ``protection``.
[3] Q. Wu et al., Dynamo: Facebook's data center-wide power management system, ISCA 2016 (the first of the points).
"""

from math import exp, inf, log
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec

IDLE, PICKED_UP, SIGNALLED, OPENED = range(4)
_CURVES = {
    "IEEE moderately inverse": (0.0515, 0.1140, 0.02, 4.85),
    "IEEE very inverse": (19.61, 0.491, 2.0, 21.6),
    "IEEE extremely inverse": (28.2, 0.1217, 2.0, 29.1),
    "IEC standard inverse": (0.14, 0.0, 0.02, 0.0),
    "IEC very inverse": (13.5, 0.0, 1.0, 0.0),
    "IEC extremely inverse": (80.0, 0.0, 2.0, 0.0),
    "IEC long time inverse": (120.0, 0.0, 1.0, 0.0),
}
"""A [s], B [s], exponent and reset time t_r [s] at a dial of 1."""


class CurvePoint(Spec):
    """One point of a trip curve."""

    multiple: float = Field(gt=1)
    """Current over the pickup."""
    time: Duration = Field(gt=0)
    """Until it trips."""


class InstantaneousSpec(Spec):
    """The element that does not wait for the curve (50)."""

    pickup: Ratio = Field(gt=1)
    """Current over the pickup of the curve."""
    delay: Duration = Field(default=0.025, ge=0)
    """1.5 cycles at 60 Hz [E]."""


class OvercurrentSpec(Spec):
    """A relay or breaker type: pickup, curve, and what opens."""

    pickup: Ratio = Field(gt=0)
    """Current over the rating of what it guards, at multiple 1."""
    curve: Literal[
        "IEEE moderately inverse", "IEEE very inverse", "IEEE extremely inverse",
        "IEC standard inverse", "IEC very inverse", "IEC extremely inverse", "IEC long time inverse", "points",
    ]  # fmt: skip
    dial: float = Field(default=1.0, gt=0)
    """Time dial or time multiplier: scales the time of the curve."""
    points: tuple[CurvePoint, ...] = ()
    """Of the curve ``points``, with rising multiples and falling times."""
    holds: Ratio = Field(default=1.0, ge=1)
    """Multiple it carries for ever."""
    reset: Duration | None = Field(default=None, ge=0)
    """From signal to nothing without current; without it that of the curve times the dial, at once for IEC."""
    instantaneous: InstantaneousSpec | None = None
    breaker: Duration = Field(default=0.067, ge=0)
    """From signal to open: 4 cycles at 60 Hz [E]."""

    @model_validator(mode="after")
    def _a_curve(self) -> "OvercurrentSpec":
        if self.curve != "points":
            if self.points:
                raise ValueError(f'points stand beside the curve "{self.curve}"; name the curve "points" to use them')
            return self
        if len(self.points) < 2:
            raise ValueError(
                f"the curve has {len(self.points)} points, and it needs two at least, "
                "e.g. points: [{multiple: 1.1, time: 17 min}, {multiple: 1.4, time: 60 s}], or a curve by name"
            )
        if self.reset is None:
            raise ValueError("a curve by points needs its reset: the time from signal to nothing, e.g. 10 min")
        if any(
            b.multiple <= a.multiple or b.time >= a.time for a, b in zip(self.points, self.points[1:], strict=False)
        ):
            raise ValueError("multiples must rise and times must fall from point to point")
        return self


class OvercurrentParams(NamedTuple):
    """Constants of each type."""

    pickup: Annotated[Vec, Var("1", "current over rating at multiple 1")]
    holds: Annotated[Vec, Var("1", "multiple carried for ever")]
    factor_s: Annotated[Vec, Var("s", "A of the curve, dial included")]
    offset_s: Annotated[Vec, Var("s", "B of the curve, dial included")]
    exponent: Annotated[Vec, Var("1", "exponent of the curve")]
    points: Annotated[IVec, Var("1", "points of the curve, 0 for a formula")]
    point_log: Annotated[Vec, Var("1", "log (multiple - 1) of each point, [type, point]")]
    point_log_s: Annotated[Vec, Var("1", "log of the time of each, dial included, [type, point]")]
    reset_s: Annotated[Vec, Var("s", "reset time, 0 for at once")]
    instantaneous: Annotated[Vec, Var("1", "multiple of the instantaneous element, infinite for none")]
    instantaneous_s: Annotated[Vec, Var("s", "its delay")]
    breaker_s: Annotated[Vec, Var("s", "from signal to open")]


class OvercurrentState(NamedTuple):
    """What each relay has gone through."""

    damage: Annotated[Vec, Var("1", "way of the relay to its signal")]
    most: Annotated[Vec, Var("1", "greatest damage so far")]
    above_s: Annotated[Vec, Var("s", "time above the multiple of the instantaneous element")]
    signal_s: Annotated[Vec, Var("s", "time since its signal, -1 before it")]


def new_state(relays: int) -> OvercurrentState:
    """Relays at rest."""
    return OvercurrentState(np.zeros(relays), np.zeros(relays), np.zeros(relays), np.full(relays, -1.0))


def params(specs: list[OvercurrentSpec]) -> OvercurrentParams:
    """Parameter arrays of the types, in the order given."""
    curves = [_CURVES.get(s.curve, (0.0, 0.0, 1.0, 0.0)) for s in specs]
    width = max([len(s.points) for s in specs], default=0)
    logs, times = np.zeros((len(specs), width)), np.zeros((len(specs), width))
    for k, spec in enumerate(specs):
        for n, point in enumerate(spec.points):
            logs[k, n], times[k, n] = log(point.multiple - 1.0), log(spec.dial * point.time)
    return frozen(
        OvercurrentParams,
        pickup=[s.pickup for s in specs],
        holds=[s.holds for s in specs],
        factor_s=[s.dial * a for s, (a, *_) in zip(specs, curves, strict=True)],
        offset_s=[s.dial * b for s, (_, b, *_) in zip(specs, curves, strict=True)],
        exponent=[p for *_, p, _ in curves],
        points=[len(s.points) for s in specs],
        point_log=logs,
        point_log_s=times,
        reset_s=[s.dial * r if s.reset is None else s.reset for s, (*_, r) in zip(specs, curves, strict=True)],
        instantaneous=[s.instantaneous.pickup if s.instantaneous else inf for s in specs],
        instantaneous_s=[s.instantaneous.delay if s.instantaneous else 0.0 for s in specs],
        breaker_s=[s.breaker for s in specs],
    )


@kernel(bare=True)
def trip_s(relays, k, multiple):
    """Time to the signal [s] of type ``k`` at a held ``multiple`` of its pickup; infinite where it carries that."""
    if not (multiple > 1.0 and multiple > relays.holds[k]):
        return np.inf
    if relays.points[k] == 0:
        return relays.factor_s[k] / (multiple ** relays.exponent[k] - 1.0) + relays.offset_s[k]
    x, n = log(multiple - 1.0), 1
    while n < relays.points[k] - 1 and x > relays.point_log[k, n]:
        n += 1
    before, after = relays.point_log[k, n - 1], relays.point_log[k, n]
    low, high = relays.point_log_s[k, n - 1], relays.point_log_s[k, n]
    return exp(low + (high - low) * (x - before) / (after - before))


@kernel(bare=True)
def advance(relays, k, state, i, current, dt_s):
    """Let relay ``i`` of type ``k`` see ``current`` (over the rating) for ``dt_s``; returns how far it is.

    IDLE, PICKED_UP (above its pickup, or not yet back), SIGNALLED (the breaker is on its way) or OPENED.
    """
    if state.signal_s[i] >= 0.0:
        state.signal_s[i] += dt_s
        return OPENED if state.signal_s[i] >= relays.breaker_s[k] - 1e-12 else SIGNALLED
    multiple = current / relays.pickup[k]
    left_s = np.inf
    if multiple > relays.instantaneous[k]:
        left_s = relays.instantaneous_s[k] - state.above_s[i]
        state.above_s[i] += dt_s
    else:
        state.above_s[i] = 0.0
    over_s = trip_s(relays, k, multiple)
    if over_s < np.inf:
        left_s = min(left_s, over_s * (1.0 - state.damage[i]))
        state.damage[i] += dt_s / over_s
    elif multiple < 1.0:
        # A reset time of 0 lets go at once.
        back = dt_s * (1.0 - multiple * multiple)
        state.damage[i] = (
            0.0 if back >= state.damage[i] * relays.reset_s[k] else (state.damage[i] - back / relays.reset_s[k])
        )
    state.most[i] = max(state.most[i], min(state.damage[i], 1.0))
    if left_s <= dt_s + 1e-12:
        state.signal_s[i] = dt_s - left_s
        return OPENED if state.signal_s[i] >= relays.breaker_s[k] - 1e-12 else SIGNALLED
    return PICKED_UP if multiple > 1.0 or state.damage[i] > 0.0 or state.above_s[i] > 0.0 else IDLE


@kernel(bare=True)
def reset(state, i):
    """Put relay ``i`` back to rest: its breaker is closed again by hand."""
    state.damage[i] = state.above_s[i] = 0.0
    state.signal_s[i] = -1.0
