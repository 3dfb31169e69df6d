"""Results read by ourselves are those that the general reader reads."""

import numpy as np
import pytest
import xarray as xr

from tests.report import synthetic
from twin import netcdf
from twin.netcdf import open_tree
from twin.results import ResultFile


def test_a_result_is_read_as_the_general_reader_does(tmp_path):
    path = synthetic.write(tmp_path / "result.nc")
    with open_tree(path) as ours, xr.open_datatree(path, engine="h5netcdf", decode_times=False) as theirs:
        assert set(ours.children) == set(theirs.children)
        assert ours.attrs == theirs.attrs
        for name in ours.children:
            xr.testing.assert_identical(ours[name].to_dataset(), theirs[name].to_dataset())


def test_what_is_read_once_is_kept_and_parts_are_read_alone(tmp_path, monkeypatch):
    file = ResultFile(tmp_path / "result.nc")
    file.group("rack", {"rack": ["a", "b", "c"]}, timed=True)
    file.series("rack", "power_w", "W", "power", ("rack",))
    rows = np.arange(12.0).reshape(4, 3)
    for first in (0, 2):
        file.append("rack", np.array([first + 1.0, first + 2.0]), {"power_w": rows[first : first + 2]})
    file.finish()
    reads, read = [], netcdf._Stored._read
    monkeypatch.setattr(netcdf._Stored, "_read", lambda self, key: reads.append(key) or read(self, key))
    with open_tree(tmp_path / "result.nc") as tree:
        reads.clear()
        power = tree["rack"]["power_w"]
        np.testing.assert_array_equal(power[1:3, [0, 2]].values, rows[1:3][:, [0, 2]])
        np.testing.assert_array_equal(tree["rack"].to_dataset()["power_w"].values, rows)
        count = len(reads)
        np.testing.assert_array_equal(tree["rack"].to_dataset()["power_w"].values, rows)
        assert len(reads) == count
        assert list(tree["rack"]["rack"].values) == ["a", "b", "c"]
        assert power.dims == ("time", "rack")


def test_no_hdf5_is_an_os_error(tmp_path):
    (tmp_path / "none.nc").write_text("nothing")
    with pytest.raises(OSError, match="file signature"):
        open_tree(tmp_path / "none.nc")
