"""The mean day of each month at Memphis, as shipped, and how it was made from a typical year.

The table `data/memphis_climate.csv` holds means over the days of a month of TMY3 (Wilcox and Marion, Users Manual for
TMY3 Data Sets, NREL/TP-581-43156, 2008; a work of the US government). A TMY3 line carries local standard time; its
temperatures are observations at the hour stated (its radiation is that of the hour before), so hour 15 of the table
is the instant 15:00. A mean day has no extremes: it is for typical energy, the design days are for limits.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twin.core.fluids import saturation_pressure, wet_bulb
from twin.core.layout import Vec
from twin.drive.trace import read_rows

MONTHS, HOURS = 12, 24
_PA_PER_MBAR = 100.0


class Climate(NamedTuple):
    """Means by month and hour; every array is [12 months, 24 hours from 1:00 to 24:00 standard time]."""

    dry_bulb_c: Vec
    wet_bulb_c: Vec
    pressure_pa: Vec


def load_climate(path: Path) -> Climate:
    """The climate of a table with columns month, hour and those of `Climate`, in the order of months and hours."""
    rows = read_rows(path, Climate._fields)
    return Climate(
        *(np.array([float(row.cells[name]) for row in rows]).reshape(MONTHS, HOURS) for name in Climate._fields)
    )


def climate_of(tmy3_csv: Path) -> Climate:
    """The climate of a TMY3 table (8,760 hours; columns as in the byuidatascience/data_weather extract).

    The wet bulb of every hour is found from its dry bulb, dew point and pressure, then averaged.
    """
    with tmy3_csv.open(newline="") as file:
        lines = list(csv.DictReader(file))
    month = np.array([int(line["Date (MM/DD/YYYY)"][:2]) for line in lines])
    hour = np.array([(int(line["Time (HH:MM)"][:2]) or HOURS) for line in lines])
    dry_c, dew_c, pressure_pa = (
        np.array([float(line[name]) for line in lines]) for name in ("Dry-bulb (C)", "Dew-point (C)", "Pressure (mbar)")
    )
    pressure_pa = _PA_PER_MBAR * pressure_pa
    wet_c = np.array(
        [wet_bulb_of_dew_point(*hourly) for hourly in zip(dry_c, dew_c, pressure_pa, strict=True)],
    )
    cell = (month - 1) * HOURS + hour - 1
    count = np.bincount(cell, minlength=MONTHS * HOURS)
    means = (np.bincount(cell, values) / count for values in (dry_c, wet_c, pressure_pa))
    return Climate(*(mean.reshape(MONTHS, HOURS) for mean in means))


def wet_bulb_of_dew_point(dry_bulb_c: float, dew_point_c: float, pressure_pa: float) -> float:
    """Wet bulb [degC]; a dew point above the dry bulb counts as saturated."""
    relative = min(1.0, saturation_pressure(dew_point_c) / saturation_pressure(dry_bulb_c))
    return float(wet_bulb(dry_bulb_c, relative, pressure_pa))


def write_climate(path: Path, climate: Climate, source: str) -> None:
    """Write the table that `load_climate` reads, with ``source`` in its first line."""
    with path.open("w", newline="") as file:
        file.write(f"# {source}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["month", "hour", *Climate._fields])
        for month in range(MONTHS):
            for hour in range(HOURS):
                dry_c, wet_c, pressure_pa = (float(values[month, hour]) for values in climate)
                writer.writerow([month + 1, hour + 1, f"{dry_c:.2f}", f"{wet_c:.2f}", f"{pressure_pa:.0f}"])
