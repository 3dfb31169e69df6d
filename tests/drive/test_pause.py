"""Pauses: a checkpoint, standing still, a restore; no work is lost, and every second is accounted for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.drive.backfill import NEVER
from twin.drive.course import Pattern
from twin.drive.failures import Outage
from twin.drive.jobs import JobSpec
from twin.drive.pause import Halt, PauseSpec, Phase
from twin.drive.training import TrainingSpec
from twin.drive.waveform import ConstantSpec

FIXED = PauseSpec.model_validate({"checkpoint": ["100 s", "100 s"], "restore": ["40 s", "40 s"]})


def constant(halt=None, **fields):
    return Pattern(ConstantSpec(activity=0.9).build(0, None), 0, halt=halt or Halt(FIXED), **fields)


def training(**fields):
    shape = {"iteration": "5 s", "evaluation": None, "initialisation": "20 s", "noise": 0}
    checkpoint = {"every": "50 s", "duration": "10 s"}
    return TrainingSpec.model_validate(shape | {"checkpoint": checkpoint} | fields).build(1, None)


def go(job, begin, end, kept=1.0):
    """Turn and feel as a workload does; returns what is said."""
    said, tick = [], begin
    while tick < end:
        words = job.turn(tick)
        said += [(tick, words)] if words else []
        step = max(1, min(5, end - tick, job.next_change - tick))
        tick += step
        job.felt(tick, step, kept)
    return said


def test_a_pause_costs_its_checkpoint_and_its_restore_and_no_work():
    job = constant(lasts_s=500.0)
    go(job, 0, 200)
    job.halt.wanted = True
    assert go(job, 200, 450) == [
        (200, "is to pause: saves its state in 100 s"),
        (300, "is paused, its servers idle"),
    ]
    job.halt.wanted = False
    assert job.activity(440, 450).tolist() == [0.0] * 10
    said = go(job, 450, 900)
    assert said[:2] == [(450, "is to go on: restores its state in 40 s"), (490, "goes on after 290 s")]
    assert said[2] == (790, "done")
    assert job.end == 790
    assert (job.useful_s(790), job.paused_s(790)) == (500.0, 290.0)


def test_what_it_asks_for_meanwhile():
    job = constant()
    job.halt.wanted = True
    go(job, 100, 150)
    assert job.activity(150, 153).tolist() == [0.1] * 3
    assert job.withheld(150, 153) == pytest.approx([0.8] * 3)
    go(job, 150, 250)
    assert job.activity(250, 253).tolist() == [0.0] * 3
    assert job.withheld(250, 253) == pytest.approx([0.9] * 3)


def test_one_thing_at_a_time():
    job = constant()
    go(job, 0, 10)
    job.halt.wanted = True
    go(job, 10, 50)
    job.halt.wanted = False
    said = go(job, 50, 120)
    assert said == [(110, "is paused, its servers idle, is to go on: restores its state in 40 s")]
    job.halt.wanted = True
    assert go(job, 120, 200) == [(150, "goes on after 140 s"), (155, "is to pause: saves its state in 100 s")]


def test_a_job_that_has_not_begun_is_held_without_a_checkpoint():
    job = constant()
    job.halt.wanted = True
    assert go(job, 0, 100) == [(0, "is held")]
    assert job.useful_s(100) == 0.0
    assert job.paused_s(100) == 100.0


def test_draws_are_even_between_their_bounds_and_repeat():
    spec, found = PauseSpec(), []
    for seed in range(2000):
        halt = Halt(spec, seed, wanted=True)
        halt.begin(0, saves=True)
        saved = halt.until
        halt.turn(saved)
        halt.wanted = False
        halt.turn(saved)
        found.append((saved, halt.until - saved))
    saves, restores = np.array(found).T
    # policies 2.0: 77 to 146 s and 39 to 145 s.
    for drawn, (low, high) in ((saves, (77, 146)), (restores, (39, 145))):
        assert (drawn.min(), drawn.max()) == (low, high)
        assert drawn.mean() == pytest.approx((low + high) / 2, rel=0.02)
    assert abs(np.corrcoef(saves, restores)[0, 1]) < 0.1


def test_a_fault_while_held_waits_until_it_runs_and_its_pause_is_a_checkpoint():
    faults = iter([Outage(250, 280), Outage(400, 450), Outage(NEVER, NEVER)])
    job = Pattern(training(), 0, outages=faults, halt=Halt(FIXED))
    go(job, 0, 130)
    job.halt.wanted = True
    go(job, 130, 600)  # saved by 230, held from then on
    job.halt.wanted = False
    said = go(job, 600, 760)
    # 20 s of held time were left until the fault; they pass while it restores.
    assert said[:2] == [
        (600, "is to go on: restores its state in 40 s"),
        (620, "a fault stops it: 0 s of work are to be done again, restart in 30 s"),
    ]
    assert said[2] == (650, "trains again from its last checkpoint")
    assert job.clock_s(760) == 130.0 + 760 - 650
    # The next fault is as long after the first as it would have been.
    assert job.next_change == 400 + 370


def test_a_fault_while_saving_breaks_the_checkpoint_and_the_job_is_held_afterwards():
    job = Pattern(training(), 0, outages=iter([Outage(150, 180), Outage(NEVER, NEVER)]), halt=Halt(FIXED))
    go(job, 0, 130)
    job.halt.wanted = True
    said = go(job, 130, 300)
    assert said[1] == (150, "a fault stops it: 50 s of work are to be done again, restart in 30 s")
    assert said[2] == (180, "is held instead of a restart")
    assert job.paused_s(300) == 20 + 120


def test_a_hung_collective_draws_what_it_is_told_to():
    failures = {"restart": ["1 min", "1 min"], "waiting": 0.3}
    job = Pattern(training(failures=failures), 0, outages=iter([Outage(100, 160)]))
    go(job, 0, 110)
    assert job.activity(110, 113).tolist() == [0.3] * 3


@settings(deadline=None, max_examples=60)
@given(
    orders=st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.floats(0.05, 1.0)), min_size=1, max_size=12),
    faults=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 60)), max_size=6),
    seed=st.integers(0, 99),
)
def test_useful_and_lost_and_paused_time_are_all_the_time(orders, faults, seed):
    """Elapsed = useful + what was slow + what is done again + down + paused, to the second."""
    outages, last = [], 0
    for gap, lasts in faults:
        outages.append(Outage(last + gap, last + gap + lasts))
        last = last + gap + lasts
    shape = training(initialisation="0 s", checkpoint={"every": "50 s", "duration": "5 s"})
    job = Pattern(shape, 0, outages=iter([*outages, Outage(NEVER, NEVER)]), halt=Halt(PauseSpec(), seed))
    tick, slow_s, again_s, down_s = 0, 0.0, 0.0, 0
    for ticks, wanted, kept in orders:
        job.halt.wanted, stop = wanted, tick + ticks
        while tick < stop:
            before_s = job.clock_s(tick)
            job.turn(tick)
            again_s += before_s - job.clock_s(tick)
            step = max(1, min(5, stop - tick, job.next_change - tick))
            tick += step
            job.felt(tick, step, kept)
            if job._down:
                down_s += step
            elif not job.halt.is_on:
                slow_s += (1 - kept) * step
        # Own time is training and its checkpoints: both are bounded by it.
        assert 0 <= job.useful_s(tick) <= job.clock_s(tick) + 1e-9
    assert job.clock_s(tick) + slow_s + again_s + down_s + job.paused_s(tick) == pytest.approx(tick, abs=1e-6)
    assert (again_s == 0.0) or faults


def test_only_what_can_be_paused_has_a_pause():
    pool = {"decode": 1000, "requests": {"rate": 1}}
    with pytest.raises(ValidationError, match="an inference pool cannot be paused"):
        JobSpec.model_validate({"name": "chat", "inference": pool, "pause": {}})
    with pytest.raises(ValidationError, match="a restore takes from 50 to 40 s"):
        PauseSpec.model_validate({"restore": ["50 s", "40 s"]})
    assert Halt().phase is Phase.RUNS
