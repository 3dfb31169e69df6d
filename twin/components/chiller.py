"""Air-cooled chillers by energy input ratio (EIR) curves, with an extension to warm water.

    Q_av = Q_ref CapFT(T_e, T_c);  PLR = Q/Q_av;  P = Q_av/COP_ref EIRFT(T_e, T_c) EIRFPLR(PLR') CR

with T_e the leaving chilled water, T_c the air entering the condenser, PLR' = max(PLR, PLR_min) and cycling
CR = min(PLR/PLR_min, 1) [1]. Published curves stop near 10 degC of leaving water; warm-water cooling asks for
15 to 32 degC. Outside the box the curves are taken at its edge and the EIR is scaled by 90 % of the ratio of
lift over temperature, L/(T_e - 2.5 K), with an approach of 12 K in the condenser, 2.5 K in the evaporator and
a least lift of 18 K; 10 % (the fans) does not shrink. Results that use it are marked "extrapolated": a stock
machine is not rated there. A plain Carnot ratio would give infinite and negative COPs near T_c = T_e.

[1] EnergyPlus Engineering Reference, Chiller:Electric:EIR. Curves: EnergyPlus 25.2, AirCooledChiller.idf.
"""

from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Power, Ratio, Spec, Temperature

_EVAPORATOR_K, _CONDENSER_K, _LEAST_LIFT_K, _FANS = 2.5, 12.0, 18.0, 0.1
_KELVIN = 273.15

Biquadratic = tuple[float, float, float, float, float, float]
Quadratic = tuple[float, float, float]


class ChillerSpec(Spec):
    """An air-cooled chiller type."""

    capacity: Power = Field(gt=0)
    """Reference heat removed."""
    cop: float = Field(gt=0)
    """Reference heat removed over electrical power, condenser fans included [1]."""
    capacity_curve: Biquadratic
    """CapFT over leaving water and condenser air [degC]."""
    input_curve: Biquadratic
    """EIRFT over the same."""
    load_curve: Quadratic
    """EIRFPLR over the part load ratio."""
    least_load: Ratio = Field(gt=0, lt=1)
    """Part load ratio below which the machine cycles."""
    leaving_range: tuple[Temperature, Temperature]
    """Leaving water temperatures the curves were made for."""
    air_range: tuple[Temperature, Temperature]
    """Condenser air temperatures the curves were made for."""

    @model_validator(mode="after")
    def _possible(self) -> "ChillerSpec":
        for low, high in (self.leaving_range, self.air_range):
            if low >= high:
                raise ValueError(f"a range must rise, found {low:g} to {high:g} degC")
        return self


class ChillerParams(NamedTuple):
    """Constants of the chillers of each hall."""

    capacity_w: Annotated[Vec, Var("W", "reference capacity of one")]
    cop: Annotated[Vec, Var("1", "reference COP")]
    capacity_curve: Annotated[Vec, Var("1", "CapFT, [hall, 6]")]
    input_curve: Annotated[Vec, Var("1", "EIRFT, [hall, 6]")]
    load_curve: Annotated[Vec, Var("1", "EIRFPLR, [hall, 3]")]
    least_load: Annotated[Vec, Var("1", "part load ratio below which it cycles")]
    leaving_c: Annotated[Vec, Var("degC", "range of leaving water, [hall, 2]")]
    air_c: Annotated[Vec, Var("degC", "range of condenser air, [hall, 2]")]


def params(specs: list[ChillerSpec]) -> ChillerParams:
    """Parameter arrays, one entry a hall."""
    return frozen(
        ChillerParams,
        capacity_w=[s.capacity for s in specs],
        cop=[s.cop for s in specs],
        capacity_curve=[s.capacity_curve for s in specs],
        input_curve=[s.input_curve for s in specs],
        load_curve=[s.load_curve for s in specs],
        least_load=[s.least_load for s in specs],
        leaving_c=[s.leaving_range for s in specs],
        air_c=[s.air_range for s in specs],
    )


@kernel
def biquadratic(c, x, y):
    """c0 + c1 x + c2 x^2 + c3 y + c4 y^2 + c5 x y."""
    return c[0] + x * (c[1] + c[2] * x) + y * (c[3] + c[4] * y) + c[5] * x * y


@kernel
def lift_over_temperature(leaving_c, air_c):
    """Lift over evaporating temperature [1], the part of the work that follows from temperatures."""
    evaporating = leaving_c - _EVAPORATOR_K
    return max(air_c + _CONDENSER_K - evaporating, _LEAST_LIFT_K) / (evaporating + _KELVIN)


@kernel
def clamp(value, bounds):
    """``value`` held within ``bounds`` [2]."""
    return min(max(value, bounds[0]), bounds[1])


@kernel
def full_load(chiller, i, leaving_c, air_c):
    """Capacity [W] and electrical power [W] of one machine of hall ``i`` at full load."""
    inside_leaving, inside_air = clamp(leaving_c, chiller.leaving_c[i]), clamp(air_c, chiller.air_c[i])
    capacity = chiller.capacity_w[i] * biquadratic(chiller.capacity_curve[i], inside_leaving, inside_air)
    ratio = lift_over_temperature(leaving_c, air_c) / lift_over_temperature(inside_leaving, inside_air)
    scale = (1.0 - _FANS) * ratio + _FANS
    inputs = biquadratic(chiller.input_curve[i], inside_leaving, inside_air) * scale
    return capacity, capacity / chiller.cop[i] * inputs


@kernel
def power_w(chiller, i, full_capacity_w, full_power_w, load_w):
    """Electrical power [W] of all running machines together, given their full-load figures and the load [W]."""
    if load_w <= 0.0 or full_capacity_w <= 0.0:
        return 0.0
    load = load_w / full_capacity_w
    part = max(load, chiller.least_load[i])
    curve = chiller.load_curve[i]
    cycling = min(load / chiller.least_load[i], 1.0)
    return full_power_w * (curve[0] + part * (curve[1] + part * curve[2])) * cycling


@kernel
def is_extrapolated(chiller, i, leaving_c, air_c):
    """Whether hall ``i`` works outside the box its curves were made for."""
    low, high = chiller.leaving_c[i]
    cold, warm = chiller.air_c[i]
    return leaving_c < low or leaving_c > high or air_c < cold or air_c > warm
