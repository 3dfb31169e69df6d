"""A year of hourly air from a weather file: EnergyPlus (EPW) and TMY3, opened by pvlib, judged and completed here.

Both count the hours of a day from 1 to 24 in local standard time all year, and their months may come from different
years. Dry bulb, dew point, humidity and pressure are observations at the hour stated (only radiation is that of the
hour before), so hour 15 is the instant 15:00 [1, 2]. The minute of an EPW line does not count: 0 and 60 are the same
[2]. The index that pvlib makes is not used: for EPW it is an hour early (its issue 1156), and both carry mixed years.

Nothing is filled in. The wet bulb follows from dry bulb, dew point (from the relative humidity in hours without one)
and station pressure, by `core.fluids`.

[1] Wilcox and Marion, Users Manual for TMY3 Data Sets, NREL/TP-581-43156, 2008. [2] EnergyPlus, Auxiliary Programs,
EnergyPlus Weather File (EPW) Data Dictionary; the bounds below are from there.
"""

from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twin.core.errors import Problem, TraceError, file_problem
from twin.core.fluids import wet_bulb
from twin.core.layout import IVec, Vec
from twin.drive.climate import HOURS, wet_bulb_of_dew_point
from twin.drive.hours import YEAR_HOURS, count_words, hour_words, place_of, runs
from twin.drive.trace import raise_if_any

_DATE, _TIME = "Date (MM/DD/YYYY)", "Time (HH:MM)"
_PA_PER_MBAR = 100.0
_WORST_DEW_K = 0.5  # by which a dew point may be above its dry bulb: both are rounded, and measured apart


class HourlyYear(NamedTuple):
    """Outdoor air at 1:00, 2:00 ... of 1 January to 24:00 of 31 December, standard time of ``zone``; [8760]."""

    zone: timezone
    dry_bulb_c: Vec
    wet_bulb_c: Vec
    pressure_pa: Vec


class _Quantity(NamedTuple):
    """A column of a weather file: values outside its bounds are its codes for missing."""

    words: str
    unit: str
    low: float
    high: float


_DRY = _Quantity("dry bulb", "degC", -70.0, 70.0)
_DEW = _Quantity("dew point", "degC", -70.0, 70.0)
_HUMIDITY = _Quantity("relative humidity", "%", 0.0, 110.0)
_PRESSURE = _Quantity("pressure", "Pa", 31e3, 120e3)


class _Lines(NamedTuple):
    """A weather file as read: one entry a line of data."""

    zone_h: float
    line: IVec
    month: IVec
    day: IVec
    hour: IVec
    dry_c: Vec
    dew_c: Vec
    relative_percent: Vec
    pressure_pa: Vec


def is_weather_file(path: Path) -> bool:
    """Whether ``path`` is an EPW file by its name, or a TMY3 file by its column names."""
    return path.suffix.lower() == ".epw" or any(_DATE in line for line in _first_lines(path))


def read_year(path: Path, pressure_pa: float) -> HourlyYear:
    """The year of an EPW or TMY3 file; ``pressure_pa`` [Pa] holds where the file has no pressure at all.

    Raises TraceError: without pvlib, for a file that pvlib cannot read, and for hours and values that are missing,
    twice there, out of order or impossible.
    """
    lines = _epw(path) if path.suffix.lower() == ".epw" else _tmy3(path)
    raise_if_any(_calendar_problems(path, lines))
    raise_if_any(_value_problems(path, lines))
    pressures_pa = lines.pressure_pa if _known(lines.pressure_pa, _PRESSURE).any() else np.full(YEAR_HOURS, pressure_pa)
    return HourlyYear(
        timezone(timedelta(hours=lines.zone_h)), lines.dry_c, _wet_bulbs(lines, pressures_pa), pressures_pa
    )


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [file.readline(), file.readline()]
    except OSError:
        return []


def _reader(path: Path, name: str) -> Callable[..., tuple[Any, dict[str, Any]]]:
    try:
        from pvlib import iotools
    except ImportError:
        message = 'reading EPW and TMY3 files needs pvlib: pip install "datacenter-twin[weather]"'
        raise TraceError([file_problem(path, message)]) from None
    reader: Callable[..., tuple[Any, dict[str, Any]]] = getattr(iotools, name)
    return reader


def _opened(path: Path, name: str, layout: str) -> tuple[Any, dict[str, Any]]:
    """What pvlib makes of the file; what it stumbles over becomes a sentence."""
    reader = _reader(path, name)
    try:
        return reader(path)
    except FileNotFoundError:
        message = "there is no such file"
    except OSError as error:
        message = f"cannot be read ({error})"
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"is not {layout} as pvlib reads it ({str(error).splitlines()[0] if str(error) else error!r})"
    raise TraceError([file_problem(path, message)])


def _epw(path: Path) -> _Lines:
    data, station = _opened(path, "read_epw", "an EPW file, eight lines above hours 1 to 24,")
    first_line = 9
    return _Lines(
        station["TZ"], first_line + np.arange(len(data)), _integers(data["month"]), _integers(data["day"]),
        _integers(data["hour"]), _floats(data["temp_air"]), _floats(data["temp_dew"]),
        _floats(data["relative_humidity"]), _floats(data["atmospheric_pressure"]),
    )  # fmt: skip


def _tmy3(path: Path) -> _Lines:
    if _DATE in _first_lines(path)[0]:
        message = (
            "has its column names in line 1, a TMY3 file has its station there: "
            "number, name, state, hours from UTC, latitude, longitude, altitude, "
            'e.g. 723340,"MEMPHIS",TN,-6,35.1,-90,81'
        )
        raise TraceError([Problem(str(path), 1, None, "", message)])
    data, station = _opened(path, "read_tmy3", "a TMY3 file, station and column names above hours 1:00 to 24:00,")
    lost = [name for name in ("temp_air", "temp_dew", "relative_humidity", "pressure") if name not in data]
    if lost:
        raise TraceError([file_problem(path, f"has no column for {', '.join(lost)}; a TMY3 file has them all")])
    dates, first_line = data[_DATE].str.split("/").str, 3
    month, day, hour = _integers(dates[0]), _integers(dates[1]), _integers(data[_TIME].str.split(":").str[0])
    return _Lines(
        station["TZ"], first_line + np.arange(len(data)), month, day,
        _ends_of_days(month, day, hour), _floats(data["temp_air"]), _floats(data["temp_dew"]),
        _floats(data["relative_humidity"]), _PA_PER_MBAR * _floats(data["pressure"]),
    )  # fmt: skip


def _ends_of_days(month: IVec, day: IVec, hour: IVec) -> IVec:
    """Hours with 24 where a day's last line says 0, as copies do that went through a program without an hour 24."""
    last = (hour[1:] == 0) & (hour[:-1] == HOURS - 1) & (day[1:] == day[:-1]) & (month[1:] == month[:-1])
    return np.where(np.append(False, last), HOURS, hour)


def _integers(column: Any) -> IVec:
    return np.array([int(cell) for cell in column], dtype=np.int64)


def _floats(column: Any) -> Vec:
    """A column as numbers; what is no number is NaN, and so will be missed."""

    def number(cell: object) -> float:
        try:
            return float(str(cell))
        except ValueError:
            return np.nan

    return np.array([number(cell) for cell in column], dtype=np.float64)


def _known(values: Vec, of: _Quantity) -> np.ndarray:
    return (values >= of.low) & (values <= of.high)


def _wet_bulbs(lines: _Lines, pressure_pa: Vec) -> Vec:
    by_dew = _known(lines.dew_c, _DEW)
    relative = np.minimum(lines.relative_percent / 100.0, 1.0)
    wet_c = [
        wet_bulb_of_dew_point(dry_c, dew_c, pressure) if has_dew else float(wet_bulb(dry_c, share, pressure))
        for has_dew, dry_c, dew_c, share, pressure in zip(
            by_dew, lines.dry_c, lines.dew_c, relative, pressure_pa, strict=True
        )
    ]
    return np.array(wet_c)


def _calendar_problems(path: Path, lines: _Lines) -> list[Problem]:
    """Lines that are no hour of a common year, and hours that are missing, twice there or out of order."""
    problems = []
    leap = (lines.month == 2) & (lines.day == 29)
    if leap.any():
        message = (
            f"has {count_words(int(leap.sum()))} of 29 February; a year has {YEAR_HOURS:,} hours here, leave them out"
        )
        problems.append(Problem(str(path), int(lines.line[leap][0]), None, "", message))
    when = zip(lines.month, lines.day, lines.hour, strict=True)
    place = np.array([place_of(*hour) for hour in when], dtype=np.int64)
    stray = (place < 0) & ~leap
    for line, month, day, hour in zip(*(column[stray] for column in lines[1:5]), strict=True):
        message = f"month {month}, day {day}, hour {hour} is no hour of a year; hours run from 1 to 24"
        problems.append(Problem(str(path), int(line), None, "", message))
    line, place = lines.line[place >= 0], place[place >= 0]
    times = np.bincount(place, minlength=YEAR_HOURS)
    problems += _missing_problems(path, np.flatnonzero(times == 0))
    for index in np.flatnonzero(np.diff(place) <= 0):
        before, now = place[index], place[index + 1]
        message = (
            f"{hour_words(now)} comes {'again' if now == before else f'after {hour_words(before)}'}; hours must rise"
        )
        problems.append(Problem(str(path), int(line[index + 1]), None, "", message))
    return problems


def _missing_problems(path: Path, lost: IVec) -> list[Problem]:
    """One sentence for each run of missing hours, with how many are there in all."""
    there = YEAR_HOURS - len(lost)
    return [
        file_problem(path, f"{words} {'is' if len(run) == 1 else 'are'} missing; {there:,} of {YEAR_HOURS:,} are there")
        for run, words in runs(lost)
    ]


def _value_problems(path: Path, lines: _Lines) -> list[Problem]:
    """Values that are missing or impossible, in the lines of a year that has all its hours."""
    dry, dew = _known(lines.dry_c, _DRY), _known(lines.dew_c, _DEW)
    humidity, pressure = _known(lines.relative_percent, _HUMIDITY), _known(lines.pressure_pa, _PRESSURE)
    problems = _gaps(path, lines.line, _DRY, lines.dry_c, ~dry)
    if pressure.any():
        problems += _gaps(path, lines.line, _PRESSURE, lines.pressure_pa, ~pressure)
    neither = ~dew & ~humidity
    problems += _gaps(path, lines.line, _DEW, lines.dew_c, neither, ", and the relative humidity is missing too")
    above_k = np.where(dry & dew, lines.dew_c - lines.dry_c, 0.0)
    worst = int(np.argmax(above_k))
    if above_k[worst] > _WORST_DEW_K:
        message = (
            f"{hour_words(worst)}: the dew point is {lines.dew_c[worst]:g} degC where the dry bulb is "
            f"{lines.dry_c[worst]:g}: above it is not possible ({count_words(int((above_k > _WORST_DEW_K).sum()))})"
        )
        problems.append(Problem(str(path), int(lines.line[worst]), None, "", message))
    return problems


def _gaps(path: Path, line: IVec, of: _Quantity, values: Vec, wrong: np.ndarray, more: str = "") -> list[Problem]:
    problems = []
    for run, words in runs(np.flatnonzero(wrong)):
        value = values[run[0]]
        found = "no number" if np.isnan(value) else f"{value:g} {of.unit}, which stands for missing"
        message = f"{words}: the {of.words} is {found} ({of.low:g} to {of.high:g} {of.unit} is possible){more}"
        problems.append(Problem(str(path), int(line[run[0]]), None, "", message))
    return problems
