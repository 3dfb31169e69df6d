"""The figures of a run, each once, with its unit in the name: for run.json, the report and comparisons."""

import re

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.energy import apparent_va, power_factor, pue, ramps, residuals, wue_l_kwh
from twin.judge.fairness import fairness
from twin.judge.limits import binding_verdict, judge_calls, judge_limits, limited_powers
from twin.judge.oscillation import windows
from twin.judge.response import responses
from twin.judge.result import durations_s, values
from twin.judge.ride_through import excursions, trace
from twin.judge.rules import judge_rules, pack_of
from twin.judge.serving import pools
from twin.judge.storage import storage
from twin.judge.transformers import hottest
from twin.judge.work import caps, hottest_gpu, lost_range, throttling, training_goodput, work

Figure = float | str | bool
_WINDOW_SUFFIX = {"1 s": "1_s_mean", "1 min": "1_min_mean", "demand interval": "demand_interval"}


def summary(tree: xr.DataTree) -> dict[str, Figure]:
    """The figures of the verdict; times are seconds after the start, shares 0..1.

    What did not occur (a first time above the limit, a finite cap) is left out.
    """
    site = tree["site"].to_dataset()
    duration = durations_s(site)
    figures: dict[str, Figure] = {
        "complete": bool(int(tree.attrs.get("complete", 1))),
        "simulated_s": float(duration.sum()),
    }
    figures |= _power_figures(site, duration)
    figures |= _limit_figures(tree)
    figures |= _response_figures(tree)
    figures |= _energy_figures(tree, site)
    figures |= _gpu_figures(tree, site) | _storage_figures(tree, site) | _rule_figures(tree)
    figures |= _window_figures(tree)
    figures |= _service_figures(tree)
    figures |= {f"fairness_{kind}": index for kind, index in fairness(tree).items()}
    figures |= _transformer_figures(tree)
    for one in residuals(tree):
        if one.part in ("site", "water"):
            figures["energy_residual" if one.part == "site" else "water_residual"] = one.residual
    return {name: value for name, value in figures.items() if not (isinstance(value, float) and not np.isfinite(value))}


def _power_figures(site: xr.Dataset, duration: Vec) -> dict[str, Figure]:
    feed = values(site, "feed_w")
    k = int(np.argmax(feed))
    figures: dict[str, Figure] = {
        "feed_peak_mw": float(feed[k]) / 1e6,
        "feed_peak_at_s": float(values(site, "time")[k]),
        "feed_mean_mw": float(feed @ duration / duration.sum()) / 1e6,
        "feed_energy_mwh": float(feed @ duration) / 3.6e9,
        "feed_peak_mva": float(apparent_va(site).max()) / 1e6,
        "power_factor_min": float(power_factor(site).min()),
    }
    for ramp in ramps(site):
        name = f"ramp_{ramp.window_s:.0f}_s"
        figures |= {f"{name}_rise_mw": ramp.rise_w / 1e6, f"{name}_fall_mw": ramp.fall_w / 1e6}
    return figures


def _limit_figures(tree: xr.DataTree) -> dict[str, Figure]:
    verdicts = judge_limits(tree)
    figures: dict[str, Figure] = {"binding_limit_window": str(tree.attrs.get("binding_limit_window", "1 s"))}
    binding = binding_verdict(verdicts)
    feed = next((one for one in limited_powers(tree) if one.where == "feed"), None)
    if feed is not None:
        figures["stranded_share"] = 1.0 - float(np.percentile(feed.power_w / feed.limit_w, 99.0))
    if binding is not None:
        figures["limit"] = binding.words
        figures["limit_held"] = binding.held and binding.judged > 0
        figures["substation_limits_held"] = all(one.held for one in verdicts if one.where != "feed" and one.binding)
    for one in verdicts:
        if one.where == "feed":
            end = _WINDOW_SUFFIX[one.window]
            figures |= {
                f"above_limit_{end}_s": one.above_s,
                f"above_limit_{end}_mwh": one.above_j / 3.6e9,
                f"excess_{end}_mw": one.excess_w / 1e6,
                f"excess_{end}_percent": one.excess_percent,
                f"longest_above_limit_{end}_s": one.longest_s,
                f"first_above_limit_{end}_at_s": one.first_s,
            }
    feed_calls = [call for call in judge_calls(tree) if call.where == "feed"]
    figures["calls"] = float(len(feed_calls))
    if feed_calls:
        figures["call_reached_worst_s"] = float(np.max([call.reached_s for call in feed_calls]))
        figures["call_overshoot_1_percent_worst_s"] = max(call.overshoot_s for call in feed_calls)
    return figures


def _response_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Of several calls the least depth and the worst of everything else."""
    found = responses(tree)
    if not found:
        return {}
    return {
        "response_depth_least_share": min(one.depth for one in found),
        "response_settled_worst_s": float(np.max([one.settled_s for one in found])),
        "response_hold_rms_worst_share": max(one.hold_rms for one in found),
        "response_hold_greatest_share": max(one.hold_greatest for one in found),
        "response_rebound_worst_mw": float(np.max([one.rebound_w for one in found])) / 1e6,
    }


def _energy_figures(tree: xr.DataTree, site: xr.Dataset) -> dict[str, Figure]:
    ratio, used = pue(site), wue_l_kwh(tree)
    return {
        "pue_rack_inlet": ratio.rack_inlet,
        "pue_equipment_inlet": ratio.equipment_inlet,
        "wue_make_up_l_kwh": used.make_up_kg,
        "wue_consumption_l_kwh": used.consumed_kg,
    }


def _storage_figures(tree: xr.DataTree, site: xr.Dataset) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    done = storage(tree)
    if done is not None:
        figures = {
            "battery_given_mwh": done.given_j / 3.6e9,
            "battery_taken_mwh": done.taken_j / 3.6e9,
            "battery_cycles": done.cycles,
            "battery_peak_mw": done.peak_w / 1e6,
            "battery_charge_min": done.least_charge,
            "battery_charge_max": done.most_charge,
        }
    for name in ("ups_on_battery", "ups_locked"):
        if name in site and values(site, name).any():
            figures[f"{name}_most"] = float(values(site, name).max())
    return figures


def _transformer_figures(tree: xr.DataTree) -> dict[str, Figure]:
    found = hottest(tree)
    if found is None:
        return {}
    return {
        "hottest_winding_c": found.hot_spot_c,
        "hottest_winding_at_s": found.time_s,
        "hottest_winding": found.name,
        "most_aged_transformer": found.aged,
        "life_lost_worst_h": found.aged_h,
        "life_lost_all_h": found.all_h,
    }


def _window_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Of each window, by its number."""
    figures: dict[str, Figure] = {}
    for one in windows(tree):
        for ramp in one.ramps:
            name = f"{one.name}_ramp_{ramp.over_s:g}_s"
            figures |= {f"{name}_rise_mw": ramp.rise / 1e6, f"{name}_fall_mw": ramp.fall / 1e6}
        for found in one.bands:
            band = re.sub(r"\W+", "_", found.band.name).lower()
            figures |= {f"{one.name}_{band}_mw": found.peak / 1e6, f"{one.name}_{band}_share": found.share}
        figures |= {
            f"{one.name}_range_mw": one.range_w / 1e6, f"{one.name}_lowest_board_pu": one.lowest_board_pu,
            f"{one.name}_racks_out": float(one.racks_out), f"{one.name}_motors_out": float(one.motors_out),
            f"{one.name}_ups_out": float(one.ups_out),
        }  # fmt: skip
    return figures


def _rule_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Voltage excursions, what left in them, and what came of each rule."""
    found, verdicts = excursions(trace(tree)), judge_rules(tree)
    figures: dict[str, Figure] = {"voltage_excursions": float(len(found))}
    if found:
        worst = max(found, key=lambda one: one.before_w - one.least_w)
        figures |= {
            "voltage_lowest_pu": min(one.lowest_pu for one in found),
            "voltage_highest_pu": max(one.highest_pu for one in found),
            "dropped_most_mw": max(0.0, worst.before_w - worst.least_w) / 1e6,
            "back_after_s": max(0.0, worst.back_s),
            "return_steepest_mw_per_s": worst.steepest_w / 1e6,
        }
    figures["rules"] = str(pack_of(tree).get("name", "none"))
    for one in verdicts:
        figures["rule_" + re.sub(r"[^a-z0-9]+", "_", one.name.lower())] = one.outcome
    return figures


def _gpu_figures(tree: xr.DataTree, site: xr.Dataset) -> dict[str, Figure]:
    hottest, held, done, capped = hottest_gpu(tree), throttling(tree), work(site), caps(tree)
    figures: dict[str, Figure] = {
        "hottest_gpu_c": hottest.die_c,
        "hottest_gpu_at_s": hottest.time_s,
        "hottest_gpu": hottest.name,
        "throttled_gpu_s": held.gpu_s,
        "throttled_gpus": float(held.gpus),
        "work_done_gpu_h": done.done_gpu_s / 3600.0,
        "work_asked_gpu_h": done.asked_gpu_s / 3600.0,
        "work_lost_gpu_h": done.lost_gpu_s / 3600.0,
        "work_lost_share": done.lost_share,
        "work_per_energy_gpu_h_mwh": done.done_gpu_s
        / 3600.0
        / (float(values(site, "feed_w") @ durations_s(site)) / 3.6e9),
    }
    if (lost := lost_range(tree)) is not None:
        figures |= {"work_lost_share_least": lost[0], "work_lost_share_most": lost[1]}
    if capped is not None:
        figures |= {"capped_gpu_time_share": capped.share, "lowest_mean_cap_w": capped.lowest_w}
    return figures


def _service_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Goodput of trainings; of all inference pools together tokens, and latencies of the slowest pool."""
    figures: dict[str, Figure] = {"training_goodput": training_goodput(tree)}
    served = pools(tree)
    if served:
        figures |= {
            "inference_requests": sum(pool.requests for pool in served),
            "inference_generated_tokens": sum(pool.generated_tokens for pool in served),
            "inference_first_token_p50_s": float(np.nanmax([pool.first_token.p50_s for pool in served])),
            "inference_first_token_p99_s": float(np.nanmax([pool.first_token.p99_s for pool in served])),
            "inference_first_token_p99_worst_minute_s": float(
                np.nanmax([pool.first_token.worst_p99_s for pool in served])
            ),
            "inference_between_tokens_p99_s": float(np.nanmax([pool.between_tokens.p99_s for pool in served])),
        }
    return figures
