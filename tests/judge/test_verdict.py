"""Figures, sentences, work and schedule of the made-up site, worked out by hand."""

import json

import numpy as np
import pytest
import xarray as xr

from tests.report import synthetic
from twin.core.errors import TraceError
from twin.judge.alarms import alarms
from twin.judge.result import ClockTime, open_result
from twin.judge.schedule import schedule, tightest
from twin.judge.summary import summary
from twin.judge.verdict import verdict
from twin.judge.words import megawatt_hours, megawatts, span
from twin.judge.work import caps, gpu_name, hottest_gpu, jobs, throttling, work


@pytest.fixture(scope="module")
def tree():
    return synthetic.build()


def test_summary_has_the_figures_of_the_run(tree):
    figures = summary(tree)
    assert figures["limit"] == "exceeded"
    assert figures["above_limit_1_s_mean_s"] == 4.0
    assert figures["excess_1_s_mean_percent"] == pytest.approx(25.0)
    assert figures["call_reached_worst_s"] == 4.0
    assert figures["pue_rack_inlet"] == pytest.approx(1.25)
    assert figures["pue_equipment_inlet"] == pytest.approx(3.0 / 2.3)
    assert figures["throttled_gpu_s"] == 120.0
    assert figures["work_lost_share"] == pytest.approx(0.1)
    assert figures["energy_residual"] == 1e-13
    assert "first_above_limit_1_min_mean_at_s" not in figures


def test_summary_can_be_written_as_json(tree):
    json.dumps(summary(tree), allow_nan=False)


def test_the_limit_comes_first_in_the_verdict(tree):
    said = verdict(tree)
    assert said[0].tone == "bad"
    assert "by up to 0.60 MW (25.0 %), for 4 s in all, 4 s at the longest, first at 15 Jul 15:00:00" in said[0].text
    assert any("at or under it after 4 s, stayed there, more than 1 % over for 4 s" in one.text for one in said)
    assert any("hall-1/rack-002/node-1/gpu-7" in one.text for one in said)
    assert said[-1].text.startswith("Chiller curves are extrapolated")


def test_an_interrupted_run_says_so_first(tree):
    cut = tree.copy()
    cut.attrs["complete"] = 0
    assert "interrupted at 15 Jul 16:00:00" in verdict(cut)[0].text


def test_books_that_do_not_close_are_bad(tree):
    broken = tree.copy()
    books = broken["books"].to_dataset()
    books["residual"] = books["residual"] + 1e-6
    broken["books"] = books
    assert any(one.tone == "bad" and "do not close" in one.text for one in verdict(broken))


def test_water_is_spoken_of_where_there_is_any(tree):
    said = [one.text for one in verdict(tree)]
    assert "The plant evaporates no water, so WUE is zero." in said
    assert any(text.endswith("relative residual of energy 1.0e-13.") for text in said)
    wet = tree.copy()
    books = wet["books"].to_dataset()
    books["in_"][-1] = 4600.0
    wet["books"] = books
    said = [one.text for one in verdict(wet)]
    assert any(text.startswith("WUE 1.") for text in said)
    assert any("and water 0.0e+00" in text for text in said)


def test_notes_are_no_judgements(tree):
    assert [one.tone for one in verdict(tree)].index("note") == len(verdict(tree)) - 1


def test_a_contract_limit_is_active_power_in_the_schedule(tree):
    limited = tree.copy()
    nodes = limited["electrical"].to_dataset()
    nodes["limit_w"][0] = 4e6
    limited["electrical"] = nodes
    duties = {duty.name: duty for duty in schedule(limited) if duty.equipment == "electrical"}
    assert (duties["feed"].unit, duties["feed"].rating) == ("MW", 4.0)
    assert duties["sub-1"].unit == "MVA"
    assert len(duties) == limited["electrical"].sizes["node"]


def test_gpus(tree):
    assert hottest_gpu(tree).name == gpu_name(tree, 70) == "hall-1/rack-002/node-1/gpu-7"
    held = throttling(tree)
    assert (held.gpu_s, held.first_s, held.most, held.gpus, held.longest_s) == (120.0, 600.0, 4.0, 4, 30.0)
    found = caps(tree)
    assert found is not None
    assert (found.share, found.lowest_w) == (0.5, 500.0)


def test_work_is_counted_in_gpu_seconds(tree):
    done = work(tree["site"].to_dataset())
    assert done.asked_gpu_s == 1536 * 7200
    assert done.lost_gpu_s == pytest.approx(0.2 * 1536 * 3600)
    pretrain, _ = jobs(tree)
    assert pretrain.energy_j == pytest.approx(96 * 8e3 * 7200)
    assert pretrain.work.lost_share == pytest.approx(0.1)


def test_schedule_has_every_thing_and_the_tightest_first(tree):
    duties = schedule(tree)
    sizes = {name: tree[name].sizes[dim] for name, dim in (("electrical", "node"), ("rack", "rack"), ("cdu", "cdu"))}
    assert len(duties) == sizes["electrical"] + sizes["rack"] + 2 * sizes["cdu"] + 2 * 2
    worst = tightest(duties, "electrical", 1)[0]
    assert (worst.name, worst.unit) == ("hall-2-us-04", "MVA")
    assert (worst.margin, worst.peak) == pytest.approx((-0.07, 2.5 * 1.07))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 s"), (40.0, "40 s"), (725.0, "12 min 5 s"), (12000.0, "3 h 20 min"), (0.25, "0.25 s")],
)
def test_span(seconds, words):
    assert span(seconds) == words


def test_powers_and_energies_in_words():
    assert megawatts(240e6) == "240 MW"
    assert megawatts(np.inf) == "none"
    assert megawatt_hours(3.6e6) == "1 kWh"
    assert megawatt_hours(3.6e10) == "10 MWh"


def test_clock_time_keeps_the_zone(tree):
    clock = ClockTime.of(tree)
    assert (clock.zone, clock.midnight_s, clock.text(np.nan)) == ("UTC-05:00", 50400.0, "–")


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(TraceError, match=r"result\.nc: there is no such result file"):
        open_result(tmp_path / "result.nc")


def test_a_file_of_another_format_is_a_sentence(tmp_path):
    path = tmp_path / "result.nc"
    path.write_text("time,power\n")
    with pytest.raises(TraceError, match=r"result\.nc: cannot be read as a result"):
        open_result(path)


def test_a_result_without_its_groups_says_what_it_lacks(tmp_path):
    path = tmp_path / "result.nc"
    tree = xr.DataTree.from_dict({"/site": xr.Dataset({"feed_w": ("time", [1.0])}, coords={"time": [1.0]})})
    tree.attrs = {"start": "2026-07-15T14:00:00-05:00"}
    tree.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(TraceError, match=r"/site lacks node_w, air_rack_w"):
        open_result(path)


def test_a_start_without_a_zone_is_refused(tmp_path):
    path = tmp_path / "result.nc"
    tree = xr.DataTree()
    tree.attrs = {"start": "2026-07-15T14:00:00"}
    tree.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(TraceError, match="no ISO time with a zone"):
        open_result(path)


def test_the_most_overloaded_element_is_told(tree):
    (bad,) = [one for one in verdict(tree) if "above its rating" in one.text]
    assert bad.tone == "bad"
    assert bad.text.startswith(
        "hall-2-us-04 was loaded above its rating: 105 % in the worst minute, above it for 5 min"
    )
    more = tree.copy()
    nodes = more["electrical"].to_dataset().copy(deep=True)
    nodes["loading"][10:12, 3] = 1.2
    more["electrical"] = xr.DataTree(nodes)
    text = next(one.text for one in verdict(more) if "above its rating" in one.text)
    assert "120 % in the worst minute, above it for 2 min in all" in text
    assert text.endswith("; 1 other element too.")


def test_a_plant_that_stands_has_no_peak(tree):
    dark = tree.copy()
    halls = dark["hall"].to_dataset().copy(deep=True)
    halls["chillers_running"] = halls["plant_w"] / halls["plant_w"] * 3.0
    halls["plant_load_max"][:] = 0.5
    halls["plant_load_max"][19:23, 0] = 1.0
    halls["plant_w"][20:22, 0], halls["chillers_running"][20:22, 0] = 0.0, 0.0
    dark["hall"] = xr.DataTree(halls)
    raised = alarms(dark)
    assert not [one for one in raised if one.what == "plant at capacity"]
    (out,) = [one for one in raised if one.what == "chillers out"]
    assert (out.name, out.severity, out.time_s, out.end_s) == ("hall-1", "critical", 1200.0, 1320.0)
    (duty,) = [one for one in schedule(dark) if (one.equipment, one.name) == ("heat rejection", "hall-1")]
    assert duty.margin == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.0, "15 Jul 14:00:03"),
        (3.25, "15 Jul 14:00:03.250"),
        (59.9996, "15 Jul 14:01:00"),
        (2.9999999, "15 Jul 14:00:03"),
    ],
)
def test_clock_times_show_milliseconds_where_they_are_not_whole(tree, seconds, text):
    assert ClockTime.of(tree).text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.15, "0.15 s"), (1.5, "1.5 s"), (3.0, "3 s"), (40.2, "40 s")])
def test_short_spans_keep_their_parts_of_a_second(seconds, text):
    assert span(seconds) == text
