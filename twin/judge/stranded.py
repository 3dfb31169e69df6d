"""Power that was bought or built for and never used: 1 - P99(P) / B at each level of the electrical tree.

B is the contract of an element, else its rating. At the feed P are seconds; at all other levels they are the minutes'
means that results keep, of each element by itself: elements of one level are weighed by their B,

    stranded = 1 - sum P99(P_i) / sum B_i

so that a level whose elements peak at different times is as stranded as each of them alone.
"""

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.limits import limited_powers
from twin.judge.result import group, texts, values

_SHARE = 99.0


def stranded(tree: xr.DataTree) -> dict[str, float]:
    """Stranded share by level: ``feed``, depth and kind of element (``level_2_transformer``), ``rack``."""
    found: dict[str, float] = {}
    feed = next((one for one in limited_powers(tree) if one.where == "feed"), None)
    if feed is not None:
        found["feed"] = 1.0 - float(np.percentile(feed.power_w / feed.limit_w, _SHARE))
    nodes, racks = group(tree, "electrical"), group(tree, "rack")
    if nodes is not None and nodes.sizes.get("time", 0) and "loading" in nodes and "level" in nodes:
        found |= _elements(nodes)
    if racks is not None and racks.sizes.get("time", 0) and "rating_w" in racks:
        found["rack"] = _level(values(racks, "power_w"), values(racks, "rating_w"))
    return {level: share for level, share in found.items() if np.isfinite(share)}


def _elements(nodes: xr.Dataset) -> dict[str, float]:
    """Levels below the feed by kind and depth: the kind alone would add a feeder to its substation's busbar."""
    kinds, level = np.array(texts(nodes, "kind")), values(nodes, "level")
    rating = values(nodes, "rating_va")
    limit = values(nodes, "limit_w") if "limit_w" in nodes else np.full(len(kinds), np.nan)
    limited = np.isfinite(limit)
    budget, used = np.where(limited, limit, rating), values(nodes, "loading") * rating
    if limited.any():
        used[:, limited] = np.abs(values(nodes, "power_w")[:, limited])
    found = {}
    for depth in np.unique(level[level > 0]):
        for kind in np.unique(kinds[level == depth]):
            here = np.flatnonzero((level == depth) & (kinds == kind) & (kinds != "tie"))
            if here.size:
                found[f"level_{depth:.0f}_{kind}"] = _level(used[:, here], budget[here])
    return found


def _level(used: Vec, budget: Vec) -> float:
    known = np.isfinite(budget) & (budget > 0.0) & np.isfinite(used).all(axis=0)
    if not known.any():
        return float("nan")
    return 1.0 - float(np.percentile(used[:, known], _SHARE, axis=0).sum() / budget[known].sum())
