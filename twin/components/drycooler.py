"""Dry cooler: fans drive outdoor air across coils with the facility water; pads may cool the air before it enters.

    Q = eps(NTU, ratio) C_min (T_w,in - T_a,in),  cross-flow by the approximate closed form [1]
    UA = UA_0 (1 + r) / (y^-0.8 + r f^-0.85)

with y fan speed, f water over design, r the film conductance of air over that of water at design [2]. EnergyPlus uses
the same form: the exact series would be 2.5 % above it at NTU near 0.5. UA_0 is found from the design point. Fans take
y^3 of their power; below their least speed they run part of the time, and still air takes a fixed share.

Pads bring the air to T - eta (T - T_wb) along its wet bulb while the air outdoors is warmer than a limit. What the air
takes up, m_da (W_after - W_before), is bought and blown down like the water of a tower; no droplets leave the pads.

Free-cooling coils of chillers are the same thing at another design point.

[1] EnergyPlus Engineering Reference, FluidCooler.
[2] Lawrence Berkeley National Laboratory, Buildings library, Fluid.HeatExchangers.DryCooler: exponents, r = 0.5.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import brentq

from twin.core import fluids
from twin.core.exchange import cross_flow_approximate
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.numerics import crossing, narrowed
from twin.core.quantity import MassFlow, Power, Ratio, Spec, Temperature, VolumeFlow

_DESIGN_RELATIVE, _SEA_LEVEL_PA = 0.4, 101325.0  # only the density of the design air follows from them
_MOST_ROUNDS = 60


class PadSpec(Spec):
    """Wetted pads before the coils."""

    effectiveness: Ratio = Field(gt=0, le=1)
    """Share of the way from dry to wet bulb."""
    above: Temperature
    """Dry bulb above which they are wet."""
    cycles: float = Field(default=4.0, gt=1)
    """Salts in the water they shed over salts in the make-up."""


class DryCoolerSpec(Spec):
    """One dry cooler of a type at its design point."""

    water: MassFlow = Field(gt=0)
    air: VolumeFlow = Field(gt=0)
    """Air through it at full fan speed, as it enters the coils."""
    fan: Power = Field(gt=0)
    """Electrical power of its fans at full speed."""
    entering: Temperature
    """Water entering."""
    leaving: Temperature
    """Water leaving."""
    dry_bulb: Temperature
    """Air entering the coils."""
    film_ratio: float = Field(default=0.5, gt=0)
    """Film conductance of air over that of water."""
    air_exponent: Ratio = Field(default=0.8, ge=0, le=1)
    water_exponent: Ratio = Field(default=0.85, ge=0, le=1)
    least_fan: Ratio = Field(default=0.2, gt=0, lt=1)
    """Least fan speed; below it fans run part of the time."""
    still: Ratio = Field(default=0.05, ge=0, lt=0.2)
    """Share of the heat at full speed that goes with fans off."""
    pads: PadSpec | None = None

    @model_validator(mode="after")
    def _possible(self) -> "DryCoolerSpec":
        if not self.entering > self.leaving > self.dry_bulb:
            raise ValueError(
                f"water must enter warmer than it leaves and leave warmer than the air, found {self.entering:g}, "
                f"{self.leaving:g} and {self.dry_bulb:g} degC"
            )
        if not np.isfinite(design_ua_w_k(self)):
            raise ValueError(
                f"no coil cools {self.water:g} kg/s from {self.entering:g} to {self.leaving:g} degC with "
                f"{self.air:g} m3/s of air at {self.dry_bulb:g} degC; give more air or let the water leave warmer"
            )
        return self


class DryCoolerParams(NamedTuple):
    """Constants of the dry coolers of each hall that has them."""

    hall: Annotated[IVec, Var("1", "hall")]
    units: Annotated[Vec, Var("1", "dry coolers installed")]
    ua_w_k: Annotated[Vec, Var("W K-1", "conductance of one at design")]
    water_kg_s: Annotated[Vec, Var("kg s-1", "water through one at design")]
    air_m3_s: Annotated[Vec, Var("m3 s-1", "air through one at full speed")]
    fan_w: Annotated[Vec, Var("W", "fan power of one at full speed")]
    film_ratio: Annotated[Vec, Var("1", "film conductance of air over that of water at design")]
    air_exponent: Annotated[Vec, Var("1", "exponent of air in its film")]
    water_exponent: Annotated[Vec, Var("1", "exponent of water in its film")]
    least_fan: Annotated[Vec, Var("1", "least fan speed")]
    still: Annotated[Vec, Var("1", "share of the heat that goes with fans off")]
    pads: Annotated[Vec, Var("1", "share of the way from dry to wet bulb, 0 without pads")]
    pads_above_c: Annotated[Vec, Var("degC", "dry bulb above which pads are wet")]
    cycles: Annotated[Vec, Var("1", "cycles of concentration of their water")]


def params(specs: list[DryCoolerSpec], units: list[int], halls: list[int]) -> DryCoolerParams:
    """Parameter arrays, one entry for each hall with dry coolers."""
    return frozen(
        DryCoolerParams,
        hall=halls,
        units=units,
        ua_w_k=[design_ua_w_k(s) for s in specs],
        water_kg_s=[s.water for s in specs],
        air_m3_s=[s.air for s in specs],
        fan_w=[s.fan for s in specs],
        film_ratio=[s.film_ratio for s in specs],
        air_exponent=[s.air_exponent for s in specs],
        water_exponent=[s.water_exponent for s in specs],
        least_fan=[s.least_fan for s in specs],
        still=[s.still for s in specs],
        pads=[s.pads.effectiveness if s.pads else 0.0 for s in specs],
        pads_above_c=[s.pads.above if s.pads else np.inf for s in specs],
        cycles=[s.pads.cycles if s.pads else 2.0 for s in specs],
    )


def design_heat_w(spec: DryCoolerSpec) -> float:
    """Heat [W] of one at its design point."""
    middle_c = 0.5 * (spec.entering + spec.leaving)
    return float(spec.water * fluids.specific_heat(fluids.WATER, middle_c) * (spec.entering - spec.leaving))


def design_ua_w_k(spec: DryCoolerSpec) -> float:
    """Conductance [W/K] at which one meets its design point; NaN where none does."""
    heat_w, rise_k = design_heat_w(spec), spec.entering - spec.dry_bulb
    water_w_k = heat_w / (spec.entering - spec.leaving)
    humidity = fluids.humidity_from_relative(spec.dry_bulb, _DESIGN_RELATIVE, _SEA_LEVEL_PA)
    air_w_k = float(air_rate_w_k(spec.air, spec.dry_bulb, humidity, _SEA_LEVEL_PA))

    def excess(ua_w_k: float) -> float:
        return float(exchange_w_k(ua_w_k, air_w_k, water_w_k)) * rise_k - heat_w

    most = 100.0 * water_w_k
    return float(brentq(excess, 1e-6 * water_w_k, most, xtol=1e-9 * water_w_k)) if excess(most) > 0 else float("nan")


@kernel
def air_rate_w_k(air_m3_s, t_c, humidity, pressure_pa):
    """Heat capacity rate [W/K] of a flow of moist air."""
    density = fluids.moist_density(t_c, humidity, pressure_pa)
    return air_m3_s * density * fluids.moist_specific_heat(humidity)


@kernel
def exchange_w_k(ua_w_k, air_w_k, water_w_k):
    """Heat per kelvin [W/K] of water entering over air entering; 0 where either stands still."""
    least, most = min(air_w_k, water_w_k), max(air_w_k, water_w_k)
    if least <= 0.0 or ua_w_k <= 0.0:
        return 0.0
    return least * cross_flow_approximate(ua_w_k / least, least / most)


@kernel
def intake(cooler, i, air):
    """Air that enters the coils, after the pads: dry bulb [degC] and humidity ratio, and what the pads added to that.

    ``air`` is dry and wet bulb [degC] and pressure [Pa] outdoors.
    """
    dry_c, wet_c, pressure_pa = air
    before = fluids.humidity_from_wet_bulb(dry_c, wet_c, pressure_pa)
    if cooler.pads[i] <= 0.0 or dry_c <= cooler.pads_above_c[i]:
        return dry_c, before, 0.0
    cooled_c = dry_c - cooler.pads[i] * (dry_c - wet_c)
    after = fluids.humidity_from_wet_bulb(cooled_c, wet_c, pressure_pa)
    return cooled_c, after, max(0.0, after - before)


@kernel
def _running_w_k(cooler, i, fan, units, water_w_k, share, entering, pressure_pa):
    """Heat per kelvin of ``units`` at a fan speed above the least."""
    ratio = cooler.film_ratio[i]
    films = fan ** -cooler.air_exponent[i] + ratio * share ** -cooler.water_exponent[i]
    ua = cooler.ua_w_k[i] * (1.0 + ratio) / films
    air_w_k = air_rate_w_k(fan * cooler.air_m3_s[i], entering[0], entering[1], pressure_pa)
    return units * exchange_w_k(ua, air_w_k, water_w_k / units)


@kernel
def heat_per_kelvin_w_k(cooler, i, fan, units, water, entering, pressure_pa):
    """Heat [W] per kelvin of water over air entering, of ``units`` with fans at speed ``fan`` [0..1].

    ``water`` is its flow [kg/s] and heat capacity rate [W/K], shared evenly; ``entering`` comes from `intake`.
    """
    flow_kg_s, water_w_k = water
    if units <= 0.0 or water_w_k <= 0.0:
        return 0.0
    share, least = flow_kg_s / (units * cooler.water_kg_s[i]), cooler.least_fan[i]
    if fan >= least:
        return _running_w_k(cooler, i, fan, units, water_w_k, share, entering, pressure_pa)
    still = cooler.still[i] * _running_w_k(cooler, i, 1.0, units, water_w_k, share, entering, pressure_pa)
    slow = _running_w_k(cooler, i, least, units, water_w_k, share, entering, pressure_pa)
    return min(still, slow) + fan / least * (slow - min(still, slow))


@kernel
def fan_for(cooler, i, want_w_k, most_fan, units, water, entering, pressure_pa):
    """Fan speed up to ``most_fan`` for ``want_w_k`` [W/K]; 0 where still air gives more, ``most_fan`` if it is less."""
    below = heat_per_kelvin_w_k(cooler, i, 0.0, units, water, entering, pressure_pa) - want_w_k
    above = heat_per_kelvin_w_k(cooler, i, most_fan, units, water, entering, pressure_pa) - want_w_k
    if below >= 0.0:
        return 0.0
    if above <= 0.0:
        return most_fan
    bracket, fan = (0.0, below, most_fan, above, 0), most_fan
    for _ in range(_MOST_ROUNDS):
        fan = crossing(bracket)
        off = heat_per_kelvin_w_k(cooler, i, fan, units, water, entering, pressure_pa) - want_w_k
        if abs(off) <= 1e-10 * want_w_k:
            break
        bracket = narrowed(bracket, fan, off)
    return fan


@kernel
def fans_w(cooler, i, fan, units):
    """Electrical power [W] of the fans of ``units``; below the least speed they run part of the time."""
    least = cooler.least_fan[i]
    cube = fan**3 if fan >= least else fan * least**2
    return units * cooler.fan_w[i] * cube


@kernel
def water_kg_s(cooler, i, fan, units, entering, pressure_pa):
    """Evaporation and blowdown [kg/s] of the pads while fans run; ``entering`` comes from `intake`."""
    if entering[2] <= 0.0 or fan <= 0.0:
        return 0.0, 0.0
    moved_m3_s = units * fan * cooler.air_m3_s[i]
    evaporation = moved_m3_s / fluids.moist_volume(entering[0], entering[1], pressure_pa) * entering[2]
    return evaporation, evaporation / (cooler.cycles[i] - 1.0)
