"""What is left for GPU boards: a limit less everything else at its meter, the *overhead*.

The overhead (cooling, losses, other parts of servers) is what a meter showed less what the boards below it drew at
that time. It follows the boards with the thermal delay of the cooling, so its greatest value over a while counts.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Seen
from twin.core.layout import Vec


@dataclass
class Headroom:
    """Power for boards below feed and substations, or below every node of the electrical tree."""

    margin: float
    lead_s: float  # a limit that is announced is obeyed so much early
    hold_s: float  # overheads count at their greatest over this time
    power_factor: float = 0.97  # active over apparent power, for equipment rated in VA
    _overheads: deque[tuple[float, Vec]] = field(default_factory=deque, repr=False)

    def metered(self, seen: Seen) -> Vec:
        """Power left for boards [W] at the feed and at each substation."""
        boards_w = seen.fleet.by_substation(seen.node_gpu_w)
        overhead_w = np.array([seen.feed_then_w - seen.node_gpu_w.sum(), *(seen.substation_then_w - boards_w)])
        limit_w = np.array([seen.least_limit_w(self.lead_s), *seen.substation_limit_w])
        return limit_w * (1 - self.margin) - self._greatest(seen.time_s, overhead_w)

    def tree(self, seen: Seen) -> Vec:
        """Power left for boards [W] below each node of the tree, infinite where nothing bounds it."""
        tree = seen.fleet.tree
        level_w = seen.level_w.copy()
        level_w[0], level_w[tree.substations] = seen.feed_then_w, seen.substation_then_w
        overhead_w = np.maximum(level_w - tree.sums(seen.node_gpu_w), 0.0)
        limit_w = np.minimum(tree.limit_w, tree.rating_va * self.power_factor)
        limit_w[0] = min(limit_w[0], seen.least_limit_w(self.lead_s))
        return limit_w * (1 - self.margin) - self._greatest(seen.time_s, overhead_w)

    def _greatest(self, time_s: float, overhead_w: Vec) -> Vec:
        self._overheads.append((time_s, overhead_w))
        while time_s - self._overheads[0][0] >= max(self.hold_s, 1e-9) and len(self._overheads) > 1:
            self._overheads.popleft()
        return np.max([kept for _, kept in self._overheads], axis=0)
