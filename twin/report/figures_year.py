"""Figures of a year: overhead and water by month, the course of the days, and how the site was cooled."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.core.layout import Vec
from twin.judge.energy import END_USES, equipment_w
from twin.judge.months import Month
from twin.judge.result import ClockTime, durations_s, values
from twin.report import style

_DAY_S, _HOUR_S = 86400.0, 3600.0
_EQUIPMENT = ("GPU boards", "rest of the servers", "network and storage")
_WAYS = (("free", style.SUPPLY), ("mixed", style.COOLANT), ("mechanical", style.RETURN))


@style.drawn
def overhead(tree: xr.DataTree, found: list[Month]) -> Figure:
    """PUE less one by use, and WUE by what becomes of the water, month by month."""
    each = found[:-1]
    wet = found[-1].bought_m3 > 0.0
    figure, axes = style.sheet(1, 2 if wet else 1, height_in=2.9)
    uses = [use for use in END_USES if use not in _EQUIPMENT and use in found[-1].uses_mwh]
    colors = style.USES[len(_EQUIPMENT) :]
    layers = {use: np.array([month.uses_mwh[use] / month.equipment_mwh for month in each]) for use in uses}
    _columns(axes[0], each, layers, colors)
    axes[0].set_ylabel("energy over that of IT equipment (1)")
    axes[0].set_title(f"PUE {found[-1].pue_equipment_inlet:.3f} over the year")
    if wet:
        consumed = np.array([month.wue_consumed_l_kwh for month in each])
        bought = np.array([month.wue_bought_l_kwh for month in each])
        _columns(axes[1], each, {"into the air": consumed, "let go": bought - consumed}, (style.SUPPLY, style.BAND))
        axes[1].set_ylabel("water over IT energy (L/kWh)")
        axes[1].set_title(f"WUE {found[-1].wue_bought_l_kwh:.2f} L/kWh over the year")
    return figure


def _columns(axes: Axes, each: list[Month], layers: dict[str, Vec], colors: tuple[str, ...]) -> None:
    base = np.zeros(len(each))
    for (name, heights), color in zip(layers.items(), colors, strict=False):
        axes.bar(range(len(each)), heights, 0.72, bottom=base, color=color, label=name, linewidth=0.0)
        base = base + heights
    axes.set_xticks(range(len(each)), [month.name[:3] for month in each])
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0.0, 1.22 * base.max())
    axes.legend(loc="upper left", ncols=3, columnspacing=1.0, borderaxespad=0.2)


@style.drawn
def course(tree: xr.DataTree, found: list[Month]) -> Figure:
    """Feed power against the limit, outdoor air, and the greatest rise of a supply above its set point, day by day."""
    site, hall, clock = tree["site"].to_dataset(), tree["hall"].to_dataset(), ClockTime.of(tree)
    day = (values(site, "time") - durations_s(site)) // _DAY_S
    figure, axes = style.sheet(3, height_in=5.4, sharex=True, height_ratios=[2.4, 1.8, 1.0])
    _days(axes[0], day, values(site, "feed_w") / 1e6, style.POWER, "feed")
    year = found[-1]
    at = (year.peak_at - clock.start).total_seconds() / _DAY_S
    axes[0].plot(at, year.peak_mw, "o", ms=4.0, mfc="none", color=style.INK)
    axes[0].annotate(
        f"{year.peak_mw:.1f} MW, {year.peak_at:%d %b %H:%M}", (at, year.peak_mw), (6, 4), textcoords="offset points",
    )  # fmt: skip
    limit_mw = float(tree.attrs["limit_w"]) / 1e6
    if limit_mw < 1.25 * year.peak_mw:
        axes[0].axhline(limit_mw, color=style.LIMIT, linewidth=1.2, label="limit")
    axes[0].set_ylabel("feed power (MW)")
    _days(axes[1], day, values(site, "dry_bulb_c"), style.RETURN, "dry bulb")
    _days(axes[1], day, values(site, "wet_bulb_c"), style.SUPPLY, "wet bulb")
    axes[1].set_ylabel("outdoor air (°C)")
    rise_k = (values(hall, "supply_c") - np.array(json.loads(str(tree.attrs["set_point_c"])))).max(axis=1)
    _days(axes[2], day, np.maximum(rise_k, 0.0), style.LIMIT, "warmest hall")
    axes[2].set_ylabel("supply above\nset point (K)")
    axes[2].set_ylim(0.0, max(1.0, 1.1 * float(rise_k.max())))
    for one in axes:
        style.legend(one)
    _month_axis(axes[-1], clock, float(day[-1]) + 1.0)
    return figure


def _days(axes: Axes, day: Vec, series: Vec, color: str, label: str) -> None:
    first = np.flatnonzero(np.diff(day, prepend=-1.0))
    count = np.diff(np.append(first, len(day)))
    low, high = np.minimum.reduceat(series, first), np.maximum.reduceat(series, first)
    axes.fill_between(day[first] + 0.5, low, high, color=color, alpha=0.25, linewidth=0.0)
    axes.plot(day[first] + 0.5, np.add.reduceat(series, first) / count, color=color, label=label)


def _month_axis(axes: Axes, clock: ClockTime, days: float) -> None:
    firsts = [clock.start.replace(month=month, day=1) for month in range(1, 13)]
    axes.set_xticks([(first - clock.start).days for first in firsts], [f"{first:%b}" for first in firsts], ha="left")
    axes.set_xlim(0.0, days)


@style.drawn
def cooling(tree: xr.DataTree, found: list[Month]) -> Figure:
    """Hours in each way of cooling by month, and PUE by day and hour of the day (or step)."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    figure, axes = style.sheet(1, 2, height_in=2.7, width_ratios=[1.0, 1.5])
    each = found[:-1]
    layers = {name: np.array([getattr(month, f"{name}_h") for month in each]) for name, _ in _WAYS}
    _columns(axes[0], each, layers, tuple(color for _, color in _WAYS))
    axes[0].set_ylabel("time (h)")
    span_s = durations_s(site)
    cell_s = max(_HOUR_S, float(span_s.max()))
    cell = ((values(site, "time") - span_s) // cell_s).astype(np.int64)
    feed, equipment = (np.bincount(cell, power * span_s) for power in (values(site, "feed_w"), equipment_w(site)))
    pue = (feed / equipment).reshape(-1, round(_DAY_S / cell_s)).T
    shown = axes[1].imshow(
        pue,
        aspect="auto",
        origin="lower",
        extent=(0.0, pue.shape[1], 0.0, 24.0),
        cmap="cividis",
        interpolation="nearest",
    )
    axes[1].grid(visible=False)
    axes[1].set_yticks(range(0, 25, 6))
    axes[1].set_ylabel("hour of the day (standard time)")
    _month_axis(axes[1], clock, float(pue.shape[1]))
    figure.colorbar(shown, ax=axes[1], label="PUE, equipment inlet (1)", pad=0.01)
    return figure
