"""The page of a power flow study: one-line diagram, loadings, voltages, violations, outages, faults; of data sets."""

from pathlib import Path

import numpy as np
import xarray as xr

from twin.judge.result import group, texts, values
from twin.report import diagram
from twin.report.page import Picture, render, save
from twin.report.tables import Cell, Table, text

_SHOWN = 10
_CAPTION = (
    "The electrical path from the feed to the boards, coloured by its loading; feeders are rows, cable sections the "
    "pieces between boxes. Point at one to read its name, its rating or limit, its loading and its voltage."
)


def draw_power_flow(tree: xr.DataTree, sentences: list[str], out_path: Path) -> Path:
    """Draw the page of an open study into ``out_path``, its tables as CSV beside it."""
    found = tables(tree)
    drawn = diagram.one_line(tree)
    page = render(
        "year.html.j2",
        title=f"Power flow of {tree.attrs['title']}",
        about={"site": str(tree.attrs["site"]), "loads": str(tree.attrs["loads"])},
        tiles=_tiles(tree),
        sentences=sentences,
        pictures=[Picture(drawn, _CAPTION)] if drawn is not None else [],
        tables=found,
        result="powerflow.nc",
        version=str(tree.attrs["twin_version"]),
        digest=str(tree.attrs["source_digest"]),
    )
    save(out_path, page, found)
    return out_path


def tables(tree: xr.DataTree) -> list[Table]:
    """Every table of the study that has rows: what is beyond its limits, then all, worst first."""
    made = [violations(tree), _elements(tree, "transformer"), _elements(tree, "other"), _voltages(tree)]
    made += [table for table in (_outages(tree), _faults(tree)) if table is not None]
    return [table for table in made if table.rows or table.empty]


def violations(tree: xr.DataTree) -> Table:
    """What is beyond its limits, worst first."""
    grid = tree["electrical"].to_dataset()
    names, kinds, low, high = texts(grid, "node"), texts(grid, "kind"), *(tree.attrs[k] for k in ("low_pu", "high_pu"))
    loading, voltage, power, limit = (
        _last(grid, name) for name in ("loading", "voltage_pu_min", "power_w", "limit_w")
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for i in np.argsort(-np.nan_to_num(loading)):
        if loading[i] > 1.0:
            rows.append((names[i], kinds[i], "loading", 100.0 * loading[i], 100.0, "%"))
    rows += [
        (names[i], kinds[i], "power", power[i] / 1e6, limit[i] / 1e6, "MW")
        for i in np.flatnonzero(power > limit) if not loading[i] > 1.0
    ]  # fmt: skip
    for i in np.argsort(voltage):
        if kinds[i] != "tie" and 0.0 < voltage[i] < low:
            rows.append((names[i], kinds[i], "low voltage", voltage[i], low, "pu"))
    for i in np.argsort(-voltage):
        if kinds[i] != "tie" and voltage[i] > high:
            rows.append((names[i], kinds[i], "high voltage", voltage[i], high, "pu"))
    headings = ("name", "kind", "what", "value", "limit", "unit")
    return Table(
        "violations", "Beyond limits", headings, rows, rows[: 2 * _SHOWN], mixed=True,
        empty=f"Nothing is loaded above its rating or limit, and every voltage is between {low:g} and {high:g} pu.",
    )  # fmt: skip


def _last(grid: xr.Dataset, name: str) -> np.ndarray:
    found = values(grid, name)
    return found[-1] if found.ndim == 2 else found


def _elements(tree: xr.DataTree, kind: str) -> Table:
    grid = tree["electrical"].to_dataset()
    names, parents, kinds = (texts(grid, name) for name in ("node", "parent", "kind"))
    p, q, loading, loss, rating, limit = (
        _last(grid, name) for name in ("power_w", "reactive_var", "loading", "loss_w", "rating_va", "limit_w")
    )  # fmt: skip
    mine = [i for i, own in enumerate(kinds) if (own == "transformer") == (kind == "transformer")]
    rows: list[tuple[Cell, ...]] = [
        (names[i], kinds[i], parents[i], p[i] / 1e6, q[i] / 1e6, rating[i] / 1e6, limit[i] / 1e6, 100.0 * loading[i],
         loss[i] / 1e3)
        for i in sorted(mine, key=lambda i: -np.nan_to_num(loading[i]))
    ]  # fmt: skip
    headings = (
        "name", "kind", "from", "power (MW)", "reactive (Mvar)", "rating (MVA)", "limit (MW)", "loading (%)",
        "loss (kW)",
    )  # fmt: skip
    title = "Transformers" if kind == "transformer" else "Source, cables, busbars and ties"
    key = "transformers" if kind == "transformer" else "lines"
    return Table(key, f"{title}, most loaded first", headings, rows, rows[:_SHOWN], folded=True)


def _voltages(tree: xr.DataTree) -> Table:
    grid = tree["electrical"].to_dataset()
    names, kinds = texts(grid, "node"), texts(grid, "kind")
    voltage, rated, load = (_last(grid, name) for name in ("voltage_pu_min", "rated_v", "load_w"))
    order = [i for i in np.argsort(voltage) if kinds[i] != "tie"]
    rows: list[tuple[Cell, ...]] = [
        (names[i], voltage[i], rated[i] * voltage[i] / 1e3, rated[i] / 1e3, load[i] / 1e6) for i in order
    ]
    headings = ("bus", "voltage (pu)", "voltage (kV)", "rated (kV)", "load (MW)")
    return Table("voltages", "Voltages, lowest first", headings, rows, rows[:_SHOWN], folded=True)


def _outages(tree: xr.DataTree) -> Table | None:
    found = group(tree, "outage")
    if found is None:
        return None
    names, ties, high, low = (texts(found, name) for name in ("outage", "ties", "highest", "lowest"))
    lost, loading, voltage, over, under, above, solved = (
        values(found, name)
        for name in ("lost_w", "highest_loading", "lowest_pu", "overloaded", "low", "high", "solved")
    )
    order = np.lexsort((-np.nan_to_num(loading), -(over + under + above), -lost, solved))
    rows: list[tuple[Cell, ...]] = [
        (names[i], ties[i] or "none", lost[i] / 1e6, "yes" if solved[i] else "voltage collapse", 100.0 * loading[i],
         high[i], voltage[i], low[i], over[i], under[i] + above[i])
        for i in order
    ]  # fmt: skip
    headings = (
        "out of service", "ties closed", "load lost (MW)", "power flow", "highest loading (%)", "of", "lowest (pu)",
        "at", "overloads", "voltages beyond",
    )  # fmt: skip
    return Table("outages", "One element out of service, worst first", headings, rows, rows[: 2 * _SHOWN])


def _faults(tree: xr.DataTree) -> Table | None:
    found = group(tree, "fault")
    if found is None:
        return None
    names = texts(found, "bus")
    rated, current, peak, second = (values(found, name) for name in ("rated_v", "current_a", "peak_a", "library_a"))
    rows: list[tuple[Cell, ...]] = [
        (names[i], rated[i] / 1e3, current[i] / 1e3, peak[i] / 1e3, np.sqrt(3.0) * rated[i] * current[i] / 1e6,
         second[i] / 1e3)
        for i in np.lexsort((-np.nan_to_num(current), -np.nan_to_num(rated)))
    ]  # fmt: skip
    headings = (
        "bus", "rated (kV)", 'I_k" (kA)', "i_p (kA)", 'S_k" (MVA)', "by power-grid-model, uncorrected (kA)"
    )  # fmt: skip
    first = [next(i for i, row in enumerate(rows) if row[1] == level) for level in dict.fromkeys(r[1] for r in rows)]
    shown = sorted({k for i in first for k in range(i, min(i + 4, len(rows))) if rows[k][1] == rows[i][1]})
    return Table(
        "faults", "Bolted three-phase faults (IEC 60909)", headings, rows, [rows[k] for k in shown],
        remark="The four greatest of each voltage; K_T corrects transformers, power-grid-model leaves it out.",
    )  # fmt: skip


def _tiles(tree: xr.DataTree) -> list[tuple[str, str, str]]:
    grid = tree["electrical"].to_dataset()
    p, q, loading, voltage, loss = (
        _last(grid, name) for name in ("power_w", "reactive_var", "loading", "voltage_pu_min", "loss_w")
    )  # fmt: skip
    names = texts(grid, "node")
    living = np.where(voltage > 0.0, voltage, np.inf)
    most, least = int(np.nanargmax(loading)), int(np.argmin(living))
    factor = p[0] / np.hypot(p[0], q[0])
    return [
        ("feed power", f"{text(p[0] / 1e6)} MW", f"{text(q[0] / 1e6)} Mvar, power factor {factor:.3f}"),
        ("losses", f"{text(loss[1:].sum() / 1e3)} kW", f"{100.0 * loss[1:].sum() / p[0]:.2f} % of it"),
        ("highest loading", f"{100.0 * loading[most]:.1f} %", names[most]),
        ("lowest voltage", f"{voltage[least]:.3f} pu", names[least]),
        (
            "it carries",
            f"{tree.attrs['margin']:.2f} ×",
            f"the load, before voltage collapses; there {tree.attrs['margin_words']}",
        ),
        ("beyond limits", text(len(violations(tree).rows)), "elements and voltages"),
    ]
