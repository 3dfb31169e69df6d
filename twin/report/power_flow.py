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
    headings = ("name", "kind", "violation", "value", "limit", "unit")
    return Table(
        "violations", "Violations", headings, rows, rows[: 2 * _SHOWN], mixed=True,
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
    # A busbar's or the source's rating is its contract limit, of active power.
    rated = np.where(np.isclose(rating, limit, rtol=1e-9), np.nan, rating)
    mine = [i for i, own in enumerate(kinds) if (own == "transformer") == (kind == "transformer")]
    rows: list[tuple[Cell, ...]] = [
        (names[i], kinds[i], parents[i], p[i] / 1e6, q[i] / 1e6, rated[i] / 1e6, limit[i] / 1e6,
         100.0 * loading[i] if np.isfinite(rating[i]) else float("nan"), loss[i] / 1e3)
        for i in sorted(mine, key=lambda i: -np.nan_to_num(loading[i]))
    ]  # fmt: skip
    headings = (
        "name", "kind", "from", "power (MW)", "reactive (Mvar)", "rating (MVA)", "contract limit (MW)", "loading (%)",
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
    return Table("voltages", "Voltages, lowest first", headings, rows, rows[:_SHOWN], mixed=True, folded=True)


def _outages(tree: xr.DataTree) -> Table | None:
    found = group(tree, "outage")
    if found is None:
        return None
    names, ties, opened, over_of, lowest_at = (
        texts(found, name) for name in ("outage", "ties", "opened", "overload_of", "lowest")
    )  # fmt: skip
    lost, loading, voltage, over, under, above, solved = (
        values(found, name) for name in ("lost_w", "overload", "lowest_pu", "overloaded", "low", "high", "solved")
    )
    rows: list[tuple[Cell, ...]] = [
        (names[i], ties[i] or "none", opened[i] or "none", _flows(solved[i], lowest_at[i]), over_of[i] or "none",
         100.0 * loading[i], over[i], voltage[i], lowest_at[i], under[i] + above[i], lost[i] / 1e6)
        for i in by_severity(found)
    ]  # fmt: skip
    headings = (
        "out of service", "ties closed", "interlocked open", "power flow", "worst new overload", "its loading (%)",
        "new overloads", "lowest voltage (pu)", "at", "new voltage violations", "load lost (MW)",
    )  # fmt: skip
    return Table(
        "outages", "N-1 contingencies, worst first", headings, rows, rows[: 2 * _SHOWN],
        remark="By severity: no power flow, then the new overload, then the voltage violation, then the load lost. "
        "New is what was within its limits before, or is more than a percent further beyond.",
    )  # fmt: skip


def by_severity(found: xr.Dataset) -> list[int]:
    """Outages, most severe first: no power flow, greatest new overload, greatest voltage violation, most load lost."""
    solved, loading, beyond, lost = (values(found, name) for name in ("solved", "overload", "beyond_pu", "lost_w"))
    flows = (solved > 0) & np.array([bool(lowest) for lowest in texts(found, "lowest")])
    order = np.lexsort(np.array([-lost, -beyond, -np.nan_to_num(loading), solved > 0, flows], dtype=float))
    return [int(i) for i in order]


def _flows(solved: float, lowest_at: str) -> str:
    if not solved:
        return "voltage collapse"
    return "yes" if lowest_at else "nothing is fed"


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
        "faults", "Bolted three-phase faults (IEC 60909)", headings, rows, [rows[k] for k in shown], mixed=True,
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
    return [
        ("feed power", watts(p[0]), f"{watts(q[0], 'var')}, {power_factor(p[0], q[0])}"),
        ("losses", f"{text(loss[1:].sum() / 1e3)} kW", f"{100.0 * loss[1:].sum() / p[0]:.2f} % of it"),
        ("highest loading", f"{100.0 * loading[most]:.1f} %", names[most]),
        ("lowest voltage", f"{voltage[least]:.3f} pu", names[least]),
        (
            "loadability margin",
            f"{tree.attrs['margin']:.2f}",
            f"times the load, to voltage collapse: {margin_words(tree)}",
        ),
        ("beyond limits", text(len(violations(tree).rows)), "elements and voltages"),
    ]


def watts(power_w: float, unit: str = "W") -> str:
    """Power or reactive power in words: kilo below a million, mega above."""
    scale, prefix = (1e6, "M") if abs(power_w) >= 1e6 else (1e3, "k")
    return f"{power_w / scale:.1f} {prefix}{unit}"


def power_factor(power_w: float, reactive_var: float) -> str:
    """In words; lagging where reactive power is drawn, leading where it is given back, neither at 1.000."""
    factor = f"power factor {power_w / np.hypot(power_w, reactive_var):.3f}"
    if factor.endswith("1.000"):
        return factor
    return f"{factor} {'lagging' if reactive_var >= 0.0 else 'leading'}"


def margin_words(tree: xr.DataTree) -> str:
    """Where the network gives in at its loadability margin, and whether ratings are exceeded before that."""
    highest = float(np.nanmax(_last(tree["electrical"].to_dataset(), "loading")))
    before = "; ratings are exceeded long before" if highest * tree.attrs["margin"] > 1.5 else ""
    return f"{tree.attrs['margin_words']} there{before}"
