"""Jobs in a closed loop: the pace of the slowest server, what waiting costs, the queue, pools that are late."""

from pathlib import Path

import numpy as np
import pytest

from twin.core.clock import Clock
from twin.drive.backfill import NEVER
from twin.scenario import Scenario
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site
from twin.workload import Workload

POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
TRAINING = {"initialisation": "0 s", "noise": 0, "evaluation": None}


@pytest.fixture(scope="module")
def pod():
    return compile_site(load_site(POD), 0)


class Servers:
    """A pod whose servers keep given shares of their speed."""

    def __init__(self, pod, jobs, duration="1 h"):
        scenario = Scenario.model_validate({"duration": duration, "jobs": jobs})
        self.duration = int(scenario.duration)
        self.workload = Workload(scenario, pod, self.duration, Path(), Clock())
        self.node, self.gpus, self.said, self.tick = new_state(pod).node, pod.node_gpus, [], 0
        self.kept = np.ones(len(self.gpus))
        self.work, self.demand, self.shown = [], [], []

    def step(self, longest=5):
        """One macro-step, as a simulation does it."""
        tick, node = self.tick, self.node
        moved, said = self.workload.begin(tick)
        self.said += [(tick, words) for words in said]
        if moved:
            node.job[:] = self.workload.holders(tick, len(self.gpus))
        end = min(tick + longest, self.workload.next_change(tick), self.duration)
        shown = self.workload.activity(tick, end)
        asked = shown[:, node.job]
        lost = asked * (1.0 - self.kept)
        node.asked[:] += asked.sum(axis=0) * self.gpus
        node.lost[:] += lost.sum(axis=0) * self.gpus
        node.lost_total_s[:] += lost.sum(axis=0)
        demand = asked @ self.gpus.astype(float)
        work = demand - lost @ self.gpus.astype(float)
        self.workload.felt(end, end - tick, node, work, demand)
        self.work.append(work), self.demand.append(demand), self.shown.append(shown)
        self.tick = end

    def run(self, until):
        while self.tick < until:
            self.step()
        return self

    def sums(self):
        """Work and demand of the site, and of the jobs together."""
        work, demand = np.concatenate(self.work).sum(), np.concatenate(self.demand).sum()
        return work, demand, (self.node.asked - self.node.lost).sum(), self.node.asked.sum()

    def placed(self, name):
        return next(p for p in self.workload.placements if p.job.name == name)


def test_a_training_goes_as_fast_as_its_slowest_server(pod):
    servers = Servers(pod, [{"name": "t", "start": "0 s", "training": TRAINING}])
    servers.kept[3] = 0.8
    servers.run(600)
    assert servers.workload.progress_s(600).tolist() == pytest.approx([0.8 * 600])
    work, demand, jobs_work, jobs_demand = servers.sums()
    assert jobs_work == pytest.approx(work, rel=1e-12)
    assert jobs_demand == pytest.approx(demand, rel=1e-12)
    assert work == pytest.approx(0.8 * demand, rel=1e-12)
    assert servers.node.lost_total_s == pytest.approx(servers.node.lost_total_s[3])


def test_its_iterations_take_as_much_longer(pod):
    slow, free = (Servers(pod, [{"name": "t", "start": "0 s", "training": TRAINING}]) for _ in range(2))
    slow.kept[:] = 0.5
    slow.run(1200)
    free.run(600)
    stretched, plain = (np.concatenate(one.shown)[:, 1] for one in (slow, free))
    # From the second macro-step on two seconds at half speed are one.
    assert stretched[10:].reshape(-1, 2).mean(axis=1)[:-5] == pytest.approx(plain[5:-5], abs=0.03)


def test_other_jobs_go_as_fast_as_their_servers_on_average(pod):
    jobs = [{"name": "b", "start": "0 s", "on": "h100-hgx-rack", "constant": {"activity": 0.9}}]
    servers = Servers(pod, jobs)
    servers.kept[:8] = 0.6
    servers.run(300)
    assert servers.workload.progress_s(300).tolist() == pytest.approx([(1 - 0.4 * 8 / 32) * 300])
    work, demand, jobs_work, _ = servers.sums()
    assert jobs_work == pytest.approx(work) == pytest.approx((1 - 0.4 * 8 / 32) * demand)


def test_servers_without_supply_are_left_out(pod):
    servers = Servers(pod, [{"name": "t", "start": "0 s", "training": TRAINING}])
    servers.kept[:4] = 0.0
    servers.run(300)
    assert servers.workload.progress_s(300).tolist() == pytest.approx([300.0])
    servers.kept[:] = 0.0
    servers.run(600)
    assert servers.workload.progress_s(600).tolist() == pytest.approx([300.0])


def test_a_training_that_fails_does_so_where_servers_stop(pod):
    training = TRAINING | {
        "checkpoint": {"every": "1 min"},
        "failures": {"per_gpu_day": 1e-9, "restart": ["1 min"] * 2},
    }
    servers = Servers(pod, [{"name": "t", "start": "0 s", "training": training}]).run(300)
    servers.kept[:4] = 0.0
    servers.run(600)
    assert [tick for tick, _ in servers.said] == [305, 365]
    assert "a fault stops it" in servers.said[0][1]


def test_full_speed_again_is_the_pattern_from_its_clock_on(pod):
    servers = Servers(pod, [{"name": "t", "start": "0 s", "training": TRAINING}])
    servers.kept[:] = 0.75
    servers.run(200)
    servers.kept[:] = 1.0
    servers.run(400)
    clock_s = servers.workload.progress_s(400)[0]
    assert clock_s == pytest.approx(350.0)
    fresh = Servers(pod, [{"name": "t", "start": "0 s", "training": TRAINING}])
    assert servers.workload.activity(400, 500) == pytest.approx(fresh.workload.activity(350, 450))
    assert not servers.workload._slow


QUEUE = [
    {"name": "long", "submit": "0 s", "nodes": 60, "batch": {"activity": 0.9}, "lasts": "10 min"},
    {"name": "wide", "submit": "10 s", "nodes": "all", "batch": {"activity": 0.9}, "lasts": "5 min"},
    {"name": "short", "submit": "20 s", "nodes": 8, "batch": {"activity": 0.5}, "lasts": "5 min"},
    {"name": "late", "submit": "20 s", "nodes": 8, "batch": {"activity": 0.5}, "lasts": "20 min"},
]


def test_jobs_wait_in_a_queue_and_small_ones_go_before_big_ones_they_do_not_delay(pod):
    servers = Servers(pod, QUEUE).run(3600)
    spans = {p.job.name: (p.start_tick, p.end_tick) for p in servers.workload.placements}
    assert spans == {"long": (0, 600), "short": (20, 320), "wide": (600, 900), "late": (900, 2100)}
    assert (600, "long: done") in servers.said
    assert (600, "wide: starts on 68 servers after 590 s") in servers.said
    facts = {fact.name: fact for fact in servers.workload.facts()}
    assert (facts["wide"].submit_s, facts["wide"].start_s, facts["wide"].end_s) == (10.0, 600.0, 900.0)


def test_a_capped_job_ends_later_and_the_next_one_starts_later(pod):
    servers = Servers(pod, QUEUE)
    servers.kept[:] = 0.8
    servers.run(3600)
    spans = {p.job.name: (p.start_tick, p.end_tick) for p in servers.workload.placements}
    assert spans["long"] == (0, 750)
    assert spans["short"] == (20, 395)
    assert spans["wide"] == (750, 1125)
    assert servers.workload.progress_s(3600).tolist() == pytest.approx([600, 300, 300, 1200])
    # The same work, later: 1.25 times as long in all.
    work, _, jobs_work, _ = servers.sums()
    free = Servers(pod, QUEUE).run(3600)
    assert work == pytest.approx(free.sums()[0], rel=1e-12) == pytest.approx(jobs_work, rel=1e-12)


def test_priority_leaves_the_queue_first_and_jobs_with_a_start_keep_their_nodes(pod):
    jobs = [
        {"name": "given", "start": "5 min", "end": "10 min", "nodes": 40, "constant": {"activity": 0.5}},
        {"name": "low", "submit": "0 s", "nodes": 30, "batch": {"activity": 0.5}, "lasts": "5 min"},
        {"name": "high", "submit": "0 s", "nodes": 28, "batch": {"activity": 0.5}, "lasts": "5 min", "priority": 2},
        {"name": "never", "submit": "0 s", "nodes": 68, "batch": {"activity": 0.5}, "lasts": "2 h"},
    ]
    servers = Servers(pod, jobs).run(3600)
    spans = {p.job.name: (p.start_tick, p.end_tick) for p in servers.workload.placements}
    assert spans["given"] == (300, 600)
    assert spans["high"] == (0, 300)
    assert spans["low"] == (600, 900)
    assert spans["never"] == (900, NEVER)
    assert np.isnan(next(f.end_s for f in servers.workload.facts() if f.name == "never"))


def test_a_pool_is_late_under_a_cap_and_makes_up_for_it(pod):
    spec = {"prefill": 40000, "decode": 4000, "requests": {"rate": 380}}
    servers = Servers(pod, [{"name": "p", "start": "0 s", "on": "h100-hgx-rack", "inference": spec}])
    free = Servers(pod, [{"name": "p", "start": "0 s", "on": "h100-hgx-rack", "inference": spec}]).run(1800)
    servers.run(300)
    calm = servers.workload.services(240, 300)[0]
    servers.kept[:] = 0.6
    servers.run(600)
    late = servers.workload.services(540, 600)[0]
    assert late.busy == pytest.approx(1.0, abs=0.02)
    assert late.wait_s > 30 > 1 > calm.wait_s
    assert late.ttft_p99_s > 20 * calm.ttft_p99_s
    work, demand, jobs_work, jobs_demand = servers.sums()
    assert jobs_work == pytest.approx(work, rel=1e-12)
    assert jobs_demand == pytest.approx(demand, rel=1e-12)
    assert work < 0.95 * demand
    servers.kept[:] = 1.0
    servers.run(1800)
    work, demand, jobs_work, jobs_demand = servers.sums()
    assert demand == pytest.approx(free.sums()[1], rel=1e-9)
    assert work == pytest.approx(demand, rel=5e-3)
    assert not servers.workload._slow


def test_a_failing_training_is_back_at_its_checkpoint(pod):
    training = TRAINING | {
        "checkpoint": {"every": "2 min", "duration": "20 s"},
        "failures": {"per_gpu_day": 0.5, "restart": ["1 min", "2 min"]},
    }
    servers = Servers(pod, [{"name": "t", "start": "0 s", "training": training}], duration="6 h").run(21600)
    failed = [tick for tick, words in servers.said if "a fault stops it" in words]
    # 400 GPUs at half a fault a day: one in 7.2 min of work, and 1.5 min of restart.
    assert len(failed) == pytest.approx(21600 / (432 + 90), rel=0.25)
    assert len([tick for tick, words in servers.said if "trains again" in words]) in (len(failed), len(failed) - 1)
    shown = np.concatenate(servers.shown)[:, 1]
    assert not shown[failed[0] : failed[0] + 60].any()
    useful_s = servers.workload.progress_s(21600)[0]
    assert 0.5 * 21600 < useful_s < (shown > 0).sum()


def test_steps_of_a_second_have_its_mean(pod):
    jobs = [
        {"name": "t", "nodes": 20, "training": {}},
        {"name": "p", "nodes": 8, "inference": {"prefill": 40000, "requests": {"rate": 100}}},
    ]
    servers = Servers(pod, jobs)
    servers.kept[:] = 0.9
    servers.run(300)
    steps = servers.workload.steps(300, 1, 100)
    assert steps.shape == (3, 300)
    assert steps[:, 100:200].mean(axis=1) == pytest.approx(servers.workload.activity(300, 301)[0])
    behind = servers.workload._courses[1]._behind_s.copy()
    servers.workload.steps(200, 1, 10)
    assert np.array_equal(behind, servers.workload._courses[1]._behind_s)
