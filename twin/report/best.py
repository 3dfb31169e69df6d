"""Which policy is best under which criterion, in sentences, and work against violation as a picture."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from twin.judge.catalogue import known
from twin.judge.paired import pareto
from twin.report import style
from twin.report.paired import Contender, against, keys

# Criterion, the figure it goes by; of the limit and the work within it `best` speaks first.
_CRITERIA = (
    ("Most work of all", "work_done_gpu_h"),
    ("Most work per energy", "work_per_energy_gpu_h_mwh"),
    ("Quickest answers (99 % of first tokens)", "inference_first_token_p99_s"),
    ("Best goodput of trainings", "training_goodput"),
    ("Closest to a call (RMS over it)", "response_hold_rms_worst_share"),
    ("Soonest 90 % down after a call", "response_ramp_worst_s"),
    ("Gentlest on the grid (rise in 1 min)", "ramp_60_s_rise_mw"),
    ("Farthest from a trip", "trip_margin_least"),
    ("Fewest power brakes", "brake_events"),
    ("Coolest", "hottest_gpu_c"),
    ("Least throttling by temperature", "throttled_gpu_s"),
)
_ALIKE = 1e-6
_MARKERS = "os^Dv<>phd*X"


class Verdict(NamedTuple):
    """One criterion and what is to be said of it."""

    criterion: str
    words: str


def best(contenders: list[Contender]) -> list[Verdict]:
    """Which policy is best under which criterion, and whether that is larger than the noise."""
    said = _on_the_limit(contenders)
    present = set(keys(contenders))
    for key in sorted(key for key in present if key.startswith("work_lost_priority_"))[-1:]:
        said.append(Verdict(f"Least lost by priority {key.split('_')[3]}, the highest", _lead(contenders, key)))
    for criterion, key in _CRITERIA:
        if key in present and any(one.get(key).any() for one in contenders):
            said.append(Verdict(criterion, _lead(contenders, key)))
    return said


def _on_the_limit(contenders: list[Contender]) -> list[Verdict]:
    key = "violation_mwh"
    worst = {one.name: one.get(key) for one in contenders}
    judged = [one for one in contenders if np.isfinite(worst[one.name]).all()]
    if not judged:
        return [Verdict("Limit", "none was in force, or no window of its was complete")]
    held = [one for one in judged if worst[one.name].max() <= 0.0]
    if not held:
        return [
            Verdict("Limit", "no policy held it"),
            Verdict("Least energy above the limit", _lead(judged, key)),
        ]
    words = "every policy held it" if len(held) == len(contenders) else f"{len(held)} of {len(contenders)} held it"
    return [Verdict(f"Most work with the limit held ({words})", _lead(held, "work_done_gpu_h"))]


def _lead(among: list[Contender], key: str) -> str:
    """The leader by ``key``, how far the next one is behind, and whether that is more than noise."""
    about = known(key)
    assert about is not None
    among, absent = [one for one in among if np.isfinite(one.mean(key))], sum(np.isnan(one.mean(key)) for one in among)
    without = f"; {absent} without a figure" if absent else ""
    if not among:
        return f"no policy has a figure{without}"
    sign = -1.0 if about.figure.better == "most" else 1.0
    ranked = sorted(among, key=lambda one: sign * one.mean(key))
    leader, top = ranked[0], ranked[0].mean(key)
    shown = _with_unit(about.factor * top, about.unit)
    if len(ranked) == 1:
        return f"{leader.name} with {shown}{without}"
    alike = [one for one in ranked if np.isclose(one.mean(key), top, _ALIKE, _ALIKE)]
    if len(alike) == len(among):
        return f"no difference, {shown} each{without}"
    if len(alike) > 1:
        names = ", ".join(one.name for one in alike[:-1])
        return f"no difference between {names} and {alike[-1].name}, {shown} each{without}"
    second, found = ranked[1], against(leader, ranked[1], key)
    apart = _with_unit(about.factor * abs(found.mean), "points" if about.unit == "%" else about.unit, 3)
    text = f"{leader.name} with {shown}, {apart} {'more' if sign < 0 else 'less'} than {second.name}"
    if found.pairs == 0:
        return f"{leader.name} with {shown}; it shares no seed with {second.name}{without}"
    if found.pairs < 2:
        return f"{text} (one seed: the noise is not known){without}"
    return f"{text}, {'larger than' if found.told_apart else 'within'} the noise of {found.pairs} seeds{without}"


def _with_unit(value: float, unit: str, figures: int = 4) -> str:
    if unit in ("MW", "MWh") and abs(value) < 0.1:
        value, unit = 1e3 * value, f"k{unit[1:]}"
    return f"{value:,.{figures}g}{f' {unit}' if unit else ''}"


@style.drawn
def work_against_violation(contenders: list[Contender]) -> Figure | None:
    """Work done against energy above the limit, a point a policy with the spread over seeds; the front joined.

    None where no limit was judged.
    """
    shown = [one for one in contenders if np.isfinite([one.mean("violation_mwh"), one.mean("work_lost_share")]).all()]
    if len(shown) < 2:
        return None
    figure, (axes,) = style.sheet(1, height_in=3.4)
    cost, gain = np.array([one.mean("violation_mwh") for one in shown]), np.array([_done(one).mean() for one in shown])
    factor, unit = (1e3, "kWh") if cost.max() < 0.1 else (1.0, "MWh")
    front = sorted(pareto(cost, gain), key=lambda i: cost[i])
    axes.step(factor * cost[front], gain[front], where="post", color=style.SOFT, lw=1.0, zorder=1)
    for i, one in enumerate(contenders):
        if one in shown:
            color, _ = style.compared(i)
            axes.scatter(factor * one.get("violation_mwh"), _done(one), s=10, color=color, alpha=0.4, linewidths=0)
            axes.scatter(
                [factor * one.mean("violation_mwh")], [_done(one).mean()], s=42, marker=_MARKERS[i % len(_MARKERS)],
                facecolors="none", edgecolors=color, linewidths=1.5, label=one.name, zorder=3,
            )  # fmt: skip
    if cost.max() > 30.0 * max(float(cost[cost > 0.0].min(initial=np.inf)), 0.1 / factor):
        axes.set_xscale("symlog", linthresh=max(float(cost[cost > 0.0].min()) * factor, 1e-3))
    axes.set_xlabel(f"energy above the limit, in the window that binds ({unit}); further left and further up is better")
    axes.set_ylabel("work done (% of what was asked)")
    axes.margins(x=0.06, y=0.12)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _done(one: Contender) -> np.ndarray:
    return np.asarray(100.0 - 100.0 * one.get("work_lost_share"))
