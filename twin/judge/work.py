"""GPUs: the hottest, time throttled, work done against work asked for, caps.

Work is counted in GPU-seconds at full speed (3,600 of them are a GPU-hour). *Asked* is what the jobs would have done
on uncapped, unthrottled GPUs, so *lost* is the price of caps and throttling together. *Progress* of a job is the time
it came on, in seconds at full speed: a training's without initialisation, without waiting for checkpoints, and without
what faults made it do again; over its time on its nodes it is its *goodput*.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import durations_s, group, texts, values


class HottestGpu(NamedTuple):
    """Greatest die temperature of the run [degC], end of the second it was seen in, and the GPU's name if known."""

    die_c: float
    time_s: float
    name: str


class Throttling(NamedTuple):
    """GPU-seconds held below the cap by temperature, first time seen, most at once, GPUs ever held."""

    gpu_s: float
    first_s: float
    most: float
    gpus: int
    longest_s: float


class Work(NamedTuple):
    """GPU-seconds at full speed: done, asked for, lost, and the share lost."""

    done_gpu_s: float
    asked_gpu_s: float
    lost_gpu_s: float
    lost_share: float


class Caps(NamedTuple):
    """GPU-seconds under a cap below the board rating, share of all GPU time, and the lowest mean cap [W], when."""

    capped_gpu_s: float
    share: float
    lowest_w: float
    lowest_s: float


def gpu_name(tree: xr.DataTree, index: int) -> str:
    """Name of a GPU by its place in /gpu; nodes and GPUs are named from 1 and counted from 0."""
    gpus, racks = tree["gpu"].to_dataset(), tree["rack"].to_dataset()
    rack = texts(racks, "rack")[int(gpus["rack"].values[index])]
    return f"{rack}/node-{int(gpus['node'].values[index]) + 1}/gpu-{int(gpus['slot'].values[index]) + 1}"


def hottest_gpu(tree: xr.DataTree) -> HottestGpu:
    """The hottest die of the run."""
    site = tree["site"].to_dataset()
    hottest = values(site, "hottest_c")
    k = int(np.nanargmax(hottest))
    name = ""
    gpus = group(tree, "gpu")
    if gpus is not None and gpus.sizes.get("gpu", 0) and "rack" in tree.children:
        name = gpu_name(tree, int(np.nanargmax(gpus["hottest_c"].values)))
    return HottestGpu(float(hottest[k]), float(values(site, "time")[k]), name)


def throttling(tree: xr.DataTree) -> Throttling:
    """How much GPUs were held below their caps by temperature."""
    site = tree["site"].to_dataset()
    held = values(site, "throttled") if "throttled" in site else np.zeros(site.sizes["time"])
    duration = durations_s(site)
    when = np.flatnonzero(held > 0.0)
    first = float(values(site, "time")[when[0]] - duration[when[0]]) if when.size else np.nan
    gpus = group(tree, "gpu")
    each = values(gpus, "throttled_s") if gpus is not None and gpus.sizes.get("gpu", 0) else np.zeros(1)
    return Throttling(float(held @ duration), first, float(held.max()), int((each > 0).sum()), float(each.max()))


def work(site: xr.Dataset) -> Work:
    """Work done against work asked for."""
    duration = durations_s(site)
    done, asked = float(values(site, "work") @ duration), float(values(site, "demand") @ duration)
    lost = asked - done
    return Work(done, asked, lost, lost / asked if asked > 0.0 else 0.0)


def lost_range(tree: xr.DataTree) -> tuple[float, float] | None:
    """Shares of work lost between which the speed curves of the GPU types leave it; ``None`` without racks.

    Every GPU-second lost is taken times the factors within which the curve of its rack's GPUs holds nine in ten jobs.
    """
    racks, all_of_it = group(tree, "rack"), work(tree["site"].to_dataset())
    if racks is None or "lost_least" not in racks or racks.sizes.get("time", 0) == 0:
        return None
    lost = durations_s(racks) @ values(racks, "lost_work")
    weight = lost / lost.sum() if lost.sum() > 0.0 else np.full(lost.size, 1.0 / lost.size)
    least, most = (float(weight @ values(racks, name)) * all_of_it.lost_share for name in ("lost_least", "lost_most"))
    return min(least, 1.0), min(most, 1.0)


def burnt_j(site: xr.Dataset) -> float:
    """Energy of dummy work under power floors [J]; 0 where it was not recorded."""
    return float(values(site, "burnt_w") @ durations_s(site)) if "burnt_w" in site else 0.0


def caps(tree: xr.DataTree) -> Caps | None:
    """How much of the GPUs' time was capped; ``None`` where caps were not recorded."""
    site = tree["site"].to_dataset()
    if "capped" not in site or "cap_w" not in site:
        return None
    duration = durations_s(site)
    capped = float(values(site, "capped") @ duration)
    all_gpu_s = float(tree.attrs.get("gpus", 0)) * float(duration.sum())
    cap = values(site, "cap_w")
    finite = np.where(np.isfinite(cap), cap, np.inf)
    k = int(np.argmin(finite))
    return Caps(capped, capped / all_gpu_s if all_gpu_s else 0.0, float(finite[k]), float(values(site, "time")[k]))


class JobWork(NamedTuple):
    """One job: nodes held at most, energy [J], work [GPU-seconds] and progress [s] over the run.

    ``submit_s`` is NaN for a job that did not wait in the queue, ``start_s`` and ``end_s`` for what did not happen.
    ``held_s`` is the time on its nodes within the run, ``goodput`` progress over that; NaN where there is none.
    ``paused_s`` is the part of it in which a policy paused it.
    """

    name: str
    kind: str
    submit_s: float
    start_s: float
    end_s: float
    nodes: float
    energy_j: float
    work: Work
    progress_s: float
    held_s: float
    paused_s: float

    @property
    def goodput(self) -> float:
        """Progress over time on its nodes."""
        return self.progress_s / self.held_s if self.held_s > 0.0 else np.nan


def jobs(tree: xr.DataTree) -> list[JobWork]:
    """Each job's share of energy and work."""
    dataset = group(tree, "job")
    if dataset is None or dataset.sizes.get("job", 0) == 0 or dataset.sizes.get("time", 0) == 0:
        return []
    duration = durations_s(dataset)
    energy, done, asked = (duration @ values(dataset, name) for name in ("power_w", "work", "demand"))
    nodes = values(dataset, "nodes").max(axis=0)
    kinds = texts(dataset, "kind") if "kind" in dataset else [""] * len(nodes)
    times = {name: _fixed(dataset, name) for name in ("submit_s", "start_s", "end_s")}
    progress_s = duration @ values(dataset, "progress") if "progress" in dataset else np.full(len(nodes), np.nan)
    paused_s = duration @ values(dataset, "paused") if "paused" in dataset else np.zeros(len(nodes))
    held_s = np.clip(np.nan_to_num(times["end_s"], nan=np.inf), 0.0, values(dataset, "time")[-1])
    held_s -= np.clip(times["start_s"], 0.0, held_s)
    found = []
    for i, name in enumerate(texts(dataset, "job")):
        lost = float(asked[i] - done[i])
        job_work = Work(float(done[i]), float(asked[i]), lost, lost / float(asked[i]) if asked[i] > 0.0 else 0.0)
        submit_s, start_s, end_s = (float(column[i]) for column in times.values())
        progress, held, count, spent_j = (float(column[i]) for column in (progress_s, held_s, nodes, energy))
        times_s = submit_s, start_s, end_s
        paused = float(paused_s[i])
        found.append(JobWork(name, kinds[i], *times_s, count, spent_j, job_work, progress, held, paused))
    return found


def _fixed(dataset: xr.Dataset, name: str) -> Vec:
    return values(dataset, name) if name in dataset else np.full(dataset.sizes["job"], np.nan)


def training_goodput(tree: xr.DataTree) -> float:
    """Progress of all trainings over their time on their nodes, each weighed by its nodes; NaN without any."""
    trainings = [job for job in jobs(tree) if job.kind == "training" and np.isfinite(job.goodput)]
    node_s = sum(job.nodes * job.held_s for job in trainings)
    return sum(job.nodes * job.progress_s for job in trainings) / node_s if node_s else np.nan
