"""Smooth the load of synchronous jobs: a limited rise, clipped peaks, and a power floor that falls at a ramp.

A board may rise by no more than a ramp above the peak it had a little while ago (the peak fades at a rate of its own,
so that the valley of an iteration does not start a new ramp, and the end of a job does), and by no more than a band
above its mean, which takes the top off every iteration. Caps cannot keep load up; a floor does, by dummy work. It
stands at ``floor`` of the rating while a synchronous job holds the server; when none does any more it is held for
``hold_s`` (hysteresis), then falls at ``ramp_down_per_s`` to ``second_floor``. Until a start has risen to it the cap
holds below the floor.

What a floor costs is, of a square wave with duty D between two powers [1],

    energy burnt/energy = (floor - low)+ (1 - D)/(D high + (1 - D) low)

18.3 % of the boards' energy for D = 0.7, low = 0.4, high = 1 and a floor of 0.9. Floors go the way of caps, and act in
the board: valleys that no meter resolves are filled, too.

[1] E. Choukse et al., Power stabilization for AI training datacenters (arXiv 2508.14318). NVML power smoothing of
Blackwell has floor, ramps, hysteresis and secondary floor as parameters of the board; the values here are estimates.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Commands, Seen
from twin.core.layout import Vec


@dataclass
class Smoothing:
    """Limit the rise of every board, clip its peaks to a band above its mean, keep it above a floor if one is set."""

    every_s: float = 1.0
    ramp_up_per_s: float = 0.02  # of the rating, by which a board may rise in a second
    fade_per_s: float = 0.01  # of the rating, by which its peak fades
    band: float = 0.15  # above its mean, to which peaks are clipped
    mean_s: float = 30.0
    floor: float = 0.0  # of the rating, below which no board of a synchronous job falls; 0 for none
    hold_s: float = 10.0  # for which the floor is held when the job is over
    ramp_down_per_s: float = 0.02  # of the rating, by which the floor then falls in a second
    second_floor: float = 0.0  # of the rating, to which it falls
    kinds: tuple[str, ...] = ("training", "square")  # of jobs that are synchronous
    _mean_w: Vec | None = field(default=None, init=False, repr=False)
    _peak_w: Vec | None = field(default=None, init=False, repr=False)
    _time_s: float = field(default=0.0, init=False, repr=False)
    _floor: Vec | None = field(default=None, init=False, repr=False)
    _since_s: Vec | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.second_floor <= max(self.floor, 0.0) <= 1:
            raise ValueError(
                f"floor and second_floor are shares of the rating, the second no higher; "
                f"found {self.floor:g} and {self.second_floor:g}"
            )

    def act(self, seen: Seen) -> Commands:
        """Caps just above what boards draw, and floors below it."""
        fleet, drawn_w = seen.fleet, seen.node_gpu_w / seen.fleet.gpus
        if self._mean_w is None or self._peak_w is None:
            self._mean_w, self._peak_w, self._time_s = drawn_w.copy(), drawn_w.copy(), seen.node_time_s
        since_s = seen.node_time_s - self._time_s
        keep = np.exp(-since_s / self.mean_s)
        self._mean_w = keep * self._mean_w + (1 - keep) * drawn_w
        self._peak_w = np.maximum(drawn_w, self._peak_w - self.fade_per_s * since_s * fleet.gpu_max_w)
        self._time_s = seen.node_time_s
        ramp_w = self.ramp_up_per_s * max(self.every_s, seen.time_s - seen.node_time_s) * fleet.gpu_max_w
        # The clip gives way by a ramp too, or a mean that must rise could not.
        cap_w = np.minimum(self._peak_w, self._mean_w * (1 + self.band)) + ramp_w
        floor_w = self._floors(seen) * fleet.gpu_max_w if self.floor else None
        return Commands(np.clip(cap_w, fleet.gpu_min_cap_w, fleet.gpu_max_w), floor_w=floor_w)

    def _floors(self, seen: Seen) -> Vec:
        """Floor of each server over its rating."""
        if self._floor is None or self._since_s is None:
            self._floor, self._since_s = np.zeros(seen.job.size), np.full(seen.job.size, -np.inf)
        held = np.array([job.kind in self.kinds for job in seen.jobs])[seen.job]
        self._since_s[held] = seen.time_s
        self._floor[held] = self.floor
        falling = ~held & (seen.time_s - self._since_s > self.hold_s)
        lower = np.maximum(self._floor - self.ramp_down_per_s * self.every_s, self.second_floor)
        self._floor[falling] = np.minimum(self._floor, lower)[falling]
        return self._floor.copy()
