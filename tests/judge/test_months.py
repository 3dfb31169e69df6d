"""Months from figures that can be worked out by hand: two halls, steps of six hours over February and March."""

import numpy as np
import pytest
import xarray as xr

from twin.judge.months import month_of, months, said, ways

STEP_S = 21600
FEBRUARY, MARCH = 28 * 4, 31 * 4
STEPS = FEBRUARY + MARCH


def tree(**changes):
    """100 MW at the feed, 80 of equipment; in March 120 and 96, water, and one hall half on towers, one wholly."""
    march = np.arange(STEPS) >= FEBRUARY
    scale = np.where(march, 1.2, 1.0)
    series = {
        "feed_w": 100e6 * scale, "node_w": 75e6 * scale, "air_rack_w": 5e6 * scale, "gpu_w": 50e6 * scale,
        "cdu_pump_w": 1e6 * scale, "door_fan_w": 1e6 * scale, "room_fan_w": 0.0 * scale, "hall_pump_w": 1e6 * scale,
        "plant_w": 15e6 * scale, "loss_w": 2e6 * scale,
        "make_up_kg_s": 40.0 * march, "evaporation_kg_s": 29.0 * march, "drift_kg_s": 1.0 * march,
        "dry_bulb_c": 10.0 + 5.0 * march, "wet_bulb_c": 8.0 + 0.0 * scale,
        "work": scale, "demand": scale, "hottest_c": 50.0 * scale,
    } | changes  # fmt: skip
    heat = np.full((STEPS, 2), 10e6)
    free = heat * np.stack([0.5 * march, 1.0 * march], axis=1)
    supply = np.full((STEPS, 2), (25.0, 30.0))
    supply[FEBRUARY + 4, 0] = 26.5
    time = ("time", STEP_S * np.arange(1.0, STEPS + 1))
    site = xr.Dataset({name: ("time", values) for name, values in series.items()}, {"time": time})
    hall = xr.Dataset(
        {
            name: (("time", "hall"), values)
            for name, values in (("heat_w", heat), ("free_heat_w", free), ("supply_c", supply))
        },
        {"time": time, "hall": ["hall-1", "hall-2"]},
    )
    made = xr.DataTree.from_dict({"/site": site, "/hall": hall})
    made.attrs = {"start": "2026-02-01T00:00:00-06:00", "limit_w": 110e6, "set_point_c": "[25.0, 30.0]"}
    return made


def test_a_step_belongs_to_the_month_of_its_middle():
    of = month_of(tree())
    assert (of == 1).sum() == FEBRUARY
    assert (of == 2).sum() == MARCH


def test_energy_and_water_are_sums_over_the_month():
    february, march, year = months(tree())
    assert (february.name, march.name, year.name) == ("February", "March", "year")
    assert february.feed_mwh == pytest.approx(100 * 672)
    assert march.equipment_mwh == pytest.approx(96 * 744)
    assert february.pue_equipment_inlet == pytest.approx(1.25)
    assert february.pue_rack_inlet == pytest.approx(100 / 82)
    assert february.wue_bought_l_kwh == 0.0
    assert march.wue_bought_l_kwh == pytest.approx(40 * 3600 / 96e3)
    assert march.wue_consumed_l_kwh == pytest.approx(30 * 3600 / 96e3)
    assert march.bought_m3 == pytest.approx(40 * 3.6 * 744)
    assert sum(year.uses_mwh.values()) == pytest.approx(year.feed_mwh)
    assert year.dry_bulb_c == pytest.approx((10 * 28 + 15 * 31) / 59)


def test_ways_of_cooling_are_counted_hall_by_hall():
    kinds = ways(tree())
    assert sum(kinds.values()) == pytest.approx(np.ones(STEPS))
    february, march, year = months(tree())
    assert (february.free_h, february.mixed_h, february.mechanical_h) == (0.0, 0.0, 672.0)
    assert (march.free_h, march.mixed_h, march.mechanical_h) == (372.0, 372.0, 0.0)
    assert march.free_share == pytest.approx(0.75)
    assert year.hours == 59 * 24


def test_peaks_and_the_supply_furthest_above_its_set_point():
    february, march, year = months(tree())
    assert (february.over_limit_h, march.over_limit_h) == (0.0, 744.0)
    assert year.peak_mw == 120.0
    assert f"{year.peak_at:%d %B %H:%M}" == "01 March 00:00"
    # Hall 1 at 26.5 is above its set point, hall 2 is warmer but held.
    assert (year.supply_c, year.supply_hall, year.above_set_point_h) == (26.5, "hall-1", 6.0)
    assert f"{year.supply_at:%d %B %H:%M}" == "02 March 00:00"
    assert (february.supply_c, february.above_set_point_h) == (30.0, 0.0)


def test_the_year_in_sentences():
    made = tree()
    text = "\n".join(said(made, months(made)))
    assert "PUE 1.250 at the inlet of the IT equipment" in text
    assert "above the limit of 110 MW for 744 h" in text
    assert "in hall-1 on 02 March at 00:00; some hall is above its set point for 6 h" in text
    assert "1.50 in March" in text


def test_what_did_not_happen_is_said_too():
    made = tree(make_up_kg_s=np.zeros(STEPS))
    made.attrs |= {"limit_w": 130e6, "set_point_c": "[27.0, 30.0]"}
    text = "\n".join(said(made, months(made)))
    assert "No water is used: WUE 0." in text
    assert "within the limit of 130 MW" in text
    assert "30.0 degC: every hall's set point is held all year" in text
