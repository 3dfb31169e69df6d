"""Outdoor air at every second of a scenario: design days, constants, a place's mean year, weather files, tables.

All kinds come down to one table of dry bulb, wet bulb and pressure over time, straight lines between its points. A line
between two possible states of air is possible too: the wet bulb never comes out above the dry bulb.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.core.errors import ScenarioError, TraceError, file_problem, misfit
from twin.core.fluids import dew_point, humidity_from_wet_bulb, wet_bulb
from twin.core.layout import Vec
from twin.core.quantity import Pressure, RelativeHumidity, Spec, Temperature, TemperatureDifference
from twin.drive.climate import HOURS, MONTHS, load_climate, wet_bulb_of_dew_point
from twin.drive.hours import YEAR_HOURS
from twin.drive.trace import Trace, read_trace
from twin.drive.weather_file import is_weather_file, read_year

_DAY_S, _HOUR_S, _YEAR_DAYS = 86400.0, 3600.0, 365
_MASS_RATIO = 0.621945
_SITE_PRESSURE_PA = 100356.0
CLIMATES = {"memphis": (Path(__file__).parent / "data" / "memphis_climate.csv", timezone(timedelta(hours=-6)))}

# Share of the daily range by which the dry bulb is below its maximum, at 1:00, 2:00 ... 24:00. ASHRAE Handbook
# Fundamentals 2021, chapter 14, table 6 (as known; the handbook itself was not opened).
DAILY_FRACTION = (
    *(0.88, 0.92, 0.95, 0.98, 1.00, 0.98, 0.91, 0.74, 0.55, 0.38, 0.23, 0.13),
    *(0.05, 0.00, 0.00, 0.06, 0.14, 0.24, 0.39, 0.50, 0.59, 0.68, 0.75, 0.82),
)


class WeatherRow(NamedTuple):
    """Outdoor air at some instants; arrays of one shape."""

    dry_bulb_c: Vec
    wet_bulb_c: Vec
    pressure_pa: Vec


@dataclass(frozen=True, eq=False)
class Weather:
    """Outdoor air over time: straight lines between the points of a table, repeated every ``period_s`` if given."""

    time_s: Vec  # seconds since the start of the scenario; before the start negative
    table: WeatherRow
    period_s: float | None = None
    zone: timezone | None = None  # standard time of its station, where it has one

    def at(self, ticks: NDArray[np.int64] | NDArray[np.float64], step_s: float = 1.0) -> WeatherRow:
        """Outdoor air at the beginning of each tick (a step of ``step_s`` counted from the start of the scenario)."""
        elapsed_s = step_s * np.asarray(ticks, dtype=np.float64)
        return WeatherRow(*(np.interp(elapsed_s, self.time_s, values, period=self.period_s) for values in self.table))


class DesignDaySpec(Spec):
    """A day by its extremes: the hottest dry bulb, the wet bulb at that time, and the range down to the coldest hour.

    The dry bulb follows the fractions of the daily range of ASHRAE (peak from 14:00 to 15:00 of the scenario's own
    clock). The water in the air stays what it is at the peak; a night colder than its dew point is saturated.
    """

    dry_bulb: Temperature
    """Highest dry bulb of the day."""
    wet_bulb: Temperature
    """Wet bulb at the time of the highest dry bulb."""
    daily_range: Annotated[TemperatureDifference, Field(ge=0.0)] = 10.3
    """Highest minus lowest dry bulb. Default: mean of the daily ranges of July in TMY3 Memphis (10.29 K)."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.wet_bulb > self.dry_bulb:
            raise ValueError(f"the wet bulb ({self.wet_bulb:g} degC) is above the dry bulb ({self.dry_bulb:g} degC)")
        return self


# Memphis. Summer and humid are assumptions to be confirmed against ASHRAE's table; in TMY3 the twelve hottest days peak
# at 35.6 to 38.3 degC with 23.8 to 25.9 degC wet bulb, and the wet bulb is above 25.5 degC for 1 % of the year, 26.9 at
# most. Winter is the dry bulb exceeded in 99 % of the hours of TMY3, with the dew point depression of the colder ones.
DESIGN_DAYS = {
    "summer": DesignDaySpec.model_validate({"dry_bulb": "36 degC", "wet_bulb": "25 degC"}),
    "humid": DesignDaySpec.model_validate({"dry_bulb": "32 degC", "wet_bulb": "26.5 degC"}),
    "winter": DesignDaySpec.model_validate({"dry_bulb": "-5.6 degC", "wet_bulb": "-7.1 degC", "daily_range": "0 K"}),
}


class ConstantWeatherSpec(Spec):
    """The same air all the time."""

    dry_bulb: Temperature
    """Dry bulb."""
    wet_bulb: Temperature | None = None
    """Wet bulb; either this or the relative humidity."""
    relative_humidity: Annotated[RelativeHumidity, Field(ge=0.0, le=1.0)] | None = None
    """Relative humidity; either this or the wet bulb."""

    @model_validator(mode="after")
    def _one_humidity(self) -> Self:
        if (self.wet_bulb is None) == (self.relative_humidity is None):
            raise ValueError("give either wet_bulb or relative_humidity")
        if self.wet_bulb is not None and self.wet_bulb > self.dry_bulb:
            raise ValueError(f"the wet bulb ({self.wet_bulb:g} degC) is above the dry bulb ({self.dry_bulb:g} degC)")
        return self


class WeatherSpec(Spec):
    """The weather of a scenario, one of four kinds."""

    design_day: Literal["summer", "humid", "winter"] | DesignDaySpec | None = None
    """A design day of Memphis by name, or one described by its extremes; every day of the scenario is that day."""
    constant: ConstantWeatherSpec | None = None
    """The same air all the time."""
    climate: Literal["memphis"] | None = None
    """The mean day of each month at a place, from its typical year."""
    file: Path | None = None
    """Relative to the scenario file: a year of hours, EPW (by its suffix) or TMY3 (by its column names), repeated year
    after year on the station's standard time; or a table with columns time (dates with a zone), dry_bulb_c, one of
    rh (0 to 1), wet_bulb_c, dew_point_c, and optionally pressure_pa."""
    pressure: Pressure = _SITE_PRESSURE_PA
    """Air pressure where the kind does not bring its own; default is standard pressure at 81 m."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("design_day", "constant", "climate", "file")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(kinds)}; found {' and '.join(given) or 'none'}")
        return self

    def build(self, start: datetime, duration_s: float, folder: Path) -> Weather:
        """The weather of a scenario that starts at ``start`` (with a zone), files relative to ``folder``."""
        if start.tzinfo is None:
            message = f'"{start.isoformat()}" needs a zone, e.g. "{start.isoformat()}-05:00"'
            raise ScenarioError([misfit(("start",), message)])
        if self.design_day is not None:
            day = DESIGN_DAYS[self.design_day] if isinstance(self.design_day, str) else self.design_day
            return _design_day(day, start, self.pressure)
        if self.constant is not None:
            return _constant(self.constant, self.pressure)
        if self.climate is not None:
            return _climate(self.climate, start)
        if self.file is None:
            raise AssertionError("the validator lets no weather without a kind through")
        path = folder / self.file
        if is_weather_file(path):
            zone, *year = read_year(path, self.pressure)
            return _year_round(WeatherRow(*year), zone, start)
        return _table(path, start, duration_s, self.pressure)


def _constant(spec: ConstantWeatherSpec, pressure_pa: float) -> Weather:
    if spec.relative_humidity is None:
        wet_c = spec.wet_bulb
    else:
        wet_c = float(wet_bulb(spec.dry_bulb, spec.relative_humidity, pressure_pa))
    row = WeatherRow(*(np.array([value], dtype=np.float64) for value in (spec.dry_bulb, wet_c, pressure_pa)))
    return Weather(np.zeros(1), row)


def _design_day(day: DesignDaySpec, start: datetime, pressure_pa: float) -> Weather:
    humidity = humidity_from_wet_bulb(day.dry_bulb, day.wet_bulb, pressure_pa)
    if humidity < 0.0:
        message = f"{day.wet_bulb:g} degC wet bulb at {day.dry_bulb:g} degC is drier than dry air"
        raise ScenarioError([misfit(("weather", "design_day"), message)])
    dew_c = dew_point(humidity * pressure_pa / (_MASS_RATIO + humidity))
    dry_c = day.dry_bulb - day.daily_range * np.array(DAILY_FRACTION)
    wet_c = np.array([wet_bulb_of_dew_point(value, dew_c, pressure_pa) for value in dry_c])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    clock_s = (start - midnight).total_seconds()
    time_s = _HOUR_S * np.arange(1.0, HOURS + 1.0) - clock_s
    return Weather(time_s, WeatherRow(dry_c, wet_c, np.full(HOURS, pressure_pa)), _DAY_S)


def _climate(name: str, start: datetime) -> Weather:
    path, zone = CLIMATES[name]
    hours = np.arange(1, YEAR_HOURS + 1)
    # The mean day of a month stands at the middle of that month; in between, each hour changes over in straight lines.
    first_day = _first_days()
    length = np.diff(np.append(first_day, _YEAR_DAYS))
    middle_h = HOURS * (first_day + length / 2)

    def year(table: Vec) -> Vec:
        months = [np.interp(hours, middle_h, table[:, hour], period=YEAR_HOURS) for hour in range(HOURS)]
        return np.stack(months)[(hours - 1) % HOURS, np.arange(len(hours))]

    return _year_round(WeatherRow(*(year(table) for table in load_climate(path))), zone, start)


def _year_round(hourly: WeatherRow, zone: timezone, start: datetime) -> Weather:
    """A year of hours of standard time in ``zone``, 1:00 of 1 January first, repeated; 29 February is as 1 March."""
    local = start.astimezone(zone)
    day = min(_first_days()[local.month - 1] + local.day - 1, _YEAR_DAYS - 1)
    elapsed_s = _DAY_S * day + (local - local.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    return Weather(_HOUR_S * np.arange(1, YEAR_HOURS + 1) - elapsed_s, hourly, _DAY_S * _YEAR_DAYS, zone)


def _first_days() -> NDArray[np.int64]:
    """Days before the first of each month of a common year."""
    return np.array([datetime(2001, month + 1, 1, tzinfo=UTC).timetuple().tm_yday - 1 for month in range(MONTHS)])


def _table(path: Path, start: datetime, duration_s: float, pressure_pa: float) -> Weather:
    humidities = ("rh", "wet_bulb_c", "dew_point_c")
    trace = read_trace(path, ["dry_bulb_c"], time="time", optional=[*humidities, "pressure_pa"])
    given = [name for name in humidities if name in trace.columns]
    problems = []
    if not trace.dated:
        problems.append('column "time" must hold dates with a zone, e.g. 2026-07-15T12:00:00-05:00')
    if len(given) != 1:
        problems.append(
            f"needs exactly one of the columns {', '.join(humidities)}; found {' and '.join(given) or 'none'}"
        )
    time_s = trace.time_s + trace.origin_s - start.timestamp()
    if trace.dated and (time_s[0] > 0.0 or time_s[-1] < duration_s):
        first, last = (datetime.fromtimestamp(trace.origin_s + s, start.tzinfo) for s in (0.0, trace.time_s[-1]))
        problems.append(
            f"covers {first.isoformat()} to {last.isoformat()}, "
            f"the scenario needs {start.isoformat()} to {(start + timedelta(seconds=duration_s)).isoformat()}"
        )
    if problems:
        raise TraceError([file_problem(path, problem) for problem in problems])
    pressures = trace.columns.get("pressure_pa", np.full(len(time_s), pressure_pa))
    return Weather(
        time_s, WeatherRow(trace.columns["dry_bulb_c"], _wet_bulbs(path, trace, given[0], pressures), pressures)
    )


def _wet_bulbs(path: Path, trace: Trace, humidity: str, pressure_pa: Vec) -> Vec:
    dry_c, values = trace.columns["dry_bulb_c"], trace.columns[humidity]
    if humidity == "rh":
        wrong = (values < 0.0) | (values > 1.0)
        if wrong.any():
            message = f"rh is {values[wrong][0]:g}, it must be between 0 and 1 ({int(wrong.sum())} lines)"
            raise TraceError([file_problem(path, message)])
        return np.array([wet_bulb(*point) for point in zip(dry_c, values, pressure_pa, strict=True)])
    if (values > dry_c + 0.5).any():
        worst = int(np.argmax(values - dry_c))
        message = f"{humidity} is {values[worst]:g} where the dry bulb is {dry_c[worst]:g}: above it is not possible"
        raise TraceError([file_problem(path, message)])
    if humidity == "wet_bulb_c":
        return np.minimum(values, dry_c)
    return np.array([wet_bulb_of_dew_point(*point) for point in zip(dry_c, values, pressure_pa, strict=True)])
