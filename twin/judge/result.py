"""Opening a result file, and the small readings that every judgement starts from."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.netcdf import open_tree

# What a report cannot be drawn without; every other group or variable may be missing and is then left out.
_NEEDED = {"site": ("time", "feed_w", "node_w", "air_rack_w", "work", "demand", "hottest_c")}


@contextmanager
def reading(path: Path | str) -> Iterator[xr.DataTree]:
    """`open_result` in a ``with`` block; damage that shows only when data are read is a TraceError too."""
    with open_result(path) as tree:
        try:
            yield tree
        except (OSError, KeyError) as error:
            message = f"cannot be read as a result: it is damaged or lacks something ({_first_line(error)})"
            raise TraceError([file_problem(path, message)]) from error


def open_result(path: Path | str) -> xr.DataTree:
    """The result file at ``path``, read lazily; the caller closes it.

    A file that cannot be used is a TraceError that names it.
    """
    path = Path(path)
    if not path.is_file():
        raise TraceError([file_problem(path, "there is no such result file")])
    try:
        tree = open_tree(path)
    except Exception as error:  # h5py and xarray each have their own family of errors for a damaged file
        message = (
            f"cannot be read as a result (netCDF-4): it is damaged, cut off or of another format ({_first_line(error)})"
        )
        raise TraceError([file_problem(path, message)]) from error
    problems = list(_missing(tree))
    if problems:
        tree.close()
        raise TraceError([file_problem(path, problem) for problem in problems])
    return tree


def _missing(tree: xr.DataTree) -> list[str]:
    if "start" not in tree.attrs:
        return ["is no result of a run: it has no start time"]
    try:
        ClockTime.of(tree)
    except ValueError:
        return [f'its start time "{tree.attrs["start"]}" is no ISO time with a zone']
    problems = []
    for group, names in _NEEDED.items():
        if group not in tree.children:
            problems.append(f"has no group /{group}: the run was cut off before its first record, or this is no result")
            continue
        lacking = [name for name in names if name not in tree[group].variables]
        if lacking:
            problems.append(f"/{group} lacks {', '.join(lacking)}")
        elif tree[group].sizes.get("time", 0) == 0:
            problems.append(f"/{group} is empty: the run was cut off before its first record")
    return problems


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class ClockTime(NamedTuple):
    """Clock time of the run: seconds since ``start`` to local time in the zone of the scenario."""

    start: dt.datetime

    @classmethod
    def of(cls, tree: xr.DataTree) -> "ClockTime":
        """The clock of a result; its start must carry a zone."""
        start = dt.datetime.fromisoformat(str(tree.attrs["start"]))
        if start.tzinfo is None:
            message = "the start has no zone"
            raise ValueError(message)
        return cls(start)

    @property
    def midnight_s(self) -> float:
        """Seconds from local midnight to the start."""
        midnight = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        return (self.start - midnight).total_seconds()

    @property
    def zone(self) -> str:
        """The zone as ``UTC-05:00``."""
        offset = self.start.strftime("%z")
        return f"UTC{offset[:3]}:{offset[3:5]}"

    def at(self, time_s: float) -> dt.datetime:
        """The moment ``time_s`` seconds after the start."""
        return self.start + dt.timedelta(seconds=float(time_s))

    def text(self, time_s: float) -> str:
        """``15 Jul 15:00:03``, ``15:00:03.250`` where that is not whole; a dash where there is no time."""
        if not np.isfinite(time_s):
            return "–"
        moment = self.at(round(float(time_s), 3))
        thousandths = round(moment.microsecond / 1000.0)
        return f"{moment:%d %b %H:%M:%S}{f'.{thousandths:03d}' if thousandths else ''}"


def group(tree: xr.DataTree, name: str) -> xr.Dataset | None:
    """A group as a Dataset, ``None`` where the result has none."""
    return tree[name].to_dataset() if name in tree.children else None


def values(dataset: xr.Dataset, name: str) -> Vec:
    """A variable as float64."""
    return np.asarray(dataset[name].values, dtype=np.float64)


def texts(dataset: xr.Dataset, name: str) -> list[str]:
    """A variable of words."""
    return [item.decode() if isinstance(item, bytes) else str(item) for item in np.atleast_1d(dataset[name].values)]


def durations_s(dataset: xr.Dataset) -> Vec:
    """Length of each record [s]: ``time`` holds the end of each interval and the first begins at the start."""
    return np.diff(values(dataset, "time"), prepend=0.0)


def notes(tree: xr.DataTree) -> list[str]:
    """What the run says about itself: what is estimated, extrapolated or assumed."""
    return [str(note) for note in _json(tree, "notes", [])]


def policy_fields(tree: xr.DataTree) -> dict[str, Any]:
    """The policy's parameters, by name."""
    return dict(_json(tree, "policy_fields", {}))


def _json(tree: xr.DataTree, name: str, default: Any) -> Any:
    try:
        return json.loads(str(tree.attrs.get(name, ""))) or default
    except json.JSONDecodeError:
        return default
