"""Demand response: 25 % less for 3 h within a ramp of 15 min, by tiers, held within 2 %, and a slow return."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, JOB, limited, seen
from twin.control.bench import JOBS, LOSS, SERVERS, Bench
from twin.control.policies.demand_response import DemandResponse

BEGIN, END = 1800, 1800 + 3 * 3600


def want_w(tick):
    return (0.9 + 0.02 * np.sin(tick / 40 + np.arange(SERVERS))) * FLEET.gpu_max_w


def lost(board_w, tick=0):
    withheld = np.maximum(1 - board_w / want_w(tick), 0.0)
    return withheld * (LOSS[1] + LOSS[2] * withheld)


@pytest.fixture(scope="module")
def event():
    """The published event: 25 % off what boards and all else draw, told half an hour ahead."""
    base_w = Bench(DemandResponse(), want_w, limited(400e3)).run(5).feed_w[-1]
    target_w = 0.75 * base_w
    run = Bench(DemandResponse(every_s=30.0), want_w, limited(400e3), calls=((0, BEGIN, END, target_w),))
    return run.run(END + 1800), base_w, target_w


def test_the_load_is_at_its_target_when_the_call_begins_and_stays_there(event):
    run, base_w, target_w = event
    feed_w = np.array(run.feed_w)
    held = feed_w[BEGIN:END]
    assert held.max() <= target_w
    assert np.abs(held / target_w - 1).max() < 0.02
    assert 1 - held.mean() / base_w >= 0.25


def test_it_ramps_down_over_fifteen_minutes_and_returns_as_slowly(event):
    run, base_w, target_w = event
    feed_w = np.array(run.feed_w)
    there = BEGIN - 60
    np.testing.assert_allclose(feed_w[: there - 900], base_w, rtol=0.02)
    line = base_w + (np.arange(900) / 900) * (target_w - base_w)
    np.testing.assert_allclose(feed_w[there - 900 : there], line, rtol=0.03)
    back = target_w + (np.arange(900) / 900) * (base_w - target_w)
    assert (feed_w[END : END + 900] <= back + 0.01 * base_w).all()
    assert np.abs(np.diff(feed_w)).max() < 0.03 * base_w
    assert feed_w[END + 900 :].max() <= base_w * 1.02


@pytest.mark.parametrize("reduction", [0.05, 0.1, 0.15])
def test_jobs_give_in_proportion_to_their_tier_and_tier_zero_gives_nothing(reduction):
    drawn_w = want_w(0) * FLEET.gpus
    limit_w = drawn_w.sum() * (1 - reduction)
    policy = DemandResponse(margin=0.0)
    caps = policy.act(seen(want_w(0), fleet=limited(1e9), notices=[(0.0, 100.0, limit_w)])).gpu_cap_w
    given = lost(np.minimum(caps, want_w(0)))
    tier = np.array([job.flexibility for job in JOBS])[JOB]
    assert (given[tier == 0] < 1e-9).all()
    part = (given / np.maximum(tier, 1e-9))[tier > 0]
    assert part.max() - part.min() < 1e-6
    assert part.max() < 1.0
    assert (np.minimum(caps, want_w(0)) * FLEET.gpus).sum() == pytest.approx(limit_w, rel=1e-6)


@pytest.mark.parametrize("firm", [True, False])
def test_where_tiers_are_not_enough_a_firm_target_is_kept_and_best_effort_is_not(firm):
    drawn_w = want_w(0) * FLEET.gpus
    limit_w = drawn_w.sum() * 0.55
    policy = DemandResponse(margin=0.0, firm=firm)
    caps = policy.act(seen(want_w(0), fleet=limited(1e9), notices=[(0.0, 100.0, limit_w)])).gpu_cap_w
    total_w = (np.minimum(caps, want_w(0)) * FLEET.gpus).sum()
    tier = np.array([job.flexibility for job in JOBS])[JOB]
    if firm:
        assert total_w == pytest.approx(limit_w, rel=1e-6)
    else:
        assert total_w > limit_w
        assert (lost(np.minimum(caps, want_w(0))) <= tier + 1e-6).all()


def test_without_a_call_all_caps_are_lifted():
    np.testing.assert_array_equal(DemandResponse().act(seen(500.0)).gpu_cap_w, FLEET.gpu_max_w)
    far = seen(500.0, notices=[(5000.0, 6000.0, 100e3)])
    np.testing.assert_array_equal(DemandResponse().act(far).gpu_cap_w, FLEET.gpu_max_w)
