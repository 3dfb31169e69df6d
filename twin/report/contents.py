"""What stands in each table of the report: judgements turned into rows."""

import numpy as np
import xarray as xr

from twin.judge.alarms import Alarm, alarms, grouped
from twin.judge.energy import hourly_pue, power_by_use, residuals
from twin.judge.limits import judge_calls, judge_limits
from twin.judge.result import ClockTime, durations_s, group, values
from twin.judge.schedule import Duty, classes, schedule, tightest
from twin.judge.serving import pools
from twin.judge.transformers import NORMAL_LIFE_H, heated
from twin.judge.words import span, window_words
from twin.judge.work import gpu_name, jobs
from twin.report.flow import edges, through
from twin.report.tables import Cell, Table

_MOST_ALARMS = 100
_TIGHTEST = 6
_HOTTEST = 20
_MOST_AGED = 12
_ROUNDING = 1e-5


def limits(tree: xr.DataTree) -> Table:
    """Each limit in each window."""
    clock = ClockTime.of(tree)
    found = judge_limits(tree)
    rows: list[tuple[Cell, ...]] = [
        (
            one.where, window_words(one), one.binding, one.words, one.judged, one.above_s, one.above_j / 3.6e9,
            one.excess_w / 1e6, one.excess_percent, one.longest_s, clock.text(one.first_s), clock.text(one.worst_s),
        )
        for one in found
    ]  # fmt: skip
    headings = (
        "where", "window", "binding", "verdict", "windows judged", "time above (s)", "energy above (MWh)",
        "greatest excess (MW)", "greatest excess (%)", "longest run (s)", "first", "greatest",
    )  # fmt: skip
    remark = (
        "Windows of a minute and more are aligned with the clock and judged against the mean of the limit in them; "
        "windows the run covers in part are not judged."
    )
    marks = ["bad" if not one.held and one.binding else "" for one in found]
    return Table("limits", "Limits in each window", headings, rows, remark=remark, marks=marks)


def calls(tree: xr.DataTree) -> Table:
    """What followed each drop of a limit."""
    clock = ClockTime.of(tree)
    rows: list[tuple[Cell, ...]] = [
        (
            call.where, clock.text(call.at_s), clock.text(call.until_s), call.before_w / 1e6, call.limit_w / 1e6,
            call.reached_s, call.above_s, call.overshoot_s, call.peak_w / 1e6, call.energy_above_j / 3.6e9,
        )
        for call in judge_calls(tree)
    ]  # fmt: skip
    headings = (
        "where", "from", "to", "limit before (MW)", "limit (MW)", "until at or under (s)", "above (s)",
        "more than 1 % above (s)", "peak (MW)", "energy above (MWh)",
    )  # fmt: skip
    remark = "Seconds count from the moment the lower limit is in force; a dash means that power never came down to it."
    return Table("calls", "Compliance at each drop of a limit", headings, rows, remark=remark)


def end_uses(tree: xr.DataTree) -> Table:
    """Energy by end use."""
    site = tree["site"].to_dataset()
    duration = durations_s(site)
    feed = values(site, "feed_w")
    uses = power_by_use(site) | {"feed": feed}
    bought = float(feed @ duration)
    rows: list[tuple[Cell, ...]] = [
        (use, float(power @ duration) / 3.6e9, 100.0 * float(power @ duration) / bought,
         float(power @ duration / duration.sum()) / 1e6, float(power.max()) / 1e6)
        for use, power in uses.items()
    ]  # fmt: skip
    headings = ("end use", "energy (MWh)", "share of feed (%)", "mean (MW)", "greatest second (MW)")
    return Table("end_uses", "Energy by end use", headings, rows)


def books(tree: xr.DataTree) -> Table:
    """The books, part by part."""
    rows: list[tuple[Cell, ...]] = []
    for one in residuals(tree):
        scale, unit = (1.0, "kg") if one.part == "water" else (3.6e6, "kWh")
        rows.append((one.part, unit, one.in_ / scale, one.out / scale, one.stored / scale, one.residual))
    headings = ("part", "unit", "in", "out", "kept", "relative residual (1)")
    return Table("books", "The books: in = out + kept", headings, rows, mixed=True)


def flows(tree: xr.DataTree) -> Table:
    """The edges of the energy flow."""
    found = edges(tree)
    total = max(through(found).values(), default=1.0)
    rows: list[tuple[Cell, ...]] = [
        (flow.source, flow.target, flow.energy_j / 3.6e9, 100.0 * flow.energy_j / total) for flow in found
    ]
    return Table("flows", "Energy flow", ("from", "to", "energy (MWh)", "share (%)"), rows, folded=True)


def pue_hours(tree: xr.DataTree) -> Table:
    """PUE of each clock hour."""
    clock = ClockTime.of(tree)
    hours = hourly_pue(tree["site"].to_dataset(), clock)
    columns = zip(hours.start_s, hours.recorded_s, hours.equipment_inlet, hours.rack_inlet, strict=True)
    rows: list[tuple[Cell, ...]] = [(clock.text(start), *(float(cell) for cell in rest)) for start, *rest in columns]
    headings = ("from", "recorded (s)", "PUE at IT equipment inlet (1)", "PUE at rack inlet (1)")
    return Table("pue_hours", "Interim PUE hour by hour", headings, rows, folded=True)


def job_rows(tree: xr.DataTree) -> Table:
    """Each job's energy and work."""
    clock = ClockTime.of(tree)
    rows: list[tuple[Cell, ...]] = [
        (
            job.name, job.kind, _when(clock, job.submit_s), _when(clock, job.start_s), _when(clock, job.end_s),
            job.nodes, job.energy_j / 3.6e9, job.work.done_gpu_s / 3600.0, job.work.lost_gpu_s / 3600.0,
            100.0 * job.work.lost_share, 100.0 * job.goodput, job.paused_s / 60.0,
        )
        for job in jobs(tree)
    ]  # fmt: skip
    headings = (
        "job", "kind", "submitted", "start", "end", "nodes", "energy (MWh)", "work done (GPU-hours)",
        "work lost (GPU-hours)", "work lost (%)", "goodput (%)", "paused (min)",
    )  # fmt: skip
    remark = (
        "Energy and work are those within the run, also of a job that began before it. Goodput is progress at full "
        "speed over the time on its nodes; of a training without initialisation, checkpoints and work done again."
    )
    return Table("jobs", "Jobs", headings, rows, remark=remark)


def _when(clock: ClockTime, time_s: float) -> str:
    return clock.text(time_s) if np.isfinite(time_s) else "–"


def pool_rows(tree: xr.DataTree) -> Table:
    """Each inference pool's requests and latencies."""
    rows: list[tuple[Cell, ...]] = [
        (
            pool.name, pool.requests, pool.prompt_tokens, pool.generated_tokens, 100.0 * pool.busy,
            pool.first_token.p50_s, pool.first_token.p99_s, pool.first_token.worst_p99_s,
            1e3 * pool.between_tokens.p50_s, 1e3 * pool.between_tokens.p99_s,
        )
        for pool in pools(tree)
    ]  # fmt: skip
    headings = (
        "pool", "requests (1)", "prompt tokens (1)", "generated tokens (1)", "busy (%)", "first token, half (s)",
        "first token, 99 % (s)", "first token, 99 % of the worst minute (s)", "between tokens, half (ms)",
        "between tokens, 99 % (ms)",
    )  # fmt: skip
    remark = "Latencies are means of minutes, weighed by their requests."
    return Table("pools", "Inference pools", headings, rows, remark=remark)


def hottest_gpus(tree: xr.DataTree) -> Table:
    """The hottest GPUs of the run."""
    gpus = group(tree, "gpu")
    rows: list[tuple[Cell, ...]] = []
    if gpus is not None and gpus.sizes.get("gpu", 0) and "rack" in tree.children:
        hottest, energy, held, lost = (values(gpus, n) for n in ("hottest_c", "energy_j", "throttled_s", "lost_work_s"))
        seconds = float(durations_s(tree["site"].to_dataset()).sum())
        for i in np.argsort(-hottest, kind="stable")[:_HOTTEST]:
            mean_w = float(energy[i]) / seconds
            rows.append((gpu_name(tree, int(i)), float(hottest[i]), mean_w, float(held[i]), float(lost[i]) / 3600.0))
    headings = ("GPU", "hottest die (°C)", "mean power (W)", "throttled (s)", "work lost (GPU-hours)")
    return Table("hottest_gpus", f"The {len(rows)} hottest GPUs", headings, rows, folded=True)


def transformers(tree: xr.DataTree) -> Table:
    """Temperatures and life of transformers, by the life they lost; the page shows the most aged."""
    found = heated(tree)
    rows: list[tuple[Cell, ...]] = []
    if found is not None:
        lost = np.nansum(found.lost_h, axis=0)
        for i in np.argsort(-lost, kind="stable"):
            hot, oil, load = found.hot_spot_c[:, i], found.top_oil_c[:, i], found.loading[:, i]
            rows.append(
                (
                    found.names[i], found.rating_va[i] / 1e6, 100.0 * float(load.max()), float(np.nanmax(oil)),
                    float(np.nanmax(hot)), float(lost[i]), 100.0 * float(lost[i]) / NORMAL_LIFE_H,
                )
            )  # fmt: skip
    headings = (
        "transformer", "rating (MVA)", "greatest loading (%)", "top oil (°C)", "hot spot (°C)", "life lost (h)",
        "life lost (%)",
    )  # fmt: skip
    return Table("transformers", "Transformers that aged most", headings, rows, rows[:_MOST_AGED])


def equipment(tree: xr.DataTree) -> Table:
    """The equipment schedule; the page shows the tightest of each class."""
    clock = ClockTime.of(tree)
    duties = schedule(tree)
    shown = [duty for name in classes(duties) for duty in tightest(duties, name, _TIGHTEST)]
    headings = ("equipment", "name", "type", "unit", "rating", "peak", "when", "margin (%)", "peak is")
    # Single precision of a record is no overload of a pump that runs at its rating.
    marks = ["bad" if duty.margin < -_ROUNDING else "warn" if duty.margin < 0.02 else "" for duty in shown]
    remark = (
        f"Shown: the {_TIGHTEST} with the least margin in each class. A contract limit (in MW) is held against active "
        "power, a rating against apparent power or current; heat rejection is judged by the capacity available in "
        "the weather of the moment."
    )
    rows, few = ([_duty(duty, clock) for duty in some] for some in (duties, shown))
    return Table("equipment", "The tightest of each class", headings, rows, few, remark, marks, mixed=True)


def _duty(duty: Duty, clock: ClockTime) -> tuple[Cell, ...]:
    return (
        duty.equipment, duty.name, duty.kind, duty.unit, duty.rating, duty.peak, clock.text(duty.peak_s),
        0.0 if abs(duty.margin) < _ROUNDING else 100.0 * duty.margin, duty.how,
    )  # fmt: skip


def alarm_rows(tree: xr.DataTree) -> Table:
    """Alarms in order of occurrence; the page draws those together that began in the same minute and hall."""
    found = alarms(tree)
    groups = grouped(found)[:_MOST_ALARMS]
    headings = ("begins", "lasts", "severity", "what", "name", "worst value", "limit", "unit", "message")
    shown = [
        _alarm(
            one.worst._replace(end_s=one.end_s),
            f"{one.worst.name} and {len(one.names) - 1} more" if one.names[1:] else "",
        )
        for one in groups
    ]
    marks = [{"critical": "bad", "warning": "warn"}.get(one.worst.severity, "") for one in groups]
    remark = "Alarms of one kind that begin in the same minute and place are one line; all of them are in the CSV."
    return Table(
        "alarms", "Alarms and events", headings, [_alarm(one) for one in found], shown, remark, marks, mixed=True,
        empty="There was no alarm and no event.",
    )  # fmt: skip


def _alarm(alarm: Alarm, name: str = "") -> tuple[Cell, ...]:
    lasts = span(alarm.end_s - alarm.time_s) if alarm.end_s > alarm.time_s else ""
    where = name or alarm.name
    return (
        alarm.clock, lasts, alarm.severity, alarm.what, where, alarm.value, alarm.limit, alarm.unit, alarm.message,
    )  # fmt: skip
