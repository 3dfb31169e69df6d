"""Whole runs of the pod with jobs that feel a cap: books of work, what is recorded, runs that repeat."""

import json
from pathlib import Path

import numpy as np
import pytest

from twin.finishing import finish
from twin.inputs import load_inputs
from twin.judge.catalogue import known
from twin.judge.serving import pools
from twin.judge.work import jobs
from twin.running import run
from twin.scenario import Scenario
from twin.site.load import load_site

pytestmark = pytest.mark.compiled
POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
JOBS = [
    {
        "name": "training", "nodes": 20,
        "training": {
            "checkpoint": {"every": "2 min", "duration": "15 s"},
            "failures": {"per_gpu_day": 5.0, "restart": ["20 s", "40 s"]},
        },
    },
    {"name": "chat", "nodes": 12, "inference": {"prefill": 40000, "decode": 4000, "requests": {"rate": 190}}},
    {"name": "first", "submit": "0 s", "lasts": "2 min", "nodes": 36, "batch": {"activity": 0.9}},
    {"name": "second", "submit": "30 s", "lasts": "1 min", "nodes": 10, "batch": {"activity": 0.9}, "priority": 3},
]  # fmt: skip


@pytest.fixture(scope="module")
def capped(tmp_path_factory):
    scene = Scenario.model_validate(
        {"duration": "5 min", "jobs": JOBS, "policy": {"name": "uniform-cap", "fields": {"share": 0.6}}}
    )
    return run(load_site(POD), scene, tmp_path_factory.mktemp("run") / "a")


def test_work_of_the_site_is_that_of_its_jobs_and_of_its_gpus(capped):
    tree, site = capped.tree, capped.site
    # Histories are rounded to 13 bits of mantissa.
    for name in ("work", "demand"):
        assert float(tree["job"][name].sum() * 60) == pytest.approx(float(site[name].sum()), rel=6e-5)
    lost = float((site["demand"] - site["work"]).sum())
    assert lost > 0.02 * float(site["demand"].sum())
    assert float(tree["gpu"]["lost_work_s"].sum()) == pytest.approx(lost, rel=1e-9)
    assert abs(capped.facts["energy_residual"]) < 1e-10


def test_jobs_of_the_queue_end_later_under_a_cap(capped):
    by_name = {job.name: job for job in jobs(capped.tree)}
    first, second = by_name["first"], by_name["second"]
    assert first.start_s == 0.0
    assert first.end_s > 130.0
    assert second.start_s == first.end_s
    # Jobs end with whole seconds.
    assert 119.99 < first.progress_s < 121.0
    assert 0.75 < first.goodput < 0.95
    assert (second.submit_s, int(second.progress_s + 0.01)) == (30.0, 60)
    said = [message for message in capped.tree["events"]["message"].values.tolist() if "second" in message]
    assert said[0] == f"second: starts on 10 servers after {first.end_s - 30:.0f} s"


def test_a_training_with_faults_does_less_than_it_was_asked_for(capped):
    training = next(job for job in jobs(capped.tree) if job.name == "training")
    said = [message for message in capped.tree["events"]["message"].values.tolist() if "a fault stops it" in message]
    assert said
    assert training.goodput < training.work.done_gpu_s / training.work.asked_gpu_s


def test_pools_are_recorded_and_judged(capped, tmp_path):
    (chat,) = pools(capped.tree)
    assert chat.requests == pytest.approx(190 * 300, rel=0.02)
    assert 0.8 < chat.busy <= 1.0
    assert chat.first_token.p99_s > chat.first_token.p50_s > 0.04
    said = finish(capped)
    assert said
    figures = json.loads((capped.directory / "run.json").read_text())
    assert "inference_first_token_p99_s" in figures["verdict"]
    assert [name for name in figures["verdict"] if known(name) is None] == []
    page = (capped.directory / "report.html").read_text()
    assert "Inference pools" in page


def test_such_a_run_repeats_to_the_bit_from_its_resolved_file(capped, tmp_path):
    site, scene, folder = load_inputs(capped.directory / "resolved.yaml")
    again = run(site, scene, tmp_path / "again", folder=folder)
    for group in ("site", "job", "pool"):
        for name, values in capped.tree[group].data_vars.items():
            np.testing.assert_array_equal(values, again.tree[group][name], err_msg=f"{group}/{name}")
