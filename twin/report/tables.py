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
    """Rows under headings that carry their unit. ``shown`` are the rows for the page where that is not all of them."""

    key: str
    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    shown: list[tuple[Cell, ...]] | None = None
    remark: str = ""
    marks: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """For the page: each row's mark (a CSS class) and its cells as text, with whether it is a number."""
        rows = self.rows if self.shown is None else self.shown
        marks = self.marks or [""] * len(rows)
        cells = [[(text(cell), _is_number(cell)) for cell in row] for row in rows]
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


def text(cell: Cell) -> str:
    """A cell for reading: about four digits, a thin space between thousands, a dash for what is not there."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    if not np.isfinite(cell):
        return "–"
    size = abs(cell)
    if isinstance(cell, int) or size >= 1000.0 or cell == 0.0:
        return f"{cell:,.0f}".replace(",", "\u202f")
    if size < 1e-3:
        return f"{cell:.2e}"
    digits = 1 if size >= 100.0 else 2 if size >= 10.0 else 3
    return f"{cell:.{digits}f}"


def _raw(cell: Cell) -> str:
    if isinstance(cell, float | np.floating):
        return "" if np.isnan(cell) else f"{float(cell):.10g}"
    return text(cell) if isinstance(cell, bool | np.bool_) else str(cell)


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str | bool | np.bool_)
