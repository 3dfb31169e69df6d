"""N-1: each element out of service by itself, what ties bring back, and what is then overloaded or out of bounds.

What an outage leaves without supply is taken over by normally open ties as long as one joins a bus without supply to
one with it, that of the greatest rating first; such a tie can close no loop. Its interlock opens a transformer that
would then feed its high side from below: that side stays dead until another tie reaches it. Then the power flow is
solved anew.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from twin.core.layout import IVec, Vec
from twin.network import radial, topology
from twin.network.radial import Network, NetworkState, Tree

Solve = Callable[[IVec], bool]
"""Solves with these elements closed, into a state; says whether there is a power flow."""


class Limits(NamedTuple):
    """What voltages and loadings (over the rating) are held against."""

    low_pu: float
    high_pu: float
    loading: float = 1.0


class Violations(NamedTuple):
    """What is beyond its limits; each worst first."""

    overloaded: IVec
    """Elements."""
    low: IVec
    """Buses below the lowest voltage."""
    high: IVec
    """Buses above the highest."""


class Outage(NamedTuple):
    """One element out of service."""

    element: int
    ties: list[int]
    """Ties closed to bring back supply."""
    opened: list[int]
    """Transformers opened so that none of those feeds one from its low side."""
    lost_pu: float
    """Load at buses that stay without supply."""
    solved: bool
    found: Violations
    """What was within its limits before, or is more than a percent further beyond; empty at voltage collapse."""
    beyond_pu: float
    """How far the worst voltage in ``found`` is beyond its limit, 0 where there is none."""
    overload: float
    """The loading of the first in ``found.overloaded``, NaN where there is none."""
    highest: int
    """The most loaded element."""
    highest_loading: float
    lowest: int
    """The bus of the lowest voltage among those with supply, -1 where there is none."""
    lowest_pu: float


_WORSE = 1.01
_NONE = Violations(*(np.zeros(0, np.int64) for _ in range(3)))
_NOTHING = (_NONE, 0.0, float("nan"), -1, float("nan"), -1, float("nan"))


def violations(state: NetworkState, limits: Limits) -> Violations:
    """What is beyond ``limits`` in a solved network; buses without supply are no violation of voltage."""
    voltage, loading = state.voltage_pu, state.loading
    over, low = np.flatnonzero(loading > limits.loading), np.flatnonzero((voltage > 0.0) & (voltage < limits.low_pu))
    high = np.flatnonzero(voltage > limits.high_pu)
    return Violations(over[np.argsort(-loading[over])], low[np.argsort(voltage[low])], high[np.argsort(-voltage[high])])


def outages(
    network: Network, in_service: IVec, load_pu: Vec, limits: Limits, solve: Solve, state: NetworkState, steps: IVec
) -> Iterator[Outage]:
    """Each element in service taken out alone.

    ``load_pu`` [n] is what each bus draws, ``state`` what ``solve`` fills, solved; ``steps`` [m] is 1 for transformers,
    whose from side is the high one.
    """
    buses = load_pu.size
    tree = topology.new_tree(buses)
    before = radial.copied(state)
    for element in np.flatnonzero(in_service > 0).tolist():
        closed = in_service.copy()
        closed[element] = 0
        ties, opened = resupply(network, closed, in_service, element, tree, steps)
        state.v_re[:], state.v_im[:] = before.v_re, before.v_im
        lost_pu = float(load_pu[tree.element < 0].sum())
        if solve(closed):
            yield _read(Outage(element, ties, opened, lost_pu, True, *_NOTHING), limits, before, state)
        else:
            yield Outage(element, ties, opened, lost_pu, False, *_NOTHING)


def _read(outage: Outage, limits: Limits, before: NetworkState, state: NetworkState) -> Outage:
    living = np.where(state.voltage_pu > 0.0, state.voltage_pu, np.inf)
    high, low = int(np.argmax(state.loading)), int(np.argmin(living))
    supplied = bool(np.isfinite(living[low]))
    found = violations(state, limits)
    was, now = before.voltage_pu, state.voltage_pu
    worse = Violations(
        found.overloaded[state.loading[found.overloaded] > _WORSE * before.loading[found.overloaded]],
        found.low[now[found.low] < was[found.low] / _WORSE],
        found.high[now[found.high] > _WORSE * was[found.high]],
    )
    beyond = [*(limits.low_pu - now[worse.low]), *(now[worse.high] - limits.high_pu)]
    return outage._replace(
        found=worse, beyond_pu=float(max(beyond, default=0.0)),
        overload=float(state.loading[worse.overloaded[0]]) if worse.overloaded.size else float("nan"),
        highest=high, highest_loading=float(state.loading[high]),
        lowest=low if supplied else -1, lowest_pu=float(living[low]) if supplied else float("nan"),
    )  # fmt: skip


def resupply(
    network: Network, closed: IVec, in_service: IVec, out: int, tree: Tree, steps: IVec
) -> tuple[list[int], list[int]]:
    """Close ties in ``closed`` while one brings supply to buses without it; ``tree`` ends as power then flows.

    Returns those ties, and the transformers opened because they would have fed upwards.
    """
    ties: list[int] = []
    opened: list[int] = []
    waiting = [e for e in np.flatnonzero(in_service <= 0).tolist() if e >= tree.parent.size and e != out]
    topology.switch(network, closed, tree)
    while True:
        alive = tree.element >= 0
        helping = [e for e in waiting if _helps(network, e, alive, steps)]
        if not helping:
            return ties, opened
        best = max(helping, key=lambda e: float(network.rating_pu[e]))
        closed[best] = 1
        ties.append(best)
        topology.switch(network, closed, tree)
        while upward := _upward(tree, alive, steps):
            closed[upward] = 0
            opened += upward
            topology.switch(network, closed, tree)


def _helps(network: Network, tie: int, alive: np.ndarray, steps: IVec) -> bool:
    """Whether ``tie`` brings supply to a dead bus, not up through itself."""
    start, end = alive[network.from_bus[tie]], alive[network.to_bus[tie]]
    return bool(start and not end) or bool(end and not start and not steps[tie])


def _upward(tree: Tree, alive: np.ndarray, steps: IVec) -> list[int]:
    """Transformers fed from their low side in what was not ``alive`` before."""
    fed = np.flatnonzero((tree.element >= 0) & ~alive & (tree.reverse > 0))
    return [e for e in tree.element[fed].tolist() if steps[e]]
