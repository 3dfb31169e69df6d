"""Water-filling meets the conditions of the optimum, agrees with a general solver, and is not beaten."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from tests.policies.scenes import FLEET, limited, seen
from twin.control.bench import LOSS, SERVERS, Bench
from twin.control.policies.feed_limit import FeedLimit, share_out
from twin.control.policies.steering import Steering
from twin.control.policies.water_filling import Below, WaterFilling, activity, fill

TREE = FLEET.tree
NODES = FLEET.tree.parent.size
_, LINEAR, QUADRATIC = LOSS


def work(cap_w, natural_w, weight, fleet=FLEET):
    withheld = np.maximum(1 - cap_w / natural_w, 0.0)
    return float((fleet.gpus * weight * (1 - withheld * (LINEAR + QUADRATIC * withheld))).sum())


def budgets(**by_name):
    out = np.full(NODES, np.inf)
    for name, value in by_name.items():
        out[FLEET.tree.names.index(name.replace("_", "-"))] = value
    return out


def share(budget_w, natural_w, weight):
    return fill(FLEET, Below(TREE), budget_w, natural_w, weight, FLEET.gpu_max_w)


def above(server):
    """The nodes above a server."""
    found, node = [], int(TREE.leaf[server])
    while node >= 0:
        found.append(node)
        node = int(TREE.parent[node])
    return found


def demand(seed):
    rng = np.random.default_rng(seed)
    natural_w = rng.uniform(0.45, 1.0, SERVERS) * FLEET.gpu_max_w
    return natural_w, activity(FLEET, natural_w)


SCENES = [
    budgets(feed=100e3),
    budgets(feed=110e3, sub_1=45e3),
    budgets(feed=110e3, sub_1=48e3, board_1=20e3, board_4=25e3, rack_3=10e3, rack_8=11e3),
    budgets(sub_2=40e3, rack_5=9e3, rack_1=9.5e3),
]


@pytest.mark.parametrize("scene", range(len(SCENES)))
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_a_general_solver(scene, seed):
    (natural_w, weight), budget_w = demand(seed), SCENES[scene]
    cap_w = share(budget_w, natural_w, weight)
    top, low = np.minimum(natural_w, FLEET.gpu_max_w), np.minimum(FLEET.gpu_min_cap_w, natural_w)
    rows, bounds = [], []
    for n in np.flatnonzero(np.isfinite(budget_w)):
        under = np.array([n in above(i) for i in range(SERVERS)])
        rows.append(under * FLEET.gpus / 1e3)
        bounds.append(budget_w[n] / 1e3)
    found = minimize(
        lambda p: -work(p, natural_w, weight), x0=0.5 * (low + top), method="trust-constr",
        jac=lambda p: -FLEET.gpus * weight * (LINEAR + 2 * QUADRATIC * (1 - p / natural_w)) / natural_w,
        hess=lambda p: np.diag(2 * FLEET.gpus * weight * QUADRATIC / natural_w**2),
        bounds=list(zip(low, top, strict=True)), constraints=LinearConstraint(np.array(rows), ub=bounds),
        options={"gtol": 1e-10, "xtol": 1e-12, "maxiter": 3000},
    )  # fmt: skip
    assert work(cap_w, natural_w, weight) == pytest.approx(-found.fun, rel=1e-6)
    np.testing.assert_allclose(cap_w, found.x, atol=2.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_conditions_of_the_optimum_hold(seed):
    rng = np.random.default_rng(seed)
    natural_w, weight = demand(seed)
    full_w = FLEET.tree.sums(FLEET.gpus * natural_w)
    budget_w = np.where(rng.random(NODES) < 0.5, full_w * rng.uniform(0.5, 1.1, NODES), np.inf)
    cap_w = share(budget_w, natural_w, weight)
    top, low = np.minimum(natural_w, FLEET.gpu_max_w), np.minimum(FLEET.gpu_min_cap_w, natural_w)
    used_w = FLEET.tree.sums(FLEET.gpus * cap_w)
    feasible = FLEET.tree.sums(FLEET.gpus * low) <= budget_w
    assert (used_w <= budget_w * (1 + 1e-6))[feasible].all()
    gain = weight * (LINEAR + 2 * QUADRATIC * (1 - cap_w / natural_w)) / natural_w
    inner = (cap_w > low + 1e-6) & (cap_w < top - 1e-6)
    full = used_w >= budget_w * (1 - 1e-6)
    for i in np.flatnonzero(inner):
        mine = above(i)
        # Whoever could take a watt from i without filling another budget must gain less by it.
        for j in np.flatnonzero(cap_w < top - 1e-6):
            blocked = [n for n in above(j) if full[n] and n not in mine]
            if not blocked:
                assert gain[j] <= gain[i] * (1 + 1e-5)
        # And a watt that nobody holds back would be used.
        assert any(full[n] for n in mine)


def test_nobody_else_does_more_work_under_the_same_budget():
    for seed in range(20):
        natural_w, weight = demand(seed)
        best = work(share(budgets(feed=95e3), natural_w, weight), natural_w, weight)
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
    np.testing.assert_allclose(share(budgets(feed=1e3), natural_w, weight), 200.0, rtol=1e-12)


def mixed(tick):
    return np.where(np.arange(SERVERS) % 2 == 0, 0.95, 0.5) * (1 + 0.02 * np.sin(np.arange(SERVERS))) * FLEET.gpu_max_w


def done(policy, limit_w):
    run = Bench(policy, mixed, limited(limit_w)).run(240)
    natural_w = mixed(0)
    assert max(run.feed_w[10:]) <= limit_w
    return np.mean([work(p, natural_w, activity(FLEET, natural_w)) for p in run.board_w[-60:]])


@pytest.mark.parametrize("limit_w", [150e3, 165e3, 180e3])
def test_on_the_bench_it_does_more_work_than_proportional_sharing_under_the_same_limit(limit_w):
    best = done(WaterFilling(margin=0.0), limit_w)
    assert best > done(FeedLimit(margin=0.0), limit_w)
    assert best >= done(Steering(margin=0.0), limit_w) * (1 - 1e-4)


def test_it_holds_a_call_early_and_lifts_caps_again():
    run = Bench(WaterFilling(), mixed, limited(400e3), calls=((60, 150, 200, 150e3),)).run(300)
    feed_w = np.array(run.feed_w)
    assert feed_w[:60].min() > 170e3
    assert feed_w[150:200].max() <= 150e3
    assert feed_w[260:].min() == pytest.approx(feed_w[50], rel=1e-9)


def test_caps_add_up_to_no_more_than_the_limit_leaves():
    caps = WaterFilling(margin=0.0).act(seen(600.0, fleet=limited(100e3), overhead_w=20e3)).gpu_cap_w
    assert (caps * FLEET.gpus).sum() == pytest.approx(80e3, rel=1e-6)
