"""Figures of control: limits in every window, overshoot, ratings, margin, brake, stranded power, calls."""

import re

import numpy as np
import xarray as xr

from twin.judge.control import above_ratings, brakes, margin, overshoot
from twin.judge.limits import LimitVerdict, binding_verdict, judge_calls, judge_limits
from twin.judge.response import responses
from twin.judge.result import durations_s, values
from twin.judge.stranded import stranded

Figure = float | str | bool
_WINDOW_SUFFIX = {"1 s": "1_s_mean", "10 s": "10_s_mean", "1 min": "1_min_mean", "demand interval": "demand_interval"}


def control_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Figures of the group *control* and of calls."""
    verdicts = judge_limits(tree)
    figures = _on_limits(tree, verdicts) | _protection_figures(tree) | _call_figures(tree)
    figures |= {f"stranded_{word(level)}_share": share for level, share in stranded(tree).items()}
    return figures | _oversubscription(tree, binding_verdict(verdicts))


def word(name: str) -> str:
    """A name as part of a figure's: ``sub-1`` is ``sub_1``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _on_limits(tree: xr.DataTree, verdicts: list[LimitVerdict]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {"binding_limit_window": str(tree.attrs.get("binding_limit_window", "1 s"))}
    binding = binding_verdict(verdicts)
    if binding is not None:
        figures["limit"] = binding.words
        figures["limit_held"] = binding.held and binding.judged > 0
        figures["substation_limits_held"] = all(one.held for one in verdicts if one.where != "feed" and one.binding)
        figures["violation_mwh"] = binding.above_j / 3.6e9 if binding.judged else np.nan
    for one in verdicts:
        # A window that the run does not hold once says nothing.
        if one.judged == 0:
            continue
        end = _WINDOW_SUFFIX[one.window]
        if one.where != "feed":
            name = f"at_{word(one.where)}_above_limit_{end}"
            figures |= {f"{name}_s": one.above_s, f"{name}_mwh": one.above_j / 3.6e9}
            continue
        figures |= {
            f"above_limit_{end}_s": one.above_s,
            f"above_limit_{end}_mwh": one.above_j / 3.6e9,
            f"excess_{end}_mw": one.excess_w / 1e6,
            f"excess_{end}_percent": one.excess_percent,
            f"longest_above_limit_{end}_s": one.longest_s,
            f"first_above_limit_{end}_at_s": one.first_s,
        }
    return figures


def _protection_figures(tree: xr.DataTree) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    over, left, braked = overshoot(tree), margin(tree), brakes(tree)
    if over is not None:
        figures |= {"overshoot_share": over.share, "overshoot_longest_s": over.longest_s}
    for one in above_ratings(tree):
        name = f"above_rating_{word(one.kind)}"
        figures |= {f"{name}_s": one.time_s, f"{name}_mvah": one.energy_va_s / 3.6e9}
        figures[f"{name}_elements"] = float(one.elements)
    if left is not None:
        figures |= {"trip_margin_least": left.least, "trip_margin_least_at": left.name}
    if braked is not None:
        figures |= {"brake_events": float(braked.events), "braked_gpus_most": braked.most_gpus}
        figures["braked_gpu_s"] = braked.gpu_s
    return figures


def _oversubscription(tree: xr.DataTree, binding: LimitVerdict | None) -> dict[str, Figure]:
    """By how much more servers there are than the feed's contract holds at full activity; see `definitions`."""
    site, contract_w = tree["site"].to_dataset(), float(tree.attrs.get("feed_limit_w", np.inf))
    servers_w = float(tree.attrs.get("servers_nameplate_w", np.nan))
    step_s = durations_s(site)
    drawn_j = float(values(site, "node_w") @ step_s)
    if not np.isfinite(servers_w) or not np.isfinite(contract_w) or drawn_j <= 0.0:
        return {}
    # What the site draws for each watt of its servers.
    share = servers_w * float(values(site, "feed_w") @ step_s) / drawn_j / contract_w
    left, braked = margin(tree), brakes(tree)
    kept = binding is not None and binding.judged > 0 and binding.held
    kept = kept and (left is None or left.least > 0.0) and (braked is None or braked.events == 0)
    figures: dict[str, Figure] = {"oversubscription_share": share}
    return figures | ({"oversubscription_gain_share": max(0.0, share - 1.0)} if kept else {})


def _call_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Of several calls the least depth and the worst of everything else."""
    calls = [call for call in judge_calls(tree) if call.where == "feed"]
    figures: dict[str, Figure] = {"calls": float(len(calls))}
    if calls:
        figures["call_reached_worst_s"] = float(np.max([call.reached_s for call in calls]))
        figures["call_overshoot_1_percent_worst_s"] = max(call.overshoot_s for call in calls)
    found = responses(tree)
    if found:
        figures |= {
            "response_depth_least_share": min(one.depth for one in found),
            "response_ramp_worst_s": float(np.max([one.ramp_s for one in found])),
            "response_settled_worst_s": float(np.max([one.settled_s for one in found])),
            "response_within_worst_s": float(np.max([one.within_s for one in found])),
            "response_hold_rms_worst_share": max(one.hold_rms for one in found),
            "response_hold_greatest_share": max(one.hold_greatest for one in found),
            "response_rebound_worst_mw": float(np.max([one.rebound_w for one in found])) / 1e6,
        }
    return figures
