"""Steering keeps every domain's budget, whatever jobs do, and gives what some leave to those that need it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.scenes import FLEET, limited, seen
from twin.control.bench import SERVERS, Bench
from twin.control.policies.feed_limit import FeedLimit
from twin.control.policies.steering import Steering, reservations

IDLE = np.arange(SERVERS) % 4 == 0


def steer(gpu_w, **where):
    return Steering(margin=0.0).act(seen(gpu_w, **where)).gpu_cap_w


@given(st.integers(0, 10**6))
def test_caps_never_add_up_to_more_than_any_domain_has(seed):
    rng = np.random.default_rng(seed)
    fleet = limited(rng.uniform(60e3, 200e3))
    fleet.tree.limit_w[1:] = (
        np.where(rng.random(14) < 0.5, rng.uniform(0.4, 1.2, 14), np.inf)
        * FLEET.tree.sums(FLEET.gpus * FLEET.gpu_max_w)[1:]
    )
    policy = Steering(margin=0.0)
    for k in range(3):
        cap_w = policy.act(
            seen(rng.uniform(0.1, 1.0, SERVERS) * FLEET.gpu_max_w, fleet=fleet, time_s=10.0 * k)
        ).gpu_cap_w
        least_w = FLEET.tree.sums(FLEET.gpus * FLEET.gpu_min_cap_w)
        assert (FLEET.tree.sums(FLEET.gpus * cap_w) <= np.maximum(fleet.tree.limit_w, least_w) * (1 + 1e-9)).all()


def test_what_idle_servers_leave_goes_to_those_that_press():
    fleet = limited(100e3)
    reserved_w = reservations(fleet, fleet.tree.limit_w)
    assert reserved_w.sum() == pytest.approx(100e3)
    gpu_w = np.where(IDLE, 210.0, reserved_w / FLEET.gpus)
    cap_w = steer(gpu_w, fleet=fleet, cap_w=reserved_w / FLEET.gpus)
    assert (cap_w[~IDLE] > 1.1 * reserved_w[~IDLE] / FLEET.gpus[~IDLE]).all()
    assert (cap_w[IDLE] >= 210.0).all()
    assert (FLEET.gpus * cap_w).sum() == pytest.approx(100e3, rel=1e-6)


def test_a_tight_domain_keeps_its_own_and_what_it_cannot_use_goes_elsewhere():
    fleet = limited(120e3)
    fleet.tree.limit_w[1] = 40e3
    drawn_w = FLEET.by_substation(FLEET.gpus * steer(FLEET.gpu_max_w, fleet=fleet))
    by_rating_w = 120e3 * 76.8 / (76.8 + 89.6)
    assert drawn_w[0] == pytest.approx(40e3)
    assert by_rating_w + 15e3 < drawn_w[1] < 76.8e3
    assert drawn_w.sum() <= 120e3


def test_with_room_for_all_nobody_is_capped():
    np.testing.assert_allclose(steer(600.0, fleet=limited(1e9)), FLEET.gpu_max_w)


def mixed(tick):
    high = np.where(np.arange(SERVERS) % 2 == 0, 0.95, 0.45)
    return high * (1 + 0.02 * np.sin(np.arange(SERVERS))) * FLEET.gpu_max_w


@pytest.mark.parametrize("limit_w", [150e3, 165e3])
def test_on_the_bench_it_holds_the_limit_and_uses_what_there_is(limit_w):
    run = Bench(Steering(margin=0.0), mixed, limited(limit_w)).run(300)
    assert max(run.feed_w[12:]) <= limit_w
    steady_w = np.array(run.feed_w[-60:])
    other_w = np.array(Bench(FeedLimit(margin=0.0), mixed, limited(limit_w)).run(300).feed_w[-60:])
    assert steady_w.mean() > 0.99 * other_w.mean()
