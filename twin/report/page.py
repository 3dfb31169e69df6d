"""The report: one HTML file, drawn from a result file alone, that needs nothing else to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
import xarray as xr
from matplotlib.figure import Figure

from twin.core.errors import OutputError, file_problem
from twin.judge.limits import binding_verdict, judge_limits
from twin.judge.result import ClockTime, reading
from twin.judge.summary import summary
from twin.judge.verdict import verdict
from twin.judge.words import span, window_words
from twin.report import (
    contents,
    diagram,
    facts,
    figures_electrical,
    figures_heat,
    figures_power,
    figures_storage,
    figures_watched,
    figures_water,
    figures_work,
    floor,
    flow,
    oscillation,
    ride_through,
    style,
)
from twin.report.tables import Table, text, write_csv

Drawing = Callable[[xr.DataTree], Figure | str | None]


@dataclass(frozen=True)
class Picture:
    """A figure or drawing and the words under it."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """One chapter of the page."""

    key: str
    title: str
    pictures: list[Picture]
    tables: list[Table]


# Chapters in order: key, title, drawings with their captions, tables.
_CHAPTERS: tuple[tuple[str, str, tuple[tuple[Drawing, str], ...], tuple[Callable[[xr.DataTree], Table], ...]], ...] = (
    (
        "limits", "Feed power and limits",
        (
            (figures_power.feed, "Power at the point of interconnection. Where a pixel covers several seconds the band "
             "shows the least and the greatest of them; dotted lines mark events."),
            (figures_power.zooms, "Second by second around each change of the limit and each event."),
            (figures_power.substations, "Power of each substation against its limit."),
        ),
        (contents.limits, contents.calls),
    ),
    (
        "storage", "Batteries and UPS",
        (
            (figures_storage.batteries, "Battery plants: what the feed carries and would carry without them, the power "
             "they give (above 0) or take, and their charge."),
            (figures_storage.ups, "UPS that carry their load from the battery, and those locked there by their event "
             "counter until somebody returns them."),
            (figures_storage.left_over, "Share of a ripple that the plants leave when they try to cancel it: above 1 "
             "they come too late and amplify."),
        ),
        (),
    ),
    (
        "energy", "Energy",
        (
            (figures_power.end_uses, "Power by end use; the layers add up to the feed."),
            (flow.energy_flow, "Energy over the run, from the feed to the ambient: electricity bought in blue, heat in "
             "orange. A part's share is the greater of what comes in and what goes out; the difference is kept."),
        ),
        (contents.end_uses, contents.pue_hours, contents.flows, contents.books),
    ),
    (
        "heat", "Cooling",
        (
            (figures_heat.loops, "Loop temperatures of each hall, minute means; the band spans the coolant supply of "
             "all coolant distribution units (CDUs) of the hall."),
            (figures_water.hydraulics, "Facility water and coolant: what pumps move, and how far valves are open."),
            (figures_heat.aisles, "Air of the halls: the median hall as a line, from the coolest to the warmest as a "
             "band; heat of all halls."),
            (figures_heat.plant, "Heat rejection and interim PUE."),
            (figures_heat.towers, "What cooling towers take, and the water they cost."),
            (figures_watched.halls, "Halls on the watch list, second by second."),
            (figures_watched.cdus, "Coolant distribution units on the watch list, second by second."),
        ),
        (),
    ),
    (
        "gpus", "GPUs and work",
        (
            (figures_heat.die_temperatures, "GPUs by die temperature over time, with quantiles and the hottest."),
            (figures_watched.gpus, "GPUs on the watch list, second by second."),
            (figures_work.caps_and_work, "Work asked for and done, caps, and GPUs held back."),
            (figures_work.pools, "Inference pools minute by minute: how busy they are and how long answers take."),
        ),
        (contents.job_rows, contents.pool_rows, contents.hottest_gpus),
    ),
    ("floor", "Floor map", ((floor.floor_map, "Each box is a rack; point at one to read its name and values."),), ()),
    (
        "transformers", "Transformers, cables and voltage",
        (
            (figures_electrical.transformers, "The hottest transformers of each rating. Paper at 110 °C loses an hour "
             "of its life each hour; limits (dashed) are those of normal cyclic and of emergency loading."),
            (figures_electrical.conductors_and_taps, "The warmest conductors of cables, and positions of taps."),
            (figures_electrical.voltage_profile, "Voltage of every bus by the elements between it and the feed, by the "
             "colour of what feeds it: points and lines in the minute of the lowest board, bars from the least to the "
             "greatest of the run."),
        ),
        (contents.transformers,),
    ),
    (
        "electrical", "One-line diagram",
        ((diagram.one_line, "The electrical path from the feed to the boards; feeders are conductors with cable "
          "sections as pieces of them and boards below; ties are dashed, with a hollow switch, where they stayed open. "
          "Point at one to read its name, its rating or limit, its greatest loading, when that was, and its lowest "
          "voltage."),),
        (),
    ),
    (
        "windows", "Windows of milliseconds",
        (
            (oscillation.course, "Active power, reactive power and voltage at the point of interconnection in each "
             "window; where a pixel covers several steps the band shows the least and the greatest of them."),
            (oscillation.amplitudes, "Amplitude spectrum of the feed, one Hann window over the whole of each. Dotted "
             "lines part the bands; beyond 15 Hz the model is not valid."),
        ),
        (
            oscillation.drop_rows, oscillation.ramp_rows, oscillation.band_rows, oscillation.coherence_rows,
        ),
    ),
    (
        "ride-through", "Voltage, rules and protection",
        ((ride_through.timeline, "Voltage at the point of interconnection around the excursion in which most load "
          "left, against the curve of the rule pack where it has one, and what left and returned."),),
        (ride_through.rule_rows, ride_through.excursion_rows, ride_through.relay_rows),
    ),
    ("equipment", "Equipment schedule", (), (contents.equipment,)),
    ("alarms", "Alarms", (), (contents.alarm_rows,)),
    ("facts", "Run facts", (), (facts.facts, facts.figures, facts.series)),
)  # fmt: skip


def write_report(result_path: Path | str, out_path: Path | str) -> Path:
    """Draw the report of ``result_path`` into the file ``out_path``, its tables as CSV into ``tables`` beside it."""
    result_path, out_path = Path(result_path), Path(out_path)
    with reading(result_path) as tree:
        return draw_report(tree, out_path)


def draw_report(tree: xr.DataTree, out_path: Path) -> Path:
    """`write_report` of a result that is open already."""
    sections = [_section(tree, *chapter) for chapter in _CHAPTERS]
    page = _page(tree, sections)
    save(out_path, page, [table for section in sections for table in section.tables])
    return out_path


def save(out_path: Path, page: str, tables: list[Table]) -> None:
    """Write a page and its tables; a folder that cannot be written is an OutputError."""
    try:
        out_path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(tables, out_path.parent / "tables")
        out_path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError([file_problem(out_path, f"the report cannot be written: {error.strerror}")]) from error


def _section(
    tree: xr.DataTree,
    key: str,
    title: str,
    drawings: tuple[tuple[Drawing, str], ...],
    makers: tuple[Callable[[xr.DataTree], Table], ...],
) -> Section:
    pictures = []
    for number, (draw, caption) in enumerate(drawings):
        drawn = draw(tree)
        if drawn is not None:
            pictures.append(Picture(as_svg(drawn, f"{key}{number}"), caption))
    tables = [table for make in makers if (table := make(tree)).rows or table.empty]
    return Section(key, title, pictures, tables)


def as_svg(drawn: Figure | str, name: str) -> str:
    """A drawing as an SVG element."""
    return style.to_svg(drawn, name) if isinstance(drawn, Figure) else drawn


def _page(tree: xr.DataTree, sections: list[Section]) -> str:
    clock = ClockTime.of(tree)
    figures, said = summary(tree), verdict(tree)
    about = {
        "site": str(tree.attrs.get("site", "")),
        "scenario": str(tree.attrs.get("scenario", "")),
        "policy": str(tree.attrs.get("policy", "")),
        "start": f"{clock.start:%d %b %Y %H:%M} ({clock.zone})",
        "simulated": span(float(figures["simulated_s"])),
        "size": f"{text(int(tree.attrs.get('gpus', 0)))} GPUs in {text(int(tree.attrs.get('racks', 0)))} racks",
    }
    return render(
        "report.html.j2",
        title=str(tree.attrs.get("title", "") or tree.attrs.get("site", "result")),
        about=about,
        tiles=_tiles(tree, figures),
        sentences=[sentence for sentence in said if sentence.tone != "note"],
        notes=[sentence.text for sentence in said if sentence.tone == "note"],
        sections=[section for section in sections if section.pictures or section.tables],
        version=str(tree.attrs.get("twin_version", "")),
        digest=str(tree.attrs.get("source_digest", "")),
    )


def _tiles(tree: xr.DataTree, figures: dict[str, float | str | bool]) -> list[tuple[str, str, str]]:
    """The few numbers everybody looks for: label, value with unit, remark."""
    clock = ClockTime.of(tree)
    binding = binding_verdict(judge_limits(tree))
    window = window_words(binding) if binding is not None else str(figures["binding_limit_window"])
    number = {key: float(value) for key, value in figures.items() if not isinstance(value, str)}
    return [
        ("limit in force", str(figures.get("limit", "none")), f"judged as {window}"),
        ("peak feed power", f"{text(number['feed_peak_mw'])} MW", clock.text(number["feed_peak_at_s"])),
        ("energy bought", f"{text(number['feed_energy_mwh'])} MWh", f"mean {text(number['feed_mean_mw'])} MW"),
        ("interim PUE", f"{number['pue_equipment_inlet']:.3f}", f"{number['pue_rack_inlet']:.3f} at the rack inlet"),
        ("hottest GPU die", f"{number['hottest_gpu_c']:.1f} °C", clock.text(number["hottest_gpu_at_s"])),
        _throttled(number),
        ("work lost", f"{100.0 * number['work_lost_share']:.2f} %", f"{text(number['work_lost_gpu_h'])} GPU-hours"),
    ]


def _throttled(number: dict[str, float]) -> tuple[str, str, str]:
    if number["throttled_gpu_s"] == 0.0:
        return "throttled", "none", "no GPU, by temperature"
    return "throttled", text(number["throttled_gpu_s"]), f"GPU-seconds, {text(number['throttled_gpus'])} GPUs"


def render(template: str, **words: object) -> str:
    """A template filled in; everything but figures is escaped."""
    loader = jinja2.PackageLoader("twin.report")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).render(**words)
