"""Demand response, fairness, and differences larger than the noise."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from twin.judge.classes import classes
from twin.judge.fairness import jain
from twin.judge.paired import difference, pareto
from twin.judge.response import responses
from twin.judge.summary import summary


@pytest.fixture
def called(result):
    """An hour at 300 MW, a call for 225 MW that is followed in 100 s and overshot by 1 % once, then 330 MW."""
    power = np.full(3 * 3600, 300e6)
    power[3600:3700] = np.linspace(300e6, 225e6, 100)
    power[3700:7200] = 225e6
    power[5000] = 225e6 * 1.01
    power[7200:] = 330e6
    limit = np.full(3 * 3600, 400e6)
    limit[3600:7200] = 225e6
    return result(feed_w=power, limit_w=limit)


def test_depth_ramp_hold_and_rebound_of_a_call(called):
    (one,) = responses(called)
    assert one.baseline_w == pytest.approx(300e6)
    held = called["site"]["feed_w"].values[3600:7200]
    assert one.depth == pytest.approx(1 - held.mean() / 300e6)
    assert 0.24 < one.depth < 0.25
    # The ramp passes 1.02 of the limit 6 s before its end.
    assert one.settled_s == pytest.approx(94.0, abs=1.0)
    # Nine tenths of the way from 300 to 225 MW are done after nine tenths of the ramp.
    assert one.ramp_s == pytest.approx(90.0, abs=1.0)
    # One second 1 % over is within 2 %.
    assert one.within_s == one.settled_s
    excess = np.maximum(held / 225e6 - 1, 0)
    assert one.hold_rms == pytest.approx(np.sqrt((excess**2).mean()))
    assert one.hold_greatest == pytest.approx(75 / 225)
    assert one.rebound_w == pytest.approx(30e6)


def test_a_call_never_kept_is_never_settled(result):
    limit = np.full(7200, 400e6)
    limit[3600:] = 225e6
    (one,) = responses(result(feed_w=np.full(7200, 300e6), limit_w=limit))
    assert np.isnan(one.settled_s)
    assert np.isnan(one.ramp_s)
    assert np.isnan(one.within_s)
    assert np.isnan(one.rebound_w)
    assert one.depth == pytest.approx(0.0)


def test_jain_is_one_for_equals_and_one_over_n_for_one_alone():
    assert jain(np.full(7, 0.3)) == pytest.approx(1.0)
    assert jain(np.array([1.0, 0.0, 0.0, 0.0])) == pytest.approx(0.25)
    # R. Jain's example of shares 1, 2, 3: 36 / (3 * 14).
    assert jain(np.array([1.0, 2.0, 3.0])) == pytest.approx(36 / 42)


def test_fairness_is_by_kind_of_job(result):
    tree = result(feed_w=np.ones(60))
    job = {"nodes": [1.0, 1, 1], "power_w": [1.0, 1, 1], "work": [1.0, 0.5, 0.2], "demand": [1.0, 1, 1]}
    data = {name: (("time", "job"), np.array([row])) for name, row in job.items()}
    data["kind"] = ("job", np.array(["training", "training", "inference"]))
    tree["job"] = xr.Dataset(data, coords={"time": [60.0], "job": ["a", "b", "c"]})
    inference, training = classes(tree)
    assert (training.name, training.fairness) == ("training", pytest.approx(1.5**2 / (2 * 1.25)))
    assert np.isnan(inference.fairness)
    assert training.lost == pytest.approx(0.25)


def test_service_by_priority_is_of_server_time(result):
    tree = result(feed_w=np.ones(60))
    job = {
        "nodes": [4.0, 4, 2], "power_w": [1.0, 1, 1], "work": [1.0, 0.5, 0.2], "demand": [1.0, 1, 1],
        "capped": [0.0, 2, 2], "braked": [0.0, 1.0, 0.0],
    }  # fmt: skip
    data = {name: (("time", "job"), np.array([row, row])) for name, row in job.items()}
    data |= {"kind": ("job", np.array(["training"] * 3)), "priority": ("job", [2, 0, 0])}
    tree["job"] = xr.Dataset(data, coords={"time": [60.0, 90.0], "job": ["a", "b", "c"]})
    _, low, high = classes(tree)
    assert (low.name, low.jobs, high.name, high.jobs) == ("priority_0", 2, "priority_2", 1)
    assert (high.lost, high.capped, high.braked) == (0.0, 0.0, 0.0)
    assert (low.lost, low.capped, low.braked) == pytest.approx((0.65, 4 / 6, 1 / 6))
    assert low.fairness == pytest.approx(0.7**2 / (2 * (0.25 + 0.04)))
    figures = summary(tree)
    assert figures["capped_priority_0_share"] == pytest.approx(4 / 6)
    assert figures["work_lost_training_share"] == pytest.approx(1 - 1.7 / 3)


def test_intervals_are_those_of_a_paired_t_test():
    rng = np.random.default_rng(1)
    other = rng.normal(10.0, 3.0, 8)
    one = other + rng.normal(0.5, 0.4, 8)
    found, expected = difference(one, other), stats.ttest_rel(one, other)
    assert found.mean == pytest.approx((one - other).mean())
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.told_apart == (expected.pvalue < 0.05)


def test_one_pair_says_nothing_of_noise():
    found = difference(np.array([2.0]), np.array([1.0]))
    assert found.mean == 1.0
    assert not found.told_apart


def test_pareto_keeps_what_no_other_beats():
    cost, gain = np.array([0.0, 1.0, 1.0, 2.0, 0.5]), np.array([1.0, 3.0, 2.0, 3.0, 0.9])
    assert pareto(cost, gain) == [0, 1]
