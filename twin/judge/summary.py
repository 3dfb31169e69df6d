"""The figures of a run, each once, with its unit in the name: for run.json, the report and comparisons.

What each of them is stands in `definitions`.
"""

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.classes import classes
from twin.judge.energy import apparent_va, power_factor, pue, ramps, ranges, residuals, wue_l_kwh
from twin.judge.oscillation import windows
from twin.judge.result import durations_s, values
from twin.judge.ride_through import excursions, trace
from twin.judge.rules import inside_ramp, judge_rules, pack_of
from twin.judge.serving import by_priority, pools
from twin.judge.storage import storage
from twin.judge.summary_control import Figure, control_figures, word
from twin.judge.thermal import heat
from twin.judge.transformers import hottest
from twin.judge.work import burnt_j, caps, hottest_gpu, lost_range, throttling, training_goodput, work


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
    figures |= control_figures(tree)
    figures |= _energy_figures(tree, site)
    figures |= _gpu_figures(tree, site) | _storage_figures(tree, site) | _rule_figures(tree)
    figures |= _window_figures(tree)
    figures |= _service_figures(tree)
    figures |= _class_figures(tree)
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
    return figures | {f"range_{over_s:.0f}_s_mw": range_w / 1e6 for over_s, range_w in ranges(site).items()}


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
            "battery_loss_mwh": done.loss_j / 3.6e9,
            "battery_cycles": done.cycles,
            "battery_cycles_day": done.cycles_day,
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
        "hottest_top_oil_c": found.top_oil_c,
        "ageing_greatest": found.ageing,
        "most_aged_transformer": found.aged,
        "life_lost_worst_h": found.aged_h,
        "life_lost_worst_h_day": found.aged_h_day,
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
            band = word(found.band.name)
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
    figures |= {f"rule_{word(one.name)}": one.outcome for one in verdicts}
    figures["minutes_inside_ramp_share"] = inside_ramp(tree)
    return figures


def _gpu_figures(tree: xr.DataTree, site: xr.Dataset) -> dict[str, Figure]:
    hottest, held, done, capped, warm = hottest_gpu(tree), throttling(tree), work(site), caps(tree), heat(tree)
    figures: dict[str, Figure] = {
        "hottest_gpu_c": hottest.die_c,
        "hottest_gpu_at_s": hottest.time_s,
        "hottest_gpu": hottest.name,
        "throttled_gpu_s": held.gpu_s,
        "throttled_gpus": float(held.gpus),
        "first_throttled_at_s": warm.first_s,
        "time_to_throttle_s": warm.time_to_s,
        "hbm_above_95_c_gpu_s": warm.hbm_s,
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
    if burnt := burnt_j(site):
        figures |= {"burnt_energy_mwh": burnt / 3.6e9}
    if "locked" in site and tree.attrs.get("gpus"):
        duration = durations_s(site)
        share = float(values(site, "locked") @ duration) / (float(tree.attrs["gpus"]) * float(duration.sum()))
        figures |= {"locked_gpu_time_share": share} if share else {}
    if capped is not None:
        figures |= {"capped_gpu_time_share": capped.share, "lowest_mean_cap_w": capped.lowest_w}
    return figures


def _service_figures(tree: xr.DataTree) -> dict[str, Figure]:
    """Goodput of trainings; of all inference pools together tokens and latencies, these by priority too."""
    figures: dict[str, Figure] = {"training_goodput": training_goodput(tree)}
    served = pools(tree)
    if not served:
        return figures
    each = {
        (kind, end): [float(getattr(getattr(pool, kind), end)) for pool in served]
        for kind in ("first_token", "between_tokens")
        for end in ("p50_s", "p99_s", "worst_p99_s")
    }
    figures |= {
        "inference_requests": sum(pool.requests for pool in served),
        "inference_generated_tokens": sum(pool.generated_tokens for pool in served),
        "inference_first_token_p99_worst_minute_s": _greatest(each["first_token", "worst_p99_s"]),
    }
    for kind in ("first_token", "between_tokens"):
        for end in ("p50", "p99"):
            figures[f"inference_{kind}_{end}_s"] = _greatest(each[kind, f"{end}_s"])
    for one in by_priority(tree):
        for kind, found in (("first_token", one.first_token), ("between_tokens", one.between_tokens)):
            for end, latency_s in zip(("p50", "p99"), found, strict=True):
                name = f"inference_{kind}_{end}_s" if one.name == "all" else f"{kind}_{end}_{one.name}_s"
                figures[name] = latency_s
    return figures


def _greatest(found: list[float]) -> float:
    """The greatest that is known, NaN where none is."""
    known = [one for one in found if np.isfinite(one)]
    return max(known, default=np.nan)


def _class_figures(tree: xr.DataTree) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for one in classes(tree):
        name = word(one.name)
        figures |= {
            f"work_lost_{name}_share": one.lost, f"capped_{name}_share": one.capped,
            f"braked_{name}_share": one.braked, f"fairness_{name}": one.fairness,
        }  # fmt: skip
    return figures
