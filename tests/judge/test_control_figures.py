"""Figures of control, by hand: overshoot, ratings, margin, brake, stranded power, oversubscription, range, heat."""

import json

import numpy as np
import pytest
import xarray as xr

from twin.judge.control import above_ratings, brakes, margin, overshoot
from twin.judge.energy import ranges
from twin.judge.limits import judge_limits
from twin.judge.rules import inside_ramp
from twin.judge.stranded import stranded
from twin.judge.summary import summary
from twin.judge.thermal import heat


def test_overshoot_is_over_the_limit_in_force(result):
    power = np.full(60, 90.0)
    power[10:14], power[30], limit = 110.0, 99.0, np.full(60, 100.0)
    limit[30:] = 80.0
    found = overshoot(result(feed_w=power, limit_w=limit))
    assert found.share == pytest.approx(99.0 / 80.0 - 1.0)
    assert found.longest_s == 30.0  # the rest of the run, at 90 and 99 over 80
    assert overshoot(result(feed_w=power)) is None


def test_ten_seconds_are_judged_by_their_mean(result):
    power = np.full(60, 90.0)
    power[20:25], power[41:43] = 120.0, 120.0
    verdicts = {one.window: one for one in judge_limits(result(feed_w=power, limit_w=np.full(60, 100.0)))}
    assert (verdicts["1 s"].above_s, verdicts["1 s"].above_j) == (7.0, 140.0)
    # Five of ten seconds 30 above the rest make 105, two of ten 96.
    assert (verdicts["10 s"].above_s, verdicts["10 s"].above_j) == (10.0, pytest.approx(50.0))
    assert verdicts["1 min"].held


@pytest.fixture
def loaded(result):
    """Two transformers of 100 VA, a cable of 50 VA and a busbar limited by contract, for three minutes; a rack."""
    tree = result(feed_w=np.full(180, 80.0), limit_w=np.full(180, 100.0), attrs={"feed_limit_w": 100.0})
    loading = np.array([[1.2, 0.5, 0.8, 1.5], [1.1, 0.5, 0.9, 1.5], [0.5, 0.5, 1.0, 1.5]])
    kinds, level = ["transformer", "transformer", "cable", "busbar"], [2, 2, 3, 1]
    rating = np.array([100.0, 100.0, 50.0, 60.0])
    data = {
        "loading": (("time", "node"), loading), "loading_max": (("time", "node"), loading),
        "power_w": (("time", "node"), loading * rating), "rating_va": ("node", rating),
        "limit_w": ("node", [np.nan, np.nan, np.nan, 100.0]), "kind": ("node", kinds), "level": ("node", level),
        "parent": ("node", ["sub", "sub", "t1", ""]), "voltage_pu_min": (("time", "node"), np.ones((3, 4))),
        "voltage_pu_max": (("time", "node"), np.ones((3, 4))),
    }  # fmt: skip
    minutes = {"time": [60.0, 120.0, 180.0]}
    tree["electrical"] = xr.Dataset(data, coords=minutes | {"node": ["t1", "t2", "c", "sub"]})
    rack = {"power_w": (("time", "rack"), [[50.0], [30.0], [40.0]]), "rating_w": ("rack", [40.0])}
    tree["rack"] = xr.Dataset(rack, coords=minutes | {"rack": ["rack-1"]})
    return tree


def test_what_ratings_saw_by_kind(loaded):
    found = {one.kind: one for one in above_ratings(loaded)}
    assert found["transformer"][1:] == (120.0, pytest.approx(60.0 * (20.0 + 10.0)), 1)
    assert found["cable"][1:] == (0.0, 0.0, 0)
    assert found["rack"][1:] == (60.0, pytest.approx(600.0), 1)
    assert "busbar" not in found


def test_stranded_power_is_what_the_99th_percentile_leaves(loaded):
    found = stranded(loaded)
    assert found["feed"] == pytest.approx(0.2)
    p99 = 1.1 + 0.98 * 0.1  # linear between the second and the third of three
    assert found["level_2_transformer"] == pytest.approx(1.0 - (100.0 * p99 + 50.0) / 200.0)
    assert found["level_1_busbar"] == pytest.approx(1.0 - 90.0 / 100.0)
    assert found["rack"] == pytest.approx(1.0 - (40.0 + 0.98 * 10.0) / 40.0)


def test_the_margin_is_that_of_the_relay_nearest_to_its_trip(loaded):
    assert margin(loaded) is None
    damage = {"damage_max": (("time", "relay"), [[0.1, 0.7], [0.3, 0.2]])}
    loaded["relay"] = xr.Dataset(damage, coords={"time": [60.0, 120.0], "relay": ["a", "b"]})
    assert margin(loaded) == ("b", pytest.approx(0.3))
    figures = summary(loaded)
    assert (figures["trip_margin_least"], figures["trip_margin_least_at"]) == (pytest.approx(0.3), "b")


def test_brakes_are_counted_by_spells(result):
    braked = np.zeros(60)
    braked[5:8], braked[20:22] = 16.0, 8.0
    assert brakes(result(braked=braked)) == (2, 16.0, 64.0)
    assert brakes(result(feed_w=braked)) is None


def test_oversubscription_counts_where_the_limit_held_without_a_brake(result):
    attrs = {"feed_limit_w": 100.0, "servers_nameplate_w": 100.0}
    how = {"feed_w": np.full(60, 60.0), "node_w": 50.0, "limit_w": 100.0}
    kept = summary(result(attrs=attrs, **how))
    assert kept["oversubscription_share"] == pytest.approx(1.2)
    assert kept["oversubscription_gain_share"] == pytest.approx(0.2)
    assert "oversubscription_gain_share" not in summary(result(attrs=attrs, braked=1.0, **how))
    assert "oversubscription_gain_share" not in summary(result(attrs=attrs, **(how | {"limit_w": 59.0})))


def test_the_range_is_that_of_a_sliding_window(result):
    power = np.zeros(120)
    power[30], power[36], power[100] = 5.0, -3.0, 9.0
    assert ranges(result(feed_w=power)["site"].to_dataset()) == {10.0: 9.0, 60.0: 9.0}
    power[100] = 6.0
    assert ranges(result(feed_w=power)["site"].to_dataset()) == {10.0: 8.0, 60.0: 8.0}


def test_minutes_inside_the_contracts_ramp(result):
    rule = {"name": "ramp", "kind": "ramp", "way": "rise", "most": 5.0, "over": 10.0, "source": "", "verified": True}
    power = np.concatenate([np.zeros(90), np.full(150, 8.0)])
    tree = result(feed_w=power, attrs={"rules": json.dumps({"rules": [rule]})})
    assert inside_ramp(tree) == pytest.approx(3 / 4)
    assert np.isnan(inside_ramp(result(feed_w=power)))


def test_time_to_throttle_counts_from_the_last_event(result):
    held = np.zeros(300)
    held[200:230] = 4.0
    tree = result(throttled=held)
    assert heat(tree).first_s == heat(tree).time_to_s == 201.0
    what = {
        "time_s": ("event", [30.0, 120.0, 150.0, 220.0]),
        "what": ("event", ["pump-a", "pump-b", "policy", "pump-a"]),
    }
    tree["events"] = xr.Dataset(what | {"message": ("event", ["", "", "", ""])})
    assert heat(tree).time_to_s == 81.0
    counts = {"hbm_count": (("time", "bin"), [[10.0, 2.0, 1.0], [10.0, 0.0, 0.0]])}
    tree["histogram"] = xr.Dataset(counts, coords={"time": [60.0, 120.0], "bin": [94.0, 95.0, 96.0]})
    assert heat(tree).hbm_s == 180.0
    assert np.isnan(heat(result(feed_w=held)).first_s)
