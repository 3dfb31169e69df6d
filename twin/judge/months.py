"""A year, month by month: energy by use, PUE and WUE, hours in each way of cooling, peaks, the warmest supply.

Cooling counts hall by hall: *free* where towers take all of a hall's heat, *mechanical* where chillers do, *mixed* in
between; hours are means over the halls. PUE and WUE are energy and water of the month over energy of the month, at
the meter points of `energy`. Water bought is make-up, water consumed what evaporates and drifts.
"""

import datetime as dt
import json
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.core.layout import Vec
from twin.judge.energy import END_USES, equipment_w, power_by_use, rack_inlet_w
from twin.judge.result import ClockTime, durations_s, texts, values

_ALL, _NONE = 0.999, 0.001  # shares of a hall's heat that count as all and none of it
_HELD_K = 1e-3
_J_PER_KWH, _J_PER_MWH, _KG_PER_M3 = 3.6e6, 3.6e9, 1000.0
NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Month(NamedTuple):
    """One month, or the year; what has no unit in its name is a share, a ratio or a moment."""

    name: str
    hours: float
    dry_bulb_c: float
    wet_bulb_c: float
    feed_mwh: float
    equipment_mwh: float
    uses_mwh: dict[str, float]
    pue_equipment_inlet: float
    pue_rack_inlet: float
    bought_m3: float
    consumed_m3: float
    wue_bought_l_kwh: float
    wue_consumed_l_kwh: float
    free_share: float
    free_h: float
    mixed_h: float
    mechanical_h: float
    peak_mw: float
    peak_at: dt.datetime
    over_limit_h: float
    supply_c: float
    supply_hall: str
    supply_at: dt.datetime
    above_set_point_h: float


def month_of(tree: xr.DataTree) -> NDArray[np.int64]:
    """Month of each step, 0 for January, by the middle of the step."""
    site = tree["site"].to_dataset()
    middle = values(site, "time") - 0.5 * durations_s(site)
    start = np.datetime64(ClockTime.of(tree).start.replace(tzinfo=None), "s")
    found = (start + middle.astype("timedelta64[s]")).astype("datetime64[M]")
    return np.asarray(found.astype(np.int64) % len(NAMES))


def ways(tree: xr.DataTree) -> dict[str, Vec]:
    """Share of the halls that are cooled in each way, step by step."""
    hall = tree["hall"].to_dataset()
    heat, free = values(hall, "heat_w"), values(hall, "free_heat_w")
    share = np.divide(free, heat, out=np.zeros_like(heat), where=heat > 0.0)
    all_free, none_free = share >= _ALL, share <= _NONE
    kinds = {"free": all_free, "mixed": ~all_free & ~none_free, "mechanical": none_free}
    return {name: kind.mean(axis=1) for name, kind in kinds.items()}


def months(tree: xr.DataTree) -> list[Month]:
    """The months that the result covers, and last the whole of it."""
    of, series = month_of(tree), _Series.of(tree)
    found = [series.over(NAMES[k], of == k) for k in range(len(NAMES)) if (of == k).any()]
    return [*found, series.over("year", np.ones(len(of), np.bool_))]


class _Series(NamedTuple):
    """What a month is taken from, step by step; the halls' as [step, hall]."""

    clock: ClockTime
    time_s: Vec
    span_s: Vec
    power_w: dict[str, Vec]  # sums at the meter points, and each use
    water_kg_s: dict[str, Vec]
    air_c: dict[str, Vec]
    ways: dict[str, Vec]
    heat_w: Vec
    free_w: Vec
    supply_c: Vec
    set_point_c: Vec
    halls: list[str]
    limit_w: float

    @classmethod
    def of(cls, tree: xr.DataTree) -> "_Series":
        site, hall = tree["site"].to_dataset(), tree["hall"].to_dataset()
        points = {"feed": values(site, "feed_w"), "equipment": equipment_w(site), "racks": rack_inlet_w(site)}
        gone = values(site, "evaporation_kg_s") + values(site, "drift_kg_s")
        return cls(
            ClockTime.of(tree), values(site, "time"), durations_s(site), points | power_by_use(site),
            {"bought": values(site, "make_up_kg_s"), "consumed": gone},
            {"dry": values(site, "dry_bulb_c"), "wet": values(site, "wet_bulb_c")}, ways(tree),
            values(hall, "heat_w").sum(axis=1), values(hall, "free_heat_w").sum(axis=1), values(hall, "supply_c"),
            np.array(json.loads(str(tree.attrs["set_point_c"]))), texts(hall, "hall"), float(tree.attrs["limit_w"]),
        )  # fmt: skip

    def over(self, name: str, rows: NDArray[np.bool_]) -> Month:
        """The month of those rows."""
        span_s = self.span_s[rows]
        duration_s = float(span_s.sum())
        energy_j = {use: float(power[rows] @ span_s) for use, power in self.power_w.items()}
        water_kg = {use: float(flow[rows] @ span_s) for use, flow in self.water_kg_s.items()}
        way_h = {way: float(share[rows] @ span_s) / 3600.0 for way, share in self.ways.items()}
        kwh = energy_j["equipment"] / _J_PER_KWH
        feed_w = self.power_w["feed"][rows]
        peak = int(np.argmax(feed_w))
        return Month(
            name=name,
            hours=duration_s / 3600.0,
            dry_bulb_c=float(self.air_c["dry"][rows] @ span_s) / duration_s,
            wet_bulb_c=float(self.air_c["wet"][rows] @ span_s) / duration_s,
            feed_mwh=energy_j["feed"] / _J_PER_MWH,
            equipment_mwh=energy_j["equipment"] / _J_PER_MWH,
            uses_mwh={use: energy_j[use] / _J_PER_MWH for use in END_USES if use in energy_j},
            pue_equipment_inlet=energy_j["feed"] / energy_j["equipment"],
            pue_rack_inlet=energy_j["feed"] / energy_j["racks"],
            bought_m3=water_kg["bought"] / _KG_PER_M3,
            consumed_m3=water_kg["consumed"] / _KG_PER_M3,
            wue_bought_l_kwh=water_kg["bought"] / kwh,
            wue_consumed_l_kwh=water_kg["consumed"] / kwh,
            free_share=float(self.free_w[rows] @ span_s) / float(self.heat_w[rows] @ span_s),
            free_h=way_h["free"],
            mixed_h=way_h["mixed"],
            mechanical_h=way_h["mechanical"],
            peak_mw=float(feed_w[peak]) / 1e6,
            peak_at=self._begin(rows, peak),
            over_limit_h=float(span_s[feed_w > self.limit_w].sum()) / 3600.0,
            **self._warmest(rows),
        )

    def _warmest(self, rows: NDArray[np.bool_]) -> dict[str, Any]:
        """The supply that is furthest above its set point, or the warmest where all are held."""
        supply_c = self.supply_c[rows]
        above_k = supply_c - self.set_point_c
        judged = above_k if above_k.max() > _HELD_K else supply_c
        step, hall = np.unravel_index(int(np.argmax(judged)), judged.shape)
        return {
            "supply_c": float(supply_c[step, hall]),
            "supply_hall": self.halls[int(hall)],
            "supply_at": self._begin(rows, int(step)),
            "above_set_point_h": float(self.span_s[rows][(above_k > _HELD_K).any(axis=1)].sum()) / 3600.0,
        }

    def _begin(self, rows: NDArray[np.bool_], step: int) -> dt.datetime:
        return self.clock.at(self.time_s[rows][step] - self.span_s[rows][step])


def said(tree: xr.DataTree, found: list[Month]) -> list[str]:
    """The year in sentences."""
    *each, year = found
    low, high = min(each, key=lambda m: m.pue_equipment_inlet), max(each, key=lambda m: m.pue_equipment_inlet)
    return [
        f"PUE {year.pue_equipment_inlet:.3f} at the inlet of the IT equipment, {year.pue_rack_inlet:.3f} at the rack "
        f"inlet; {low.pue_equipment_inlet:.3f} in {low.name}, {high.pue_equipment_inlet:.3f} in {high.name}.",
        f"{year.feed_mwh / 1e3:,.4g} GWh bought for {year.equipment_mwh / 1e3:,.4g} GWh of IT equipment; "
        f"{year.uses_mwh['heat rejection'] / 1e3:,.4g} GWh for heat rejection.",
        _water_said(each, year),
        f"Cooled free for {year.free_h:,.0f} h, mixed for {year.mixed_h:,.0f} h, by chillers alone for "
        f"{year.mechanical_h:,.0f} h (mean of the halls).",
        _peak_said(year, float(tree.attrs["limit_w"])),
        _supply_said(year),
    ]


def _peak_said(year: Month, limit_w: float) -> str:
    limit = f"the limit of {limit_w / 1e6:g} MW"
    held = f"above {limit} for {year.over_limit_h:,.0f} h" if year.over_limit_h else f"within {limit}"
    return f"Greatest feed power {year.peak_mw:.4g} MW, on {year.peak_at:%d %B at %H:%M}; {held}."


def _supply_said(year: Month) -> str:
    if not year.above_set_point_h:
        return f"Warmest facility supply {year.supply_c:.1f} degC: every hall's set point is held all year."
    return (
        f"Warmest facility supply {year.supply_c:.1f} degC, in {year.supply_hall} on {year.supply_at:%d %B at %H:%M}; "
        f"some hall is above its set point for {year.above_set_point_h:,.0f} h."
    )


def _water_said(each: list[Month], year: Month) -> str:
    if not year.bought_m3:
        return "No water is used: WUE 0."
    most = max(each, key=lambda m: m.wue_bought_l_kwh)
    return (
        f"WUE {year.wue_bought_l_kwh:.2f} L/kWh bought, {year.wue_consumed_l_kwh:.2f} consumed "
        f"({year.bought_m3:,.0f} m3 bought); {most.wue_bought_l_kwh:.2f} in {most.name}; "
        f"towers take {year.free_share:.0%} of the heat."
    )
