"""Equipment schedule: what each thing is rated for, the most it saw, when, and the margin left."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.plant import without_standing
from twin.judge.result import group, texts, values


class Duty(NamedTuple):
    """One line of the schedule; ``rating`` and ``peak`` in ``unit``, ``margin`` as a share of the rating left over."""

    equipment: str
    name: str
    kind: str
    rating: float
    peak: float
    unit: str
    peak_s: float
    margin: float
    how: str


class _Row(NamedTuple):
    """One class of equipment: [time, name] peaks and a rating each, both in ``unit`` already."""

    equipment: str
    names: list[str]
    kinds: list[str]
    rating: Vec
    value: Vec
    unit: str
    how: str


def schedule(tree: xr.DataTree) -> list[Duty]:
    """Every electrical element, coolant unit, facility pump group, plant and rack."""
    found: list[Duty] = []
    for name, rows in (("electrical", _electrical), ("hall", _halls), ("cdu", _cdus), ("rack", _racks)):
        dataset = group(tree, name)
        if dataset is not None and dataset.sizes.get("time", 0):
            for row in rows(dataset):
                found += _duties(row, values(dataset, "time"))
    return found


def _duties(row: _Row, time_s: Vec) -> Iterator[Duty]:
    value = np.where(np.isnan(row.value), -np.inf, row.value)
    when = value.argmax(axis=0)
    for i, name in enumerate(row.names):
        rating, peak = float(row.rating[i]), float(row.value[when[i], i])
        margin = 1.0 - peak / rating if np.isfinite(rating) and rating > 0.0 else np.nan
        yield Duty(row.equipment, name, row.kinds[i], rating, peak, row.unit, float(time_s[when[i]]), margin, row.how)


def _electrical(nodes: xr.Dataset) -> Iterator[_Row]:
    rating = values(nodes, "rating_va") / 1e6
    names, kinds, loading = texts(nodes, "node"), texts(nodes, "kind"), values(nodes, "loading_max")
    # A contract limits active power, a rating the apparent power or the current.
    limited = np.isfinite(values(nodes, "limit_w")) if "limit_w" in nodes else np.zeros(len(names), dtype=bool)
    limit = values(nodes, "limit_w") / 1e6 if limited.any() else rating
    # A tie that was open has no duty.
    closed = (np.array(kinds) != "tie") | (np.nan_to_num(loading) > 0.0).any(axis=0)
    for here, full, unit in ((limited, limit, "MW"), (~limited, rating, "MVA")):
        some = np.flatnonzero(here & closed)
        if some.size:
            yield _Row(
                "electrical", [names[i] for i in some], [kinds[i] for i in some], full[some],
                loading[:, some] * full[some], unit, "greatest second",
            )  # fmt: skip


def _halls(halls: xr.Dataset) -> Iterator[_Row]:
    names = texts(halls, "hall")
    plants = texts(halls, "plant") if "plant" in halls else ["plant"] * len(names)
    # The design capacity scales the share so that the margin is the one that counts: of what the weather allows.
    peak = without_standing(halls) * values(halls, "plant_capacity_w") / 1e6
    how = "greatest second, of capacity then"
    yield _Row("heat rejection", names, plants, values(halls, "plant_capacity_w") / 1e6, peak, "MW", how)
    pumps = values(halls, "pump_w") / 1e3
    rating = values(halls, "pump_rating_w") / 1e3
    how = "greatest minute mean"
    yield _Row("facility pumps", names, ["pumps"] * len(names), rating, pumps, "kW", how)


def _cdus(cdus: xr.Dataset) -> Iterator[_Row]:
    names, kinds = texts(cdus, "cdu"), texts(cdus, "type")
    heat, rating = values(cdus, "heat_w") / 1e3, values(cdus, "rating_w") / 1e3
    yield _Row("CDU heat", names, kinds, rating, heat, "kW", "greatest minute mean")
    if "pump_rating_w" in cdus:
        pump, rating = values(cdus, "pump_w") / 1e3, values(cdus, "pump_rating_w") / 1e3
        yield _Row("CDU pumps", names, kinds, rating, pump, "kW", "greatest minute mean")


def _racks(racks: xr.Dataset) -> Iterator[_Row]:
    rating = values(racks, "rating_w") / 1e3
    power = values(racks, "power_w_max") / 1e3
    how = "greatest second"
    yield _Row("racks", texts(racks, "rack"), texts(racks, "type"), rating, power, "kW", how)


def tightest(duties: list[Duty], equipment: str, count: int) -> list[Duty]:
    """The ``count`` lines of one class with the least margin."""
    here = [duty for duty in duties if duty.equipment == equipment and np.isfinite(duty.margin)]
    return sorted(here, key=lambda duty: duty.margin)[:count]


def classes(duties: list[Duty]) -> list[str]:
    """The classes of equipment, in the order of the schedule."""
    return list(dict.fromkeys(duty.equipment for duty in duties))
