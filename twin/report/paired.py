"""Policies on the same seeds: every figure with its paired difference from the first policy and that one's interval."""

from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec
from twin.judge.catalogue import Known, known, order
from twin.judge.paired import CONFIDENCE, Difference, difference
from twin.report.tables import Cell, Table, places, text

Figures = dict[str, float | str | bool]
_SMALLER = {"MW": "kW", "MWh": "kWh", "MVA": "kVA", "MVAh": "kVAh", "GPU-h": "GPU-s"}


class Contender(NamedTuple):
    """A policy with the figures of its runs, by seed."""

    name: str
    runs: dict[int, Figures]

    def get(self, key: str, seeds: list[int] | None = None) -> Vec:
        """One figure over ``seeds`` (all of its own where None), NaN where a run does not have it."""
        return np.array([_figure(self.runs[seed], key) for seed in (sorted(self.runs) if seeds is None else seeds)])

    def mean(self, key: str) -> float:
        """Mean of one figure over its seeds; NaN where a run does not have it."""
        return float(np.mean(self.get(key)))


def _figure(figures: Figures, key: str) -> float:
    value = figures.get(key, np.nan)
    return float(value) if not isinstance(value, str) else np.nan


def against(one: Contender, other: Contender, key: str) -> Difference:
    """The difference of ``one`` from ``other`` on the seeds that both have; NaN where they share none."""
    seeds = sorted(one.runs.keys() & other.runs.keys())
    if not seeds:
        return Difference(np.nan, np.nan, np.nan, 0)
    return difference(one.get(key, seeds), other.get(key, seeds))


def keys(contenders: list[Contender]) -> list[str]:
    """Every figure that is a number in some run, in the order of their definitions."""
    found = {
        key
        for one in contenders
        for figures in one.runs.values()
        for key, value in figures.items()
        if not isinstance(value, str)
    }
    return sorted(found, key=order)


def paired_table(contenders: list[Contender]) -> Table:
    """Every figure of every policy as mean over seeds, its difference from the first and the interval; for the CSV."""
    first, rows = contenders[0], []
    for key in keys(contenders):
        about = known(key)
        factor, unit = (1.0, "") if about is None else (about.factor, about.unit)
        group, words = ("", key) if about is None else (about.group, about.words)
        for one in contenders:
            row: list[Cell] = [group, key, words, unit, one.name, factor * one.mean(key), len(one.runs)]
            if one is first:
                row += [np.nan, np.nan, np.nan, ""]
            else:
                found = against(one, first, key)
                row += [factor * found.mean, factor * found.low, factor * found.high, _apart(found)]
            rows.append(tuple(row))
    headings = (
        "group", "name", "figure", "unit", "policy", "mean", "seeds", f'difference from "{first.name}"',
        f"from ({CONFIDENCE:.0%})", "to", "larger than the noise",
    )  # fmt: skip
    remark = f"{len(rows):,} rows: each figure of each policy, with the interval of its difference."
    return Table("paired", "Every figure, for a spreadsheet", headings, rows, shown=[], remark=remark, mixed=True)


def _apart(found: Difference) -> str:
    return "not known" if found.pairs < 2 else "yes" if found.told_apart else "no"


class MatrixCell(NamedTuple):
    """What stands for one policy in one row: its mean, its difference, and how both look."""

    value: str
    difference: str
    mark: str
    """``best``, ``good`` or ``bad`` (told apart from the first), or nothing."""


class MatrixRow(NamedTuple):
    """One figure of all policies."""

    words: str
    how: str
    unit: str
    cells: list[MatrixCell]


class Matrix(NamedTuple):
    """The figures of one group: those that differ as rows, those that do not in words."""

    group: str
    rows: list[MatrixRow]
    alike: list[str]
    nothing: list[str]
    """Those that are 0 everywhere."""


def matrices(contenders: list[Contender]) -> list[Matrix]:
    """Every group of figures that some run has."""
    found: dict[str, Matrix] = {}
    for key in keys(contenders):
        about = known(key)
        if about is None or about.group == "run" or key.endswith("_at_s"):
            continue
        mine = found.setdefault(about.group, Matrix(about.group, [], [], []))
        means = np.array([one.mean(key) for one in contenders])
        if np.isnan(means).all():
            continue
        factor, unit = _scale(about, means)
        if np.allclose(means, means[0], rtol=1e-9, atol=1e-12):
            shown = _shown(about, factor * means[0], None)
            if means[0] == 0.0 and about.figure.unit:
                mine.nothing.append(about.words)
            else:
                mine.alike.append(f"{about.words} {shown}{f' {unit}' if unit else ''}")
        else:
            mine.rows.append(MatrixRow(about.words, _how(about), unit, _cells(contenders, key, about, means, factor)))
    return [one for one in found.values() if one.rows or one.alike or one.nothing]


def _how(about: Known) -> str:
    better = f" ({'less' if about.figure.better == 'least' else 'more'} is better)" if about.figure.better else ""
    return f"{about.figure.how}{better}"


def _scale(about: Known, means: Vec) -> tuple[float, str]:
    """Factor and unit for reading: a small site's megawatts are kilowatts."""
    most = float(np.nanmax(np.abs(means)))
    if about.unit in _SMALLER and 0.0 < most < 1.0:
        return (3600.0 if about.unit == "GPU-h" else 1e3), _SMALLER[about.unit]
    return about.factor, about.unit


def _shown(about: Known, value: float, digits: int | None) -> str:
    if not about.figure.unit and np.isfinite(value):
        return "yes" if value == 1.0 else "no" if value == 0.0 else f"{value:.0%} of runs"
    if value == 0.0:
        return "0"
    return text(value, digits) if digits is None or abs(value) >= 10.0**-digits else text(value)


def _cells(contenders: list[Contender], key: str, about: Known, means: Vec, factor: float) -> list[MatrixCell]:
    sign = {"least": 1.0, "most": -1.0}.get(about.figure.better, 0.0)
    best = np.nanmin(sign * means) if sign else np.nan
    shown_to = places(tuple(float(value) for value in factor * means))
    cells = []
    for one, mean in zip(contenders, means, strict=True):
        mark = "best" if sign and np.isclose(sign * mean, best, 1e-9, 1e-12) else ""
        words, found = "", against(one, contenders[0], key)
        if one is not contenders[0] and about.figure.unit and np.isfinite(found.mean):
            words, coarser = "", max(0, shown_to - 1)
            apart, half = factor * found.mean, factor * (found.high - found.mean)
            words = (
                "±0" if apart == 0.0 else f"{apart:+,.{coarser}f}" if abs(apart) >= 10.0**-coarser else f"{apart:+.1e}"
            )
            if found.pairs > 1 and (apart or half):
                words += f" ± {text(half, coarser)}"
            if found.told_apart and sign:
                mark += " good" if sign * found.mean < 0.0 else " bad"
        cells.append(MatrixCell(_shown(about, factor * mean, shown_to), words, mark))
    return cells
