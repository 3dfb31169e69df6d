"""PUE, WUE, ramps and power factor against hand-worked numbers."""

import numpy as np
import pytest

from twin.judge.energy import energy_by_use, hourly_pue, power_factor, pue, ramps, water, wue_l_kwh
from twin.judge.result import ClockTime


def site(tree):
    return tree["site"].to_dataset()


def test_pue_at_both_boundaries(result):
    tree = result(feed_w=np.full(10, 130.0), node_w=90.0, air_rack_w=10.0, cdu_pump_w=3.0, door_fan_w=1.0)
    found = pue(site(tree))
    assert found.equipment_inlet == pytest.approx(1.3)
    assert found.rack_inlet == pytest.approx(1.25)


def test_pue_is_energy_over_energy_and_not_a_mean_of_ratios(result):
    tree = result(feed_w=np.array([200.0, 110.0]), node_w=np.array([100.0, 100.0]))
    assert pue(site(tree)).equipment_inlet == pytest.approx(1.55)
    tree = result(feed_w=np.array([20.0, 110.0]), node_w=np.array([10.0, 100.0]))
    assert pue(site(tree)).equipment_inlet == pytest.approx(130.0 / 110.0)


def test_pue_by_the_hour_follows_the_clock(result):
    feed = np.where(np.arange(5400) < 1800, 120.0, 140.0)
    tree = result(start="2026-07-15T14:30:00-05:00", feed_w=feed, node_w=100.0)
    hours = hourly_pue(site(tree), ClockTime.of(tree))
    assert hours.start_s.tolist() == [0.0, 1800.0]
    np.testing.assert_allclose(hours.equipment_inlet, [1.2, 1.4])


def test_air_cooled_plant_uses_no_water(result):
    assert water(result(feed_w=np.ones(5))) == (0.0, 0.0)


def test_wue_is_litres_a_kilowatt_hour(result):
    tree = result(feed_w=np.ones(3600), node_w=1000.0, make_up_kg_s=0.001, evaporation_kg_s=0.0005, drift_kg_s=0.0001)
    found = wue_l_kwh(tree)
    assert found.make_up_kg == pytest.approx(3.6)
    assert found.consumed_kg == pytest.approx(2.16)


def test_end_uses_add_up_to_the_feed(result):
    uses = {"node_w": 80.0, "gpu_w": 60.0, "air_rack_w": 5.0, "plant_w": 10.0, "loss_w": 5.0}
    found = energy_by_use(site(result(feed_w=np.full(10, 100.0), **uses)))
    assert found["GPU boards"] == 600.0
    assert found["rest of the servers"] == 200.0
    assert sum(found.values()) == 1000.0


def test_ramps_are_between_records_that_far_apart(result):
    power = np.concatenate((np.full(70, 100.0), 100.0 + 2.0 * np.arange(1, 31), np.full(70, 160.0), [40.0]))
    by_window = {ramp.window_s: ramp for ramp in ramps(site(result(feed_w=power)))}
    assert (by_window[1.0].rise_w, by_window[1.0].fall_w, by_window[1.0].fall_s) == (2.0, 120.0, 171.0)
    assert by_window[10.0].rise_w == 20.0
    assert by_window[60.0].rise_w == 60.0


def test_ramps_longer_than_the_run_are_left_out(result):
    assert [ramp.window_s for ramp in ramps(site(result(feed_w=np.ones(20))))] == [1.0, 10.0]


def test_power_factor(result):
    assert power_factor(site(result(feed_w=np.full(3, 80.0), feed_var=60.0))).tolist() == pytest.approx([0.8] * 3)
    assert power_factor(site(result(feed_w=np.zeros(2), feed_var=0.0))).tolist() == [1.0, 1.0]
