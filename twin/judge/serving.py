"""Inference pools: what they served, and how late answers were.

Minutes hold the times that half and 99 % of a minute's requests stay below. Over a run, means are of minutes weighed by
their requests, and the worst is that of the worst minute: no minute's percentile is one of the run.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import durations_s, group, texts, values


class Latency(NamedTuple):
    """A latency [s]: mean over minutes of their median and their 99th percentile, and the worst minute's."""

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
    each = {str(name): values(dataset, str(name)) for name in dataset.data_vars}
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
