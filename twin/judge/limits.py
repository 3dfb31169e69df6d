"""Was the limit in force held? Judged as mean of 1 s, 10 s, 1 min and demand interval, for the feed and substations.

A window is judged against the time-mean of the limit in it, since a limit may change within. Windows of a minute and
of the demand interval are aligned with the clock, as a revenue meter's are; a window the run covers only in part is
not judged.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.layout import Vec
from twin.judge.result import ClockTime, durations_s, group, texts, values
from twin.judge.windows import clock_windows, spells

DEFAULT_DEMAND_INTERVAL_S = 900.0
OVERSHOOT = 0.01


class LimitVerdict(NamedTuple):
    """One limit judged in one window length."""

    where: str
    window: str
    window_s: float
    binding: bool
    judged: int
    above_s: float
    above_j: float
    excess_w: float
    excess_percent: float
    longest_s: float
    first_s: float
    worst_s: float

    @property
    def held(self) -> bool:
        """Whether every judged window is at or under the limit."""
        return self.above_s == 0.0

    @property
    def words(self) -> str:
        """``held``, ``exceeded``, or ``not judged`` where no window is complete."""
        return "not judged" if self.judged == 0 else "held" if self.held else "exceeded"


class CallVerdict(NamedTuple):
    """What followed a drop of the limit, up to its next change; ``reached_s`` is nan if power never came down."""

    where: str
    at_s: float
    until_s: float
    before_w: float
    limit_w: float
    reached_s: float
    above_s: float
    overshoot_s: float
    peak_w: float
    energy_above_j: float


class LimitedPower(NamedTuple):
    """A power that has a limit, record by record."""

    where: str
    power_w: Vec
    limit_w: Vec


def window_lengths(tree: xr.DataTree) -> dict[str, float]:
    """The windows a limit is judged in, by the name that ``binding_limit_window`` uses [s]."""
    interval = float(tree.attrs.get("demand_interval_s", DEFAULT_DEMAND_INTERVAL_S))
    return {"1 s": 1.0, "10 s": 10.0, "1 min": 60.0, "demand interval": interval}


def limited_powers(tree: xr.DataTree) -> list[LimitedPower]:
    """The feed first, then each substation; those without a finite limit are left out."""
    site = tree["site"].to_dataset()
    found = []
    if "limit_w" in site:
        found.append(LimitedPower("feed", values(site, "feed_w"), values(site, "limit_w")))
    if "substation_w" in site and "substation_limit_w" in site:
        power, limit = values(site, "substation_w"), values(site, "substation_limit_w")
        limit = np.broadcast_to(limit, power.shape)
        names = texts(site, "substation")
        found += [LimitedPower(name, power[:, i], limit[:, i]) for i, name in enumerate(names)]
    return [one for one in found if np.isfinite(one.limit_w).any()]


def judge_limits(tree: xr.DataTree) -> list[LimitVerdict]:
    """Every limit in every window, the feed's first."""
    site = group(tree, "site")
    assert site is not None
    time, duration = values(site, "time"), durations_s(site)
    binding = str(tree.attrs.get("binding_limit_window", "1 s"))
    midnight = ClockTime.of(tree).midnight_s
    return [
        _judge(one, (name, length, name == binding), time, duration, midnight)
        for one in limited_powers(tree)
        for name, length in window_lengths(tree).items()
    ]


def _judge(
    one: LimitedPower, window: tuple[str, float, bool], time_s: Vec, duration_s: Vec, midnight_s: float
) -> LimitVerdict:
    name, length, binding = window
    cut = clock_windows(time_s, duration_s, length, midnight_s)
    # A moment without a limit counts as an infinite one, so a window that holds such a moment cannot be above.
    limit = cut.mean(np.where(np.isnan(one.limit_w), np.inf, one.limit_w), duration_s)[cut.complete]
    power = cut.mean(one.power_w, duration_s)[cut.complete]
    start = cut.start_s[cut.complete]
    excess = np.where(np.isfinite(limit), power - limit, -np.inf)
    above = excess > 0.0
    if not above.any():
        nothing = (0.0, 0.0, 0.0, 0.0, 0.0, np.nan, np.nan)
        return LimitVerdict(one.where, name, length, binding, len(start), *nothing)
    worst = int(np.argmax(excess))
    longest = max(spell.last - spell.first + 1 for spell in spells(above))
    return LimitVerdict(
        one.where, name, length, binding, len(start),
        above_s=float(above.sum() * length),
        above_j=float(excess[above].sum() * length),
        excess_w=float(excess[worst]),
        excess_percent=float(100.0 * excess[worst] / limit[worst]),
        longest_s=longest * length,
        first_s=float(start[above][0]),
        worst_s=float(start[worst]),
    )  # fmt: skip


def binding_verdict(verdicts: list[LimitVerdict], where: str = "feed") -> LimitVerdict | None:
    """The verdict in the window that the site says binds, ``None`` where there is no limit."""
    return next((one for one in verdicts if one.where == where and one.binding), None)


def judge_calls(tree: xr.DataTree) -> list[CallVerdict]:
    """What followed each drop of a limit; a limit that ramps down counts as one drop, judged from its end."""
    site = tree["site"].to_dataset()
    time, duration = values(site, "time"), durations_s(site)
    found = [_call(one, k, time, duration) for one in limited_powers(tree) for k in _drops(one.limit_w)]
    return sorted(found, key=lambda call: call.at_s)


def _drops(limit_w: Vec) -> list[int]:
    change = np.diff(np.where(np.isnan(limit_w), np.inf, limit_w), prepend=limit_w[0])
    falling = np.nan_to_num(change, nan=0.0, posinf=np.inf, neginf=-np.inf) < 0.0
    return [spell.last for spell in spells(falling)]


def _call(one: LimitedPower, k: int, time_s: Vec, duration_s: Vec) -> CallVerdict:
    limit = float(one.limit_w[k])
    later = np.flatnonzero(one.limit_w[k:] != limit)
    end = k + int(later[0]) if later.size else len(time_s)
    power, step = one.power_w[k:end], duration_s[k:end]
    begin = float(time_s[k] - duration_s[k])
    excess = power - limit
    under = np.flatnonzero(excess <= 0.0)
    reached = float(time_s[k + under[0]] - duration_s[k + under[0]] - begin) if under.size else np.nan
    return CallVerdict(
        one.where, begin, float(time_s[end - 1]),
        before_w=float(one.limit_w[k - 1]),
        limit_w=limit,
        reached_s=reached,
        above_s=float(step[excess > 0.0].sum()),
        overshoot_s=float(step[excess > OVERSHOOT * limit].sum()),
        peak_w=float(power.max()),
        energy_above_j=float((np.maximum(excess, 0.0) * step).sum()),
    )  # fmt: skip
