"""Tables of the run as a whole: what was run, its figures, and the site minute by minute."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from twin.judge.energy import equipment_w, rack_inlet_w
from twin.judge.result import ClockTime, durations_s, policy_fields, values
from twin.judge.summary import summary
from twin.judge.windows import clock_windows
from twin.judge.words import span
from twin.report.tables import Cell, Table

# What the result says about itself, in words.
_FACTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "site": ("site", str),
    "racks": ("racks", lambda count: f"{int(count):,}"),
    "nodes": ("servers", lambda count: f"{int(count):,}"),
    "gpus": ("GPUs", lambda count: f"{int(count):,}"),
    "scenario": ("scenario", str),
    "start": ("start", str),
    "duration_s": ("duration", lambda seconds: span(float(seconds))),
    "complete": ("complete", lambda flag: "yes" if int(flag) else "no, interrupted"),
    "step_s": ("step", lambda seconds: span(float(seconds))),
    "seed": ("seed of everything random", str),
    "binding_limit_window": ("window that binds for a limit", str),
    "demand_interval_s": ("demand interval", lambda seconds: span(float(seconds))),
    "twin_version": ("version of datacenter-twin", str),
    "source_digest": ("digest of its sources", str),
    "created": ("result written", str),
    "policy": ("policy", str),
}


def figures(tree: xr.DataTree) -> Table:
    """The figures of the verdict, under the names they have in run.json."""
    rows: list[tuple[Cell, ...]] = list(summary(tree).items())
    return Table(
        "figures",
        "Figures of the run",
        ("figure", "value"),
        rows,
        remark="Names as in run.json, unit last.",
        mixed=True,
        folded=True,
    )


def facts(tree: xr.DataTree) -> Table:
    """What was run: versions, seed, policy and its fields."""
    rows: list[tuple[Cell, ...]] = [
        (words, read(tree.attrs[key])) for key, (words, read) in _FACTS.items() if key in tree.attrs
    ]
    rows += [
        (f"policy: {key}", value if isinstance(value, str) else json.dumps(value))
        for key, value in policy_fields(tree).items()
    ]
    return Table("facts", "What was run", ("fact", "value"), rows)


def series(tree: xr.DataTree) -> Table:
    """The site minute by minute, for a spreadsheet; not shown in the page."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    duration = durations_s(site)
    cut = clock_windows(values(site, "time"), duration, 60.0, clock.midnight_s)
    columns: dict[str, Callable[[], np.ndarray]] = {
        "feed (MW)": lambda: values(site, "feed_w") / 1e6,
        "limit (MW)": lambda: values(site, "limit_w") / 1e6 if "limit_w" in site else np.full(len(duration), np.nan),
        "IT equipment (MW)": lambda: equipment_w(site) / 1e6,
        "rack inlet (MW)": lambda: rack_inlet_w(site) / 1e6,
        "hottest die (°C)": lambda: values(site, "hottest_c"),
        "work (GPUs)": lambda: values(site, "work"),
        "work asked for (GPUs)": lambda: values(site, "demand"),
    }
    data = [cut.mean(column(), duration) for column in columns.values()]
    rows: list[tuple[Cell, ...]] = [
        (clock.at(start).isoformat(), *(float(f"{column[i]:.7g}") for column in data))
        for i, start in enumerate(cut.start_s)
    ]
    return Table("minutes", "The site minute by minute", ("from", *columns), rows, shown=[])
