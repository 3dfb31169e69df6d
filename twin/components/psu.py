"""Power supplies below a second: power factor stage, bulk capacitor, current limit, hold-up and trip.

All supplies of a rack act as one. With the load p, the efficiency n (given by the caller for this load), the energy E
of the bulk capacitor above its lowest useful voltage, and its set point E0:

    dE/dt       = n P - p
    tau dR/dt   = (p + k (E0 - E))/n - R            R: power the current loop asks for
    P           = R between 0 and limit * rating * V; 0 below ``off`` per unit; E never above its overvoltage stop

So a supply draws constant power as long as its current allows and constant current below that, and its load does not
notice a dip until E is gone; then it trips and stays off. Without load it charges again as soon as there is voltage.
A capacitor from V1 to V2 holds up for C (V1^2 - V2^2)/(2 p). [1]

With y = (E - E0)/n and x = R - p/n the free loop is dy/dt = x, tau dx/dt = -k y - x for any n: one propagator a type
and step. It is exact while the load holds still; so is the limited loop, where P is constant. Which of the two holds
is decided once a step, by the mean power of the free one.

[1] physics of a capacitor; 60 J in 3 kW (20 ms) is the figure of an ORv3 shelf, tau 5 to 20 ms usual.
"""

from math import exp
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.numerics import propagators, square
from twin.core.quantity import Duration, PerUnit, Ratio, Spec

COEFFICIENTS = 7


class RideThroughSpec(Spec):
    """What a power supply does within a second."""

    hold_up: Duration = Field(default=0.020, gt=0)
    """Time the charged capacitor carries the rated load: 60 J in 3 kW."""
    overcharge: Ratio = Field(default=1.6, gt=1)
    """Energy at which overvoltage stops the input, over that of the set point: 450 against 400 V above 300 V [E]."""
    current_loop: Duration = Field(default=0.010, gt=0)
    """Time constant of the power factor stage: 5 to 20 ms."""
    recovery: Duration = Field(default=0.050, gt=0)
    """Time in which the voltage loop would make up for missing energy at constant rate, 1/k [E]."""
    current_limit: Ratio = Field(default=1.1, ge=1)
    """Input current over the rated one."""
    off: PerUnit = Field(default=0.7, ge=0, lt=1)
    """Voltage below which the input is off."""

    @model_validator(mode="after")
    def _damped(self) -> "RideThroughSpec":
        if self.recovery < self.current_loop:
            raise ValueError(
                f"a recovery of {self.recovery:g} s is faster than the current loop of {self.current_loop:g} s and "
                "would swing; give a longer recovery"
            )
        return self


class PsuParams(NamedTuple):
    """Constants of the supplies of each rack type, all of a rack as one."""

    rating_w: Annotated[Vec, Var("W", "rated power")]
    charged_j: Annotated[Vec, Var("J", "capacitor at its set point, above the lowest useful voltage")]
    most_j: Annotated[Vec, Var("J", "capacitor where overvoltage stops the input")]
    loop_s: Annotated[Vec, Var("s", "time constant of the current loop")]
    gain_1_s: Annotated[Vec, Var("s-1", "power asked for per energy missing")]
    limit_w: Annotated[Vec, Var("W", "input at the current limit and rated voltage")]
    off_pu: Annotated[Vec, Var("1", "voltage below which the input is off")]


class PsuState(NamedTuple):
    """The supplies of each rack."""

    stored_j: Annotated[Vec, Var("J", "capacitor above the lowest useful voltage")]
    asked_w: Annotated[Vec, Var("W", "power the current loop asks for")]
    tripped: Annotated[Vec, Var("1", "whether the output has gone off, until it is started again")]


def params(specs: list[RideThroughSpec], rating_w: list[float]) -> PsuParams:
    """Parameter arrays, one entry a rack type; ``rating_w`` is that of all supplies of such a rack."""
    rated = np.array(rating_w, float)
    charged_j = rated * np.array([s.hold_up for s in specs])
    return frozen(
        PsuParams,
        rating_w=rated,
        charged_j=charged_j,
        most_j=charged_j * np.array([s.overcharge for s in specs]),
        loop_s=[s.current_loop for s in specs],
        gain_1_s=[1.0 / s.recovery for s in specs],
        limit_w=rated * np.array([s.current_limit for s in specs]),
        off_pu=[s.off for s in specs],
    )


def capacitance_f(stored_j: float, from_v: float, to_v: float) -> float:
    """Capacitance [F] that gives ``stored_j`` between two voltages."""
    return 2.0 * stored_j / (from_v**2 - to_v**2)


@kernel
def coefficients(params, k, dt_s, out):
    """Fill ``out`` [7] for supplies of type ``k`` and steps of ``dt_s``: the propagator of (y, x), then the lag's.

    Order: yy, yx, xy, xx; exp(-dt/tau), tau and dt.
    """
    tau = params.loop_s[k]
    a, phi, gamma, psi = square(2), square(2), square(2), square(2)
    a[0, 1], a[1, 0], a[1, 1] = 1.0, -params.gain_1_s[k] / tau, -1.0 / tau
    propagators(a, dt_s, phi, gamma, psi)
    out[0], out[1], out[2], out[3] = phi[0, 0], phi[0, 1], phi[1, 0], phi[1, 1]
    out[4], out[5], out[6] = exp(-dt_s / tau), tau, dt_s


@kernel
def rest(params, k, state, i, load_w, efficiency):
    """Put the supplies of rack ``i`` at rest under ``load_w``: charged, drawing what it takes."""
    state.stored_j[i], state.tripped[i] = params.charged_j[k], 0.0
    state.asked_w[i] = load_w / efficiency


@kernel
def start(state, i):
    """Switch the outputs of rack ``i`` on again; they trip at once if the capacitor is empty."""
    state.tripped[i] = 0.0


@kernel(fast=True, inline=True)
def step(params, k, c, state, i, load_w, voltage_pu, efficiency, dt_s):
    """Advance the supplies of rack ``i``, type ``k``, by ``dt_s``; returns mean power in and out [W].

    ``c`` are the type's `coefficients` for this ``dt_s``. ``load_w`` holds still over the step; less is given only in
    the step in which the supply trips, and none after it. stored_j grows by (efficiency * in - out) dt, to rounding.
    """
    load = load_w if state.tripped[i] <= 0.0 else 0.0
    stored, need = state.stored_j[i], load / efficiency
    y, x = (stored - params.charged_j[k]) / efficiency, state.asked_w[i] - need
    after_y = c[0] * y + c[1] * x
    free_w = need + (after_y - y) / dt_s
    most_w = params.limit_w[k] * voltage_pu if voltage_pu >= params.off_pu[k] else 0.0
    power_w = max(0.0, min(free_w, most_w, need + (params.most_j[k] - stored) / (efficiency * dt_s)))
    if power_w == free_w:
        state.asked_w[i] = need + c[2] * y + c[3] * x
    else:
        # A lag behind a target that moves along a straight line, since P is constant.
        slope = -params.gain_1_s[k] * (power_w - need)
        target = need - params.gain_1_s[k] * y
        lag = slope * c[5]
        asked = target + slope * dt_s - lag + (state.asked_w[i] - target + lag) * c[4]
        state.asked_w[i] = max(0.0, asked)
    after_j = stored + (efficiency * power_w - load) * dt_s
    if after_j < 0.0:
        load += after_j / dt_s
        after_j = 0.0
        state.tripped[i], state.asked_w[i] = 1.0, 0.0
    state.stored_j[i] = after_j
    return power_w, load
