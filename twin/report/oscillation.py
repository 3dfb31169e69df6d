"""Windows: power, reactive power and voltage in milliseconds, spectrum by bands, ramps, what dropped out."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twin.core.layout import Vec
from twin.judge.oscillation import RANGE_S, WindowFigures, batteries, coherences, left_of, windows
from twin.judge.result import ClockTime, values
from twin.judge.rules import pack_of
from twin.judge.spectrum import BANDS, BEYOND, VALID_HZ, spectrum
from twin.report import style
from twin.report.tables import Cell, Table

_MOST_HZ, _LEAST_HZ = 20.0, 0.1
_MOST_WINDOWS = 4


@style.drawn
def course(tree: xr.DataTree) -> Figure | None:
    """Active and reactive power and voltage at the point of interconnection through each window."""
    shown = windows(tree)[:_MOST_WINDOWS]
    if not shown:
        return None
    figure, axes = style.sheet(3, len(shown), height_in=4.8, sharex="col", sharey="row", height_ratios=[1.6, 1.0, 1.0])
    for column, one in enumerate(shown):
        _course(tree, one, axes[column :: len(shown)], first=column == 0)
    return figure


def _course(tree: xr.DataTree, one: WindowFigures, axes: list[Axes], *, first: bool) -> None:
    rows = tree[one.name].to_dataset()
    time_s = values(rows, "time") - one.from_s
    style.draw_series(axes[0], time_s, values(rows, "feed_w") / 1e6, style.POWER, "feed")
    battery_w = values(rows, "battery_w")
    if battery_w.any():
        without = (values(rows, "feed_w") + battery_w) / 1e6
        style.draw_series(axes[0], time_s, without, style.RETURN, "without the battery plant", linewidth=0.8)
    style.draw_series(axes[1], time_s, values(rows, "feed_var") / 1e6, style.AIR, "reactive")
    style.draw_series(axes[2], time_s, values(rows, "feed_voltage_pu"), style.COOLANT, "feed")
    style.draw_series(axes[2], time_s, values(rows, "lowest_pu"), style.LIMIT, "lowest board", linewidth=0.8)
    if first:
        for axis, label in zip(axes, ("active (MW)", "reactive (Mvar)", "voltage (pu)"), strict=True):
            axis.set_ylabel(label)
    for axis in (axes[0], axes[2]):
        style.legend(axis, columns=2)
    axes[2].set_xlabel(f"time since {ClockTime.of(tree).text(one.from_s)} (s)")
    axes[2].set_xlim(0.0, one.until_s - one.from_s)
    low, high = axes[2].get_ylim()
    if high - low < 0.01:
        axes[2].set_ylim(low - 0.005, high + 0.005)


@style.drawn
def amplitudes(tree: xr.DataTree) -> Figure | None:
    """Amplitude spectrum of the feed in each window, with the bands and what lies beyond the model."""
    shown = windows(tree)[:_MOST_WINDOWS]
    if not shown:
        return None
    figure, axes = style.sheet(len(shown), height_in=0.4 + 2.4 * len(shown), sharex=True)
    for axis, one in zip(axes, shown, strict=True):
        _amplitudes(tree, one, axis)
    axes[-1].set_xlabel("frequency (Hz)")
    return figure


def _amplitudes(tree: xr.DataTree, one: WindowFigures, axes: Axes) -> None:
    rows = tree[one.name].to_dataset()
    feed_w, without_w = values(rows, "feed_w"), values(rows, "feed_w") + values(rows, "battery_w")
    seen = spectrum(feed_w, one.step_s)
    inside = (seen.frequency_hz >= _LEAST_HZ) & (seen.frequency_hz <= _MOST_HZ)
    floor = max(1e-6, 1e-4 * float(seen.amplitude[inside].max(initial=0.0)) / 1e6)
    if values(rows, "battery_w").any():
        _line(axes, spectrum(without_w, one.step_s), inside, floor, style.RETURN, "without the battery plant")
    _line(axes, seen, inside, floor, style.POWER, "feed")
    for band in BANDS[:-1]:
        axes.axvline(band.high_hz, color=style.SOFT, linewidth=0.6, linestyle=(0, (2, 2)))
    for i, rule in enumerate(_limits(tree)):
        label = "allowed" if i == 0 else ""
        axes.hlines(rule["most"] / 1e6, rule["low"], rule["high"], color=style.LIMIT, linewidth=1.2, label=label)
    axes.axvspan(VALID_HZ, _MOST_HZ, color=style.SOFT, alpha=0.25, linewidth=0.0)
    axes.text(17.3, 0.04, BEYOND, transform=axes.get_xaxis_transform(), ha="center", fontsize=6, rotation=90)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(_LEAST_HZ, _MOST_HZ)
    ticks = (0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 7.0, 10.0, 15.0, 20.0)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylabel("amplitude (MW)")
    axes.set_title(f"{ClockTime.of(tree).text(one.from_s)}, {one.until_s - one.from_s:g} s at {1e3 * one.step_s:g} ms")
    style.legend(axes)


def _line(axes: Axes, seen: tuple[Vec, Vec], inside: NDArray[np.bool_], floor: float, color: str, label: str) -> None:
    frequency_hz, amplitude = seen
    axes.plot(frequency_hz[inside], np.maximum(amplitude[inside] / 1e6, floor), color=color, label=label, linewidth=0.8)


def _limits(tree: xr.DataTree) -> list[dict[str, float]]:
    """What the run's rule pack allows by frequency."""
    return [rule for rule in pack_of(tree).get("rules", []) if rule["kind"] == "band"]


def ramp_rows(tree: xr.DataTree) -> Table:
    """The greatest rise and fall over each time in each window."""
    clock = ClockTime.of(tree)
    rows: list[tuple[Cell, ...]] = []
    for one in windows(tree):
        for ramp in one.ramps:
            up, down = (clock.text(one.from_s + begin) for begin in (ramp.rise_s, ramp.fall_s))
            cells = (ramp.over_s, ramp.rise / 1e6, up, ramp.fall / 1e6, down)
            rows.append((clock.text(one.from_s), *cells))
    headings = ("window", "over (s)", "greatest rise (MW)", "begins", "greatest fall (MW)", "begins ")
    remark = "A change between two moments so far apart, wherever it is greatest; a dash where the window is shorter."
    return Table("window_ramps", "Ramps in windows", headings, rows, remark=remark)


def band_rows(tree: xr.DataTree) -> Table:
    """Peak and share of each band in each window."""
    clock, marks = ClockTime.of(tree), []
    rows: list[tuple[Cell, ...]] = []
    for one in windows(tree):
        plants, worse = batteries(tree, one.name), [band for band, _ in one.left]
        for found in one.bands:
            left = left_of(found.peak_hz, plants)
            beyond = found.band.name == BEYOND
            rows.append(
                (clock.text(one.from_s), found.band.name, found.peak / 1e6, found.peak_hz, 100.0 * found.share,
                 np.nan if beyond else left)
            )  # fmt: skip
            marks.append("warn" if found in worse else "")
    headings = (
        "window", "band", "greatest amplitude (MW)", "at (Hz)", "share of the energy (%)",
        "left by the battery plant (1)",
    )  # fmt: skip
    remark = (
        "One Hann window over the whole of it, corrected for its mean; shares are of all that is not constant. Above 1 "
        "the battery plant amplifies."
    )
    return Table("window_bands", "Oscillation by bands", headings, rows, remark=remark, marks=marks)


def drop_rows(tree: xr.DataTree) -> Table:
    """Load and voltage of each window, and what dropped out."""
    clock = ClockTime.of(tree)
    rows: list[tuple[Cell, ...]] = [
        (
            clock.text(one.from_s), one.until_s - one.from_s, 1e3 * one.step_s, one.mean_w / 1e6, one.range_w / 1e6,
            one.range_10_s_w / 1e6, one.lowest_feed_pu, one.lowest_board_pu, one.lowest_board, one.racks_out,
            one.motors_out, one.ups_out,
        )
        for one in windows(tree)
    ]  # fmt: skip
    headings = (
        "window", "lasts (s)", "step (ms)", "mean (MW)", "range (MW)", f"range in {RANGE_S:g} s (MW)",
        "lowest at the feed (pu)", "lowest at a board (pu)", "board", "racks out", "motors out", "UPS on battery",
    )  # fmt: skip
    return Table("windows", "Windows", headings, rows)


def coherence_rows(tree: xr.DataTree) -> Table:
    """What the racks of each job keep of its harmonics."""
    rows: list[tuple[Cell, ...]] = []
    for one in windows(tree)[:1]:
        for job, found in coherences(tree[one.name].to_dataset()).items():
            for key in found:
                if key.startswith("kept_"):
                    hz = key.removeprefix("kept_").removesuffix("_hz")
                    rows.append((job, 1e3 * found["deviation_s"], float(hz), found[key], found[f"expected_{hz}_hz"]))
    headings = ("job", "deviation of its racks (ms)", "frequency (Hz)", "coherence of its racks (1)", "of many (1)")
    remark = "The share of a harmonic's amplitude that is left of it when the racks of a job are not quite together."
    return Table("coherence", "Coherence", headings, rows, remark=remark, folded=True)
