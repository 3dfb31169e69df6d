"""Automatic transfer between two mains with a tie (main-tie-main): a dead bus is fed from its neighbour.

Normally both mains are closed and the tie is open. A bus below the dead voltage for the delay while its neighbour is
alive opens its main and, the breaker time later, closes the tie (open transition: never two sources on one bus). Back
to two mains only by hand. [1]

[1] IEEE 3006.4 and common switchgear practice; 0.1 to 2 s of delay [E].
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, PerUnit, Spec

WATCHING, COUNTING, MAIN_OPEN, TRANSFERRED = range(4)


class TransferSpec(Spec):
    """How an automatic transfer decides."""

    dead: PerUnit = Field(default=0.25, gt=0, lt=1)
    """A bus below this is dead [E]."""
    alive: PerUnit = Field(default=0.9, gt=0)
    """A neighbour above this can take over [E]."""
    delay: Duration = Field(default=0.5, ge=0)
    """For so long the bus must be dead [E]."""
    breaker: Duration = Field(default=0.1, ge=0)
    """From the main's opening to the tie's closing [E]."""


class TransferParams(NamedTuple):
    """Constants of each scheme."""

    dead_pu: Annotated[Vec, Var("1", "a bus below this is dead")]
    alive_pu: Annotated[Vec, Var("1", "a neighbour above this can take over")]
    delay_s: Annotated[Vec, Var("s", "time for which the bus must be dead")]
    breaker_s: Annotated[Vec, Var("s", "from the main's opening to the tie's closing")]


class TransferState(NamedTuple):
    """What each scheme has gone through."""

    dead_s: Annotated[Vec, Var("s", "time for which the bus has been dead")]
    open_s: Annotated[Vec, Var("s", "time since its main opened, -1 before it")]


def new_state(schemes: int) -> TransferState:
    """Schemes at rest."""
    return TransferState(np.zeros(schemes), np.full(schemes, -1.0))


def params(specs: list[TransferSpec]) -> TransferParams:
    """Parameter arrays of the schemes, in the order given."""
    return frozen(
        TransferParams,
        dead_pu=[s.dead for s in specs],
        alive_pu=[s.alive for s in specs],
        delay_s=[s.delay for s in specs],
        breaker_s=[s.breaker for s in specs],
    )


@kernel(bare=True)
def advance(schemes, state, i, bus_pu, neighbour_pu, dt_s):
    """Let scheme ``i`` see both voltages for ``dt_s``.

    Returns WATCHING, COUNTING (the bus is dead), MAIN_OPEN (the main is to be open, the tie not closed yet) or
    TRANSFERRED (the tie is to be closed).
    """
    if state.open_s[i] >= 0.0:
        state.open_s[i] += dt_s
    elif bus_pu >= schemes.dead_pu[i] or neighbour_pu < schemes.alive_pu[i]:
        state.dead_s[i] = 0.0
        return WATCHING
    else:
        state.dead_s[i] += dt_s
        if state.dead_s[i] < schemes.delay_s[i] - 1e-12:
            return COUNTING
        state.open_s[i] = state.dead_s[i] - schemes.delay_s[i]
    return TRANSFERRED if state.open_s[i] >= schemes.breaker_s[i] - 1e-12 else MAIN_OPEN


@kernel(bare=True)
def reset(state, i):
    """Put scheme ``i`` back to rest: its mains are closed again by hand."""
    state.dead_s[i] = 0.0
    state.open_s[i] = -1.0
