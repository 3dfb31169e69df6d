"""What boards would draw uncapped, from what they draw and the caps they have.

A server that is not capped, or draws less than its cap, shows its natural power. One that presses against its cap wants
at least a little more; what it was known to want before is kept until it no longer presses. Peaks fade over a while.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Seen
from twin.core.layout import Vec

_PRESSING, _MORE = 0.97, 1.05  # of the cap; what it may want over what it draws


@dataclass
class Natural:
    """Estimates natural power of one GPU of each server [W]."""

    memory_s: float = 60.0
    settle_s: float = 10.0  # caps sent so long before a reading may still have held it
    _sent: deque[tuple[float, Vec]] = field(default_factory=deque, repr=False)
    _natural_w: Vec | None = field(default=None, repr=False)
    _time_s: float = field(default=0.0, repr=False)

    def estimate(self, seen: Seen) -> Vec:
        """Natural power of one GPU of each server, at least 1 W and at most its rating."""
        fleet = seen.fleet
        drawn_w = np.maximum(seen.node_gpu_w / fleet.gpus, 1.0)
        least_w = self._least_cap_w(seen)
        pressing = (drawn_w > _PRESSING * least_w) & (least_w < fleet.gpu_max_w)
        natural_w = np.where(pressing, _MORE * drawn_w, drawn_w)
        if self._natural_w is not None:
            fading = np.exp(-(seen.time_s - self._time_s) / self.memory_s)
            before_w = self._natural_w
            before_w *= np.where(pressing, 1.0, fading)
            np.maximum(natural_w, before_w, out=natural_w)
        self._natural_w, self._time_s = np.minimum(natural_w, fleet.gpu_max_w), seen.time_s
        return self._natural_w.copy()

    def _least_cap_w(self, seen: Seen) -> Vec:
        """The least cap that may have held a server when it was read."""
        self._sent.append((seen.time_s, seen.cap_w))
        while len(self._sent) > 1 and self._sent[1][0] < seen.node_time_s - self.settle_s:
            self._sent.popleft()
        return np.min([cap_w for _, cap_w in self._sent], axis=0)
