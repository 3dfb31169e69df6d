"""A result file (netCDF-4) as a DataTree, read lazily through HDF5 itself.

The general reader asks every variable that grows with time for the length of all others, so that opening a result of
two hundred variables takes seconds. Here a dimension is as long as the variable says whose name it bears.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

_OWN = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "_NCProperties"}
_OWN |= {"_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict"}
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"


class _Stored(BackendArray):
    """A variable in the file, read where it is asked for."""

    def __init__(self, stored: h5py.Dataset) -> None:
        self._stored, self.shape = stored, stored.shape
        self._is_text = h5py.check_string_dtype(stored.dtype) is not None
        self.dtype = np.dtype(object) if self._is_text else stored.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._read)

    def _read(self, key: Any) -> Any:
        return self._stored.asstr()[key] if self._is_text else self._stored[key]


def open_tree(path: Path | str) -> xr.DataTree:
    """The file at ``path``; closing the tree closes it. OSError where it is no HDF5 file."""
    file = h5py.File(path, "r")
    try:
        groups = {"/": _dataset(file, file)}
        file.visititems(lambda name, one: groups.update({f"/{name}": _dataset(file, one)}) if _is_group(one) else None)
        tree = xr.DataTree.from_dict(groups)
    except BaseException:
        file.close()
        raise
    tree.set_close(file.close)
    return tree


def _is_group(one: Any) -> bool:
    return isinstance(one, h5py.Group)


def _dataset(file: h5py.File, group: h5py.Group) -> xr.Dataset:
    variables = {}
    for name, stored in group.items():
        if isinstance(stored, h5py.Dataset) and not stored.attrs.get("NAME", b"").startswith(_NO_VARIABLE):
            # Read once and kept, as the general reader does.
            lazy: Any = indexing.LazilyIndexedArray(_Stored(stored))
            data = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(lazy))
            variables[name] = xr.Variable(_dimensions(file, name, stored), data, _attributes(stored))
    raw = xr.Dataset(variables, attrs=_attributes(group))
    return xr.decode_cf(raw, decode_times=False)


def _dimensions(file: h5py.File, name: str, stored: h5py.Dataset) -> tuple[str, ...]:
    if "DIMENSION_LIST" in stored.attrs:
        scales = [h5py.h5r.get_name(references[0], file.id) for references in stored.attrs["DIMENSION_LIST"]]
        return tuple(scale.decode().rpartition("/")[2] for scale in scales)
    return (name,) if stored.ndim else ()


def _attributes(one: h5py.Dataset | h5py.Group) -> dict[str, Any]:
    found = {name: value for name, value in one.attrs.items() if name not in _OWN}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    """An attribute as numpy's scalar or text; arrays of one are that one, as netCDF has them."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.size == 1 and value.ndim == 1:
        return _plain(value[0])
    return value
