"""Alarms in order of occurrence: what a control room's list would have shown.

Records in which a condition holds are one alarm as long as they are parted by at most `MERGE_S` seconds: power
that hovers at its limit is one alarm, not a thousand. Bands and thresholds:

- feed and substation limits: a 1 s mean above the limit in force;
- loading: greatest second above the rating;
- voltage at low-voltage boards: 1 s means outside 0.95 to 1.05 per unit (ANSI C84.1 range A, service voltage);
- windings above 120 degC, critical above 140; top oil above 105 degC (IEC 60076-7, normal cyclic and long emergency
  loading); conductors of cables above the limit of their type, critical above its emergency limit;
- loading above the rating in the mean of half an hour;
- plant at capacity: greatest load at least 0.999 of what is available in the weather of the moment;
- chillers (or heat rejection) out: none of a hall runs and its plant draws nothing, which is no load at capacity;
- facility water supply more than 1 K above its set point; coolant flow below 90 % of rated;
- server inlet above the limit of its class; facility water below the dew point of the room, where coils get wet.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.core.layout import Vec
from twin.judge.limits import limited_powers
from twin.judge.plant import standing, without_standing
from twin.judge.result import ClockTime, durations_s, group, texts, values
from twin.judge.transformers import HOT_SPOT_C, HOT_SPOT_EMERGENCY_C, TOP_OIL_C, known
from twin.judge.windows import Spell, spells

MERGE_S = 300.0
VOLTAGE_BAND_PU = (0.95, 1.05)
PLANT_FULL = 0.999
SUPPLY_EXCESS_K, COOLANT_EXCESS_K = 1.0, 2.0
LEAST_FLOW = 0.9
LONG_S = 1800.0


class Alarm(NamedTuple):
    """One alarm: begin and end [s], clock time, what it is about, the worst value and the limit, both in ``unit``."""

    time_s: float
    end_s: float
    clock: str
    severity: str
    what: str
    name: str
    value: float
    limit: float
    unit: str
    message: str = ""


class _Watched(NamedTuple):
    """Series of one kind that may go past a limit: [time, name] each, ``worse`` is +1 above or -1 below."""

    severity: str
    what: str
    unit: str
    names: list[str]
    value: Vec
    limit: Vec
    worse: int
    message: str = ""


def alarms(tree: xr.DataTree) -> list[Alarm]:
    """Every alarm of the run and the events of the scenario, in order of occurrence."""
    clock = ClockTime.of(tree)
    found = list(_events(tree, clock))
    for name, watched in _all_watched(tree):
        dataset = tree[name].to_dataset()
        found += _raised(watched, values(dataset, "time"), durations_s(dataset), clock)
    return sorted(found, key=lambda alarm: (alarm.time_s, alarm.what, alarm.name))


def _all_watched(tree: xr.DataTree) -> Iterator[tuple[str, _Watched]]:
    for one in limited_powers(tree):
        what = "feed above its limit" if one.where == "feed" else "substation above its limit"
        power, limit = one.power_w[:, None] / 1e6, one.limit_w[:, None] / 1e6
        yield "site", _Watched("critical", what, "MW", [one.where], power, limit, 1)
    site = tree["site"].to_dataset()
    if "throttled" in site:
        held = values(site, "throttled")[:, None]
        yield (
            "site",
            _Watched("warning", "GPUs throttled by temperature", "GPUs", ["site"], held, np.zeros_like(held), 1),
        )
    for name, watch in (("electrical", _electrical), ("hall", _hall), ("cdu", _cdu)):
        dataset = group(tree, name)
        if dataset is not None and dataset.sizes.get("time", 0):
            for watched in watch(tree, dataset):
                yield name, watched


def _electrical(tree: xr.DataTree, nodes: xr.Dataset) -> Iterator[_Watched]:
    names = texts(nodes, "node")
    loading = values(nodes, "loading_max")
    yield _Watched("critical", "overload", "of rating", names, loading, np.ones_like(loading), 1)
    yield from _warm(nodes, names)
    boards = low_voltage_boards(tree, nodes)
    here = [names[i] for i in boards]
    for variable, limit, worse in (
        ("voltage_pu_min", VOLTAGE_BAND_PU[0], -1),
        ("voltage_pu_max", VOLTAGE_BAND_PU[1], 1),
    ):
        voltage = values(nodes, variable)[:, boards]
        what = "voltage low" if worse < 0 else "voltage high"
        yield _Watched("warning", what, "pu", here, voltage, np.full_like(voltage, limit), worse, "by 1 s means")


def _warm(nodes: xr.Dataset, names: list[str]) -> Iterator[_Watched]:
    """What is too warm, or on its way there: transformers, conductors, whatever is above its rating for long."""
    for severity, what, variable, limit in (
        ("critical", "hot spot above emergency limit", "hot_spot_c_max", HOT_SPOT_EMERGENCY_C),
        ("warning", "hot spot above limit", "hot_spot_c_max", HOT_SPOT_C),
        ("warning", "top oil above limit", "top_oil_c", TOP_OIL_C),
        ("critical", "conductor above emergency limit", "conductor_c", "conductor_emergency_c"),
        ("warning", "conductor above limit", "conductor_c", "conductor_limit_c"),
    ):
        places = known(nodes, variable)
        if places.size:
            seen = values(nodes, variable)[:, places]
            bound = values(nodes, limit)[places] if isinstance(limit, str) else limit
            yield _Watched(
                severity, what, "°C", [names[i] for i in places], seen, np.broadcast_to(bound, seen.shape), 1
            )
    if "loading" in nodes:
        mean = trailing_mean(values(nodes, "loading"), durations_s(nodes), LONG_S)
        yield _Watched("critical", "overload for half an hour", "of rating", names, mean, np.ones_like(mean), 1)


def trailing_mean(series: Vec, duration_s: Vec, length_s: float) -> Vec:
    """Mean of ``series`` [time, name] over the records of the last ``length_s``; 0 while there are not as many."""
    end = np.cumsum(duration_s)
    integral = np.vstack([np.zeros(series.shape[1]), np.cumsum(series * duration_s[:, None], axis=0)])
    first = np.searchsorted(end, end - length_s * (1 - 1e-9), side="right")
    mean: Vec = (integral[1:] - integral[first]) / (end - end[first] + duration_s[first])[:, None]
    mean[end < length_s * (1 - 1e-9)] = 0.0
    return mean


def _hall(_tree: xr.DataTree, halls: xr.Dataset) -> Iterator[_Watched]:
    names = texts(halls, "hall")
    load = without_standing(halls)
    # ">= 0.999" as "> just below it", so that every watched series is judged alike.
    full = np.full_like(load, np.nextafter(PLANT_FULL, 0.0))
    yield _Watched("warning", "plant at capacity", "of capacity", names, load, full, 1)
    out = standing(halls).astype(np.float64)
    chilled = values(halls, "chillers") > 0 if "chillers" in halls else np.ones(len(names), dtype=bool)
    for what, some in (("chillers out", chilled), ("heat rejection out", ~chilled)):
        here = [names[i] for i in np.flatnonzero(some)]
        yield _Watched("critical", what, "", here, out[:, some], np.zeros_like(out[:, some]), 1)
    supply = values(halls, "supply_c_max")
    limit = np.broadcast_to(values(halls, "set_point_c") + SUPPLY_EXCESS_K, supply.shape)
    yield _Watched("warning", "facility supply above set point", "°C", names, supply, limit, 1)
    for what, variable, bound, worse in (
        ("server inlet above its limit", "server_inlet_c_max", "inlet_limit_c", 1),
        ("coils below the room's dew point", "supply_c_min", "dew_point_c", -1),
    ):
        if bound in halls:
            seen = values(halls, variable)
            yield _Watched("warning", what, "°C", names, seen, np.broadcast_to(values(halls, bound), seen.shape), worse)


def _cdu(_tree: xr.DataTree, cdus: xr.Dataset) -> Iterator[_Watched]:
    flow = values(cdus, "flow_kg_s")
    limit = np.broadcast_to(LEAST_FLOW * values(cdus, "rated_flow_kg_s"), flow.shape)
    names = texts(cdus, "cdu")
    yield _Watched("warning", "coolant flow low", "kg/s", names, flow, limit, -1)
    if "leaked_kg" not in cdus:
        return
    supply, leaked = values(cdus, "supply_c"), values(cdus, "leaked_kg")
    limit = np.broadcast_to(values(cdus, "set_point_c") + COOLANT_EXCESS_K, supply.shape)
    yield _Watched("warning", "coolant supply above set point", "°C", names, supply, limit, 1)
    yield _Watched("warning", "coolant leaks", "kg", names, leaked, np.zeros_like(leaked), 1)
    reservoir = np.broadcast_to(values(cdus, "reservoir_kg"), leaked.shape)
    yield _Watched("critical", "coolant reservoir empty", "kg", names, leaked, reservoir, 1)


def low_voltage_boards(tree: xr.DataTree, nodes: xr.Dataset) -> NDArray[np.int64]:
    """Places in /electrical of the boards that feed racks; where racks do not say, the nodes that feed no other."""
    names = texts(nodes, "node")
    racks = group(tree, "rack")
    fed = set(texts(racks, "board")) if racks is not None and "board" in racks else set()
    boards = [i for i, name in enumerate(names) if name in fed]
    if not boards:
        parents, kinds = set(texts(nodes, "parent")), texts(nodes, "kind")
        boards = [i for i, name in enumerate(names) if name not in parents and kinds[i] != "tie"]
    return np.asarray(boards, dtype=np.int64)


def _raised(watched: _Watched, time_s: Vec, duration_s: Vec, clock: ClockTime) -> Iterator[Alarm]:
    excess = watched.worse * (watched.value - watched.limit)
    gap = int(MERGE_S / float(np.median(duration_s)))
    for i in np.flatnonzero((excess > 0.0).any(axis=0)):
        for spell in spells(excess[:, i] > 0.0, gap):
            worst = spell.first + int(np.nanargmax(excess[spell.first : spell.last + 1, i]))
            begin, end = _times(spell, time_s, duration_s)
            value, limit = float(watched.value[worst, i]), float(watched.limit[worst, i])
            yield Alarm(
                begin, end, clock.text(begin), watched.severity, watched.what, watched.names[i],
                value, limit, watched.unit, watched.message,
            )  # fmt: skip


def _times(spell: Spell, time_s: Vec, duration_s: Vec) -> tuple[float, float]:
    return float(time_s[spell.first] - duration_s[spell.first]), float(time_s[spell.last])


def _events(tree: xr.DataTree, clock: ClockTime) -> Iterator[Alarm]:
    events = group(tree, "events")
    if events is None or events.sizes.get("event", 0) == 0:
        return
    rows = zip(values(events, "time_s"), texts(events, "what"), texts(events, "message"), strict=True)
    for time, what, message in rows:
        at = float(time)
        yield Alarm(at, at, clock.text(at), "event", what, "", np.nan, np.nan, "", message)


def _place(name: str) -> str:
    """What neighbours share: the hall of ``hall-1/cdu-017``, the feeder side of the board ``hall-1-a-07``."""
    return name.split("/")[0] if "/" in name else re.sub(r"(?<=\d-)(.*)-\d+$", r"\1", name)


class AlarmGroup(NamedTuple):
    """Alarms of one kind in one place that began in the same minute, with the worst of them in front."""

    worst: Alarm
    names: list[str]
    end_s: float


def grouped(found: list[Alarm]) -> list[AlarmGroup]:
    """Alarms drawn together for reading: fifty coolant units that lose flow at once are one line."""
    together: dict[tuple[str, str, str, int, str], list[Alarm]] = defaultdict(list)
    for alarm in found:
        together[alarm.severity, alarm.what, _place(alarm.name), int(alarm.time_s // 60.0), alarm.message].append(alarm)
    groups = []
    for several in together.values():
        worst = max(several, key=lambda alarm: 0.0 if np.isnan(alarm.value) else abs(alarm.value - alarm.limit))
        groups.append(AlarmGroup(worst, [alarm.name for alarm in several], max(alarm.end_s for alarm in several)))
    return groups
