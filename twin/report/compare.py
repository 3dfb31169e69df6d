"""Several runs side by side: what differs from the first, and their courses over one another."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.judge.limits import limited_powers
from twin.judge.result import ClockTime, reading, values
from twin.judge.summary import summary
from twin.judge.verdict import verdict
from twin.judge.words import span
from twin.report import style
from twin.report.best import best, work_against_violation
from twin.report.page import Picture, render, save
from twin.report.paired import Contender, Figures, matrices, paired_table
from twin.report.tables import Cell, Table


class Run(NamedTuple):
    """What a comparison keeps of a run: names, figures, thinned series [time, mean, least, greatest] by variable."""

    name: str
    path: Path
    clock: ClockTime
    figures: dict[str, float | str | bool]
    sentence: str
    seed: int
    about: dict[str, str]
    """Site, scenario and length: what runs must share to be compared."""
    series: dict[str, tuple[Vec, Vec, Vec, Vec]]
    limit: tuple[Vec, Vec] | None


_FRONT = (
    "Work against violation: each policy is a point, its seeds are the small ones; the line joins those that no other "
    "beats in both."
)
_OVERLAY = "The same variables of all runs; thin bands are seconds where a line is a mean of several."
_SERIES = ("feed_w", "hottest_c", "work", "cap_w")


def write_comparison(paths: list[Path] | list[str], out_dir: Path | str) -> Path:
    """Compare results with the first of them: ``compare.html`` and its tables as CSV in ``out_dir``."""
    read = [read_run(Path(path)) for path in paths]
    if len(read) < 2:
        raise TraceError([file_problem(path, "a comparison needs at least two results") for path in paths])
    rivals = _contenders(read)
    # Of a policy on several seeds one run is drawn; the tables have them all.
    runs = _named([run for run in read if len(rivals) == len(read) or run.seed == min(one.seed for one in read)])
    tables = [paired_table(rivals), all_figures(runs)]
    pictures = [Picture(style.to_svg(overlay(runs), "overlay"), _OVERLAY)]
    front = work_against_violation(rivals) if len(rivals) > 1 else None
    if front is not None:
        pictures.insert(0, Picture(style.to_svg(front, "pareto"), _FRONT))
    page = render(
        "compare.html.j2", title="Comparison of policies" if _on_seeds(rivals) else "Comparison of runs", runs=runs,
        colors=[style.compared(i)[0] for i in range(len(rivals))], rivals=rivals, about=_about(read),
        said=best(rivals) if len(rivals) > 1 else [], pictures=pictures, matrices=matrices(rivals), tables=tables,
        noise=_noise(rivals),
    )  # fmt: skip
    out_path = Path(out_dir) / "compare.html"
    save(out_path, page, tables)
    return out_path


def _on_seeds(rivals: list[Contender]) -> bool:
    return any(len(one.runs) > 1 for one in rivals)


def _about(runs: list[Run]) -> list[tuple[str, str, bool]]:
    """What the runs share, and what they do not: words, value, whether it differs."""
    found = []
    for word in runs[0].about:
        each = list(dict.fromkeys(run.about[word] for run in runs))
        found.append((word, " / ".join(each), len(each) > 1))
    seeds = sorted({run.seed for run in runs})
    found.append(("seeds" if len(seeds) > 1 else "seed", ", ".join(map(str, seeds)), False))
    return found


def _noise(rivals: list[Contender]) -> str:
    """How to read the differences."""
    first, seeds = rivals[0].name, min(len(one.runs) for one in rivals)
    text = f'Small figures are differences from "{first}" on the same seeds'
    if seeds < 2:
        return (
            f"{text}. There is one seed, so there is no interval: whether a difference is larger than the noise "
            "is not known; --seeds 3 or more tells."
        )
    return (
        f"{text}, with the 95 % interval of Student's t over {seeds} seeds; coloured where it leaves out 0, so "
        "that the difference is larger than the noise: green for better, red for worse. The best of a row is bold."
    )


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
        about = {
            "site": str(tree.attrs.get("site", "")), "scenario": str(tree.attrs.get("scenario", "")),
            "length": span(float(time[-1])),
        }  # fmt: skip
        return Run(policy, path, ClockTime.of(tree), summary(tree), first, seed, about, series, limit)


def _contenders(runs: list[Run]) -> list[Contender]:
    """Runs by policy and seed; where one policy has a seed twice, runs differ in something else and stand alone."""
    found: dict[str, dict[int, Figures]] = {}
    for run in runs:
        mine = found.setdefault(run.name, {})
        if run.seed in mine:
            return [Contender(run.name, {run.seed: run.figures}) for run in _named(runs)]
        mine[run.seed] = run.figures
    return [Contender(name, figures) for name, figures in found.items()]


def _named(runs: list[Run]) -> list[Run]:
    """Runs by policy where that tells them apart, else with their folder or their number as well."""
    for extra in (lambda run, _: run.path.parent.name, lambda _, number: f"run {number}"):
        count = Counter(run.name for run in runs)
        runs = [
            run if count[run.name] == 1 else run._replace(name=f"{run.name} ({extra(run, number)})")
            for number, run in enumerate(runs, 1)
        ]
    return runs


def all_figures(runs: list[Run]) -> Table:
    """Every figure of every run."""
    keys = list(dict.fromkeys(key for run in runs for key in run.figures))
    rows: list[tuple[Cell, ...]] = [(key, *(run.figures.get(key, float("nan")) for run in runs)) for key in keys]
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
            _draw(one, run, name, factor, *style.compared(i))
    for i, run in enumerate(runs):
        if run.limit is not None:
            same = i and runs[0].limit is not None and np.array_equal(run.limit[1], runs[0].limit[1])
            if not same:
                label = "limit in force" if i == 0 else f"limit, {run.name}"
                axes[0].step(run.limit[0], run.limit[1] / 1e6, where="pre", color=style.LIMIT, lw=1.6, label=label)
    style.legend(axes[0], columns=5)
    end = max(float(run.series["feed_w"][0][-1]) for run in runs)
    style.clock_axis(axes[-1], runs[0].clock, 0.0, end)
    if len({run.clock.start for run in runs}) > 1:
        axes[-1].set_xlabel(f"{axes[-1].get_xlabel()} of the first run; the others are laid on it from their start")
    return figure


def _draw(axes: Axes, run: Run, name: str, factor: float, color: str, dash: Any) -> None:
    if name not in run.series:
        return
    time, mean, low, high = run.series[name]
    # An uncapped GPU's cap is infinite: no line is the honest drawing of it.
    mean, low, high = (np.where(np.isfinite(part), part, np.nan) * factor for part in (mean, low, high))
    axes.fill_between(time, low, high, color=color, alpha=0.2, linewidth=0.0)
    axes.plot(time, mean, color=color, linestyle=dash, label=run.name)
