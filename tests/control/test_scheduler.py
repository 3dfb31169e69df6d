"""Orders to the scheduler: late by its latency, sent when they change, refused in sentences."""

import numpy as np
import pytest

from tests.control.test_loop import FLEET, Saying, bench
from twin.control.bench import JOBS, SERVERS
from twin.control.contract import check_policy
from twin.control.policies.together import Together
from twin.control.policy import Commands
from twin.control.scheduler import Scheduler
from twin.core.errors import RunError

BATCH = np.array([False, False, False, True])
FREE = np.full(SERVERS, np.inf)


def scheduler(latency_s=5.0):
    return Scheduler(tuple(job.name for job in JOBS), np.array([job.pausable for job in JOBS]), latency_s)


def test_orders_arrive_after_the_latency_and_one_second_at_least():
    one = scheduler(4.2)
    one.send(10, BATCH, None)
    assert one.next_arrival() == 15
    assert one.take(14) == []
    ((pause, admit),) = one.take(15)
    np.testing.assert_array_equal(pause, BATCH)
    assert admit is None
    assert one.next_arrival() == np.inf
    now = scheduler(0.0)
    now.send(10, None, False)
    assert now.next_arrival() == 11


def test_only_what_changes_is_sent():
    one = scheduler()
    one.send(0, np.zeros(4, bool), True)
    assert one.next_arrival() == np.inf
    one.send(0, BATCH, False)
    one.send(5, BATCH, False)
    assert len(one.take(100)) == 1
    assert one.release(20)
    ((pause, admit),) = one.take(100)
    assert not pause.any()
    assert admit is True
    assert not one.release(30)


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ({"pause": np.ones(3, bool)}, "true or false for each of 4 jobs, no job being the first; found bool of shape"),
        ({"pause": np.full(4, np.nan)}, "found float64 of shape"),
        ({"pause": "batch"}, "found <U5 of shape"),
        ({"pause": np.array([True, False, False, False])}, "the first entry of a pause stands for servers without"),
        ({"pause": np.array([False, True, False, False])}, 'it pauses "inference", an inference pool'),
        ({"admit": 0.5}, "admit says whether the queue may start jobs, true or false; found 0.5"),
    ],
)
def test_what_cannot_be_ordered_is_said(orders, said):
    with pytest.raises(RunError, match=said):
        bench(Saying(lambda seen: Commands(FREE, **orders))).run(1)
    (found,) = check_policy(lambda: Saying(lambda seen: Commands(FREE, **orders)))
    assert __import__("re").search(said, found), found


def test_a_paused_job_idles_after_the_latency_and_the_policy_is_told():
    policy = Saying(lambda seen: Commands(FREE, pause=BATCH if 20 <= seen.time_s < 40 else ~BATCH & BATCH))
    run = bench(policy).run(60)
    paused = np.array(run.paused)
    np.testing.assert_array_equal(np.flatnonzero(paused[:, 3]), np.arange(25, 45))
    assert not paused[:, :3].any()
    np.testing.assert_array_equal(run.board_w[30][run.job == 3], FLEET.gpu_idle_w[run.job == 3])
    assert [seen.time_s for seen in policy.seen if seen.paused[3]] == [30, 35, 40, 45]


def test_when_a_policy_fails_its_jobs_go_on():
    def say(seen):
        return Commands(FREE, pause=BATCH) if seen.time_s < 20 else 1 / 0

    run = bench(Saying(say), fallback_w=300.0).run(60)
    assert run.paused[20][3]
    assert not run.paused[30][3]


def test_policies_together_pause_what_any_pauses_and_admit_what_all_admit():
    other = np.array([False, False, True, False])
    one = Saying(lambda seen: Commands(FREE, pause=BATCH, admit=True))
    two = Saying(lambda seen: Commands(FREE, pause=other, admit=False))
    three = Saying(lambda seen: Commands(FREE))
    run = bench(Together([one, two, three])).run(10)
    np.testing.assert_array_equal(run.loop.scheduler.pause, BATCH | other)
    assert run.loop.scheduler.admit is False


class Moody:
    every_s = 5.0

    def act(self, seen):
        return Commands(FREE, pause=BATCH & (np.random.default_rng().random() < 0.5))


def test_the_contract_compares_orders():
    (found,) = check_policy(Moody)
    assert "two fresh objects command different things" in found
