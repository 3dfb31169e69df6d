"""EASY backfilling."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.drive.backfill import NEVER, Waiting, starts


def waiting(nodes, ticks, size, priority=0, since=0, allowed=None):
    mask = np.ones(size, bool) if allowed is None else np.isin(np.arange(size), allowed)
    return Waiting(mask, nodes, ticks, priority, since)


def names(found):
    return {start.job: start.nodes.tolist() for start in found}


def test_jobs_start_in_order_on_the_first_free_nodes():
    free_at = np.zeros(10, np.int64)
    assert names(starts(0, [waiting(4, 100, 10), waiting(3, 50, 10)], free_at)) == {0: [0, 1, 2, 3], 1: [4, 5, 6]}
    assert free_at.tolist() == [100] * 4 + [50] * 3 + [0] * 3


def test_a_short_job_passes_one_that_waits_and_a_long_one_does_not():
    # Six of ten nodes are taken until 100. The first needs eight: it is promised nodes 6 to 9 and four of the others.
    held = np.array([100] * 6 + [0] * 4)
    queue = [waiting(8, 50, 10), waiting(4, 200, 10), waiting(4, 100, 10)]
    assert names(starts(0, queue, held.copy())) == {2: [6, 7, 8, 9]}


def test_a_long_job_may_take_nodes_that_nobody_is_promised():
    # The first needs seven: promised are the four idle ones and three of those free at 100; node 9 is free at 300.
    held = np.array([100, 100, 100, 0, 0, 0, 0, 0, 0, 300])
    queue = [waiting(7, 50, 10, allowed=[0, 1, 2, 3, 4, 5, 6]), waiting(2, 900, 10), waiting(1, 900, 10)]
    assert names(starts(0, queue, held)) == {1: [7, 8]}


def test_priority_goes_before_arrival():
    queue = [waiting(5, 10, 8, since=0), waiting(5, 10, 8, priority=1, since=5)]
    assert names(starts(5, queue, np.zeros(8, np.int64))) == {1: [0, 1, 2, 3, 4]}


def test_a_job_that_fits_nowhere_stops_nobody():
    queue = [waiting(9, 10, 8), waiting(8, NEVER, 8)]
    assert names(starts(0, queue, np.zeros(8, np.int64))) == {1: list(range(8))}


jobs = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 40), st.integers(0, 30)), min_size=1, max_size=12)


def run(queue, size):
    """Start ticks of a queue to its end, from tick to tick; jobs arrive at their time."""
    free_at, begun = np.zeros(size, np.int64), {}
    for now in range(2000):
        here = [k for k, (_, _, since) in enumerate(queue) if since <= now and k not in begun]
        found = starts(now, [waiting(*queue[k][:2], size, since=queue[k][2]) for k in here], free_at)
        begun |= {here[start.job]: now for start in found}
        if len(begun) == len(queue):
            break
    return begun


@given(jobs)
def test_every_job_runs_and_nodes_are_never_shared(queue):
    size, begun = 12, run(queue, 12)
    assert len(begun) == len(queue)
    for now in range(max(begun.values()) + 1):
        busy = sum(queue[k][0] for k, begin in begun.items() if begin <= now < begin + queue[k][1])
        assert busy <= size


@given(jobs)
def test_the_first_in_the_queue_is_not_delayed_by_those_behind_it(queue):
    first = min(range(len(queue)), key=lambda k: (queue[k][2], k))
    assert run(queue, 12)[first] == queue[first][2]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 40)), min_size=2, max_size=8))
def test_backfilling_keeps_the_promise_to_the_first_that_waits(queue):
    """All are there at 0: the first that does not fit starts no later than if nobody behind it were there."""
    size, taken, k = 12, 0, 0
    while k < len(queue) and taken + queue[k][0] <= size:
        taken += queue[k][0]
        k += 1
    if k < len(queue):
        everything, alone = ([(*job, 0) for job in part] for part in (queue, queue[: k + 1]))
        assert run(everything, size)[k] <= run(alone, size)[k]
