"""Several runs side by side: what differs from the first, and their courses over one another."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.judge.limits import limited_powers
from twin.judge.result import ClockTime, reading, values
from twin.judge.summary import summary
from twin.judge.verdict import verdict
from twin.report import paired, style
from twin.report.page import Picture, render, save
from twin.report.tables import Cell, Table

# The rows of the short table: figure, words, unit, factor for reading.
_MAIN: tuple[tuple[str, str, str, float], ...] = (
    ("limit", "limit in force", "", 1.0),
    ("above_limit_1_s_mean_s", "time above, 1 s mean", "s", 1.0),
    ("above_limit_1_min_mean_s", "time above, 1 min mean", "s", 1.0),
    ("above_limit_demand_interval_s", "time above, demand interval", "s", 1.0),
    ("excess_1_s_mean_mw", "greatest excess, 1 s mean", "MW", 1.0),
    ("above_limit_1_s_mean_mwh", "energy above, 1 s mean", "MWh", 1.0),
    ("call_reached_worst_s", "call: until at or under", "s", 1.0),
    ("feed_peak_mw", "peak feed power", "MW", 1.0),
    ("feed_mean_mw", "mean feed power", "MW", 1.0),
    ("feed_energy_mwh", "energy bought", "MWh", 1.0),
    ("ramp_60_s_rise_mw", "greatest rise in 1 min", "MW", 1.0),
    ("ramp_60_s_fall_mw", "greatest fall in 1 min", "MW", 1.0),
    ("pue_equipment_inlet", "interim PUE, IT equipment inlet", "1", 1.0),
    ("pue_rack_inlet", "interim PUE, rack inlet", "1", 1.0),
    ("wue_make_up_l_kwh", "WUE, make-up", "L/kWh", 1.0),
    ("hottest_gpu_c", "hottest GPU die", "°C", 1.0),
    ("throttled_gpu_s", "throttled", "GPU-s", 1.0),
    ("work_done_gpu_h", "work done", "GPU-h", 1.0),
    ("work_lost_gpu_h", "work lost", "GPU-h", 1.0),
    ("work_lost_share", "work lost", "%", 100.0),
    ("lowest_mean_cap_w", "lowest mean cap", "W", 1.0),
    ("energy_residual", "energy residual", "1", 1.0),
)


class Run(NamedTuple):
    """What a comparison keeps of a run: names, figures, thinned series [time, mean, least, greatest] by variable."""

    name: str
    path: Path
    clock: ClockTime
    figures: dict[str, float | str | bool]
    sentence: str
    seed: int
    series: dict[str, tuple[Vec, Vec, Vec, Vec]]
    limit: tuple[Vec, Vec] | None


_FRONT = (
    "Work against violation: each policy is a point, its seeds are the small ones; the line joins those that no other "
    "beats in both."
)
_SERIES = ("feed_w", "hottest_c", "work", "cap_w")


def write_comparison(paths: list[Path] | list[str], out_dir: Path | str) -> Path:
    """Compare results with the first of them: ``compare.html`` and its tables as CSV in ``out_dir``."""
    read = [read_run(Path(path)) for path in paths]
    if len(read) < 2:
        raise TraceError([file_problem(path, "a comparison needs at least two results") for path in paths])
    contenders = _contenders(read)
    # Of a policy on several seeds one run is drawn; the paired table has them all.
    drawn = [run for run in read if len(contenders) == len(read) or run.seed == min(one.seed for one in read)]
    runs = _named(drawn)
    tables = [main_table(runs), all_figures(runs)]
    pictures = [
        Picture(style.to_svg(overlay(runs), "overlay"), "The same variables of all runs; thin bands are seconds.")
    ]
    if len(contenders) > 1:
        tables.insert(0, paired.paired_table(contenders))
        pictures.insert(0, Picture(style.to_svg(paired.work_against_violation(contenders), "pareto"), _FRONT))
    said = paired.best(contenders) if len(contenders) > 1 else []
    page = render(
        "compare.html.j2", title="Comparison of runs", runs=runs, colors=style.RUNS, said=said, pictures=pictures,
        tables=tables,
    )  # fmt: skip
    out_path = Path(out_dir) / "compare.html"
    save(out_path, page, tables)
    return out_path


def read_run(path: Path) -> Run:
    """One result, reduced to what a comparison shows; only one is held open at a time."""
    with reading(path) as tree:
        site = tree["site"].to_dataset()
        time = values(site, "time")
        feed = next((one for one in limited_powers(tree) if one.where == "feed"), None)
        limit = None if feed is None else style.corners(time, feed.limit_w)
        series = {name: style.envelope(time, values(site, name)) for name in _SERIES if name in site}
        policy = str(tree.attrs.get("policy", "") or path.parent.name)
        first = next(iter(verdict(tree))).text
        seed = int(tree.attrs.get("seed", 0))
        return Run(policy, path, ClockTime.of(tree), summary(tree), first, seed, series, limit)


def _contenders(runs: list[Run]) -> list[paired.Contender]:
    """Runs by policy and seed; where one policy has a seed twice, runs differ in something else and stand alone."""
    found: dict[str, dict[int, paired.Figures]] = {}
    for run in runs:
        mine = found.setdefault(run.name, {})
        if run.seed in mine:
            return [paired.Contender(run.name, {run.seed: run.figures}) for run in _named(runs)]
        mine[run.seed] = run.figures
    return [paired.Contender(name, figures) for name, figures in found.items()]


def _named(runs: list[Run]) -> list[Run]:
    """Runs by policy where that tells them apart, else with their folder or their number as well."""
    for extra in (lambda run, _: run.path.parent.name, lambda _, number: f"run {number}"):
        count = Counter(run.name for run in runs)
        runs = [
            run if count[run.name] == 1 else run._replace(name=f"{run.name} ({extra(run, number)})")
            for number, run in enumerate(runs, 1)
        ]
    return runs


def main_table(runs: list[Run]) -> Table:
    """The figures that decide, with differences from the first run."""
    rows: list[tuple[Cell, ...]] = []
    for key, words, unit, factor in _MAIN:
        cells = [run.figures.get(key) for run in runs]
        if all(cell is None for cell in cells):
            continue
        first = cells[0]
        row: list[Cell] = [words, unit]
        for i, cell in enumerate(cells):
            row.append(_cell(cell, factor))
            if i:
                row.append(_difference(cell, first, factor))
        rows.append(tuple(row))
    headings = ["figure", "unit", runs[0].name]
    for run in runs[1:]:
        headings += [run.name, "difference"]
    remark = f'Differences are from "{runs[0].name}"; a dash is what did not occur, as a call never reached.'
    return Table("comparison", "What differs", tuple(headings), rows, remark=remark, mixed=True)


def _cell(cell: float | str | bool | None, factor: float) -> Cell:
    if cell is None:
        return float("nan")
    return cell if isinstance(cell, str | bool) else factor * cell


def _difference(cell: float | str | bool | None, first: float | str | bool | None, factor: float) -> Cell:
    if isinstance(cell, float) and isinstance(first, float):
        return factor * (cell - first)
    return "" if cell == first else "differs"


def all_figures(runs: list[Run]) -> Table:
    """Every figure of every run."""
    keys = list(dict.fromkeys(key for run in runs for key in run.figures))
    rows: list[tuple[Cell, ...]] = [(key, *(_cell(run.figures.get(key), 1.0) for run in runs)) for key in keys]
    headings = ("figure", *(run.name for run in runs))
    return Table("all_figures", "Every figure", headings, rows, mixed=True, folded=True)


@style.drawn
def overlay(runs: list[Run]) -> Figure:
    """Feed power against the limit, hottest GPU, work and mean cap of all runs, by time since the start of each."""
    figure, axes = style.sheet(4, height_in=7.2, sharex=True, height_ratios=[2.2, 1.3, 1.3, 1.1])
    panels = (
        ("feed_w", 1e-6, "feed power (MW)"),
        ("hottest_c", 1.0, "hottest die (°C)"),
        ("work", *style.work_unit(max(float(run.series["work"][3].max()) for run in runs))),
        ("cap_w", 1.0, "mean cap (W)"),
    )
    for one, (name, factor, label) in zip(axes, panels, strict=True):
        one.set_ylabel(label)
        for i, run in enumerate(runs):
            _draw(one, run, name, factor, style.RUNS[i % len(style.RUNS)])
    for i, run in enumerate(runs):
        if run.limit is not None:
            same = i and runs[0].limit is not None and np.array_equal(run.limit[1], runs[0].limit[1])
            if not same:
                label = "limit in force" if i == 0 else f"limit, {run.name}"
                axes[0].step(run.limit[0], run.limit[1] / 1e6, where="pre", color=style.LIMIT, lw=1.2, label=label)
    style.legend(axes[0], columns=5)
    end = max(float(run.series["feed_w"][0][-1]) for run in runs)
    style.clock_axis(axes[-1], runs[0].clock, 0.0, end)
    if len({run.clock.start for run in runs}) > 1:
        axes[-1].set_xlabel(f"{axes[-1].get_xlabel()} of the first run; the others are laid on it from their start")
    return figure


def _draw(axes: Axes, run: Run, name: str, factor: float, color: str) -> None:
    if name not in run.series:
        return
    time, mean, low, high = run.series[name]
    # An uncapped GPU's cap is infinite: no line is the honest drawing of it.
    mean, low, high = (np.where(np.isfinite(part), part, np.nan) * factor for part in (mean, low, high))
    axes.fill_between(time, low, high, color=color, alpha=0.2, linewidth=0.0)
    axes.plot(time, mean, color=color, label=run.name)
