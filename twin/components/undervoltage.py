"""Undervoltage relay (27): below its pickup for its delay it opens its breaker; any healthy step begins anew [1].

[1] IEEE C37.2, device 27; IEC 60255-127, definite time.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, PerUnit, Spec


class UndervoltageSpec(Spec):
    """An undervoltage relay type."""

    pickup: PerUnit = Field(gt=0, lt=1)
    """Voltage below which it counts."""
    delay: Duration = Field(ge=0)
    breaker: Duration = Field(default=0.067, ge=0)
    """From signal to open: 4 cycles at 60 Hz [E]."""


class UndervoltageParams(NamedTuple):
    """Constants of each type."""

    pickup_pu: Annotated[Vec, Var("1", "voltage below which it counts")]
    delay_s: Annotated[Vec, Var("s", "from pickup to signal")]
    breaker_s: Annotated[Vec, Var("s", "from signal to open")]


class UndervoltageState(NamedTuple):
    """What each relay has gone through."""

    low_s: Annotated[Vec, Var("s", "time below the pickup")]
    signal_s: Annotated[Vec, Var("s", "time since its signal, -1 before it")]


def new_state(relays: int) -> UndervoltageState:
    """Relays at rest."""
    return UndervoltageState(np.zeros(relays), np.full(relays, -1.0))


def params(specs: list[UndervoltageSpec]) -> UndervoltageParams:
    """Parameter arrays of the types, in the order given."""
    return frozen(
        UndervoltageParams,
        pickup_pu=[s.pickup for s in specs],
        delay_s=[s.delay for s in specs],
        breaker_s=[s.breaker for s in specs],
    )


@kernel(bare=True)
def advance(relays, k, state, i, voltage_pu, dt_s):
    """Let relay ``i`` of type ``k`` see ``voltage_pu`` for ``dt_s``.

    Returns 0 (idle), 1 (below its pickup), 2 (signal given, the breaker is on its way) or 3 (open).
    """
    if state.signal_s[i] >= 0.0:
        state.signal_s[i] += dt_s
    elif voltage_pu >= relays.pickup_pu[k]:
        state.low_s[i] = 0.0
        return 0
    else:
        state.low_s[i] += dt_s
        if state.low_s[i] < relays.delay_s[k] - 1e-12:
            return 1
        state.signal_s[i] = state.low_s[i] - relays.delay_s[k]
    return 3 if state.signal_s[i] >= relays.breaker_s[k] - 1e-12 else 2


@kernel(bare=True)
def reset(state, i):
    """Put relay ``i`` back to rest: its breaker is closed again by hand."""
    state.low_s[i] = 0.0
    state.signal_s[i] = -1.0
