"""Arrays out of a run into one netCDF-4 file with units, words and provenance, written as the run goes.

Rows gather in memory for an hour of simulated time and are then appended, so memory does not grow with the
length of a run. The file is written beside its final name and moved there when it is whole.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.core.errors import OutputError, TraceError, file_problem
from twin.core.layout import Vec, variables
from twin.netcdf import open_tree

_SHORT = {"rack", "cdu", "hall", "electrical", "relay", "job", "pool", "battery"}  # kept rounded, in single precision
_DROPPED_BITS = 10
_TEXT = h5py.string_dtype()


class ResultFile:
    """A result being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = path.with_suffix(".partial")
        self._lengths: dict[str, int] = defaultdict(int)
        try:
            # Rows go to HDF5 itself: h5netcdf looks at every variable before it writes to one.
            self._stored = h5py.File(self._partial, "w", track_order=True)
            self._file = h5netcdf.File(self._stored, "w")
        except OSError as wrong:
            raise OutputError(
                [file_problem(path.parent, f"cannot be written to: {wrong.strerror or wrong}")]
            ) from wrong

    def attributes(self, **attributes: str | float | int) -> None:
        """Attributes of the whole result."""
        self._file.attrs.update(attributes)

    def describe(self, group: str, **attributes: str | float | int) -> None:
        """Attributes of one group."""
        self._file[group].attrs.update(attributes)

    def group(self, name: str, axes: Mapping[str, list[str] | NDArray[Any]], *, timed: bool) -> None:
        """A group with its axes; ``timed`` gives it a time axis that grows."""
        group = self._file.create_group(name)
        if timed:
            group.dimensions["time"] = None
            time = group.create_variable("time", ("time",), "f8", chunks=(3600,))
            time.attrs.update({"units": "s", "long_name": "time since the start, at the end of the interval"})
        for axis, labels in axes.items():
            group.dimensions[axis] = len(labels)
            self.fixed(name, axis, (axis,), labels)

    def fixed(
        self, group: str, name: str, dims: tuple[str, ...], values: Any, units: str = "", words: str = ""
    ) -> None:
        """A variable that does not change with time."""
        values = np.asarray(values)
        is_text = values.dtype.kind in "UO"
        made = self._file[group].create_variable(name, dims, _TEXT if is_text else values.dtype)
        if values.size:
            made[...] = values.astype(object) if is_text else values
        if not is_text:
            made.attrs["units"] = units or "1"
        if words:
            made.attrs["long_name"] = words

    def series(self, group: str, name: str, units: str, words: str, axes: tuple[str, ...] = ()) -> None:
        """A variable that grows with time."""
        home = self._file[group]
        sizes = tuple(home.dimensions[axis].size for axis in axes)
        rows = 3600 if not axes else max(1, min(60, 2**18 // max(1, int(np.prod(sizes)))))
        kind = "f4" if _is_short(group, len(axes)) else "f8"
        options: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        made = home.create_variable(name, ("time", *axes), kind, chunks=(rows, *sizes), **options)
        method = "minimum" if name.endswith("_min") else "maximum" if name.endswith("_max") else "mean"
        made.attrs.update({"units": units, "long_name": words, "cell_methods": f"time: {method}"})

    def layout(self, group: str, layout: type, axes: tuple[str, ...] = ()) -> None:
        """Every field of a record layout as a growing variable."""
        for name, var in variables(layout):
            self.series(group, name, var.unit, var.words, axes)

    def append(self, group: str, time_s: NDArray[Any], rows: Mapping[str, Vec]) -> None:
        """Rows at the end of a group; OutputError where the disk is full."""
        home, before = self._stored[group], self._lengths[group]
        after = self._lengths[group] = before + len(time_s)
        try:
            self._file[group].resize_dimension("time", after)
            home["time"][before:after] = time_s
            for name, values in rows.items():
                home[name][before:after] = rounded(values) if _is_short(group, values.ndim - 1) else values
            self._file.flush()
        except OSError as wrong:
            raise OutputError(
                [file_problem(self.path, f"cannot be written any further: {wrong.strerror or wrong}")]
            ) from wrong

    def finish(self) -> None:
        """Close the file and move it to its name."""
        try:
            self._close()
            self._partial.replace(self.path)
        except OSError as wrong:
            raise OutputError([file_problem(self.path, f"cannot be finished: {wrong.strerror or wrong}")]) from wrong

    def _close(self) -> None:
        self._file.close()
        self._stored.close()

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self._close()
        self._partial.unlink(missing_ok=True)


def _is_short(group: str, axes: int) -> bool:
    """Whether a variable with so many axes beside time is kept rounded: minutes are, and what windows have by node."""
    return group in _SHORT or (axes > 0 and group.startswith("window_"))


def rounded(values: NDArray[Any]) -> NDArray[np.float32]:
    """``values`` in single precision with 13 bits of mantissa: within 6e-5 of what was computed."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half, mask = np.uint32(1 << (_DROPPED_BITS - 1)), np.uint32(2**32 - (1 << _DROPPED_BITS))
    return ((bits + half) & mask).view(np.float32)


class Result:
    """A finished run: its directory, and its data as a DataTree."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)

    @property
    def path(self) -> Path:
        """The result file."""
        return self.directory / "result.nc"

    @cached_property
    def tree(self) -> xr.DataTree:
        """Everything recorded, opened once and read lazily: ``tree["site"]["feed_w"]``."""
        try:
            return open_tree(self.path)
        except Exception as wrong:
            raise TraceError([file_problem(self.path, f"cannot be read as a result: {wrong}")]) from wrong

    @property
    def site(self) -> xr.Dataset:
        """The site, a row a second."""
        return self.tree["site"].to_dataset()

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says."""
        return dict(json.loads((self.directory / "run.json").read_text()))

    def __repr__(self) -> str:
        return f"Result({str(self.directory)!r})"
