"""Work lost, and between which shares it lies."""

import numpy as np
import pytest
import xarray as xr

from twin.judge.summary import summary
from twin.judge.work import lost_range


def test_the_range_of_work_lost_weighs_racks_by_what_they_lost(result):
    tree = result(feed_w=np.full(120, 1e6), work=90.0, demand=100.0)
    racks = {"lost_work": (("time", "rack"), [[6.0, 2.0], [2.0, 0.0]])}
    racks |= {"lost_least": ("rack", [0.5, 1.0]), "lost_most": ("rack", [2.5, 1.0])}
    tree["rack"] = xr.DataTree(xr.Dataset(racks, coords={"time": [60.0, 120.0], "rack": ["a", "b"]}))
    assert lost_range(tree) == pytest.approx((0.1 * (0.5 * 8 + 2) / 10, 0.1 * (2.5 * 8 + 2) / 10))


def test_without_racks_there_is_no_range(result):
    tree = result(feed_w=np.full(60, 1e6), work=90.0, demand=100.0)
    assert lost_range(tree) is None
    assert "work_lost_share_least" not in summary(tree)
