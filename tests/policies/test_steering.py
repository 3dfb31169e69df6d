"""Steering gives every board of a synchronous job one speed, and what that saves to others."""

import numpy as np
import pytest

from tests.policies.scenes import FLEET, JOB, limited, seen
from twin.control.bench import JOBS, LOSS, SERVERS, Bench
from twin.control.policies.feed_limit import FeedLimit
from twin.control.policies.steering import Steering
from twin.control.policies.water_filling import WaterFilling

TRAINING = JOB == 2  # servers of both substations
SPREAD = 1 + 0.05 * np.sin(1.7 * np.arange(SERVERS))  # silicon: the same work takes more power


def want_w(tick):
    return 0.85 * SPREAD * FLEET.gpu_max_w


def speed(board_w):
    withheld = np.maximum(1 - board_w / want_w(0), 0.0)
    return 1 - withheld * (LOSS[1] + LOSS[2] * withheld)


def job_work(board_w):
    """Work of all jobs, a synchronous one at the pace of its slowest board."""
    pace = speed(board_w)
    for k, job in enumerate(JOBS):
        if job.kind == "training":
            own = np.equal(JOB, k)
            pace[own] = pace[own].min()
    return float((FLEET.gpus * pace).sum())


def run(policy, fleet):
    return Bench(policy, want_w, fleet).run(240)


@pytest.mark.parametrize("substation_w", [1e9, 70e3])
def test_a_synchronous_job_has_one_speed_everywhere(substation_w):
    fleet = limited(160e3)
    fleet.tree.limit_w[1] = substation_w
    steered = run(Steering(margin=0.0), fleet)
    pace = speed(steered.board_w[-1])
    assert pace[TRAINING].max() - pace[TRAINING].min() < 2e-3
    assert pace[TRAINING].max() < 0.99
    assert max(steered.feed_w[20:]) <= 160e3


@pytest.mark.parametrize("limit_w", [150e3, 165e3])
def test_jobs_do_more_work_than_under_proportional_caps_or_equal_prices(limit_w):
    work = {type(p).__name__: job_work(run(p, limited(limit_w)).board_w[-1]) for p in (
        Steering(margin=0.0), WaterFilling(margin=0.0), FeedLimit(margin=0.0))}  # fmt: skip
    assert work["Steering"] >= work["WaterFilling"]
    assert work["Steering"] >= work["FeedLimit"]


def test_what_a_tight_part_of_the_tree_saves_goes_to_others():
    # The training hangs on both substations, the first is tight: its servers on the second need no more than the pace.
    fleet = limited(1e9)
    fleet.tree.limit_w[1], fleet.tree.limit_w[2] = 30e3, 45e3
    caps = Steering(margin=0.0).act(seen(want_w(0), fleet=fleet)).gpu_cap_w
    plain = WaterFilling(margin=0.0).act(seen(want_w(0), fleet=fleet)).gpu_cap_w
    second = np.arange(SERVERS) >= 16
    assert (caps[TRAINING & second] < plain[TRAINING & second]).all()
    assert (caps[~TRAINING & second] > plain[~TRAINING & second]).all()
    assert FLEET.by_substation(np.minimum(caps, want_w(0)) * FLEET.gpus)[1] <= 45e3 * (1 + 1e-6)
