"""The path of a cap from the policy to the boards: range, quantum, latency. No policy gets round it."""

from collections import deque
from math import inf

import numpy as np

from twin.control.policy import Fleet
from twin.core.layout import Vec


class CapPath:
    """Caps under way: each arrives ``latency`` ticks after it was sent."""

    def __init__(self, fleet: Fleet, latency: int, quantum_w: float) -> None:
        self._fleet, self._latency, self._quantum_w = fleet, latency, quantum_w
        self._under_way: deque[tuple[int, Vec]] = deque()
        self.sent_w = fleet.gpu_max_w.copy()

    def send(self, tick: int, cap_w: Vec) -> None:
        """Send caps at ``tick``: cut to the boards' range, rounded down to the quantum."""
        cap_w = np.asarray(cap_w, dtype=float)
        if cap_w.shape != self._fleet.gpu_max_w.shape or np.isnan(cap_w).any():
            message = f"a policy must send one cap for each of {self._fleet.gpu_max_w.size} servers, and no NaN"
            raise ValueError(message)
        held = np.clip(cap_w, self._fleet.gpu_min_cap_w, self._fleet.gpu_max_w)
        self.sent_w = np.floor(held / self._quantum_w) * self._quantum_w
        self._under_way.append((tick + self._latency, self.sent_w))

    def second_arrival(self) -> float:
        """The tick at which the caps after the next arrive; infinity where none are under way."""
        return self._under_way[1][0] if len(self._under_way) > 1 else inf

    def arriving(self, end: int) -> tuple[int, Vec] | None:
        """When the next caps arrive and what they are, taken off the path, if that is before ``end``."""
        return self._under_way.popleft() if self._under_way and self._under_way[0][0] < end else None
