"""Filling agrees with a linear program on random trees, jobs at one speed included, and hulls are hulls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.policies.scenes import FLEET
from twin.control.bench import SERVERS
from twin.control.policies.filling import Filling
from twin.control.policies.speed_curves import BINS, curves_of, power_at, row_of, speed_under
from twin.control.policies.water_filling import activity
from twin.control.policy import Tree

# As measured boards have it: steps at natural power, bends both ways.
NATURAL, LIMIT = np.array([0.5, 0.6, 0.75, 0.9]), np.array([0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
SPEED = np.array([
    [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    [0.0, 0.855, 0.904, 0.955, 0.985, 0.988, 0.995, 1.0],
    [0.0, 0.699, 0.838, 0.897, 0.930, 0.963, 0.986, 1.0],
    [0.0, 0.533, 0.693, 0.836, 0.904, 0.946, 0.981, 1.0],
])  # fmt: skip


def measured():
    table = np.empty((21, 61))
    for i, natural in enumerate(np.linspace(0, 1, 21)):
        row = np.array([np.interp(natural, NATURAL, column) for column in SPEED.T])
        reach = max(1.0, NATURAL[0] / natural) if natural else 1.0
        table[i] = 1 - np.interp(np.linspace(0, 1, 61) * reach, LIMIT, row)
    return FLEET._replace(lost=np.array([table, table]))


def random_tree(rng, servers=SERVERS):
    """Twenty nodes hung anywhere above them; servers on the last twelve."""
    parent = np.array([-1, *(rng.integers(0, k) for k in range(1, 20))])
    level = np.zeros(20, int)
    for k in range(1, 20):
        level[k] = level[parent[k]] + 1
    none = np.full(20, np.inf)
    return Tree(
        tuple(f"n{k}" for k in range(20)), parent, level, none, none, np.array([1]), rng.integers(8, 20, servers)
    )


def above(tree, node):
    while node >= 0:
        yield int(node)
        node = tree.parent[node]


def best_work(fleet, curves, budget_w, natural_w, weight, together):
    """Greatest work on hulls: variables are the part kept of every chord of every server, and speeds of jobs."""
    row, drawn_w = row_of(fleet, natural_w), fleet.gpus * natural_w
    share, speed = curves.hull_share[row], curves.hull_speed[row]
    pieces, jobs = share.shape[1] - 1, [j for j in np.unique(together) if j]
    n = SERVERS * pieces + len(jobs)
    cost, less, room = np.zeros(n), [], []
    watts, rise = drawn_w[:, None] * np.diff(share, axis=1), np.diff(speed, axis=1)
    worth, start = fleet.gpus * weight, 0.0
    for i in range(SERVERS):
        own = slice(i * pieces, (i + 1) * pieces)
        if together[i]:
            place = SERVERS * pieces + jobs.index(together[i])
            cost[place] += worth[i]
            line = np.zeros(n)
            line[place], line[own] = 1.0, -rise[i]
            less.append(line)
            room.append(speed[i, 0])
        else:
            cost[own] = worth[i] * rise[i]
            start += worth[i] * speed[i, 0]
    for node in range(fleet.tree.parent.size):
        under = np.array([node in set(above(fleet.tree, leaf)) for leaf in fleet.tree.leaf])
        if np.isfinite(budget_w[node]) and under.any():
            line = np.zeros(n)
            line[: SERVERS * pieces] = (under[:, None] * watts).ravel() / 1e3
            less.append(line)
            room.append((budget_w[node] - (drawn_w * share[:, 0])[under].sum()) / 1e3)
    found = linprog(-cost / 100, np.array(less), np.array(room), bounds=(0, 1))
    assert found.success
    return start - 100 * found.fun


def scene(seed, jobs, fleet):
    """A tree, budgets that some of its nodes exceed, natural power, jobs that wait for their slowest."""
    rng = np.random.default_rng(seed)
    fleet = fleet._replace(tree=random_tree(rng))
    natural_w = rng.uniform(0.35, 1.0, SERVERS) * fleet.gpu_max_w
    full_w = fleet.tree.sums(fleet.gpus * natural_w)
    low_w = fleet.tree.sums(fleet.gpus * np.minimum(natural_w, 1.01 * fleet.gpu_min_cap_w))
    part = rng.uniform(0.3, 1.1, full_w.size)
    budget_w = np.where(rng.random(full_w.size) < 0.5, low_w + part * (full_w - low_w), np.inf)
    return fleet, budget_w, natural_w, activity(fleet, natural_w), rng.integers(0, jobs + 1, SERVERS)


def hull_speed(curves, fleet, natural_w, cap_w):
    row = row_of(fleet, natural_w)
    share = cap_w / natural_w
    return np.array([np.interp(s, curves.hull_share[r], curves.hull_speed[r]) for r, s in zip(row, share, strict=True)])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_servers_alone_are_filled_as_a_linear_program_would(seed, steps):
    fleet, budget_w, natural_w, weight, together = scene(seed, 0, measured() if steps else FLEET)
    curves = curves_of(fleet)
    cap_w = Filling(fleet, curves, budget_w, natural_w, weight, together).caps()
    assert (fleet.tree.sums(fleet.gpus * cap_w) <= budget_w * (1 + 1e-9)).all()
    best = best_work(fleet, curves, budget_w, natural_w, weight, together)
    reached = float((fleet.gpus * weight * hull_speed(curves, fleet, natural_w, cap_w)).sum())
    assert reached == pytest.approx(best, rel=1e-6)
    # All but one server a budget stand where the hull is the curve.
    true = speed_under(fleet, natural_w, cap_w)
    short = hull_speed(curves, fleet, natural_w, cap_w) - true > 3e-3
    assert short.sum() <= np.isfinite(budget_w).sum()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_jobs_at_one_speed_are_filled_as_a_linear_program_would(seed, jobs):
    fleet, budget_w, natural_w, weight, together = scene(seed, jobs, FLEET)
    curves = curves_of(fleet)
    # Without steps and gaps the hull is the curve, and jobs lose nothing by being one.
    curves = curves._replace(share=curves.hull_share, speed=curves.hull_speed, gap=np.zeros_like(curves.gap))
    cap_w = Filling(fleet, curves, budget_w, natural_w, weight, together).caps()
    assert (fleet.tree.sums(fleet.gpus * cap_w) <= budget_w * (1 + 1e-6)).all()
    speed = hull_speed(curves, fleet, natural_w, cap_w)
    for j in range(1, jobs + 1):
        if (together == j).any():
            speed[together == j] = speed[together == j].min()
    best = best_work(fleet, curves, budget_w, natural_w, weight, together)
    assert float((fleet.gpus * weight * speed).sum()) == pytest.approx(best, rel=1e-6)


def job_work(fleet, weight, speed, job):
    return sum((fleet.gpus * weight)[job == j].sum() * speed[job == j].min() for j in np.unique(job))


@pytest.mark.parametrize("seed", range(0, 40, 3))
def test_jobs_that_cannot_be_divided_do_nearly_as_much_as_the_best_of_all_speeds(seed):
    rng, fleet = np.random.default_rng(seed), measured()
    job, wants = np.sort(rng.integers(1, 4, SERVERS)), rng.uniform(0.5, 1, 4)
    natural_w = np.clip(wants[job] * (1 + 0.02 * rng.standard_normal(SERVERS)), 0.4, 1) * fleet.gpu_max_w
    weight, budget_w = activity(fleet, natural_w), np.full(fleet.tree.parent.size, np.inf)
    low_w, full_w = (float((fleet.gpus * w).sum()) for w in (np.minimum(natural_w, fleet.gpu_min_cap_w), natural_w))
    budget_w[0] = low_w + rng.uniform(0.3, 1) * (full_w - low_w)
    cap_w = Filling(fleet, curves_of(fleet), budget_w, natural_w, weight, job).caps()
    assert (fleet.gpus * cap_w).sum() <= budget_w[0] * (1 + 1e-9)
    speeds = np.linspace(0.2, 1, 81)
    needs = np.array([fleet.gpus * power_at(fleet, natural_w, np.full(SERVERS, s), np.arange(SERVERS)) for s in speeds])
    power = [needs[:, job == j].sum(axis=1) for j in (1, 2, 3)]
    worth = [(fleet.gpus * weight)[job == j].sum() for j in (1, 2, 3)]
    total_w = power[0][:, None, None] + power[1][None, :, None] + power[2][None, None, :]
    done = (worth[0] * speeds)[:, None, None] + (worth[1] * speeds)[None, :, None] + (worth[2] * speeds)[None, None, :]
    best = np.where(total_w <= budget_w[0], done, 0.0).max()
    assert job_work(fleet, weight, speed_under(fleet, natural_w, cap_w), job) >= best * (1 - 3e-3)


def test_hulls_are_concave_above_the_curve_and_touch_it_at_their_ends():
    curves = curves_of(measured())
    for natural in (0.3, 0.45, 0.55, 0.6, 0.725, 0.75, 0.9, 0.95, 1.0):
        row = int(natural * BINS)
        x, y = curves.hull_share[row], curves.hull_speed[row]
        own = np.append(np.diff(x) > 1e-9, True)
        slopes = np.diff(y[own]) / np.diff(x[own])
        assert (np.diff(slopes) <= 1e-9).all()
        assert (np.interp(curves.share[row], x, y) >= curves.speed[row] - 1e-9).all()
        at = np.array([np.abs(curves.share[row] - v).argmin() for v in x[own][:-1]])
        np.testing.assert_allclose(curves.speed[row][at], y[own][:-1], atol=1e-12)
        assert (x[-1], y[-1]) == (1.0, 1.0)
