"""Limits and calls against numbers worked out by hand."""

import numpy as np
import pytest

from twin.judge.limits import binding_verdict, judge_calls, judge_limits


def by_window(tree, where="feed"):
    return {one.window: one for one in judge_limits(tree) if one.where == where}


def test_one_second_above_is_seen_by_the_second_and_not_by_the_minute(result):
    power = np.full(120, 90.0)
    power[[10, 11, 12, 70]] = [130.0, 110.0, 120.0, 105.0]
    found = by_window(result(feed_w=power, limit_w=100.0))
    second, minute = found["1 s"], found["1 min"]
    assert (second.above_s, second.above_j, second.longest_s) == (4.0, 65.0, 3.0)
    assert (second.excess_w, second.excess_percent) == (30.0, 30.0)
    assert (second.first_s, second.worst_s, second.judged) == (10.0, 10.0, 120)
    assert minute.held
    assert minute.judged == 2
    assert second.words == "exceeded"


def test_a_minute_above_counts_whole(result):
    power = np.full(180, 90.0)
    power[60:120] = 102.0
    minute = by_window(result(feed_w=power, limit_w=100.0))["1 min"]
    assert (minute.above_s, minute.above_j, minute.first_s) == (60.0, 120.0, 60.0)


def test_a_window_is_judged_against_the_mean_of_the_limit_in_it(result):
    limit = np.where(np.arange(60) < 30, 100.0, 50.0)
    assert by_window(result(feed_w=np.full(60, 75.0), limit_w=limit))["1 min"].held
    assert not by_window(result(feed_w=np.full(60, 75.5), limit_w=limit))["1 min"].held


def test_a_run_shorter_than_the_demand_interval_is_not_judged_by_it(result):
    found = by_window(
        result(feed_w=np.full(600, 200.0), limit_w=100.0, attrs={"binding_limit_window": "demand interval"})
    )
    assert found["demand interval"].words == "not judged"
    assert found["demand interval"].binding
    assert found["1 s"].words == "exceeded"


def test_demand_intervals_are_those_of_the_clock(result):
    tree = result(start="2026-07-15T14:10:00-05:00", feed_w=np.full(1800, 10.0), limit_w=5.0)
    demand = by_window(tree)["demand interval"]
    assert (demand.judged, demand.first_s) == (1, 300.0)


def test_no_limit_is_no_verdict(result):
    assert judge_limits(result(feed_w=np.ones(5), limit_w=np.inf)) == []
    assert judge_limits(result(feed_w=np.ones(5))) == []
    assert binding_verdict([]) is None


def test_a_limit_that_begins_later_does_not_judge_before(result):
    limit = np.where(np.arange(10) < 5, np.nan, 1.0)
    found = by_window(result(feed_w=np.full(10, 3.0), limit_w=limit))
    assert found["1 s"].above_s == 5.0


def test_a_call_is_followed_to_the_next_change_of_the_limit(result):
    limit = np.full(100, 100.0)
    limit[40:80] = 60.0
    power = np.full(100, 90.0)
    power[40:50] = np.linspace(90.0, 61.5, 10)
    power[45:50] = 60.3
    power[50:] = 59.0
    power[60] = 62.0
    (call,) = judge_calls(result(feed_w=power, limit_w=limit))
    assert (call.at_s, call.until_s, call.before_w, call.limit_w) == (40.0, 80.0, 100.0, 60.0)
    assert call.reached_s == 10.0
    assert call.above_s == 11.0
    assert call.overshoot_s == 6.0
    assert call.peak_w == 90.0


def test_a_call_that_is_never_met_says_so(result):
    limit = np.where(np.arange(20) < 10, 100.0, 50.0)
    (call,) = judge_calls(result(feed_w=np.full(20, 80.0), limit_w=limit))
    assert np.isnan(call.reached_s)
    assert call.energy_above_j == 300.0


def test_a_limit_that_ramps_down_is_one_call(result):
    limit = np.concatenate((np.full(5, 100.0), np.linspace(95.0, 50.0, 10), np.full(5, 50.0)))
    (call,) = judge_calls(result(feed_w=np.full(20, 40.0), limit_w=limit))
    assert call.limit_w == pytest.approx(50.0)
    assert call.reached_s == 0.0
