"""Coils: cross-flow of the verification table, fan laws, and outlets between the two inlets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components import coil
from twin.components.coil import CoilGroup, CoilSpec
from twin.core.exchange import cross_flow_approximate, effectiveness
from twin.core.fluids import moist_density, moist_specific_heat

DOOR = {"air": "1.0 m3/s", "water": "0.6 kg/s", "ua": "2.4 kW/K", "fan": "250 W"}
AIR_J_M3_K, WATER_J_KG_K = 1160.0, 4178.8
SHARE = st.floats(0.05, 1.5)


def one(**lines):
    return coil.params([CoilGroup(CoilSpec.model_validate(DOOR | lines), 0, 1, False)], AIR_J_M3_K, WATER_J_KG_K)


@pytest.mark.parametrize(("ntu", "ratio", "expected"), [(2.0, 0.5, 0.7387584625), (2.0, 0.0, 1 - np.exp(-2.0))])
def test_v_hx_02(ntu, ratio, expected):
    """Cross-flow, both unmixed, closed form; without the water's share it is that of any exchanger."""
    assert cross_flow_approximate(ntu, ratio) == pytest.approx(expected, abs=1e-9)


def test_v_hx_02_beside_the_exact_series():
    """The row's exact values, which the closed form approaches within a per cent here."""
    for ntu, ratio, exact in ((2.0, 0.5, 0.7324092525), (1.5, 0.75, 0.6077498572), (1.5, 1.0, 0.5601729325)):
        assert cross_flow_approximate(ntu, ratio) == pytest.approx(exact, rel=0.012)


@given(ntu=st.floats(1e-3, 20), ratio=st.floats(0, 1))
def test_cross_flow_is_below_counter_flow(ntu, ratio):
    reach = cross_flow_approximate(ntu, ratio)
    assert 0 <= reach <= 1 - np.exp(-ntu) + 1e-12
    assert cross_flow_approximate(1.1 * ntu, ratio) >= reach
    assert reach <= effectiveness(ntu, ratio) + 1e-9


def test_v_air_02():
    """Seven tenths of the speed: seven tenths of the air for 0.343 of the power."""
    door = one()
    assert coil.speed_for(door, 0, 0.7) * door.air_w_k[0] == pytest.approx(0.7 * door.air_w_k[0], rel=1e-15)
    assert coil.fan_w(door, 0, 0.7) == pytest.approx(0.343 * 250.0, rel=1e-15)


def test_v_air_01_through_a_door():
    """10 kW in 0.6 m3/s of air at 24 degC and 45 % warm it by 14.05278 K, and it takes as much from a door."""
    humidity = 0.45 * 2983.2 * 0.621945 / (100355.0 - 0.45 * 2983.2)  # saturation at 24 degC: 2983.2 Pa
    air_j_m3_k = moist_density(24.0, humidity, 100355.0) * moist_specific_heat(humidity)
    assert air_j_m3_k == pytest.approx(1.170616 * 1013.1458, rel=1e-5)
    door = coil.params([CoilGroup(CoilSpec.model_validate(DOOR), 0, 1, False)], air_j_m3_k, WATER_J_KG_K)
    rise_k = 10e3 / (0.6 * door.air_w_k[0])
    assert rise_k == pytest.approx(14.05278, rel=1e-5)


@given(speed=SHARE, water=SHARE, bypass=st.floats(0, 0.5), air_c=st.floats(15, 60), water_c=st.floats(5, 45))
def test_outlets_lie_between_the_inlets(speed, water, bypass, air_c, water_c):
    door = one(bypass=bypass)
    heat = coil.exchange_w_k(door, 0, speed, water) * (air_c - water_c)
    out_c = air_c - heat / (speed * door.air_w_k[0])
    warm_c = water_c + heat / (water * door.water_w_k[0])
    low, high = min(air_c, water_c) - 1e-9, max(air_c, water_c) + 1e-9
    assert low <= out_c <= high
    assert low <= warm_c <= high


@given(speed=SHARE, water=SHARE)
def test_more_of_either_stream_takes_more_heat(speed, water):
    door = one()
    least = coil.exchange_w_k(door, 0, speed, water)
    assert coil.exchange_w_k(door, 0, 1.05 * speed, water) > least
    assert coil.exchange_w_k(door, 0, speed, 1.05 * water) > least


def test_bypassed_air_is_not_cooled():
    assert coil.exchange_w_k(one(bypass=0.2), 0, 1.0, 1.0) < coil.exchange_w_k(one(), 0, 1.0, 1.0)


def test_standing_air_or_water_takes_nothing():
    assert coil.exchange_w_k(one(), 0, 1.0, 0.0) == coil.exchange_w_k(one(), 0, 0.0, 1.0) == 0.0


def test_fans_keep_between_their_least_and_full_speed():
    door = one()
    assert [coil.speed_for(door, 0, wanted) for wanted in (0.0, 0.5, 3.0)] == [0.2, 0.5, 1.0]
