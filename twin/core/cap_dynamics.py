"""How a GPU board moves from one power to another after its cap was changed: down at once, up by stairs.

Measured on a V100 at 200 Hz, one step each way [1]: a lower cap pulls power down in 40 ms, 15 % of the step too
far, and the rest comes back within 0.2 s; a higher cap does nothing for 0.12 s, then the clock rises in three stairs,
the last 0.46 s after the command. With the time t since the command reached the board, from P_0 to
P_1 = min(cap, want),

    down:  straight to P_1 - u (P_0 - P_1) at t_f, then P = P_1 - u (P_0 - P_1) exp(-(t - t_f)/tau)
    up:    P_0 until t_d, then P_1 - (P_1 - P_0)(1 - s)^k on stair k of n, each t_s long, and P_1 on the last

`power_w` is the power at an instant, `mean_w` its exact mean over a step of any length, so that steps of 1 ms and of
1 s give the same energy. Caps arrive with whole seconds and a change is over within one, so none meets another, and
the second in which one arrives has the mean P_1 + (P_0 - P_1) k with a constant k for each way (``late``). Work that
steps up under a cap that is there already overshoots it until the cap's loop has seen it: `spike_w`.

[1] Constantinescu, Senator, Atienza (EPFL), GridPilot (2026), E2: caps 280, 200, 280 W.
"""

from math import exp
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec

_REST = 12.0  # time constants after which nothing is left
DOWN, UP = 0, 1


class CapDynamicsSpec(Spec):
    """How a board follows its cap. The defaults are the V100's; for other boards they are estimates."""

    fall: Duration = Field(default=0.04, gt=0)
    """From the old power to the least after a lower cap."""
    undershoot: Ratio = Field(default=0.15, ge=0, le=1)
    """How much too far it falls, over the step."""
    recovery: Duration = Field(default=0.06, gt=0)
    """Time constant of the way back."""
    dead: Duration = Field(default=0.12, ge=0)
    """Before a higher cap shows at all."""
    stairs: int = Field(default=3, ge=1)
    """Stairs of the rise."""
    stair: Duration = Field(default=0.17, gt=0)
    """Length of a stair."""
    stair_share: Ratio = Field(default=0.6, gt=0, le=1)
    """Share of what is missing that each stair but the last adds."""
    spike: Ratio = Field(default=1.2, ge=1)
    """Greatest power of work that steps up under a cap, over the cap: 1.1 to 1.3 [E]."""
    spike_time: Duration = Field(default=0.05, ge=0)
    """How long that lasts: 10 to 100 ms [E]."""

    @model_validator(mode="after")
    def _within_a_second(self) -> "CapDynamicsSpec":
        down_s, up_s = self.fall + _REST * self.recovery, self.dead + (self.stairs - 1) * self.stair
        for way, words, took_s in (
            ("lower", f"fall and {_REST:g} times recovery", down_s),
            ("higher", "dead and all stairs but the last", up_s),
        ):
            if took_s > 1.0:
                raise ValueError(
                    f"a {way} cap must be followed within the second it arrives in: {words} are {took_s:.3g} s"
                )
        if self.spike_time > 1.0:
            raise ValueError(f"spike_time must be at most 1 s, found {self.spike_time:g} s")
        return self


class CapDynamicsParams(NamedTuple):
    """Constants of each GPU type."""

    fall_s: Annotated[Vec, Var("s", "time of the fall")]
    undershoot: Annotated[Vec, Var("1", "undershoot over the step")]
    recovery_s: Annotated[Vec, Var("s", "time constant of the recovery")]
    dead_s: Annotated[Vec, Var("s", "dead time of the rise")]
    stairs: Annotated[IVec, Var("1", "stairs of the rise")]
    stair_s: Annotated[Vec, Var("s", "length of a stair")]
    left: Annotated[Vec, Var("1", "share of what is missing left by a stair")]
    spike: Annotated[Vec, Var("1", "overshoot of stepping work over the cap")]
    spike_s: Annotated[Vec, Var("s", "length of the overshoot")]
    late: Annotated[Vec, Var("1", "share of a change missing on mean in its second, [type, down and up]")]


def params(specs: list[CapDynamicsSpec]) -> CapDynamicsParams:
    """Parameter arrays of the GPU types, in the order given."""
    p = frozen(
        CapDynamicsParams,
        fall_s=[s.fall for s in specs],
        undershoot=[s.undershoot for s in specs],
        recovery_s=[s.recovery for s in specs],
        dead_s=[s.dead for s in specs],
        stairs=[s.stairs for s in specs],
        stair_s=[s.stair for s in specs],
        left=[1.0 - s.stair_share for s in specs],
        spike=[s.spike for s in specs],
        spike_s=[s.spike_time for s in specs],
        late=np.zeros((len(specs), 2)),
    )
    late = np.array([[_short_s(p, k, up, 1.0) for up in (False, True)] for k in range(len(specs))])
    return frozen(CapDynamicsParams, **p._replace(late=late)._asdict())


@kernel
def _short_s(p, k, up, until_s):
    """What is missing of the step, as a share of it, integrated from the command to ``until_s``: [s]."""
    if up:
        total, end, share = min(until_s, p.dead_s[k]), p.dead_s[k], 1.0
        for _ in range(1, p.stairs[k]):
            share *= p.left[k]
            total += share * min(p.stair_s[k], max(0.0, until_s - end))
            end += p.stair_s[k]
        return total
    fall, under = p.fall_s[k], p.undershoot[k]
    fallen = min(until_s, fall)
    total = fallen - 0.5 * (1.0 + under) * fallen * fallen / fall
    return total - under * p.recovery_s[k] * (1.0 - exp(-max(0.0, until_s - fall) / p.recovery_s[k]))


@kernel
def power_w(p, k, from_w, to_w, since_s):
    """Power [W] of a board ``since_s`` after its command, on its way from ``from_w`` to ``to_w``."""
    if since_s < 0.0:
        return from_w
    if to_w > from_w:
        if since_s < p.dead_s[k]:
            return from_w
        stair = 1 + int((since_s - p.dead_s[k]) / p.stair_s[k])
        return to_w if stair >= p.stairs[k] else to_w - (to_w - from_w) * p.left[k] ** stair
    fall, under = p.fall_s[k], p.undershoot[k]
    if since_s < fall:
        return from_w - (from_w - to_w) * (1.0 + under) * since_s / fall
    return to_w - (from_w - to_w) * under * exp(-(since_s - fall) / p.recovery_s[k])


@kernel
def mean_w(p, k, from_w, to_w, since_s, until_s):
    """Exact mean of `power_w` from ``since_s`` to ``until_s`` after the command, neither before it."""
    up = to_w > from_w
    short = (_short_s(p, k, up, until_s) - _short_s(p, k, up, since_s)) / (until_s - since_s)
    return to_w + (from_w - to_w) * short


@kernel
def settled_s(p, k, from_w, to_w):
    """Time after the command at which nothing is left of a change [s]."""
    if to_w > from_w:
        return p.dead_s[k] + (p.stairs[k] - 1) * p.stair_s[k]
    return p.fall_s[k] + _REST * p.recovery_s[k]


@kernel
def spike_w(p, k, want_w, cap_w, since_s):
    """Power [W] ``since_s`` after work stepped up to ``want_w`` under a cap that was there before."""
    return min(want_w, cap_w * p.spike[k]) if since_s < p.spike_s[k] else min(want_w, cap_w)
