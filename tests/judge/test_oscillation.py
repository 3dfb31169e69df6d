"""What the judge makes of windows: ramps, bands, what dropped out, and the battery plant that amplifies."""

import numpy as np
import pytest
import xarray as xr

from twin.judge import oscillation, verdict
from twin.judge.result import ClockTime
from twin.judge.summary import _window_figures

PLANT = (0.020, 0.050, 0.0)


def result(lines: dict[float, float], battery_w: float = 0.0, racks_out: float = 0.0) -> xr.DataTree:
    """A result with one window of 20 s at 10 ms whose feed has these lines [Hz: W]."""
    time = 5.0 + 0.01 * np.arange(1, 2001)
    feed = 1e8 + sum(a * np.cos(2 * np.pi * f * time) for f, a in lines.items())
    ones = np.ones(time.size)
    rows = {
        "feed_w": feed, "feed_var": 0.1 * feed, "feed_voltage_pu": 1.01 * ones, "source_pu": 1.02 * ones,
        "lowest_pu": np.where(time > 10.0, 0.97, 0.99), "lowest_at": 2.0 * ones, "battery_w": battery_w * ones,
        "racks_out": np.where(time > 12.0, racks_out, 0.0), "motors_out": 0.0 * ones, "ups_out": 0.0 * ones,
    }  # fmt: skip
    window = xr.Dataset({name: ("time", column) for name, column in rows.items()}, {"time": time})
    window.attrs = {"from_s": 5.0, "until_s": 25.0, "step_s": 0.01}
    nodes = xr.Dataset(coords={"node": ["feed", "sub", "board"]})
    columns = zip(("dead_s", "lag_s", "band_s"), PLANT, strict=True)
    plants = xr.Dataset({name: ("battery", [value]) for name, value in columns})
    root = xr.Dataset(attrs={"start": "2026-07-15T00:00:00+00:00"})
    return xr.DataTree.from_dict({"/": root, "window_1": window, "electrical": nodes, "battery": plants})


def test_figures_of_a_window():
    (one,) = oscillation.windows(result({0.5: 3e6, 5.0: 1e6}, racks_out=7.0))
    assert [found.peak for found in one.bands[:3]] == pytest.approx([3e6, one.bands[1].peak, 1e6], rel=1e-6)
    assert [found.share for found in one.bands] == pytest.approx([0.9, 0.0, 0.1, 0.0, 0.0], abs=1e-6)
    assert (one.lowest_board, one.lowest_board_pu, one.racks_out) == ("board", 0.97, 7)
    figures = _window_figures(result({0.5: 3e6}))
    assert figures["window_1_0_1_to_1_hz_mw"] == pytest.approx(3.0)
    assert figures["window_1_ramp_1_s_rise_mw"] == pytest.approx(6.0, rel=1e-3)


@pytest.mark.parametrize(
    ("hz", "left"),
    [
        (0.1, 0.043960349), (0.5, 0.217215547), (1.0, 0.419355726), (2.0, 0.743068302), (5.0, 1.163749860),
        (10.0, 1.258928069),
    ],
)  # fmt: skip
def test_v_tr_03_what_a_battery_leaves(hz, left):
    assert oscillation.left_of(hz, [PLANT]) == pytest.approx(left, abs=1e-9)


def test_a_battery_that_amplifies_is_told_and_one_that_stands_by_is_not():
    tree = result({0.5: 3e6, 5.0: 1e6}, 1e3)
    ((found, left),) = oscillation.windows(tree)[0].left
    assert (found.band.name, left) == ("2.5 to 7 Hz", pytest.approx(1.1637, abs=1e-3))
    said = " ".join(one.text for one in verdict._on_windows(tree, verdict.ClockTime.of(tree)))
    assert "1.16 of the ripple at 5.00 Hz" in said
    assert not oscillation.windows(result({5.0: 1e6}))[0].left
    assert not oscillation.windows(result({0.5: 3e6}, 1e3))[0].left


def fed(feed) -> xr.DataTree:
    """A result whose window has this feed power [W]."""
    tree = result({1.0: 0.0})
    rows = tree["window_1"].to_dataset()
    rows["feed_w"] = ("time", feed)
    tree["window_1"] = xr.DataTree(rows.assign_attrs(tree["window_1"].attrs))
    return tree


@pytest.mark.parametrize("at", [0.1, 0.25, 0.5, 0.77, 0.9])
@pytest.mark.parametrize("back_s", [None, 0.15, 2.0])
def test_a_single_step_is_no_oscillation(at, back_s):
    time = np.arange(2000) * 0.01
    feed = np.where(time < 20.0 * at, 1e8, 4e7)
    if back_s is not None:
        feed = np.where(time > 20.0 * at + back_s, 1e8, feed)
    tree = fed(feed)
    assert oscillation.windows(tree)[0].greatest is None
    assert any("no oscillation stands out" in one.text for one in verdict._on_windows(tree, ClockTime.of(tree)))


def test_a_line_stands_out_beside_a_step():
    time = np.arange(2000) * 0.01
    found = oscillation.windows(fed(np.where(time < 10.0, 1e8, 9.9e7) + 2e6 * np.sin(2 * np.pi * 2.0 * time)))[0]
    assert (found.greatest.peak, found.greatest.peak_hz) == pytest.approx((2e6, 2.0), rel=0.02)


def test_a_line_alone_stands_out():
    found = oscillation.windows(result({0.5: 3e6, 5.0: 1e6}))[0]
    assert (found.greatest.peak, found.greatest.peak_hz) == pytest.approx((3e6, 0.5), rel=1e-6)
