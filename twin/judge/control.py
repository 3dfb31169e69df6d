"""How well a limit was kept beside `limits`: overshoot, what ratings saw, the way to a trip, the power brake.

    overshoot        greatest P / L - 1 of the feed's seconds, L the limit in force; 0 where it was never passed
    overshoot time   longest spell of seconds above L
    above a rating   sum over elements of the time, and of the apparent energy, beyond the rating, by minutes' means
    trip margin      1 - greatest damage of any relay or breaker; at 0 it trips (`/relay`)
    brake event      a spell of seconds in which the power brake holds some node, parted from the next by one without

Minutes' means are what ratings are judged by: an inrush is no overload. Relays have their own curves for that.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.limits import limited_powers
from twin.judge.result import durations_s, group, texts, values
from twin.judge.windows import spells


class Overshoot(NamedTuple):
    """Of the feed: greatest share above the limit in force, and the longest spell above it [s]."""

    share: float
    longest_s: float


class AboveRating(NamedTuple):
    """Elements of one kind above their rating: sum of times [s], of apparent energy beyond it [VA s], how many."""

    kind: str
    time_s: float
    energy_va_s: float
    elements: int


class Margin(NamedTuple):
    """The relay or breaker that came nearest to its trip, and what was left."""

    name: str
    least: float


class Brakes(NamedTuple):
    """Power brake: events, most GPUs held at once, GPU-seconds held."""

    events: int
    most_gpus: float
    gpu_s: float


def overshoot(tree: xr.DataTree) -> Overshoot | None:
    """Overshoot of the feed's limit; None where there is none."""
    feed = next((one for one in limited_powers(tree) if one.where == "feed"), None)
    if feed is None:
        return None
    limit = np.where(np.isnan(feed.limit_w), np.inf, feed.limit_w)
    above, step = feed.power_w > limit, durations_s(tree["site"].to_dataset())
    longest = max((float(step[one.first : one.last + 1].sum()) for one in spells(above)), default=0.0)
    return Overshoot(max(0.0, float((feed.power_w / limit - 1.0).max())), longest)


def above_ratings(tree: xr.DataTree) -> list[AboveRating]:
    """By kind of element, racks as well; elements limited by contract are judged by that (`limits`)."""
    found: dict[str, AboveRating] = {}
    nodes, racks = group(tree, "electrical"), group(tree, "rack")
    if nodes is not None and "loading" in nodes and nodes.sizes.get("time", 0):
        limited = np.isfinite(values(nodes, "limit_w")) if "limit_w" in nodes else np.zeros(nodes.sizes["node"], bool)
        rating, loading = values(nodes, "rating_va"), values(nodes, "loading")
        known = np.flatnonzero(~limited & np.isfinite(rating) & (rating > 0.0))
        places: dict[str, list[int]] = defaultdict(list)
        for i in known:
            places[texts(nodes, "kind")[i]].append(int(i))
        for kind, some in sorted(places.items()):
            beyond = np.nan_to_num(loading[:, some]) - 1.0
            found[kind] = _above(kind, beyond, rating[some], durations_s(nodes))
    if racks is not None and "rating_w" in racks and racks.sizes.get("time", 0):
        rating = values(racks, "rating_w")
        found["rack"] = _above("rack", values(racks, "power_w") / rating - 1.0, rating, durations_s(racks))
    return list(found.values())


def _above(kind: str, beyond: np.ndarray, rating: np.ndarray, step_s: np.ndarray) -> AboveRating:
    beyond = np.where(np.isfinite(rating), np.maximum(beyond, 0.0), 0.0)
    energy = float(step_s @ beyond @ np.where(np.isfinite(rating), rating, 0.0))
    return AboveRating(kind, float(step_s @ (beyond > 0.0).sum(axis=1)), energy, int((beyond > 0.0).any(axis=0).sum()))


def margin(tree: xr.DataTree) -> Margin | None:
    """The least margin to a trip; None where nothing protects anything."""
    relays = group(tree, "relay")
    if relays is None or "damage_max" not in relays or not relays.sizes.get("time", 0):
        return None
    most = np.nan_to_num(values(relays, "damage_max")).max(axis=0)
    k = int(np.argmax(most))
    return Margin(texts(relays, "relay")[k], 1.0 - float(most[k]))


def brakes(tree: xr.DataTree) -> Brakes | None:
    """What the power brake did; None where the result does not know of one."""
    site = tree["site"].to_dataset()
    if "braked" not in site:
        return None
    braked = values(site, "braked")
    return Brakes(len(spells(braked > 0.0)), float(braked.max()), float(braked @ durations_s(site)))
