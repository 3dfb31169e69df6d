"""GPU module on a cold plate: die, high-bandwidth memory (HBM) and plate as three coupled masses.

    C_d dT_d/dt = P_d - (T_d - T_p)/R_dp - (T_d - T_h)/R_dh
    C_h dT_h/dt = P_h - (T_h - T_p)/R_hp - (T_h - T_d)/R_dh
    C_p dT_p/dt = P_v + (T_d - T_p)/R_dp + (T_h - T_p)/R_hp - G_f (T_p - T_in)

advanced by the exact exponential with power and coolant temperature held over the second; the heat given
to the coolant is the integral of G_f (T_p - T_in), so the books close at any step. Loss of the voltage
regulators goes partly into the plate (P_v), partly into the server's air. The plate's conductance to air is
left out: at a few W/K per server it is inside the spread of R_dp.

Plate to coolant: the resistance from case to coolant inlet of a cold plate is R(q) = R0 + b q^-n with the
flow q in L/min; R0 = 0.0174, b = 0.00697, n = 1.194 fit the OCP plate with PG25 within 2.5 % [1]. With
R_dc from die to case, G_f = 1/(R_dc + R(q) - R_dp). The isothermal-plate law UA0 (m/m0)^n misses the same
points by 20 %.

Leakage P_l = P_l0 exp(k (T_d - T_ref)) is taken at the start of the second, as its third-order Taylor
polynomial (within 0.34 % of the exponential from 25 to 100 degC at the defaults). Eight GPUs stand in one block,
one row a variable, so that the compiler turns the lane loop into vector code.

[1] Open Compute Project, OAI cold plate guideline, figures 7 and 8, as digitised in modelica-buildings
    (branch issue4443, commit 1c1094d).
"""

from math import exp
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.cap_dynamics import CapDynamicsSpec
from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.numerics import copy_into, negative_inverse, propagators, square
from twin.core.quantity import (
    Frequency,
    HeatCapacity,
    Power,
    PowerSlope,
    Ratio,
    Spec,
    Temperature,
    TemperatureDifference,
    ThermalResistance,
    VolumeFlow,
)
from twin.core.speed import SpeedSpec, lost_table

LANES = 8
ROWS = 9  # kept from second to second
WORK_ROWS = 15  # with what is only needed while a block advances
(DIE, HBM, PLATE, POWER, SLOW, ENERGY, THROTTLED, HOTTEST, SILICON) = range(ROWS)
(CAP, WANT, HEAT, PEAK, BEFORE, PEAK_BEFORE) = range(ROWS, WORK_ROWS)
_WRITTEN = HOTTEST + 1  # rows that a step changes; silicon is only read
COEFFICIENTS = 35
_COOLANT_J_M3_K = 4.0e6  # PG25 at 40 degC, density times specific heat; a bound needs no better
_LITRES_PER_MINUTE = 60e3  # in a m3/s


class ClockRangeSpec(Spec):
    """Clocks that a board can be locked at, and what they do to its dynamic power (`frequency`)."""

    least: Frequency = Field(gt=0)
    base: Frequency = Field(gt=0)
    """The clock its maker warrants under any load."""
    most: Frequency = Field(gt=0)
    exponent: float = Field(ge=1, le=3)
    """n: dynamic power goes with the clock to this power."""
    static: Ratio
    """Share of dynamic power that is left at a clock near none."""

    @model_validator(mode="after")
    def _ordered(self) -> "ClockRangeSpec":
        if not self.least <= self.base <= self.most:
            values = ", ".join(f"{value / 1e6:g}" for value in (self.least, self.base, self.most))
            raise ValueError(f"least, base and most clock must rise, found {values} MHz")
        return self


class GpuSpec(Spec):
    """A GPU module with its cold plate."""

    idle: Power = Field(gt=0)
    """Board power with nothing running, leakage at ``idle_at`` included."""
    idle_at: Temperature
    """Die temperature at which ``idle`` was taken."""
    max: Power = Field(gt=0)
    """Board power rating: the cap that always holds."""
    min_cap: Power = Field(gt=0)
    """Least power cap the board accepts."""
    clock: ClockRangeSpec
    greatest_floor: Ratio
    """Greatest power floor over ``max`` that the board can hold by dummy work."""
    spread: Ratio
    """Standard deviation of dynamic power from board to board."""
    hbm_share: Ratio
    """Share of board power in the memory stacks."""
    regulator_share: Ratio
    """Share of board power lost in voltage regulators."""
    regulator_to_plate: Ratio
    """Part of the regulator loss that reaches the cold plate; the rest heats the server's air."""
    leakage: Power = Field(gt=0)
    """Leakage at ``leakage_at``."""
    leakage_at: Temperature
    """Die temperature at which ``leakage`` holds."""
    leakage_per_kelvin: float = Field(gt=0, lt=0.1)
    """Exponent of leakage [1/K]."""
    die_to_plate: ThermalResistance = Field(gt=0)
    """R_dp, thermal interface included."""
    hbm_to_plate: ThermalResistance = Field(gt=0)
    """R_hp."""
    die_to_hbm: ThermalResistance = Field(gt=0)
    """R_dh."""
    die_to_case: ThermalResistance = Field(gt=0)
    """R_dc, from die to the case on which plates are measured."""
    plate_base: ThermalResistance = Field(gt=0)
    """R0 of the plate's law."""
    plate_flow: ThermalResistance = Field(gt=0)
    """b of the plate's law: the flow-dependent part at 1 L/min."""
    plate_exponent: float = Field(gt=0)
    """n of the plate's law [1]."""
    die_capacity: HeatCapacity = Field(gt=0)
    hbm_capacity: HeatCapacity = Field(gt=0)
    plate_capacity: HeatCapacity = Field(gt=0)
    """Plate with the coolant inside it."""
    flow: VolumeFlow = Field(gt=0)
    """Coolant through one plate at the rack's design flow."""
    throttle_start: Temperature
    """Die temperature above which the board lowers its own power."""
    hbm_throttle_start: Temperature
    """The same for the memory stacks."""
    throttle_slope: PowerSlope = Field(gt=0)
    """Power taken away for each kelvin above the start."""
    throttle_floor: Ratio
    """Share of ``max`` left at most throttling, and in hardware slowdown."""
    slowdown: Temperature
    """Die temperature at which hardware slowdown latches."""
    slowdown_hysteresis: TemperatureDifference
    """How far the die must cool before slowdown is released."""
    shutdown: Temperature = 105.0
    """Die temperature at which the board switches itself off, for the rest of the run."""
    speed: SpeedSpec
    """Speed under a power limit, by natural power."""
    cap_dynamics: CapDynamicsSpec = CapDynamicsSpec()
    """How it follows a cap that changes."""

    @model_validator(mode="after")
    def _possible(self) -> "GpuSpec":
        if not self.idle < self.max:
            raise ValueError(f"idle power {self.idle:g} W must be below the maximum of {self.max:g} W")
        if not self.min_cap <= self.max:
            raise ValueError(f"least cap {self.min_cap:g} W must not exceed the maximum of {self.max:g} W")
        if not self.slowdown > self.throttle_start:
            raise ValueError("slowdown must be hotter than throttle_start")
        if not self.shutdown > self.slowdown:
            raise ValueError("shutdown must be hotter than slowdown")
        least_w = self.min_cap - self.cap_dynamics.undershoot * (self.max - self.min_cap)
        if least_w < 0:
            raise ValueError(
                f"from the maximum of {self.max:g} W to the least cap of {self.min_cap:g} W, power would fall to "
                f"{least_w:g} W: lower cap_dynamics.undershoot or raise min_cap"
            )
        if self.hbm_share + self.regulator_share >= 1:
            raise ValueError("hbm_share and regulator_share leave nothing for the die")
        if self.die_to_case + self.plate_base <= self.die_to_plate:
            raise ValueError("die_to_plate must be below die_to_case plus plate_base, or the plate conducts backwards")
        return self


class GpuParams(NamedTuple):
    """Constants of each GPU type."""

    idle_dynamic_w: Annotated[Vec, Var("W", "power at no activity, without leakage")]
    span_w: Annotated[Vec, Var("W", "dynamic power from no activity to full")]
    max_w: Annotated[Vec, Var("W", "board rating")]
    hbm_share: Annotated[Vec, Var("1", "share of board power in memory")]
    plate_share: Annotated[Vec, Var("1", "share of board power lost in regulators into the plate")]
    air_share: Annotated[Vec, Var("1", "share of board power lost in regulators into air")]
    leakage_w: Annotated[Vec, Var("W", "leakage at the reference temperature")]
    leakage_per_k: Annotated[Vec, Var("K-1", "exponent of leakage")]
    leakage_at_c: Annotated[Vec, Var("degC", "reference temperature of leakage")]
    die_to_plate_k_w: Annotated[Vec, Var("K W-1", "resistance die to plate")]
    hbm_to_plate_k_w: Annotated[Vec, Var("K W-1", "resistance memory to plate")]
    die_to_hbm_k_w: Annotated[Vec, Var("K W-1", "resistance die to memory")]
    case_k_w: Annotated[Vec, Var("K W-1", "resistance case to plate")]
    plate_base_k_w: Annotated[Vec, Var("K W-1", "resistance plate to coolant at infinite flow")]
    plate_flow_k_w: Annotated[Vec, Var("K W-1", "flow-dependent resistance at 1 L/min")]
    plate_exponent: Annotated[Vec, Var("1", "exponent of flow")]
    die_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the die")]
    hbm_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the memory")]
    plate_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the plate")]
    throttle_start_c: Annotated[Vec, Var("degC", "die temperature where throttling starts")]
    hbm_throttle_start_c: Annotated[Vec, Var("degC", "memory temperature where throttling starts")]
    throttle_slope_w_k: Annotated[Vec, Var("W K-1", "power withheld per kelvin of excess")]
    throttle_floor_w: Annotated[Vec, Var("W", "power left at most throttling")]
    slowdown_c: Annotated[Vec, Var("degC", "die temperature of hardware slowdown")]
    release_c: Annotated[Vec, Var("degC", "die temperature that ends hardware slowdown")]
    shutdown_c: Annotated[Vec, Var("degC", "die temperature at which the board switches off")]
    lost: Annotated[Vec, Var("1", "share of speed lost by natural power and limit, [type, 21, 61]")]


def params(specs: list[GpuSpec]) -> GpuParams:
    """Parameter arrays of the GPU types, in the order given."""
    at_idle = [s.leakage * exp(s.leakage_per_kelvin * (s.idle_at - s.leakage_at)) for s in specs]
    idle_dynamic = [s.idle - leak for s, leak in zip(specs, at_idle, strict=True)]
    return frozen(
        GpuParams,
        idle_dynamic_w=idle_dynamic,
        span_w=[s.max - s.leakage - idle for s, idle in zip(specs, idle_dynamic, strict=True)],
        max_w=[s.max for s in specs],
        hbm_share=[s.hbm_share for s in specs],
        plate_share=[s.regulator_share * s.regulator_to_plate for s in specs],
        air_share=[s.regulator_share * (1 - s.regulator_to_plate) for s in specs],
        leakage_w=[s.leakage for s in specs],
        leakage_per_k=[s.leakage_per_kelvin for s in specs],
        leakage_at_c=[s.leakage_at for s in specs],
        die_to_plate_k_w=[s.die_to_plate for s in specs],
        hbm_to_plate_k_w=[s.hbm_to_plate for s in specs],
        die_to_hbm_k_w=[s.die_to_hbm for s in specs],
        case_k_w=[max(0.0, s.die_to_plate - s.die_to_case) for s in specs],
        plate_base_k_w=[s.die_to_case + s.plate_base - s.die_to_plate for s in specs],
        plate_flow_k_w=[s.plate_flow for s in specs],
        plate_exponent=[s.plate_exponent for s in specs],
        die_j_k=[s.die_capacity for s in specs],
        hbm_j_k=[s.hbm_capacity for s in specs],
        plate_j_k=[s.plate_capacity for s in specs],
        throttle_start_c=[s.throttle_start for s in specs],
        hbm_throttle_start_c=[s.hbm_throttle_start for s in specs],
        throttle_slope_w_k=[s.throttle_slope for s in specs],
        throttle_floor_w=[s.throttle_floor * s.max for s in specs],
        slowdown_c=[s.slowdown for s in specs],
        release_c=[s.slowdown - s.slowdown_hysteresis for s in specs],
        shutdown_c=[s.shutdown for s in specs],
        lost=[lost_table(s.speed) for s in specs],
    )


@kernel
def plate_conductance_w_k(gpu, k, flow_m3_s):
    """Conductance from plate to coolant inlet [W/K] of GPU type ``k``; 0 without flow.

    Fitted to 0.4 L/min and more; at less the coolant leaves no warmer than the case.
    """
    if flow_m3_s <= 0.0:
        return 0.0
    litres = flow_m3_s * _LITRES_PER_MINUTE
    fitted_k_w = gpu.plate_base_k_w[k] + gpu.plate_flow_k_w[k] * litres ** -gpu.plate_exponent[k]
    return 1.0 / max(fitted_k_w, 1.0 / (flow_m3_s * _COOLANT_J_M3_K) - gpu.case_k_w[k])


@kernel
def network(gpu, k, plate_w_k, a):
    """The rate matrix ``a`` [3, 3] in 1/s over die, HBM and plate, for a plate-to-coolant conductance in W/K."""
    dp, hp, dh = 1.0 / gpu.die_to_plate_k_w[k], 1.0 / gpu.hbm_to_plate_k_w[k], 1.0 / gpu.die_to_hbm_k_w[k]
    a[0, 0], a[0, 1], a[0, 2] = -(dp + dh) / gpu.die_j_k[k], dh / gpu.die_j_k[k], dp / gpu.die_j_k[k]
    a[1, 0], a[1, 1], a[1, 2] = dh / gpu.hbm_j_k[k], -(hp + dh) / gpu.hbm_j_k[k], hp / gpu.hbm_j_k[k]
    a[2, 0], a[2, 1] = dp / gpu.plate_j_k[k], hp / gpu.plate_j_k[k]
    a[2, 2] = -(dp + hp + plate_w_k) / gpu.plate_j_k[k]


@kernel
def coefficients(gpu, k, plate_w_k, dt_s, out):
    """Fill ``out`` [35] for `advance_block`: a step of ``dt_s``, or the steady state where ``dt_s`` is infinite.

    Order: Phi by rows (9), effect of board power (3) and coolant temperature (3) on die, HBM, plate; heat to
    coolant per W/K of the three old temperatures (3), of board power and of coolant temperature; then the
    constants of GPU type ``k``.
    """
    a, phi, gain, mean_gain = square(3), square(3), square(3), square(3)
    network(gpu, k, plate_w_k, a)
    if dt_s == np.inf:
        negative_inverse(a, gain)
        per_s, old = 1.0, 0.0
        copy_into(gain, mean_gain)
    else:
        propagators(a, dt_s, phi, gain, mean_gain)
        per_s, old = 1.0 / dt_s, 1.0 / dt_s
    die = (1.0 - gpu.hbm_share[k] - gpu.plate_share[k] - gpu.air_share[k]) / gpu.die_j_k[k]
    hbm, plate = gpu.hbm_share[k] / gpu.hbm_j_k[k], gpu.plate_share[k] / gpu.plate_j_k[k]
    coolant = plate_w_k / gpu.plate_j_k[k]
    for i in range(3):
        for j in range(3):
            out[3 * i + j] = phi[i, j]
        out[9 + i] = gain[i, 0] * die + gain[i, 1] * hbm + gain[i, 2] * plate
        out[12 + i] = gain[i, 2] * coolant
        out[15 + i] = plate_w_k * gain[2, i] * old
    out[18] = plate_w_k * per_s * (mean_gain[2, 0] * die + mean_gain[2, 1] * hbm + mean_gain[2, 2] * plate)
    out[19] = plate_w_k * (mean_gain[2, 2] * per_s * coolant - 1.0)
    leakage, rate = gpu.leakage_w[k], gpu.leakage_per_k[k]
    out[20], out[21], out[22] = gpu.idle_dynamic_w[k], gpu.span_w[k], gpu.max_w[k]
    out[23], out[24], out[25], out[26] = leakage, leakage * rate, leakage * rate**2 / 2.0, leakage * rate**3 / 6.0
    out[27], out[28], out[29] = gpu.leakage_at_c[k], gpu.throttle_start_c[k], gpu.hbm_throttle_start_c[k]
    out[30], out[31] = gpu.throttle_slope_w_k[k], gpu.throttle_floor_w[k]
    out[32], out[33], out[34] = gpu.slowdown_c[k], gpu.release_c[k], gpu.shutdown_c[k]


@kernel(inline=True)
def take_block(x, work):
    """Copy a block ``x`` [9 * 8] to where it advances, ``work`` [15 * 8], with heat and peak of nothing yet."""
    for i in range(ROWS * LANES):
        work[i] = x[i]
    for i in range(LANES):
        work[HEAT * LANES + i] = 0.0
        work[PEAK * LANES + i] = -np.inf


@kernel(fast=True, inline=True)
def advance_block(x, c, supply_c, low, high):
    """One second of a block of eight GPUs, in place: ``x`` [15 * 8], coefficients ``c`` [35].

    The first four lanes work at activity ``low``, the others at ``high``; a locked clock is a lower activity. `CAP`,
    which the caller fills, is what each board may draw [W], 0 without supply. Heat, energy, peak and throttled time add
    up until `settle_block`.
    """
    f0, f1, f2, f3, f4, f5, f6, f7, f8 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
    g0, g1, g2 = c[9], c[10], c[11]
    t0, t1, t2 = c[12] * supply_c, c[13] * supply_c, c[14] * supply_c
    w0, w1, w2, w3, w4 = c[15], c[16], c[17], c[18], c[19] * supply_c
    want_low, want_high, max_w = c[20] + c[21] * low, c[20] + c[21] * high, c[22]
    l0, l1, l2, l3, at_c = c[23], c[24], c[25], c[26], c[27]
    start_c, hbm_start_c, slope, floor, slow_c, free_c, off_c = c[28], c[29], c[30], c[31], c[32], c[33], c[34]
    for i in range(LANES):
        # All loads come first: one behind a condition would keep the loop from becoming vector code.
        die, hbm, plate, cap = x[i], x[LANES + i], x[2 * LANES + i], x[CAP * LANES + i]
        silicon, was_slow, energy = x[SILICON * LANES + i], x[SLOW * LANES + i], x[ENERGY * LANES + i]
        heat, peak, throttled = x[HEAT * LANES + i], x[PEAK * LANES + i], x[THROTTLED * LANES + i]
        above = die - at_c
        dynamic = want_low if i < LANES // 2 else want_high
        want = dynamic * silicon + (l0 + above * (l1 + above * (l2 + above * l3)))
        over = max(die - start_c, hbm - hbm_start_c)
        # 1 is hardware slowdown, latched until the die has cooled; 2 is switched off.
        slow = 1.0 if die > slow_c else (was_slow if die > free_c else 0.0)
        slow = 2.0 if die > off_c else slow
        slow = 2.0 if was_slow > 1.5 else slow
        soft = max(floor, max_w - slope * max(over, 0.0))
        limit = 0.0 if slow > 1.5 else (floor if slow > 0.5 else soft)
        free = min(want, cap)
        power = min(free, limit)
        next_die = f0 * die + f1 * hbm + f2 * plate + g0 * power + t0
        x[i] = next_die
        x[LANES + i] = f3 * die + f4 * hbm + f5 * plate + g1 * power + t1
        x[2 * LANES + i] = f6 * die + f7 * hbm + f8 * plate + g2 * power + t2
        x[POWER * LANES + i] = power
        x[WANT * LANES + i] = want
        x[SLOW * LANES + i] = slow
        x[ENERGY * LANES + i] = energy + power
        x[HEAT * LANES + i] = heat + (w0 * die + w1 * hbm + w2 * plate + w3 * power + w4)
        x[PEAK * LANES + i] = max(peak, next_die)
        x[THROTTLED * LANES + i] = throttled + (1.0 if limit < free else 0.0)


@kernel(fast=True, inline=True)
def _draw_more(x, i, c, more):
    """Let board ``i`` of a block have drawn ``more`` [W] in the second that is over, in which all is linear.

    Peaks are the caller's; returns the die's temperature now [degC].
    """
    die, hbm, plate, power = x[i], x[LANES + i], x[2 * LANES + i], x[POWER * LANES + i]
    energy, heat = x[ENERGY * LANES + i], x[HEAT * LANES + i]
    next_die = die + c[9] * more
    x[i] = next_die
    x[LANES + i] = hbm + c[10] * more
    x[2 * LANES + i] = plate + c[11] * more
    x[POWER * LANES + i] = power + more
    x[ENERGY * LANES + i] = energy + more
    x[HEAT * LANES + i] = heat + c[18] * more
    return next_die


@kernel(fast=True, bare=True)
def burn(x, c, low_floor_w, high_floor_w):
    """After a second: let boards below their floor have done dummy work up to it.

    Caps bind above, and throttling by the temperatures at the end of the second. Dummy work that throttling keeps from
    a board is no throttled time.
    """
    start_c, hbm_start_c, slope, least_w, max_w = c[28], c[29], c[30], c[31], c[22]
    for i in range(LANES):
        die, hbm, power, peak = x[i], x[LANES + i], x[POWER * LANES + i], x[PEAK * LANES + i]
        cap, slow = x[CAP * LANES + i], x[SLOW * LANES + i]
        soft = max(least_w, max_w - slope * max(max(die - start_c, hbm - hbm_start_c), 0.0))
        limit = 0.0 if slow > 1.5 else (least_w if slow > 0.5 else soft)
        floor = min(min(low_floor_w if i < LANES // 2 else high_floor_w, cap), limit)
        more = max(floor - power, 0.0)
        x[PEAK * LANES + i] = max(peak, _draw_more(x, i, c, more))


@kernel(inline=True)
def keep_caps(x):
    """Before new caps are put in the place of the old: note these, and the peaks so far, for `follow_caps`."""
    for i in range(LANES):
        x[BEFORE * LANES + i] = x[CAP * LANES + i]
        x[PEAK_BEFORE * LANES + i] = x[PEAK * LANES + i]


@kernel(fast=True, inline=True)
def follow_caps(x, c, low_floor_w, high_floor_w, late_down, late_up):
    """After the second in which new caps came: the boards were on their way from the old ones, in `BEFORE`.

    The second ran under the new caps; of the change ``late_down`` or ``late_up`` was missing on mean. Leaves what
    the old caps would have let through in `BEFORE`. A board that throttles under the new cap did so before.
    """
    for i in range(LANES):
        want, to, cap = x[WANT * LANES + i], x[POWER * LANES + i], x[CAP * LANES + i]
        want = max(want, low_floor_w if i < LANES // 2 else high_floor_w)
        peak, held = x[PEAK_BEFORE * LANES + i], min(want, x[BEFORE * LANES + i])
        before = min(held, to) if to < min(want, cap) else held
        more = (before - to) * (late_up if to > before else late_down)
        x[PEAK * LANES + i] = max(peak, _draw_more(x, i, c, more))
        x[BEFORE * LANES + i] = before


@kernel(inline=True)
def sum_of_eight(x, row):
    """Sum of a row of a block, in one fixed order."""
    at = row * LANES
    low = (x[at] + x[at + 2]) + (x[at + 1] + x[at + 3])
    return low + ((x[at + 4] + x[at + 6]) + (x[at + 5] + x[at + 7]))


@kernel(inline=True)
def settle_block(work, x):
    """Copy an advanced block back to ``x``; returns its heat [J], hottest die [degC] and throttled time in all [s]."""
    for i in range(LANES):
        work[HOTTEST * LANES + i] = max(work[HOTTEST * LANES + i], work[PEAK * LANES + i])
    for i in range(_WRITTEN * LANES):
        x[i] = work[i]
    at = PEAK * LANES
    low = max(max(work[at], work[at + 1]), max(work[at + 2], work[at + 3]))
    high = max(max(work[at + 4], work[at + 5]), max(work[at + 6], work[at + 7]))
    return sum_of_eight(work, HEAT), max(low, high), sum_of_eight(work, THROTTLED)
