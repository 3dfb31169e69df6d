"""Radial power flow by backward and forward sweeps, per unit, complex in two real arrays.

Elements join buses; each is a pi behind an ideal ratio at its from side. A `Tree` says which element feeds each bus
now and from which side, so that a network is solved alike whichever ties are closed (see `topology`). Bus 0 is the
point of interconnection, fed by element 0 from the grid's source. Loads are of constant power, current and impedance.

For a bus behind gain t = (own ratio)/(parent's ratio) and series impedance Z:
backward: I = conj(S(V)/V) + Y V + the I of its children times their gain; forward: V = t V_parent - Z I.
The sweep starts from the last solution. Each sweep shrinks the error by about |Z S|/V^2 from the source to the loads,
0.2 for the reference site: a change of load by a percent takes about 15 sweeps to 1e-12, an unchanged load one. Losses
are power in at one end and out at the other, of the final currents and voltages, so they telescope to the feed.

Buses without supply have voltage 0 and carry nothing. [1]

[1] D. Shirmohammadi et al., A compensation-based power flow method for weakly meshed distribution and
    transmission networks, IEEE Trans. Power Systems 3 (1988) 753.
"""

from math import sqrt
from typing import Annotated, NamedTuple

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, zeros

BASE_MVA = 100.0
APPARENT, CURRENT, ACTIVE = range(3)
_TOLERANCE = 1e-12
_MOST_SWEEPS = 1000


class Network(NamedTuple):
    """n buses and m >= n elements: element k < n is the one that feeds bus k as built, ties follow."""

    from_bus: Annotated[IVec, Var("1", "bus at the from side of each element; -1, the source, for element 0")]
    to_bus: Annotated[IVec, Var("1", "bus at its to side")]
    r_pu: Annotated[Vec, Var("1", "series resistance, as rated")]
    x_pu: Annotated[Vec, Var("1", "series reactance")]
    g_pu: Annotated[Vec, Var("1", "shunt conductance at either end")]
    b_pu: Annotated[Vec, Var("1", "shunt susceptance at either end")]
    rating_pu: Annotated[Vec, Var("1", "rating, infinite where there is none")]
    rated_by: Annotated[IVec, Var("1", "what the rating bounds: 0 apparent power, 1 current, 2 active power")]


class Tree(NamedTuple):
    """How power flows now: made anew by `topology.switch` whenever a breaker moved."""

    order: Annotated[IVec, Var("1", "living buses, each after its parent, [n]")]
    count: Annotated[IVec, Var("1", "how many of those there are, [1]")]  # type: ignore[assignment]
    parent: Annotated[IVec, Var("1", "bus that each bus is fed from; -1 for bus 0 and where it is dead, [n]")]
    element: Annotated[IVec, Var("1", "element that feeds each bus, -1 where it is dead, [n]")]
    reverse: Annotated[IVec, Var("1", "1 where that one is fed from its to side, [n]")]


class Loads(NamedTuple):
    """What each bus draws, P and Q per unit at a voltage of 1."""

    p_pu: Annotated[Vec, Var("1", "active power that does not depend on voltage")]
    q_pu: Annotated[Vec, Var("1", "reactive power that does not")]
    current_p: Annotated[Vec, Var("1", "active power in proportion to voltage (constant current)")]
    current_q: Annotated[Vec, Var("1", "reactive power in proportion to voltage")]
    impedance_p: Annotated[Vec, Var("1", "active power in proportion to its square (constant impedance)")]
    impedance_q: Annotated[Vec, Var("1", "reactive power in proportion to its square")]


class Room(NamedTuple):
    """Work space of the sweep, by bus."""

    gain: Annotated[Vec, Var("1", "ratio at its own side over that at the parent's")]
    z_re: Annotated[Vec, Var("1", "series resistance from the parent, seen from the bus")]
    z_im: Annotated[Vec, Var("1", "series reactance from the parent, seen from the bus")]
    g_pu: Annotated[Vec, Var("1", "conductance to earth")]
    b_pu: Annotated[Vec, Var("1", "susceptance to earth")]
    drawn_re: Annotated[Vec, Var("1", "real part of the current that enters the bus")]
    drawn_im: Annotated[Vec, Var("1", "imaginary part of that")]


class NetworkState(NamedTuple):
    """What changes while it runs, and the last solution: by bus up to ``voltage_pu``, then by element."""

    shunt_pu: Annotated[Vec, Var("1", "susceptance of the capacitors in service at each bus")]
    v_re: Annotated[Vec, Var("1", "real part of the voltage")]
    v_im: Annotated[Vec, Var("1", "imaginary part of the voltage")]
    voltage_pu: Annotated[Vec, Var("1", "magnitude of the voltage")]
    ratio: Annotated[Vec, Var("1", "off-nominal ratio at the from side: above 1 it lowers the voltage behind it")]
    r_now_pu: Annotated[Vec, Var("1", "series resistance at the temperature it has")]
    i_re: Annotated[Vec, Var("1", "real part of the series current, from from to to")]
    i_im: Annotated[Vec, Var("1", "imaginary part of the series current")]
    power_pu: Annotated[
        Vec, Var("1", "active power into the from side, negative when fed in reverse; of element 0 out of the to side")
    ]
    reactive_pu: Annotated[Vec, Var("1", "reactive power into the from side; of element 0 out of the to side")]
    loss_pu: Annotated[Vec, Var("1", "active power lost in the element")]
    loading: Annotated[Vec, Var("1", "over its rating, at the end where power enters")]
    room: Room


def new_state(network: Network, buses: int) -> NetworkState:
    """Nominal ratios, rated resistances, no capacitors, no solution yet."""
    elements = network.from_bus.size
    by_bus, by_element = NetworkState._fields[:4], NetworkState._fields[4:-1]
    fields = {name: np.zeros(buses) for name in by_bus} | {name: np.zeros(elements) for name in by_element}
    fields |= {"ratio": np.ones(elements), "r_now_pu": network.r_pu.copy()}
    return NetworkState(room=zeros(Room, buses), **fields)


def copied(state: NetworkState) -> NetworkState:
    """A state of its own that starts as ``state`` is; both share their work space."""
    return NetworkState(room=state.room, **{name: getattr(state, name).copy() for name in NetworkState._fields[:-1]})


@kernel(bare=True)
def flat_start(state, source_pu):
    """Begin from the source's voltage everywhere."""
    state.v_re[:] = source_pu
    state.v_im[:] = 0.0


@kernel(bare=True)
def _prepare(network, tree, source_pu, state):
    """What holds still over the sweeps; buses without a voltage begin at the source's, dead ones too."""
    room = state.room
    for i in range(tree.parent.size):
        room.g_pu[i], room.b_pu[i] = 0.0, state.shunt_pu[i]
        if state.v_re[i] == 0.0 and state.v_im[i] == 0.0:
            state.v_re[i] = source_pu
    for n in range(tree.count[0]):
        i = tree.order[n]
        e, k = tree.element[i], tree.parent[i]
        up, own = state.ratio[e], 1.0
        if tree.reverse[i]:
            up, own = 1.0, state.ratio[e]
        room.gain[i] = own / up
        room.z_re[i], room.z_im[i] = own * own * state.r_now_pu[e], own * own * network.x_pu[e]
        room.g_pu[i] += network.g_pu[e] / (own * own)
        room.b_pu[i] += network.b_pu[e] / (own * own)
        if k >= 0:
            room.g_pu[k] += network.g_pu[e] / (up * up)
            room.b_pu[k] += network.b_pu[e] / (up * up)


@kernel(bare=True)
def _backward(tree, loads, state):
    room = state.room
    for i in range(tree.parent.size):
        v, w = state.v_re[i], state.v_im[i]
        over = 1.0 / (v * v + w * w)
        root = sqrt(over)
        p = loads.p_pu[i] * over + loads.current_p[i] * root + loads.impedance_p[i] + room.g_pu[i]
        q = loads.q_pu[i] * over + loads.current_q[i] * root + loads.impedance_q[i] - room.b_pu[i]
        room.drawn_re[i] = p * v + q * w
        room.drawn_im[i] = p * w - q * v
    for n in range(tree.count[0] - 1, 0, -1):
        i = tree.order[n]
        k = tree.parent[i]
        room.drawn_re[k] += room.gain[i] * room.drawn_re[i]
        room.drawn_im[k] += room.gain[i] * room.drawn_im[i]


@kernel(bare=True)
def _forward(tree, source_pu, state):
    """New voltages; returns the sum of their squared changes, NaN if any is NaN."""
    room, moved = state.room, 0.0
    for n in range(tree.count[0]):
        i = tree.order[n]
        k = tree.parent[i]
        v, w = (source_pu, 0.0) if k < 0 else (state.v_re[k], state.v_im[k])
        r, x, c, d = room.z_re[i], room.z_im[i], room.drawn_re[i], room.drawn_im[i]
        v = room.gain[i] * v - (r * c - x * d)
        w = room.gain[i] * w - (r * d + x * c)
        moved += (v - state.v_re[i]) ** 2 + (w - state.v_im[i]) ** 2
        state.v_re[i], state.v_im[i] = v, w
    return moved


@kernel(bare=True)
def _powers(network, tree, source_pu, state):
    """Currents, powers, losses and loadings of the final voltages; what has no supply has none of them."""
    for i in range(tree.parent.size):
        if tree.element[i] < 0:
            state.v_re[i] = state.v_im[i] = 0.0
        state.voltage_pu[i] = sqrt(state.v_re[i] * state.v_re[i] + state.v_im[i] * state.v_im[i])
    for e in range(network.from_bus.size):
        state.i_re[e] = state.i_im[e] = state.power_pu[e] = state.reactive_pu[e] = 0.0
        state.loss_pu[e] = state.loading[e] = 0.0
    for n in range(tree.count[0]):
        _element(network, tree, source_pu, state, tree.order[n])


@kernel(bare=True)
def _element(network, tree, source_pu, state, i):
    """The element that feeds bus ``i``: in at the parent's end, out at its own."""
    e, k, back = tree.element[i], tree.parent[i], tree.reverse[i]
    up, own = (1.0, state.ratio[e]) if back else (state.ratio[e], 1.0)
    g, b, c, d = network.g_pu[e], network.b_pu[e], own * state.room.drawn_re[i], own * state.room.drawn_im[i]
    v, w = state.v_re[i] / own, state.v_im[i] / own
    square = v * v + w * w
    out_p, out_q = v * c + w * d - g * square, w * c - v * d + b * square
    v, w = (source_pu / up, 0.0) if k < 0 else (state.v_re[k] / up, state.v_im[k] / up)
    square = v * v + w * w
    in_p, in_q = v * c + w * d + g * square, w * c - v * d - b * square
    state.loss_pu[e] = in_p - out_p
    if k < 0:
        in_p, in_q = out_p, out_q
    sign = -1.0 if back else 1.0
    state.i_re[e], state.i_im[e] = sign * c, sign * d
    state.power_pu[e], state.reactive_pu[e] = (-out_p, -out_q) if back else (in_p, in_q)
    used = sqrt(in_p * in_p + in_q * in_q)
    if network.rated_by[e] == CURRENT:
        used = sqrt(c * c + d * d)
    elif network.rated_by[e] == ACTIVE:
        used = abs(in_p)
    state.loading[e] = used / network.rating_pu[e]


@kernel(bare=True)
def sweep(network, tree, loads, source_pu, state):
    """Solve for ``loads`` fed as ``tree`` says; returns the sweeps taken, or -1 where none converged.

    Without a solution the voltages are set back to the source's, so that the next solve does not start from NaN.
    """
    _prepare(network, tree, source_pu, state)
    for n in range(_MOST_SWEEPS):
        _backward(tree, loads, state)
        moved = _forward(tree, source_pu, state)
        if moved <= _TOLERANCE * _TOLERANCE:
            _powers(network, tree, source_pu, state)
            return n + 1
        if not moved < 1e4:
            break
    flat_start(state, source_pu)
    return -1
