"""Inference pools: what they served, and how late answers were.

Minutes hold the times that half and 99 % of a minute's requests stay below, and how many requests (tokens) fell into
each bin of latency. A percentile of the run, of one pool or of all of a priority, is that of the added bins, with
logarithmic interpolation inside a bin: it is exact to the width of one, 4.9 %. Results without bins have means of the
minutes' percentiles by their requests instead. The worst is that of the worst minute.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import durations_s, group, texts, values


class Latency(NamedTuple):
    """A latency [s]: median and 99th percentile over the run, and the worst minute's 99th percentile."""

    p50_s: float
    p99_s: float
    worst_p99_s: float
    worst_at_s: float


class Served(NamedTuple):
    """A pool over the run: requests and tokens in all, share of its servers at work, latencies."""

    name: str
    requests: float
    prompt_tokens: float
    generated_tokens: float
    busy: float
    first_token: Latency
    between_tokens: Latency


def pools(tree: xr.DataTree) -> list[Served]:
    """Every inference pool of the run."""
    dataset = group(tree, "pool")
    if dataset is None or not dataset.sizes.get("pool", 0) or not dataset.sizes.get("time", 0):
        return []
    duration, time_s = durations_s(dataset), values(dataset, "time")
    each = {str(name): values(dataset, str(name)) for name in dataset.variables if str(name) != "pool"}
    found = []
    for i, name in enumerate(texts(dataset, "pool")):
        requests = each["requests"][:, i] * duration
        counted, prompts, answers = (
            float(duration @ each[column][:, i]) for column in ("requests", "prompt_tokens", "generated_tokens")
        )
        busy = float(duration @ each["busy"][:, i] / duration.sum())
        ttft, tbt = (
            _latency(each[f"{kind}_p50_s"][:, i], each[f"{kind}_p99_s"][:, i], requests, time_s)
            for kind in ("ttft", "tbt")
        )
        if "ttft_count" in each:
            ttft, tbt = (
                latency._replace(
                    p50_s=quantile_s(0.5, counts, each["bin"]), p99_s=quantile_s(0.99, counts, each["bin"])
                )
                for latency, counts in (
                    (ttft, each["ttft_count"][:, i].sum(axis=0)),
                    (tbt, each["tbt_count"][:, i].sum(axis=0)),
                )
            )
        found.append(Served(name, counted, prompts, answers, busy, ttft, tbt))
    return found


def _latency(half_s: Vec, most_s: Vec, requests: Vec, time_s: Vec) -> Latency:
    known = np.isfinite(most_s) & (requests > 0.0)
    if not known.any():
        return Latency(np.nan, np.nan, np.nan, np.nan)
    weight = requests[known] / requests[known].sum()
    worst = int(np.argmax(np.where(known, most_s, -np.inf)))
    return Latency(
        float(weight @ half_s[known]), float(weight @ most_s[known]), float(most_s[worst]), float(time_s[worst])
    )


def quantile_s(share: float, counts: Vec, edges_s: Vec) -> float:
    """The time that ``share`` of what is counted stays below; NaN where nothing is, infinite in the last bin.

    ``edges_s`` are the bins' lower edges. Inside a bin the logarithm of the time is interpolated.
    """
    below = np.cumsum(counts)
    if below[-1] <= 0.0:
        return float("nan")
    k = min(int(np.searchsorted(below, share * below[-1])), len(counts) - 1)
    if k + 1 == len(counts):
        return float("inf")
    inside = float(np.clip((share * below[-1] - (below[k] - counts[k])) / counts[k], 0.0, 1.0))
    low, high = float(edges_s[k]), float(edges_s[k + 1])
    return float(low * (high / low) ** inside) if low > 0.0 else inside * high


class ByPriority(NamedTuple):
    """Latencies of all requests of one priority, or of all there are [s]."""

    name: str
    first_token: tuple[float, float]
    between_tokens: tuple[float, float]


def by_priority(tree: xr.DataTree) -> list[ByPriority]:
    """Half and 99 % of the latencies over all pools (``all``), then by priority of the pools' jobs."""
    dataset, jobs = group(tree, "pool"), group(tree, "job")
    if dataset is None or "ttft_count" not in dataset or not dataset.sizes.get("time", 0):
        return []
    names = texts(dataset, "pool")
    members = {"all": np.ones(len(names), dtype=bool)}
    if jobs is not None and "priority" in jobs:
        known = dict(zip(texts(jobs, "job"), values(jobs, "priority"), strict=True))
        own = np.array([known.get(name, 0.0) for name in names])
        members |= {f"priority_{one:.0f}": own == one for one in np.unique(own)}
    edges_s, found = values(dataset, "bin"), []
    for name, some in members.items():
        each = (values(dataset, kind)[:, some].sum(axis=(0, 1)) for kind in ("ttft_count", "tbt_count"))
        first, between = ((quantile_s(0.5, one, edges_s), quantile_s(0.99, one, edges_s)) for one in each)
        found.append(ByPriority(name, first, between))
    return found
