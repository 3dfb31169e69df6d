"""Every table of the report, once: shown in the page, embedded for download, and written as CSV beside it."""

import base64
import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Cell = str | float | int | bool


@dataclass(frozen=True)
class Table:
    """Rows under headings that carry their unit.

    ``shown`` are the rows for the page where that is not all of them; ``mixed`` columns hold numbers of several units,
    so that each is rounded by itself; a ``folded`` table opens when it is asked for; ``empty`` is said where there are
    no rows (else the table is left out then).
    """

    key: str
    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    shown: list[tuple[Cell, ...]] | None = None
    remark: str = ""
    marks: list[str] = field(default_factory=list)
    mixed: bool = False
    folded: bool = False
    empty: str = ""

    @property
    def _visible(self) -> list[tuple[Cell, ...]]:
        return self.rows if self.shown is None else self.shown

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """For the page: each heading and whether its column is of numbers."""
        columns = list(zip(*self._visible, strict=True)) or [()] * len(self.headings)
        return [(heading, _mostly_numbers(column)) for heading, column in zip(self.headings, columns, strict=True)]

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """For the page: each row's mark and its cells as text, each with its CSS class (number, or long words)."""
        columns = zip(*self._visible, strict=True)
        form = [(None if self.mixed else places(column), _mostly_numbers(column)) for column in columns]
        marks = self.marks or [""] * len(self._visible)
        cells = [[_shown(cell, *how) for cell, how in zip(row, form, strict=True)] for row in self._visible]
        return list(zip(marks, cells, strict=True))

    @property
    def hidden(self) -> int:
        """How many rows stand in the CSV alone."""
        return 0 if self.shown is None else len(self.rows) - len(self.shown)

    def csv(self) -> str:
        """The whole table, numbers in full."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([_raw(cell) for cell in row] for row in self.rows)
        return out.getvalue()

    @property
    def link(self) -> str:
        """The CSV as a link that works without any other file."""
        return "data:text/csv;charset=utf-8;base64," + base64.b64encode(self.csv().encode()).decode()


def write_csv(tables: list[Table], folder: Path) -> None:
    """Each table as ``folder/KEY.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        (folder / f"{table.key}.csv").write_text(table.csv(), encoding="utf-8")


def text(cell: Cell, digits: int | None = None) -> str:
    """A cell for reading: about four figures unless ``digits`` after the point are given; a dash where nothing is."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    if not np.isfinite(cell):
        return "–"
    if 0.0 < abs(cell) < 1e-3:
        return f"{cell:.2e}"
    return f"{cell:,.{places((cell,)) if digits is None else digits}f}"


def places(column: tuple[Cell, ...]) -> int:
    """Digits after the point that tell the numbers of a column apart: four figures of the largest, two of the least."""
    sizes = [abs(float(cell)) for cell in column if _is_number(cell)]
    sizes = [size for size in sizes if np.isfinite(size) and size >= 1e-3]
    if not sizes or all(size == round(size) for size in sizes):
        return 0
    wanted = max(3 - np.floor(np.log10(max(sizes))), 1 - np.floor(np.log10(min(sizes))))
    return int(np.clip(wanted, 0, 3))


def _shown(cell: Cell, digits: int | None, numeric: bool) -> tuple[str, str]:
    words = text(cell, digits)
    return words, "n" if numeric else "long" if len(words) > 30 else "wide" if len(words) > 20 else ""


def _raw(cell: Cell) -> str:
    if isinstance(cell, float | np.floating):
        return "" if np.isnan(cell) else f"{float(cell):.10g}"
    return text(cell) if isinstance(cell, bool | np.bool_) else str(cell)


def _mostly_numbers(column: tuple[Cell, ...]) -> bool:
    """Whether all of a column stands at the right."""
    return 2 * sum(_is_number(cell) for cell in column) > len(column)


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str | bool | np.bool_)


def plain(table: Table) -> list[str]:
    """A table for a terminal: the rows shown on a page, columns aligned."""
    if not table.rows:
        return [table.empty]
    heads = [(heading, number) for heading, number in table.heads]
    cells = [[words for words, _ in row] for _, row in table.lines]
    width = [max(len(heading), *(len(row[i]) for row in cells)) for i, (heading, _) in enumerate(heads)]

    def line(row: list[str]) -> str:
        aligned = (
            words.rjust(w) if number else words.ljust(w)
            for words, w, (_, number) in zip(row, width, heads, strict=True)
        )
        return "  ".join(aligned).rstrip()

    more = [f"({table.hidden} more)"] if table.hidden else []
    return [table.title, line([heading for heading, _ in heads]), *(line(row) for row in cells), *more]
