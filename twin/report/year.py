"""The page of a year: its figures, its table of months and what it came to, drawn from the result file alone."""

from pathlib import Path

import numpy as np
import xarray as xr

from twin.judge.energy import END_USES
from twin.judge.months import Month, months, said
from twin.judge.result import ClockTime
from twin.report import figures_year, style
from twin.report.page import Picture, render, save
from twin.report.tables import Cell, Table, text

_PICTURES = (
    (figures_year.overhead, "Energy beside that of the IT equipment, month by month and by use: the height of a column "
     "is PUE less one. Water bought for it, split into what goes into the air and what is let go for its salts."),
    (figures_year.course, "Feed power, outdoor air and the supply's rise above its set point: means of each day, bands "
     "from the least to the greatest step of it."),
    (figures_year.cooling, "Hours in each way of cooling, a mean of the halls; the PUE of every hour of every day."),
)  # fmt: skip


def draw_year(tree: xr.DataTree, out_path: Path) -> Path:
    """Draw the page of an open year into ``out_path``."""
    found, table = months(tree), monthly_table(tree)
    pictures = [Picture(style.to_svg(draw(tree, found), draw.__name__), words) for draw, words in _PICTURES]
    page = render(
        "year.html.j2",
        title=str(tree.attrs["title"]),
        about=_about(tree),
        tiles=_tiles(found[-1]),
        sentences=said(tree, found),
        pictures=pictures,
        tables=[table],
        result="year.nc",
        version=str(tree.attrs["twin_version"]),
        digest=str(tree.attrs["source_digest"]),
    )
    save(out_path, page, [table])
    return out_path


def monthly_table(tree: xr.DataTree) -> Table:
    """A row a month, and one for the year."""
    found = months(tree)
    uses = [use for use in END_USES if use in found[-1].uses_mwh]
    headings = (
        "month", "dry bulb (°C)", "wet bulb (°C)", "bought (MWh)", "IT equipment (MWh)",
        *(f"{use} (MWh)" for use in uses), "PUE, equipment inlet", "PUE, rack inlet", "water bought (m³)",
        "water consumed (m³)", "WUE, bought (L/kWh)", "WUE, consumed (L/kWh)", "heat taken free (%)", "free (h)",
        "mixed (h)", "mechanical (h)", "peak feed (MW)", "peak at", "above limit (h)", "warmest supply (°C)", "where",
        "when", "above set point (h)",
    )  # fmt: skip
    return Table("monthly", "Month by month", headings, [_row(month, uses) for month in found], mixed=True)


def _row(m: Month, uses: list[str]) -> tuple[Cell, ...]:
    return (
        m.name, m.dry_bulb_c, m.wet_bulb_c, m.feed_mwh, m.equipment_mwh, *(m.uses_mwh[use] for use in uses),
        m.pue_equipment_inlet, m.pue_rack_inlet, m.bought_m3, m.consumed_m3, m.wue_bought_l_kwh, m.wue_consumed_l_kwh,
        100.0 * m.free_share, m.free_h, m.mixed_h, m.mechanical_h, m.peak_mw, f"{m.peak_at:%d %b %H:%M}",
        m.over_limit_h, m.supply_c, m.supply_hall, f"{m.supply_at:%d %b %H:%M}", m.above_set_point_h,
    )  # fmt: skip


def _about(tree: xr.DataTree) -> dict[str, str]:
    clock, attributes = ClockTime.of(tree), tree.attrs
    return {
        "site": str(attributes["site"]),
        "weather": str(attributes["weather"]),
        "load": str(attributes["load"]),
        "year": f"{clock.start:%Y}, 365 days of {clock.zone}",
        "step": f"{float(attributes['step_s']) / 60.0:g} min, each at rest",
        "size": f"{text(int(attributes['gpus']))} GPUs in {text(int(attributes['racks']))} racks",
    }


def _tiles(year: Month) -> list[tuple[str, str, str]]:
    water = (f"{year.wue_bought_l_kwh:.2f} L/kWh", f"{year.wue_consumed_l_kwh:.2f} L/kWh consumed")
    return [
        ("PUE", f"{year.pue_equipment_inlet:.3f}", f"{year.pue_rack_inlet:.3f} at the rack inlet"),
        ("WUE, bought", *(water if year.bought_m3 else ("none", "no water is used"))),
        ("energy bought", f"{text(year.feed_mwh / 1e3)} GWh", f"mean {text(year.feed_mwh / year.hours)} MW"),
        ("peak feed power", f"{text(year.peak_mw)} MW", f"{year.peak_at:%d %b %H:%M}"),
        ("cooled free", f"{text(np.round(year.free_h))} h", f"{text(np.round(year.mechanical_h))} h by chillers alone"),
        ("warmest supply", f"{year.supply_c:.1f} °C", f"{text(year.above_set_point_h)} h above set point"),
    ]
