"""Energy by end use, PUE at both usual boundaries, WUE, power factor, ramps and the residuals of the books.

PUE is energy at the point of interconnection over energy of information technology equipment. Over less than a
year it is an *interim* PUE (ISO/IEC 30134-2), which says nothing of other seasons. Two meter points are usual:

- *rack inlet*: servers, network and storage racks, coolant distribution unit pumps and rear-door fans, as a
  rack's power meter sees them when the cooling is fed from the rack;
- *equipment inlet*: servers, network and storage racks alone. This is the stricter and the larger of the two.

Battery plants count with their auxiliaries only: what they take, keep, give and lose stands beside the site's use.

WUE (ISO/IEC 30134-9) is litres of water over kWh at the equipment inlet; a litre is taken as a kilogram.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge import spectrum
from twin.judge.result import ClockTime, durations_s, group, texts, values
from twin.judge.windows import clock_windows

RAMP_WINDOWS_S = (1.0, 10.0, 60.0)
RANGE_WINDOWS_S = (10.0, 60.0, 900.0)

# Each end use as the sum of some records less others; together they are the feed. Batteries that give are below 0.
END_USES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GPU boards": (("gpu_w",), ()),
    "rest of the servers": (("node_w",), ("gpu_w",)),
    "network and storage": (("air_rack_w",), ()),
    "CDU pumps": (("cdu_pump_w",), ()),
    "coil fans": (("door_fan_w", "room_fan_w"), ()),
    "facility pumps": (("hall_pump_w",), ()),
    "heat rejection": (("plant_w",), ()),
    "house loads": (("house_w",), ()),
    "electrical losses": (("loss_w",), ()),
    "batteries and UPS": (("auxiliary_w", "ups_w"), ("battery_w",)),
}


def power_by_use(site: xr.Dataset) -> dict[str, Vec]:
    """Power of each end use that the site has, record by record [W]."""
    uses = {}
    for use, (plus, minus) in END_USES.items():
        if all(name in site for name in plus + minus):
            uses[use] = sum((values(site, name) for name in plus), np.zeros(site.sizes["time"]))
            for name in minus:
                uses[use] = uses[use] - values(site, name)
    return {use: power for use, power in uses.items() if power.any()}


def energy_by_use(site: xr.Dataset) -> dict[str, float]:
    """Energy of each end use over the run [J]."""
    duration = durations_s(site)
    return {use: float(power @ duration) for use, power in power_by_use(site).items()}


def equipment_w(site: xr.Dataset) -> Vec:
    """Power at the inlet of the information technology equipment [W]."""
    return values(site, "node_w") + values(site, "air_rack_w")


def rack_inlet_w(site: xr.Dataset) -> Vec:
    """Power at the rack inlet: equipment, coolant distribution unit pumps and rear-door fans [W]."""
    extra = [values(site, name) for name in ("cdu_pump_w", "door_fan_w") if name in site]
    return sum(extra, equipment_w(site))


def consumed_w(site: xr.Dataset) -> Vec:
    """Power that the site uses [W]: the feed with what battery plants add to it, or less what they take from it."""
    given = values(site, "battery_w") if "battery_w" in site else 0.0
    return values(site, "feed_w") + given


class Pue(NamedTuple):
    """Interim PUE at both meter points; arrays where it is a series."""

    rack_inlet: float
    equipment_inlet: float


def pue(site: xr.Dataset) -> Pue:
    """Interim PUE over the run: energy over energy, not a mean of ratios."""
    duration = durations_s(site)
    feed = float(consumed_w(site) @ duration)
    return Pue(feed / float(rack_inlet_w(site) @ duration), feed / float(equipment_w(site) @ duration))


class PueSeries(NamedTuple):
    """PUE of each clock hour; the first and the last hour may be covered only in part."""

    start_s: Vec
    recorded_s: Vec
    rack_inlet: Vec
    equipment_inlet: Vec


def hourly_pue(site: xr.Dataset, clock: ClockTime) -> PueSeries:
    """PUE hour by hour, energy over energy in each clock hour."""
    duration = durations_s(site)
    cut = clock_windows(values(site, "time"), duration, 3600.0, clock.midnight_s)
    feed = cut.mean(consumed_w(site), duration)
    rack, equipment = (cut.mean(power, duration) for power in (rack_inlet_w(site), equipment_w(site)))
    start = np.maximum(cut.start_s, 0.0)
    return PueSeries(start, cut.recorded_s, feed / rack, feed / equipment)


class Water(NamedTuple):
    """Water bought and water evaporated or drifted away over the run [kg]."""

    make_up_kg: float
    consumed_kg: float


def water(tree: xr.DataTree) -> Water:
    """Water of the run: from the site's flows where recorded, else from the books; air-cooled plant has none."""
    site = tree["site"].to_dataset()
    if "make_up_kg_s" in site:
        duration = durations_s(site)
        make_up = float(values(site, "make_up_kg_s") @ duration)
        gone = [name for name in ("evaporation_kg_s", "drift_kg_s") if name in site]
        consumed = sum(float(values(site, name) @ duration) for name in gone) if gone else make_up
        return Water(make_up, consumed)
    books = group(tree, "books")
    if books is not None and "part" in books.coords and "water" in (names := texts(books, "part")):
        made_up = float(values(books, "in_")[names.index("water")])
        return Water(made_up, made_up)
    return Water(0.0, 0.0)


def wue_l_kwh(tree: xr.DataTree) -> Water:
    """WUE by make-up and by consumption, litres a kWh at the equipment inlet."""
    site = tree["site"].to_dataset()
    kwh = float(equipment_w(site) @ durations_s(site)) / 3.6e6
    used = water(tree)
    return Water(used.make_up_kg / kwh, used.consumed_kg / kwh)


def power_factor(site: xr.Dataset) -> Vec:
    """Active over apparent power at the feed; one where nothing flows."""
    active = values(site, "feed_w")
    apparent = apparent_va(site)
    return np.divide(np.abs(active), apparent, out=np.ones_like(active), where=apparent > 0.0)


def apparent_va(site: xr.Dataset) -> Vec:
    """Apparent power at the feed [VA]."""
    active = values(site, "feed_w")
    return np.hypot(active, values(site, "feed_var")) if "feed_var" in site else np.abs(active)


class Ramp(NamedTuple):
    """Greatest rise and fall of feed power between records ``window_s`` apart [W], and when each ended [s]."""

    window_s: float
    rise_w: float
    rise_s: float
    fall_w: float
    fall_s: float


def ramps(site: xr.Dataset) -> list[Ramp]:
    """Ramps over 1 s, 10 s and 1 min of the recorded means; windows longer than the run are left out."""
    time, power = values(site, "time"), values(site, "feed_w")
    step_s = float(np.median(durations_s(site)))
    found = []
    for window in RAMP_WINDOWS_S:
        over_s = max(window, step_s)
        (ramp,) = spectrum.ramps(power, step_s, (over_s,))
        if np.isfinite(ramp.rise):
            # What begins so long after the first record ends `over_s` later.
            up, down = (time[round((begin + over_s) / step_s)] for begin in (ramp.rise_s, ramp.fall_s))
            found.append(Ramp(window, ramp.rise, float(up), ramp.fall, float(down)))
    return found


def ranges(site: xr.Dataset) -> dict[float, float]:
    """Greatest less least feed power [W] within any 10 s, 1 min and 15 min; what is longer than the run is left out."""
    power, step_s = values(site, "feed_w"), float(np.median(durations_s(site)))
    whole_s = len(power) * step_s
    return {over_s: spectrum.dynamic_range(power, step_s, over_s) for over_s in RANGE_WINDOWS_S if over_s <= whole_s}


class Residual(NamedTuple):
    """One line of the books: joules (kilograms for water) in, out, kept, and what is missing relative to ``in_``."""

    part: str
    in_: float
    out: float
    stored: float
    residual: float


def residuals(tree: xr.DataTree) -> list[Residual]:
    """The books, part by part."""
    books = group(tree, "books")
    if books is None or "residual" not in books:
        return []
    columns = [values(books, name) for name in ("in_", "out", "stored", "residual")]
    return [Residual(name, *(float(c[i]) for c in columns)) for i, name in enumerate(texts(books, "part"))]
