"""Pictures of the electrical path: temperatures of transformers and cables, tap changers, voltage down to boards."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twin.core.layout import Vec
from twin.judge.alarms import VOLTAGE_BAND_PU, low_voltage_boards
from twin.judge.oscillation import windows
from twin.judge.result import ClockTime, group, texts, values
from twin.judge.transformers import HOT_SPOT_C, HOT_SPOT_EMERGENCY_C, TOP_OIL_C, by_heat, heated, known
from twin.report import style

_SHOWN = 6
_BUSES = (
    (("source", "busbar"), style.INK, "feed and busbars"),
    (("transformer",), style.POWER, "behind a transformer"),
    (("cable",), style.COOLANT, "behind a cable"),
)


@style.drawn
def transformers(tree: xr.DataTree) -> Figure | None:
    """The hottest transformers: hot spot, top oil, and the hours of life they have lost."""
    found, clock = heated(tree), ClockTime.of(tree)
    if found is None:
        return None
    figure, axes = style.sheet(3, height_in=5.8, sharex=True, height_ratios=[1.4, 1.2, 1.0])
    lost = np.nancumsum(found.lost_h, axis=0)
    for i, color in zip(by_heat(found, _SHOWN), style.RUNS, strict=False):
        axes[0].plot(found.time_s, found.hot_spot_c[:, i], color=color, label=found.names[i])
        axes[1].plot(found.time_s, found.top_oil_c[:, i], color=color)
        axes[2].plot(found.time_s, lost[:, i], color=color)
    for one, bounds in ((axes[0], (HOT_SPOT_C, HOT_SPOT_EMERGENCY_C)), (axes[1], (TOP_OIL_C,))):
        for bound in bounds:
            _bound(one, bound)
    axes[2].plot(
        found.time_s, found.time_s / 3600.0, color=style.SOFT, linestyle=(0, (4, 3)), label="normal: 1 h an hour"
    )
    axes[2].set_ylim(0.0, max(1.15 * float(np.nanmax(lost)), 1e-3))
    for one, label in zip(axes, ("hot spot (°C)", "top oil (°C)", "life lost (h)"), strict=True):
        one.set_ylabel(label)
    style.legend(axes[0])
    style.legend(axes[2])
    style.clock_axis(axes[2], clock, 0.0, float(found.time_s[-1]))
    return figure


def _bound(axes: Axes, bound: float) -> None:
    """A limit, where the series come near enough for it to be worth the room."""
    low, high = axes.get_ylim()
    if high > bound - 25.0:
        axes.axhline(bound, color=style.LIMIT, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_ylim(low, max(high, bound + 2.0))


@style.drawn
def conductors_and_taps(tree: xr.DataTree) -> Figure | None:
    """The warmest conductors of cables, and where tap changers stand."""
    nodes, clock = group(tree, "electrical"), ClockTime.of(tree)
    if nodes is None:
        return None
    cables, taps = known(nodes, "conductor_c"), known(nodes, "tap")
    panels = [panel for panel, places in ((_conductors, cables), (_taps, taps)) if places.size]
    if not panels:
        return None
    figure, axes = style.sheet(len(panels), height_in=0.7 + 1.6 * len(panels), sharex=True)
    for panel, one in zip(panels, axes, strict=True):
        panel(one, nodes)
        style.legend(one)
    style.clock_axis(axes[-1], clock, 0.0, float(values(nodes, "time")[-1]))
    return figure


def _conductors(axes: Axes, nodes: xr.Dataset) -> None:
    places, time, names = known(nodes, "conductor_c"), values(nodes, "time"), texts(nodes, "node")
    seen = values(nodes, "conductor_c")[:, places]
    for i, color in zip(np.argsort(-np.nanmax(seen, axis=0), kind="stable")[:_SHOWN], style.RUNS, strict=False):
        axes.plot(time, seen[:, i], color=color, label=names[places[i]])
    axes.set_ylabel("conductor (°C)")
    for bound in np.unique(values(nodes, "conductor_limit_c")[places]):
        _bound(axes, float(bound))


def _taps(axes: Axes, nodes: xr.Dataset) -> None:
    places, time, names = known(nodes, "tap"), values(nodes, "time"), texts(nodes, "node")
    seen = values(nodes, "tap")[:, places]
    widest = np.argsort(-np.ptp(np.nan_to_num(seen), axis=0), kind="stable")[:_SHOWN]
    for k, (i, color) in enumerate(zip(np.sort(widest), style.RUNS, strict=False)):
        # Those that stand alike are seen behind each other.
        axes.step(time, seen[:, i], where="pre", color=color, linewidth=2.6 - 0.35 * k, label=names[places[i]])
    axes.set_ylabel("tap (positive raises\nthe low side)")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


@style.drawn
def voltage_profile(tree: xr.DataTree) -> Figure | None:
    """Voltage from the feed to the boards in the minute of the lowest board, with least and greatest of the run."""
    nodes, clock = group(tree, "electrical"), ClockTime.of(tree)
    if nodes is None or nodes.sizes.get("time", 0) == 0 or "level" not in nodes:
        return None
    low, high = values(nodes, "voltage_pu_min"), values(nodes, "voltage_pu_max")
    low, high = np.where(low > 0.0, low, np.nan), np.where(high > 0.0, high, np.nan)
    boards = low_voltage_boards(tree, nodes)
    if np.isnan(low[:, boards]).all():
        return None
    worst = np.unravel_index(int(np.nanargmin(low[:, boards])), low[:, boards].shape)
    minute, board = int(worst[0]), int(boards[worst[1]])
    figure, axes = style.sheet(1, height_in=3.4)
    _profile(axes[0], nodes, low[minute], np.fmin.reduce(low), np.fmax.reduce(high))
    least, at = float(low[minute, board]), clock.text(float(values(nodes, "time")[minute]))
    title = f"lowest 1 s mean: {least:.3f} pu at {texts(nodes, 'node')[board]}, {at}{_in_window(tree, least)}"
    axes[0].set_title(title, fontweight="normal", color=style.INK)
    for bound in VOLTAGE_BAND_PU:
        axes[0].axhline(bound, color=style.LIMIT, linewidth=0.8, linestyle=(0, (4, 3)))
    style.legend(axes[0])
    return figure


def _in_window(tree: xr.DataTree, least_pu: float) -> str:
    """What a window saw below the 1 s means, as the end of a title."""
    lower = min(windows(tree), key=lambda one: one.lowest_board_pu, default=None)
    if lower is None or lower.lowest_board_pu >= least_pu:
        return ""
    return f"; within a window {lower.lowest_board_pu:.3f} pu at {lower.lowest_board}"


def _profile(axes: Axes, nodes: xr.Dataset, now: Vec, least: Vec, most: Vec) -> None:
    names, kinds, parents = texts(nodes, "node"), texts(nodes, "kind"), texts(nodes, "parent")
    level, place = values(nodes, "level"), {name: i for i, name in enumerate(names)}
    # Buses of a level stand side by side in the order of the file, so that their bars do not hide each other.
    across = level.copy()
    for one in np.unique(level):
        same = np.flatnonzero(level == one)
        across[same] += np.linspace(-0.32, 0.32, same.size) if same.size > 1 else 0.0
    for i, parent in enumerate(parents):
        if parent in place and kinds[i] != "tie":
            k = place[parent]
            axes.plot([across[k], across[i]], [now[k], now[i]], color=style.SOFT, linewidth=0.4, alpha=0.6)
    for some, color, label in _BUSES:
        own = np.array([kind in some for kind in kinds])
        if own.any():
            axes.vlines(across[own], least[own], most[own], color=color, alpha=0.35, linewidth=1.4)
            axes.plot(across[own], now[own], ".", markersize=3.0, color=color, label=label)
    axes.set_xlabel("elements from the feed")
    axes.set_ylabel("voltage, 1 s means (pu)")
    axes.set_xticks(np.unique(level))
