"""Power of the site: feed against its limit, around each call, substations, end uses."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.core.layout import Vec
from twin.judge.energy import apparent_va, power_by_use, power_factor
from twin.judge.limits import limited_powers, window_lengths
from twin.judge.result import ClockTime, durations_s, group, texts, values
from twin.judge.windows import clock_windows
from twin.report import style

ZOOM_BEFORE_S, ZOOM_AFTER_S = 120.0, 600.0
_MOST_ZOOMS = 6


@style.drawn
def feed(tree: xr.DataTree) -> Figure:
    """Feed power against the limit in force, as 1 s means and demand; apparent and reactive power, power factor."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    time = values(site, "time")
    figure, axes = style.sheet(3, height_in=5.4, sharex=True, height_ratios=[3.0, 1.5, 1.2])
    style.draw_series(axes[0], time, values(site, "feed_w") / 1e6, style.POWER, "1 s mean (band: least to greatest)")
    _demand(axes[0], tree, site, clock)
    _limit(axes[0], site)
    _events(axes[0], tree)
    axes[0].set_ylabel("active power (MW)")
    style.draw_series(axes[1], time, apparent_va(site) / 1e6, style.COOLANT, "apparent (MVA)")
    if "feed_var" in site:
        style.draw_series(axes[1], time, values(site, "feed_var") / 1e6, style.AIR, "reactive (Mvar)")
    axes[1].set_ylim(bottom=_least(site))
    axes[1].set_ylabel("MVA, Mvar")
    style.draw_series(axes[2], time, power_factor(site), style.INK, "power factor")
    axes[2].set_ylabel("power factor (1)")
    axes[2].ticklabel_format(axis="y", useOffset=False)
    for one in axes[:2]:
        style.legend(one)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure


def _least(site: xr.Dataset) -> float | None:
    """The bottom of the axis of reactive power: 0 unless it is negative, then what the series asks for."""
    return None if "feed_var" in site and float(values(site, "feed_var").min()) < 0.0 else 0.0


def _demand(axes: Axes, tree: xr.DataTree, site: xr.Dataset, clock: ClockTime) -> None:
    length = window_lengths(tree)["demand interval"]
    duration = durations_s(site)
    cut = clock_windows(values(site, "time"), duration, length, clock.midnight_s)
    mean = cut.mean(values(site, "feed_w"), duration)[cut.complete] / 1e6
    start = cut.start_s[cut.complete]
    if len(start) and len(start) == round((start[-1] - start[0]) / length) + 1:
        edges = np.append(start, start[-1] + length)
        axes.stairs(mean, edges, color=style.INK, linewidth=0.8, baseline=None, label=f"{length / 60.0:g} min demand")


def _limit(axes: Axes, site: xr.Dataset) -> None:
    if "limit_w" not in site or not np.isfinite(limit := values(site, "limit_w")).any():
        return
    time, level = style.corners(values(site, "time"), np.where(np.isfinite(limit), limit, np.nan) / 1e6)
    axes.step(time, level, where="pre", color=style.LIMIT, linewidth=1.2, label="limit in force")


def _events(axes: Axes, tree: xr.DataTree) -> None:
    events = group(tree, "events")
    if events is None or events.sizes.get("event", 0) == 0:
        return
    for time in np.unique(values(events, "time_s"))[:60]:
        axes.axvline(time, color=style.SOFT, linewidth=0.7, linestyle=(0, (2, 2)))


def zoom_times(tree: xr.DataTree) -> list[float]:
    """Moments worth a closer look: changes of the limit, then events; those that share a window are one."""
    site = tree["site"].to_dataset()
    time, found = values(site, "time"), []
    if "limit_w" in site:
        found += list(time[np.flatnonzero(np.diff(np.nan_to_num(values(site, "limit_w"), posinf=0.0)))])
    events = group(tree, "events")
    if events is not None and events.sizes.get("event", 0):
        found += sorted(values(events, "time_s"))
    kept: list[float] = []
    for moment in found:
        apart = all(not -ZOOM_BEFORE_S <= moment - other <= ZOOM_AFTER_S for other in kept)
        if apart and 0.0 <= moment < time[-1] and len(kept) < _MOST_ZOOMS:
            kept.append(float(moment))
    return sorted(kept)


@style.drawn
def zooms(tree: xr.DataTree) -> Figure | None:
    """Feed power second by second around each change of the limit and each event."""
    moments = zoom_times(tree)
    if not moments:
        return None
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    rows = -(-len(moments) // 2)
    figure, axes = style.sheet(rows, min(2, len(moments)), height_in=0.4 + 2.0 * rows)
    for one, moment in zip(axes, moments, strict=False):
        _zoom(one, tree, site, clock, moment)
    for one in axes[len(moments) :]:
        one.remove()
    return figure


def _zoom(axes: Axes, tree: xr.DataTree, site: xr.Dataset, clock: ClockTime, moment: float) -> None:
    time = values(site, "time")
    begin, end = max(0.0, moment - ZOOM_BEFORE_S), min(float(time[-1]), moment + ZOOM_AFTER_S)
    inside = site.isel(time=np.flatnonzero((time > begin) & (time <= end)))
    axes.plot(
        values(inside, "time"),
        values(inside, "feed_w") / 1e6,
        color=style.POWER,
        drawstyle="steps-pre",
        label="1 s mean",
    )
    _limit(axes, inside)
    _events(axes, tree)
    axes.set_ylabel("active power (MW)")
    axes.set_title(f"around {clock.text(moment)}")
    style.clock_axis(axes, clock, begin, end, ticks=6)
    low, high = axes.get_ylim()
    if high - low < 0.02 * high:
        axes.set_ylim(low - 0.01 * high, high + 0.01 * high)
    style.legend(axes)


@style.drawn
def substations(tree: xr.DataTree) -> Figure | None:
    """Each substation's power against its limit."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    if "substation_w" not in site:
        return None
    time, power, names = values(site, "time"), values(site, "substation_w"), texts(site, "substation")
    limits = {one.where: one.limit_w for one in limited_powers(tree)}
    figure, axes = style.sheet(1, len(names), height_in=2.1, sharey=True)
    for i, (one, name) in enumerate(zip(axes, names, strict=True)):
        style.draw_series(one, time, power[:, i] / 1e6, style.POWER, "1 s mean")
        if name in limits:
            at, level = style.corners(time, limits[name] / 1e6)
            one.step(at, level, where="pre", color=style.LIMIT, linewidth=1.2, label="limit in force")
        one.set_title(name)
        style.legend(one)
        style.clock_axis(one, clock, 0.0, float(time[-1]), ticks=max(4, 12 // len(names)))
    axes[0].set_ylabel("active power (MW)")
    return figure


@style.drawn
def end_uses(tree: xr.DataTree) -> Figure:
    """Power by end use, stacked; together they are the feed."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    time, uses = values(site, "time"), power_by_use(site)
    layers: list[Vec] = []
    thin = time
    for power in uses.values():
        thin, mean, _, _ = style.envelope(time, power / 1e6, 700)
        layers.append(mean)
    figure, (axes,) = style.sheet(height_in=3.2)
    axes.stackplot(thin, *layers, colors=style.USES[: len(layers)], labels=list(uses), linewidth=0.0)
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("power by end use (MW)")
    # The legend reads from top to bottom as the layers lie.
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    style.clock_axis(axes, clock, 0.0, float(time[-1]))
    return figure
