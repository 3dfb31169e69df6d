"""Voltage excursions: the timeline of the worst against the pack's curve, what left and returned; rules and relays."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.core.layout import Vec
from twin.judge.result import ClockTime, group, texts, values
from twin.judge.ride_through import NORMAL_PU, Excursion, Trace, excursions, trace, within
from twin.judge.rules import judge_rules, pack_of, table_of
from twin.report import style
from twin.report.tables import Cell, Table

_BEFORE_S, _AFTER_S, _SHORTEST_S = 2.0, 60.0, 6.0


@style.drawn
def timeline(tree: xr.DataTree) -> Figure | None:
    """Voltage at the point of interconnection and load around the excursion in which most left."""
    seen = trace(tree)
    found = excursions(seen)
    if not found:
        return None
    worst = max(found, key=lambda one: one.before_w - one.least_w)
    length_s = max(_SHORTEST_S, min(_AFTER_S, worst.back_s + worst.end_s - worst.begin_s) * 1.5)
    begin_s, end_s = worst.begin_s - _BEFORE_S, min(worst.begin_s + length_s, seen.end_s)
    figure, axes = style.sheet(2, height_in=4.6, sharex=True, height_ratios=[1.0, 1.4])
    _stairs(axes[0], seen, seen.voltage_pu, (worst.begin_s, begin_s, end_s), style.COOLANT, "voltage of the feed")
    _curve(axes[0], table_of(pack_of(tree)), end_s - worst.begin_s)
    axes[0].set_ylabel("voltage (pu)")
    axes[0].set_ylim(0.0, max(1.2, axes[0].get_ylim()[1]))
    _stairs(axes[1], seen, seen.power_w / 1e6, (worst.begin_s, begin_s, end_s), style.POWER, "feed")
    site = tree["site"].to_dataset()
    time_s = values(site, "time")
    coarse = Trace(time_s, np.diff(time_s, prepend=0.0), time_s, time_s)
    for names, color, label in (
        (("node_w",), style.LIMIT, "GPU servers"),
        (("plant_w", "cdu_pump_w", "hall_pump_w", "room_fan_w"), style.GOOD, "plant, pumps and room units"),
    ):
        power_w = sum((values(site, name) for name in names if name in site), start=np.zeros(time_s.size))
        _stairs(axes[1], coarse, power_w / 1e6, (worst.begin_s, begin_s, end_s), color, f"{label}, 1 s means")
    axes[1].set_ylabel("power (MW)")
    axes[1].set_ylim(bottom=0.0)
    axes[1].set_xlabel(f"time since {ClockTime.of(tree).text(worst.begin_s)} (s)")
    for one in axes:
        style.legend(one)
    return figure


def _stairs(axes: Axes, seen: Trace, series: Vec, times: tuple[float, float, float], color: str, label: str) -> None:
    zero_s, begin_s, end_s = times
    inside = (seen.time_s > begin_s) & (seen.time_s - seen.duration_s < end_s)
    if inside.any():
        edges = np.append(seen.time_s[inside] - seen.duration_s[inside], seen.time_s[inside][-1])
        axes.stairs(series[inside], edges - zero_s, color=color, baseline=None, label=label)


def _curve(axes: Axes, rows: Vec, end_s: float) -> None:
    """The least voltage at which the pack lets a load leave, over the time the voltage has been low."""
    low = rows[rows[:, 0] < 1.0] if len(rows) else rows
    if not len(low):
        for i, level in enumerate(NORMAL_PU):
            label = " and ".join(f"{bound:g}" for bound in NORMAL_PU) + " pu, the normal band" if i == 0 else ""
            axes.axhline(level, color=style.SOFT, linewidth=0.8, label=label)
        return
    edges = np.concatenate(([0.0], np.minimum(low[:, 1], end_s)))
    axes.stairs(low[:, 0], edges, color=style.LIMIT, baseline=None, linewidth=1.2, label="above it no load may leave")


def excursion_rows(tree: xr.DataTree) -> Table:
    """Each excursion and what the load did."""
    seen, clock, rows_of = trace(tree), ClockTime.of(tree), table_of(pack_of(tree))
    rows: list[tuple[Cell, ...]] = [_excursion(seen, one, clock, rows_of) for one in excursions(seen)]
    headings = (
        "begins", "lasts (s)", "lowest (pu)", "highest (pu)", "within the table", "load before (MW)", "left (MW)",
        "a second after (MW)", "90 % back after (s)", "steepest return (MW in 1 s)",
    )  # fmt: skip
    remark = "What left is the power of the second before less the least until a second after the voltage's return."
    return Table("excursions", "Voltage excursions at the point of interconnection", headings, rows, remark=remark)


def _excursion(seen: Trace, one: Excursion, clock: ClockTime, table: Vec) -> tuple[Cell, ...]:
    inside = "no table" if not len(table) else "yes" if within(seen, one, table) else "no"
    return (
        clock.text(one.begin_s), one.end_s - one.begin_s, one.lowest_pu, one.highest_pu, inside, one.before_w / 1e6,
        max(0.0, one.before_w - one.least_w) / 1e6, one.after_w / 1e6, max(0.0, one.back_s), one.steepest_w / 1e6,
    )  # fmt: skip


def rule_rows(tree: xr.DataTree) -> Table:
    """What came of each rule."""
    found = judge_rules(tree)
    rows: list[tuple[Cell, ...]] = [
        (one.name, one.outcome, one.words, "yes" if one.verified else "no", one.source) for one in found
    ]
    marks = [{"fail": "bad", "pass": ""}.get(one.outcome, "") for one in found]
    headings = ("rule", "outcome", "because", "figures verified", "source")
    return Table("rules", f"Rules: {pack_of(tree).get('title', 'none')}", headings, rows, marks=marks)


def relay_rows(tree: xr.DataTree) -> Table:
    """Relays and breakers that came some way to their trip, the farthest first."""
    relays = group(tree, "relay")
    rows: list[tuple[Cell, ...]] = []
    if relays is not None and relays.sizes.get("time", 0):
        clock, names, most = ClockTime.of(tree), texts(relays, "relay"), values(relays, "damage_max")
        for i in np.argsort(-most.max(axis=0), kind="stable"):
            if most[:, i].max() > 0.0:
                k = int(most[:, i].argmax())
                rows.append((names[i], float(most[k, i]), clock.text(float(values(relays, "time")[k]))))
    headings = ("relay", "greatest way to its trip (1 is the trip)", "in the minute to")
    return Table("relays", "Relays and breakers by what they came to", headings, rows, folded=True)
