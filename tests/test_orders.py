"""Pauses and admission in a closed loop: servers are held, work is withheld, the queue waits."""

from pathlib import Path

import numpy as np
import pytest

from tests.test_workload import TRAINING, Servers
from twin.control.policy import Commands
from twin.control.scheduler import Order
from twin.scenario import Scenario
from twin.site.compile import compile_site
from twin.site.load import load_site

POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
COSTS = {"checkpoint": ["100 s", "100 s"], "restore": ["40 s", "40 s"]}


@pytest.fixture(scope="module")
def pod():
    return compile_site(load_site(POD), 0)


def paused(count, *jobs):
    return Order(np.isin(np.arange(count), jobs), None)


def test_a_pause_holds_servers_and_withholds_work(pod):
    jobs = [
        {"name": "t", "nodes": 10, "start": "0 s", "training": TRAINING, "pause": COSTS},
        {"name": "b", "nodes": 5, "start": "0 s", "constant": {"activity": 0.9}},
    ]
    servers = Servers(pod, jobs).run(100)
    servers.workload.obey(100, paused(3, 1))
    servers.run(400)
    assert servers.workload.paused().tolist() == [False, True, False]
    assert servers.node.job[:10].tolist() == [1] * 10
    servers.workload.obey(400, paused(3))
    servers.run(600)
    assert servers.workload.progress_s(600).tolist() == pytest.approx([260.0, 600.0])
    assert servers.workload.paused_s(600).tolist() == [340.0, 0.0]
    work, demand, jobs_work, jobs_demand = servers.sums()
    assert jobs_work == pytest.approx(work, rel=1e-12)
    assert jobs_demand == pytest.approx(demand, rel=1e-12)
    # What the training would have done in its 340 s, less the activity of saving and restoring.
    mean = 0.849 - 0.157 * (0.849 - 0.622)
    assert (demand - work) / 80 == pytest.approx(340 * mean - 140 * 0.1, rel=2e-3)
    assert servers.node.lost_total_s[10:].max() == 0.0
    assert [words for _, words in servers.said] == [
        "t: is to pause: saves its state in 100 s",
        "t: is paused, its servers idle",
        "t: is to go on: restores its state in 40 s",
        "t: goes on after 340 s",
    ]


def test_a_queue_that_may_start_nothing_starts_what_waits_when_it_may_again(pod):
    jobs = [
        {"name": "a", "submit": "0 s", "lasts": "100 s", "nodes": 10, "constant": {"activity": 1}},
        {"name": "b", "submit": "50 s", "lasts": "100 s", "nodes": 5, "constant": {"activity": 1}},
    ]
    servers = Servers(pod, jobs).run(20)
    assert servers.workload.obey(20, Order(None, False)) == ["the queue starts no jobs until it is told to"]
    servers.run(200)
    assert servers.placed("a").end_tick == 100
    assert not servers.workload.activity(150, 160).any()
    assert servers.workload.obey(200, Order(None, True)) == ["the queue may start jobs again"]
    servers.run(400)
    assert (servers.placed("b").start_tick, servers.placed("b").end_tick) == (200, 300)
    assert servers.workload.obey(400, Order(None, True)) == []


def test_a_paused_job_of_the_queue_ends_later_and_who_waits_for_it_waits(pod):
    jobs = [
        {"name": "a", "submit": "0 s", "lasts": "300 s", "nodes": "all", "constant": {"activity": 1}, "pause": COSTS},
        {"name": "b", "submit": "10 s", "lasts": "100 s", "nodes": 5, "constant": {"activity": 1}},
    ]
    servers = Servers(pod, jobs).run(100)
    servers.workload.obey(100, paused(3, 1))
    servers.run(500)
    servers.workload.obey(500, paused(3))
    servers.run(900)
    assert servers.placed("a").end_tick == 300 + 440
    assert servers.placed("b").start_tick == 740


def test_a_job_told_to_pause_before_it_starts_is_held_at_its_start(pod):
    jobs = [{"name": "t", "start": "60 s", "constant": {"activity": 1}, "pause": COSTS}]
    servers = Servers(pod, jobs).run(20)
    servers.workload.obey(20, paused(2, 1))
    servers.run(100)
    assert servers.said == [(60, "t: is held")]
    assert servers.workload.progress_s(100).tolist() == [0.0]


def test_a_job_told_to_pause_in_the_queue_is_held_as_it_starts(pod):
    jobs = [
        {"name": "a", "submit": "0 s", "lasts": "100 s", "nodes": "all", "constant": {"activity": 1}},
        {"name": "b", "submit": "0 s", "lasts": "100 s", "nodes": 5, "constant": {"activity": 1}, "pause": COSTS},
    ]
    servers = Servers(pod, jobs).run(20)
    servers.workload.obey(20, paused(3, 2))
    servers.run(200)
    assert servers.said[-2:] == [(100, "b: starts on 5 servers after 100 s"), (100, "b: is held")]
    assert servers.node.job[:5].tolist() == [2] * 5
    servers.workload.obey(200, paused(3))
    servers.run(400)
    assert servers.placed("b").end_tick == 200 + 40 + 100


class Pausing:
    """Pauses the first job from 120 s on until 420 s."""

    every_s = 10.0

    def act(self, seen):
        pause = np.zeros(len(seen.jobs), bool)
        pause[1] = 120 <= seen.time_s < 420
        return Commands(np.full(seen.fleet.gpus.size, np.inf), pause=pause, admit=not pause[1])


def test_a_run_with_a_pause(tmp_path, monkeypatch):
    import twin
    from twin import telemetry

    monkeypatch.setattr(telemetry, "make_policy", lambda *_: Pausing())
    jobs = [
        {"name": "t", "nodes": 16, "start": "0 s", "training": TRAINING, "pause": COSTS},
        {"name": "q", "nodes": 4, "submit": "200 s", "lasts": "60 s", "batch": {"activity": 0.8}},
    ]
    scenario = Scenario.model_validate({"duration": "660 s", "jobs": jobs})
    tree = twin.run(load_site(POD), scenario, tmp_path / "run").tree
    job = tree["job"].to_dataset()
    share = job["paused"].sel(job="t").values
    # Ordered at 120 and 420 s, 5 s late: saves from 125 to 225 s, restores from 425 to 465 s.
    assert share == pytest.approx([0, 0, 55 / 60, 1, 1, 1, 1, 45 / 60, 0, 0, 0], rel=6e-5)  # as rounded in the file
    assert (job["progress"].sel(job="t").values * 60).sum() == pytest.approx(660 - 340)
    assert job["start_s"].sel(job="q") == 425
    assert job["nodes"].sel(job="t").values.min() == 16
    power_w = job["power_w"].sel(job="t").values / 16
    assert power_w[4] < 2300  # idle
    assert power_w[1] > 6000
    events = tree["events"].to_dataset()
    said = dict(zip(events["message"].values.tolist(), events["time_s"].values.tolist(), strict=True))
    assert said["t: is paused, its servers idle"] == 225
    assert said["the queue starts no jobs until it is told to"] == 125
    assert said["q: starts on 4 servers after 225 s"] == 425
    assert float(np.abs(tree["books"]["residual"]).max()) < 1e-9
