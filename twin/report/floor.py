"""Floor map: every rack in its place, hall by hall, coloured by its hottest GPU and by its mean power."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import durations_s, group, texts, values
from twin.report import drawing

_WIDTH = drawing.PAGE
_GAP = 18.0
_HEAD = 34.0


class Racks(NamedTuple):
    """Racks with where they stand and the two numbers that colour them."""

    names: list[str]
    halls: list[str]
    types: list[str]
    row: Vec
    column: Vec
    hottest_c: Vec
    power_kw: Vec


def racks(tree: xr.DataTree) -> Racks | None:
    """Each rack's place, the hottest its GPUs were and its mean power."""
    dataset = group(tree, "rack")
    if dataset is None or dataset.sizes.get("time", 0) == 0 or "row" not in dataset:
        return None
    duration = durations_s(dataset)
    # One variable at a time, in the precision of the file: a day of 3,400 racks is 40 MB each.
    hottest = np.fmax.reduce(dataset["hottest_c_max"].values, axis=0).astype(np.float64)
    power = (duration @ dataset["power_w"].values) / duration.sum() / 1e3
    names, halls, types = (texts(dataset, name) for name in ("rack", "hall", "type"))
    return Racks(names, halls, types, values(dataset, "row"), values(dataset, "column"), hottest, power)


def floor_map(tree: xr.DataTree) -> str | None:
    """Two maps of the floor as SVG: hottest GPU die of the run and mean power of each rack."""
    found = racks(tree)
    if found is None:
        return None
    parts: list[str] = []
    y = 0.0
    maps = (
        ("Hottest GPU die of each rack in the run", found.hottest_c, "inferno", "°C"),
        ("Mean power of each rack's servers", found.power_kw, "viridis", "kW"),
    )
    for title, colored, colors, unit in maps:
        scale = drawing.scale_of(colored, colors, unit)
        parts += [drawing.words(0.0, y + 12.0, title, "head"), *scale.key(_WIDTH - 160.0, y)]
        drawn, y = _halls(found, colored, scale, y + _HEAD)
        parts += drawn
        y += _GAP
    return drawing.picture(_WIDTH, y, parts, "floor map of racks")


def _halls(found: Racks, colored: Vec, scale: drawing.Scale, top: float) -> tuple[list[str], float]:
    names = list(dict.fromkeys(found.halls))
    lines = -(-len(names) // 5)
    per_line = -(-len(names) // lines)
    width = (_WIDTH - _GAP * (per_line - 1)) / per_line
    cell = min(26.0, width / (float(found.column.max()) + 1.0))
    # Rows stand apart as aisles do.
    pitch = max(1.6 * cell, 6.0)
    height = pitch * (float(found.row.max()) + 1.0)
    parts, bottom = [], top
    for i, hall in enumerate(names):
        x, y = i % per_line * (width + _GAP), top + i // per_line * (height + 24.0)
        here = [k for k, name in enumerate(found.halls) if name == hall]
        parts.append(drawing.words(x, y + 8.0, f"{hall}: {len(here)} racks", "small"))
        parts += [_rack(found, k, float(colored[k]), scale, (x, y + 14.0, cell, pitch)) for k in here]
        bottom = max(bottom, y + 14.0 + height)
    return parts, bottom


def _rack(found: Racks, k: int, value: float, scale: drawing.Scale, frame: tuple[float, float, float, float]) -> str:
    x, y, cell, pitch = frame
    tip = f"{found.names[k]} ({found.types[k]}): {found.hottest_c[k]:.1f} °C, {found.power_kw[k]:.1f} kW"
    left, top = x + cell * float(found.column[k]), y + pitch * float(found.row[k])
    return drawing.box(left, top, 0.88 * cell, 0.72 * pitch, scale.color(value), tip)
