"""Open cooling tower of several cells, as a counter-flow exchanger between water and saturated air (Merkel).

    c_e = (h_s(T_wb,out) - h_s(T_wb,in)) / (T_wb,out - T_wb,in)     specific heat of an equivalent fluid
    C_a = m_a c_e,  C_w = m_w c_w,  UA_e = UA c_e/c_a,  Q = eps(UA_e/C_min, C_min/C_max) C_min (T_w,in - T_wb,in)

iterated on the wet bulb of the leaving air [1]. UA follows fan speed y, water and wet bulb by the factors
1.3 y - 0.3 y^2, 0.1082 + 1.667 f - 0.7713 f^2 and 1 + 0.0081 (T_wb,design - T_wb) [1]; it is found from approach and
range at design. Since eps is at most 1, water never leaves below the wet bulb, as polynomials of the approach can.
Fans take y^3 of their power; below their least speed they run part of the time, and still air takes a fixed share.

Water: the air leaves saturated at h_in + Q/m_da, so m_da (W_out - W_in) evaporates, on the basis of dry air (taking
specific humidity for the ratio, as is sometimes done, is 2 to 4 % low). Drift is a share of the water that falls,
blowdown keeps the salts at so many times those of the make-up: B = E/(cycles - 1) - D.

The basin's float valve lets in what is missing over `FILL_S`, so a draught of hot hours is drawn from the mains later.

[1] EnergyPlus Engineering Reference, CoolingTower:VariableSpeed:Merkel (Scheier's factors).
"""

from math import exp
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import brentq

from twin.core import fluids
from twin.core.exchange import effectiveness
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.numerics import crossing, narrowed
from twin.core.quantity import MassFlow, Power, Ratio, Spec, Temperature, TemperatureDifference, VolumeFlow

DESIGN_RELATIVE_K = 8.0
"""Dry over wet bulb at design; only the density of the air follows from it [E]."""
_MOST_ROUNDS, _CLOSE_K = 60, 1e-11
FILL_S = 300.0
"""Time in which the float valve makes up what the basin lacks [E]."""


class TowerSpec(Spec):
    """One cell of a cooling tower type at its design point."""

    water: MassFlow = Field(gt=0)
    """Water over the fill of one cell."""
    air: VolumeFlow = Field(gt=0)
    """Air through it at full fan speed."""
    fan: Power = Field(gt=0)
    """Electrical power of its fan at full speed."""
    wet_bulb: Temperature
    approach: TemperatureDifference = Field(gt=0)
    """Water leaving above wet bulb."""
    range: TemperatureDifference = Field(gt=0)
    """Water entering above water leaving."""
    least_fan: Ratio = Field(default=0.2, gt=0, lt=1)
    """Least fan speed; below it fans run part of the time."""
    least_water: Ratio = Field(default=0.3, gt=0, le=1)
    """Least share of the design water a cell is wetted by; with less water fewer cells run."""
    still: Ratio = Field(default=0.125, ge=0, lt=0.3)
    """Share of the heat at full speed that goes with fans off."""
    drift: Ratio = Field(default=5e-5, lt=0.01)
    """Droplets carried away, over the water that falls."""
    cycles: float = Field(default=4.0, gt=1)
    """Cycles of concentration: salts in the basin over salts in the make-up."""

    @model_validator(mode="after")
    def _possible(self) -> "TowerSpec":
        ua = design_ua_w_k(self)
        if not np.isfinite(ua):
            raise ValueError(
                f"no size of fill cools {self.water:g} kg/s from {self.wet_bulb + self.approach + self.range:g} to "
                f"{self.wet_bulb + self.approach:g} degC with {self.air:g} m3/s of air at a wet bulb of "
                f"{self.wet_bulb:g} degC; give more air, a smaller range or a greater approach"
            )
        return self


class CondenserWaterSpec(Spec):
    """The water towers send to condensers: as cold as the wet bulb allows, not colder than machines like it."""

    least: Temperature = 15.0
    """Never colder [E]."""
    approach: TemperatureDifference = Field(default=4.0, gt=0)
    """Above wet bulb, whatever the load [E]."""


class TowerParams(NamedTuple):
    """Constants of the towers of each hall that has them."""

    hall: Annotated[IVec, Var("1", "hall")]
    cells: Annotated[Vec, Var("1", "cells installed")]
    ua_w_k: Annotated[Vec, Var("W K-1", "conductance of one cell at design")]
    water_kg_s: Annotated[Vec, Var("kg s-1", "water over one cell at design")]
    air_m3_s: Annotated[Vec, Var("m3 s-1", "air through one cell at full speed")]
    fan_w: Annotated[Vec, Var("W", "fan power of one cell at full speed")]
    wet_bulb_c: Annotated[Vec, Var("degC", "design wet bulb")]
    least_fan: Annotated[Vec, Var("1", "least fan speed")]
    least_water: Annotated[Vec, Var("1", "least share of design water over a cell")]
    still: Annotated[Vec, Var("1", "share of the heat that goes with fans off")]
    drift: Annotated[Vec, Var("1", "drift over water")]
    cycles: Annotated[Vec, Var("1", "cycles of concentration")]
    least_c: Annotated[Vec, Var("degC", "coldest condenser water asked for")]
    approach_k: Annotated[Vec, Var("K", "condenser water asked for above wet bulb")]


class TowerState(NamedTuple):
    """The basins."""

    missing_kg: Annotated[Vec, Var("kg", "water that each basin lacks of being full")]


def params(
    specs: list[TowerSpec], cells: list[int], halls: list[int], condensers: list[CondenserWaterSpec]
) -> TowerParams:
    """Parameter arrays, one entry for each hall with towers."""
    return frozen(
        TowerParams,
        hall=halls,
        cells=cells,
        ua_w_k=[design_ua_w_k(s) for s in specs],
        water_kg_s=[s.water for s in specs],
        air_m3_s=[s.air for s in specs],
        fan_w=[s.fan for s in specs],
        wet_bulb_c=[s.wet_bulb for s in specs],
        least_fan=[s.least_fan for s in specs],
        least_water=[s.least_water for s in specs],
        still=[s.still for s in specs],
        drift=[s.drift for s in specs],
        cycles=[s.cycles for s in specs],
        least_c=[c.least for c in condensers],
        approach_k=[c.approach for c in condensers],
    )


def design_heat_w(spec: TowerSpec) -> float:
    """Heat [W] of one cell at its design point."""
    entering_c = spec.wet_bulb + spec.approach + spec.range
    return float(spec.water * fluids.specific_heat(fluids.WATER, entering_c) * spec.range)


def design_ua_w_k(spec: TowerSpec) -> float:
    """Conductance [W/K] at which one cell meets its approach and range at design; NaN where none does."""
    pressure_pa, dry_c = 101325.0, spec.wet_bulb + DESIGN_RELATIVE_K
    entering_c = spec.wet_bulb + spec.approach + spec.range
    water_w_k = spec.water * float(fluids.specific_heat(fluids.WATER, entering_c))

    def excess(ua_w_k: float) -> float:
        heat = merkel_w(ua_w_k, spec.air, water_w_k, entering_c, (dry_c, spec.wet_bulb, pressure_pa))
        return float(heat) / water_w_k - spec.range

    most = 100.0 * water_w_k
    return float(brentq(excess, 1e-6 * water_w_k, most, xtol=1e-9 * water_w_k)) if excess(most) > 0 else float("nan")


@kernel
def saturated_j_kg(t_c, pressure_pa):
    """Enthalpy of saturated air [J per kg of dry air]."""
    return fluids.moist_enthalpy(t_c, fluids.humidity_ratio(fluids.saturation_pressure(t_c), pressure_pa))


@kernel
def merkel_w(ua_w_k, air_m3_s, water_w_k, entering_c, air):
    """Heat [W] that water of ``water_w_k`` [W/K] gives to ``air_m3_s`` of air.

    ``air`` is dry and wet bulb [degC] and pressure [Pa]. 0 where the water is not warmer than the wet bulb.
    """
    dry_c, wet_c, pressure_pa = air
    if entering_c - wet_c < _CLOSE_K or air_m3_s <= 0.0 or water_w_k <= 0.0:
        return 0.0
    humidity = fluids.humidity_from_wet_bulb(dry_c, wet_c, pressure_pa)
    # Dry air: enthalpies are per kilogram of it.
    air_kg_s = air_m3_s / fluids.moist_volume(dry_c, humidity, pressure_pa)
    heat_j_kg_k, enters_j_kg = 1006.0 + 1860.0 * humidity, saturated_j_kg(wet_c, pressure_pa)
    leaves_c, heat_w, before_c, before_off = 0.5 * (entering_c + wet_c), 0.0, wet_c, 0.0
    for n in range(_MOST_ROUNDS):
        equivalent = (saturated_j_kg(leaves_c, pressure_pa) - enters_j_kg) / (leaves_c - wet_c)
        air_w_k = air_kg_s * equivalent
        least, most = min(air_w_k, water_w_k), max(air_w_k, water_w_k)
        heat_w = least * effectiveness(ua_w_k * equivalent / heat_j_kg_k / least, least / most) * (entering_c - wet_c)
        off = wet_c + heat_w / air_w_k - leaves_c
        if abs(off) < _CLOSE_K:
            break
        # The secant of the balance; the plain step to begin with and where the secant says nothing.
        rise = (off - before_off) / (leaves_c - before_c) if n else -1.0
        before_c, before_off = leaves_c, off
        leaves_c = max(wet_c + _CLOSE_K, leaves_c - off / min(rise, -0.1))
    return heat_w


@kernel
def cells_wet(tower, i, water_kg_s):
    """Cells that ``water_kg_s`` keeps wet enough, at least one."""
    return max(1.0, min(tower.cells[i], np.floor(water_kg_s / (tower.least_water[i] * tower.water_kg_s[i]) + 1e-9)))


@kernel
def _running_w(tower, i, fan, cells, water_kg_s, water_w_k, entering_c, air):
    share = min(1.0, water_kg_s / (cells * tower.water_kg_s[i]))
    factor = (1.3 * fan - 0.3 * fan**2) * (0.1082 + 1.667 * share - 0.7713 * share**2)
    factor *= min(1.3, max(0.85, 1.0 + 0.0081 * (tower.wet_bulb_c[i] - air[1])))
    one_w = merkel_w(tower.ua_w_k[i] * factor, fan * tower.air_m3_s[i], water_w_k / cells, entering_c, air)
    return cells * one_w


@kernel
def heat_w(tower, i, fan, cells, water_kg_s, water_w_k, entering_c, air):
    """Heat [W] of ``cells`` of tower ``i`` with fans at speed ``fan`` [0..1], sharing the water evenly."""
    if cells <= 0.0:
        return 0.0
    least = tower.least_fan[i]
    if fan >= least:
        return _running_w(tower, i, fan, cells, water_kg_s, water_w_k, entering_c, air)
    still = tower.still[i] * _running_w(tower, i, 1.0, cells, water_kg_s, water_w_k, entering_c, air)
    slow = _running_w(tower, i, least, cells, water_kg_s, water_w_k, entering_c, air)
    return min(still, slow) + fan / least * (slow - min(still, slow))


@kernel
def fans_w(tower, i, fan, cells):
    """Electrical power [W] of the fans of ``cells``; below the least speed they run part of the time."""
    least = tower.least_fan[i]
    cube = fan**3 if fan >= least else fan * least**2
    return cells * tower.fan_w[i] * cube


@kernel
def fan_for(tower, i, want_w, most_fan, cells, water_kg_s, water_w_k, entering_c, air):
    """Fan speed up to ``most_fan`` at which tower ``i`` takes ``want_w`` of water that enters at ``entering_c``.

    0 where still air takes more, ``most_fan`` where that takes less.
    """
    below = heat_w(tower, i, 0.0, cells, water_kg_s, water_w_k, entering_c, air) - want_w
    above = heat_w(tower, i, most_fan, cells, water_kg_s, water_w_k, entering_c, air) - want_w
    if below >= 0.0:
        return 0.0
    if above <= 0.0:
        return most_fan
    bracket, fan = (0.0, below, most_fan, above, 0), most_fan
    for _ in range(_MOST_ROUNDS):
        fan = crossing(bracket)
        off = heat_w(tower, i, fan, cells, water_kg_s, water_w_k, entering_c, air) - want_w
        if abs(off) <= 1e-10 * want_w:
            break
        bracket = narrowed(bracket, fan, off)
    return fan


@kernel
def saturated_at(enthalpy_j_kg, pressure_pa):
    """Temperature [degC] of saturated air of an enthalpy [J per kg of dry air]; Newton."""
    t_c = enthalpy_j_kg / 3000.0 - 5.0
    for _ in range(_MOST_ROUNDS):
        off = saturated_j_kg(t_c, pressure_pa) - enthalpy_j_kg
        slope = (saturated_j_kg(t_c + 1e-4, pressure_pa) - saturated_j_kg(t_c - 1e-4, pressure_pa)) / 2e-4
        t_c -= off / slope
        if abs(off) < 1e-9 * slope:
            break
    return t_c


@kernel
def evaporation_kg_s(heat_w, air_m3_s, air):
    """Water [kg/s] that ``air_m3_s`` of ``air`` (as in `merkel_w`) takes up with ``heat_w``, leaving saturated."""
    dry_c, wet_c, pressure_pa = air
    if heat_w <= 0.0 or air_m3_s <= 0.0:
        return 0.0
    humidity = fluids.humidity_from_wet_bulb(dry_c, wet_c, pressure_pa)
    dry_kg_s = air_m3_s / fluids.moist_volume(dry_c, humidity, pressure_pa)
    leaves_c = saturated_at(fluids.moist_enthalpy(dry_c, humidity) + heat_w / dry_kg_s, pressure_pa)
    leaving = fluids.humidity_ratio(fluids.saturation_pressure(leaves_c), pressure_pa)
    return max(0.0, dry_kg_s * (leaving - humidity))


@kernel
def water_kg_s(tower, i, heat_w, fan, cells, falling_kg_s, air):
    """Evaporation, drift and blowdown [kg/s] of tower ``i`` while it takes ``heat_w``; make-up is their sum."""
    if heat_w <= 0.0 or cells <= 0.0:
        return 0.0, 0.0, 0.0
    moved = cells * tower.air_m3_s[i] * max(fan, tower.least_fan[i])
    evaporation, drift = evaporation_kg_s(heat_w, moved, air), tower.drift[i] * falling_kg_s
    return evaporation, drift, max(0.0, evaporation / (tower.cycles[i] - 1.0) - drift)


@kernel
def fill_kg_s(state, i, lost_kg_s, dt_s):
    """Mean make-up [kg/s] of basin ``i`` while it loses ``lost_kg_s`` for ``dt_s``; what it lacks moves on."""
    before = state.missing_kg[i]
    keep = exp(-dt_s / FILL_S)
    state.missing_kg[i] = before * keep + lost_kg_s * FILL_S * (1.0 - keep)
    return lost_kg_s - (state.missing_kg[i] - before) / dt_s
