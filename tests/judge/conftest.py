"""A result of a few seconds to hours with nothing in it but what a test says."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def result():
    """Builds a tree from series of equal length; what is left out is constant."""

    def build(start="2026-07-15T14:00:00-05:00", attrs=None, **series):
        count = max(len(np.atleast_1d(column)) for column in series.values())
        plain = {"feed_w": 1e6, "node_w": 1e6, "air_rack_w": 0.0, "work": 1.0, "demand": 1.0, "hottest_c": 60.0}
        held = {
            name: ("time", np.broadcast_to(column, count).astype(float)) for name, column in (plain | series).items()
        }
        site = xr.Dataset(held, coords={"time": np.arange(1.0, count + 1.0)})
        tree = xr.DataTree.from_dict({"/site": site})
        tree.attrs = {"start": start, "binding_limit_window": "1 s", "demand_interval_s": 900.0} | (attrs or {})
        return tree

    return build
