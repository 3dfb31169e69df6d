"""Voltage excursions at the point of interconnection and what the load did: how much left, when and how it came back.

Seconds of the site record are taken where no window was open, steps of the window where one was. An excursion is a
spell in which the voltage is outside its normal band; the power before it is the mean of the second before.
"""

import re
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import durations_s, values
from twin.judge.windows import spells

NORMAL_PU = (0.9, 1.1)
RETURNED = 0.9
"""Share of the power before from which load counts as back."""
_ROUNDING_S = 1e-9


class Trace(NamedTuple):
    """Voltage and power over time; records are ``duration_s`` long and end at ``time_s``."""

    time_s: Vec
    duration_s: Vec
    voltage_pu: Vec
    power_w: Vec

    def mean_w(self, from_s: float, to_s: float) -> float:
        """Mean power of the records that end after ``from_s`` and begin before ``to_s``; NaN where there is none."""
        inside = (self.time_s > from_s + _ROUNDING_S) & (self.time_s - self.duration_s < to_s - _ROUNDING_S)
        weights = self.duration_s[inside]
        return float(self.power_w[inside] @ weights / weights.sum()) if weights.size else float("nan")

    @property
    def end_s(self) -> float:
        """End of the last record."""
        return float(self.time_s[-1])


class Excursion(NamedTuple):
    """One spell of voltage outside the normal band: ``first`` to ``last`` are its records in the trace."""

    first: int
    last: int
    begin_s: float
    end_s: float
    lowest_pu: float
    highest_pu: float
    before_w: float
    least_w: float
    """Least power from its begin until a second after its end."""
    after_w: float
    """Mean of the second that begins a second after its end; NaN where the run ends before."""
    back_s: float
    """From its end until the share that counts as back is drawn again; infinite where it never is."""
    steepest_w: float
    """Greatest rise of power within a second from its end until that moment, or the end of the run."""


def window_groups(tree: xr.DataTree) -> list[str]:
    """Groups of results that windows of milliseconds left, in order of time."""
    found = [name for name in tree.children if re.fullmatch(r"window_\d+", name)]
    return sorted(found, key=lambda name: int(name.partition("_")[2]))


def trace(tree: xr.DataTree) -> Trace:
    """Voltage and power at the point of interconnection over the run, as fine as it was recorded."""
    site = tree["site"].to_dataset()
    parts = [_read(site)]
    for name in window_groups(tree):
        fine = _read(tree[name].to_dataset())
        if fine.time_s.size:
            begin, end = fine.time_s[0] - fine.duration_s[0], fine.time_s[-1]
            coarse = parts[0]
            outside = (coarse.time_s <= begin + _ROUNDING_S) | (coarse.time_s > end + _ROUNDING_S)
            parts[0] = Trace(*(column[outside] for column in coarse))
            parts.append(fine)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Trace(*(column[order] for column in columns))


def _read(dataset: xr.Dataset) -> Trace:
    time_s = values(dataset, "time")
    if time_s.size > 1 and "source_pu" in dataset:  # a window begins where it begins, not with the run
        duration_s = np.full(time_s.size, time_s[1] - time_s[0])
    else:
        duration_s = durations_s(dataset)
    known = "feed_voltage_pu" in dataset
    voltage_pu = values(dataset, "feed_voltage_pu") if known else np.full(time_s.size, np.nan)
    return Trace(time_s, duration_s, voltage_pu, values(dataset, "feed_w"))


def excursions(seen: Trace, returned: float = RETURNED) -> list[Excursion]:
    """Every spell of voltage outside the normal band; ``returned`` of the power before counts as back."""
    outside = (seen.voltage_pu < NORMAL_PU[0]) | (seen.voltage_pu > NORMAL_PU[1])
    return [_excursion(seen, spell.first, spell.last, returned) for spell in spells(outside)]


def _excursion(seen: Trace, first: int, last: int, returned: float) -> Excursion:
    begin_s, end_s = float(seen.time_s[first] - seen.duration_s[first]), float(seen.time_s[last])
    before_w = seen.mean_w(begin_s - 1.0, begin_s)
    near = slice(first, int(np.searchsorted(seen.time_s, end_s + 1.0 + _ROUNDING_S)))
    after = seen.time_s > end_s + _ROUNDING_S
    back = np.flatnonzero(after & (seen.power_w >= returned * before_w))
    until = int(back[0]) + 1 if back.size else seen.time_s.size
    whole = end_s + 2.0 <= seen.end_s + _ROUNDING_S
    return Excursion(
        first, last, begin_s, end_s,
        float(seen.voltage_pu[first : last + 1].min()), float(seen.voltage_pu[first : last + 1].max()),
        before_w, float(seen.power_w[near].min()),
        seen.mean_w(end_s + 1.0, end_s + 2.0) if whole else float("nan"),
        float(seen.time_s[back[0]] - seen.duration_s[back[0]]) - end_s if back.size else float("inf"),
        _steepest_w(seen, last, until),
    )  # fmt: skip


def _steepest_w(seen: Trace, first: int, until: int) -> float:
    """Greatest rise between any record from ``first`` on and one up to a second later."""
    time_s, power_w = seen.time_s[first:until], seen.power_w[first:until]
    latest = np.searchsorted(time_s, time_s + 1.0 + _ROUNDING_S) - 1
    return float(max((power_w[latest] - power_w).max(initial=0.0), 0.0))


def within(seen: Trace, one: Excursion, rows: Vec) -> bool:
    """Whether the excursion stays within the times of a table [voltage_pu, seconds] (see `twin.rules.pack`)."""
    span = slice(one.first, one.last + 1)
    voltage, duration = seen.voltage_pu[span], seen.duration_s[span]
    if (voltage < rows[0, 0]).any():
        return False
    for i, (low, allowed_s) in enumerate(rows):
        if np.isinf(allowed_s):
            continue
        high = rows[i + 1, 0] if i + 1 < len(rows) else np.inf
        # Time at this row's voltages or worse: further down below 1 pu, further up above.
        beyond = voltage < high if low < 1.0 else voltage >= low
        if duration[beyond].sum() > allowed_s + _ROUNDING_S and ((voltage >= low) & (voltage < high)).any():
            return False
    return True
