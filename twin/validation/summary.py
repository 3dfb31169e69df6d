"""The page of a validation: every case with its verdict, measures, parameters, origin and figure; tables as CSV."""

from pathlib import Path

import matplotlib as mpl

from twin.core.errors import OutputError, file_problem
from twin.report import style
from twin.report.page import Picture, render, save
from twin.report.tables import Cell, Table
from twin.validation.measures import MEASURES
from twin.validation.result import CaseResult

_DOTS_PER_INCH = 130
_MARK = {"passed": "good", "failed": "bad", "not available": ""}


def write_summary(results: list[CaseResult], out: Path) -> None:
    """``validation.html``, its tables as CSV in ``tables`` and the figure of each case as PNG, in ``out``."""
    tables = [measures(results), parameters(results)]
    sections = [(result, _MARK[result.status], _origin(result), _picture(result)) for result in results]
    page = render("validation.html.j2", tables=[table for table in tables if table.rows], sections=sections)
    save(out / "validation.html", page, tables)
    try:
        for result in results:
            if result.figure is not None:
                with mpl.rc_context({"savefig.facecolor": style.PAPER}):
                    result.figure.savefig(out / f"{result.name}.png", dpi=_DOTS_PER_INCH)
    except OSError as error:
        raise OutputError([file_problem(out, f"figures cannot be written: {error.strerror}")]) from error


def measures(results: list[CaseResult]) -> Table:
    """One row a measure; a case that is not available has one that says so."""
    rows: list[tuple[Cell, ...]] = []
    marks: list[str] = []
    for result in results:
        if result.status == "not available":
            rows.append((result.name, result.reason, "", float("nan"), float("nan"), "", result.status))
            marks.append("warn")
        for one in result.judged:
            words, verdict = MEASURES[one.measure].words, "passed" if one.held else "failed"
            value, limit = one.factor * one.value, one.factor * one.limit
            rows.append((result.name, one.of, words, value, limit, one.unit, verdict))
            marks.append("" if one.held else "bad")
    headings = ("case", "quantity", "measure", "value", "limit", "unit", "verdict")
    return Table("validation", "Measures and limits", headings, rows, marks=marks, mixed=True)


def parameters(results: list[CaseResult]) -> Table:
    """What cases fitted, with 95 % intervals."""
    rows: list[tuple[Cell, ...]] = [
        (result.name, name.replace("_", " "), found.value, found.half_width, found.unit)
        for result in results
        for name, found in result.fitted.items()
    ]
    headings = ("case", "parameter", "value", "95 % interval, ±", "unit")
    return Table("fitted", "Fitted parameters", headings, rows, mixed=True)


def _origin(result: CaseResult) -> dict[str, str]:
    spec = result.case.spec
    origin = spec.origin
    return {
        "Compared": spec.about,
        "Fitted": spec.fitted,
        "Tested on": spec.tested,
        "Source": f"{origin.cite}. {origin.repository} at {origin.commit[:12]}, {origin.path}; {origin.licence}.",
        "Prepared": origin.prepared,
    }


def _picture(result: CaseResult) -> Picture | None:
    if result.figure is None:
        return None
    return Picture(style.to_svg(result.figure, result.name), "Measured and simulated; on the grey line they agree.")
