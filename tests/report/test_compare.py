"""Runs side by side."""

import csv

import numpy as np
import pytest

from tests.report import synthetic
from twin.core.errors import TraceError
from twin.report.compare import overlay, read_run, write_comparison
from twin.report.paired import Contender, best


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
    with (tmp_path / "tables" / "comparison.csv").open(encoding="utf-8") as file:
        rows = {row[0]: row for row in csv.reader(file)}
    assert rows["figure"] == ["figure", "unit", "feed-limit", "uncapped", "difference"]
    assert [float(cell) for cell in rows["time above, 1 s mean"][2:]] == [4.0, 3600.0, 3596.0]
    assert float(rows["energy bought"][4]) == pytest.approx(0.1 * float(rows["energy bought"][2]))


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
    with (tmp_path / "tables" / "paired.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[0] == "work lost"]
    assert [row[2] for row in rows] == ["plain", "better"]
    assert float(rows[1][5]) == pytest.approx(-0.91)
    assert float(rows[1][6]) < -0.91 < float(rows[1][7]) < 0
    assert rows[1][8] == "yes"
    assert "better with" in page
    assert "larger than the noise of 3 seeds" in page


def test_one_seed_gives_no_interval_and_says_so(on_seeds, tmp_path):
    page = write_comparison(on_seeds[:2], tmp_path).read_text(encoding="utf-8")
    assert "one seed: the noise is not known" in page


def contender(name, done):
    figures = {
        "work_done_gpu_h": done, "above_limit_1_s_mean_mwh": 0.0, "binding_limit_window": "1 s",
        "ramp_60_s_rise_mw": 1.0, "hottest_gpu_c": 70.0,
    }  # fmt: skip
    return Contender(name, {0: figures})


def test_runs_alike_have_no_winner():
    said = best([contender("uncapped", 16.0), contender("feed-limit", 16.0)])
    assert "Most work of all: no difference, 16 GPU-h each." in said
    assert not any("uncapped" in one for one in said)
    said = best([contender("a", 16.0), contender("b", 16.0), contender("c", 15.0)])
    assert "Most work of all: no difference between a and b, 16 GPU-h each." in said
    said = best([contender("a", 16.0), contender("b", 15.0)])
    assert any(one.startswith("Most work of all: a with 16 GPU-h, 1 GPU-h more than b") for one in said)
