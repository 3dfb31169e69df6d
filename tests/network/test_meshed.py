"""power-grid-model behind the same arrays: against the sweep, and IEEE networks with loops that PYPOWER solved."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.frozen import hold, row
from twin.components import feed
from twin.core.layout import IVec, Vec, zeros
from twin.network import radial, topology
from twin.network.meshed import Meshed
from twin.network.radial import APPARENT, Loads, Network, NetworkState
from twin.network.solver import solver
from twin.network.topology import Branch, Tie

FOLDER = Path(os.environ.get("TWIN_DATA", "")) / "power_flow_reference"
SLACK = {9: 1, 14: 1, 30: 1, 39: 31}
GENERATORS = {
    9: [1, 2, 3], 14: [1, 2, 3, 6, 8], 30: [1, 2, 13, 22, 23, 27], 39: [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]
}  # fmt: skip
SHUNTS = {9: {}, 14: {9: 0.19}, 30: {5: 0.0019, 24: 0.0004}, 39: {}}
"""Susceptance at buses, per unit: these files have no column for it."""
SOLVED = [*NetworkState._fields[1:4], *NetworkState._fields[6:-1]]


def random_network(seed: int, size: int, ties: int) -> tuple[Network, Loads, NetworkState, IVec]:
    """A tree with elements of every kind and open ties, taps, capacitors and loads of every kind."""
    draw = np.random.default_rng(seed)

    def branch(name: str, parent: str) -> Branch:
        series = complex(draw.uniform(0, 0.01), draw.uniform(0.001, 0.02)) * (draw.random() > 0.2)
        shunt = complex(draw.uniform(0, 1e-3), draw.uniform(-5e-3, 5e-3)) * bool(series)
        return Branch(name, parent, series, shunt, draw.uniform(0.5, 4.0), int(draw.integers(3)))

    rows = [branch(f"n{i}", f"n{draw.integers(max(0, i - 6), i)}") for i in range(1, size)]
    across = [
        Tie(branch(f"t{k}", f"n{draw.integers(size)}"), f"n{draw.integers(size)}")
        for k in range(ties if size > 1 else 0)
    ]
    across = [tie for tie in across if tie.branch.parent != tie.to]
    network, _ = topology.build(Branch("n0", "", 0.0016 + 0.0199j, 0j, 3.0), rows, across)
    state = radial.new_state(network, size)
    real = (network.r_pu > 0.0) & (np.arange(network.r_pu.size) > 0)
    state.ratio[real] = draw.uniform(0.95, 1.05, real.sum())
    state.r_now_pu[:] *= draw.uniform(0.9, 1.3, network.r_pu.size)
    state.shunt_pu[:] = draw.uniform(0, 0.5 / size, size) * (draw.random(size) > 0.7)
    kinds = [draw.uniform(low, 1.0, size) * part / size for part in (2.0, 0.4, 0.3) for low in (0.0, -0.2)]
    in_service = np.ones(network.r_pu.size, np.int64)
    in_service[size:] = 0
    return network, Loads(*kinds), state, in_service


def both(network: Network, loads: Loads, state: NetworkState, closed: IVec) -> tuple[NetworkState, NetworkState]:
    """The sweep's solution, and the library's."""
    tree = topology.new_tree(loads.p_pu.size)
    assert not topology.switch(network, closed, tree)
    swept, solved = radial.copied(state), radial.copied(state)
    radial.flat_start(swept, 1.02)
    assert radial.sweep(network, tree, loads, 1.02, swept) > 0
    assert Meshed(network).solve(loads, closed, 1.02, solved) > 0
    return swept, solved


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 30), data=st.data())
def test_it_equals_the_sweep(seed, size, data) -> None:
    network, loads, state, closed = random_network(seed, size, 4)
    out = data.draw(st.integers(0, size), label="element out")
    if out < size:
        closed[out] = 0
    for tie in range(size, closed.size):
        # A tie that brings supply back feeds elements from their to side, through their taps.
        closed[tie] = 1
        if topology.switch(network, closed, topology.new_tree(size)):
            closed[tie] = 0
    swept, solved = both(network, loads, state, closed)
    for field in SOLVED:
        np.testing.assert_allclose(getattr(solved, field), getattr(swept, field), atol=1e-10, rtol=0, err_msg=field)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(3, 30))
def test_energy_in_is_energy_served_and_lost_in_loops(seed, size) -> None:
    network, loads, state, closed = random_network(seed, size, 5)
    closed[:] = 1
    assert Meshed(network).solve(loads, closed, 1.02, state) > 0
    v = state.voltage_pu
    drawn = (loads.p_pu + v * (loads.current_p + v * loads.impedance_p)).sum()
    assert abs(state.power_pu[0] - drawn - state.loss_pu[1:].sum()) < 1e-11
    assert (state.loss_pu > -1e-12).all()


def test_breakers_taps_and_loads_move_between_solutions() -> None:
    network, loads, state, closed = random_network(3, 20, 3)
    one = Meshed(network)
    first = radial.copied(state)
    one.solve(loads, closed, 1.02, first)
    again = radial.copied(state)
    opened = closed.copy()
    opened[5] = 0
    again.ratio[3] = 1.04
    one.solve(Loads(*(1.1 * part for part in loads)), opened, 1.0, again)
    assert (again.voltage_pu == 0.0).any()
    again.ratio[3] = state.ratio[3]
    one.solve(loads, closed, 1.02, again)
    for field in SOLVED:
        np.testing.assert_allclose(getattr(again, field), getattr(first, field), atol=1e-12, rtol=0, err_msg=field)


def test_couplers_in_parallel_share_alike() -> None:
    rows = [Branch("a", "feed", 0j, 0j, 1.0), Branch("b", "feed", 0j, 0j, 1.0)]
    network, names = topology.build(
        Branch("feed", "", 0.02j, 0j, 9.0), rows, [Tie(Branch("ab", "a", 0j, 0j, 1.0), "b")]
    )
    loads, state = zeros(Loads, 3), radial.new_state(network, 3)
    loads.p_pu[names.index("b")] = 0.3
    assert Meshed(network).solve(loads, np.ones(4, np.int64), 1.0, state) > 0
    power = dict(zip(names, state.power_pu, strict=True))
    assert (power["a"], power["b"], power["ab"]) == pytest.approx((0.1, 0.2, 0.1), abs=1e-12)


@pytest.mark.parametrize("kind", ["radial", "meshed"])
def test_v_pf_05(kind) -> None:
    """A load of constant power, current and impedance."""
    (case,), z = row("V-PF-05").cases, feed.impedance_pu(5000e6, 12.0, radial.BASE_MVA * 1e6)
    network, _ = topology.build(Branch("feed", "", z, 0j, 9.0), [])
    parts = [np.array([share * case[name] / 100.0]) for share in (0.7, 0.1, 0.2) for name in ("mw", "mvar")]
    state = radial.new_state(network, 1)
    assert solver(kind, network, 1).solve(Loads(*parts), np.ones(1, np.int64), 1.02, state) > 0
    hold(case, row("V-PF-05").within, voltage_pu=state.voltage_pu[0], drawn_mw=100.0 * state.power_pu[0])


def test_collapse_is_told() -> None:
    network, _ = topology.build(Branch("feed", "", 0.02j, 0j, 9.0), [])
    loads, state = zeros(Loads, 1), radial.new_state(network, 1)
    loads.p_pu[0] = 30.0
    assert Meshed(network).solve(loads, np.ones(1, np.int64), 1.0, state) < 0
    assert state.v_re[0] == 1.0
    loads.p_pu[0] = 24.0
    assert Meshed(network).solve(loads, np.ones(1, np.int64), 1.0, state) > 0


def ieee(case: int) -> tuple[Network, Loads, NetworkState, complex, Vec, np.ndarray]:
    """Network, loads, state, the slack's voltage, voltages in its order of buses, and the table of branches."""
    if not FOLDER.is_dir():
        pytest.skip("set TWIN_DATA to the folder with power_flow_reference")
    bus, branch = (
        np.genfromtxt(FOLDER / f"case{case}_{kind}_solution.csv", delimiter=",", names=True)
        for kind in ("bus", "branch")
    )
    n = bus.size
    slack = int(np.flatnonzero(bus["bus"] == SLACK[case])[0])
    place = {int(bus["bus"][i]): k for k, i in enumerate([slack, *(i for i in range(n) if i != slack)])}
    order = np.array([place[int(number)] for number in bus["bus"]])
    start, end = (np.array([place[int(number)] for number in branch[name]]) for name in ("fbus", "tbus"))
    voltage = np.zeros(n, complex)
    voltage[order] = bus["Vm_solved_pu"] * np.exp(1j * np.deg2rad(bus["Va_solved_deg"]))
    shunt, load = np.zeros(n), np.zeros(n, complex)
    for number, susceptance in SHUNTS[case].items():
        shunt[place[number]] = susceptance
    load[order] = (bus["Pd_MW"] + 1j * bus["Qd_MVAr"]) / 100.0
    sent = np.zeros(n, complex)
    np.add.at(sent, start, (branch["Pf_MW"] + 1j * branch["Qf_MVAr"]) / 100.0)
    np.add.at(sent, end, (branch["Pt_MW"] + 1j * branch["Qt_MVAr"]) / 100.0)
    for number in GENERATORS[case]:
        k = place[number]
        load[k] = 0.0 if k == 0 else -sent[k]
    zero, far = np.zeros(1), np.full(branch.size + 1, np.inf)
    network = Network(
        np.append(-1, start), np.append(0, end), np.append(zero, branch["r_pu"]), np.append(zero, branch["x_pu"]),
        np.zeros(far.size), np.append(zero, branch["b_pu"] / 2.0), far, np.full(far.size, APPARENT),
    )  # fmt: skip
    state = radial.new_state(network, n)
    state.ratio[1:] = np.where(branch["tap"] == 0.0, 1.0, branch["tap"])
    state.shunt_pu[:] = shunt
    loads = zeros(Loads, n)._replace(p_pu=load.real.copy(), q_pu=load.imag.copy())
    return network, loads, state, voltage[0], voltage, branch


@pytest.mark.parametrize("case", [9, 14, 30, 39])
def test_ieee_networks(case: int) -> None:
    """Generators as loads at the solved P and Q, a stiff source at the slack; the files have six digits."""
    network, loads, state, slack, voltage, branch = ieee(case)
    assert Meshed(network).solve(loads, np.ones(branch.size + 1, np.int64), abs(slack), state) > 0
    found = (state.v_re + 1j * state.v_im) * slack / abs(slack)
    np.testing.assert_allclose(found, voltage, atol=1e-6, rtol=0)
    np.testing.assert_allclose(state.power_pu[1:], branch["Pf_MW"] / 100.0, atol=1e-6, rtol=0)
    np.testing.assert_allclose(state.reactive_pu[1:], branch["Qf_MVAr"] / 100.0, atol=1e-6, rtol=0)
    lost_mw = (branch["Pf_MW"] + branch["Pt_MW"]).sum()
    assert state.loss_pu.sum() * 100.0 == pytest.approx(lost_mw, abs=1e-4)
