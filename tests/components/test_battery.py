"""Battery plant: charge, limits, dead time and lag, control, and energy that closes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import battery
from twin.components.battery import BatteryControlSpec, BatterySpec
from twin.core.lag import left_over

TR_03 = {0.1: 0.043960349, 0.5: 0.217215547, 1.0: 0.419355726, 2.0: 0.743068302, 5.0: 1.163749860, 10.0: 1.258928069}


def plant(control: dict | None = None, *, count: int = 1, limit_w: float = np.inf, **changes: object):
    spec = BatterySpec.model_validate({"energy": "3854 kWh", "power": "1927 kW", **changes})
    chosen = BatteryControlSpec.model_validate(control or {})
    params = battery.params([spec], [count], [limit_w], [chosen])
    return params, battery.new_state(params, [battery.MODES.index(chosen.mode)])


def charge(params, state) -> float:
    return float(state.stored_j[0] / params.energy_j[0])


def test_v_bess_01_charge_after_half_an_hour_and_round_trip():
    params, state = plant(least=0.0, most=1.0, fade=0.0, dead_time="0 s", lag="0 s")
    state.stored_j[0] = params.energy_j[0]
    for _ in range(1800):
        assert battery.act(params, state, 0, 1927e3, 1.0) == 1927e3
    assert charge(params, state) == pytest.approx(0.7393661384, abs=1e-10)
    given_j, taken_j = 1927e3 * 1800, 0.0
    while state.stored_j[0] < params.energy_j[0] * (1 - 1e-15):
        taken_j -= battery.act(params, state, 0, -1927e3, 1.0)
    assert given_j / taken_j == pytest.approx(0.9200646, abs=5e-8)


def test_v_tr_03_in_the_frequency_domain():
    left = left_over(np.array(list(TR_03)), 0.020, 0.050)
    np.testing.assert_allclose(left, list(TR_03.values()), atol=1e-9)


@pytest.mark.parametrize("hz", TR_03)
def test_v_tr_03_with_a_sine_in_time(hz):
    params, state = plant(fade=0.0, least=0.0, most=1.0)
    dt_s, count = 1e-3, round(max(1.5, 1.5 / hz) / 1e-3)
    whole = round(round(1.0 * hz) / hz / dt_s) if hz >= 1 else round(1 / hz / dt_s)
    t = np.arange(count + 1) * dt_s
    load = -np.diff(np.cos(2 * np.pi * hz * t)) / dt_s * 1e5 / (2 * np.pi * hz)  # means of a sine over each step
    left = load - np.array([battery.act(params, state, 0, p, dt_s) for p in load])
    wave = np.exp(-2j * np.pi * hz * t[:-1])[-whole:]
    # The row asks for 1 %; an exact lag and a delay of whole steps come closer.
    assert abs((left[-whole:] @ wave) / (load[-whole:] @ wave)) == pytest.approx(TR_03[hz], rel=2e-4)


def test_what_a_low_pass_of_the_command_costs_and_brings():
    hz = np.geomspace(0.01, 30.0, 2000)
    bare, banded = left_over(hz, 0.020, 0.050), left_over(hz, 0.020, 0.050, 1 / (2 * np.pi))
    assert hz[np.argmax(bare > 1)] == pytest.approx(3.30, abs=0.02)
    assert hz[np.argmax(banded > 1)] == pytest.approx(1.02, abs=0.02)  # it starts to amplify earlier,
    assert (bare.max(), banded.max()) == (pytest.approx(1.260, abs=1e-3), pytest.approx(1.190, abs=1e-3))  # but by less
    slow = left_over(hz, 0.020, 0.050, 1 / (2 * np.pi * 0.1))
    assert slow.max() < 1.04


@pytest.mark.parametrize("dt_s", [1e-3, 3e-3, 7e-3, 20e-3, 50e-3])
def test_a_step_command_arrives_after_its_dead_time_at_any_step(dt_s):
    params, state = plant(dead_time="21 ms", lag="40 ms")
    battery.act(params, state, 0, 0.0, dt_s)
    n = round(0.42 / dt_s)
    sent_j = sum(battery.act(params, state, 0, 1e6, dt_s) for _ in range(n)) * dt_s
    on_s = n * dt_s - 0.021
    assert sent_j == pytest.approx(1e6 * (on_s - 0.04 * (1 - np.exp(-on_s / 0.04))), rel=1e-12)


def test_power_fades_near_either_end_and_charge_stays_between_its_limits():
    params, state = plant()
    assert battery.limits_w(params, 0, 0.075 * params.energy_j[0])[1] == pytest.approx(1927e3 / 2)
    assert battery.limits_w(params, 0, 0.925 * params.energy_j[0])[0] == pytest.approx(1927e3 / 2)
    for command, end in ((5e6, 0.05), (-5e6, 0.95)):
        for _ in range(5 * 3600 // 10):
            battery.act(params, state, 0, command, 10.0)
        assert charge(params, state) == pytest.approx(end, abs=2e-3)


def test_the_connection_limits_a_plant_of_many_units():
    params, state = plant(count=208, limit_w=150e6, lag="0 s", dead_time="0 s")
    assert params.energy_j[0] / 3.6e9 == pytest.approx(208 * 3.854)
    assert battery.act(params, state, 0, 400e6, 1.0) == 150e6


def test_smooth_makes_the_feed_see_the_low_pass():
    control = {"mode": "smooth", "smoothing": "30 s", "band": None, "restoring": "1000000 s"}
    params, state = plant(control, lag="0 s", dead_time="0 s")
    battery.step(params, state, 0, 1e6, 1, 1.0)
    feed = [2e6 - battery.step(params, state, 0, 2e6, 1, 1.0) for _ in range(60)]
    end = 1e6 + 1e6 * (1 - np.exp(-np.arange(61) / 30))
    mean = 2e6 - 1e6 * 30 * (np.exp(-np.arange(60) / 30) - np.exp(-np.arange(1, 61) / 30))
    np.testing.assert_allclose(feed, mean, rtol=1e-3)
    assert state.reference_w[0] == pytest.approx(end[-1], rel=1e-3)


def test_ramp_holds_the_ramp_of_the_feed():
    control = {"mode": "ramp", "ramp": "1 MW", "band": None}
    params, state = plant(control, lag="0 s", dead_time="0 s")
    battery.step(params, state, 0, 1e6, 1, 1.0)
    feed = np.array([2.5e6 - battery.step(params, state, 0, 2.5e6, 1, 1.0) for _ in range(120)])
    assert np.diff(feed).max() == pytest.approx(1e6 / 60, rel=1e-9)
    assert feed[-1] == pytest.approx(2.5e6, rel=2e-2)


@pytest.mark.parametrize("mode", ["smooth", "ramp"])
def test_charge_goes_back_to_its_target(mode):
    control = {"mode": mode, "restoring": "1 h", "target": 0.6} | ({"ramp": "10 MW"} if mode == "ramp" else {})
    params, state = plant(control)
    for start in (0.3, 0.9):
        state.stored_j[0] = start * params.energy_j[0]
        far = abs(start - 0.6)
        for _ in range(360):
            battery.step(params, state, 0, 5e6, 1, 60.0)
        assert abs(charge(params, state) - 0.6) < 0.05 * far


def test_a_dead_node_stops_it_and_off_it_stands_still():
    params, state = plant({"mode": "smooth"})
    battery.step(params, state, 0, 1e6, 1, 1.0)
    assert battery.step(params, state, 0, 2e6, 1, 1.0) > 0
    assert battery.step(params, state, 0, 2e6, 0, 1.0) == 0.0
    params, state = plant()
    before = state.stored_j[0]
    assert battery.step(params, state, 0, 2e6, 1, 1.0) == 0.0
    assert state.stored_j[0] == before


@given(
    dt_s=st.sampled_from([1e-3, 20e-3, 1.0, 60.0]),
    loads=st.lists(st.floats(0, 1e7), min_size=1, max_size=60),
    start=st.floats(0.05, 0.95),
)
def test_energy_closes_and_losses_are_the_efficiencies(dt_s, loads, start):
    params, state = plant({"mode": "smooth", "smoothing": "5 s"})
    state.stored_j[0] = start * params.energy_j[0]
    for load in loads:
        before = state.stored_j[0]
        power = battery.step(params, state, 0, load, 1, dt_s)
        used_j = before - state.stored_j[0]
        expected = power / 0.9592 if power > 0 else power * 0.9592
        assert used_j == pytest.approx(expected * dt_s, abs=1e-5)
        assert used_j - power * dt_s >= -1e-5
        assert abs(power) <= params.most_w[0] * (1 + 1e-12)
        assert 0.05 - 1e-12 <= charge(params, state) <= 0.95 + 1e-12


def test_two_duties_and_no_room_are_refused():
    with pytest.raises(ValidationError, match="one duty at a time"):
        BatteryControlSpec(mode="smooth", ramp="10 MW")
    with pytest.raises(ValidationError, match="needs a ramp"):
        BatteryControlSpec(mode="ramp")
    with pytest.raises(ValidationError, match="smaller fade"):
        BatterySpec(energy="1 MWh", power="1 MW", least=0.4, most=0.6, fade=0.2)
