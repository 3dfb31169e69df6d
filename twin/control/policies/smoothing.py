"""Smooth the load of synchronous jobs as far as caps can: a limited rise and clipped peaks.

A board may rise by no more than a ramp above the peak it had a little while ago (the peak fades at a rate of its own,
so that the valley of an iteration does not start a new ramp, and the end of a job does), and by no more than a band
above its mean, which takes the top off every iteration. Caps cannot keep load up: a power floor, dummy work or storage
must fill the valleys.

E. Choukse et al., Power stabilization for AI training datacenters (arXiv 2508.14318), its software part; NVML power
smoothing has ramp rates, a floor and hysteresis in the board.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Commands, Seen
from twin.core.layout import Vec


@dataclass
class Smoothing:
    """Limit the rise of every board, and clip its peaks to a band above its mean."""

    every_s: float = 1.0
    ramp_up_per_s: float = 0.02  # of the rating, by which a board may rise in a second
    fade_per_s: float = 0.01  # of the rating, by which its peak fades
    band: float = 0.15  # above its mean, to which peaks are clipped
    mean_s: float = 30.0
    _mean_w: Vec | None = field(default=None, init=False, repr=False)
    _peak_w: Vec | None = field(default=None, init=False, repr=False)
    _time_s: float = field(default=0.0, init=False, repr=False)

    def act(self, seen: Seen) -> Commands:
        """Caps just above what boards draw."""
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
        return Commands(np.clip(cap_w, fleet.gpu_min_cap_w, fleet.gpu_max_w))
