"""Storage in a rack's power shelf: it keeps fast swings of the load from the supplies in front of it.

With the load p and the energy E of the shelf's capacitors, the power s drawn from the supplies follows

    tau dl/dt = p - l,    s = l + k (E* - E),    |ds/dt| <= r,    s >= floor while the load has been active
    dE/dt     = s - p - b,  0 <= E <= E_max

A full shelf burns, in GPUs told to work for nothing (b, up to its limit), what the ramp down or the floor would still
draw; what cannot be burned is not drawn, and an empty shelf lets the load through: then the ramp is steeper than r.
To flatten a square wave of height dP, duty D and period T it takes dP D (1 - D) T [1]: 65 J a GPU are enough for
400 W at 70 % only above 1.3 Hz. The restoring term is taken at the end of the step (implicit), so any step is stable;
in the limit of short steps s/p = (k + z/(1 + tau z))/(k + z).

[1] arXiv 2508.14318 for rack storage, floor and ramps of training; 65 J a GPU and -30 % of the peak: GB300 shelves.
"""

from math import exp
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Energy, Power, Ratio, Spec

COEFFICIENTS = 2


class ShelfSpec(Spec):
    """Storage in the power shelves of a rack type; energies and powers a GPU."""

    energy: Energy = Field(default=65.0, gt=0)
    """Energy a GPU."""
    smoothing: Duration = Field(default=1.0, gt=0)
    """Time constant of what the supplies see of the load [E]."""
    restoring: Duration = Field(default=5.0, gt=0)
    """Time in which the charge goes back to its target [E]."""
    target: Ratio = Field(default=0.5, gt=0, lt=1)
    """Charge it goes back to, over the energy [E]."""
    ramp: Power | None = Field(default=None, gt=0)
    """Greatest change of power a GPU in a second; none without it."""
    floor: Power = Field(default=0.0, ge=0)
    """Least power a GPU while active."""
    active: Power = Field(default=200.0, gt=0)
    """Load a GPU above which it counts as active [E]."""
    hold: Duration = Field(default=1.0, ge=0)
    """Time for which it stays active after that [E]."""
    burn: Power = Field(default=0.0, ge=0)
    """Power a GPU that can be burned in work for nothing."""


class ShelfParams(NamedTuple):
    """Constants of the shelves of each rack type, all of a rack as one."""

    most_j: Annotated[Vec, Var("J", "energy when full")]
    smoothing_s: Annotated[Vec, Var("s", "time constant of what the supplies see of the load")]
    gain_1_s: Annotated[Vec, Var("s-1", "power drawn per energy below the target")]
    target_j: Annotated[Vec, Var("J", "energy it goes back to")]
    ramp_w_s: Annotated[Vec, Var("W s-1", "greatest change of power, infinite without a limit")]
    floor_w: Annotated[Vec, Var("W", "least power while active")]
    active_w: Annotated[Vec, Var("W", "load above which it counts as active")]
    hold_s: Annotated[Vec, Var("s", "time for which it stays active")]
    burn_w: Annotated[Vec, Var("W", "power that can be burned")]


class ShelfState(NamedTuple):
    """The shelves of each rack."""

    stored_j: Annotated[Vec, Var("J", "energy of the capacitors")]
    smooth_w: Annotated[Vec, Var("W", "load behind the low-pass")]
    drawn_w: Annotated[Vec, Var("W", "power last drawn from the supplies")]
    active_s: Annotated[Vec, Var("s", "time for which it still counts as active")]


def params(specs: list[ShelfSpec], gpus: list[int]) -> ShelfParams:
    """Parameter arrays, one entry a rack type with ``gpus`` GPUs a rack."""
    many = np.array(gpus, float)
    most_j = many * np.array([s.energy for s in specs])
    return frozen(
        ShelfParams,
        most_j=most_j,
        smoothing_s=[s.smoothing for s in specs],
        gain_1_s=[1.0 / s.restoring for s in specs],
        target_j=most_j * np.array([s.target for s in specs]),
        ramp_w_s=many * np.array([np.inf if s.ramp is None else s.ramp for s in specs]),
        floor_w=many * np.array([s.floor for s in specs]),
        active_w=many * np.array([s.active for s in specs]),
        hold_s=[s.hold for s in specs],
        burn_w=many * np.array([s.burn for s in specs]),
    )


def energy_to_flatten_j(swing_w: float, duty: float, period_s: float) -> float:
    """Energy [J] between fullest and emptiest when a square wave is drawn as its mean."""
    return swing_w * duty * (1.0 - duty) * period_s


@kernel
def coefficients(params, k, dt_s, out):
    """Fill ``out`` [2] for shelves of type ``k`` and steps of ``dt_s``: exp(-dt/tau), and its mean over the step."""
    share = dt_s / params.smoothing_s[k]
    out[0] = exp(-share)
    out[1] = (1.0 - out[0]) / share


@kernel
def rest(params, k, state, i, load_w):
    """Put the shelves of rack ``i`` at rest under ``load_w``, at their target."""
    state.stored_j[i] = params.target_j[k]
    state.active_s[i] = params.hold_s[k] if load_w >= params.active_w[k] else 0.0
    state.smooth_w[i] = state.drawn_w[i] = load_w


@kernel(fast=True, inline=True)
def step(params, k, c, state, i, load_w, dt_s):
    """Advance the shelves of rack ``i``, type ``k``, by ``dt_s``; returns mean power drawn and burned [W].

    ``c`` are the type's `coefficients` for this ``dt_s``. stored_j grows by (drawn - load - burned) dt, to rounding.
    """
    stored, before = state.stored_j[i], state.smooth_w[i] - load_w
    state.smooth_w[i] = load_w + before * c[0]
    state.active_s[i] = params.hold_s[k] if load_w >= params.active_w[k] else max(0.0, state.active_s[i] - dt_s)
    gain = params.gain_1_s[k]
    wanted = (load_w + before * c[1] + gain * (params.target_j[k] - stored + load_w * dt_s)) / (1.0 + gain * dt_s)
    if state.active_s[i] > 0.0:
        wanted = max(wanted, params.floor_w[k])
    room = params.ramp_w_s[k] * dt_s
    drawn = max(0.0, min(max(wanted, state.drawn_w[i] - room), state.drawn_w[i] + room))
    drawn = max(drawn, load_w - stored / dt_s)
    excess = max(0.0, drawn - load_w - (params.most_j[k] - stored) / dt_s)
    burned = min(excess, params.burn_w[k])
    drawn -= excess - burned
    state.drawn_w[i] = drawn
    state.stored_j[i] = min(params.most_j[k], max(0.0, stored + (drawn - load_w - burned) * dt_s))
    return drawn, burned
