"""Battery plant: units with inverters behind one node of the network.

Power P at its terminals is positive when it discharges. Energy, within its limits of charge:

    dE/dt = -P/n_d  for P > 0,   -P n_c  for P < 0

Control looks at the load p that the feed would carry without it and asks for u = p - R, where R is

- *smooth*: dR/dt = (aim - R)/tau, with aim = p + k_s (S* - S): a low-pass, R itself;
- *ramp*: |dR/dt| <= r towards the same aim;

so that the feed sees R, and a charge S below its target S* makes the feed carry a little more [1]. (The formula is
often printed with the restoring term's sign turned, which would run the charge away.) u goes through a low-pass at
``band``, is limited to what power and charge allow, and takes effect after the dead time, with a first-order lag:

    P(s) = e^{-s T_d}/(1 + s tau_i) u(s)

Beyond 1 Hz what arrives is too late: with 20 and 50 ms it leaves 0.42 of a ripple at 1 Hz and makes 1.16 of it at 5 Hz
(`core.lag.left_over`). The dead time is a delay line of commands, each constant over its step; the lag is exact for
those.

[1] policies for smoothing of training power, arXiv 2508.14318; round trip 0.92: data sheets of two-hour units.
"""

from math import exp, pi
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import Duration, Energy, Frequency, Power, Ratio, Spec

OFF, SMOOTH, RAMP = range(3)
MODES = ("off", "smooth", "ramp")
LINE = 128
_LONGEST_DEAD_S = 0.1


class BatterySpec(Spec):
    """A type of battery unit with its inverter."""

    energy: Energy = Field(gt=0)
    power: Power = Field(gt=0)
    """Greatest power, charging or discharging."""
    charging: Ratio = Field(default=0.9592, gt=0, le=1)
    """Energy kept over energy taken; squared, 0.92 for the round trip."""
    discharging: Ratio = Field(default=0.9592, gt=0, le=1)
    """Energy given over energy used up."""
    least: Ratio = Field(default=0.05, ge=0, lt=1)
    """Lowest charge over the energy."""
    most: Ratio = Field(default=0.95, gt=0, le=1)
    """Highest charge."""
    fade: Ratio = Field(default=0.05, ge=0, lt=0.5)
    """Stretch of charge before either end over which power falls to nothing [E]."""
    auxiliary: Power = Field(default=0.0, ge=0)
    """Cooling and controls of a unit, at all times."""
    dead_time: Duration = Field(default=0.020, ge=0, le=_LONGEST_DEAD_S)
    """From a command to the first sign of it: 10 to 20 ms [E]."""
    lag: Duration = Field(default=0.050, ge=0)
    """Time constant of the inverter's power: 20 to 50 ms [E]."""

    @model_validator(mode="after")
    def _room(self) -> "BatterySpec":
        if self.least + 2 * self.fade > self.most:
            raise ValueError(
                f"between {self.least:.0%} and {self.most:.0%} there is no charge left at full power; "
                "give a smaller fade"
            )
        return self


class BatteryControlSpec(Spec):
    """What a battery plant does by itself."""

    mode: Literal["off", "smooth", "ramp"] = "off"
    smoothing: Duration = Field(default=30.0, gt=0)
    """In mode smooth: time constant of what the feed sees [E]."""
    ramp: Power | None = Field(default=None, gt=0)
    """In mode ramp, or for the time when an event sets it: greatest change of the feed's power in a minute."""
    band: Frequency | None = Field(default=1.0, gt=0)
    """Corner above which it leaves the load alone, since it would come too late; null for none."""
    target: Ratio = Field(default=0.6, gt=0, lt=1)
    """Charge it goes back to [E]."""
    restoring: Duration = Field(default=3600.0, gt=0)
    """Time constant with which it does [E]."""

    @model_validator(mode="after")
    def _one_duty(self) -> "BatteryControlSpec":
        if self.mode == "ramp" and self.ramp is None:
            raise ValueError("mode ramp needs a ramp, e.g. ramp: 10 MW (a minute)")
        if self.mode == "smooth" and self.ramp is not None:
            raise ValueError("a ramp is given but the mode is smooth: a battery has one duty at a time; drop one")
        return self


class BatteryParams(NamedTuple):
    """Constants of each battery plant."""

    most_w: Annotated[Vec, Var("W", "greatest power, either way")]
    energy_j: Annotated[Vec, Var("J", "energy at full charge")]
    charging: Annotated[Vec, Var("1", "energy kept over energy taken")]
    discharging: Annotated[Vec, Var("1", "energy given over energy used up")]
    least: Annotated[Vec, Var("1", "lowest charge")]
    most: Annotated[Vec, Var("1", "highest charge")]
    fade: Annotated[Vec, Var("1", "stretch of charge over which power falls to nothing")]
    auxiliary_w: Annotated[Vec, Var("W", "cooling and controls")]
    dead_s: Annotated[Vec, Var("s", "dead time")]
    lag_s: Annotated[Vec, Var("s", "time constant of the power")]
    smoothing_s: Annotated[Vec, Var("s", "time constant of what the feed sees")]
    ramp_w_s: Annotated[Vec, Var("W s-1", "greatest change of the feed's power")]
    band_s: Annotated[Vec, Var("s", "time constant of the command's low-pass, 0 for none")]
    target: Annotated[Vec, Var("1", "charge it goes back to")]
    restoring_w: Annotated[Vec, Var("W", "power for a whole charge missing")]


class BatteryState(NamedTuple):
    """Each battery plant; its past commands are [plant, 128]."""

    mode: Annotated[IVec, Var("1", "0 off, 1 smooth, 2 ramp")]
    stored_j: Annotated[Vec, Var("J", "energy it holds")]
    power_w: Annotated[Vec, Var("W", "power at its terminals, positive when it discharges")]
    reference_w: Annotated[Vec, Var("W", "power the feed is to see, NaN before the first step")]
    banded_w: Annotated[Vec, Var("W", "command behind the low-pass")]
    step_s: Annotated[Vec, Var("s", "step of the delay line")]
    last: Annotated[IVec, Var("1", "entry of the last command")]
    line_w: Annotated[Vec, Var("W", "past commands, a ring")]


def params(
    specs: list[BatterySpec], counts: list[int], limits_w: list[float], controls: list[BatteryControlSpec]
) -> BatteryParams:
    """Parameter arrays, one entry a plant of ``count`` units whose connection lets ``limit_w`` through."""
    many = np.array(counts, float)
    energy_j = many * np.array([s.energy for s in specs])
    return frozen(
        BatteryParams,
        most_w=np.minimum(many * np.array([s.power for s in specs]), limits_w),
        energy_j=energy_j,
        charging=[s.charging for s in specs],
        discharging=[s.discharging for s in specs],
        least=[s.least for s in specs],
        most=[s.most for s in specs],
        fade=[s.fade for s in specs],
        auxiliary_w=many * np.array([s.auxiliary for s in specs]),
        dead_s=[s.dead_time for s in specs],
        lag_s=[s.lag for s in specs],
        smoothing_s=[c.smoothing for c in controls],
        ramp_w_s=[np.inf if c.ramp is None else c.ramp / 60.0 for c in controls],
        band_s=[0.0 if c.band is None else 1.0 / (2.0 * pi * c.band) for c in controls],
        target=[c.target for c in controls],
        restoring_w=energy_j / np.array([c.restoring for c in controls]),
    )


def new_state(params: BatteryParams, modes: list[int]) -> BatteryState:
    """Plants at their target charge that have not moved yet."""
    n = params.most_w.size
    return BatteryState(
        mode=np.array(modes, dtype=np.int64), stored_j=params.energy_j * params.target, power_w=np.zeros(n),
        reference_w=np.full(n, np.nan), banded_w=np.zeros(n), step_s=np.zeros(n),
        last=np.zeros(n, dtype=np.int64), line_w=np.zeros((n, LINE)),
    )  # fmt: skip


@kernel(inline=True)
def limits_w(params, i, stored_j):
    """Greatest power charging and discharging [W, W] at this energy: full, and falling to nothing at either end."""
    charge = stored_j / params.energy_j[i]
    above, below = charge - params.least[i], params.most[i] - charge
    fade, most_w = params.fade[i], params.most_w[i]
    down = 0.0 if above <= 0.0 else most_w if above >= fade else most_w * above / fade
    up = 0.0 if below <= 0.0 else most_w if below >= fade else most_w * below / fade
    return up, down


@kernel(inline=True)
def command(params, state, i, load_w, dt_s):
    """Power [W] that the control of plant ``i`` asks for over the coming ``dt_s``, before its limits.

    ``load_w`` is what the feed would carry without the plant, over the same step.
    """
    mode = state.mode[i]
    if mode == OFF:
        state.reference_w[i], state.banded_w[i] = np.nan, 0.0
        return 0.0
    if np.isnan(state.reference_w[i]):
        state.reference_w[i] = load_w
    aim = load_w + params.restoring_w[i] * (params.target[i] - state.stored_j[i] / params.energy_j[i])
    before = state.reference_w[i]
    if mode == SMOOTH:
        share = dt_s / params.smoothing_s[i]
        keep = exp(-share)
        state.reference_w[i] = aim + (before - aim) * keep
        asked = load_w - aim - (before - aim) * (1.0 - keep) / share
    else:
        room = params.ramp_w_s[i] * dt_s
        state.reference_w[i] = min(max(aim, before - room), before + room)
        asked = load_w - state.reference_w[i]
    if params.band_s[i] <= 0.0:
        return asked
    share = dt_s / params.band_s[i]
    keep, behind = exp(-share), state.banded_w[i] - asked
    state.banded_w[i] = asked + behind * keep
    return asked + behind * (1.0 - keep) / share


@kernel(inline=True)
def _remember(state, i, asked_w, dt_s):
    """Put a command into the delay line; one of another step starts it anew from the last command."""
    if state.step_s[i] != dt_s:
        state.line_w[i, :] = state.line_w[i, state.last[i]]
        state.step_s[i] = dt_s
    state.last[i] = (state.last[i] + 1) % LINE
    state.line_w[i, state.last[i]] = asked_w


@kernel(inline=True)
def _lagged(power_w, asked_w, lag_s, dt_s):
    """Power after ``dt_s`` of a constant command, and its integral [J]."""
    if lag_s <= 0.0:
        return asked_w, asked_w * dt_s
    keep, behind = exp(-dt_s / lag_s), power_w - asked_w
    return asked_w + behind * keep, asked_w * dt_s + behind * lag_s * (1.0 - keep)


@kernel(inline=True)
def act(params, state, i, asked_w, dt_s):
    """Advance plant ``i`` by ``dt_s`` under the command ``asked_w``; returns its mean power [W]."""
    up, down = limits_w(params, i, state.stored_j[i])
    _remember(state, i, max(-up, min(down, asked_w)), dt_s)
    whole = int(params.dead_s[i] / dt_s + 1e-9)
    part_s = max(0.0, params.dead_s[i] - whole * dt_s)
    older = state.line_w[i, (state.last[i] - whole - 1) % LINE]
    newer = state.line_w[i, (state.last[i] - whole) % LINE]
    power, first_j = _lagged(state.power_w[i], older, params.lag_s[i], part_s)
    power, second_j = _lagged(power, newer, params.lag_s[i], dt_s - part_s)
    mean, stored = (first_j + second_j) / dt_s, state.stored_j[i]
    # The lag may carry on a little after the charge has come to its end.
    most = max(0.0, stored - params.least[i] * params.energy_j[i]) * params.discharging[i] / dt_s
    least = -max(0.0, params.most[i] * params.energy_j[i] - stored) / (params.charging[i] * dt_s)
    kept = max(least, min(most, mean))
    state.power_w[i] = power if kept == mean else kept
    used = kept / params.discharging[i] if kept > 0.0 else kept * params.charging[i]
    state.stored_j[i] = stored - used * dt_s
    return kept


@kernel(inline=True)
def step(params, state, i, load_w, alive, dt_s):
    """Advance plant ``i`` by ``dt_s``; returns its mean power [W], positive when it discharges.

    ``load_w`` is what the feed would carry without it. On a dead node it stands still.
    """
    if alive <= 0:
        state.power_w[i], state.line_w[i, :], state.reference_w[i] = 0.0, 0.0, np.nan
        return 0.0
    return act(params, state, i, command(params, state, i, load_w, dt_s), dt_s)


@kernel
def loss_w(params, i, power_w):
    """Loss [W] of plant ``i`` at this power at its terminals."""
    if power_w > 0.0:
        return power_w * (1.0 / params.discharging[i] - 1.0)
    return -power_w * (1.0 - params.charging[i])
