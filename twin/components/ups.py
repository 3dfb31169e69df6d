"""Uninterruptible power supply: a rectifier, a battery and an inverter between a board and its load.

Modes: *normal* (the rectifier carries the load), *battery* (it is off) and *locked* (it stays off until somebody
comes). With the load p, its loss L(p), and the battery's energy E:

    normal    in = min(p + L + charge, walk * limit * rating * V);  dE/dt = n_c charge - missing
    else      in = 0;                                               dE/dt = -(p + L)

- The voltage outside its band for longer than ``delay`` is one disturbance: the load goes to the battery.
- Back in the band for ``settle``, the rectifier walks in: what it may draw rises from 0 to all in ``walk_in``.
- ``events`` disturbances within ``within`` lock it: it stays on the battery until `release`. Six sags in 82 s on
  10 July 2024 took 1,500 MW of load off the grid by such counters [1]. Without ``events`` nothing is counted.
- A battery at its ``least``, locked or not, hands the load to a feed in its band at once (static bypass, then
  rectifier); without one the load is given up, and what is left of the battery goes to that.

In double conversion the load sees no dip at all; in eco mode it hangs on the feed and sees it until the transfer.
The loss over the rating is a monotone cubic through the points of the data sheet, as of any supply.

[1] NERC incident review of July 2024; counter and walk-in times are usual settings.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.numerics import cubic, monotone_cubic
from twin.core.quantity import Duration, PerUnit, Power, Ratio, Spec

NORMAL, BATTERY, LOCKED = 0.0, 1.0, 2.0
MOST_EVENTS = 8
_ROUNDING_S = 1e-9
_LONGEST_STEP_S = 5.0  # of the plant: a load that is let go is carried to the end of it


class UpsSpec(Spec):
    """A UPS type."""

    rating: Power = Field(gt=0)
    mode: Literal["double conversion", "eco"] = "double conversion"
    load: tuple[Ratio, Ratio, Ratio, Ratio] = (0.25, 0.5, 0.75, 1.0)
    """Shares of the rating at which efficiency is given, rising, the last 100 %."""
    efficiency: tuple[Ratio, Ratio, Ratio, Ratio] = (0.96, 0.97, 0.97, 0.967)
    no_load_loss: Ratio = Field(default=0.006, ge=0)
    """Loss at no load over the rating [E]."""
    autonomy: Duration = Field(default=300.0, gt=0)
    """Time for which the battery carries the rating and its loss."""
    least: Ratio = Field(default=0.02, ge=0, lt=1)
    """Charge below which the battery gives up its load [E]."""
    recharge: Ratio = Field(default=0.15, gt=0, le=1)
    """Greatest charging power over the rating: 10 to 20 %."""
    charging: Ratio = Field(default=0.95, gt=0, le=1)
    """Energy kept over energy put into the battery [E]."""
    input_limit: Ratio = Field(default=1.25, ge=1)
    """Greatest input over the rating at full voltage [E]."""
    low: PerUnit = Field(default=0.88, gt=0, lt=1)
    """Voltage below which the feed is out of its band: 0.85 to 0.9."""
    high: PerUnit = Field(default=1.1, gt=1)
    """Voltage above which it is."""
    delay: Duration = Field(default=0.010, ge=0)
    """Time it must be out of its band to count as a disturbance."""
    settle: Duration = Field(default=3.0, ge=0)
    """Time it must be back in its band before the rectifier starts [E]."""
    walk_in: Duration = Field(default=10.0, ge=0)
    """From nothing to full input: 10 to 30 s."""
    events: int | None = Field(default=3, ge=1, le=MOST_EVENTS)
    """So many disturbances lock it; not counted where null."""
    within: Duration = Field(default=60.0, gt=0)
    """Time within which they must fall."""
    power_factor: Ratio = Field(default=0.99, gt=0, le=1)
    """Of the rectifier's input."""

    @model_validator(mode="after")
    def _rising_loss(self) -> "UpsSpec":
        loss = [self.no_load_loss, *(p * (1 / e - 1) for p, e in zip(self.load, self.efficiency, strict=True))]
        if list(self.load) != sorted(set(self.load)) or self.load[0] <= 0:
            raise ValueError("loads must rise from above 0")
        if loss != sorted(loss):
            raise ValueError("the loss that follows from load and efficiency must rise with load")
        if self.least * self.autonomy < _LONGEST_STEP_S:
            raise ValueError(
                f"{self.least:.1%} of {self.autonomy:g} s is less than the {_LONGEST_STEP_S:g} s it takes to shed the "
                "load in order; give a greater least"
            )
        return self


class UpsParams(NamedTuple):
    """Constants of each UPS."""

    rating_w: Annotated[Vec, Var("W", "rated power")]
    eco: Annotated[Vec, Var("1", "whether the load hangs on the feed")]
    loss: Annotated[Vec, Var("1", "monotone cubic of loss over load, [ups, segment, 5]")]
    most_j: Annotated[Vec, Var("J", "battery when full")]
    least_j: Annotated[Vec, Var("J", "energy below which it gives up its load")]
    charge_w: Annotated[Vec, Var("W", "greatest charging power")]
    charging: Annotated[Vec, Var("1", "energy kept over energy put into the battery")]
    limit_w: Annotated[Vec, Var("W", "greatest input at rated voltage")]
    low_pu: Annotated[Vec, Var("1", "lower end of the feed's band")]
    high_pu: Annotated[Vec, Var("1", "upper end")]
    delay_s: Annotated[Vec, Var("s", "time out of band that is a disturbance")]
    settle_s: Annotated[Vec, Var("s", "time in band before the rectifier starts")]
    walk_in_s: Annotated[Vec, Var("s", "from nothing to full input")]
    events: Annotated[IVec, Var("1", "disturbances that lock it, 0 where they are not counted")]
    within_s: Annotated[Vec, Var("s", "time within which they must fall")]
    reactive_share: Annotated[Vec, Var("1", "reactive over active power of its input")]


class UpsState(NamedTuple):
    """Each UPS; the times of disturbances are [ups, 8]."""

    mode: Annotated[Vec, Var("1", "0 normal, 1 on battery, 2 locked on battery")]
    stored_j: Annotated[Vec, Var("J", "energy of the battery")]
    walk: Annotated[Vec, Var("1", "share of its limit the rectifier may draw")]
    bad_s: Annotated[Vec, Var("s", "time out of band, -1 once counted")]
    good_s: Annotated[Vec, Var("s", "time in band")]
    clock_s: Annotated[Vec, Var("s", "time since the start")]
    disturbances: Annotated[Vec, Var("1", "disturbances since the start")]
    event_s: Annotated[Vec, Var("s", "when the last disturbances were")]


def params(specs: list[UpsSpec]) -> UpsParams:
    """Parameter arrays, one entry a UPS."""

    def curve(spec: UpsSpec) -> Vec:
        loss = [p * (1 / e - 1) for p, e in zip(spec.load, spec.efficiency, strict=True)]
        return monotone_cubic(np.array([0.0, *spec.load]), np.array([spec.no_load_loss, *loss]))

    curves = [curve(s) for s in specs]
    return frozen(
        UpsParams,
        rating_w=[s.rating for s in specs],
        eco=[s.mode == "eco" for s in specs],
        loss=np.array(curves).reshape(len(specs), 4, 5),
        most_j=[s.autonomy * s.rating / s.efficiency[-1] for s in specs],
        least_j=[s.least * s.autonomy * s.rating / s.efficiency[-1] for s in specs],
        charge_w=[s.recharge * s.rating for s in specs],
        charging=[s.charging for s in specs],
        limit_w=[s.input_limit * s.rating for s in specs],
        low_pu=[s.low for s in specs],
        high_pu=[s.high for s in specs],
        delay_s=[s.delay for s in specs],
        settle_s=[s.settle for s in specs],
        walk_in_s=[s.walk_in for s in specs],
        events=[s.events or 0 for s in specs],
        within_s=[s.within for s in specs],
        reactive_share=[np.sqrt(1 / s.power_factor**2 - 1) for s in specs],
    )


def new_state(params: UpsParams) -> UpsState:
    """All in normal mode with full batteries, and no disturbance yet."""
    n = params.rating_w.size
    return UpsState(
        mode=np.zeros(n), stored_j=params.most_j.copy(), walk=np.ones(n), bad_s=np.zeros(n), good_s=np.full(n, np.inf),
        clock_s=np.zeros(n), disturbances=np.zeros(n), event_s=np.full((n, MOST_EVENTS), -np.inf),
    )  # fmt: skip


@kernel
def holds(params, state, i, alive):
    """Whether UPS ``i`` carries its load: from its battery, or from a feed that is ``alive`` and in its band."""
    return state.stored_j[i] > params.least_j[i] or (alive > 0 and state.mode[i] == NORMAL and state.good_s[i] > 0.0)


@kernel(inline=True)
def loss_w(params, i, load_w):
    """Loss [W] of UPS ``i`` that carries ``load_w``, whichever way, without that of charging."""
    return params.rating_w[i] * cubic(params.loss[i], load_w / params.rating_w[i])


@kernel
def release(state, i):
    """Unlock UPS ``i`` by hand and forget its disturbances; it returns as after any other."""
    state.event_s[i, :] = -np.inf
    if state.mode[i] == LOCKED:
        state.mode[i] = BATTERY


@kernel(inline=True)
def _disturbed(params, state, i):
    """One more disturbance: onto the battery, and locked if there were too many."""
    n = int(state.disturbances[i])
    state.event_s[i, n % MOST_EVENTS] = state.clock_s[i]
    state.disturbances[i] += 1.0
    state.walk[i], state.bad_s[i] = 0.0, -1.0
    most = params.events[i]
    if state.mode[i] == NORMAL:
        state.mode[i] = BATTERY
    if most > 0 and state.clock_s[i] - state.event_s[i, (n + 1 - most) % MOST_EVENTS] <= params.within_s[i]:
        state.mode[i] = LOCKED


@kernel(inline=True)
def watch(params, state, i, voltage_pu, dt_s):
    """Let ``dt_s`` pass at ``voltage_pu`` of the feed and decide the mode of UPS ``i``."""
    state.clock_s[i] += dt_s
    if voltage_pu < params.low_pu[i] or voltage_pu > params.high_pu[i]:
        state.good_s[i] = 0.0
        if state.bad_s[i] >= 0.0:
            state.bad_s[i] += dt_s
            if state.bad_s[i] > params.delay_s[i] + _ROUNDING_S:
                _disturbed(params, state, i)
        return
    state.bad_s[i] = 0.0
    state.good_s[i] += dt_s
    if state.mode[i] == BATTERY and state.good_s[i] >= params.settle_s[i] - _ROUNDING_S:
        state.mode[i] = NORMAL
    elif state.mode[i] != NORMAL and state.stored_j[i] <= params.least_j[i]:
        state.mode[i], state.walk[i] = NORMAL, 1.0
    elif state.mode[i] == NORMAL and state.walk[i] < 1.0:
        walk_in_s = params.walk_in_s[i]
        state.walk[i] = min(1.0, state.walk[i] + dt_s / walk_in_s) if walk_in_s > 0.0 else 1.0


@kernel(inline=True)
def step(params, state, i, load_w, voltage_pu, dt_s):
    """Advance UPS ``i`` by ``dt_s``; returns mean power in and out [W] and the voltage its load sees.

    Out is ``load_w``, or what there is when the battery runs out in this step. What is neither out nor kept in
    ``stored_j`` is its loss.
    """
    watch(params, state, i, voltage_pu, dt_s)
    need = load_w + loss_w(params, i, load_w)
    stored, normal = state.stored_j[i], state.mode[i] == NORMAL
    input_w, output_w = 0.0, load_w
    if normal:
        charge = min(params.charge_w[i], (params.most_j[i] - stored) / (params.charging[i] * dt_s))
        input_w = min(need + charge, state.walk[i] * params.limit_w[i] * voltage_pu)
    if input_w >= need:
        state.stored_j[i] = min(params.most_j[i], stored + params.charging[i] * (input_w - need) * dt_s)
    else:
        after_j = stored - (need - input_w) * dt_s
        if after_j < 0.0:
            # Load and loss go down together, so that none of it comes from nowhere.
            output_w *= max(0.0, 1.0 + after_j / (need * dt_s))
            after_j = 0.0
        state.stored_j[i] = after_j
    seen_pu = voltage_pu if normal and params.eco[i] > 0.0 else 1.0
    return input_w, output_w, seen_pu if output_w > 0.0 or load_w <= 0.0 else 0.0


@kernel
def rest(params, state, i, load_w):
    """Power [W] that UPS ``i`` draws with a full battery under ``load_w``: load and loss."""
    state.stored_j[i] = params.most_j[i]
    return load_w + loss_w(params, i, load_w)
