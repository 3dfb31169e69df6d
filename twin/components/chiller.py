"""Chillers by energy input ratio (EIR) curves, air- or water-cooled, with an extension to warm water.

    Q_av = Q_ref CapFT(T_e, T_c);  PLR = Q/Q_av;  P = Q_av/COP_ref EIRFT(T_e, T_c) EIRFPLR(PLR') CR

with T_e the leaving chilled water, T_c the air or water entering the condenser, PLR' = max(PLR, PLR_min) and cycling
CR = min(PLR/PLR_min, 1) [1]. The condenser gives Q + eta P to its water, eta the share of the motor's power that
reaches the refrigerant; the rest warms the machine room.

Published curves stop near 10 degC of leaving water; warm-water cooling asks for 15 to 32 degC. Outside the box the
curves are taken at its edge and the EIR is scaled by 90 % of the ratio of lift over temperature, L/(T_e - 2.5 K), with
an approach of 2.5 K in the evaporator, of 12 K in an air-cooled and 2.5 K in a water-cooled condenser, and a least lift
of 18 K or 10 K; 10 % (fans, oil pumps) does not shrink. Results that use it are marked "extrapolated": a stock machine
is not rated there. A plain Carnot ratio would give infinite and negative COPs near T_c = T_e.

[1] EnergyPlus Engineering Reference, Chiller:Electric:EIR. Curves: EnergyPlus 25.2, AirCooledChiller.idf; Lawrence
    Berkeley National Laboratory, Buildings library, Fluid.Chillers.Data.ElectricEIR.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import Power, Ratio, Spec, Temperature

_EVAPORATOR_K, _FANS = 2.5, 0.1
_CONDENSER_K = {"air": 12.0, "water": 2.5}
_LEAST_LIFT_K = {"air": 18.0, "water": 10.0}
_KELVIN = 273.15

Biquadratic = tuple[float, float, float, float, float, float]
Quadratic = tuple[float, float, float]


class ChillerSpec(Spec):
    """A chiller type."""

    condenser: Literal["air", "water"] = "air"
    """What takes the heat: outdoor air, or water of cooling towers."""
    capacity: Power = Field(gt=0)
    """Reference heat removed."""
    cop: float = Field(gt=0)
    """Reference heat removed over electrical power, fans of an air-cooled condenser included [1]."""
    capacity_curve: Biquadratic
    """CapFT over leaving water and what enters the condenser [degC]."""
    input_curve: Biquadratic
    """EIRFT over the same."""
    load_curve: Quadratic
    """EIRFPLR over the part load ratio."""
    least_load: Ratio = Field(gt=0, lt=1)
    """Part load ratio below which the machine cycles."""
    leaving_range: tuple[Temperature, Temperature]
    """Leaving water temperatures the curves were made for."""
    condenser_range: tuple[Temperature, Temperature]
    """Temperatures of air or water entering the condenser the curves were made for."""
    warmest: Temperature = 40.0
    """Condenser water above which a water-cooled machine unloads [E]."""
    motor_heat: Ratio = Field(default=1.0, le=1)
    """Share of the electrical power that leaves through the condenser, 1 for hermetic machines."""

    @model_validator(mode="after")
    def _possible(self) -> "ChillerSpec":
        for low, high in (self.leaving_range, self.condenser_range):
            if low >= high:
                raise ValueError(f"a range must rise, found {low:g} to {high:g} degC")
        return self


class ChillerParams(NamedTuple):
    """Constants of the chillers of each hall that has them: machines alike."""

    hall: Annotated[IVec, Var("1", "hall")]
    first: Annotated[IVec, Var("1", "its first machine")]
    machines: Annotated[IVec, Var("1", "machines installed")]
    capacity_w: Annotated[Vec, Var("W", "reference capacity of one")]
    cop: Annotated[Vec, Var("1", "reference COP")]
    capacity_curve: Annotated[Vec, Var("1", "CapFT, [group, 6]")]
    input_curve: Annotated[Vec, Var("1", "EIRFT, [group, 6]")]
    load_curve: Annotated[Vec, Var("1", "EIRFPLR, [group, 3]")]
    least_load: Annotated[Vec, Var("1", "part load ratio below which it cycles")]
    leaving_c: Annotated[Vec, Var("degC", "range of leaving water, [group, 2]")]
    condenser_c: Annotated[Vec, Var("degC", "range of what enters the condenser, [group, 2]")]
    warmest_c: Annotated[Vec, Var("degC", "condenser water above which it unloads")]
    approach_k: Annotated[Vec, Var("K", "condensing above what enters the condenser, beyond the curves")]
    least_lift_k: Annotated[Vec, Var("K", "least lift, beyond the curves")]
    motor_heat: Annotated[Vec, Var("1", "share of the power that leaves through the condenser")]


def params(specs: list[ChillerSpec], machines: list[int], halls: list[int]) -> ChillerParams:
    """Parameter arrays, one entry for each hall with chillers."""
    return frozen(
        ChillerParams,
        hall=halls,
        first=[sum(machines[:g]) for g in range(len(machines))],
        machines=machines,
        capacity_w=[s.capacity for s in specs],
        cop=[s.cop for s in specs],
        capacity_curve=np.array([s.capacity_curve for s in specs]).reshape(-1, 6),
        input_curve=np.array([s.input_curve for s in specs]).reshape(-1, 6),
        load_curve=np.array([s.load_curve for s in specs]).reshape(-1, 3),
        least_load=[s.least_load for s in specs],
        leaving_c=np.array([s.leaving_range for s in specs]).reshape(-1, 2),
        condenser_c=np.array([s.condenser_range for s in specs]).reshape(-1, 2),
        warmest_c=[s.warmest for s in specs],
        approach_k=[_CONDENSER_K[s.condenser] for s in specs],
        least_lift_k=[_LEAST_LIFT_K[s.condenser] for s in specs],
        motor_heat=[s.motor_heat for s in specs],
    )


@kernel
def biquadratic(c, x, y):
    """c0 + c1 x + c2 x^2 + c3 y + c4 y^2 + c5 x y."""
    return c[0] + x * (c[1] + c[2] * x) + y * (c[3] + c[4] * y) + c[5] * x * y


@kernel
def lift_over_temperature(chiller, i, leaving_c, condenser_c):
    """Lift over evaporating temperature [1], the part of the work that follows from temperatures."""
    evaporating = leaving_c - _EVAPORATOR_K
    lift = condenser_c + chiller.approach_k[i] - evaporating
    return max(lift, chiller.least_lift_k[i]) / (evaporating + _KELVIN)


@kernel
def clamp(value, bounds):
    """``value`` held within ``bounds`` [2]."""
    return min(max(value, bounds[0]), bounds[1])


@kernel
def full_load(chiller, i, leaving_c, condenser_c):
    """Capacity [W] and electrical power [W] of one machine of group ``i`` at full load.

    ``leaving_c`` is the water it sends, ``condenser_c`` the air or water that enters its condenser [degC].
    """
    # Head pressure control keeps the least lift: a colder condenser helps no further.
    held_c = max(condenser_c, leaving_c - _EVAPORATOR_K + chiller.least_lift_k[i] - chiller.approach_k[i])
    inside, entering = clamp(leaving_c, chiller.leaving_c[i]), clamp(held_c, chiller.condenser_c[i])
    cold = clamp(condenser_c, chiller.condenser_c[i])
    capacity = chiller.capacity_w[i] * biquadratic(chiller.capacity_curve[i], inside, cold)
    ratio = lift_over_temperature(chiller, i, leaving_c, held_c)
    ratio /= lift_over_temperature(chiller, i, inside, entering)
    scale = (1.0 - _FANS) * ratio + _FANS
    inputs = biquadratic(chiller.input_curve[i], inside, entering) * scale
    return capacity, capacity / chiller.cop[i] * inputs


@kernel
def power_w(chiller, i, full_power_w, load):
    """Electrical power [W] of a machine at ``load``, a share of its capacity [1], given its power at full load [W]."""
    if load <= 0.0:
        return 0.0
    part = max(load, chiller.least_load[i])
    curve = chiller.load_curve[i]
    cycling = min(load / chiller.least_load[i], 1.0)
    return full_power_w * (curve[0] + part * (curve[1] + part * curve[2])) * cycling


@kernel
def is_extrapolated(chiller, i, leaving_c, condenser_c):
    """Whether group ``i`` works outside the box its curves were made for."""
    low, high = chiller.leaving_c[i]
    cold, warm = chiller.condenser_c[i]
    return leaving_c < low or leaving_c > high or condenser_c < cold or condenser_c > warm
