"""Thermal overload relay (49): the heat of a conductor as one time constant, in squares of its rated current.

    tau dtheta/dt = I^2 - theta,   trips where theta reaches k^2

For a load I held after I_p for long it trips after t = tau ln[(I^2 - I_p^2)/(I^2 - k^2)]. [1] The step is its exact
exponential, so the trip falls into the step in which that formula has it, whatever the step.

[1] IEC 60255-149:2013, the simple form for a constant current after a steady one.
"""

from math import exp, log
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec


class ThermalRelaySpec(Spec):
    """A thermal relay type."""

    carries: Ratio = Field(gt=0)
    """Current over rating that it carries for ever, k."""
    time_constant: Duration = Field(gt=0)
    """tau."""
    breaker: Duration = Field(default=0.067, ge=0)
    """From signal to open: 4 cycles at 60 Hz [E]."""


class ThermalRelayParams(NamedTuple):
    """Constants of each type."""

    carries: Annotated[Vec, Var("1", "current over rating that is carried for ever")]
    constant_s: Annotated[Vec, Var("s", "time constant")]
    breaker_s: Annotated[Vec, Var("s", "from signal to open")]


class ThermalRelayState(NamedTuple):
    """What each relay has gone through."""

    heat: Annotated[Vec, Var("1", "theta, in squares of the rated current")]
    signal_s: Annotated[Vec, Var("s", "time since its signal, -1 before it")]


def new_state(relays: int) -> ThermalRelayState:
    """Cold relays."""
    return ThermalRelayState(np.zeros(relays), np.full(relays, -1.0))


def params(specs: list[ThermalRelaySpec]) -> ThermalRelayParams:
    """Parameter arrays of the types, in the order given."""
    return frozen(
        ThermalRelayParams,
        carries=[s.carries for s in specs],
        constant_s=[s.time_constant for s in specs],
        breaker_s=[s.breaker for s in specs],
    )


@kernel(bare=True)
def trip_s(relays, k, current, heat):
    """Time until type ``k`` trips [s] at a held ``current`` over rating, from ``heat``; infinite where it does not."""
    limit = relays.carries[k] ** 2
    if heat > limit * (1.0 + 1e-12):
        return 0.0
    if current * current <= limit:
        return np.inf
    return relays.constant_s[k] * log((current * current - heat) / (current * current - limit))


@kernel(bare=True)
def advance(relays, k, state, i, current, dt_s):
    """Let relay ``i`` of type ``k`` see ``current`` over rating for ``dt_s`` (infinite: to rest).

    Returns 0 (idle), 1 (above what it carries), 2 (signal given, the breaker is on its way) or 3 (open).
    """
    if state.signal_s[i] >= 0.0:
        state.signal_s[i] += dt_s
    else:
        left_s = trip_s(relays, k, current, state.heat[i])
        square = current * current
        state.heat[i] = square + (state.heat[i] - square) * exp(-dt_s / relays.constant_s[k])
        if left_s == np.inf or left_s > dt_s + 1e-12:
            return 1 if current > relays.carries[k] else 0
        state.signal_s[i] = dt_s - left_s
    return 3 if state.signal_s[i] >= relays.breaker_s[k] - 1e-12 else 2


@kernel(bare=True)
def reset(state, i):
    """Put relay ``i`` back, as warm as it is: its breaker is closed again by hand."""
    state.signal_s[i] = -1.0
