"""Thunderbolt's rules: two thresholds, two multipliers, a floor, random waits that damp oscillation, a jail."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, limited, seen
from twin.control.bench import SERVERS, Bench
from twin.control.policies.thunderbolt import Thunderbolt

HELD = np.repeat([False, True, True, True], SERVERS // 4)  # inference has priority 2 and is spared
SPAN = FLEET.gpu_max_w - FLEET.gpu_min_cap_w


def quota(caps):
    return (caps - FLEET.gpu_min_cap_w) / SPAN


def at(load, time_s, policy, feed_time_s=None):
    drawn_w = float((500.0 * FLEET.gpus).sum())
    return policy.act(seen(500.0, fleet=limited(drawn_w / load), time_s=time_s, feed_time_s=feed_time_s))


def test_at_the_high_threshold_throughput_jobs_fall_to_a_hundredth_at_once():
    policy = Thunderbolt()
    caps = at(0.985, 0.0, policy).gpu_cap_w
    np.testing.assert_allclose(quota(caps), np.where(HELD, 0.01, 1.0))


def test_between_the_thresholds_it_is_soft_and_only_while_active():
    policy = Thunderbolt()
    at(0.5, 0.0, policy)
    assert at(0.97, 1.0, policy) is None  # not active: nobody was at the high threshold
    policy._active[0] = True
    np.testing.assert_allclose(quota(at(0.97, 2.0, policy).gpu_cap_w)[HELD], 0.75)
    np.testing.assert_allclose(quota(at(0.97, 3.0, policy).gpu_cap_w)[HELD], 0.75**2)
    at(0.85, 4.0, policy)  # below 0.90 it ends
    assert not policy._active.any()


def test_the_quota_has_a_floor():
    policy = Thunderbolt()
    for t in range(3):
        at(0.99, float(t), policy)
    np.testing.assert_allclose(policy._quota[HELD], 0.01)


def test_hosts_come_back_by_steps_at_times_of_their_own():
    policy, quotas = Thunderbolt(), []
    at(0.99, 0.0, policy)
    for t in range(1, 200):
        at(0.5, float(t), policy)
        quotas.append(policy._quota[HELD].copy())
    steps = np.diff(np.array(quotas), axis=0)
    assert set(np.unique(np.round(steps, 9))) <= {0.0, 0.05, 0.04}  # the last step is cut at 1
    gaps = [np.diff(np.flatnonzero(steps[:, k] > 0)) for k in range(steps.shape[1])]
    assert min(gap.min() for gap in gaps) >= 1
    assert max(gap.max() for gap in gaps) <= 11
    assert np.mean(np.concatenate(gaps)) == pytest.approx(6.0, abs=0.4)  # U(1, 10), seen each second
    assert (np.array(quotas)[-1] == 1.0).all()
    assert (steps[:20] > 0).any(axis=1).sum() > 10


def test_a_meter_that_is_silent_puts_jobs_in_jail():
    policy = Thunderbolt()
    at(0.5, 0.0, policy)
    assert at(0.5, 9.0, policy, feed_time_s=0.0) is None
    caps = at(0.5, 12.0, policy, feed_time_s=0.0).gpu_cap_w
    np.testing.assert_allclose(quota(caps), np.where(HELD, 0.2, 1.0))


def oscillation(policy, limit_w):
    """Standard deviation of the feed after the first throttling, its peak, and how often it crosses the threshold."""
    fleet = limited(limit_w)
    run = Bench(policy, lambda tick: 0.9 * fleet.gpu_max_w, fleet, job=np.full(SERVERS, 2)).run(900)
    feed_w = np.array(run.feed_w)[120:]
    return feed_w.std(), feed_w.max(), np.sum((feed_w[1:] >= 0.98 * limit_w) & (feed_w[:-1] < 0.98 * limit_w))


def test_random_waits_make_it_oscillate_less_than_waits_of_one_length():
    # A common step of 5 % is wider than the band between the thresholds: at some limits it jumps it for ever.
    limits_w = np.arange(148e3, 156e3, 1e3)
    random = np.array([oscillation(Thunderbolt(), w) for w in limits_w])
    together = np.array([oscillation(Thunderbolt(wait_min_s=5.5, wait_max_s=5.5), w) for w in limits_w])
    assert random[:, 0].mean() < 0.2 * together[:, 0].mean()
    assert (random[:, 1] / limits_w).max() < (together[:, 1] / limits_w).max()
    assert random[:, 2].sum() == 0
    assert together[:, 2].sum() > 20


def test_waits_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="from 9 s to 5 s, which is backwards"):
        Thunderbolt(wait_min_s=9.0, wait_max_s=5.0)
