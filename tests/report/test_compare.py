"""Runs side by side."""

import csv

import numpy as np
import pytest

from tests.report import synthetic
from twin.core.errors import TraceError
from twin.report import style
from twin.report.best import best
from twin.report.compare import overlay, read_run, write_comparison
from twin.report.paired import Contender, matrices


@pytest.fixture(scope="module")
def uncapped(tmp_path_factory):
    tree = synthetic.build()
    tree.attrs["policy"] = "uncapped"
    site = tree["site"].to_dataset()
    site["feed_w"], site["cap_w"] = site["feed_w"] * 1.1, site["cap_w"] * np.inf
    tree["site"] = site
    return synthetic.write(tmp_path_factory.mktemp("uncapped") / "result.nc", tree)


def test_differences_are_from_the_first_run(result_path, uncapped, tmp_path):
    path = write_comparison([result_path, uncapped], tmp_path)
    assert path.name == "compare.html"
    rows = {(row[1], row[4]): row for row in read(tmp_path / "tables" / "paired.csv")}
    assert rows["name", "policy"][5:8] == ["mean", "seeds", 'difference from "feed-limit"']
    assert float(rows["above_limit_1_s_mean_s", "feed-limit"][5]) == 4.0
    assert [float(cell) for cell in rows["above_limit_1_s_mean_s", "uncapped"][5:8]] == [3600.0, 1.0, 3596.0]
    bought = rows["feed_energy_mwh", "uncapped"]
    assert float(bought[7]) == pytest.approx(0.1 * float(rows["feed_energy_mwh", "feed-limit"][5]))
    assert bought[8:] == ["", "", "not known"]


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_page_refers_to_nothing_outside(result_path, uncapped, tmp_path):
    page = write_comparison([result_path, uncapped], tmp_path).read_text(encoding="utf-8")
    assert "uncapped" in page
    assert "src=" not in page
    assert 'href="http' not in page


def test_runs_of_one_policy_are_told_apart(result_path, tmp_path):
    page = write_comparison([result_path, result_path], tmp_path).read_text(encoding="utf-8")
    assert "(run 1)" in page
    assert "(run 2)" in page


def test_overlay_draws_each_run_and_the_common_limit_once(result_path, uncapped):
    figure = overlay([read_run(result_path), read_run(uncapped)])
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["feed-limit", "uncapped", "limit in force"]
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "feed power (MW)", "hottest die (°C)", "work (GPUs\nat full speed)", "mean cap (W)",
    ]  # fmt: skip


def test_one_run_is_no_comparison(result_path, tmp_path):
    with pytest.raises(TraceError, match="at least two results"):
        write_comparison([result_path], tmp_path)


@pytest.fixture(scope="module")
def on_seeds(tmp_path_factory):
    """Two policies on three seeds: one does one per cent more work in every pair, and never violates the limit."""
    folder, paths = tmp_path_factory.mktemp("seeds"), []
    for seed in range(3):
        for policy, factor in (("plain", 0.90), ("better", 0.909 + 0.0001 * seed)):
            tree = synthetic.build()
            tree.attrs |= {"policy": policy, "seed": seed}
            site = tree["site"].to_dataset()
            site["work"] = factor * site["demand"]
            site["feed_w"] = np.minimum(site["feed_w"], site["limit_w"])
            tree["site"] = site
            paths.append(synthetic.write(folder / f"{policy}-{seed}" / "result.nc", tree))
    return paths


def test_policies_are_compared_in_pairs_of_seeds(on_seeds, tmp_path):
    page = write_comparison(on_seeds, tmp_path).read_text(encoding="utf-8")
    rows = [row for row in read(tmp_path / "tables" / "paired.csv") if row[1] == "work_lost_share"]
    assert [row[2:5] for row in rows] == [["work lost", "%", "plain"], ["work lost", "%", "better"]]
    assert float(rows[1][7]) == pytest.approx(-0.91)
    assert float(rows[1][8]) < -0.91 < float(rows[1][9]) < 0
    assert rows[1][10] == "yes"
    assert "better with" in page
    assert "larger than the noise of 3 seeds" in page


def test_one_seed_gives_no_interval_and_says_so(on_seeds, tmp_path):
    page = write_comparison(on_seeds[:2], tmp_path).read_text(encoding="utf-8")
    assert "one seed: the noise is not known" in page


def contender(name, done, seeds=(0,), **more):
    figures = {
        "work_done_gpu_h": done, "violation_mwh": 0.0, "ramp_60_s_rise_mw": 1.0, "hottest_gpu_c": 70.0,
        "work_lost_share": 0.0,
    }  # fmt: skip
    return Contender(name, dict.fromkeys(seeds, figures | more))


def said(*contenders):
    return {one.criterion: one.words for one in best(list(contenders))}


def test_runs_alike_have_no_winner():
    words = said(contender("uncapped", 16.0), contender("feed-limit", 16.0))
    assert words["Most work of all"] == "no difference, 16 GPU-h each"
    assert not any("uncapped" in one for one in words.values())
    words = said(contender("a", 16.0), contender("b", 16.0), contender("c", 15.0))
    assert words["Most work of all"] == "no difference between a and b, 16 GPU-h each"
    words = said(contender("a", 16.0), contender("b", 15.0))
    assert words["Most work of all"] == "a with 16 GPU-h, 1 GPU-h more than b (one seed: the noise is not known)"


def test_every_criterion_names_its_best_and_who_has_no_figure():
    words = said(
        contender("a", 16.0, violation_mwh=2.0, response_ramp_worst_s=5.0, work_lost_priority_3_share=0.02),
        contender("b", 15.0, violation_mwh=1.0, response_ramp_worst_s=3.0, work_lost_priority_3_share=0.01),
        contender("c", 14.0, violation_mwh=3.0, work_lost_priority_3_share=0.05),
    )
    assert words["Limit"] == "no policy held it"
    assert words["Least energy above the limit"].startswith("b with 1 MWh, 1 MWh less than a")
    assert words["Least lost by priority 3, the highest"].startswith("b with 1 %, 1 points less than a")
    assert words["Soonest 90 % down after a call"].startswith("b with 3 s, 2 s less than a")
    assert words["Soonest 90 % down after a call"].endswith("; 1 without a figure")
    words = said(contender("a", 16.0, violation_mwh=2.0), contender("b", 15.0))
    assert words["Most work with the limit held (1 of 2 held it)"] == "b with 15 GPU-h"


def test_runs_without_a_seed_in_common_are_not_paired():
    words = said(contender("a", 16.0, seeds=(0, 1)), contender("b", 15.0, seeds=(2, 3)))
    assert words["Most work of all"] == "a with 16 GPU-h; it shares no seed with b"


def test_figures_are_grouped_and_those_alike_are_said_once():
    first = contender("a", 16.0, seeds=(0, 1), feed_peak_mw=0.5)
    other = contender("b", 15.0, seeds=(0, 1), feed_peak_mw=0.4)
    found = {one.group: one for one in matrices([first, other])}
    assert list(found) == ["control", "service", "grid", "plant"]
    (row,) = found["grid"].rows
    assert (row.words, row.unit) == ("peak feed power", "kW")
    assert [cell.value for cell in row.cells] == ["500", "400"]
    assert (row.cells[1].difference, row.cells[1].mark) == ("-100 ± 0", "best good")
    assert row.cells[0].difference == ""
    assert found["plant"].alike == ["hottest GPU die 70 °C"]


def test_nine_policies_have_nine_colours_and_a_tenth_a_dash():
    drawn = [style.compared(i) for i in range(18)]
    assert len(set(drawn)) == 18
    assert style.LIMIT not in {color for color, _ in drawn}


def test_runs_of_different_scenarios_say_so(result_path, tmp_path):
    tree = synthetic.build()
    tree.attrs |= {"scenario": "another", "policy": "uncapped"}
    other = synthetic.write(tmp_path / "other" / "result.nc", tree)
    page = write_comparison([result_path, other], tmp_path).read_text(encoding="utf-8")
    assert "call after an hour / another" in page
    assert "differences are not of policies alone" in page
