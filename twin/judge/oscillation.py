"""Windows of a run: ramps, oscillation by bands, what dropped out, and where a battery plant makes it worse.

A battery plant told to cancel a ripple leaves the share |1 - H| of it (`core.lag`): above 1 it amplifies.
"""

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.lag import left_over
from twin.judge.result import group, texts, values
from twin.judge.ride_through import window_groups
from twin.judge.spectrum import BandFigures, Ramp, bands, dynamic_range, ramps, spectrum, stands_out

MUCH = 0.01
"""Share of the energy from which a band counts as having content."""
RANGE_S = 10.0


class WindowFigures(NamedTuple):
    """What happened in one window, power at the point of interconnection."""

    name: str
    from_s: float
    until_s: float
    step_s: float
    mean_w: float
    ramps: list[Ramp]
    bands: list[BandFigures]
    range_w: float
    """Greatest less least."""
    range_10_s_w: float
    """The same within any 10 s."""
    lowest_feed_pu: float
    lowest_board_pu: float
    lowest_board: str
    racks_out: int
    motors_out: int
    ups_out: int
    greatest: BandFigures | None
    """The band whose greatest line is the greatest of those that stand out from their neighbours."""
    left: list[tuple[BandFigures, float]]
    """Bands with content that a battery plant amplifies, and by how much at their peak."""


def windows(tree: xr.DataTree) -> list[WindowFigures]:
    """Every window of a result that holds at least two steps."""
    found = [_judge(tree, name) for name in window_groups(tree) if tree[name].sizes.get("time", 0) > 1]
    return sorted(found, key=lambda one: one.from_s)


def _judge(tree: xr.DataTree, name: str) -> WindowFigures:
    rows = tree[name].to_dataset()
    about, feed = rows.attrs, values(rows, "feed_w")
    step_s, lowest = float(about["step_s"]), values(rows, "lowest_pu")
    k = int(np.argmin(lowest))
    found = bands(feed, step_s)
    seen = spectrum(feed, step_s)
    lines = [band for band in found[:-1] if stands_out(seen, band.peak_hz)]
    most = {column: int(values(rows, column).max()) for column in ("racks_out", "motors_out", "ups_out")}
    return WindowFigures(
        name, float(about["from_s"]), float(values(rows, "time")[-1]), step_s, float(feed.mean()),
        ramps(feed, step_s), found, dynamic_range(feed, step_s), dynamic_range(feed, step_s, RANGE_S),
        float(values(rows, "feed_voltage_pu").min()), float(lowest[k]), _board(tree, values(rows, "lowest_at")[k]),
        most["racks_out"], most["motors_out"], most["ups_out"], max(lines, key=lambda band: band.peak, default=None),
        _amplified(found, batteries(tree, name)),
    )  # fmt: skip


def _board(tree: xr.DataTree, at: float) -> str:
    nodes = group(tree, "electrical")
    names = texts(nodes, "node") if nodes is not None else []
    return names[int(at)] if 0 <= at < len(names) else ""


def batteries(tree: xr.DataTree, name: str) -> list[tuple[float, float, float]]:
    """Dead time, lag and low-pass [s] of the battery plants, where they act in the window of that name."""
    plants = group(tree, "battery")
    if plants is None or not values(tree[name].to_dataset(), "battery_w").any():
        return []
    columns = (values(plants, column).tolist() for column in ("dead_s", "lag_s", "band_s"))
    return list(zip(*columns, strict=True))


def coherences(rows: xr.Dataset) -> dict[str, dict[str, float]]:
    """Of each job with jitter: its deviation and what its racks keep of harmonics."""
    return dict(json.loads(str(rows.attrs.get("coherence", "{}"))))


def left_of(frequency_hz: float, plants: list[tuple[float, float, float]]) -> float:
    """Share of a ripple that the worst of the battery plants leaves; NaN without one."""
    return max((float(left_over(np.array(frequency_hz), *plant)) for plant in plants), default=np.nan)


def _amplified(found: list[BandFigures], plants: list[tuple[float, float, float]]) -> list[tuple[BandFigures, float]]:
    worse = []
    for one in found:
        if one.share >= MUCH and plants:
            most = left_of(one.peak_hz, plants)
            if most > 1.0:
                worse.append((one, most))
    return worse
