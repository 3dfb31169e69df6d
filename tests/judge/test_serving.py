"""Goodput of trainings and latencies of inference pools, from the made-up result by hand."""

import numpy as np
import pytest
import xarray as xr

from tests.report import synthetic
from twin.judge.serving import by_priority, pools, quantile_s
from twin.judge.summary import summary
from twin.judge.work import jobs, training_goodput
from twin.report.contents import job_rows, pool_rows
from twin.report.figures_work import pools as draw_pools


@pytest.fixture(scope="module")
def tree():
    tree = synthetic.build()
    tree["pool"] = xr.DataTree(synthetic.pools(synthetic.Size()))
    return tree


def test_goodput_is_progress_over_time_on_nodes(tree):
    pretrain, _ = jobs(tree)
    assert pretrain.progress_s == pytest.approx(3600 + 0.8 * 3600)
    assert pretrain.goodput == training_goodput(tree) == pytest.approx(0.9)
    assert np.isnan(pretrain.submit_s)
    assert summary(tree)["training_goodput"] == pytest.approx(0.9)
    assert job_rows(tree).rows[0][-2] == pytest.approx(90.0)


def test_a_job_from_the_queue_counts_from_its_start_and_one_that_never_started_counts_nothing():
    tree = synthetic.build()
    dataset = tree["job"].to_dataset()
    dataset["submit_s"] = ("job", [0.0, 60.0])
    dataset["start_s"] = ("job", [3600.0, np.nan])
    dataset["end_s"] = ("job", [np.nan, np.nan])
    dataset["progress"] = dataset["progress"] * (np.arange(120)[:, None] >= 60) * [1.0, 0.0]
    tree["job"] = xr.DataTree(dataset)
    first, second = jobs(tree)
    assert first.goodput == pytest.approx(0.8)
    assert np.isnan(second.goodput)
    assert job_rows(tree).rows[1][3:5] == ("–", "–")


def test_latencies_are_means_of_minutes_by_requests(tree):
    (pool,) = pools(tree)
    assert (pool.name, pool.requests, pool.busy) == ("chat", pytest.approx(108000), pytest.approx(0.75))
    assert pool.prompt_tokens == pytest.approx(2000 * 108000)
    assert pool.first_token.p50_s == pytest.approx((0.1 + 2 * 0.7) / 3)
    assert pool.first_token.p99_s == pytest.approx((0.2 + 2 * 1.4) / 3)
    assert (pool.first_token.worst_p99_s, pool.first_token.worst_at_s) == (pytest.approx(1.4), 3660.0)
    figures = summary(tree)
    assert figures["inference_first_token_p99_worst_minute_s"] == pytest.approx(1.4)
    assert figures["inference_between_tokens_p99_s"] == pytest.approx(0.05)
    assert pool_rows(tree).rows[0][:2] == ("chat", pytest.approx(108000))
    assert draw_pools(tree) is not None


def test_a_run_without_pools_says_nothing_of_them():
    tree = synthetic.build()
    assert pools(tree) == []
    assert pool_rows(tree).rows == []
    assert draw_pools(tree) is None
    assert not any(name.startswith("inference") for name in summary(tree))


def test_a_percentile_is_that_of_all_that_is_counted():
    edges = np.concatenate([[0.0], np.geomspace(0.01, 100.0, 4 * 48 + 1)])
    waits = np.random.default_rng(3).lognormal(0.0, 1.0, 100_000)
    counts = np.bincount(np.searchsorted(edges, waits, side="right") - 1, minlength=edges.size).astype(float)
    for share in (0.5, 0.9, 0.99):
        assert quantile_s(share, counts, edges) == pytest.approx(np.quantile(waits, share), rel=0.01)
    assert np.isnan(quantile_s(0.5, np.zeros(3), edges[:3]))
    assert np.isinf(quantile_s(0.99, np.array([0.0, 0.0, 1.0]), edges[:3]))


def test_latencies_of_a_run_are_no_mean_of_minutes(tree):
    """Ten minutes at 0.1 s and one at 10 s with as many requests: 99 % of all are below 10 s, 90 % below 0.1 s."""
    edges = np.array([0.0, 0.05, 0.1, 5.0, 10.0])
    dataset = tree["pool"].to_dataset().isel(time=slice(0, 11))
    counts = np.zeros((11, 1, 5))
    counts[:10, 0, 1], counts[10, 0, 3] = 600.0, 600.0
    dataset = dataset.assign_coords(bin=edges)
    dataset["ttft_count"] = dataset["tbt_count"] = (("time", "pool", "bin"), counts)
    other = tree.copy()
    other["pool"] = xr.DataTree(dataset)
    (pool,) = pools(other)
    assert pool.first_token.p50_s == pytest.approx(0.05 * 2 ** (0.5 * 11 / 10))
    # 99 % of 6,600 are 6,534, of which 534 of 600 lie between 5 and 10 s.
    assert pool.first_token.p99_s == pytest.approx(5 * 2 ** (534 / 600))
    job = other["job"].to_dataset()
    job["priority"] = ("job", [1.0, 0.0])
    other["job"] = xr.DataTree(job.assign_coords(job=["chat", "tune"]))
    assert [one.name for one in by_priority(other)] == ["all", "priority_1"]
    assert summary(other)["first_token_p99_priority_1_s"] == summary(other)["inference_first_token_p99_s"]
