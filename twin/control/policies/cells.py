"""Which budgets of a tree bind, and servers that are alike below the same ones, gathered into cells."""

from typing import NamedTuple

import numpy as np

from twin.control.policy import Tree
from twin.core.layout import IVec, Vec

_CLOSE = 1e-9


class Budgets(NamedTuple):
    """Those nodes whose budgets natural power would exceed, racks first, and who is below them."""

    nodes: IVec
    under: np.ndarray  # [node, group]: a group is the servers whose innermost such node is the same
    group: IVec  # of each server; -1 above all such nodes


def binding(tree: Tree, budget_w: Vec, power_w: Vec) -> Budgets:
    """The budgets that ``power_w``, an entry a server, would exceed."""
    over = tree.sums(power_w) > budget_w * (1 + _CLOSE)
    nodes = np.flatnonzero(over)
    nodes = nodes[np.argsort(-tree.level[nodes], kind="stable")]
    inner = np.where(over, np.arange(over.size), -1)
    place = np.full(over.size + 1, -1)
    place[nodes] = np.arange(nodes.size)
    under = np.eye(nodes.size, dtype=bool)
    for level in range(1, int(tree.level.max()) + 1):
        own = np.flatnonzero(tree.level == level)
        inner[own] = np.where(over[own], own, inner[tree.parent[own]])
    for k in range(nodes.size - 1, -1, -1):
        above = inner[tree.parent[nodes[k]]] if tree.parent[nodes[k]] >= 0 else -1
        if above >= 0:
            under[:, k] |= under[:, place[above]]
    return Budgets(nodes, under, place[inner[tree.leaf]])


class Cells(NamedTuple):
    """Servers with one curve, one job that waits for its slowest (0 where none) and one group."""

    of: IVec  # the cell of each server
    row: IVec
    job: IVec
    group: IVec
    watts: Vec  # natural power of all of them
    worth: Vec  # of their full speed


def cells_of(row: IVec, job: IVec, group: IVec, watts: Vec, worth: Vec) -> Cells:
    """Gather servers, each with its row of curves, job, group, natural power and worth."""
    rows, groups = int(row.max()) + 1, int(group.max()) + 2
    key = (job * groups + group + 1) * rows + row
    used = np.zeros((int(job.max()) + 1) * groups * rows, bool)
    used[key] = True
    found = np.flatnonzero(used)
    of = (np.cumsum(used) - 1)[key]
    pair, row = np.divmod(found, rows)
    job, group = np.divmod(pair, groups)
    return Cells(of, row, job, group - 1, *(np.bincount(of, weights=w).astype(float) for w in (watts, worth)))
