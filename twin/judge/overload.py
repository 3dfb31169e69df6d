"""Elements above their rating for minutes: the mean of a minute counts, an inrush is no overload."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.result import durations_s, group, texts, values


class Overload(NamedTuple):
    """An element above its rating: the greatest mean of a record, when that ended, when it began, how long in all."""

    name: str
    loading: float
    worst_s: float
    first_s: float
    above_s: float


def overloads(tree: xr.DataTree) -> list[Overload]:
    """Every element above its rating, the most loaded first; those whose power is limited are judged by that limit."""
    nodes = group(tree, "electrical")
    if nodes is None or "loading" not in nodes or not nodes.sizes.get("time", 0):
        return []
    loading, time_s, length_s = np.nan_to_num(values(nodes, "loading")), values(nodes, "time"), durations_s(nodes)
    limited = np.isfinite(values(nodes, "limit_w")) if "limit_w" in nodes else np.zeros(loading.shape[1], dtype=bool)
    names, found = texts(nodes, "node"), []
    for i in np.flatnonzero((loading > 1.0).any(axis=0) & ~limited):
        above, worst = loading[:, i] > 1.0, int(loading[:, i].argmax())
        first = int(above.argmax())
        found.append(
            Overload(
                names[i], float(loading[worst, i]), float(time_s[worst]), float(time_s[first] - length_s[first]),
                float(length_s[above].sum()),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: -one.loading)
