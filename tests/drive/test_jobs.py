"""Jobs on nodes: first fit in site order, freed nodes used again, whole sites by a word."""

import numpy as np
import pytest
from pydantic import ValidationError

from twin.core.errors import ScenarioError, TraceError
from twin.drive.backfill import NEVER
from twin.drive.course import Pattern
from twin.drive.job_table import job_table
from twin.drive.jobs import Floor, JobSpec, JobsSpec, job_seed, place
from twin.drive.mixes import read_jobs
from twin.drive.waveform import IDLE_W, MAXIMUM_W

HALF = {"activity": 0.5}


def floor(h100=60, h200=30, nvl72=10):
    types = np.repeat(["h100-hgx-rack", "h200-hgx-rack", "gb200-nvl72-rack"], [h100, h200, nvl72])
    halls = np.where(np.arange(len(types)) % 2 == 0, "hall-1", "hall-2")
    return Floor(halls, types, np.where(types == "gb200-nvl72-rack", 4, 8))


def job(name="a", **fields):
    return JobSpec.model_validate({"name": name, "constant": HALF} | fields)


def put(jobs, tmp_path, site=None, ticks=3600, seed=1):
    return place(jobs, site or floor(), ticks, seed, tmp_path)


def test_first_fit_in_site_order_with_filters(tmp_path):
    placed = put(
        [job("a", nodes=3), job("b", nodes=2, on="hall-2"), job("c", nodes="20 %", on="gb200-nvl72-rack")], tmp_path
    )
    assert [p.nodes.tolist() for p in placed] == [[0, 1, 2], [3, 5], [90, 91]]
    assert [(p.start_tick, p.end_tick) for p in placed] == [(0, 3600)] * 3


def test_freed_nodes_are_used_again(tmp_path):
    jobs = [job("late", nodes="all", start="10 min"), job("early", nodes="all", start="0 s", end="10 min")]
    early, late = put(jobs, tmp_path)
    assert (early.job.name, early.end_tick, late.start_tick) == ("early", 600, 600)
    assert len(late.nodes) == 100


def test_rest_takes_what_is_left(tmp_path):
    placed = put([job("a", nodes="25 %"), job("b", nodes="rest")], tmp_path)
    assert [len(p.nodes) for p in placed] == [25, 75]
    assert not set(placed[0].nodes) & set(placed[1].nodes)


def test_tells_every_job_that_does_not_fit(tmp_path):
    jobs = [
        job("a", nodes=90, start="0 s"),
        job("b", nodes=20, start="5 s", end="9 s"),
        job("c", nodes=1, on="hall-3"),
        job("d", nodes=11, on="gb200-nvl72-rack", start="9 s"),
        job("d", nodes="rest", on="h100-hgx-rack", start="9 s"),
    ]
    with pytest.raises(ScenarioError) as error:
        put(jobs, tmp_path)
    assert [str(problem) for problem in error.value.problems] == [
        "jobs.d.name: this name is used twice",
        'jobs.c.on: "hall-3" is no hall or rack type; did you mean "hall-2"?',
        "jobs.b.nodes: asks for 20 nodes at 5 s, 10 are free",
        'jobs.d.nodes: asks for 11 nodes at 9 s, 10 are free on "gb200-nvl72-rack"',
        'jobs.d.nodes: asks for the rest of the nodes at 9 s, 0 are free on "h100-hgx-rack"',
    ]


def test_a_start_between_ticks_is_an_error(tmp_path):
    with pytest.raises(ScenarioError, match=r"jobs\.a\.start: 1\.5 s is not a whole number"):
        put([job("a", start="1.5 s")], tmp_path)


def test_a_job_that_ran_before_is_past_its_initialisation(tmp_path):
    names = [f"j{k}" for k in range(20)]
    jobs = [JobSpec.model_validate({"name": name, "nodes": 5, "training": {}}) for name in names]
    starts = np.array([p.start_tick for p in put(jobs, tmp_path)])
    assert ((starts <= -358) & (starts > -358 - 143)).all()
    assert len(set(starts)) > 10
    assert starts.tolist() == [p.start_tick for p in put(jobs, tmp_path)]
    assert starts.tolist() != [p.start_tick for p in put(jobs, tmp_path, seed=2)]


def test_a_seed_belongs_to_a_job():
    assert job_seed(1, "a") == job_seed(1, "a")
    assert len({job_seed(seed, name) for seed in (1, 2, 12) for name in ("a", "b", "2/a")}) == 9


@pytest.mark.parametrize("site", [floor(), floor(18750, 6256, 5004), floor(6, 0, 2)])
def test_mixed_training_fills_the_site_at_the_measured_mean(tmp_path, site):
    placed = put(read_jobs(JobsSpec(mix="mixed-training"), site, tmp_path), tmp_path, site)
    assert np.sort(np.concatenate([p.nodes for p in placed])).tolist() == list(range(len(site.hall)))
    activity = [len(p.nodes) * Pattern(p.waveform, p.start_tick, p.end_tick).activity(0, 3600).mean() for p in placed]
    power_w = IDLE_W + sum(activity) / len(site.hall) * (MAXIMUM_W - IDLE_W)
    assert power_w == pytest.approx(0.86 * MAXIMUM_W, rel=0.025)


def test_mixed_training_of_the_reference_site_has_a_job_of_100000_gpus(tmp_path):
    site = floor(18752, 6256, 5004)
    placed = put(read_jobs(JobsSpec(mix="mixed-training"), site, tmp_path), tmp_path, site)
    gpus = sorted(int(site.gpus[p.nodes].sum()) for p in placed)
    assert gpus[-1] == pytest.approx(100_000, rel=0.01)
    assert gpus[-2] == 50_048
    assert 20_016 in gpus


def test_stress_and_idle(tmp_path):
    (stress,) = put(read_jobs(JobsSpec(mix="stress"), floor(), tmp_path), tmp_path)
    assert len(stress.nodes) == 100
    assert (Pattern(stress.waveform, stress.start_tick, stress.end_tick).activity(0, 5) == 1.0).all()
    assert read_jobs(JobsSpec(mix="idle"), floor(), tmp_path) == []
    assert read_jobs([job()], floor(), tmp_path) == [job()]


def test_a_job_table(tmp_path):
    (tmp_path / "jobs.csv").write_text(
        "name,start_s,end_s,nodes,kind,activity,on,iteration_s\n"
        "a,,600,25 %,training,,hall-1,5\nb,60,,8,constant,0.7,,\nc,,,rest,constant,50 %,,\n"
    )
    a, b, c = read_jobs(JobsSpec(table="jobs.csv"), floor(), tmp_path)
    assert (a.kind, a.start, a.end, a.nodes, a.on, a.training.iteration) == ("training", None, 600, 0.25, "hall-1", 5)
    assert (b.kind, b.start, b.end, b.nodes, b.constant.activity) == ("constant", 60, None, 8, 0.7)
    assert (c.nodes, c.constant.activity) == ("rest", 0.5)


def test_a_table_of_jobs_that_wait(tmp_path):
    (tmp_path / "jobs.csv").write_text(
        "name,submit_s,start_s,end_s,nodes,kind,activity,lasts_s,walltime_s,priority,flexibility\n"
        "a,60,,,8,batch,0.9,600,900,2,50 %\nb,0,,,25 %,training,,3600,,,\n"
    )
    a, b = read_jobs(JobsSpec(table="jobs.csv"), floor(), tmp_path)
    assert (a.kind, a.submit, a.lasts, a.walltime, a.priority, a.flexibility) == ("batch", 60, 600, 900, 2, 0.5)
    assert (b.kind, b.submit, b.lasts, b.walltime, b.priority) == ("training", 0, 3600, None, 1)
    placed = put([b, a, job("c", nodes=3)], tmp_path)
    assert [p.job.name for p in placed] == ["c", "b", "a"]
    assert [p.waiting and (p.waiting.nodes, p.waiting.ticks, p.waiting.since) for p in placed] == [
        None,
        (25, 3600, 0),
        (8, 900, 60),
    ]
    assert all(p.start_tick == NEVER and not len(p.nodes) for p in placed[1:])


def test_tells_every_job_that_can_never_leave_the_queue(tmp_path):
    queued = {"submit": "0 s", "lasts": "1 min"}
    with pytest.raises(ScenarioError) as error:
        put([job("a", nodes=101, **queued), job("b", on="hall-3", **queued)], tmp_path)
    assert [str(problem) for problem in error.value.problems] == [
        "jobs.a.nodes: asks for 101 nodes, there are 100",
        'jobs.b.on: "hall-3" is no hall or rack type; did you mean "hall-2"?',
    ]


def test_a_job_table_tells_every_problem(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(
        "name,start_s,end_s,nodes,kind,activity\n"
        "a,0,,8,trainning,\nb,soon,,8,constant,0.7\nc,0,,8,constant,7\nc,9,5,8,constant,0.7\nc,,,8,training,\nc,,,8,training,\n"
    )
    with pytest.raises(TraceError) as error:
        job_table(path)
    told = [str(problem).removeprefix(str(path)) for problem in error.value.problems]
    assert told[0] == ':2: kind: "trainning" is no kind of a job table; did you mean "training"?'
    assert told[1].startswith(":3: start: 'soon s' is not a duration")
    assert told[2] == ":4: constant.activity: Input should be less than or equal to 1"
    assert told[3] == ":5: it ends at 5 s, not after its start at 9 s"
    assert told[4] == ':7: name: "c" is there twice'


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"training": {}}, "found training and constant"),
        ({"constant": None}, "exactly one of training, inference, batch, square, constant, step, trace; found none"),
        ({"end": "0 s"}, "greater than 0"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": "150 %"}, "less than or equal to 1"),
        ({"lasts": "1 h"}, "give submit too, or start and end"),
        ({"submit": "0 s"}, "needs lasts"),
        ({"submit": "0 s", "lasts": "1 h", "end": "2 h"}, "either submit and lasts, or start and end"),
        ({"submit": "0 s", "lasts": "1 h", "nodes": "rest"}, 'not for "rest"'),
    ],
)
def test_says_what_is_wrong_with_a_job(fields, message):
    with pytest.raises(ValidationError, match=message):
        job(**fields)


def test_jobs_are_a_table_or_a_mix():
    with pytest.raises(ValidationError, match="either table or mix"):
        JobsSpec()
