"""POLCA's rules: two thresholds, hysteresis, priorities, a path of 40 s and the brake behind it."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, limited, seen
from twin.control.actuation import PathSetUp
from twin.control.bench import SERVERS, Bench
from twin.control.policies.polca import Polca

HIGH = np.repeat([True, False, False, False], SERVERS // 4)


def at(load, time_s, policy, fleet=None):
    drawn_w = float((500.0 * FLEET.gpus).sum())
    moment = seen(500.0, fleet=limited(drawn_w / load), time_s=time_s)
    return policy.act(moment if fleet is None else moment._replace(fleet=fleet(drawn_w / load)))


def test_it_takes_its_steps_in_order_and_releases_them_below_their_hysteresis():
    policy = Polca()
    story = [
        (0, 0.79, 1.0, 1.0), (2, 0.81, 1275 / 1410, 1.0), (4, 0.76, 1275 / 1410, 1.0), (6, 0.74, 1.0, 1.0),
        (8, 0.90, 1110 / 1410, 1.0), (46, 0.90, 1110 / 1410, 1.0), (48, 0.90, 1110 / 1410, 1305 / 1410),
        (50, 0.85, 1110 / 1410, 1305 / 1410), (52, 0.83, 1275 / 1410, 1.0), (54, 0.74, 1.0, 1.0),
    ]  # fmt: skip
    for time_s, load, low, high in story:
        said = at(load, float(time_s), policy)
        np.testing.assert_allclose(said.clock_mhz, 1980 * np.where(HIGH, high, low), err_msg=f"{time_s} s")
        np.testing.assert_array_equal(said.gpu_cap_w, FLEET.gpu_max_w)
        assert not said.brake.any()


def test_the_brake_comes_above_provision_and_goes_below_the_second_threshold():
    policy = Polca()
    assert at(1.01, 0.0, policy).brake.all()
    assert at(0.88, 2.0, policy).brake.all()
    assert not at(0.83, 4.0, policy).brake.any()
    assert policy.brakes == 1


def test_a_site_without_a_brake_gets_the_least_caps():
    said = at(1.01, 0.0, Polca(), lambda limit_w: limited(limit_w)._replace(has_brake=False))
    assert said.brake is None
    np.testing.assert_array_equal(said.gpu_cap_w, FLEET.gpu_min_cap_w)


def test_only_what_hangs_below_the_loaded_node_is_slowed():
    fleet = limited(1e9)
    fleet.tree.limit_w[2] = 500.0 * FLEET.gpus[16:].sum() / 0.85
    clocks = Polca().act(seen(500.0, fleet=fleet)).clock_mhz
    np.testing.assert_array_equal(clocks[:16], 1980.0)
    assert (clocks[16:] < 1980.0).all()


def test_a_site_that_cannot_lock_clocks_gets_the_power_of_full_activity_at_them_as_caps():
    fleet = limited(500.0 * FLEET.gpus.sum() / 0.81)._replace(has_clock=False)
    said = Polca().act(seen(500.0, fleet=fleet))
    assert said.clock_mhz is None
    clock = np.where(HIGH, 1.0, 1275 / 1410)
    np.testing.assert_allclose(said.gpu_cap_w, FLEET.gpu_idle_w + (FLEET.gpu_max_w - FLEET.gpu_idle_w) * clock**2.32)


@pytest.mark.parametrize(("rise", "brakes"), [(0.10, 0), (0.30, 1)])
def test_a_rise_that_fits_under_the_second_threshold_needs_no_brake(rise, brakes):
    # T2 = 1/(1 + rise in one latency): 11.8 % in 40 s is what T2 = 0.89 is made for; a training rises by more.
    boards_w = 0.75 * FLEET.gpu_max_w
    base_w = ((0.3 * FLEET.gpu_max_w + boards_w) * FLEET.gpus).sum()

    def want_w(tick):
        # All of the rise is the boards'.
        return boards_w * (1 + rise * min(tick / 40, 1.0) * base_w / (boards_w * FLEET.gpus).sum())

    fleet = limited(base_w / 0.885)
    policy = Polca(wait_s=40.0)
    run = Bench(policy, want_w, fleet, clock=PathSetUp(40.0, 15.0), overhead_w=0.0).run(400)
    assert (policy.brakes > 0) == (brakes > 0)
    assert (max(run.feed_w) > fleet.tree.limit_w[0]) == (brakes > 0)
