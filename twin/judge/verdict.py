"""The verdict of a run in plain sentences, the limit first."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.energy import pue, residuals, wue_l_kwh
from twin.judge.limits import CallVerdict, LimitVerdict, judge_calls, judge_limits
from twin.judge.oscillation import windows
from twin.judge.overload import overloads
from twin.judge.result import ClockTime, durations_s, notes, values
from twin.judge.ride_through import excursions, trace
from twin.judge.rules import FAIL, PASS, judge_rules, pack_of
from twin.judge.storage import amplifies, storage
from twin.judge.transformers import HOT_SPOT_C, hottest
from twin.judge.words import megawatt_hours, megawatts, span, window_words
from twin.judge.work import burnt_j, hottest_gpu, lost_range, throttling, work

RESIDUAL_LIMIT = 1e-10
# A call counts as met when power was more than 1 % over its limit for no longer than this.
OVERSHOOT_ALLOWED_S = 10.0


class Sentence(NamedTuple):
    """One sentence of the verdict; ``tone`` is ``good``, ``bad``, ``plain``, or ``note``: what the run assumes."""

    tone: str
    text: str


def verdict(tree: xr.DataTree) -> list[Sentence]:
    """The run in words, the limit first, what is assumed or extrapolated last."""
    clock = ClockTime.of(tree)
    verdicts = judge_limits(tree)
    said = _on_completeness(tree, clock)
    said += [
        _on_limit(one, verdicts, clock) for one in verdicts if one.binding and (one.where == "feed" or not one.held)
    ]
    if not any(one.where == "feed" for one in verdicts):
        said.append(Sentence("plain", "No limit was in force at the feed."))
    said += [_on_call(call, clock) for call in judge_calls(tree) if call.where == "feed"]
    said += _on_voltage(tree, clock) + _on_windows(tree, clock) + _on_rules(tree)
    said += _on_gpus(tree, clock) + _on_overload(tree, clock) + _on_transformers(tree, clock)
    said += _on_energy(tree) + _on_storage(tree) + _on_books(tree)
    assumed = [*notes(tree), *pack_of(tree).get("notes", [])]
    return said + [Sentence("note", note) for note in assumed]


def _on_completeness(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    if int(tree.attrs.get("complete", 1)):
        return []
    seconds = float(values(tree["site"].to_dataset(), "time")[-1])
    return [
        Sentence(
            "bad",
            f"The run was interrupted at {clock.text(seconds)}: what follows covers the first {span(seconds)} only.",
        )
    ]


def _on_limit(one: LimitVerdict, verdicts: list[LimitVerdict], clock: ClockTime) -> Sentence:
    window, name = f"judged as {window_words(one)}", "the feed" if one.where == "feed" else one.where
    if one.judged == 0:
        return Sentence("plain", f"The limit at {name} could not be {window}: the run holds no complete window.")
    others = [other for other in verdicts if other.where == one.where and not other.binding and not other.held]
    also = "; ".join(f"as {window_words(other)} it was exceeded for {span(other.above_s)}" for other in others)
    if one.held:
        return Sentence("good", f"The limit in force at {name} was held, {window}{f' ({also})' if also else ''}.")
    return Sentence(
        "bad",
        f"The limit in force at {name} was exceeded, {window}: by up to {one.excess_w / 1e6:,.2f} MW "
        f"({one.excess_percent:.1f} %), for {span(one.above_s)} in all, {span(one.longest_s)} at the longest, "
        f"first at {clock.text(one.first_s)}; {megawatt_hours(one.above_j)} above it.",
    )


def _on_call(call: CallVerdict, clock: ClockTime) -> Sentence:
    head = f"Call at {clock.text(call.at_s)}, limit from {megawatts(call.before_w)} to {megawatts(call.limit_w)}: "
    if np.isnan(call.reached_s):
        return Sentence("bad", head + f"never at or under it; peak {megawatts(call.peak_w)}.")
    when = "at or under it at once" if call.reached_s == 0.0 else f"at or under it after {span(call.reached_s)}"
    stayed = "stayed there" if call.above_s <= call.reached_s else f"above it for {span(call.above_s)} in all"
    over = f"more than 1 % over for {span(call.overshoot_s)}" if call.overshoot_s else "never more than 1 % over"
    return Sentence("good" if call.overshoot_s <= OVERSHOOT_ALLOWED_S else "bad", f"{head}{when}, {stayed}, {over}.")


def _on_voltage(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    """The excursion of voltage after which most load left."""
    found = excursions(trace(tree))
    if not found:
        return []
    one = max(found, key=lambda one: one.before_w - one.least_w)
    dropped_w = max(0.0, one.before_w - one.least_w)
    level = one.lowest_pu if one.lowest_pu < 1.0 else one.highest_pu
    count = f"the worst of {len(found)} excursions" if len(found) > 1 else "one excursion"
    back = "90 % was never back" if np.isinf(one.back_s) else f"90 % was back after {max(0.0, one.back_s):.3g} s"
    text = (
        f"Voltage at the point of interconnection, {count}: {level:.2f} pu at {clock.text(one.begin_s)} for "
        f"{one.end_s - one.begin_s:.3g} s; {megawatts(round(dropped_w, -3))} of {megawatts(round(one.before_w, -3))} "
        f"left, {back}."
    )
    return [Sentence("plain", text)]


def _on_windows(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    said = []
    for one in windows(tree):
        ramp = next(found for found in one.ramps if found.over_s == 1.0)
        text = f"Window from {clock.text(one.from_s)}, {one.until_s - one.from_s:g} s at {1e3 * one.step_s:g} ms: "
        if np.isfinite(ramp.rise):
            text += f"greatest rise {ramp.rise / 1e6:.3g} MW and fall {ramp.fall / 1e6:.3g} MW in 1 s, "
        band = one.greatest
        text += (
            f"greatest oscillation {band.peak / 1e6:.3g} MW at {band.peak_hz:.2f} Hz, "
            if band
            else "no oscillation stands out, "
        )
        text += f"lowest voltage {one.lowest_board_pu:.3f} pu at {one.lowest_board}."
        said.append(Sentence("plain", text))
        lost = [
            f"{count} {words}"
            for count, words in (
                (one.racks_out, "racks without supply"), (one.motors_out, "pumps, fans and chillers out"),
                (one.ups_out, "UPS on battery"),
            )
            if count
        ]  # fmt: skip
        if lost:
            said.append(Sentence("bad", f"In that window at most {', '.join(lost)}."))
        said += [
            Sentence(
                "bad",
                f"In that window the battery plant makes {left:.2f} of the ripple at {found.peak_hz:.2f} Hz "
                f"({found.band.name}, {found.share:.0%} of the energy): it comes too late there; lower its band.",
            )
            for found, left in one.left
        ]
    return said


def _on_rules(tree: xr.DataTree) -> list[Sentence]:
    pack = pack_of(tree).get("title", "")
    tones = {PASS: "good", FAIL: "bad"}
    return [
        Sentence(
            tones.get(one.outcome, "plain"),
            f"{pack}, {one.name}: {one.outcome}; {one.words}{'' if one.verified else ' [figures unverified]'}.",
        )
        for one in judge_rules(tree)
    ]


def _on_gpus(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    hottest, held, done = hottest_gpu(tree), throttling(tree), work(tree["site"].to_dataset())
    name = f" ({hottest.name})" if hottest.name else ""
    said = [Sentence("plain", f"Hottest GPU die: {hottest.die_c:.1f} °C at {clock.text(hottest.time_s)}{name}.")]
    if held.gpu_s > 0.0:
        said.append(
            Sentence(
                "bad",
                f"GPUs were throttled by temperature for {held.gpu_s:,.0f} GPU-seconds, "
                f"first at {clock.text(held.first_s)}; {held.gpus:,} GPUs in all, {held.most:,.0f} at once.",
            )
        )
    else:
        said.append(Sentence("good", "No GPU was throttled by temperature."))
    lost, between = f"{100.0 * done.lost_share:.2f} %", lost_range(tree)
    if between is not None and done.lost_share > 0.0:
        lost += f"; {100.0 * between[0]:.2f} to {100.0 * between[1]:.2f} % as far as speed under a cap is known"
    text = (
        f"Work lost against uncapped demand: {done.lost_gpu_s / 3600.0:,.1f} of "
        f"{done.asked_gpu_s / 3600.0:,.1f} GPU-hours ({lost})."
    )
    said.append(Sentence("plain", text))
    site = tree["site"].to_dataset()
    if burnt := burnt_j(site):
        boards = 100.0 * burnt / float(values(site, "gpu_w") @ durations_s(site))
        text = (
            f"Dummy work under power floors burnt {burnt / 3.6e9:,.3g} MWh, {boards:.1f} % of the GPU boards' energy."
        )
        said.append(Sentence("plain", text))
    return said


def _on_overload(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    found = overloads(tree)
    if not found:
        return []
    most, rest = found[0], len(found) - 1
    others = f"; {rest} other element{'s' if rest > 1 else ''} too" if rest else ""
    text = (
        f"{most.name} was loaded above its rating: {100.0 * most.loading:.0f} % in the worst minute, above it for "
        f"{span(most.above_s)} in all, first at {clock.text(most.first_s)}{others}."
    )
    return [Sentence("bad", text)]


def _on_transformers(tree: xr.DataTree, clock: ClockTime) -> list[Sentence]:
    found = hottest(tree)
    if found is None:
        return []
    hours = float(values(tree["site"].to_dataset(), "time")[-1]) / 3600.0
    text = (
        f"Hottest transformer winding: {found.hot_spot_c:.1f} °C at {clock.text(found.time_s)} ({found.name}); "
        f"{found.aged} aged most, by {found.aged_h:.2g} h in {hours:.2g} h (1 h an hour is normal)."
    )
    return [Sentence("bad" if found.hot_spot_c > HOT_SPOT_C else "plain", text)]


def _on_energy(tree: xr.DataTree) -> list[Sentence]:
    ratio, used = pue(tree["site"].to_dataset()), wue_l_kwh(tree)
    words = (
        f"Interim PUE {ratio.equipment_inlet:.3f} at the inlet of the IT equipment, "
        f"{ratio.rack_inlet:.3f} at the rack inlet (CDU pumps and door fans counted with the rack)."
    )
    if used.make_up_kg == 0.0 and used.consumed_kg == 0.0:
        return [Sentence("plain", words), Sentence("plain", "The plant evaporates no water, so WUE is zero.")]
    wue = f"WUE {used.make_up_kg:.3f} L/kWh by make-up, {used.consumed_kg:.3f} L/kWh by consumption."
    return [Sentence("plain", words), Sentence("plain", wue)]


def _on_storage(tree: xr.DataTree) -> list[Sentence]:
    done, late = storage(tree), amplifies(tree)
    said = []
    if done is not None:
        words = (
            f"Battery plants gave {megawatt_hours(done.given_j)} and took {megawatt_hours(done.taken_j)}, "
            f"{megawatts(done.peak_w)} at most; charge {100 * done.least_charge:.1f} to {100 * done.most_charge:.1f} %."
        )
        said.append(Sentence("plain", words))
        if late is not None:
            first, most, worst = late
            words = (
                f"A battery plant comes too late for ripples above {first:.1f} Hz and makes them larger, "
                f"up to {most:.2f} times at {worst:.1f} Hz."
            )
            said.append(Sentence("bad", words))
    return said


def _on_books(tree: xr.DataTree) -> list[Sentence]:
    # A plant without water has nothing to balance.
    totals = {
        one.part: one.residual
        for one in residuals(tree)
        if one.part == "site" or (one.part == "water" and (one.in_ or one.out or one.stored))
    }
    if not totals:
        return [Sentence("bad", "The result has no books: whether energy and water balance is not known.")]
    good = all(abs(residual) <= RESIDUAL_LIMIT for residual in totals.values())
    parts = " and ".join(f"{'energy' if part == 'site' else part} {residual:.1e}" for part, residual in totals.items())
    return [
        Sentence(
            "good" if good else "bad", f"The books {'close' if good else 'do not close'}: relative residual of {parts}."
        )
    ]
