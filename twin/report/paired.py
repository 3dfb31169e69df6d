"""Policies on the same seeds: paired differences with intervals, work against violation, and which is best."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from twin.core.layout import Vec
from twin.judge.paired import CONFIDENCE, difference, pareto
from twin.report import style
from twin.report.tables import Cell, Table

Figures = dict[str, float | str | bool]
_JUDGED: tuple[tuple[str, str, str, float], ...] = (
    ("work_done_gpu_h", "work done", "GPU-h", 1.0),
    ("work_lost_share", "work lost", "%", 100.0),
    ("violation_mwh", "energy above the limit, binding window", "MWh", 1.0),
    ("feed_energy_mwh", "energy bought", "MWh", 1.0),
    ("feed_peak_mw", "peak feed power", "MW", 1.0),
    ("ramp_60_s_rise_mw", "greatest rise in 1 min", "MW", 1.0),
    ("hottest_gpu_c", "hottest GPU die", "°C", 1.0),
    ("throttled_gpu_s", "throttled", "GPU-s", 1.0),
)
_SUFFIX = {"1 s": "1_s_mean", "1 min": "1_min_mean", "demand interval": "demand_interval"}


class Contender(NamedTuple):
    """A policy with the figures of its runs, by seed."""

    name: str
    runs: dict[int, Figures]

    def get(self, key: str, seeds: list[int]) -> Vec:
        """One figure over ``seeds``, NaN where a run does not have it."""
        return np.array([_figure(self.runs[seed], key) for seed in seeds])


def _figure(figures: Figures, key: str) -> float:
    if key == "violation_mwh":
        key = f"above_limit_{_SUFFIX[str(figures['binding_limit_window'])]}_mwh"
    value = figures.get(key, np.nan)
    return float(value) if not isinstance(value, str) else np.nan


def paired_table(contenders: list[Contender]) -> Table:
    """Every figure of every policy as mean over seeds, with its difference from the first and that one's interval."""
    first, rows = contenders[0], []
    for key, words, unit, factor in _JUDGED:
        for one in contenders:
            seeds = sorted(first.runs.keys() & one.runs.keys())
            mine = factor * one.get(key, seeds)
            row: list[Cell] = [words, unit, one.name, float(np.mean(mine)), len(seeds)]
            if one is not first:
                found = difference(mine, factor * first.get(key, seeds))
                row += [found.mean, found.low, found.high, "yes" if found.told_apart else "no"]
            else:
                row += [np.nan, np.nan, np.nan, ""]
            rows.append(tuple(row))
    headings = (
        "figure", "unit", "policy", "mean", "seeds", f'difference from "{first.name}"',
        f"from ({CONFIDENCE:.0%})", "to", "larger than the noise",
    )  # fmt: skip
    remark = (
        "Runs on the same seed are compared in pairs; intervals are Student's t over seeds. "
        "With one seed there is a difference but no interval, so that nothing is known to be larger than the noise."
    )
    return Table("paired", "Policies on the same seeds", headings, rows, remark=remark, mixed=True)


def best(contenders: list[Contender]) -> list[str]:
    """Which policy is best under which criterion, and whether that is larger than the noise, in sentences."""
    held = [one for one in contenders if _violation(one) <= 0.0]
    said = []
    if held:
        others = [one for one in contenders if one not in held]
        words = "every policy held the limit" if not others else f"{len(held)} of {len(contenders)} held the limit"
        said.append(f"Most work with the limit held ({words}): {_lead(held, 'work_done_gpu_h', 'GPU-h', 'most')}.")
    else:
        said.append("No policy held the limit.")
        said.append(f"Least energy above it: {_lead(contenders, 'violation_mwh', 'MWh', 'least')}.")
    said.append(f"Most work of all: {_lead(contenders, 'work_done_gpu_h', 'GPU-h', 'most')}.")
    said.append(f"Gentlest on the grid (rise in 1 min): {_lead(contenders, 'ramp_60_s_rise_mw', 'MW', 'least')}.")
    said.append(f"Coolest: {_lead(contenders, 'hottest_gpu_c', '°C', 'least')}.")
    return said


def _violation(one: Contender) -> float:
    return float(np.nanmax(one.get("violation_mwh", sorted(one.runs))))


def _lead(among: list[Contender], key: str, unit: str, wanted: str) -> str:
    """The leader by ``key`` and how far the next one is behind."""
    sign = -1.0 if wanted == "most" else 1.0
    ranked = sorted(among, key=lambda one: sign * float(np.mean(one.get(key, sorted(one.runs)))))
    leader = ranked[0]
    text = f"{leader.name} with {float(np.mean(leader.get(key, sorted(leader.runs)))):,.4g} {unit}"
    if len(ranked) == 1:
        return text
    best_mean = float(np.mean(leader.get(key, sorted(leader.runs))))
    alike = [one for one in ranked if np.isclose(np.mean(one.get(key, sorted(one.runs))), best_mean, 1e-9, 1e-9)]
    if len(alike) == len(among):
        return f"no difference, {best_mean:,.4g} {unit} each"
    if len(alike) > 1:
        return f"no difference between {' and '.join(one.name for one in alike)}, {best_mean:,.4g} {unit} each"
    second = ranked[1]
    seeds = sorted(leader.runs.keys() & second.runs.keys())
    found = difference(leader.get(key, seeds), second.get(key, seeds))
    text += f", {abs(found.mean):,.3g} {unit} {'more' if wanted == 'most' else 'less'} than {second.name}"
    if found.pairs < 2:
        return f"{text} (one seed: the noise is not known)"
    return f"{text}, {'larger than' if found.told_apart else 'within'} the noise of {found.pairs} seeds"


@style.drawn
def work_against_violation(contenders: list[Contender]) -> Figure:
    """Work done against energy above the limit, a point a policy with the spread over seeds; the front joined."""
    figure, (axes,) = style.sheet(1, height_in=3.2)
    cost = np.array([np.mean(one.get("violation_mwh", sorted(one.runs))) for one in contenders])
    gain = np.array([100.0 - 100.0 * np.mean(one.get("work_lost_share", sorted(one.runs))) for one in contenders])
    front = sorted(pareto(cost, gain), key=lambda i: cost[i])
    axes.step(cost[front], gain[front], where="post", color=style.SOFT, lw=1.0, zorder=1, label="not beaten by any")
    for i, one in enumerate(contenders):
        seeds, color = sorted(one.runs), style.RUNS[i % len(style.RUNS)]
        every = 100.0 - 100.0 * one.get("work_lost_share", seeds)
        axes.scatter(one.get("violation_mwh", seeds), every, s=10, color=color, alpha=0.4, linewidths=0)
        mark = "o" if i < len(style.RUNS) else "s"
        axes.scatter([cost[i]], [gain[i]], s=34, marker=mark, color=color, label=one.name, zorder=3)
    axes.set_xlabel("energy above the limit, binding window (MWh; linear below 0.1, then logarithmic)")
    axes.set_ylabel("work done (% of what was asked)")
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(left=-0.01)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
