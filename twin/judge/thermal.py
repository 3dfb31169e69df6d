"""What heat did to GPUs: time until the first was throttled, and time of memory above 95 degC.

    time to throttle  from the last event before it (what trips or is set, not what jobs or the policy do) until the
                      end of the first second in which temperature holds a GPU below its cap; from the start of the
                      run where nothing happened
    HBM-seconds       GPUs whose memory is above 95 degC, counted at the end of each minute, times its length

GPU-seconds throttled are counted each second (`work.throttling`).
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.result import durations_s, group, texts, values

HBM_C = 95.0
_NO_EVENT = ("policy", "job")


class Heat(NamedTuple):
    """First throttling after the start and time to it [s], NaN where there was none; HBM-seconds, NaN if not known."""

    first_s: float
    time_to_s: float
    hbm_s: float


def heat(tree: xr.DataTree) -> Heat:
    """What heat did."""
    site, histogram = tree["site"].to_dataset(), group(tree, "histogram")
    held = np.flatnonzero(values(site, "throttled") > 0.0) if "throttled" in site else np.zeros(0, int)
    first = float(values(site, "time")[held[0]]) if held.size else np.nan
    hbm_s = np.nan
    if histogram is not None and "hbm_count" in histogram and histogram.sizes.get("time", 0):
        hot = values(histogram, "bin") >= HBM_C
        hbm_s = float(durations_s(histogram) @ values(histogram, "hbm_count")[:, hot].sum(axis=1))
    return Heat(first, first - _event_before(tree, first), hbm_s)


def _event_before(tree: xr.DataTree, first_s: float) -> float:
    events = group(tree, "events")
    if events is None or not events.sizes.get("event", 0) or not np.isfinite(first_s):
        return 0.0
    at = values(events, "time_s")
    known = np.array([what not in _NO_EVENT for what in texts(events, "what")]) & (at < first_s)
    return float(at[known].max()) if known.any() else 0.0
