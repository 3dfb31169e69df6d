"""Centrifugal pumps by affinity laws, in parallel, each behind a check valve.

    H = n^2 H0 - a q^2 for one pump at relative speed n and flow q;  all see the system's drop, H = k (sum of q)^2
    efficiency = best [1 - 0.6 ((q/(n q_best)) - 1)^2]

Of N pumps at one speed the flow is n sqrt(H0/(k + a/N^2)). Pumps that run down beside them pass water while their
n^2 H0 exceeds the drop that the others make, and nothing after that: check valves let no water back. The speed of a
pump without power falls as exp(-t/coast); a drive changes speed by at most ``slew``. Heads are pressures [Pa]. [1]

The shaft's power heats the water, the loss of motor and drive heats the air. A drive's efficiency by its load is that
of a 75 kW one, 55.03, 94.01, 96, 97 and 97 % at 1, 25, 50, 75 and 100 % [2]; its loss is what is interpolated, and
goes on to no load as from 25 to 1 %. The motor's efficiency is constant. Load is shaft power over that at design.
Left out: shaft power against a closed check valve, and what little energy a rotor gives the water as it runs down.

[1] I. Karassik et al., Pump Handbook, 4th ed., sections 2.3 and 9.2 (affinity, parallel operation).
[2] C. Bell et al., fluids 1.3.1 (Python package), VFD_efficiency.
"""

from math import exp, sqrt
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Pressure, Rate, Ratio, Spec, VolumeFlow

FASTEST = 1.2
"""Relative speed up to which affinity is trusted; an event may ask for it."""
_FULL_LOAD, _STANDING = 0.97, 0.02
_LOAD = np.array([0.01, 0.25, 0.5, 0.75, 1.0])
_LOSS = _LOAD * (1.0 / np.array([0.5503, 0.9401, 0.96, 0.97, _FULL_LOAD]) - 1.0)  # over full load's output


class PumpSpec(Spec):
    """Pumps in parallel on one loop; the design point is what the loop needs, without those that stand by."""

    count: int = Field(gt=0)
    """Pumps installed. All run and share the flow unless told otherwise."""
    standby: int = Field(default=0, ge=0)
    """How many of them the design flow does not need."""
    flow: VolumeFlow = Field(gt=0)
    """Flow of the loop at design."""
    pressure: Pressure = Field(gt=0)
    """Pressure drop of the loop at design flow."""
    shutoff: Ratio = Field(default=1.3, gt=1)
    """Pressure at no flow over pressure at design flow."""
    efficiency: Ratio = Field(gt=0, le=1)
    """Hydraulic efficiency at its best."""
    drive_efficiency: Ratio = Field(gt=0, le=1)
    """Motor times frequency drive, at design."""
    coast: Duration = Field(default=4.0, gt=0)
    """Time constant of the speed without power."""
    slew: Rate = Field(default=0.1, gt=0)
    """Change of speed in a second at most."""

    @model_validator(mode="after")
    def _some_carry_the_flow(self) -> "PumpSpec":
        if not self.standby < self.count:
            raise ValueError(f"of {self.count} pumps at most {self.count - 1} can stand by, not {self.standby}")
        return self


class PumpParams(NamedTuple):
    """Constants of each pump group."""

    count: Annotated[Vec, Var("1", "pumps installed")]  # type: ignore[assignment]
    design_m3_s: Annotated[Vec, Var("m3 s-1", "flow of the loop at design")]
    shutoff_pa: Annotated[Vec, Var("Pa", "pressure at no flow")]
    fall_pa_s2_m6: Annotated[Vec, Var("Pa s2 m-6", "fall of one pump's curve")]
    loop_pa_s2_m6: Annotated[Vec, Var("Pa s2 m-6", "resistance of the loop at design")]
    best_m3_s: Annotated[Vec, Var("m3 s-1", "flow of one pump at best efficiency")]
    efficiency: Annotated[Vec, Var("1", "hydraulic efficiency at best")]
    drive_efficiency: Annotated[Vec, Var("1", "efficiency of motor and drive at design")]
    shaft_w: Annotated[Vec, Var("W", "shaft power of one pump at design")]
    coast_s: Annotated[Vec, Var("s", "time constant of the speed without power")]
    slew_pu_s: Annotated[Vec, Var("s-1", "change of relative speed in a second at most")]


def params(specs: list[PumpSpec]) -> PumpParams:
    """Parameter arrays; the pumps that do not stand by share the design flow."""
    one_m3_s = [s.flow / (s.count - s.standby) for s in specs]
    return frozen(
        PumpParams,
        count=[s.count for s in specs],
        design_m3_s=[s.flow for s in specs],
        shutoff_pa=[s.shutoff * s.pressure for s in specs],
        fall_pa_s2_m6=[(s.shutoff - 1) * s.pressure / one**2 for s, one in zip(specs, one_m3_s, strict=True)],
        loop_pa_s2_m6=[s.pressure / s.flow**2 for s in specs],
        best_m3_s=one_m3_s,
        efficiency=[s.efficiency for s in specs],
        drive_efficiency=[s.drive_efficiency for s in specs],
        shaft_w=[one * s.pressure / s.efficiency for s, one in zip(specs, one_m3_s, strict=True)],
        coast_s=[s.coast for s in specs],
        slew_pu_s=[s.slew for s in specs],
    )


def rated_w(pump: PumpParams) -> Vec:
    """Electrical power [W] of each pump group at design."""
    rated: Vec = pump.loop_pa_s2_m6 * pump.design_m3_s**3 / pump.efficiency / pump.drive_efficiency
    return rated


def installed_w(pump: PumpParams) -> Vec:
    """Electrical power [W] of all pumps of each group, each at its design point."""
    installed: Vec = pump.count * pump.shaft_w / pump.drive_efficiency
    return installed


@kernel
def operating_flow_m3_s(shutoff_pa, fall_pa_s2_m6, loop_pa_s2_m6, running, speed):
    """Flow [m3/s] where ``running`` pumps at relative ``speed`` meet the loop; 0 when none runs."""
    if running <= 0.0 or speed <= 0.0:
        return 0.0
    return speed * sqrt(shutoff_pa / (loop_pa_s2_m6 + fall_pa_s2_m6 / running**2))


@kernel
def _one_pump_of_each(pump, i, loop_pa_s2_m6, fast, fast_speed, slow, slow_speed):
    """Flow of one of ``fast`` and of one of ``slow`` pumps, ``fast_speed`` not below ``slow_speed`` [m3/s]."""
    shutoff, fall = pump.shutoff_pa[i], pump.fall_pa_s2_m6[i]
    if fast <= 0.0 or fast_speed <= 0.0:
        return 0.0, 0.0
    flow = operating_flow_m3_s(shutoff, fall, loop_pa_s2_m6, fast, fast_speed) / fast
    upper, lower = fast_speed**2 * shutoff, slow_speed**2 * shutoff
    if slow <= 0.0 or upper - fall * flow**2 >= lower:
        return flow, 0.0
    # Convex in the slow pumps' flow: Newton's steps fall to the root from the flow at no pressure.
    apart, most = (upper - lower) / fall, sqrt(lower / fall)
    least = most
    for _ in range(60):
        flow = sqrt(apart + least**2)
        total = fast * flow + slow * least
        off = loop_pa_s2_m6 * total**2 + fall * least**2 - lower
        step = off / (2.0 * loop_pa_s2_m6 * total * (fast * least / flow + slow) + 2.0 * fall * least)
        least -= step
        if step <= 1e-15 * most:
            break
    return sqrt(apart + least**2), least


@kernel
def drive_w(pump, i, shaft_w):
    """Electrical power [W] of motor and drive of one running pump of group ``i`` for its shaft power."""
    load = shaft_w / pump.shaft_w[i]
    k = 1
    while k < _LOAD.size - 1 and load > _LOAD[k]:
        k += 1
    if load > 1.0:
        loss = _LOSS[k] * load
    else:
        loss = _LOSS[k] + (load - _LOAD[k]) * (_LOSS[k] - _LOSS[k - 1]) / (_LOAD[k] - _LOAD[k - 1])
    return _FULL_LOAD * (load + loss) * pump.shaft_w[i] / pump.drive_efficiency[i]


@kernel
def operate_on(pump, i, loop_pa_s2_m6, running, speed, coasting, coasting_speed):
    """Flow [m3/s], head [Pa], shaft and electrical power [W] of pump group ``i`` on a system's resistance.

    ``running`` pumps have power and turn at ``speed``; ``coasting`` ones have none and still turn at
    ``coasting_speed``: they move water, and their power is not counted.
    """
    if running <= 0.0 or speed <= 0.0:
        running, speed = 0.0, 0.0
    if coasting <= 0.0 or coasting_speed <= 0.0:
        coasting, coasting_speed = 0.0, 0.0
    if speed >= coasting_speed:
        own, other = _one_pump_of_each(pump, i, loop_pa_s2_m6, running, speed, coasting, coasting_speed)
        head = speed**2 * pump.shutoff_pa[i] - pump.fall_pa_s2_m6[i] * own**2
    else:
        other, own = _one_pump_of_each(pump, i, loop_pa_s2_m6, coasting, coasting_speed, running, speed)
        head = coasting_speed**2 * pump.shutoff_pa[i] - pump.fall_pa_s2_m6[i] * other**2
    flow = running * own + coasting * other
    if running <= 0.0:
        return flow, head, 0.0, 0.0
    off_best = own / (speed * pump.best_m3_s[i]) - 1.0
    efficiency = pump.efficiency[i] * max(0.2, 1.0 - 0.6 * off_best**2)
    shaft = own * head / efficiency
    return flow, head, running * shaft, running * drive_w(pump, i, shaft)


@kernel
def operate(pump, i, running, speed):
    """Flow [m3/s], shaft power [W] and electrical power [W] of pump group ``i`` on its loop as designed."""
    flow, _, shaft, drawn = operate_on(pump, i, pump.loop_pa_s2_m6[i], running, speed, 0.0, 0.0)
    return flow, shaft, drawn


@kernel
def speed_for(pump, i, flow_m3_s, head_pa, running):
    """Relative speed at which ``running`` pumps of group ``i`` move a flow [m3/s] against a head [Pa]."""
    return sqrt((head_pa + pump.fall_pa_s2_m6[i] * (flow_m3_s / running) ** 2) / pump.shutoff_pa[i])


@kernel
def coast_speed(pump, i, speed, dt_s):
    """Relative speed of a pump of group ``i`` after ``dt_s`` without power."""
    return speed * exp(-dt_s / pump.coast_s[i])


@kernel
def ramp_speed(pump, i, speed, asked, dt_s):
    """Relative speed of a pump of group ``i`` with power after ``dt_s`` on its way to the speed asked for."""
    reach = pump.slew_pu_s[i] * dt_s
    return min(max(asked, speed - reach), speed + reach)


@kernel
def turn(pump, i, running, asked, state, dt_s):
    """Speeds of pump group ``i`` after ``dt_s``, in ``state`` (speed, coasting, coast_speed); 1 if any moved, else 0.

    A group without a running pump stands, and starts from there; one that coasts below `_STANDING` stands too.
    """
    moved = 0
    if state.coasting[i] > 0.0:
        state.coast_speed[i] = coast_speed(pump, i, state.coast_speed[i], dt_s)
        if state.coast_speed[i] < _STANDING:
            state.coasting[i] = 0.0
        moved = 1
    before = state.speed[i]
    state.speed[i] = ramp_speed(pump, i, before, asked, dt_s) if running > 0.0 else 0.0
    return 1 if state.speed[i] != before else moved
