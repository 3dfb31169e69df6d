"""Temperatures of transformers and what they cost of the life of their insulation.

Limits are those of normal cyclic loading, and of long emergency loading for the hot spot [2]. Hours of life lost are
hours at 110 degC: the ageing rate of C57.91 over time. Normal life is 180,000 of them. [1]

[1] IEEE C57.91-2011, clause 5.2; paper and oil as of thermally upgraded insulation.
[2] IEC 60076-7:2018, table of temperature limits.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.core.layout import Vec
from twin.judge.result import durations_s, group, texts, values

HOT_SPOT_C, HOT_SPOT_EMERGENCY_C, TOP_OIL_C = 120.0, 140.0, 105.0
NORMAL_LIFE_H = 180_000.0


class Heated(NamedTuple):
    """Transformers whose temperatures a result knows: minutes by transformer."""

    names: list[str]
    rating_va: Vec
    loading: Vec
    """Greatest of each minute."""
    time_s: Vec
    top_oil_c: Vec
    hot_spot_c: Vec
    """Greatest of each minute."""
    lost_h: Vec
    """Hours of life lost in each minute."""


class Hottest(NamedTuple):
    """The hottest winding of a run, the transformer that lost most of its life, and what all lost."""

    name: str
    hot_spot_c: float
    time_s: float
    aged: str
    aged_h: float
    all_h: float
    top_oil_c: float
    """Greatest of any of them, mean of a minute."""
    ageing: float
    """Greatest speed of ageing, mean of a minute; 1 at 110 degC."""
    aged_h_day: float
    """Life lost a day by the one that lost most."""


def known(nodes: xr.Dataset, name: str) -> NDArray[np.int64]:
    """Places in /electrical that have a value of ``name`` in some minute."""
    if name not in nodes or nodes.sizes.get("time", 0) == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.isfinite(values(nodes, name)).any(axis=0)).astype(np.int64)


def heated(tree: xr.DataTree) -> Heated | None:
    """What the result knows of transformers, ``None`` where it knows nothing."""
    nodes = group(tree, "electrical")
    if nodes is None or not (places := known(nodes, "hot_spot_c_max")).size:
        return None
    names, duration = texts(nodes, "node"), durations_s(nodes)
    loading, top_oil, hot_spot, ageing = (
        values(nodes, name)[:, places] for name in ("loading_max", "top_oil_c", "hot_spot_c_max", "ageing")
    )
    rating, lost = values(nodes, "rating_va")[places], ageing * duration[:, None] / 3600.0
    return Heated([names[i] for i in places], rating, loading, values(nodes, "time"), top_oil, hot_spot, lost)


def hottest(tree: xr.DataTree) -> Hottest | None:
    """The hottest and the most aged transformer, ``None`` where the result knows of none."""
    found = heated(tree)
    if found is None:
        return None
    minute, i = np.unravel_index(int(np.nanargmax(found.hot_spot_c)), found.hot_spot_c.shape)
    lost = np.nansum(found.lost_h, axis=0)
    k, hours = int(np.argmax(lost)), np.diff(found.time_s, prepend=0.0) / 3600.0
    return Hottest(
        found.names[int(i)], float(found.hot_spot_c[minute, i]), float(found.time_s[minute]),
        found.names[k], float(lost[k]), float(lost.sum()), float(np.nanmax(found.top_oil_c)),
        float(np.nanmax(found.lost_h / hours[:, None])), float(lost[k]) * 24.0 / float(hours.sum()),
    )  # fmt: skip


def by_heat(found: Heated, count: int) -> list[int]:
    """The ``count`` transformers with the hottest windings, as many of each rating, largest rating first."""
    ratings = np.unique(found.rating_va)[::-1]
    hottest_c = np.nanmax(found.hot_spot_c, axis=0)
    shown: list[int] = []
    for k, rating in enumerate(ratings):
        own = np.flatnonzero(found.rating_va == rating)
        room = -(-(count - len(shown)) // (len(ratings) - k))
        shown += [int(i) for i in own[np.argsort(-hottest_c[own], kind="stable")][:room]]
    return shown
