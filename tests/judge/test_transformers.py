"""Life of transformers from minutes of ageing, what is hottest, and which alarms heat raises."""

import numpy as np
import pytest
import xarray as xr

from twin.judge.alarms import alarms, trailing_mean
from twin.judge.summary import summary
from twin.judge.transformers import by_heat, heated, hottest
from twin.judge.verdict import verdict


@pytest.fixture
def warm(result):
    """Three transformers and a cable over 90 minutes: a busbar knows nothing, t2 is hot for half an hour."""
    tree = result(feed_w=np.full(5400, 1e6))
    minutes, names = 90, ["bus", "t1", "t2", "u1", "c1"]
    hot = np.full((minutes, 5), np.nan)
    hot[:, 1:4] = [80.0, 100.0, 90.0]
    hot[30:60, 2] = 125.0
    hot[50, 2] = 141.0
    cable = np.full((minutes, 5), np.nan)
    cable[:, 4] = 60.0
    cable[10:20, 4] = 95.0
    ageing = np.where(np.isnan(hot), np.nan, 0.5)
    ageing[30:60, 2] = 4.0
    loading = np.full((minutes, 5), 0.8)
    loading[30:60, 2] = 1.3
    timed = {
        "hot_spot_c": hot, "hot_spot_c_max": hot, "top_oil_c": hot - 19.0, "ageing": ageing, "conductor_c": cable,
        "loading": loading, "loading_max": loading, "voltage_pu_min": np.ones_like(loading),
        "voltage_pu_max": np.ones_like(loading),
    }  # fmt: skip
    fixed = {
        "rating_va": [np.nan, 133e6, 133e6, 2.5e6, 3e7], "conductor_limit_c": [np.nan] * 4 + [90.0],
        "conductor_emergency_c": [np.nan] * 4 + [130.0], "parent": ["", "bus", "bus", "t1", "t1"],
        "limit_w": [np.nan] * 5, "kind": ["source", *["transformer"] * 3, "cable"],
    }  # fmt: skip
    held = {name: (("time", "node"), rows) for name, rows in timed.items()}
    held |= {name: ("node", row) for name, row in fixed.items()}
    coords = {"time": 60.0 * np.arange(1.0, minutes + 1.0), "node": names}
    tree["electrical"] = xr.DataTree(xr.Dataset(held, coords=coords))
    return tree


def test_life_is_ageing_over_time(warm):
    found = hottest(warm)
    assert (found.name, found.hot_spot_c, found.time_s) == ("t2", 141.0, 51 * 60.0)
    assert found.aged == "t2"
    assert found.aged_h == pytest.approx(0.5 * 1.0 + 4.0 * 0.5)
    assert found.all_h == pytest.approx(2.5 + 2 * 0.75)
    assert heated(warm).names == ["t1", "t2", "u1"]
    assert by_heat(heated(warm), 2) == [1, 2]
    assert by_heat(heated(warm), 6) == [1, 0, 2]


def test_figures_and_verdict(warm):
    figures = summary(warm)
    assert figures["hottest_winding"] == figures["most_aged_transformer"] == "t2"
    assert figures["life_lost_worst_h"] == pytest.approx(2.5)
    said = [sentence for sentence in verdict(warm) if "transformer" in sentence.text]
    assert [sentence.tone for sentence in said] == ["bad"]
    assert "141.0 °C" in said[0].text
    assert "2.5 h in 1.5 h" in said[0].text


def test_alarms_of_heat(warm):
    found = {(alarm.what, alarm.name): alarm for alarm in alarms(warm)}
    assert set(found) == {
        ("overload", "t2"), ("overload for half an hour", "t2"), ("hot spot above limit", "t2"),
        ("hot spot above emergency limit", "t2"), ("top oil above limit", "t2"), ("conductor above limit", "c1"),
    }  # fmt: skip
    spot = found["hot spot above limit", "t2"]
    assert (spot.time_s, spot.end_s, spot.value, spot.limit, spot.severity) == (1800, 3600, 141, 120, "warning")
    assert found["hot spot above emergency limit", "t2"].end_s == 51 * 60
    assert found["conductor above limit", "c1"].limit == 90.0


def test_a_result_without_temperatures_says_nothing(result):
    tree = result(feed_w=np.full(60, 1e6))
    assert hottest(tree) is None
    assert not [sentence for sentence in verdict(tree) if "transformer" in sentence.text]


def test_trailing_mean_of_records_of_any_length():
    series = np.array([[3.0], [1.0], [1.0], [5.0]])
    mean = trailing_mean(series, np.array([60.0, 120.0, 60.0, 180.0]), 180.0)
    assert mean[:, 0] == pytest.approx([0.0, 5 / 3, 1.0, 5.0])
