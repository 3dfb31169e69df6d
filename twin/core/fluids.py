"""Water, PG25 and moist air.

Liquids: polynomials in x = (T - 35)/30, T in degC, 5 to 65 degC, pressure ignored. Water was fitted to
CoolProp 8.0.0 at 3 bar (density 4.5e-5, specific heat 5.8e-5, viscosity 3.6e-4, conductivity 3.2e-4
relative); PG25 is 25 % propylene glycol by mass, CoolProp's INCOMP::MPG[0.25] (Melinder), exact to rounding.
"PG25" by volume is 25.7 % by mass: 0.2 % less specific heat, 2 % more viscosity. Other published glycol
sets differ by 0.5 to 3 % in specific heat and 10 % in viscosity.

Moist air: Hyland-Wexler saturation pressure and the ideal-gas relations of ASHRAE Handbook Fundamentals
2017, chapter 1, as PsychroLib has them. Temperatures in degC, pressures in Pa, humidity ratios in kg/kg.
"""

from math import exp, log

import numpy as np

from twin.core.jit import kernel

WATER, PG25 = 0, 1
# [liquid, coefficient of x]: density, specific heat, ln viscosity, conductivity
_DENSITY = np.array(
    [
        [994.135450615, -10.3304914625, -3.74552496427, 0.611168191008, 0.0],
        [1012.47935088, -14.9961388203, -2.60560636748, 0.387334761577, 0.0],
    ]
)
_SPECIFIC_HEAT = np.array(
    [
        [4178.75895843, -0.522422796721, 12.4738368129, -7.92385233262, 4.2615263273],
        [3956.67070654, 72.0524829476, -0.985693052613, -0.555770773603, 0.0],
    ]
)
_LOG_VISCOSITY = np.array(
    [
        [-7.23744114928, -0.598479475345, 0.111434552976, -0.0284331556086, 0.00830136371198],
        [-6.47484121256, -0.81531317084, 0.19680465533, -0.0349481141152, 0.0],
    ]
)
_CONDUCTIVITY = np.array(
    [
        [0.62186231702, 0.0421714453453, -0.00990579533096, 0.00167089436337, 0.0],
        [0.481389249144, 0.0268106149208, -0.000613793977036, -0.000175380375013, 0.0],
    ]
)
_KELVIN = 273.15
_CLOSE_K, _MOST_STEPS = 1e-10, 20
_MASS_RATIO = 0.621945
_DRY_GAS = 287.042  # J/kg/K
# Latent heat at 0 degC [kJ/kg], its fall [kJ/kg/K], specific heat of the surface [kJ/kg/K].
_OVER_WATER, _OVER_ICE = (2501.0, 2.326, 4.186), (2830.0, 0.24, 2.1)


@kernel
def _series(table, liquid, t_c):
    x = (t_c - 35.0) / 30.0
    c = table[liquid]
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * c[4])))


@kernel
def density(liquid, t_c):
    """Density [kg/m3]."""
    return _series(_DENSITY, liquid, t_c)


@kernel
def specific_heat(liquid, t_c):
    """Specific heat [J/kg/K]."""
    return _series(_SPECIFIC_HEAT, liquid, t_c)


@kernel
def viscosity(liquid, t_c):
    """Dynamic viscosity [Pa s]."""
    return exp(_series(_LOG_VISCOSITY, liquid, t_c))


@kernel
def conductivity(liquid, t_c):
    """Thermal conductivity [W/m/K]."""
    return _series(_CONDUCTIVITY, liquid, t_c)


@kernel
def _heat_integral(liquid, t_c):
    x = (t_c - 35.0) / 30.0
    c = _SPECIFIC_HEAT[liquid]
    return 30.0 * x * (c[0] + x * (c[1] / 2.0 + x * (c[2] / 3.0 + x * (c[3] / 4.0 + x * c[4] / 5.0))))


@kernel
def enthalpy(liquid, t_c):
    """Enthalpy [J/kg] above 0 degC: the exact integral of `specific_heat`."""
    return _heat_integral(liquid, t_c) - _heat_integral(liquid, 0.0)


@kernel
def temperature_at(liquid, enthalpy_j_kg):
    """Temperature [degC] at which `enthalpy` has that value; Newton, whose slope moves by a few per cent only."""
    t_c = enthalpy_j_kg / specific_heat(liquid, 35.0)
    for _ in range(_MOST_STEPS):
        step = (enthalpy(liquid, t_c) - enthalpy_j_kg) / specific_heat(liquid, t_c)
        t_c -= step
        if abs(step) < _CLOSE_K:
            break
    return t_c


@kernel
def saturation_pressure(t_c):
    """Pressure of saturated vapour [Pa] over water, or over ice below 0.01 degC; -100 to 200 degC."""
    t = t_c + _KELVIN
    if t_c < 0.01:
        series = 6.3925247 + t * (-9.677843e-3 + t * (6.2215701e-7 + t * (2.0747825e-9 - t * 9.484024e-13)))
        return exp(-5.6745359e3 / t + series + 4.1635019 * log(t))
    series = 1.3914993 + t * (-4.8640239e-2 + t * (4.1764768e-5 - t * 1.4452093e-8))
    return exp(-5.8002206e3 / t + series + 6.5459673 * log(t))


@kernel
def log_pressure_slope(t_c):
    """d(ln p)/dT [1/K] of `saturation_pressure`, by hand from its terms."""
    t = t_c + _KELVIN
    if t_c < 0.01:
        series = -9.677843e-3 + t * (1.24431402e-6 + t * (6.2243475e-9 - t * 3.7936096e-12))
        return 5.6745359e3 / t**2 + series + 4.1635019 / t
    series = -4.8640239e-2 + t * (8.3529536e-5 - t * 4.3356276e-8)
    return 5.8002206e3 / t**2 + series + 6.5459673 / t


@kernel
def dew_point(vapour_pa):
    """Temperature [degC] at which a vapour pressure [Pa] saturates, -100 to 200 degC; Newton on ln p."""
    low, high = -100.0, 200.0
    t_c, target = 10.0, log(vapour_pa)
    for _ in range(_MOST_STEPS):
        step = (log(saturation_pressure(t_c)) - target) / log_pressure_slope(t_c)
        new = min(high, max(low, t_c - step))
        moved, t_c = abs(new - t_c), new
        if moved < _CLOSE_K:
            break
    return t_c


@kernel
def humidity_ratio(vapour_pa, pressure_pa):
    """Water over dry air [kg/kg] at a vapour pressure [Pa]."""
    return _MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa)


@kernel
def vapour_pressure(humidity, pressure_pa):
    """Vapour pressure [Pa] at a humidity ratio [kg/kg]: the inverse of `humidity_ratio`."""
    return pressure_pa * humidity / (_MASS_RATIO + humidity)


@kernel
def humidity_from_relative(t_c, relative, pressure_pa):
    """Humidity ratio [kg/kg] at a relative humidity [1]."""
    return humidity_ratio(relative * saturation_pressure(t_c), pressure_pa)


@kernel
def relative_humidity(t_c, humidity, pressure_pa):
    """Relative humidity [1] at a humidity ratio [kg/kg]."""
    return vapour_pressure(humidity, pressure_pa) / saturation_pressure(t_c)


@kernel
def _wet_bulb_balance(t_c, humidity, wet_c, pressure_pa, surface):
    """Heat balance of a wet surface [kJ/kg] at ``wet_c`` and its slope [kJ/kg/K]; zero at the wet bulb.

    ``surface`` holds its latent heat, the fall of that with temperature, and the heat of its water or ice.
    """
    latent, fall, stored = surface
    vapour_pa = saturation_pressure(wet_c)
    wet = humidity_ratio(vapour_pa, pressure_pa)
    wet_slope = wet * log_pressure_slope(wet_c) * pressure_pa / (pressure_pa - vapour_pa)
    balance = (latent - fall * wet_c) * wet - 1.006 * (t_c - wet_c) - humidity * (latent + 1.86 * t_c - stored * wet_c)
    return balance, (latent - fall * wet_c) * wet_slope - fall * wet + 1.006 + humidity * stored


@kernel
def humidity_from_wet_bulb(t_c, wet_bulb_c, pressure_pa):
    """Humidity ratio [kg/kg] at a wet bulb; its surface is ice below 0 degC."""
    surface = _OVER_WATER if wet_bulb_c >= 0.0 else _OVER_ICE
    balance, _ = _wet_bulb_balance(t_c, 0.0, wet_bulb_c, pressure_pa, surface)
    return balance / (surface[0] + 1.86 * t_c - surface[2] * wet_bulb_c)


@kernel
def wet_bulb(t_c, relative, pressure_pa):
    """Wet bulb [degC] at a relative humidity of 0 to 1 [1], below boiling; its surface is ice below 0 degC.

    The balance is convex and rises with temperature, so Newton from the warm side never passes the root.
    """
    humidity = humidity_from_relative(t_c, relative, pressure_pa)
    wet_c, surface = t_c, _OVER_WATER
    if t_c < 0.0 or _wet_bulb_balance(t_c, humidity, 0.0, pressure_pa, _OVER_WATER)[0] > 0.0:
        wet_c, surface = min(t_c, 0.0), _OVER_ICE
    for _ in range(_MOST_STEPS):
        balance, slope = _wet_bulb_balance(t_c, humidity, wet_c, pressure_pa, surface)
        wet_c -= balance / slope
        if abs(balance) < _CLOSE_K * slope:
            break
    return min(t_c, wet_c)


@kernel
def moist_enthalpy(t_c, humidity):
    """Enthalpy of moist air [J per kg of dry air]."""
    return 1006.0 * t_c + humidity * (2501000.0 + 1860.0 * t_c)


@kernel
def moist_volume(t_c, humidity, pressure_pa):
    """Volume of moist air [m3 per kg of dry air]."""
    return _DRY_GAS * (t_c + _KELVIN) * (1.0 + 1.607858 * humidity) / pressure_pa


@kernel
def moist_density(t_c, humidity, pressure_pa):
    """Density of moist air [kg of moist air per m3]."""
    return (1.0 + humidity) / moist_volume(t_c, humidity, pressure_pa)


@kernel
def moist_specific_heat(humidity):
    """Specific heat of moist air [J per kg of moist air and K]."""
    return (1006.0 + 1860.0 * humidity) / (1.0 + humidity)


@kernel
def air_rise_k(heat_w, flow_m3_s, t_c, relative, pressure_pa):
    """Temperature rise [K] of a flow of moist air, by volume at its inlet, that takes up ``heat_w``."""
    humidity = humidity_from_relative(t_c, relative, pressure_pa)
    return heat_w / (flow_m3_s * moist_density(t_c, humidity, pressure_pa) * moist_specific_heat(humidity))


def pressure_at(altitude_m: float) -> float:
    """Standard pressure [Pa] at an altitude [m], ASHRAE Fundamentals 2017 chapter 1 equation 3."""
    return float(101325.0 * (1 - 2.25577e-5 * altitude_m) ** 5.2559)
