"""Moist air of the table, by psychrolib: its properties, Merkel's number and the water that a tower loses."""

from collections.abc import Iterator
from typing import Any

import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from tests.oracles.frozen import hold, row

pytestmark = pytest.mark.oracle
SEA_LEVEL_PA = 101325.0


@pytest.fixture
def psy() -> Iterator[Any]:
    """psychrolib in SI units; the unit system is its global state."""
    library = pytest.importorskip("psychrolib")
    library.SetUnitSystem(library.SI)
    yield library
    library.SetUnitSystem(library.SI)


def test_v_psy_01(psy):
    for case in row("V-PSY-01").cases:
        found = psy.GetTWetBulbFromRelHum(case["dry_c"], case["relative"], case["pressure_pa"])
        hold(case, row("V-PSY-01").again, wet_bulb_c=found)


def test_v_psy_02(psy):
    for case in row("V-PSY-02").cases:
        hold(case, row("V-PSY-02").again, vapour_pa=psy.GetSatVapPres(case["temperature_c"]))


def test_v_psy_03(psy):
    *saturated, dew = row("V-PSY-03").cases
    for case in saturated:
        found = psy.GetSatAirEnthalpy(case["temperature_c"], SEA_LEVEL_PA)
        hold(case, row("V-PSY-03").again, enthalpy_j_kg=found)
    found = psy.GetTDewPointFromRelHum(dew["temperature_c"], dew["relative"])
    hold(dew, row("V-PSY-03").again, dew_point_c=found)


def test_v_air_01(psy):
    case = row("V-AIR-01").cases[0]
    humidity = psy.GetHumRatioFromRelHum(case["dry_c"], case["relative"], case["pressure_pa"])
    density = psy.GetMoistAirDensity(case["dry_c"], humidity, case["pressure_pa"])
    warms = psy.GetMoistAirEnthalpy(case["dry_c"] + 0.5, humidity) - psy.GetMoistAirEnthalpy(
        case["dry_c"] - 0.5, humidity
    )
    heat_j_kg_k = warms / (1 + humidity)
    rise_k = case["heat_w"] / (case["flow_m3_s"] * density * heat_j_kg_k)
    hold(case, row("V-AIR-01").again, density_kg_m3=density, specific_heat_j_kg_k=heat_j_kg_k, rise_k=rise_k)


def test_v_ct_03(psy):
    psy.SetUnitSystem(psy.IP)
    case = row("V-CT-03").cases[0]
    cold, span = case["cold_f"], case["hot_f"] - case["cold_f"]

    def demand(water_f: float) -> float:
        air = psy.GetSatAirEnthalpy(case["wet_f"], case["pressure_psi"]) + case["liquid_to_gas"] * (water_f - cold)
        return 1.0 / (psy.GetSatAirEnthalpy(water_f, case["pressure_psi"]) - air)

    four = span / 4 * sum(demand(cold + share * span) for share in (0.1, 0.4, 0.6, 0.9))
    exact = quad(demand, cold, case["hot_f"], epsabs=1e-13, epsrel=1e-12)[0]
    hold(case, row("V-CT-03").again, kav_l=exact, chebyshev_4=four)


def test_v_wat_01(psy):
    given = row("V-WAT-01").given
    for case in row("V-WAT-01").cases:
        pressure_pa, dry_c, humidity = given["pressure_pa"], case["dry_c"], case["humidity"]
        dry_kg_s = given["air_m3_s"] / psy.GetMoistAirVolume(dry_c, humidity, pressure_pa)
        leaves_j_kg = psy.GetMoistAirEnthalpy(dry_c, humidity) + case["heat_w"] / dry_kg_s
        leaves_c = brentq(lambda t, h=leaves_j_kg: psy.GetSatAirEnthalpy(t, SEA_LEVEL_PA) - h, 0.0, 60.0, xtol=1e-12)
        evaporation = dry_kg_s * (psy.GetSatHumRatio(leaves_c, pressure_pa) - humidity)
        hold(case, row("V-WAT-01").again, evaporation_kg_s=evaporation)
