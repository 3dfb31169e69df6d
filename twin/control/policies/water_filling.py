"""Watts where they do most work: the optimum for concave curves of speed under every budget of the electrical tree.

    max sum_i g_i a_i U_i(p_i)   so that   sum_{i under n} g_i p_i <= B_n at every node n,   low_i <= p_i <= w_i

with g_i GPUs of a server, a_i their activity, w_i their natural power and U_i = 1 - l1 x - l2 x^2 the speed left when
the share x = 1 - p_i/w_i is withheld (see `loss`; what it costs to be capped at all is left out of the choice). At the
optimum the gain of one more watt, a_i U_i'(p_i), is the sum of the multipliers of the nodes above, or p_i stands at a
bound. Budgets are nested, so that sum is the greatest over the nodes above of the multiplier at which a node with all
below it just fills its own budget: found from racks to feed, by Newton's method on sums that are piecewise linear in
the multiplier, safeguarded by bisection. Who is not held back has no cap and counts with natural power.

Proportional sharing loses more than this, never less: it is the bound that other policies are held against, as far as
meters tell natural power. Such problems are surveyed by M. Patriksson, European J. Operational Research 185 (2008) 1.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from twin.control.policies.headroom import Headroom
from twin.control.policies.loss import coefficients
from twin.control.policies.natural import Natural
from twin.control.policy import Commands, Fleet, Seen, Tree
from twin.core.layout import IVec, Vec

_ROUNDS, _CLOSE, _LEAST_ACTIVITY = 60, 1e-9, 0.01


@dataclass
class WaterFilling:
    """Share budgets of the whole tree so that most work is done: the bound for other policies."""

    every_s: float = 5.0
    margin: float = 0.005
    lead_s: float = 60.0
    hold_s: float = 60.0
    memory_s: float = 60.0
    _headroom: Headroom = field(init=False, repr=False)
    _natural: Natural = field(init=False, repr=False)
    _below: "Below | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._headroom, self._natural = Headroom(self.margin, self.lead_s, self.hold_s), Natural(self.memory_s)

    def act(self, seen: Seen) -> Commands:
        """Caps at equal gain of one more watt, under every budget."""
        fleet, natural_w = seen.fleet, self._natural.estimate(seen)
        cap_w = self._caps(seen, natural_w)
        return Commands(lift_free(cap_w, natural_w, fleet.gpu_max_w))

    def _caps(self, seen: Seen, natural_w: Vec) -> Vec:
        """What `fill` gives each server's GPUs."""
        fleet = seen.fleet
        below, budget_w = self._budgets(seen)
        return fill(fleet, below, budget_w, natural_w, activity(fleet, natural_w), fleet.gpu_max_w)

    def _budgets(self, seen: Seen) -> "tuple[Below, Vec]":
        """Who is below each node of the tree as it is fed now, and what is left for boards there."""
        if self._below is None or self._below.tree is not seen.fleet.tree:
            self._below = Below(seen.fleet.tree)
        return self._below, self._headroom.tree(seen)


def activity(fleet: Fleet, natural_w: Vec) -> Vec:
    """Activity of a server's GPUs, from their natural power."""
    share = (natural_w - fleet.gpu_idle_w) / (fleet.gpu_max_w - fleet.gpu_idle_w)
    return np.clip(share, _LEAST_ACTIVITY, 1.0)


class Below:
    """The servers below each node of a tree, found once they are asked for, and the price there was last."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self._servers = tree, dict[int, IVec]()
        self.price: dict[int, float] = {}

    def servers(self, node: int) -> IVec:
        """The servers below ``node``."""
        if node not in self._servers:
            at = self.tree.leaf.copy()
            while (over := self.tree.level[at] > self.tree.level[node]).any():
                at[over] = self.tree.parent[at[over]]
            self._servers[node] = np.flatnonzero(at == node)
        return self._servers[node]


def fill(fleet: Fleet, below: Below, budget_w: Vec, natural_w: Vec, weight: Vec, top_w: Vec) -> Vec:
    """Caps of one GPU of each server that do most work, at most ``top_w``.

    ``weight`` is what full speed of one of its GPUs is worth.
    """
    curves = curves_of(fleet, natural_w, weight, top_w)
    price = np.zeros(natural_w.size)
    power_w = power(curves, price)
    # Prices only lower power: a node that has enough without any has always enough.
    over = np.flatnonzero(fleet.tree.sums(curves.gpus * power_w) > budget_w * (1 + _CLOSE))
    for node in over[np.argsort(-fleet.tree.level[over], kind="stable")].tolist():
        servers = below.servers(node)
        own = curves if servers.size == price.size else Curves(*(values[servers] for values in curves))
        floor = price if servers.size == price.size else price[servers]
        below.price[node] = clearing_price(own, floor, float(budget_w[node]), below.price.get(node, 0.0))
        price[servers] = np.maximum(floor, below.price[node])
    return power(curves, price) if over.size else power_w


class Curves(NamedTuple):
    """Power of a GPU of each server against the price of a watt: straight between two bounds."""

    gpus: Vec
    start_w: Vec
    slope: Vec
    low_w: Vec
    top_w: Vec


def curves_of(fleet: Fleet, natural_w: Vec, weight: Vec, top_w: Vec) -> Curves:
    """The curves at which the gain of a watt equals its price."""
    top_w = np.minimum(natural_w, top_w)
    _, linear, quadratic = coefficients(fleet, natural_w)
    return Curves(
        gpus=fleet.gpus.astype(float),
        start_w=natural_w * (1 + linear / (2 * quadratic)),
        slope=natural_w**2 / (2 * quadratic * weight),
        low_w=np.minimum(fleet.gpu_min_cap_w, top_w),
        top_w=top_w,
    )


def power(curves: Curves, price: Vec | float) -> Vec:
    """Power [W] of one GPU at a ``price`` of work for each watt."""
    wanted_w = curves.slope * price
    np.subtract(curves.start_w, wanted_w, out=wanted_w)
    np.maximum(wanted_w, curves.low_w, out=wanted_w)
    return np.minimum(wanted_w, curves.top_w, out=wanted_w)


def clearing_price(curves: Curves, floor: Vec, budget_w: float, start: float) -> float:
    """The price at which servers that pay ``floor`` or more draw ``budget_w``, or the least at which all are lowest."""
    low, most = 0.0, float(((curves.start_w - curves.low_w) / curves.slope).max())
    price = start if low < start < most else 0.0
    floored = bool(floor.any())
    for _ in range(_ROUNDS):
        power_w = power(curves, np.maximum(floor, price) if floored else price)
        # Not a dot product: BLAS would wake threads of its own beside the solver's.
        excess_w = float((curves.gpus * power_w).sum()) - budget_w
        if abs(excess_w) <= _CLOSE * abs(budget_w):
            break
        low, most = (price, most) if excess_w > 0 else (low, price)
        moves = (power_w > curves.low_w) & (power_w < curves.top_w)
        moves = moves & (floor <= price) if floored else moves
        falls = float((curves.gpus * curves.slope * moves).sum())
        price = price + excess_w / falls if falls > 0 else most
        # Newton's step, or half the bracket where it leaves it.
        if not low < price < most:
            price = 0.5 * (low + most)
        if most - low <= 1e-15 * most:
            break
    return price


def lift_free(cap_w: Vec, natural_w: Vec, top_w: Vec) -> Vec:
    """No cap for who is not held back: it would save nothing, and cost speed wherever power varies."""
    return np.where(cap_w >= natural_w * (1 - 1e-9), top_w, cap_w)
