"""Dry coolers: against EnergyPlus, and what no dry cooler can do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import drycooler
from twin.components.drycooler import DryCoolerSpec
from twin.core import fluids
from twin.core.exchange import cross_flow

SEA_LEVEL = 101325.0
UNIT = {
    "water": "126 kg/s", "air": "400 m3/s", "fan": "117.68 kW",
    "entering": "46.11 degC", "leaving": "40.55 degC", "dry_bulb": "35 degC",
}  # fmt: skip
PADS = {"pads": {"effectiveness": "80 %", "above": "25 degC"}}


def coolers(**changes: object) -> drycooler.DryCoolerParams:
    return drycooler.params([DryCoolerSpec.model_validate(UNIT | changes)], [1], [0])


def per_kelvin(cooler, fan, air, water_kg_s=126.0):
    """Heat per kelvin, what enters the coils, and the heat capacity rate of the water."""
    entering = drycooler.intake(cooler, 0, air)
    water = water_kg_s, water_kg_s * 4180.0
    return drycooler.heat_per_kelvin_w_k(cooler, 0, fan, 1.0, water, entering, air[2]), entering, water[1]


@pytest.mark.parametrize(
    ("dry_c", "humidity", "entering_c", "water_kg_s", "heat_w", "leaving_c"),
    [
        (35.0, 0.0193204, 50.01944, 98.9587, 1_500_264, 46.39339),
        (25.0, 0.0088445, 44.91760, 99.2162, 2_000_002, 40.09510),
        (10.0, 0.0011715, 29.75669, 99.7010, 2_000_449, 24.95652),
    ],
)
def test_v_dry_01(dry_c, humidity, entering_c, water_kg_s, heat_w, leaving_c):
    """EnergyPlus FluidCooler of 150 kW/K and 250 m3/s; the exact series would be 2.5 % above it."""
    water_w_k = water_kg_s * float(fluids.specific_heat(fluids.WATER, entering_c))
    air_w_k = float(drycooler.air_rate_w_k(250.0, dry_c, humidity, SEA_LEVEL))
    given_w = drycooler.exchange_w_k(150e3, air_w_k, water_w_k) * (entering_c - dry_c)
    assert given_w == pytest.approx(heat_w, rel=4e-3)
    assert entering_c - given_w / water_w_k == pytest.approx(leaving_c, abs=0.01)
    exact_w = air_w_k * cross_flow(150e3 / air_w_k, air_w_k / water_w_k) * (entering_c - dry_c)
    assert 1.02 < exact_w / heat_w < 1.03


def test_the_design_point_is_met():
    spec = DryCoolerSpec.model_validate(UNIT)
    humidity = fluids.humidity_from_relative(35.0, 0.4, SEA_LEVEL)
    cooler, water_w_k = coolers(), drycooler.design_heat_w(spec) / 5.56
    got = drycooler.heat_per_kelvin_w_k(cooler, 0, 1.0, 1.0, (126.0, water_w_k), (35.0, humidity, 0.0), SEA_LEVEL)
    assert got * 11.11 == pytest.approx(2.93e6, rel=2e-3)  # the manufacturer's 2,931 kW
    assert got * 11.11 == pytest.approx(drycooler.design_heat_w(spec), rel=1e-9)


def test_the_weaker_film_is_the_airs():
    """Half the air costs more than half the water, since its film has half the conductance."""
    cooler, air = coolers(), (35.0, 25.0, SEA_LEVEL)
    full, _, _ = per_kelvin(cooler, 1.0, air)
    ua = cooler.ua_w_k[0]
    for fan, share in ((0.5, 1.0), (1.0, 0.5), (0.5, 0.5)):
        entering = drycooler.intake(cooler, 0, air)
        air_w_k = drycooler.air_rate_w_k(fan * 400.0, *entering[:2], SEA_LEVEL)
        by_hand = 1.5 * ua / (fan**-0.8 + 0.5 * share**-0.85)
        water = share * 126.0, share * 126.0 * 4180.0
        got = drycooler.heat_per_kelvin_w_k(cooler, 0, fan, 1.0, water, entering, SEA_LEVEL)
        assert got == pytest.approx(drycooler.exchange_w_k(by_hand, air_w_k, water[1]), rel=1e-12)
        assert got < full


AIR = st.tuples(st.floats(-15, 28), st.floats(0, 18)).map(lambda t: (t[0] + t[1], t[0], SEA_LEVEL))


@given(air=AIR, fan=st.floats(0, 1), water_kg_s=st.floats(5, 200), pads=st.booleans())
def test_water_never_leaves_colder_than_the_air_that_enters(air, fan, water_kg_s, pads):
    got, entering, water_w_k = per_kelvin(coolers(**PADS) if pads else coolers(), fan, air, water_kg_s)
    assert 0 <= got <= water_w_k * (1 + 1e-12)
    assert air[1] - 1e-9 <= entering[0] <= air[0]


@given(air=AIR, fan=st.floats(0, 0.95), more=st.floats(0.001, 0.05))
def test_more_fan_takes_more_heat_and_more_power(air, fan, more):
    cooler = coolers()
    assert per_kelvin(cooler, fan + more, air)[0] >= per_kelvin(cooler, fan, air)[0] - 1e-9
    assert drycooler.fans_w(cooler, 0, fan + more, 1.0) > drycooler.fans_w(cooler, 0, fan, 1.0)


@given(air=AIR, share=st.floats(0.05, 1.2))
def test_the_fan_speed_is_the_one_that_was_asked_for(air, share):
    cooler = coolers()
    most, entering, water_w_k = per_kelvin(cooler, 1.0, air)
    still = per_kelvin(cooler, 0.0, air)[0]
    fan = drycooler.fan_for(cooler, 0, share * most, 1.0, 1.0, (126.0, water_w_k), entering, SEA_LEVEL)
    assert 0 <= fan <= 1
    assert per_kelvin(cooler, fan, air)[0] == pytest.approx(min(most, max(still, share * most)), rel=1e-8)


def test_pads_follow_the_wet_bulb_and_cost_water():
    """35 over 25 degC with four fifths of the way: 27 degC enter, and every kilogram of air carries 3.3 g more."""
    cooler, air = coolers(**PADS), (35.0, 25.0, SEA_LEVEL)
    entering = drycooler.intake(cooler, 0, air)
    assert entering[0] == pytest.approx(27.0)
    # An adiabatic path: the enthalpy of the air rises by that of the water only.
    before = fluids.moist_enthalpy(35.0, fluids.humidity_from_wet_bulb(35.0, 25.0, SEA_LEVEL))
    after = fluids.moist_enthalpy(27.0, entering[1])
    assert after - before == pytest.approx(entering[2] * 4186 * 25.0, rel=0.05)
    evaporation, blowdown = drycooler.water_kg_s(cooler, 0, 1.0, 1.0, entering, SEA_LEVEL)
    dry_kg_s = 400.0 / fluids.moist_volume(27.0, entering[1], SEA_LEVEL)
    assert evaporation == pytest.approx(dry_kg_s * entering[2], rel=1e-12)
    assert blowdown == pytest.approx(evaporation / 3, rel=1e-12)
    assert per_kelvin(cooler, 1.0, air)[0] * (46.11 - 27.0) > 1.6 * per_kelvin(coolers(), 1.0, air)[0] * (46.11 - 35.0)


@pytest.mark.parametrize(("dry_c", "fan"), [(25.0, 1.0), (10.0, 1.0), (35.0, 0.0)])
def test_dry_pads_cost_nothing(dry_c, fan):
    cooler = coolers(**PADS)
    entering = drycooler.intake(cooler, 0, (dry_c, 8.0, SEA_LEVEL))
    assert drycooler.water_kg_s(cooler, 0, fan, 1.0, entering, SEA_LEVEL) == (0.0, 0.0)


def test_nothing_runs():
    cooler, entering = coolers(), (20.0, 0.01, 0.0)
    assert drycooler.heat_per_kelvin_w_k(cooler, 0, 1.0, 0.0, (126.0, 5e5), entering, SEA_LEVEL) == 0.0
    assert drycooler.heat_per_kelvin_w_k(cooler, 0, 1.0, 1.0, (0.0, 0.0), entering, SEA_LEVEL) == 0.0
    assert np.isinf(cooler.pads_above_c[0])


def test_impossible_designs_are_refused():
    with pytest.raises(ValidationError, match=r"leave warmer than the air, found 46.11, 34 and 35 degC"):
        DryCoolerSpec.model_validate(UNIT | {"leaving": "34 degC"})
    with pytest.raises(ValidationError, match=r"no coil cools 126 kg/s from 46.11 to 40.55 degC with 100 m3/s"):
        DryCoolerSpec.model_validate(UNIT | {"air": "100 m3/s"})
