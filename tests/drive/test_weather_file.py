"""Weather files: hours stand where the file says, the air is the file's, and what is wrong is said with its numbers."""

import sys
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from twin.core.errors import TraceError
from twin.core.fluids import wet_bulb
from twin.drive.climate import climate_of
from twin.drive.hours import YEAR_HOURS, place_of
from twin.drive.weather import WeatherSpec
from twin.drive.weather_file import is_weather_file, read_year

PRESSURE_PA = 99_000.0
STATION = '723340,"MEMPHIS INTERNATIONAL AP",TN,-6.0,35.067,-89.983,81'
EPW_HEAD = (
    "LOCATION,Nowhere,TN,USA,TMY3,723340,35.07,-89.98,-6.0,81.0\nDESIGN CONDITIONS,0\nTYPICAL/EXTREME PERIODS,0\n"
    "GROUND TEMPERATURES,0\nHOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0\nCOMMENTS 1,made by a test\nCOMMENTS 2,\n"
    "DATA PERIODS,1,1,Data,Sunday,1/1,12/31\n"
)


@pytest.fixture
def _pvlib():
    pytest.importorskip("pvlib", reason="pvlib is not installed: it comes with the extras test and weather")


def needs_pvlib(test):
    return pytest.mark.usefixtures("_pvlib")(test)


def hour_of_year(place):
    """Year, month, day and hour 1 to 24; months come from different years, some of them leap years."""
    day = date(2001, 1, 1) + timedelta(days=place // 24)
    return 1980 + 2 * day.month, day.month, day.day, place % 24 + 1


def epw_lines():
    """One line an hour: the dry bulb is a hundredth of the place minus 30, so each hour can be told from its air."""
    return [
        "{},{},{},{},60,?9?9,{:.2f},{:.2f},50,99000,{}".format(
            *hour_of_year(place), place / 100 - 30, place / 100 - 40, ",".join(["0"] * 25)
        )
        for place in range(YEAR_HOURS)
    ]


def write_epw(path, lines):
    path.write_text(EPW_HEAD + "\n".join(lines) + "\n")
    return path


def with_cell(line, column, value):
    cells = line.split(",")
    cells[column] = value
    return ",".join(cells)


DRY, DEW, HUMIDITY, PRESSURE = 6, 7, 8, 9


def tmy3_of(tmp_path, extract):
    """The extract with the station line that the published file has above its column names."""
    path = tmp_path / "memphis.csv"
    path.write_text(f"{STATION}\n{extract.read_text()}")
    return path


@needs_pvlib
def test_an_hour_of_an_epw_file_is_the_instant_it_is_named_after(tmp_path):
    write_epw(tmp_path / "w.epw", epw_lines())
    start = datetime.fromisoformat("2028-07-03T14:00:00-05:00")  # 13:00 standard time of a leap year
    air = WeatherSpec.model_validate({"file": "w.epw"}).build(start, 3600.0, tmp_path).at(np.array([0, 1800, 3600]))
    place = place_of(7, 3, 13)
    assert air.dry_bulb_c == pytest.approx((place + np.array([0, 0.5, 1])) / 100 - 30)
    assert air.pressure_pa.tolist() == [99_000.0] * 3
    assert (air.wet_bulb_c < air.dry_bulb_c).all()


@needs_pvlib
def test_a_year_goes_round_and_29_february_is_1_march(tmp_path):
    write_epw(tmp_path / "w.epw", epw_lines())
    spec = WeatherSpec.model_validate({"file": "w.epw"})
    eve = spec.build(datetime.fromisoformat("2026-12-31T23:00:00-06:00"), 7200.0, tmp_path).at(3600 * np.arange(4))
    places = np.array([YEAR_HOURS - 2, YEAR_HOURS - 1, 0, 1])
    assert eve.dry_bulb_c == pytest.approx(places / 100 - 30)
    leap, march = (
        spec.build(datetime.fromisoformat(f"2028-{day}T12:00:00-06:00"), 60.0, tmp_path).at(np.zeros(1)).dry_bulb_c
        for day in ("02-29", "03-01")
    )
    assert leap.tolist() == march.tolist()


@needs_pvlib
def test_relative_humidity_stands_in_for_a_missing_dew_point(tmp_path):
    lines = epw_lines()
    place = place_of(7, 1, 12)
    lines[place] = with_cell(lines[place], DEW, "99.9")
    year = read_year(write_epw(tmp_path / "w.epw", lines), 1e5)
    assert year.wet_bulb_c[place] == pytest.approx(wet_bulb(place / 100 - 30, 0.5, 99e3))


@needs_pvlib
def test_a_file_without_pressure_takes_that_of_the_scenario(tmp_path):
    lines = [with_cell(line, PRESSURE, "999999") for line in epw_lines()]
    assert set(read_year(write_epw(tmp_path / "w.epw", lines), 95e3).pressure_pa) == {95e3}


def without(*places):
    return lambda lines: [line for place, line in enumerate(lines) if place not in places]


def changed(place, column, value):
    return lambda lines: [with_cell(line, column, value) if k == place else line for k, line in enumerate(lines)]


def swapped(place):
    return lambda lines: [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]


LEAP_DAY = [f"1988,2,29,{hour},60,?9?9,5.0,1.0,70,99000,{','.join(['0'] * 25)}" for hour in range(1, 25)]
JULY = place_of(7, 3, 14)


@needs_pvlib
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(JULY), "w.epw: 3 July 14:00 is missing; 8,759 of 8,760 are there"),
        (without(*range(JULY, JULY + 3)), "3 July 14:00 to 16:00 (3 hours) are missing; 8,757 of 8,760 are there"),
        (without(*range(JULY + 10, JULY + 12)), "3 July 24:00 to 4 July 1:00 (2 hours) are missing"),
        (lambda lines: lines[:8000], "30 November 9:00 to 31 December 24:00 (760 hours) are missing; 8,000 of 8,760"),
        (lambda lines: [*lines[:JULY], *lines[JULY - 1 :]], f"w.epw:{JULY + 9}: 3 July 13:00 comes again"),
        (swapped(JULY), f"w.epw:{JULY + 10}: 3 July 14:00 comes after 3 July 15:00; hours must rise"),
        (lambda lines: [*lines[:1416], *LEAP_DAY, *lines[1416:]], "w.epw:1425: has 24 hours of 29 February"),
        (changed(JULY, 2, "32"), "is not an EPW file"),
        (changed(JULY, 3, "0"), "hours 1 to 24, as pvlib reads it"),
        (changed(JULY, DRY, "99.9"), "3 July 14:00: the dry bulb is 99.9 degC, which stands for missing"),
        (changed(JULY, DRY, ""), f"w.epw:{JULY + 9}: 3 July 14:00: the dry bulb is no number (-70 to 70 degC is"),
        (changed(JULY, DRY, "warm"), "3 July 14:00: the dry bulb is no number"),
        (changed(JULY, PRESSURE, "999999"), "3 July 14:00: the pressure is 999999 Pa, which stands for missing"),
        (changed(JULY, DEW, "30"), "3 July 14:00: the dew point is 30 degC where the dry bulb is"),
        (
            lambda lines: changed(JULY, DEW, "99.9")(changed(JULY, HUMIDITY, "999")(lines)),
            "the dew point is 99.9 degC, which stands for missing (-70 to 70 degC is possible), and the relative",
        ),
        (lambda lines: [], "1 January 1:00 to 31 December 24:00 (8,760 hours) are missing; 0 of 8,760 are there"),
    ],
)
def test_says_what_is_wrong_with_a_year(tmp_path, change, message):
    path = write_epw(tmp_path / "w.epw", change(epw_lines()))
    with pytest.raises(TraceError) as wrong:
        read_year(path, PRESSURE_PA)
    assert message in str(wrong.value)


@needs_pvlib
def test_missing_values_that_follow_each_other_are_one_sentence(tmp_path):
    lines = epw_lines()
    for place in range(JULY, JULY + 5):
        lines[place] = with_cell(lines[place], DRY, "99.9")
    with pytest.raises(TraceError) as wrong:
        read_year(write_epw(tmp_path / "w.epw", lines), PRESSURE_PA)
    assert [problem.message[:32] for problem in wrong.value.problems] == ["3 July 14:00 to 18:00 (5 hours):"]


@needs_pvlib
def test_says_what_it_cannot_open(tmp_path):
    with pytest.raises(TraceError, match="there is no such file"):
        read_year(tmp_path / "none.epw", PRESSURE_PA)
    (tmp_path / "table.epw").write_text("time,dry_bulb_c\n")
    with pytest.raises(TraceError, match="is not an EPW file"):
        read_year(tmp_path / "table.epw", PRESSURE_PA)
    (tmp_path / "bare.csv").write_text("Date (MM/DD/YYYY),Time (HH:MM),Dry-bulb (C)\n01/01/1996,01:00,9\n")
    with pytest.raises(TraceError, match=r"bare\.csv:1: has its column names in line 1, a TMY3 file has its station"):
        read_year(tmp_path / "bare.csv", PRESSURE_PA)
    (tmp_path / "few.csv").write_text(f"{STATION}\nDate (MM/DD/YYYY),Time (HH:MM),Dry-bulb (C)\n01/01/1996,01:00,9\n")
    with pytest.raises(TraceError, match="has no column for temp_dew, relative_humidity, pressure"):
        read_year(tmp_path / "few.csv", PRESSURE_PA)


def test_a_table_is_no_weather_file(tmp_path):
    (tmp_path / "table.csv").write_text("time,dry_bulb_c,rh\n")
    assert not is_weather_file(tmp_path / "table.csv")
    assert not is_weather_file(tmp_path / "none.csv")
    assert is_weather_file(tmp_path / "none.EPW")


def test_says_how_to_get_pvlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pvlib", None)
    with pytest.raises(TraceError, match=r'needs pvlib: pip install "datacenter-twin\[weather\]"'):
        read_year(tmp_path / "w.epw", PRESSURE_PA)


@needs_pvlib
def test_midnight_may_be_written_as_zero(tmp_path):
    head = f"{STATION}\nDate (MM/DD/YYYY),Time (HH:MM),Dry-bulb (C),Dew-point (C),RHum (%),Pressure (mbar)\n"
    for midnight in ("24:00", "00:00"):
        times = [
            (f"{m:02d}/{d:02d}/{y}", f"{h:02d}:00" if h < 24 else midnight)
            for y, m, d, h in map(hour_of_year, range(YEAR_HOURS))
        ]
        lines = "".join(f"{day},{time},20,10,50,1000\n" for day, time in times)
        (tmp_path / "w.csv").write_text(head + lines)
        assert set(read_year(tmp_path / "w.csv", PRESSURE_PA).pressure_pa) == {100_000.0}
    (tmp_path / "w.csv").write_text(head + lines.replace("01/01/1982,01:00", "01/01/1982,00:00", 1))
    with pytest.raises(
        TraceError, match=r"w\.csv:3: month 1, day 1, hour 0 is no hour of a year; hours run from 1 to 24"
    ):
        read_year(tmp_path / "w.csv", PRESSURE_PA)


@needs_pvlib
@pytest.mark.parametrize(
    "station", ["memphis_international_ap", "las_vegas_mccarran_intl_ap", "fargo_hector_international_ap"]
)
def test_a_typical_year_is_the_stations(station, twin_data, tmp_path):
    extract = twin_data("weather_tmy3") / f"tmy3_{station}.csv"
    year = read_year(tmy3_of(tmp_path, extract), PRESSURE_PA)
    rows = [line.split(",") for line in extract.read_text().splitlines()[1:]]
    assert year.dry_bulb_c.tolist() == [float(row[3]) for row in rows]
    assert year.pressure_pa == pytest.approx([100 * float(row[6]) for row in rows])
    # A second way to the same wet bulb: the file's relative humidity, in whole per cent, each of them about 0.15 K.
    warm = year.dry_bulb_c > 0
    by_humidity = np.array([wet_bulb(float(row[3]), float(row[5]) / 100, 100 * float(row[6])) for row in rows])
    assert np.median(np.abs(year.wet_bulb_c - by_humidity)[warm]) < 0.1


@needs_pvlib
def test_the_typical_year_of_memphis_has_the_mean_days_that_are_shipped(twin_data, tmp_path):
    extract = twin_data("weather_tmy3") / "tmy3_memphis_international_ap.csv"
    year = read_year(tmy3_of(tmp_path, extract), PRESSURE_PA)
    july = slice(place_of(7, 1, 1), place_of(7, 31, 24) + 1)
    assert year.wet_bulb_c[july].reshape(31, 24).mean(axis=0) == pytest.approx(climate_of(extract).wet_bulb_c[6])
    assert (year.dry_bulb_c.min(), year.dry_bulb_c.max()) == (-11.7, 38.3)
    # 26.3 degC by the formula of Stull (2011), which states an error of -1.0 to +0.65 K.
    assert np.percentile(year.wet_bulb_c, 99.6) == pytest.approx(26.3, abs=0.65)


@needs_pvlib
@pytest.mark.oracle
def test_wet_bulbs_of_a_typical_year_are_those_of_psychrolib(twin_data, tmp_path):
    psychrolib = pytest.importorskip("psychrolib")
    psychrolib.SetUnitSystem(psychrolib.SI)
    year = read_year(tmy3_of(tmp_path, twin_data("weather_tmy3") / "tmy3_memphis_international_ap.csv"), PRESSURE_PA)
    rows = [line.split(",") for line in (tmp_path / "memphis.csv").read_text().splitlines()[2:]]
    theirs = [
        psychrolib.GetTWetBulbFromTDewPoint(float(row[3]), min(float(row[3]), float(row[4])), 100 * float(row[6]))
        for row in rows[::7]
    ]
    assert year.wet_bulb_c[::7] == pytest.approx(theirs, abs=2e-3)
