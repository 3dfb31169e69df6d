"""Outdoor air: design days hold their extremes, the shipped climate is the typical year's, tables are checked."""

from datetime import datetime

import numpy as np
import pytest
from pydantic import ValidationError

from twin.core.errors import ScenarioError, TraceError
from twin.core.fluids import humidity_from_wet_bulb
from twin.drive.climate import climate_of, load_climate, write_climate
from twin.drive.weather import CLIMATES, DESIGN_DAYS, WeatherSpec

START = datetime.fromisoformat("2026-07-15T12:00:00-05:00")
HOUR = 3600


def weather(spec, tmp_path, start=START, duration_s=7200.0):
    return WeatherSpec.model_validate(spec).build(start, duration_s, tmp_path)


def test_summer_peaks_at_three_on_the_scenarios_clock(tmp_path):
    air = weather({"design_day": "summer"}, tmp_path).at(np.arange(0, 24 * HOUR, 60))
    assert air.dry_bulb_c.max() == pytest.approx(36.0)
    assert air.dry_bulb_c[3 * 60] == pytest.approx(36.0)
    assert air.dry_bulb_c.min() == pytest.approx(36.0 - 10.3)
    assert air.dry_bulb_c[17 * 60] == pytest.approx(36.0 - 10.3)  # 05:00
    assert air.wet_bulb_c[3 * 60] == pytest.approx(25.0, abs=1e-6)
    assert air.wet_bulb_c.argmax() in range(2 * 60, 3 * 60 + 1)


def test_the_water_in_the_air_of_a_dry_design_day_is_constant(tmp_path):
    air = weather({"design_day": "summer"}, tmp_path).at(HOUR * np.arange(24))
    humidity = [humidity_from_wet_bulb(*point) for point in zip(*air, strict=True)]
    assert humidity == pytest.approx([humidity[0]] * 24, rel=1e-6)


@pytest.mark.parametrize("name", DESIGN_DAYS)
def test_no_air_is_beyond_saturation_and_days_repeat(name, tmp_path):
    air = weather({"design_day": name}, tmp_path).at(np.arange(-HOUR, 49 * HOUR, 300))
    assert (air.wet_bulb_c <= air.dry_bulb_c + 1e-9).all()
    assert air.dry_bulb_c[:288] == pytest.approx(air.dry_bulb_c[288:576])


def test_constant_by_wet_bulb_and_by_humidity(tmp_path):
    air = weather({"constant": {"dry_bulb": "36 degC", "wet_bulb": "25 degC"}}, tmp_path).at(np.array([0, 10**6]))
    assert air.wet_bulb_c.tolist() == [25.0, 25.0]
    humid = weather({"constant": {"dry_bulb": "30 degC", "relative_humidity": "100 %"}}, tmp_path).at(np.array([5]))
    assert humid.wet_bulb_c[0] == pytest.approx(30.0, abs=1e-6)


def test_climate_is_on_standard_time_and_smooth_over_new_year(tmp_path):
    table = load_climate(CLIMATES["memphis"][0])
    start = datetime.fromisoformat("2026-07-16T15:00:00-05:00")  # 14:00 standard time, middle of July but for hours
    air = weather({"climate": "memphis"}, tmp_path, start).at(np.array([0]))
    assert air.dry_bulb_c[0] == pytest.approx(table.dry_bulb_c[6, 13], abs=0.05)
    eve = datetime.fromisoformat("2026-12-31T12:00:00-06:00")
    year_end = weather({"climate": "memphis"}, tmp_path, eve).at(60 * np.arange(24 * 60))
    assert np.abs(np.diff(year_end.dry_bulb_c)).max() < 0.05
    january, december = table.dry_bulb_c[0, 23], table.dry_bulb_c[11, 23]
    assert min(january, december) <= year_end.dry_bulb_c[12 * 60] <= max(january, december)


def test_shipped_climate_is_that_of_the_typical_year(twin_data, tmp_path):
    made = climate_of(twin_data("weather_tmy3") / "tmy3_memphis_international_ap.csv")
    write_climate(tmp_path / "made.csv", made, "test")
    shipped = CLIMATES["memphis"][0]
    assert (tmp_path / "made.csv").read_text().splitlines()[1:] == shipped.read_text().splitlines()[1:]


def test_daily_range_of_july_in_the_typical_year(twin_data):
    lines = (twin_data("weather_tmy3") / "tmy3_memphis_international_ap.csv").read_text().splitlines()[1:]
    july = np.array([float(line.split(",")[3]) for line in lines if line.startswith("07/")]).reshape(31, 24)
    assert np.ptp(july, axis=1).mean() == pytest.approx(DESIGN_DAYS["summer"].daily_range, abs=0.05)
    year = np.array([float(line.split(",")[3]) for line in lines])
    assert np.percentile(year, 1) == pytest.approx(DESIGN_DAYS["winter"].dry_bulb)


def test_table_with_each_kind_of_humidity(tmp_path):
    for name, value in (("rh", 0.5), ("wet_bulb_c", 21.9), ("dew_point_c", 18.4)):
        lines = "".join(f"2026-07-15T{hour}:00:00Z,30,{value}\n" for hour in (16, 17, 18, 19, 20))
        (tmp_path / "w.csv").write_text(f"time,dry_bulb_c,{name}\n{lines}")
        air = weather({"file": "w.csv"}, tmp_path).at(np.array([0, 1800]))
        assert air.wet_bulb_c == pytest.approx([22.0, 22.0], abs=0.15)
        assert air.pressure_pa.tolist() == [100356.0, 100356.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,dry_bulb_c\n2026-07-15T16:00:00Z,30\n", "needs exactly one of the columns rh, wet_bulb_c, dew_point_c"),
        ("time,dry_bulb_c,rh\n0,30,0.5\n", 'column "time" must hold dates with a zone'),
        ("time,dry_bulb_c,rh\n2026-07-15T17:30:00Z,30,0.5\n", "covers 2026-07-15T12:30:00-05:00 to"),
        ("time,dry_bulb_c,rh\n2026-07-15T17:00:00Z,30,50\n2026-07-15T19:00:00Z,30,50\n", "rh is 50, it must be"),
        (
            "time,dry_bulb_c,wet_bulb_c\n2026-07-15T17:00:00Z,30,31\n2026-07-15T19:00:00Z,30,31\n",
            "wet_bulb_c is 31 where the dry bulb is 30",
        ),
    ],
)
def test_says_what_is_wrong_with_a_table(tmp_path, text, message):
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises(TraceError, match=message.replace("(", r"\(")):
        weather({"file": "w.csv"}, tmp_path)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "exactly one of design_day, constant, climate, file; found none"),
        ({"design_day": "summer", "climate": "memphis"}, "found design_day and climate"),
        ({"constant": {"dry_bulb": "36 degC"}}, "either wet_bulb or relative_humidity"),
        ({"constant": {"dry_bulb": "20 degC", "wet_bulb": "25 degC"}}, "above the dry bulb"),
        ({"design_day": {"dry_bulb": "20 degC", "wet_bulb": "25 degC"}}, "above the dry bulb"),
        ({"constant": {"dry_bulb": 36, "wet_bulb": "25 degC"}}, "needs a unit"),
    ],
)
def test_says_what_is_wrong_with_a_spec(spec, message):
    with pytest.raises(ValidationError, match=message):
        WeatherSpec.model_validate(spec)


def test_needs_a_zone_and_possible_air(tmp_path):
    with pytest.raises(ScenarioError, match="needs a zone"):
        weather({"design_day": "summer"}, tmp_path, START.replace(tzinfo=None))
    with pytest.raises(ScenarioError, match="drier than dry air"):
        weather({"design_day": {"dry_bulb": "40 degC", "wet_bulb": "2 degC"}}, tmp_path)
