"""Demand response: what a site did with a call for less, against what it drew before.

Of a call that lowers the feed's limit to L from t0 to t1:

    baseline    mean feed power over the hour before t0 (a policy that starts early lowers it a little)
    depth       1 - mean power / baseline, from t0 to t1
    ramp        time after t0 until nine tenths of the way from the baseline to L are done
    settled     time after t0 from which power is never more than 2 % over L until t1
    within      time after t0 from which power stays within 2 % of L on both sides until t1
    hold error  root mean square, and greatest, of (P - L)/L over L from t0 to t1; power under L counts as no error
    rebound     greatest power in the hour after t1 over the baseline, no less than 0

Depth, ramp, hold and rebound are the terms in which utilities and operators report such events [1].

[1] arXiv:2507.00909 (2025), a field demonstration of 25 % less for three hours.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.limits import CallVerdict, judge_calls
from twin.judge.result import durations_s, values

BASELINE_S, REBOUND_S, SETTLED, RAMPED = 3600.0, 3600.0, 0.02, 0.9


class Response(NamedTuple):
    """What followed one call at the feed: shares of the baseline or of the limit, times [s], power [W]."""

    at_s: float
    baseline_w: float
    depth: float
    ramp_s: float
    settled_s: float
    within_s: float
    hold_rms: float
    hold_greatest: float
    rebound_w: float


def responses(tree: xr.DataTree) -> list[Response]:
    """One entry for each call at the feed that had something before it to compare with."""
    site = tree["site"].to_dataset()
    time, step, power = values(site, "time"), durations_s(site), values(site, "feed_w")
    calls = [call for call in judge_calls(tree) if call.where == "feed" and call.at_s > 0.0]
    return [_response(call, time, step, power) for call in calls]


def _response(call: CallVerdict, time_s: Vec, step_s: Vec, power_w: Vec) -> Response:
    def span(begin_s: float, end_s: float) -> np.ndarray:
        return np.asarray((time_s - step_s >= begin_s - 1e-9) & (time_s <= end_s + 1e-9))

    def mean(chosen: np.ndarray) -> float:
        return float(power_w[chosen] @ step_s[chosen] / step_s[chosen].sum())

    before, held = span(call.at_s - BASELINE_S, call.at_s), span(call.at_s, call.until_s)
    after = span(call.until_s, call.until_s + REBOUND_S)
    baseline, excess = mean(before), np.maximum(power_w[held] / call.limit_w - 1.0, 0.0)
    since = time_s[held] - call.at_s
    down = np.flatnonzero(power_w[held] <= baseline - RAMPED * max(0.0, baseline - call.limit_w))
    ramp = float((since - step_s[held])[down[0]]) if down.size else np.nan
    apart = np.abs(power_w[held] / call.limit_w - 1.0)
    return Response(
        call.at_s, baseline, 1.0 - mean(held) / baseline, ramp, _last(excess > SETTLED, since),
        _last(apart > SETTLED, since),
        float(np.sqrt(excess**2 @ step_s[held] / step_s[held].sum())), float(excess.max()),
        max(0.0, float(power_w[after].max()) - baseline) if after.any() else np.nan,
    )  # fmt: skip


def _last(outside: np.ndarray, since_s: Vec) -> float:
    """The time from which nothing is outside any more; NaN where the last record is."""
    where = np.flatnonzero(outside)
    if where.size == 0:
        return 0.0
    return float(since_s[where[-1]]) if where[-1] < len(outside) - 1 else float("nan")
