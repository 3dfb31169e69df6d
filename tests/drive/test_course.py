"""Jobs on their way: patterns stretch with the pace, work is the pattern over the clock, faults send trainings back."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.drive.backfill import NEVER
from twin.drive.course import Pattern
from twin.drive.failures import FailureSpec, Outage, outages
from twin.drive.training import TrainingSpec
from twin.drive.waveform import ConstantSpec, SquareSpec

SQUARE = SquareSpec.model_validate({"high": 1, "low": 0.2, "period": "10 s", "duty": 0.6})


def training(tmp_path, **fields):
    shape = {"iteration": "5 s", "evaluation": None, "initialisation": "20 s", "noise": 0}
    checkpoint = {"every": "50 s", "duration": "10 s"}
    return TrainingSpec.model_validate(shape | {"checkpoint": checkpoint} | fields).build(1, tmp_path)


def test_a_pattern_stretches_with_the_pace(tmp_path):
    job = Pattern(SQUARE.build(0, tmp_path), 0)
    job.felt(10, 10, 0.5)
    assert job.clock_s(10) == 5.0
    assert job.activity(10, 40) == pytest.approx([1, 1, *[0.2] * 8, *[1] * 12, *[0.2] * 8])
    assert job.activity(10, 40, 4).reshape(30, 4).mean(axis=1) == pytest.approx(job.activity(10, 40))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0.05, 1.0)), min_size=1, max_size=40))
def test_work_is_the_pattern_over_the_clock(paces):
    """A step that keeps the pace it shows does the work of its own time."""
    job, tick, done_s = Pattern(SQUARE.build(0, None), 0), 0, 0.0
    for ticks, pace in paces:
        job.felt(tick, 0, pace)
        done_s += pace * job.activity(tick, tick + ticks).sum()
        tick += ticks
        job.felt(tick, ticks, pace)
    clock_s = sum(ticks * pace for ticks, pace in paces)
    assert job.clock_s(tick) == pytest.approx(clock_s, abs=1e-9)
    whole, rest_s = divmod(clock_s, 10.0)
    expected_s = 6.8 * whole + min(rest_s, 6.0) + 0.2 * max(rest_s - 6.0, 0.0)
    assert done_s == pytest.approx(expected_s, abs=1e-6)


def test_a_slow_job_is_done_later(tmp_path):
    job = Pattern(ConstantSpec(activity=1).build(0, tmp_path), 100, lasts_s=60.0)
    assert job.next_change == 160
    tick = 100
    while not job.turn(tick):
        end = min(tick + 5, job.next_change)
        job.felt(end, end - tick, 0.75)
        tick = end
    assert tick == job.end == 180
    assert job.activity(178, 182).tolist() == [1, 1, 0, 0]
    assert job.useful_s(500) == pytest.approx(60.0)


def test_a_fault_sends_a_training_back_to_its_last_checkpoint(tmp_path):
    job = Pattern(training(tmp_path), 0, outages=iter([Outage(100, 130), Outage(NEVER, NEVER)]))
    # Initialisation until 20 s, training until 70 s, checkpoint until 80 s, and so on.
    assert job.next_change == 100
    assert job.useful_s(100) == 70.0
    assert job.turn(100).startswith("a fault stops it: 20 s of work are to be done again, restart in 30 s")
    assert not job.activity(100, 130).any()
    assert job.useful_s(100) == job.useful_s(129) == 50.0
    assert job.next_change == 130
    assert job.turn(130)
    assert job.clock_s(130) == 80.0
    assert job.activity(130, 150) == pytest.approx(Pattern(training(tmp_path), 0).activity(80, 100))
    assert job.next_change == NEVER


def test_checkpoints_and_useful_time(tmp_path):
    waveform = training(tmp_path)
    assert [waveform.checkpoint_s(t) for t in (0, 79.9, 80, 139, 140.5)] == [0, 0, 80, 80, 140]
    assert [waveform.useful_s(t) for t in (0, 20, 45, 70, 80, 90)] == [0, 0, 25, 50, 50, 60]


def test_faults_come_at_their_rate_and_restarts_within_their_bounds():
    spec = FailureSpec.model_validate({"restart": ["5 min", "30 min"]})
    found = list(islice(outages(spec, 100_000, 3, 0), 4000))
    begins, ends = np.array(found).T
    run_s = begins - np.append(0, ends[:-1])
    # policies 3.5: 4.7e-4 a GPU-day, a job of 100,000 GPUs stops about every 30 min.
    assert run_s.mean() == pytest.approx(86400 / 47, rel=0.05)
    assert run_s.std() == pytest.approx(86400 / 47, rel=0.07)
    assert (ends - begins).min() >= 300
    assert (ends - begins).max() <= 1800
    assert (ends - begins).mean() == pytest.approx(1050, rel=0.03)
    assert found[:10] == list(islice(outages(spec, 100_000, 3, 0), 10))
    assert found[:10] != list(islice(outages(spec, 100_000, 4, 0), 10))


def test_failures_need_a_checkpoint():
    with pytest.raises(ValidationError, match="need a checkpoint to go back to"):
        TrainingSpec.model_validate({"failures": {}})
    with pytest.raises(ValidationError, match="must not be the longer"):
        FailureSpec.model_validate({"restart": ["30 min", "5 min"]})
