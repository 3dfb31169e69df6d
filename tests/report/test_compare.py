"""Runs side by side."""

import csv

import numpy as np
import pytest

from tests.report import synthetic
from twin.core.errors import TraceError
from twin.report.compare import overlay, read_run, write_comparison


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
