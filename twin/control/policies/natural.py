"""What boards would draw uncapped, from what they draw and the caps they have.

A server that is not capped, or draws less than its cap, shows its natural power. One that presses against its cap wants
at least a little more; what it was known to want before is kept as long as it presses. The greatest reading of a while
counts: power goes up and down with every iteration of a training, and meters see one second of several, so that who is
given what was read last is given too little for the next peak, and draws more than that if nothing caps it.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Seen
from twin.core.layout import Vec

_PRESSING, _MORE = 0.97, 1.05  # of the cap; what it may want over what it draws
_PARTS = 12  # of the memory: peaks of each are kept together


@dataclass
class Natural:
    """Estimates natural power of one GPU of each server [W]: its peak over ``memory_s`` and at most a twelfth more."""

    memory_s: float = 60.0
    settle_s: float = 10.0  # caps sent so long before a reading may still have held it
    _sent: deque[tuple[float, Vec]] = field(default_factory=deque, repr=False)
    _peaks_w: deque[tuple[float, Vec]] = field(default_factory=deque, repr=False)

    def estimate(self, seen: Seen) -> Vec:
        """Natural power of one GPU of each server, at least 1 W and at most its rating."""
        fleet = seen.fleet
        drawn_w = np.maximum(seen.node_gpu_w / fleet.gpus, 1.0)
        least_w = self._least_cap_w(seen)
        pressing = (drawn_w > _PRESSING * least_w) & (least_w < fleet.gpu_max_w)
        wanted_w = np.minimum(np.where(pressing, _MORE * drawn_w, drawn_w), fleet.gpu_max_w)
        if self._peaks_w:
            wanted_w = np.where(pressing, np.maximum(wanted_w, self._greatest()), wanted_w)
        self._keep(seen.time_s, wanted_w)
        return self._greatest()

    def _greatest(self) -> Vec:
        greatest_w = self._peaks_w[0][1].copy()
        for _, peak_w in self._peaks_w:
            np.maximum(greatest_w, peak_w, out=greatest_w)
        return greatest_w

    def _keep(self, time_s: float, wanted_w: Vec) -> None:
        if self._peaks_w and time_s - self._peaks_w[-1][0] < self.memory_s / _PARTS:
            np.maximum(self._peaks_w[-1][1], wanted_w, out=self._peaks_w[-1][1])
        else:
            self._peaks_w.append((time_s, wanted_w))
        # A part is dropped once all of it is too old.
        while len(self._peaks_w) > 1 and self._peaks_w[1][0] <= time_s - self.memory_s:
            self._peaks_w.popleft()

    def _least_cap_w(self, seen: Seen) -> Vec:
        """The least cap that may have held a server when it was read."""
        self._sent.append((seen.time_s, seen.cap_w))
        while len(self._sent) > 1 and self._sent[1][0] < seen.node_time_s - self.settle_s:
            self._sent.popleft()
        least_w = seen.cap_w.copy()
        for _, cap_w in self._sent:
            np.minimum(least_w, cap_w, out=least_w)
        return least_w
