"""Demand response: 25 % less for 3 h within a ramp of 15 min, by tiers, held within 2 %, and a slow return; pauses."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.policies.scenes import FLEET, JOB, limited, seen
from twin.control.bench import JOBS, SERVERS, Bench
from twin.control.policies.demand_response import DemandResponse
from twin.control.policies.speed_curves import speed_under
from twin.control.policies.tiers import caps_by_tiers

BEGIN, END = 1800, 1800 + 3 * 3600


def want_w(tick):
    return (0.9 + 0.02 * np.sin(tick / 40 + np.arange(SERVERS))) * FLEET.gpu_max_w


def lost(board_w, tick=0):
    return 1 - speed_under(FLEET, want_w(tick), board_w)


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


@pytest.mark.parametrize("reduction", [0.02, 0.05, 0.1, 0.15, 0.18])
def test_a_tier_gives_nothing_before_the_one_above_it_has_given_all_and_tier_zero_gives_nothing(reduction):
    drawn_w = want_w(0) * FLEET.gpus
    limit_w = drawn_w.sum() * (1 - reduction)
    policy = DemandResponse(margin=0.0)
    caps = policy.act(seen(want_w(0), fleet=limited(1e9), notices=[(0.0, 100.0, limit_w)])).gpu_cap_w
    given = lost(np.minimum(caps, want_w(0)))
    tier = np.array([job.flexibility for job in JOBS])[JOB]
    assert (given[tier == 0] < 1e-9).all()
    assert (given <= tier + 1e-9).all()
    if given[tier == 0.25].max() > 1e-6:
        assert given[tier == 0.5] == pytest.approx(0.5)
    assert np.ptp(given[tier == 0.25]) < 1e-6
    assert (np.minimum(caps, want_w(0)) * FLEET.gpus).sum() == pytest.approx(limit_w, rel=1e-6)


@settings(deadline=None, max_examples=40)
@drawn(st.floats(0.2, 1.1), st.booleans(), st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5]), min_size=3, max_size=3))
def test_tiers_give_in_order_whatever_the_call(share, firm, tiers):
    """The law: tier 0 gives only where all others are at the least their boards take, and only if firm."""
    natural_w = 0.9 * FLEET.gpu_max_w
    flexible = np.array([0.0, *tiers])[JOB]
    budget_w = share * (FLEET.gpus * natural_w).sum()
    cap_w = caps_by_tiers(FLEET, natural_w, flexible, budget_w, firm=firm)
    total_w, given = (FLEET.gpus * cap_w).sum(), natural_w - cap_w
    assert (cap_w <= natural_w + 1e-9).all()
    assert (cap_w >= FLEET.gpu_min_cap_w - 1e-9).all()
    if total_w > budget_w * (1 + 1e-6):
        assert not firm or (cap_w < FLEET.gpu_min_cap_w + 1e-6).all()
    for tier in np.unique(flexible):
        if given[flexible == tier].max() > 1e-6 and tier == 0.0:
            assert firm
            assert (cap_w[flexible > 0] < FLEET.gpu_min_cap_w[flexible > 0] + 1e-6).all()
    if total_w < budget_w * (1 - 1e-6):
        assert given.max() < 1e-9


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
        # What tiers do not give is taken from tiers of 50 and 25 % first, and that is enough.
        assert (caps[tier == 0] == FLEET.gpu_max_w[tier == 0]).all()
    else:
        assert total_w > limit_w
        assert (lost(np.minimum(caps, want_w(0))) <= tier + 1e-6).all()


def test_without_a_call_all_caps_are_lifted():
    np.testing.assert_array_equal(DemandResponse().act(seen(500.0)).gpu_cap_w, FLEET.gpu_max_w)
    far = seen(500.0, notices=[(5000.0, 6000.0, 100e3)])
    np.testing.assert_array_equal(DemandResponse().act(far).gpu_cap_w, FLEET.gpu_max_w)


FREE = tuple(job._replace(flexibility=1.0) if job.name == "batch" else job for job in JOBS)


def paused_event(depth, jobs=FREE, stagger_s=60.0, **fields):
    begin, end = 1500, 2700
    base_w = Bench(DemandResponse(), want_w, limited(400e3)).run(5).feed_w[-1]
    call = (0, begin, end, (1 - depth) * base_w)
    policy = DemandResponse(every_s=5.0, stagger_s=stagger_s)
    run = Bench(policy, want_w, limited(400e3), calls=(call,), jobs=jobs, **fields).run(end + 1500)
    return np.array(run.feed_w), np.array(run.paused), base_w, begin, end


def test_a_job_that_can_do_without_everything_is_paused_where_caps_are_not_enough():
    feed_w, paused, base_w, begin, end = paused_event(0.25)
    # Caps on the batch job alone give less than a quarter: it is paused, early enough for the longest checkpoint.
    first, last = np.flatnonzero(paused[:, 3])[[0, -1]]
    assert first + 146 <= begin
    assert not paused[:, :3].any()
    assert feed_w[begin:end].max() <= 0.75 * base_w
    assert last > end
    back_w = 0.75 * base_w + (np.arange(900) / 900) * 0.25 * base_w
    assert (feed_w[end : end + 900] <= back_w + 0.01 * base_w).all()
    assert feed_w[end + 900 :].max() <= 1.02 * base_w


def test_a_job_is_not_paused_where_caps_are_enough():
    assert not paused_event(0.08)[1].any()
    assert not paused_event(0.25, JOBS)[1].any()


def test_jobs_go_on_one_after_another():
    jobs = (*FREE[:2], FREE[2]._replace(flexibility=1.0), FREE[3])
    feed_w, paused, base_w, begin, end = paused_event(0.5, jobs, stagger_s=120.0)
    training, batch = (int(np.flatnonzero(paused[:, k])[-1]) for k in (2, 3))
    assert feed_w[begin:end].max() <= 0.5 * base_w
    # The training has the greater priority: it is paused last and goes on first, as the target leaves room.
    assert end < training <= batch - 120
    assert feed_w[end + 900 :].max() <= 1.02 * base_w


def test_a_call_told_late_is_met_by_caps_until_the_pause_takes_hold():
    base_w = Bench(DemandResponse(), want_w, limited(400e3)).run(5).feed_w[-1]
    run = Bench(DemandResponse(), want_w, limited(400e3), calls=((100, 130, 600, 0.75 * base_w),), jobs=FREE).run(600)
    assert np.array(run.feed_w)[135:].max() <= 0.75 * base_w
    assert np.array(run.paused)[110:, 3].all()
