"""Measured against simulated, drawn: each quantity along its axis, and all of a unit against the line of no error."""

from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.report import style
from twin.validation.outcome import Outcome, Pair

_FEW = 30  # values up to this many are drawn one by one
_MOST = 400
_ROW_IN, _SQUARE_IN = 1.9, 3.1
_SHOWN_UNIT = {"degC": "°C"}


@style.drawn
def comparison(outcome: Outcome) -> Figure:
    """Every pair of the outcome, two in a row; below, one square for each unit."""
    pairs = list(outcome.pairs.values())
    units = [unit for unit, _ in groupby(sorted(pair.unit for pair in pairs))]
    rows = (len(pairs) + 1) // 2
    heights = [_ROW_IN] * rows + [_SQUARE_IN]
    figure, axes = style.sheet(rows + 1, 2, sum(heights), height_ratios=heights)
    for axis, pair in zip(axes, pairs, strict=False):
        _labels(axis, pair) if pair.labels else _course(axis, pair)
    for axis, unit in zip(axes[2 * rows :], units, strict=False):
        _square(axis, [pair for pair in pairs if pair.unit == unit], unit)
    for axis in [*axes[len(pairs) : 2 * rows], *axes[2 * rows + len(units) :]]:
        axis.set_axis_off()
    style.legend(axes[0], 2)
    return figure


def _course(axes: Axes, pair: Pair) -> None:
    few = len(pair.at) <= _FEW
    axes.plot(pair.at, pair.measured, "o" if few else "-", color=style.INK, markersize=4, label=pair.known, zorder=3)
    line = pair.course or (pair.at, pair.simulated)
    axes.plot(*line, color=style.RETURN, label="simulated", linewidth=0.9, zorder=4)
    if pair.shown is not None:
        axes.set_xlim(*pair.shown)
    axes.set_title(pair.words)
    axes.set_xlabel(pair.axis)
    axes.set_ylabel(_unit(pair.unit))


def _labels(axes: Axes, pair: Pair) -> None:
    axes.plot(pair.at, pair.measured, "o", color=style.INK, markersize=5, label=pair.known)
    axes.plot(pair.at, pair.simulated, "_", color=style.RETURN, markersize=16, markeredgewidth=2, label="simulated")
    axes.set_xticks(pair.at, pair.labels)
    axes.margins(x=0.4, y=0.6)
    axes.set_title(pair.words)
    axes.set_ylabel(_unit(pair.unit))


def _square(axes: Axes, pairs: list[Pair], unit: str) -> None:
    for color, pair in zip(style.RUNS, pairs, strict=False):
        thin = slice(None, None, max(1, len(pair.at) // _MOST))
        size = 14 if len(pair.at) <= _FEW else 4
        axes.scatter(
            pair.measured[thin], pair.simulated[thin], s=size, color=color, alpha=0.6, linewidths=0, label=pair.words
        )
    ends = np.array([axes.get_xlim(), axes.get_ylim()])
    span = (ends.min(), ends.max())
    axes.plot(span, span, color=style.SOFT, linewidth=0.8, zorder=0)
    shown = _unit(unit)
    axes.set(xlim=span, ylim=span, aspect="equal")
    axes.set(xlabel=f"{pairs[0].known} ({shown})", ylabel=f"simulated ({shown})")
    axes.set_anchor("W")
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), markerscale=2)
    # There is room beside the square; counted in, the words would narrow the columns.
    legend.set_in_layout(False)


def _unit(unit: str) -> str:
    return _SHOWN_UNIT.get(unit, unit)
