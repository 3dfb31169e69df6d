"""Reservations, and what of them is not used steered to those that could use more: after NVIDIA's power steering.

Every server has a reservation: its part by rating of the tightest domain above it, so that reservations fit every
domain of the electrical tree together. Each round, who draws less than its reservation keeps what it draws and a
headroom above, the rest goes to the domains it came from; who presses against its cap is given of that in proportion to
what it is short of its rating, as far as every domain above it allows; what is still left goes back to all in the same
way. Caps therefore never add up to more than the budget of any domain, whatever jobs do until the next round.
It knows neither speed curves nor jobs: what `water-filling` does with those is what this leaves undone.

NVIDIA DPS documentation, Power Reservation Steering: collect telemetry, find GPUs that use less than their reservation,
steer watts, validate against the domain, apply, every 10 to 60 s; second-hand, as is the headroom [E].
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.headroom import Headroom
from twin.control.policy import Commands, Fleet, Seen, Tree
from twin.core.layout import Vec

_PRESSING = 0.97  # of its cap: a server that draws more may want any amount
_PASSES = 3  # the first gives all that the tightest domain allows, the others what that left elsewhere


@dataclass
class Steering:
    """Reserve by rating, and steer what is not used to who presses against its cap."""

    every_s: float = 10.0
    margin: float = 0.005
    lead_s: float = 60.0
    hold_s: float = 60.0
    memory_s: float = 60.0
    headroom: float = 0.05  # of what it draws, which a server keeps above that
    _budgets: Headroom = field(init=False, repr=False)
    _drawn_w: Vec | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._budgets = Headroom(self.margin, self.lead_s, self.hold_s)

    def act(self, seen: Seen) -> Commands:
        """Caps after a round of steering."""
        fleet, tree = seen.fleet, seen.fleet.tree
        budget_w = self._budgets.tree(seen)
        low_w, top_w = fleet.gpus * fleet.gpu_min_cap_w, fleet.gpus * fleet.gpu_max_w
        reserved_w = np.maximum(reservations(fleet, budget_w), low_w)
        needs_w = self._needs(seen, top_w)
        cap_w = np.maximum(np.minimum(reserved_w, needs_w), low_w)
        for wanted_w in (needs_w, top_w):
            for _ in range(_PASSES):
                cap_w = cap_w + steered(tree, budget_w, cap_w, np.maximum(wanted_w - cap_w, 0.0))
        return Commands(cap_w / fleet.gpus)

    def _needs(self, seen: Seen, top_w: Vec) -> Vec:
        """What each server draws with its headroom; its rating where it presses against its cap."""
        drawn_w = np.maximum(seen.node_gpu_w, 1.0)
        if self._drawn_w is not None:
            drawn_w = np.maximum(drawn_w, self._drawn_w * np.exp(-self.every_s / self.memory_s))
        self._drawn_w = drawn_w
        pressing = seen.node_gpu_w > _PRESSING * seen.fleet.gpus * np.minimum(seen.cap_w, seen.fleet.gpu_max_w)
        return np.where(pressing, top_w, np.minimum((1 + self.headroom) * drawn_w, top_w))


def reservations(fleet: Fleet, budget_w: Vec) -> Vec:
    """Each server's part by rating of the tightest domain above it [W]."""
    top_w: Vec = fleet.gpus * fleet.gpu_max_w
    return top_w * _least_above(fleet.tree, budget_w, fleet.tree.sums(top_w))


def steered(tree: Tree, budget_w: Vec, cap_w: Vec, wanted_w: Vec) -> Vec:
    """What each server is given of ``wanted_w``: the part of it that every domain above has left."""
    return wanted_w * _least_above(tree, budget_w - tree.sums(cap_w), tree.sums(wanted_w))


def _least_above(tree: Tree, has_w: Vec, asked_w: Vec) -> Vec:
    """Least of ``has_w`` over ``asked_w`` of the nodes above each server, from 0 to 1."""
    part = np.clip(np.divide(has_w, asked_w, out=np.ones(has_w.size), where=asked_w > 0.0), 0.0, 1.0)
    for level in range(1, int(tree.level.max()) + 1):
        own = np.flatnonzero(tree.level == level)
        part[own] = np.minimum(part[own], part[tree.parent[own]])
    least: Vec = part[tree.leaf]
    return least
