"""Runs with windows: what happens below a second, and that seconds, books and heat are those of the 1 s loop."""

from math import pi
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import twin
from twin.components import psu
from twin.core import cap_dynamics
from twin.core.lag import left_over
from twin.drive.jitter import coherence
from twin.drive.waveform import SquareSpec
from twin.judge import spectrum

POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
TWO_RACKS = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
}
SQUARE = {"high": 1, "low": 0.3, "duty": 0.7, "period": "0.5 s"}


def run(
    out: Path, seconds: int, job: dict, *, restart_s: float = 120.0, changes: dict | None = None, **fields
) -> xr.DataTree:
    site = twin.load_site(POD, TWO_RACKS | (changes or {}))
    racks = {name: spec.model_copy(update={"restart": restart_s}) for name, spec in site.library.racks.items()}
    site = site.model_copy(update={"library": site.library.model_copy(update={"racks": racks})})
    scenario = twin.Scenario.model_validate(
        {
            "duration": f"{seconds} s",
            "jobs": [{"name": "a", **job}],
            "policy": {"name": "uncapped"},
            "weather": {"constant": {"dry_bulb": "30 degC", "wet_bulb": "22 degC"}},
            **fields,
        }
    )
    return twin.run(site, scenario, out).tree


def residuals(tree: xr.DataTree) -> dict[str, float]:
    books = tree["books"].to_dataset()
    return dict(zip(books["part"].values, np.abs(books["residual"].values), strict=True))


def dip(at: str, lasts: str, voltage: str, after: str = "3 s", step: str = "5 ms") -> dict:
    window = {"before": "2 s", "after": after, "step": step}
    return {"at": at, "for": lasts, "set": {"feed.voltage": voltage}, "window": window}


def line(series: np.ndarray, step_s: float, hz: float) -> float:
    """Amplitude of a line of whole periods."""
    found = spectrum.spectrum(series, step_s)
    return float(found.amplitude[round(hz * len(series) * step_s)])


def through_supply(hz: float) -> float:
    """The power into a supply over that out of it: (s + k)/(tau s2 + s + k)."""
    spec = psu.RideThroughSpec()
    s, k = 2j * pi * hz, 1.0 / spec.recovery
    return abs((s + k) / (spec.current_loop * s * s + s + k))


def test_a_window_in_which_nothing_happens_is_as_the_seconds_without_it(tmp_path):
    job = {"constant": {"activity": 0.8}}
    # What is watched makes the plant step second by second, as windows do.
    without = run(tmp_path / "a", 20, job, watch=["hall-1"])["site"].to_dataset()
    windows = [{"from": "5 s", "for": "10 s", "step": "20 ms"}]
    tree = run(tmp_path / "b", 20, job, watch=["hall-1"], windows=windows)
    within = tree["site"].to_dataset()
    for name in without.data_vars:
        assert within[name].values == pytest.approx(without[name].values, rel=1e-9, abs=1e-9), name
    assert max(residuals(tree).values()) < 1e-12
    rows = tree["window_1"].to_dataset()
    assert rows.sizes["time"] == 500
    assert rows["time"].values[[0, -1]] == pytest.approx([5.02, 15.0])
    assert rows["feed_w"].values.reshape(10, 50).mean(axis=1) == pytest.approx(without["feed_w"].values[5:15], rel=1e-9)
    assert not rows["racks_out"].any()
    assert tree["window_1"].attrs["step_s"] == 0.02


def test_square_wave_at_the_servers_and_at_the_feed(tmp_path):
    """Seven harmonics of the series at the servers' direct current, and times the supplies' function before it."""
    job = {"square": SQUARE, "start": "0 s"}
    tree = run(tmp_path / "a", 18, job, windows=[{"from": "8 s", "for": "10 s", "step": "1 ms"}])
    rows, wave = tree["window_1"].to_dataset(), SquareSpec.model_validate(SQUARE)
    demand, racks, feed = (rows[name].values for name in ("demand_w", "rack_w", "feed_w"))
    swing_w = (demand.max() - demand.min()) / 0.7
    # What a swing of the racks makes at the feed is more by what lines and transformers lose more.
    static = (feed.max() - feed.min()) / (racks.max() - racks.min())
    assert 1.0 < static < 1.05
    efficiency = demand.mean() / racks.mean()
    for k in range(1, 8):
        expected = wave.amplitude(k)
        assert line(demand, 1e-3, 2.0 * k) / swing_w == pytest.approx(expected, abs=1e-4)
        at_supply = expected * swing_w * through_supply(2.0 * k) / efficiency
        assert line(racks, 1e-3, 2.0 * k) == pytest.approx(at_supply, rel=0.01)
        assert line(feed, 1e-3, 2.0 * k) == pytest.approx(static * at_supply, rel=0.01)
    assert max(residuals(tree).values()) < 1e-12


def test_a_sub_second_dip_that_supplies_ride_through_leaves_everything_running(tmp_path):
    tree = run(tmp_path / "a", 12, {"constant": {"activity": 0.8}}, events=[dip("4.25 s", "15 ms", "0.5 pu")])
    rows = tree["window_1"].to_dataset()
    time, voltage = rows["time"].values, rows["source_pu"].values
    assert time[voltage < 0.6] == pytest.approx([4.255, 4.26, 4.265])
    assert not rows["racks_out"].any()
    assert tree["site"]["node_w"].values[-1] == pytest.approx(tree["site"]["node_w"].values[0], rel=1e-3)
    assert max(residuals(tree).values()) < 1e-12


def test_racks_that_lose_their_supply_come_back_after_their_restart_and_books_close(tmp_path):
    event = dip("4.25 s", "200 ms", "0.3 pu")
    tree = run(tmp_path / "a", 30, {"constant": {"activity": 0.8}}, restart_s=10.0, events=[event])
    rows, node_w = tree["window_1"].to_dataset(), tree["site"]["node_w"].values
    out = rows["racks_out"].values
    assert out[0] == 0
    assert out[-1] == 2
    first = float(rows["time"].values[np.argmax(out > 0)])
    # Twenty milliseconds at rated load, more at half of it.
    assert 4.25 + 0.02 < first < 4.25 + 0.1
    assert node_w[4] < 0.5 * node_w[3]
    assert node_w[6:14] == pytest.approx(0.0, abs=1.0)
    assert node_w[-1] == pytest.approx(node_w[3], rel=0.02)
    assert max(residuals(tree).values()) < 1e-12
    assert any("lost their supply" in said for said in tree["events"]["message"].values)


def test_jitter_takes_from_the_harmonics_what_its_coherence_says(tmp_path):
    job = {"square": {**SQUARE, "period": "0.25 s"}, "start": "0 s"}
    window = [{"from": "8 s", "for": "4 s", "step": "2 ms"}]
    still = run(tmp_path / "a", 12, job, windows=window)["window_1"]["demand_w"].values
    late = {**job, "jitter": {"deviation": "20 ms"}}
    tree = run(tmp_path / "b", 12, late, windows=window)
    moved = tree["window_1"]["demand_w"].values
    assert moved.mean() == pytest.approx(still.mean(), rel=1e-9)
    # Two racks are no crowd: each only shifts.
    assert line(moved, 2e-3, 4.0) < line(still, 2e-3, 4.0)
    assert coherence(0.02, 5.0) == pytest.approx(0.8209, abs=1e-4)
    assert '"expected_5_hz": 0.82' in tree["window_1"].attrs["coherence"]


def test_an_element_that_trips_within_a_second_darkens_what_hangs_on_it(tmp_path):
    event = {
        "at": "4.5 s",
        "for": "2.25 s",
        "trip": "board",
        "window": {"before": "2 s", "after": "4 s", "step": "5 ms"},
    }
    tree = run(tmp_path / "a", 12, {"constant": {"activity": 0.8}}, events=[event])
    rows = tree["window_1"].to_dataset()
    racks = rows["rack_w"].values[(rows["time"].values > 4.51) & (rows["time"].values < 6.7)]
    assert racks == pytest.approx(0.0, abs=1e-6)
    assert max(residuals(tree).values()) < 1e-12


def test_v_tr_03_in_the_time_domain(tmp_path):
    """A battery plant that is to cancel the ripple of a square wave leaves |1 - H| of each harmonic, within 1 %."""
    changes = {
        "library.batteries": {"fast": {"energy": "10 MWh", "power": "200 kW", "dead_time": "20 ms", "lag": "50 ms"}},
        "electrical.batteries": [
            {
                "name": "pack", "node": "sub", "type": "fast", "count": 4,
                "control": {"mode": "smooth", "smoothing": "1 h", "band": None, "restoring": "1000 h"},
            }
        ],
    }  # fmt: skip
    job = {"square": {**SQUARE, "period": "1 s"}, "start": "0 s"}
    tree = run(tmp_path / "a", 14, job, changes=changes, windows=[{"from": "0 s", "for": "14 s", "step": "2 ms"}])
    rows = tree["window_1"].to_dataset().sel(time=slice(4.0005, 14.0005))
    feed, battery = rows["feed_w"].values, rows["battery_w"].values
    for hz in (1.0, 2.0, 5.0, 10.0):
        without = line(feed + battery, 2e-3, hz)
        if without > 10.0:
            assert line(feed, 2e-3, hz) / without == pytest.approx(left_over(hz, 0.020, 0.050), rel=0.01), hz
    # What its step adds to 86 GJ of charge is rounded to a hundredth of a millijoule.
    assert max(residuals(tree).values()) < 1e-9


STAIRS = """
from twin.control.policy import Commands

class Stairs:
    every_s = 4.0

    def act(self, seen):
        return Commands(0.0 * seen.fleet.gpu_max_w + (600.0, 300.0, 600.0)[min(int(seen.time_s) // 4, 2)])
"""


def test_caps_that_arrive_in_a_window_show_their_way_and_seconds_are_those_without_it(tmp_path):
    """Down and up again: the racks' direct current goes the measured way, and every second has the mean without it."""
    (tmp_path / "mine.py").write_text(STAIRS)
    job = {"constant": {"activity": 1.0}}
    fields = {"policy": {"name": f"{tmp_path}/mine.py:Stairs"}, "watch": ["hall-1"]}
    without = run(tmp_path / "a", 14, job, **fields)["site"].to_dataset()
    tree = run(tmp_path / "b", 14, job, windows=[{"from": "2 s", "for": "11 s", "step": "5 ms"}], **fields)
    within = tree["site"].to_dataset()
    for name in ("gpu_w", "node_w", "work", "hottest_c"):
        assert within[name].values == pytest.approx(without[name].values, rel=1e-9, abs=1e-9), name
    # Lines and transformers lose more where power moves within the second.
    assert within["feed_w"].values == pytest.approx(without["feed_w"].values, rel=3e-5)
    demand_w = tree["window_1"]["demand_w"].values.reshape(11, 200)
    down, up = np.flatnonzero(np.abs(np.diff(demand_w.mean(axis=1))) > 1e4)[:2] + 1
    p, ends = cap_dynamics.params([cap_dynamics.CapDynamicsSpec()]), np.arange(201) / 200
    for second, ways in ((down, (1.0, 0.0)), (up, (0.0, 1.0))):
        before_w, after_w = demand_w[second - 1].mean(), demand_w[second + 1].mean()
        course = [cap_dynamics.mean_w(p, 0, *ways, *ends[k : k + 2]) for k in range(200)]
        expected_w = after_w + (before_w - after_w) * (np.array(course) - ways[1]) / (ways[0] - ways[1])
        assert demand_w[second] == pytest.approx(expected_w, rel=2e-3)
    assert demand_w[down].min() < 0.97 * demand_w[down + 1].mean()
    assert max(residuals(tree).values()) < 1e-12


def test_work_that_steps_up_under_a_cap_overshoots_it_in_a_window(tmp_path):
    """By a fifth of the cap for 50 ms, taken back from the rest of the second, which keeps its mean."""
    job = {"constant": {"activity": 1.0}, "start": "8 s"}
    fields = {"policy": {"name": "uniform-cap", "fields": {"share": 0.6}}, "watch": ["hall-1"]}
    without = run(tmp_path / "a", 12, job, **fields)["site"]["node_w"].values
    tree = run(tmp_path / "b", 12, job, windows=[{"from": "7 s", "for": "4 s", "step": "10 ms"}], **fields)
    assert tree["site"]["node_w"].values == pytest.approx(without, rel=1e-6)
    demand_w = tree["window_1"]["demand_w"].values.reshape(4, 100)
    first, later = demand_w[1], demand_w[2]
    overshoot_w = 0.2 * 0.6 * (64 * 700.0 + 72 * 1200.0)
    assert first[:5] - first[5:].mean() == pytest.approx(overshoot_w, rel=1e-6)
    assert np.ptp(first[5:]) < 1.0
    assert first[5:].mean() < later.mean()
    assert np.ptp(later) < 1.0
