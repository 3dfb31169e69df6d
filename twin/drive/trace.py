"""Tables of measurements: read with every problem at once, and put onto even ticks without inventing values.

A table is a CSV file (``.csv`` or ``.csv.gz``), one header line, lines that start with ``#`` skipped. Its time
column is either numbers (seconds, or milliseconds if the name ends in ``_ms``) or dates that carry a zone.
"""

import csv
import gzip
import io
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twin.core.errors import Problem, TraceError, did_you_mean, file_problem
from twin.core.layout import Vec

_SHOWN = 25
LONGEST_GAP = 5.0


class Row(NamedTuple):
    """One line of a table: its number in the file and its cells by column name."""

    line: int
    cells: dict[str, str]


class Trace(NamedTuple):
    """Measurements over time."""

    time_s: Vec  # seconds from the first sample, rising
    columns: dict[str, Vec]
    origin_s: float  # time of the first sample as the file counts it; seconds since 1970 UTC for dates
    dated: bool  # whether the file says dates


def read_rows(path: Path | str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """The lines of a table as text.

    ``columns`` must be in the header, ``optional`` ones are taken if they are there; cells are stripped.
    Raises TraceError for a file that cannot be read, a missing column, lines that are too short or too long
    and a table without lines.
    """
    reader = csv.reader(io.StringIO(_text(path)))
    header, rows, problems = None, [], []
    for cells in reader:
        if not cells or cells[0].lstrip().startswith("#"):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
            problems += _missing(path, reader.line_num, header, columns)
        elif len(cells) != len(header):
            message = f"{len(cells)} cells, the header has {len(header)}"
            problems.append(Problem(str(path), reader.line_num, None, "", message))
        else:
            by_name = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            rows.append(
                Row(reader.line_num, {name: by_name[name] for name in (*columns, *optional) if name in by_name})
            )
    if header is None:
        problems.append(file_problem(path, "is empty; a header line and measurements were expected"))
    elif not rows and not problems:
        problems.append(file_problem(path, "has a header but no lines below it"))
    raise_if_any(problems)
    return rows


def read_trace(
    path: Path | str,
    columns: Sequence[str],
    *,
    time: str = "time_s",
    optional: Sequence[str] = (),
    longest_gap: float | None = LONGEST_GAP,
) -> Trace:
    """Measurements of the named ``columns`` against the column ``time``.

    ``optional`` columns are read if they are there. A distance between samples of more than ``longest_gap``
    times the median step is an error, unless that is None. Every problem of the file is told at once (TraceError).
    """
    rows = read_rows(path, [time, *columns], optional)
    problems: list[Problem] = []
    present = [*columns, *(name for name in optional if name in rows[0].cells)]
    dated = _number(rows[0].cells[time]) is None
    stamps = np.array([_stamp(path, row, time, dated, problems) for row in rows])
    values = {name: np.array([_value(path, row, name, problems) for row in rows]) for name in present}
    lines = np.array([row.line for row in rows])
    problems += _time_problems(path, time, stamps, lines, longest_gap)
    raise_if_any(sorted(problems, key=lambda problem: problem.line or 0))
    return Trace(stamps - stamps[0], values, float(stamps[0]), dated)


def resample(trace: Trace, step_s: float = 1.0, longest_gap: float = LONGEST_GAP) -> Trace:
    """Means over even steps of ``step_s`` from the first sample on; what was measured is neither lost nor invented.

    A sample is taken to hold until the next one, across a gap (more than ``longest_gap`` times the median step) and at
    the end for one median step. A step that is not wholly covered is NaN; a last, incomplete step is left out.
    The sum of the means times the step is the integral of the samples.
    """
    steps = np.diff(trace.time_s)
    typical = float(np.median(steps)) if len(steps) else step_s
    hold = np.append(np.where(steps > longest_gap * typical, typical, steps), typical)
    count = math.floor((trace.time_s[-1] + hold[-1]) / step_s + 1e-9)
    edges = step_s * np.arange(count + 1)
    whole = np.abs(_means(trace.time_s, hold, np.ones(len(hold)), edges) - 1.0) < 1e-9
    columns = {
        name: np.where(whole, _means(trace.time_s, hold, values, edges), np.nan)
        for name, values in trace.columns.items()
    }
    return Trace(edges[:-1], columns, trace.origin_s, trace.dated)


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise a TraceError with the first few problems and the number of the others."""
    if not problems:
        return
    shown = list(problems[:_SHOWN])
    if len(problems) > _SHOWN:
        shown.append(file_problem(shown[0].file, f"and {len(problems) - _SHOWN} more like these"))
    raise TraceError(shown)


def _text(path: Path | str) -> str:
    try:
        raw = Path(path).read_bytes()
        return (gzip.decompress(raw) if str(path).endswith(".gz") else raw).decode("utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file"
    except UnicodeDecodeError:
        message = "is not text in UTF-8"
    except (OSError, EOFError) as error:
        message = f"cannot be read ({error})"
    raise TraceError([file_problem(path, message)])


def _missing(path: Path | str, line: int, header: Sequence[str], columns: Sequence[str]) -> list[Problem]:
    lost = [name for name in columns if name not in header]
    return [
        Problem(str(path), line, None, "", f'has no column "{name}"; {did_you_mean(name, header)}') for name in lost
    ]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _value(path: Path | str, row: Row, name: str, problems: list[Problem]) -> float:
    text = row.cells[name]
    value = _number(text)
    if value is None or not math.isfinite(value):
        message = f'"{text}" is not a finite number' if text else "is empty, a number was expected"
        problems.append(Problem(str(path), row.line, None, name, message))
    return math.nan if value is None else value


def _stamp(path: Path | str, row: Row, name: str, dated: bool, problems: list[Problem]) -> float:
    if not dated:
        return _value(path, row, name, problems) * (1e-3 if name.endswith("_ms") else 1.0)
    text = row.cells[name]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f'"{text}" is neither a number nor a date like 2026-07-15T12:00:00-05:00'
        problems.append(Problem(str(path), row.line, None, name, message))
        return math.nan
    if moment.tzinfo is None:
        problems.append(Problem(str(path), row.line, None, name, f'"{text}" needs a zone, e.g. "{text}-05:00"'))
        return math.nan
    return moment.timestamp()


def _time_problems(path: Path | str, name: str, stamps: Vec, lines: Vec, longest_gap: float | None) -> list[Problem]:
    steps = np.diff(stamps)
    rising = steps[steps > 0]
    typical = float(np.median(rising)) if len(rising) else math.inf
    problems = []
    for index, step in enumerate(steps):
        line = int(lines[index + 1])
        if step == 0:
            problems.append(Problem(str(path), line, None, name, "the same time as the sample before"))
        elif step < 0:
            problems.append(Problem(str(path), line, None, name, f"{-step:g} s earlier than the sample before"))
        elif longest_gap is not None and step > longest_gap * typical:
            message = f"gap of {step:g} s after line {int(lines[index])}, the step is {typical:g} s"
            problems.append(Problem(str(path), line, None, name, message))
    return problems


def _means(time_s: Vec, hold_s: Vec, values: Vec, edges_s: Vec) -> Vec:
    """Means over the steps between ``edges_s`` of samples that hold for ``hold_s`` each and are 0 in between."""
    knots = np.stack([time_s, time_s + hold_s], axis=1).ravel()
    doses = np.zeros(len(knots))
    doses[1::2] = values * hold_s
    integral = np.interp(edges_s, knots, np.cumsum(doses))
    return np.diff(integral) / np.diff(edges_s)
