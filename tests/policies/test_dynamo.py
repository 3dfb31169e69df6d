"""Dynamo's rules: three bands, priorities, buckets, offenders, and a reaction within seconds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.scenes import FLEET, limited, seen
from twin.control.actuation import PathSetUp
from twin.control.bench import SERVERS, Bench
from twin.control.policies.dynamo import Dynamo, _offenders, high_bucket_first
from twin.core.layout import Vec

BOARD_1 = FLEET.rack < 2  # eight servers of eight GPUs
TREE = FLEET.tree


def board_limit(limit_w):
    fleet = limited(1e9)
    fleet.tree.rating_va[3] = limit_w / 0.97
    return fleet


@pytest.mark.parametrize(("load", "cut"), [(0.985, False), (0.995, True), (1.10, True), (0.92, False), (0.5, False)])
def test_a_leaf_cuts_above_the_upper_band_down_to_its_target(load, cut):
    drawn_w = 8 * 8 * 600.0
    limit_w = drawn_w / load
    caps = Dynamo().act(seen(600.0, fleet=board_limit(limit_w))).gpu_cap_w
    if not cut:
        np.testing.assert_array_equal(caps, FLEET.gpu_max_w)
        return
    np.testing.assert_array_equal(caps[~BOARD_1], FLEET.gpu_max_w[~BOARD_1])
    after_w = (np.minimum(caps, 600.0) * FLEET.gpus)[BOARD_1].sum()
    assert after_w == pytest.approx(0.95 * limit_w, rel=1e-9)


def test_between_the_bands_it_holds_and_below_it_lifts():
    policy, fleet = Dynamo(), board_limit(36e3)
    cut = policy.act(seen(600.0, fleet=fleet)).gpu_cap_w
    assert (cut[BOARD_1] < 600).any()
    drawn = np.minimum(cut, 600.0)  # 95 %
    held = policy.act(seen(drawn, fleet=fleet, time_s=3.0)).gpu_cap_w
    np.testing.assert_array_equal(held, cut)
    lifted = policy.act(seen(0.9 * drawn, fleet=fleet, time_s=6.0)).gpu_cap_w
    np.testing.assert_array_equal(lifted, FLEET.gpu_max_w)


def test_the_lowest_priority_gives_first():
    job = np.where(np.arange(SERVERS) < 4, 1, 3)  # inference (2) and batch (0) on board 1
    small = Dynamo().act(seen(600.0, fleet=board_limit(36e3), job=job)).gpu_cap_w
    assert (small[:4] == 700).all()
    assert (small[4:8] < 600).all()
    # More than batch can give above its floor: then the others too.
    large = Dynamo().act(seen(600.0, fleet=board_limit(28e3), job=job)).gpu_cap_w
    np.testing.assert_allclose(large[4:8], 350.0)
    assert ((large[:4] < 600) & (large[:4] > 350)).all()


def test_in_a_group_the_highest_bucket_gives_first():
    power = np.full(SERVERS, 300.0)
    power[:3] = [690.0, 600.0, 500.0]
    policy, job = Dynamo(), np.full(SERVERS, 2)
    drawn_w = (power * 8)[BOARD_1].sum()
    caps = policy.act(seen(power, fleet=board_limit(drawn_w / 1.0), job=job)).gpu_cap_w
    cut_w = drawn_w * 0.05
    assert (caps[3:] == FLEET.gpu_max_w[3:]).all()
    # 690 comes down to 600 (720 W), then both go on together.
    left_w = cut_w - 8 * 90
    np.testing.assert_allclose(caps[:2], 600 - left_w / 2 / 8, atol=20 / 8)
    assert ((power - np.minimum(caps, power)) * 8)[BOARD_1].sum() == pytest.approx(cut_w)


@given(st.integers(0, 10**6), st.floats(0.0, 1.5))
def test_buckets_give_what_is_asked_or_all_there_is(seed, share):
    rng = np.random.default_rng(seed)
    power_w: Vec = rng.uniform(2000, 6000, 40)
    floor_w, place = rng.uniform(0.3, 1.0, 40) * power_w, rng.integers(0, 3, 40)
    most_w = np.bincount(place, weights=power_w - floor_w, minlength=3)
    cut_w = share * most_w
    given_w = high_bucket_first(power_w, floor_w, place, cut_w, 20.0)
    assert (given_w >= -1e-9).all()
    assert (power_w - given_w >= floor_w - 1e-6).all()
    np.testing.assert_allclose(np.bincount(place, weights=given_w, minlength=3), np.minimum(cut_w, most_w), atol=1e-6)
    # High bucket first: nobody who gave ends more than a bucket below one who could still give.
    after_w = power_w - given_w
    for p in range(3):
        gave, can = (place == p) & (given_w > 1e-6), (place == p) & (after_w > floor_w + 1e-6)
        if gave.any() and can.any():
            assert after_w[gave & can].min(initial=np.inf) >= after_w[can].max() - 2 * 20.0


def test_offenders_are_punished_first():
    drawn, share = np.array([60.0, 50.0, 30.0]), np.array([45.0, 45.0, 45.0])
    np.testing.assert_allclose(_offenders(drawn, share, 10.0), [7.5, 2.5, 0.0])
    np.testing.assert_allclose(_offenders(drawn, share, 20.0), [15.0, 5.0, 0.0])
    # More than the excess: the rest in proportion to power.
    np.testing.assert_allclose(_offenders(drawn, share, 32.0), np.array([15.0, 5, 0]) + np.array([45.0, 45, 30]) * 0.1)


def test_upper_controllers_hand_limits_down_to_the_boards():
    fleet = limited(1e9, substation_w=1e9)
    fleet.tree.limit_w[1] = 70e3  # substation 1, with two boards of 38.4 kW
    policy = Dynamo()
    caps = policy.act(seen(600.0, fleet=fleet)).gpu_cap_w
    drawn = TREE.sums(np.minimum(caps, 600.0) * FLEET.gpus)
    assert drawn[1] <= 0.95 * 70e3 * (1 + 1e-9)
    assert drawn[2] == pytest.approx((600.0 * FLEET.gpus)[~(FLEET.rack < 4)].sum())
    lifted = policy.act(seen(400.0, fleet=fleet, time_s=9.0)).gpu_cap_w
    np.testing.assert_array_equal(lifted, FLEET.gpu_max_w)


def test_it_reacts_within_about_six_seconds_and_never_trips():
    # Published: a surge of a row is back under its limit in about 6 s. Readings every 3 s, caps in force after 2 s.
    def surge(tick):
        return np.where(tick >= 31, 650.0, 560.0) * np.ones(SERVERS)

    fleet = limited(1e9)
    host = 0.3 * 64 * 700.0
    limit_w = (8 * 8 * 600.0 + host) / 1.0
    fleet.tree.rating_va[3] = limit_w / 0.97
    run = Bench(Dynamo(), surge, fleet, meter=(3, 0), path=PathSetUp(2.0)).run(90)
    board_w = np.array([(p * fleet.gpus)[BOARD_1].sum() for p in run.board_w]) + host
    over = np.flatnonzero(board_w > limit_w)
    assert over.min() == 31
    assert 3 <= over.max() - 31 + 1 <= 8
    assert board_w[45:].max() <= 0.99 * limit_w
