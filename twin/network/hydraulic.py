"""Flows in ladders of parallel branches between a supply and a return header, and in trees of such ladders.

A branch and a length of header (supply and return pipe together, direct return) drop

    k m sqrt(m^2 + s^2) + l m    with s a ten-thousandth of the branch's flow at design, 0 in headers

A ladder is shot from its far end: a flow of the last open branch gives the drop there, that the flow of the branch
before it, and so on to the inlet, with derivatives. What stands before the inlet is lift - fall M^2: a given drop
(fall 0) or a pump's curve with its static head and all resistance in series. The root of drop + fall M^2 = lift is
sought by safeguarded Newton on the logarithms of both and of the far flow: drops that are purely quadratic make this
a straight line, so that two marches are enough. In a tree each branch of the main header is a ladder (a row),
replaced by the k and l of the same drop and slope; since every part's drop grows with a power of flow between 1 and
2, so does the row's, and both are positive. The rows are not solved one by one: all of them march once a sweep.

One pump and no other source: water flows forward in every branch or stands. An infinite k is a closed branch. [1]

[1] E. Todini, S. Pilati, A gradient algorithm for the analysis of pipe networks, in Computer Applications in Water
    Supply 1 (1988), for the same equations in a general network.
"""

from math import inf, isfinite, sqrt
from typing import Annotated, NamedTuple

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen

_SMALL_SHARE = 1e-4
_CLOSE, _TREE_CLOSE = 1e-12, 1e-11
_MOST_MARCHES, _MOST_SWEEPS = 100, 60


class Ladders(NamedTuple):
    """Constants of the branches of many ladders, each ladder a slice from its inlet to its far end."""

    header_k_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of both headers from the branch before")]
    header_l_pa_s_kg: Annotated[Vec, Var("Pa s kg-1", "its part that grows with flow")]
    small_kg_s: Annotated[Vec, Var("kg s-1", "flow below which a branch is as good as laminar")]


class Tree(NamedTuple):
    """Rows that hang on main headers; a hall's rows follow each other from its inlet."""

    main: Ladders
    """One entry a row."""
    rows: Ladders
    """One entry a branch."""
    row_first: Annotated[IVec, Var("1", "first branch of each row, and the number of branches")]


class TreeState(NamedTuple):
    """The last solution of every hall."""

    flow_kg_s: Annotated[Vec, Var("kg s-1", "flow of each branch")]
    row_kg_s: Annotated[Vec, Var("kg s-1", "flow of each row")]
    row_pa: Annotated[Vec, Var("Pa", "pressure drop over each row, at its inlet")]
    row_k_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of each row, infinite where all is closed")]
    row_l_pa_s_kg: Annotated[Vec, Var("Pa s kg-1", "its part that grows with flow")]
    row_gain: Annotated[Vec, Var("1", "change of each row's flow with that of its last open branch")]
    asked_kg_s: Annotated[Vec, Var("kg s-1", "flow of each row that the main headers ask for")]


def ladders(header_k_pa_s2_kg2: Vec, header_l_pa_s_kg: Vec, design_kg_s: Vec) -> Ladders:
    """Constants from the headers' resistance and each branch's flow at design (0 for rows of a tree)."""
    return frozen(
        Ladders,
        header_k_pa_s2_kg2=header_k_pa_s2_kg2,
        header_l_pa_s_kg=header_l_pa_s_kg,
        small_kg_s=_SMALL_SHARE * np.asarray(design_kg_s),
    )


@kernel
def drop_pa(quadratic, linear, small, flow):
    """Drop [Pa] of a branch of resistances k [Pa s2 kg-2] and l [Pa s kg-1] at a flow [kg/s]."""
    return flow * (quadratic * sqrt(flow * flow + small * small) + linear)


@kernel
def _slope_pa_s_kg(quadratic, linear, small, flow):
    root = sqrt(flow * flow + small * small)
    return quadratic * (root + flow * flow / root) + linear


@kernel
def branch_flow_kg_s(quadratic, linear, small, drop):
    """Flow [kg/s] of a branch under a drop [Pa]; 0 where it is closed or the drop is not positive."""
    if not drop > 0.0 or quadratic == inf:
        return 0.0
    if linear == 0.0:
        part = drop / quadratic
        below = small * small / part
        return sqrt(2.0 * part / (below + sqrt(below * below + 4.0)))
    flow = 2.0 * drop / (linear + sqrt(linear * linear + 4.0 * quadratic * drop))
    if small > 0.0:
        # From above the root of a convex function: each step falls towards it.
        for _ in range(50):
            step = (drop_pa(quadratic, linear, small, flow) - drop) / _slope_pa_s_kg(quadratic, linear, small, flow)
            flow -= step
            if step <= 1e-14 * flow:
                break
    return flow


@kernel
def _last_open(quadratic, first, last):
    """The last branch of a slice that is not closed, or -1."""
    for j in range(last - 1, first - 1, -1):
        if quadratic[j] < inf:
            return j
    return -1


@kernel
def _march(header, quadratic, linear, first, far, flow):
    """Fill ``flow`` from its far end to the inlet; flow and drop there, and the slope of both with ``flow[far]``."""
    k, first_order, small, total, total_x = quadratic[far], linear[far], header.small_kg_s[far], flow[far], 1.0
    drop, drop_x = drop_pa(k, first_order, small, total), _slope_pa_s_kg(k, first_order, small, total)
    for j in range(far, first - 1, -1):
        if j < far:
            k, first_order, small = quadratic[j], linear[j], header.small_kg_s[j]
            flow[j] = branch_flow_kg_s(k, first_order, small, drop)
            total += flow[j]
            if flow[j] > 0.0:
                total_x += drop_x / _slope_pa_s_kg(k, first_order, small, flow[j])
        k, first_order = header.header_k_pa_s2_kg2[j], header.header_l_pa_s_kg[j]
        drop += total * (k * total + first_order)
        drop_x += total_x * (2.0 * k * total + first_order)
    return total, drop, total_x, drop_x


@kernel
def solve_ladder(header, quadratic, linear, first, last, lift_pa, fall_pa_s2_kg2, flow):
    """Fill ``flow`` [kg/s] of the branches ``first`` to ``last`` (not included) under lift - fall M^2 at the inlet.

    ``quadratic`` and ``linear`` are the k and l of the branches now; ``flow`` holds the last solution. Returns flow
    [kg/s] and drop [Pa] at the inlet and the marches taken, 0 where nothing can flow, -1 where no flow was found.
    """
    far = _last_open(quadratic, first, last)
    flow[far + 1 : last] = 0.0
    if far < 0 or not lift_pa > 0.0:
        flow[first:last] = 0.0
        return 0.0, max(lift_pa, 0.0), 0
    low, high = 0.0, branch_flow_kg_s(quadratic[far], linear[far], header.small_kg_s[far], lift_pa)
    x = flow[far]
    if not 0.0 < x <= high:
        x = high
    for n in range(_MOST_MARCHES):
        flow[far] = x
        total, drop, total_x, drop_x = _march(header, quadratic, linear, first, far, flow)
        used = drop + fall_pa_s2_kg2 * total * total
        if abs(used - lift_pa) <= _CLOSE * lift_pa:
            return total, drop, n + 1
        if not isfinite(used):
            high, x = x, 1e-60 * x
            continue
        if used > lift_pa:
            high = x
        else:
            low = x
        x *= (lift_pa / used) ** (used / (x * (drop_x + 2.0 * fall_pa_s2_kg2 * total * total_x)))
        if not low < x < high:
            x = sqrt(low * high) if low > 0.0 else 1e-3 * high
    flow[first:last] = 0.0
    return 0.0, 0.0, -1


@kernel
def _march_rows(tree, quadratic, linear, first_row, last_row, state):
    """Each row's flow and drop, and the k and l of a branch with the same drop and slope."""
    for r in range(first_row, last_row):
        first, last = tree.row_first[r], tree.row_first[r + 1]
        far = _last_open(quadratic, first, last)
        state.row_l_pa_s_kg[r] = 0.0
        if far < 0:
            state.flow_kg_s[first:last] = 0.0
            state.row_k_pa_s2_kg2[r], state.row_kg_s[r], state.row_pa[r] = inf, 0.0, 0.0
            continue
        state.flow_kg_s[far + 1 : last] = 0.0
        if not 0.0 < state.flow_kg_s[far] < inf:
            state.flow_kg_s[far] = tree.rows.small_kg_s[far] / _SMALL_SHARE
        total, drop, total_x, drop_x = _march(tree.rows, quadratic, linear, first, far, state.flow_kg_s)
        secant = drop / total
        first_order = max(0.0, 2.0 * secant - drop_x / total_x)
        state.row_kg_s[r], state.row_pa[r], state.row_gain[r] = total, drop, total_x
        state.row_k_pa_s2_kg2[r], state.row_l_pa_s_kg[r] = (secant - first_order) / total, first_order


@kernel
def _distance(first_row, last_row, state):
    """Largest relative difference between what the main headers ask of a row and its flow."""
    most = 0.0
    for r in range(first_row, last_row):
        if state.row_kg_s[r] > 0.0:
            most = max(most, abs(state.asked_kg_s[r] / state.row_kg_s[r] - 1.0))
    return most


@kernel
def _shift_rows(tree, quadratic, first_row, last_row, state):
    """Move the far flow of each row by Newton's step towards what the main headers ask, at most tenfold."""
    for r in range(first_row, last_row):
        far = _last_open(quadratic, tree.row_first[r], tree.row_first[r + 1])
        if far >= 0:
            flow, now = state.flow_kg_s[far], state.row_kg_s[r]
            moved = 1.0 + (state.asked_kg_s[r] - now) / (state.row_gain[r] * flow)
            state.flow_kg_s[far] = flow * min(max(moved, 0.1), 10.0)


@kernel
def _stand_still(tree, first_row, last_row, state):
    state.flow_kg_s[tree.row_first[first_row] : tree.row_first[last_row]] = 0.0
    state.row_kg_s[first_row:last_row] = 0.0
    state.row_pa[first_row:last_row] = 0.0


@kernel
def solve_tree(tree, quadratic, linear, first_row, last_row, lift_pa, fall_pa_s2_kg2, state):
    """Flows of the hall whose rows are ``first_row`` to ``last_row`` (not included) under lift - fall M^2 at its inlet.

    ``quadratic`` and ``linear`` are the k and l of every branch now; ``state`` holds the last solution. Returns flow
    [kg/s] and drop [Pa] at the inlet and the sweeps taken, 0 where nothing can flow, -1 where no flow was found.
    """
    for n in range(_MOST_SWEEPS):
        _march_rows(tree, quadratic, linear, first_row, last_row, state)
        _, drop, marches = solve_ladder(
            tree.main, state.row_k_pa_s2_kg2, state.row_l_pa_s_kg, first_row, last_row, lift_pa, fall_pa_s2_kg2,
            state.asked_kg_s,
        )  # fmt: skip
        if marches <= 0:
            _stand_still(tree, first_row, last_row, state)
            return 0.0, drop, marches
        if _distance(first_row, last_row, state) <= _TREE_CLOSE:
            return state.row_kg_s[first_row:last_row].sum(), drop, n + 1
        _shift_rows(tree, quadratic, first_row, last_row, state)
    _stand_still(tree, first_row, last_row, state)
    return 0.0, 0.0, -1
