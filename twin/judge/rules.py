"""The rule pack of a run, rule by rule: pass, fail, or not judged and why.

A pack stands whole in the result (`twin.rules`), with its voltage-time table; what is judged comes from the result's
data sets alone. Where a rule's figures are unverified, its verdict says so.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import ClockTime, durations_s, values
from twin.judge.ride_through import Excursion, Trace, excursions, trace, window_groups, within
from twin.judge.words import megawatts, span

PASS, FAIL, NOT_JUDGED = "pass", "fail", "not judged"


class RuleVerdict(NamedTuple):
    """What came of one rule."""

    name: str
    outcome: str
    words: str
    verified: bool
    source: str


def pack_of(tree: xr.DataTree) -> dict[str, Any]:
    """The rule pack of a result; empty where it has none."""
    try:
        pack = json.loads(str(tree.attrs.get("rules", "{}")))
    except json.JSONDecodeError:
        return {}
    return pack if isinstance(pack, dict) else {}


def table_of(pack: dict[str, Any]) -> Vec:
    """The pack's voltage-time table as [row, (voltage_pu, seconds)]."""
    return np.array([[float(v), float(s)] for v, s in pack.get("rows", [])]).reshape(-1, 2)


def judge_rules(tree: xr.DataTree) -> list[RuleVerdict]:
    """Every rule of the run's pack."""
    pack = pack_of(tree)
    rules = pack.get("rules", [])
    if not rules:
        return []
    reason = _out_of_scope(tree, pack)
    seen = trace(tree)
    found = excursions(seen)
    verdicts = []
    for rule in rules:
        outcome, words = (NOT_JUDGED, reason) if reason else _JUDGES[rule["kind"]](tree, pack, rule, seen, found)
        verdicts.append(RuleVerdict(rule["name"], outcome, words, bool(rule["verified"]), rule["source"]))
    return verdicts


def inside_ramp(tree: xr.DataTree) -> float:
    """Share of clock minutes with no change of feed power beyond the pack's ramp rules; NaN without such a rule.

    A change belongs to the minute in which it ends; the minutes count in which there is one.
    """
    site = tree["site"].to_dataset()
    time_s, power_w = values(site, "time"), values(site, "feed_w")
    step_s, midnight_s = float(np.median(durations_s(site))), ClockTime.of(tree).midnight_s
    minute = np.floor((time_s - 0.5 * step_s + midnight_s) / 60.0).astype(int)
    outside, seen = np.zeros(minute.size, dtype=bool), np.zeros(minute.size, dtype=bool)
    for rule in pack_of(tree).get("rules", []):
        steps = round(rule["over"] / step_s) if rule["kind"] == "ramp" else 0
        if not 1 <= steps < power_w.size:
            continue
        moved = power_w[steps:] - power_w[:-steps]
        moved = {"rise": moved, "fall": -moved, "either": np.abs(moved)}[rule["way"]]
        seen[steps:] = True
        outside[steps:] |= moved > rule["most"]
    if not seen.any():
        return float("nan")
    return 1.0 - len(np.unique(minute[outside])) / len(np.unique(minute[seen]))


def _out_of_scope(tree: xr.DataTree, pack: dict[str, Any]) -> str:
    """Why the pack is not for this site; empty where it is."""
    applies = pack.get("applies", {})
    limit_w, level_v = (float(tree.attrs.get(name, np.inf)) for name in ("feed_limit_w", "feed_voltage_v"))
    if limit_w < applies.get("power", 0.0):
        return f"the pack is for loads from {megawatts(applies['power'])} up, this one has {megawatts(limit_w)}"
    if level_v < applies.get("voltage", 0.0):
        return f"the pack is for {applies['voltage'] / 1e3:g} kV and up, this feed has {level_v / 1e3:g} kV"
    return ""


def _ride_through(
    _tree: xr.DataTree, pack: dict[str, Any], rule: dict[str, Any], seen: Trace, found: list[Excursion]
) -> tuple[str, str]:
    if not found:
        return NOT_JUDGED, "the voltage never left its normal band"
    inside = [one for one in found if within(seen, one, table_of(pack))]
    if not inside:
        return NOT_JUDGED, f"{_times(len(found))}, each worse than what must be ridden through"
    kept = [(_kept(seen, one.before_w, one.end_s + rule["after"]), one) for one in inside]
    judged = [(share, one) for share, one in kept if np.isfinite(share)]
    if not judged:
        return NOT_JUDGED, f"the run ends within {_seconds(rule['after'] + 1)} of the voltage's return"
    share, one = min(judged, key=lambda pair: pair[0])
    words = (
        f"{_times(len(judged))} within the table; at the worst, {one.lowest_pu:.2f} pu for "
        f"{_seconds(one.end_s - one.begin_s)}, {share:.1%} of the power before was drawn "
        f"{_seconds(rule['after'])} after it ({rule['keeps']:.0%} asked)"
    )
    return (PASS if share >= rule["keeps"] else FAIL), words


def _repeated(
    _tree: xr.DataTree, _pack: dict[str, Any], rule: dict[str, Any], seen: Trace, found: list[Excursion]
) -> tuple[str, str]:
    dips = [one for one in found if one.lowest_pu < 0.9]
    for k in range(len(dips) - rule["dips"] + 1):
        first, last = dips[k], dips[k + rule["dips"] - 1]
        if last.end_s - first.begin_s <= rule["within"]:
            share = _kept(seen, first.before_w, last.end_s + rule["after"])
            if np.isnan(share):
                return NOT_JUDGED, "the run ends too soon after the last dip"
            words = (
                f"after {rule['dips']} dips in {_seconds(last.end_s - first.begin_s)}, {share:.1%} of the power before "
                f"was drawn ({rule['keeps']:.0%} asked)"
            )
            return (PASS if share >= rule["keeps"] else FAIL), words
    return NOT_JUDGED, f"there were not {rule['dips']} dips in {span(rule['within'])}"


def _ramp(
    tree: xr.DataTree, _pack: dict[str, Any], rule: dict[str, Any], _seen: Trace, _found: list[Excursion]
) -> tuple[str, str]:
    change_w = 0.0
    judged = False
    site = tree["site"].to_dataset()
    for series in (site, *(tree[name].to_dataset() for name in window_groups(tree))):
        time_s, power_w = values(series, "time"), values(series, "feed_w")
        if time_s.size < 2:
            continue
        step_s = float(np.median(durations_s(series)[1:]))
        steps = round(rule["over"] / step_s)
        if steps < 1 or steps >= power_w.size:
            continue
        judged, moved = True, power_w[steps:] - power_w[:-steps]
        rise, fall = max(0.0, float(moved.max())), max(0.0, -float(moved.min()))
        change_w = max(change_w, {"rise": rise, "fall": fall, "either": max(rise, fall)}[rule["way"]])
    if not judged:
        return NOT_JUDGED, f"nothing was recorded finely and long enough for changes over {_seconds(rule['over'])}"
    way = {"rise": "rise", "fall": "fall", "either": "change"}[rule["way"]]
    words = f"greatest {way} in {_seconds(rule['over'])} {megawatts(change_w)} ({megawatts(rule['most'])} allowed)"
    return (PASS if change_w <= rule["most"] else FAIL), words


def _return(
    _tree: xr.DataTree, _pack: dict[str, Any], rule: dict[str, Any], seen: Trace, found: list[Excursion]
) -> tuple[str, str]:
    left = [one for one in excursions(seen, rule["share"]) if one.least_w < rule["share"] * one.before_w]
    if not left:
        return NOT_JUDGED, "no load left" if found else "the voltage never left its normal band"
    worst = max(left, key=lambda one: one.back_s)
    if worst.back_s > rule["within"] and np.isinf(worst.back_s) and seen.end_s - worst.end_s < rule["within"]:
        return NOT_JUDGED, f"the run ends {span(seen.end_s - worst.end_s)} after the voltage's return"
    late = worst.back_s > rule["within"]
    steepest_w = max(one.steepest_w for one in left)
    steep = rule.get("steepest") is not None and steepest_w > rule["steepest"]
    back = "never" if np.isinf(worst.back_s) else f"after {_seconds(worst.back_s)}"
    words = (
        f"{rule['share']:.0%} was back {back} ({span(rule['within'])} allowed), "
        f"greatest rise in a second {megawatts(steepest_w)}"
    )
    if rule.get("steepest") is not None:
        words += f" ({megawatts(rule['steepest'])} allowed)"
    return (FAIL if late or steep else PASS), words


_JUDGES: dict[str, Callable[..., tuple[str, str]]] = {
    "ride-through": _ride_through,
    "repeated-dips": _repeated,
    "ramp": _ramp,
    "return": _return,
}


def _kept(seen: Trace, before_w: float, from_s: float) -> float:
    """Share of ``before_w`` drawn in the second from ``from_s``; NaN where the run ends before."""
    if from_s + 1.0 > seen.end_s + 1e-9 or not before_w > 0.0:
        return float("nan")
    return seen.mean_w(from_s, from_s + 1.0) / before_w


def _times(count: int) -> str:
    return "1 excursion" if count == 1 else f"{count} excursions"


def _seconds(length_s: float) -> str:
    return f"{1e3 * length_s:.0f} ms" if length_s < 1.0 else f"{length_s:.3g} s" if length_s < 60 else span(length_s)
