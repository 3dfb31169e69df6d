"""The emergency cap keeps dies below their limit until flow is back, if the path is fast enough."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, limited, seen
from twin.control.actuation import PathSetUp
from twin.control.bench import SERVERS, Bench
from twin.control.policies.thermal_emergency import ThermalEmergency
from twin.control.policies.uncapped import Uncapped

STOPPED = FLEET.cdu == 1
LOST, BACK = 60, 100


def flow(tick):
    return np.array([1.0, 0.0 if LOST <= tick < BACK else 1.0, 1.0, 1.0])


def run(policy, latency_s=1.0, brake_s=None, seconds=200):
    fleet = limited(1e9)._replace(has_brake=brake_s is not None)
    return Bench(
        policy, lambda tick: 0.98 * FLEET.gpu_max_w * np.ones(SERVERS), fleet, flow=flow, path=PathSetUp(latency_s),
        brake=PathSetUp(brake_s or 5.0),
    ).run(seconds)  # fmt: skip


def hottest(policy, **path):
    """Hottest die, each second, of the boards that lose their coolant."""
    bench, found = run(policy, seconds=0, **path), []
    for tick in range(180):
        bench.step(tick)
        found.append(bench.die_c[STOPPED].max())
    return np.array(found)


def test_only_what_has_lost_its_coolant_is_capped():
    policy = ThermalEmergency()
    assert policy.act(seen(600.0)) is None
    caps = policy.act(seen(600.0, flow=[1.0, 0.2, 1.0, 1.0])).gpu_cap_w
    np.testing.assert_array_equal(caps[~STOPPED], FLEET.gpu_max_w[~STOPPED])
    assert (caps[STOPPED] < 700).all()


def test_the_cap_is_the_largest_that_survives_until_the_repair():
    # Without flow C (87 - 50)/60 s with 454 J/K: 280 W.
    caps = ThermalEmergency(capacity_j_k=454.0).act(seen(600.0, flow=[1.0, 0.0, 1.0, 1.0])).gpu_cap_w
    np.testing.assert_allclose(caps[STOPPED], 454 * 37 / 60)
    longer = ThermalEmergency(repair_s=200.0).act(seen(600.0, flow=[1.0, 0.0, 1.0, 1.0]))
    np.testing.assert_array_equal(longer.gpu_cap_w[STOPPED], 200.0)
    assert longer.brake[STOPPED].all()
    assert not longer.brake[~STOPPED].any()


def test_a_hot_die_is_an_emergency_whatever_the_flow_shows():
    caps = ThermalEmergency().act(seen(600.0, hottest_c=86.0)).gpu_cap_w
    assert (caps < FLEET.gpu_max_w).any()


def test_uncapped_boards_reach_87_degc_about_as_fast_as_the_estimate_says():
    # 50 to 87 degC in 24 s at 700 W without flow [lumped estimate]; here from 62.4 degC at 686 W.
    hot = hottest(Uncapped())
    assert hot[LOST - 1] == pytest.approx(35 + 686 / 25)
    assert np.flatnonzero(hot > 87.0)[0] - LOST == pytest.approx(454 * (87 - hot[LOST - 1]) / 686, abs=1)
    published_s = 24
    assert published_s == pytest.approx(454 * (87 - 50) / 700, abs=0.1)


def test_in_band_caps_save_the_boards_and_caps_that_take_forty_seconds_do_not():
    assert hottest(ThermalEmergency(), latency_s=1.0).max() <= 87.0
    late = hottest(ThermalEmergency(), latency_s=40.0).max()
    assert late > 95.0
    assert hottest(ThermalEmergency(), latency_s=40.0, brake_s=5.0).max() < 87.0


def test_when_flow_is_back_the_caps_are_lifted():
    caps = np.array(run(ThermalEmergency()).cap_w)
    assert (caps[BACK - 5][STOPPED] < 700).all()
    np.testing.assert_array_equal(caps[-1], FLEET.gpu_max_w)
