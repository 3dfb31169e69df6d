"""Liquids against CoolProp 8.0.0 and iapws 1.5.5, moist air against PsychroLib 2.5.0; rows of physics table 16.1."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.core import fluids
from twin.core.fluids import PG25, WATER

QUICK = settings(max_examples=50, deadline=None)
LIQUIDS = st.sampled_from([WATER, PG25])
LIQUID_C = st.floats(5.0, 65.0)
AIR_C = st.floats(-30.0, 50.0)
RELATIVE = st.floats(0.01, 1.0)
PRESSURE_PA = st.floats(70e3, 105e3)


def properties(liquid, t_c):
    return [prop(liquid, t_c) for prop in (fluids.density, fluids.specific_heat, fluids.viscosity, fluids.conductivity)]


@pytest.mark.parametrize(
    ("t_c", "expected"),
    [
        pytest.param(20.0, [998.29814, 4183.4303, 1.0015350e-3, 0.59812936], id="V-PROP-01-20"),
        pytest.param(30.0, [995.73799, 4179.2799, 7.9721780e-4, 0.61450172], id="V-PROP-01-30"),
        pytest.param(40.0, [992.30354, 4178.9255, 6.5275367e-4, 0.62859122], id="V-PROP-01-40"),
        pytest.param(60.0, [983.28273, 4184.5123, 4.6608287e-4, 0.65110418], id="V-PROP-01-60"),
        pytest.param(30.0, [995.740380, 4179.4815, 7.97217690e-4, 0.614504667], id="V-PROP-02"),
    ],
)
def test_water_at_3_bar(t_c, expected):
    assert properties(WATER, t_c) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(
    ("t_c", "expected"),
    [
        pytest.param(20.0, [1019.2776, 3920.4675, 2.4452328e-3, 0.46785242], id="V-PROP-03-20"),
        pytest.param(30.0, [1014.9045, 3944.6372, 1.7761146e-3, 0.47690458], id="V-PROP-03-30"),
        pytest.param(40.0, [1009.9094, 3968.6495, 1.3530124e-3, 0.48583982], id="V-PROP-03-40"),
        pytest.param(50.0, [1004.3783, 3992.3811, 1.0726049e-3, 0.49461919], id="V-PROP-03-50"),
    ],
)
def test_pg25_by_mass(t_c, expected):
    # The published figures have eight digits.
    assert properties(PG25, t_c) == pytest.approx(expected, rel=6e-8)


def test_v_prop_04_pg25_by_volume_stays_within_what_the_module_says():
    """25 % by volume (25.7 % by mass) at 40 degC: 0.2 % less specific heat, 2 to 2.2 % more viscosity."""
    density, heat, viscosity, conductivity = properties(PG25, 40.0)
    assert 1010.405382 / density == pytest.approx(1.0, abs=6e-4)
    assert 3960.980056 / heat == pytest.approx(0.998, abs=1e-4)
    assert 1.382e-3 / viscosity == pytest.approx(1.02, abs=2e-3)
    assert 0.482233 / conductivity == pytest.approx(0.9926, abs=1e-4)


def test_v_prop_05_water_enthalpy_difference():
    assert fluids.enthalpy(WATER, 40.0) - fluids.enthalpy(WATER, 30.0) == pytest.approx(41788.65, rel=1e-5)


@QUICK
@given(LIQUIDS, LIQUID_C)
def test_temperature_is_the_inverse_of_enthalpy(liquid, t_c):
    assert fluids.temperature_at(liquid, fluids.enthalpy(liquid, t_c)) == pytest.approx(t_c, abs=1e-9)


@QUICK
@given(LIQUIDS, LIQUID_C)
def test_specific_heat_is_the_slope_of_enthalpy(liquid, t_c):
    slope = (fluids.enthalpy(liquid, t_c + 0.01) - fluids.enthalpy(liquid, t_c - 0.01)) / 0.02
    assert slope == pytest.approx(fluids.specific_heat(liquid, t_c), rel=1e-7)


@QUICK
@given(LIQUIDS, LIQUID_C, st.floats(0.01, 10.0))
def test_a_warmer_liquid_is_lighter_and_thinner_and_holds_more(liquid, t_c, more):
    assert fluids.density(liquid, t_c + more) < fluids.density(liquid, t_c)
    assert fluids.viscosity(liquid, t_c + more) < fluids.viscosity(liquid, t_c)
    assert fluids.enthalpy(liquid, t_c + more) > fluids.enthalpy(liquid, t_c)


@pytest.mark.parametrize("liquid", [WATER, PG25])
def test_enthalpy_counts_from_0_degc(liquid):
    assert fluids.enthalpy(liquid, 0.0) == 0.0


@pytest.mark.parametrize(
    ("t_c", "relative", "pressure_pa", "wet_bulb_c"),
    [
        (35.0, 0.5, 101325.0, 26.141408),
        (30.0, 0.5, 101325.0, 22.005236),
        (25.0, 0.5, 101325.0, 17.889432),
        (40.0, 0.2, 101325.0, 22.032203),
        (20.0, 0.8, 101325.0, 17.679224),
        (10.0, 0.6, 101325.0, 6.481036),
        (0.0, 0.7, 101325.0, -1.749858),
        (36.6, 0.4, 100355.0, 25.149168),
    ],
)
def test_v_psy_01_wet_bulb(t_c, relative, pressure_pa, wet_bulb_c):
    assert fluids.wet_bulb(t_c, relative, pressure_pa) == pytest.approx(wet_bulb_c, abs=2e-3)


@pytest.mark.parametrize(
    ("t_c", "pressure_pa"),
    [(0.0, 611.1536), (10.0, 1227.9953), (20.0, 2338.8037), (30.0, 4246.0302), (40.0, 7383.4600)],
)
def test_v_psy_02_saturation_pressure(t_c, pressure_pa):
    assert fluids.saturation_pressure(t_c) == pytest.approx(pressure_pa, rel=1e-6)


@pytest.mark.parametrize(
    ("t_c", "enthalpy_j_kg"), [(10.0, 29284.683), (20.0, 57418.980), (30.0, 99731.526), (40.0, 166132.229)]
)
def test_v_psy_03_enthalpy_of_saturated_air(t_c, enthalpy_j_kg):
    humidity = fluids.humidity_from_relative(t_c, 1.0, 101325.0)
    assert fluids.moist_enthalpy(t_c, humidity) == pytest.approx(enthalpy_j_kg, rel=1e-6)


def test_v_psy_03_dew_point():
    assert fluids.dew_point(0.45 * fluids.saturation_pressure(24.0)) == pytest.approx(11.346786, abs=2e-3)


def test_v_air_01_rise_of_room_air():
    humidity = fluids.humidity_from_relative(24.0, 0.45, 100355.0)
    assert fluids.moist_density(24.0, humidity, 100355.0) == pytest.approx(1.170616, rel=1e-5)
    assert fluids.moist_specific_heat(humidity) == pytest.approx(1013.1458, rel=1e-5)
    assert fluids.air_rise_k(10e3, 0.6, 24.0, 0.45, 100355.0) == pytest.approx(14.05278, rel=1e-5)


def test_pressure_at_the_height_of_memphis():
    assert fluids.pressure_at(81.0) == pytest.approx(100355.7, abs=0.05)


@QUICK
@given(AIR_C, RELATIVE, PRESSURE_PA)
def test_dew_point_wet_bulb_and_dry_bulb_stand_in_order(t_c, relative, pressure_pa):
    dew_point_c = fluids.dew_point(relative * fluids.saturation_pressure(t_c))
    wet_bulb_c = fluids.wet_bulb(t_c, relative, pressure_pa)
    # The pressures over ice and over water meet at 0.01 degC within less than a thousandth of a kelvin.
    assert dew_point_c - 1e-3 <= wet_bulb_c <= t_c


@QUICK
@given(AIR_C, RELATIVE, PRESSURE_PA)
def test_wet_bulb_solves_its_equation(t_c, relative, pressure_pa):
    wet_bulb_c = fluids.wet_bulb(t_c, relative, pressure_pa)
    humidity = fluids.humidity_from_relative(t_c, relative, pressure_pa)
    assert fluids.humidity_from_wet_bulb(t_c, wet_bulb_c, pressure_pa) == pytest.approx(humidity, abs=1e-12)


@QUICK
@given(st.floats(0.5, 50.0), st.floats(0.3, 0.98), st.floats(1e-3, 0.02), PRESSURE_PA)
def test_moister_air_has_a_higher_wet_bulb(t_c, relative, more, pressure_pa):
    assert fluids.wet_bulb(t_c, relative + more, pressure_pa) > fluids.wet_bulb(t_c, relative, pressure_pa)


@QUICK
@given(AIR_C)
def test_dew_point_of_saturated_air_is_its_temperature(t_c):
    assert fluids.dew_point(fluids.saturation_pressure(t_c)) == pytest.approx(t_c, abs=1e-3)


@QUICK
@given(st.floats(-90.0, 150.0), st.floats(0.05, 10.0))
def test_saturation_pressure_rises(t_c, more):
    assert fluids.saturation_pressure(t_c + more) > fluids.saturation_pressure(t_c)


@QUICK
@given(st.floats(-90.0, 150.0).filter(lambda t_c: abs(t_c) > 0.1))
def test_slope_of_saturation_pressure(t_c):
    ratio = fluids.saturation_pressure(t_c + 1e-3) / fluids.saturation_pressure(t_c - 1e-3)
    assert ratio - 1.0 == pytest.approx(2e-3 * fluids.log_pressure_slope(t_c), rel=1e-3)


@QUICK
@given(AIR_C, RELATIVE, PRESSURE_PA)
def test_relative_humidity_is_the_inverse_of_humidity(t_c, relative, pressure_pa):
    humidity = fluids.humidity_from_relative(t_c, relative, pressure_pa)
    assert fluids.relative_humidity(t_c, humidity, pressure_pa) == pytest.approx(relative, rel=1e-12)
