"""Water-filling is not beaten under the same budgets; tests of `filling` hold it to a linear program."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, JOB, limited, seen
from twin.control.bench import SERVERS, Bench
from twin.control.policies import POLICIES, make_policy
from twin.control.policies.feed_limit import share_out
from twin.control.policies.filling import Filling
from twin.control.policies.speed_curves import curves_of, speed_under
from twin.control.policies.water_filling import WaterFilling, activity

CURVES = curves_of(FLEET)
ALONE = np.zeros(SERVERS, int)


def work(cap_w, natural_w, weight):
    return float((FLEET.gpus * weight * speed_under(FLEET, natural_w, cap_w)).sum())


def share(feed_w, natural_w, weight, together=ALONE):
    budget_w = np.full(FLEET.tree.parent.size, np.inf)
    budget_w[0] = feed_w
    return Filling(FLEET, CURVES, budget_w, natural_w, weight, together).caps()


def demand(seed):
    rng = np.random.default_rng(seed)
    natural_w = rng.uniform(0.45, 1.0, SERVERS) * FLEET.gpu_max_w
    return natural_w, activity(FLEET, natural_w)


def test_nobody_else_does_more_work_under_the_same_budget():
    for seed in range(20):
        natural_w, weight = demand(seed)
        best = work(share(95e3, natural_w, weight), natural_w, weight)
        top, low = FLEET.gpus * natural_w, FLEET.gpus * np.minimum(FLEET.gpu_min_cap_w, natural_w)
        shares = {
            "proportional": share_out(95e3, FLEET.gpus * natural_w, low, top),
            "max-min": share_out(95e3, FLEET.gpus * 1.0, low, top),
            "uniform": share_out(95e3, FLEET.gpus * FLEET.gpu_max_w, low, top),
        }
        for name, share_w in shares.items():
            assert share_w.sum() <= 95e3 * (1 + 1e-6)
            assert work(share_w / FLEET.gpus, natural_w, weight) <= best * (1 + 1e-9), name


def test_who_is_not_held_back_has_no_cap():
    natural_w = np.where(np.arange(SERVERS) < 16, 0.6, 0.9) * FLEET.gpu_max_w
    fleet = limited(1e9)
    fleet.tree.limit_w[2] = 0.8 * (FLEET.gpus * natural_w)[16:].sum()
    caps = WaterFilling(margin=0.0).act(seen(natural_w, fleet=fleet)).gpu_cap_w
    np.testing.assert_array_equal(caps[:16], FLEET.gpu_max_w[:16])
    assert (FLEET.gpus * caps)[16:].sum() == pytest.approx(fleet.tree.limit_w[2])


def test_without_room_everybody_stands_at_the_least_cap():
    natural_w, weight = demand(0)
    np.testing.assert_allclose(share(1e3, natural_w, weight), 200.0, rtol=2e-3)


def mixed(tick):
    return np.where(np.arange(SERVERS) % 2 == 0, 0.95, 0.5) * (1 + 0.02 * np.sin(np.arange(SERVERS))) * FLEET.gpu_max_w


TRAINING = JOB == 2


def done(policy, limit_w):
    """Work a second of the last minute, the training at the pace of its slowest server; NaN beyond the limit."""
    run = Bench(policy, mixed, limited(limit_w)).run(240)
    natural_w, each = mixed(0), []
    if max(run.feed_w[-120:]) > limit_w:
        return np.nan
    for cap_w in run.cap_w[-60:]:
        speed = speed_under(FLEET, natural_w, cap_w)
        speed[TRAINING] = speed[TRAINING].min()
        each.append((FLEET.gpus * activity(FLEET, natural_w) * speed).sum())
    return np.mean(each)


@pytest.mark.parametrize("limit_w", [140e3, 150e3, 165e3, 180e3])
def test_nobody_who_holds_the_limit_does_more_work_on_the_bench(limit_w):
    policies = {
        name: make_policy(name, {"margin": 0.0} if name in ("water-filling", "feed-limit", "steering") else {})
        for name in POLICIES
    }
    rated_w = (FLEET.gpus * FLEET.gpu_max_w).sum()
    share = (limit_w - 30e3) / rated_w - 0.3  # less what the bench draws beside boards
    policies["static"] = make_policy("uniform-cap", {"share": share, "by_type": "equal-loss"})
    reached = {name: done(policy, limit_w) for name, policy in policies.items()}
    best = reached.pop("water-filling")
    held = {name: work for name, work in reached.items() if np.isfinite(work)}
    assert {"feed-limit", "steering", "thunderbolt", "static"} <= set(held)
    for name, work in held.items():
        assert work <= best * (1 + 1e-9), name


def test_it_holds_a_call_early_and_lifts_caps_again():
    run = Bench(WaterFilling(), mixed, limited(400e3), calls=((60, 150, 200, 150e3),)).run(300)
    feed_w = np.array(run.feed_w)
    assert feed_w[:60].min() > 170e3
    assert feed_w[150:200].max() <= 150e3
    assert feed_w[260:].min() == pytest.approx(feed_w[50], rel=1e-9)


def test_caps_add_up_to_no_more_than_the_limit_leaves():
    caps = WaterFilling(margin=0.0).act(seen(600.0, fleet=limited(100e3), overhead_w=20e3)).gpu_cap_w
    assert (caps * FLEET.gpus).sum() == pytest.approx(80e3, rel=1e-6)
