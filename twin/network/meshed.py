"""Power flow of any network, closed loops included, by power-grid-model: the reference for the radial sweep.

Every element is a pi behind an ideal ratio at its from side, `generic_branch` there; the grid's impedance is one of
them, between a stiff source and the point of interconnection. All nodes are rated 10 kV, so that on the base of
100 MVA one ohm is one per unit. Buses that closed elements without impedance join are one node there; what such an
element carries follows from Kirchhoff's current law at its ends, shared alike where several run side by side. Currents,
powers and losses are formed from the voltages as the sweep forms them, so that they telescope to the feed.

Newton's method there squares the error each time; it stops at a change of 1e-12 pu. [1]

[1] https://power-grid-model.readthedocs.io, components, calculations.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from power_grid_model import ComponentType, DatasetType, PowerGridModel, initialize_array
from power_grid_model.errors import (  # type: ignore[attr-defined]
    IterationDiverge,
    PowerGridError,
    SparseMatrixError,
)
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twin.core.errors import RunError
from twin.core.layout import IVec
from twin.network.radial import ACTIVE, BASE_MVA, CURRENT, Loads, Network, NetworkState

BASE_VA = BASE_MVA * 1e6
RATED_V = 10e3
"""Of every node: RATED_V^2 / BASE_VA is one ohm."""
_STIFF_VA = 1e20
_TOLERANCE, _MOST_ITERATIONS = 1e-12, 30
_POWER, _IMPEDANCE, _CURRENT = range(3)  # kinds of load there

Complex = NDArray[np.complex128]
Rows = NDArray[Any]


class Contracted(NamedTuple):
    """A network with its breakers as they are, in nodes of the library; bus n is the source, behind all others."""

    alive: NDArray[np.bool_]
    """[n] whether closed elements join the bus to the source."""
    node: IVec
    """[n + 1] node of each bus."""
    joins: IVec
    """Closed elements without impedance, which join their buses to one node."""
    branches: IVec
    """Elements between different nodes."""
    share: NDArray[Any]
    """[joins, n + 1] current of each joining element from what its buses lack."""


def contract(network: Network, closed: IVec) -> Contracted:
    """The buses that closed elements without impedance join, each group as one node."""
    buses = network.from_bus.size, int(network.to_bus.max()) + 1
    source = np.where(network.from_bus < 0, buses[1], network.from_bus)
    near = (closed > 0) & (network.r_pu == 0.0) & (network.x_pu == 0.0)
    joins = np.flatnonzero(near)
    node = _groups(buses[1] + 1, source[joins], network.to_bus[joins])
    island = _groups(buses[1] + 1, source[closed > 0], network.to_bus[closed > 0])
    incidence = np.zeros((buses[1] + 1, joins.size))
    incidence[network.to_bus[joins], np.arange(joins.size)] = 1.0
    incidence[source[joins], np.arange(joins.size)] -= 1.0
    incidence[-1] = 0.0
    different = node[source] != node[network.to_bus]
    return Contracted(
        island[:-1] == island[-1], node, joins, np.flatnonzero(~near & different), np.linalg.pinv(incidence)
    )


def _groups(count: int, a: IVec, b: IVec) -> IVec:
    """Which group each of ``count`` things is in, where ``a`` and ``b`` are joined."""
    return np.asarray(connected_components(coo_array((np.ones(a.size), (a, b)), (count, count)), directed=False)[1])


def table(component: ComponentType, count: int, **columns: object) -> Rows:
    """``count`` rows of a component of the library."""
    rows = initialize_array(DatasetType.input, component, count)
    for name, values in columns.items():
        rows[name] = values
    return rows


def updates(component: ComponentType, shape: int | tuple[int, int], **columns: object) -> Rows:
    """Changes of components, of one case or of [cases, components]."""
    rows = initialize_array(DatasetType.update, component, shape)
    for name, values in columns.items():
        rows[name] = values
    return rows


def source(identity: int, node: IVec) -> Rows:
    """The stiff source at ``node``."""
    return table(ComponentType.source, 1, id=[identity], node=node, status=1, u_ref=1.0, sk=_STIFF_VA, rx_ratio=0.1)


def passive(network: Network, closed: IVec, made: Contracted, state: NetworkState) -> dict[ComponentType, Rows]:
    """Nodes, branches and shunts of the library; node ids from 0, branch ids after them in order of ``branches``."""
    n, e = made.node.size - 1, made.branches
    nodes = int(made.node.max()) + 1
    source = np.where(network.from_bus < 0, n, network.from_bus)
    on = (closed[e] > 0).astype(np.int8)
    shunt = np.append(1j * state.shunt_pu, 0j)
    inside = np.setdiff1d(np.flatnonzero(closed > 0), e)
    np.add.at(shunt, network.to_bus[inside], _inside(network, made, inside, state))
    at = np.flatnonzero(shunt[:-1])
    return {
        ComponentType.node: table(ComponentType.node, nodes, id=np.arange(nodes), u_rated=RATED_V),
        ComponentType.generic_branch: table(
            ComponentType.generic_branch, e.size, id=nodes + np.arange(e.size), from_node=made.node[source[e]],
            to_node=made.node[network.to_bus[e]], from_status=on, to_status=on, r1=state.r_now_pu[e],
            x1=network.x_pu[e], g1=2.0 * network.g_pu[e], b1=2.0 * network.b_pu[e], k=state.ratio[e], theta=0.0,
            sn=BASE_VA,
        ),
        ComponentType.shunt: table(
            ComponentType.shunt, at.size, id=nodes + e.size + np.arange(at.size), node=made.node[at], status=1,
            g1=shunt[at].real, b1=shunt[at].imag, g0=0.0, b0=0.0,
        ),
    }  # fmt: skip


def _inside(network: Network, made: Contracted, inside: IVec, state: NetworkState) -> Complex:
    """Admittance to earth of elements whose ends are one node: their shunts, and what a tap drives around."""
    ratio = 1.0 / state.ratio[inside]
    series = state.r_now_pu[inside] + 1j * network.x_pu[inside]
    series[np.isin(inside, made.joins)] = np.inf
    shunt = network.g_pu[inside] + 1j * network.b_pu[inside]
    return np.asarray((ratio - 1.0) ** 2 / series + shunt * (ratio**2 + 1.0))


class Meshed:
    """One network, solved again and again; the library's model is built anew only where more than loads changed."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._built = b""

    def solve(self, loads: Loads, closed: IVec, source_pu: float, state: NetworkState) -> int:
        """Voltages and powers of ``state`` under ``loads`` with the ``closed`` elements; 1, or -1 where none exist.

        Buses that no closed element joins to the source have voltage 0 and draw nothing. Without a solution the
        voltages are the source's, as the sweep leaves them. RunError where the library refuses the network.
        """
        kinds = (loads.current_p, loads.current_q, loads.impedance_p, loads.impedance_q)
        given = (closed, state.ratio, state.r_now_pu, state.shunt_pu, *(kind != 0.0 for kind in kinds))
        key = b"".join(array.tobytes() for array in given)
        if key != self._built:
            self._build(loads, closed, state)
            self._built = key
        try:
            self._model.update(update_data=self._now(loads, source_pu))
            found = self._model.calculate_power_flow(
                error_tolerance=_TOLERANCE,
                max_iterations=_MOST_ITERATIONS,
                output_component_types={ComponentType.node: ["u_pu", "u_angle"]},
            )[ComponentType.node]
        except (IterationDiverge, SparseMatrixError):
            # Newton's matrix is singular where no more can be carried: both are a collapse.
            state.v_re[:], state.v_im[:] = source_pu, 0.0
            return -1
        except PowerGridError as wrong:
            raise RunError(f"power-grid-model refuses the network: {str(wrong).splitlines()[0]}") from wrong
        there = found["u_pu"] * np.exp(1j * found["u_angle"])
        # The source's own node, a picovolt away from the source: what is formed from both must agree.
        voltage = np.where(np.append(self._made.alive, True), there[self._made.node], 0.0)
        fill(self._network, self._made, voltage, loads, closed, state)
        return 1

    def _build(self, loads: Loads, closed: IVec, state: NetworkState) -> None:
        self._made = contract(self._network, closed)
        data = passive(self._network, closed, self._made, state)
        first = sum(rows.size for rows in data.values())
        n = self._made.alive.size
        every = np.arange(n)
        current = np.flatnonzero((loads.current_p != 0.0) | (loads.current_q != 0.0))
        impedance = np.flatnonzero((loads.impedance_p != 0.0) | (loads.impedance_q != 0.0))
        self._at = every, current, impedance
        bus = np.concatenate(self._at)
        kind = np.repeat([_POWER, _CURRENT, _IMPEDANCE], [at.size for at in self._at])
        self._ids = first + np.arange(bus.size + 1)
        data[ComponentType.sym_load] = table(
            ComponentType.sym_load, bus.size, id=self._ids[:-1], node=self._made.node[bus], status=1, type=kind,
            p_specified=0.0, q_specified=0.0,
        )  # fmt: skip
        data[ComponentType.source] = source(int(self._ids[-1]), self._made.node[-1:])
        try:
            self._model = PowerGridModel(data, system_frequency=60.0)
        except PowerGridError as wrong:
            raise RunError(f"power-grid-model refuses the network: {str(wrong).splitlines()[0]}") from wrong

    def _now(self, loads: Loads, source_pu: float) -> dict[ComponentType, Rows]:
        every, current, impedance = self._at
        p = np.concatenate([loads.p_pu[every], loads.current_p[current], loads.impedance_p[impedance]])
        q = np.concatenate([loads.q_pu[every], loads.current_q[current], loads.impedance_q[impedance]])
        return {
            ComponentType.sym_load: updates(
                ComponentType.sym_load, p.size, id=self._ids[:-1], p_specified=BASE_VA * p, q_specified=BASE_VA * q
            ),
            ComponentType.source: updates(ComponentType.source, 1, id=self._ids[-1:], u_ref=source_pu),
        }


def fill(network: Network, made: Contracted, behind: Complex, loads: Loads, closed: IVec, state: NetworkState) -> None:
    """Everything of ``state`` that follows from the voltages [n + 1] of buses and source, 0 without supply."""
    voltage, out, into = behind[:-1], network.from_bus, network.to_bus
    source = np.where(out < 0, voltage.size, out)
    up, down = behind[source] / state.ratio, voltage[into]
    live = (closed > 0) & made.alive[into]
    series = np.where(live, state.r_now_pu + 1j * network.x_pu, np.inf)
    series[made.joins] = np.inf
    shunt = np.where(live, network.g_pu + 1j * network.b_pu, 0.0)
    current = (up - down) / series
    magnitude = np.abs(voltage)
    drawn = loads.p_pu + magnitude * (loads.current_p + magnitude * loads.impedance_p)
    drawn_q = loads.q_pu + magnitude * (loads.current_q + magnitude * loads.impedance_q)
    if made.joins.size:
        current[made.joins] = made.share @ _lacking(network, made, behind, drawn + 1j * drawn_q, current, shunt, state)
    sent, got = up * np.conj(current + shunt * up), down * np.conj(current - shunt * down)
    state.v_re[:], state.v_im[:], state.voltage_pu[:] = voltage.real, voltage.imag, magnitude
    state.i_re[:], state.i_im[:] = current.real, current.imag
    state.loss_pu[:] = sent.real - got.real
    sent[out < 0] = got[out < 0]
    state.power_pu[:], state.reactive_pu[:] = sent.real, sent.imag
    enters = np.where(sent.real < 0.0, got, sent)
    used = np.where(network.rated_by == CURRENT, np.abs(current), np.abs(enters))
    state.loading[:] = np.where(network.rated_by == ACTIVE, np.abs(enters.real), used) / network.rating_pu


def _lacking(
    network: Network, made: Contracted, behind: Complex, drawn: Complex, current: Complex, shunt: Complex,
    state: NetworkState,
) -> Complex:  # fmt: skip
    """[n + 1] current that each bus draws or sends on beyond what elements with an impedance bring it."""
    n = drawn.size
    source = np.where(network.from_bus < 0, n, network.from_bus)
    lack = np.zeros(n + 1, complex)
    alive = np.append(made.alive, False)
    power = np.append(drawn, 0.0)
    lack[alive] = np.conj(power[alive] / behind[alive]) + 1j * np.append(state.shunt_pu, 0.0)[alive] * behind[alive]
    np.add.at(lack, source, (current + shunt * behind[source] / state.ratio) / state.ratio)
    np.subtract.at(lack, network.to_bus, current - shunt * behind[network.to_bus])
    lack[-1] = 0.0
    return lack
