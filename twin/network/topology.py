"""What hangs on what: the tree of a network's closed elements, its dead buses and its loops; plain Python.

A breadth-first search from the source gives each bus the element that feeds it. A closed element that joins two buses
already reached closes a loop, which the radial sweep cannot solve. `switch` is called when a breaker moved, not each
second.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.core.layout import IVec
from twin.network.radial import APPARENT, Network, Tree


class Branch(NamedTuple):
    """An element to be built, per unit: it feeds the bus of its name from its parent."""

    name: str
    parent: str
    series: complex
    shunt: complex
    rating_pu: float
    rated_by: int = APPARENT


class Tie(NamedTuple):
    """An element that joins two buses which others feed: its branch, whose parent is one of them, and the other."""

    branch: Branch
    to: str


def faults(parents: dict[str, str], root: str) -> tuple[list[str], list[str]]:
    """Nodes whose parent does not exist, and nodes that never reach the root because they form a cycle."""
    orphans = [name for name, parent in parents.items() if parent != root and parent not in parents]
    reached = {root, *orphans}
    waiting = [name for name in parents if name not in reached]
    while True:
        found = [name for name in waiting if parents[name] in reached]
        if not found:
            return orphans, waiting
        reached.update(found)
        waiting = [name for name in waiting if name not in reached]


def build(root: Branch, branches: Sequence[Branch], ties: Sequence[Tie] = ()) -> tuple[Network, list[str]]:
    """The network, and the names of its buses in the order of its elements, then of its ties. Expects a tree."""
    children: dict[str, list[Branch]] = {}
    for branch in branches:
        children.setdefault(branch.parent, []).append(branch)
    ordered = [root]
    for branch in ordered:
        ordered.extend(children.get(branch.name, []))
    index = {branch.name: i for i, branch in enumerate(ordered)}
    elements = [*ordered, *(tie.branch for tie in ties)]
    network = Network(
        from_bus=np.array([-1] + [index[one.parent] for one in elements[1:]], dtype=np.int64),
        to_bus=np.array([*range(len(ordered)), *(index[tie.to] for tie in ties)], dtype=np.int64),
        r_pu=np.array([one.series.real for one in elements]),
        x_pu=np.array([one.series.imag for one in elements]),
        g_pu=np.array([one.shunt.real for one in elements]),
        b_pu=np.array([one.shunt.imag for one in elements]),
        rating_pu=np.array([one.rating_pu for one in elements]),
        rated_by=np.array([one.rated_by for one in elements], dtype=np.int64),
    )
    for array in network:
        array.flags.writeable = False
    return network, [one.name for one in elements]


def new_tree(buses: int) -> Tree:
    """Room for the tree of so many buses, all dead."""
    by_bus = {name: np.full(buses, -1, np.int64) for name in ("parent", "element")}
    return Tree(np.zeros(buses, np.int64), np.zeros(1, np.int64), reverse=np.zeros(buses, np.int64), **by_bus)


def switch(network: Network, in_service: IVec, tree: Tree) -> list[list[int]]:
    """Write into ``tree`` how closed elements (``in_service`` above 0) feed each bus.

    Returns the loops they close, each as its elements; where there is one, the tree is a spanning tree.
    """
    starts, ends, closed = network.from_bus.tolist(), network.to_bus.tolist(), (in_service > 0).tolist()
    buses = tree.parent.size
    hanging: list[list[tuple[int, int, int]]] = [[] for _ in range(buses)]
    for e in range(1, len(starts)):
        if closed[e]:
            hanging[starts[e]].append((ends[e], e, 0))
            hanging[ends[e]].append((starts[e], e, 1))
    parent, element, reverse = [-1] * buses, [-1] * buses, [0] * buses
    order: list[int] = []
    if closed[0]:
        order, element[0] = [0], 0
    for bus in order:
        for other, e, back in hanging[bus]:
            if element[other] < 0:
                parent[other], element[other], reverse[other] = bus, e, back
                order.append(other)
    tree.order[: len(order)], tree.count[0] = order, len(order)
    tree.parent[:], tree.element[:], tree.reverse[:] = parent, element, reverse
    feeding = set(element)
    spare = [e for e in range(1, len(starts)) if closed[e] and e not in feeding and element[starts[e]] >= 0]
    return [_loop(starts[e], ends[e], e, parent, element) for e in spare]


def _loop(one: int, other: int, closing: int, parent: list[int], element: list[int]) -> list[int]:
    """The elements of the loop that element ``closing`` makes between two buses of a tree."""
    up = [one]
    while parent[up[-1]] >= 0:
        up.append(parent[up[-1]])
    met, found = set(up), []
    while other not in met:
        found.append(element[other])
        other = parent[other]
    down = [element[bus] for bus in reversed(up[: up.index(other)])]
    return [*down, closing, *found]
