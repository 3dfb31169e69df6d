"""When a hall is cooled by outdoor air, by machines, or by both: a state machine with hysteresis and dwell.

    free        the water that free cooling alone could send is at most the set point less a margin: machines stand
    partial     it is colder than the water that comes back by a margin: free cooling first, machines take the rest
    mechanical  otherwise

A condition that holds may be missed by the hysteresis before it is left, and a mode is kept for the dwell time. Where
free cooling alone misses the set point by more than the override, machines may start at once: what failed then is not
the weather. All values are engineering estimates [E].
"""

from typing import Annotated, NamedTuple

from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Spec, TemperatureDifference

MECHANICAL, PARTIAL, FREE = 0.0, 1.0, 2.0


class EconomizerSpec(Spec):
    """When free cooling takes over."""

    free_margin: TemperatureDifference = 0.5
    """How far below the set point it must reach to take all [E]."""
    partial_margin: TemperatureDifference = Field(default=1.0, gt=0)
    """How far below the returning water it must reach to take a part [E]."""
    hysteresis: TemperatureDifference = Field(default=1.0, ge=0)
    dwell: Duration = Field(default=1200.0, ge=0)
    """Least time in a mode [E]."""
    override: TemperatureDifference = Field(default=2.0, gt=0)
    """Above the set point by so much, machines start within the dwell time [E]."""


class EconomizerParams(NamedTuple):
    """Constants of each hall."""

    free_margin_k: Annotated[Vec, Var("K", "reach below the set point to take all")]
    partial_margin_k: Annotated[Vec, Var("K", "reach below the returning water to take a part")]
    hysteresis_k: Annotated[Vec, Var("K", "by which a condition may be missed before it is left")]
    dwell_s: Annotated[Vec, Var("s", "least time in a mode")]
    override_k: Annotated[Vec, Var("K", "reach above the set point at which machines start at once")]


class EconomizerState(NamedTuple):
    """What each hall is cooled by."""

    mode: Annotated[Vec, Var("1", "0 mechanical, 1 partial, 2 free")]
    held_s: Annotated[Vec, Var("s", "time in that mode")]


def params(specs: list[EconomizerSpec]) -> EconomizerParams:
    """Parameter arrays, one entry a hall."""
    return frozen(
        EconomizerParams,
        free_margin_k=[s.free_margin for s in specs],
        partial_margin_k=[s.partial_margin for s in specs],
        hysteresis_k=[s.hysteresis for s in specs],
        dwell_s=[s.dwell for s in specs],
        override_k=[s.override for s in specs],
    )


@kernel
def fitting(economizer, h, mode, reach_c, set_point_c, return_c):
    """The mode that fits hall ``h``, in ``mode`` now, where free cooling alone could send water at ``reach_c``."""
    slack_k = economizer.hysteresis_k[h] if mode == FREE else 0.0
    if reach_c <= set_point_c - economizer.free_margin_k[h] + slack_k:
        return FREE
    slack_k = economizer.hysteresis_k[h] if mode != MECHANICAL else 0.0
    # Free cooling that can do nothing reaches the returning water itself.
    if reach_c < return_c - economizer.partial_margin_k[h] + slack_k:
        return PARTIAL
    return MECHANICAL


@kernel
def decide(economizer, state, h, reach_c, set_point_c, return_c):
    """Change the mode of hall ``h`` where that fits and may be."""
    mode = state.mode[h]
    new = fitting(economizer, h, mode, reach_c, set_point_c, return_c)
    lost = new < mode and reach_c > set_point_c + economizer.override_k[h]
    if new != mode and (state.held_s[h] >= economizer.dwell_s[h] or (mode == FREE and lost)):
        state.mode[h], state.held_s[h] = new, 0.0


@kernel
def rest(economizer, state, h, reach_c, set_point_c, return_c):
    """Put hall ``h`` at rest in the mode that fits without a past; it may leave it at once."""
    state.mode[h] = fitting(economizer, h, MECHANICAL, reach_c, set_point_c, return_c)
    state.held_s[h] = economizer.dwell_s[h]
