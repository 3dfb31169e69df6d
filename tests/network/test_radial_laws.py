"""What must hold in any radial network: energy, agreement with a dense solution, dead branches, ties, collapse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.components.feed import most_power_pu
from twin.core.layout import IVec, zeros
from twin.network import radial, topology
from twin.network.radial import CURRENT, Loads, Network, NetworkState
from twin.network.topology import Branch, Tie

MODERATE = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def random_branches(seed: int, size: int) -> tuple[Branch, list[Branch]]:
    """The root of ``size`` nodes, and pi elements of every kind below it."""
    draw = np.random.default_rng(seed)
    return Branch("n0", "", 0.0016 + 0.0199j, 0j, 3.0), [
        Branch(
            f"n{i}",
            f"n{draw.integers(max(0, i - 6), i)}",
            complex(draw.uniform(0, 0.01), draw.uniform(0, 0.02)),
            complex(draw.uniform(0, 1e-3), draw.uniform(-5e-3, 5e-3)),
            draw.uniform(0.5, 4.0),
            int(draw.integers(3)),
        )
        for i in range(1, size)
    ]


class Grid:
    """A network with what hangs on it."""

    def __init__(self, network: Network, size: int, seed: int) -> None:
        draw = np.random.default_rng(seed + 1)
        self.network, self.size, self.loads = network, size, zeros(Loads, size)
        self.loads.p_pu[:] = draw.uniform(0, 2.0 / size, size)
        self.loads.q_pu[:] = draw.uniform(-0.4 / size, 0.6 / size, size)
        self.closed: IVec = np.ones(network.from_bus.size, np.int64)
        self.tree, self.state = topology.new_tree(size), radial.new_state(network, size)

    def all_kinds(self, seed: int) -> "Grid":
        """With ratios, warm conductors, capacitors and loads that go with voltage."""
        draw, m = np.random.default_rng(seed + 2), self.network.from_bus.size
        self.state.ratio[:], self.state.r_now_pu[:] = draw.uniform(0.92, 1.08, m), self.network.r_pu * 1.3
        self.state.ratio[0] = 1.0
        self.state.shunt_pu[:] = draw.uniform(0, 0.1 / self.size, self.size)
        for field in self.loads[2:]:
            field[:] = draw.uniform(0, 0.5 / self.size, self.size)
        return self

    def solve(self, source_pu: float = 1.02, factor: float = 1.0) -> int:
        assert topology.switch(self.network, self.closed, self.tree) == []
        loads = Loads(*(factor * field for field in self.loads))
        return int(radial.sweep(self.network, self.tree, loads, source_pu, self.state))

    def drawn(self) -> np.ndarray:
        """Complex power that the loads of each bus draw."""
        v, load = self.state.voltage_pu, self.loads
        p = load.p_pu + v * load.current_p + v * v * load.impedance_p
        return np.where(v > 0, p + 1j * (load.q_pu + v * load.current_q + v * v * load.impedance_q), 0.0)


def random_tree(seed: int, size: int) -> Grid:
    """A tree of ``size`` nodes, loaded well below collapse."""
    root, rows = random_branches(seed, size)
    np.random.default_rng(seed).shuffle(rows)  # type: ignore[arg-type]
    return Grid(topology.build(root, rows)[0], size, seed)


def dense(grid: Grid, source_pu: float) -> np.ndarray:
    """Voltages by the fixed point V = Y^-1 (source - conj(S(V)/V)) on the full admittance matrix of what is closed."""
    network, state, size = grid.network, grid.state, grid.size
    y, into = np.diag(1j * state.shunt_pu), np.zeros(size, complex)
    for e in np.flatnonzero(grid.closed):
        series, shunt = 1 / complex(state.r_now_pu[e], network.x_pu[e]), complex(network.g_pu[e], network.b_pu[e])
        k, i, ratio = network.from_bus[e], network.to_bus[e], state.ratio[e]
        y[i, i] += series + shunt
        if k < 0:
            into[i] = series * source_pu
        else:
            y[k, k] += (series + shunt) / ratio**2
            y[i, k] -= series / ratio
            y[k, i] -= series / ratio
    voltage, load = np.full(size, complex(source_pu)), grid.loads
    for _ in range(200):
        v = np.abs(voltage)
        p = load.p_pu + v * load.current_p + v * v * load.impedance_p
        q = load.q_pu + v * load.current_q + v * v * load.impedance_q
        voltage = np.linalg.solve(y, into - np.conj((p + 1j * q) / voltage))
    return voltage


@MODERATE
@given(seed=seeds, size=st.integers(1, 40), source_pu=st.floats(0.95, 1.08))
def test_energy_in_is_energy_served_and_lost(seed, size, source_pu) -> None:
    grid = random_tree(seed, size).all_kinds(seed)
    state = grid.state
    assert grid.solve(source_pu) > 0
    left = state.power_pu[0] - grid.drawn().real.sum() - state.loss_pu[1:].sum()
    assert abs(left) < 1e-12 * max(1.0, state.power_pu[0])
    assert (state.loss_pu > -1e-15).all()
    out = state.power_pu[1:] - state.loss_pu[1:]
    fed = np.bincount(grid.network.from_bus[1:], state.power_pu[1:], size)
    np.testing.assert_allclose(out, (fed + grid.drawn().real)[1:], atol=1e-12, rtol=0)


@MODERATE
@given(seed=seeds, size=st.integers(1, 25))
def test_sweep_agrees_with_the_dense_fixed_point(seed, size) -> None:
    grid = random_tree(seed, size).all_kinds(seed)
    assert grid.solve() > 0
    np.testing.assert_allclose(grid.state.v_re + 1j * grid.state.v_im, dense(grid, 1.02), atol=1e-11, rtol=0)


@MODERATE
@given(seed=seeds, size=st.integers(2, 30), more=st.floats(1.01, 1.5))
def test_loss_and_current_of_the_root_rise_with_load(seed, size, more) -> None:
    grid = random_tree(seed, size)
    grid.loads.q_pu[:] = 0.0
    grid.network = grid.network._replace(g_pu=np.zeros(size), b_pu=np.zeros(size))
    assert grid.solve() > 0
    before = grid.state.loss_pu.copy()
    assert grid.solve(factor=more) > 0
    assert (grid.state.loss_pu >= before).all()
    assert grid.state.loss_pu.sum() > before.sum()


@MODERATE
@given(seed=seeds, size=st.integers(2, 40), opened=st.integers(0, 39))
def test_an_open_element_equals_a_network_without_what_lies_below(seed, size, opened) -> None:
    grid = random_tree(seed, size)
    state, network = grid.state, grid.network
    assert grid.solve() > 0
    grid.closed[opened % size] = 0
    assert grid.solve() > 0
    dead = grid.tree.element < 0
    assert dead[opened % size]
    assert all(dead[i] for i in range(1, size) if dead[network.from_bus[i]])
    for field in ("voltage_pu", "i_re", "i_im", "power_pu", "reactive_pu", "loss_pu", "loading"):
        assert (getattr(state, field)[dead] == 0.0).all(), field
    keep = np.flatnonzero(~dead)
    if keep.size:
        where = np.cumsum(~dead) - 1
        rest = Network._make(array[keep] for array in network)
        starts = np.array([-1, *(where[k] for k in rest.from_bus[1:])], np.int64)
        alone = Grid(rest._replace(from_bus=starts, to_bus=np.arange(keep.size)), keep.size, seed)
        for mine, theirs in zip(alone.loads, grid.loads, strict=True):
            mine[:] = theirs[keep]
        assert alone.solve() > 0
        np.testing.assert_allclose(state.voltage_pu[keep], alone.state.voltage_pu, atol=1e-12, rtol=0)


@MODERATE
@given(seed=seeds, size=st.integers(2, 30), turned=st.sets(st.integers(1, 29)))
def test_an_element_fed_from_its_far_side_equals_one_built_the_other_way(seed, size, turned) -> None:
    """Each turned element is a tie from its child to its parent, whose own element is open."""
    root, rows = random_branches(seed, size)
    plain = Grid(topology.build(root, rows)[0], size, seed)
    assert plain.solve() > 0
    ties = [Tie(row._replace(name=f"t{row.name}", parent=row.name), row.parent) for row in rows]
    network, names = topology.build(root, rows, ties)
    grid = Grid(network, size, seed)
    here = {i for i in turned if i < size}
    grid.closed[size:] = 0
    for i in here:
        grid.closed[i], grid.closed[names.index(f"t{names[i]}")] = 0, 1
    assert grid.solve() > 0
    assert [bool(back) for back in grid.tree.reverse] == [i in here for i in range(size)]
    mine, theirs = grid.state, plain.state
    np.testing.assert_allclose(mine.voltage_pu, theirs.voltage_pu, atol=1e-12, rtol=0)
    for i in range(1, size):
        e, sign = (names.index(f"t{names[i]}"), -1.0) if i in here else (i, 1.0)
        enters = mine.loss_pu[e] - mine.power_pu[e] if i in here else mine.power_pu[e]
        assert enters == pytest.approx(theirs.power_pu[i], abs=1e-11)
        assert mine.loss_pu[e] == pytest.approx(theirs.loss_pu[i], abs=1e-11)
        assert mine.loading[e] == pytest.approx(theirs.loading[i], abs=1e-10)
        assert sign * mine.i_re[e] == pytest.approx(theirs.i_re[i], abs=1e-11)


@MODERATE
@given(seed=seeds, size=st.integers(4, 30), ratios=st.booleans())
def test_a_transfer_over_a_tie_is_the_network_built_so(seed, size, ratios) -> None:
    """Any element opens, and a tie from a living bus to a dead one closes: elements between run in reverse."""
    root, rows = random_branches(seed, size)
    draw = np.random.default_rng(seed)
    first, first_names = topology.build(root, rows)
    trial = Grid(first, size, seed)
    opened = int(draw.integers(1, size))
    trial.closed[opened] = 0
    topology.switch(first, trial.closed, trial.tree)
    dead, alive = (np.flatnonzero(mask) for mask in (trial.tree.element < 0, trial.tree.element >= 0))
    ends = int(draw.choice(alive)), int(draw.choice(dead))
    network, names = topology.build(
        root, rows, [Tie(Branch("tie", first_names[ends[0]], 0.003 + 0.01j, 2e-3j, 1.0), first_names[ends[1]])]
    )
    grid = Grid(network, size, seed)
    if ratios:
        grid.all_kinds(seed)
    grid.closed[opened] = 0
    assert grid.solve() > 0
    assert (grid.tree.element >= 0).all()
    assert names[grid.tree.element[ends[1]]] == "tie"
    state = grid.state
    np.testing.assert_allclose(state.v_re + 1j * state.v_im, dense(grid, 1.02), atol=1e-11, rtol=0)
    left = state.power_pu[0] - grid.drawn().real.sum() - state.loss_pu[1:].sum()
    assert abs(left) < 1e-12 * max(1.0, state.power_pu[0])
    for field in ("power_pu", "i_re", "loss_pu", "loading"):
        assert getattr(state, field)[opened] == 0.0


def test_supply_that_comes_back_is_solved_again() -> None:
    first, again = random_tree(7, 30), random_tree(7, 30)
    first.solve()
    for closed in (1, 0, 1):
        again.closed[:] = closed
        assert again.solve() > 0
    np.testing.assert_allclose(again.state.voltage_pu, first.state.voltage_pu, atol=1e-12, rtol=0)


@MODERATE
@given(seed=seeds, source_pu=st.floats(0.9, 1.1))
def test_warm_start_takes_fewer_sweeps_and_ends_at_the_same_place(seed, source_pu) -> None:
    warm, cold = random_tree(seed, 30), random_tree(seed, 30)
    radial.flat_start(warm.state, source_pu)
    warm.solve(source_pu)
    few = warm.solve(source_pu, 1.001)
    assert 0 < few <= cold.solve(source_pu, 1.001)
    np.testing.assert_allclose(warm.state.voltage_pu, cold.state.voltage_pu, atol=2e-12, rtol=0)


def alone(z: complex, p: float) -> Grid:
    """One bus behind the grid."""
    grid = Grid(topology.build(Branch("poi", "", z, 0j, 3.0), [])[0], 1, 0)
    grid.loads.p_pu[0], grid.loads.q_pu[0] = p, 0.0
    return grid


@pytest.mark.parametrize("share", [1.001, 1.5, 20.0])
def test_collapse_is_told(share) -> None:
    r, x = 0.0016609, 0.01993
    most = most_power_pu(1.02, r, x)
    assert alone(complex(r, x), share * most).solve() < 0
    assert alone(complex(r, x), 0.9 * most).solve() > 0


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_load_that_is_no_number_is_never_called_solved() -> None:
    """Also where the last node is dead, whose voltage does not change."""
    rows = [Branch("a", "poi", 0.01j, 0j, 1.0), Branch("b", "poi", 0.01j, 0j, 1.0)]
    grid = Grid(topology.build(Branch("poi", "", 0.02j, 0j, 3.0), rows)[0], 3, 0)
    grid.closed[2] = 0
    grid.loads.q_pu[:], grid.loads.p_pu[:] = 0.0, [0.0, np.nan, 0.0]
    assert grid.solve() < 0
    grid.loads.p_pu[1] = 0.1
    assert grid.solve() > 0
    assert grid.state.voltage_pu[1] > 0.9


def test_a_source_without_voltage_is_no_solution() -> None:
    with np.errstate(all="ignore"):
        assert random_tree(3, 5).solve(0.0) < 0


def put(grid: Grid, p: list[float], q: list[float]) -> NetworkState:
    grid.loads.p_pu[:], grid.loads.q_pu[:] = p, q
    assert grid.solve() > 0
    return grid.state


def test_loading_is_current_or_power_over_the_rating() -> None:
    rows = [Branch("cable", "poi", 0.01 + 0.02j, 0j, 0.5, CURRENT), Branch("board", "cable", 0.02j, 0j, 0.25)]
    grid = Grid(topology.build(Branch("poi", "", 0j, 0j, np.inf), rows)[0], 3, 0)
    state = put(grid, [0.0, 0.0, 0.2], [0.0, 0.0, 0.05])
    assert state.loading[0] == 0.0
    assert state.loading[1] == pytest.approx(np.hypot(0.2, 0.05) / state.voltage_pu[2] / 0.5, rel=1e-11)
    assert state.loading[2] == pytest.approx(np.hypot(state.power_pu[2], state.reactive_pu[2]) / 0.25, rel=1e-14)


def test_loading_is_of_what_the_rating_bounds():
    rows = [Branch("t", "poi", 0.01j, 0j, 1.0, radial.APPARENT), Branch("b", "t", 0j, 0j, 1.0, radial.ACTIVE)]
    grid = Grid(topology.build(Branch("poi", "", 0.001j, 0j, 3.0, radial.ACTIVE), rows)[0], 3, 0)
    state = put(grid, [0, 0, 0.6], [0, 0, 0.3])
    assert state.loading[0] == pytest.approx(0.6 / 3.0, rel=1e-9)
    assert state.loading[2] == pytest.approx(0.6, rel=1e-9)
    assert state.loading[1] == pytest.approx(np.hypot(state.power_pu[1], state.reactive_pu[1]), rel=1e-9)


def test_a_ratio_above_one_lowers_the_voltage_behind_it():
    grid = Grid(topology.build(Branch("poi", "", 0j, 0j, 3.0), [Branch("t", "poi", 0.1j, 0j, 1.0)])[0], 2, 0)
    grid.state.ratio[1] = 1.05
    state = put(grid, [0.0, 0.0], [0.0, 0.0])
    assert state.voltage_pu[1] == pytest.approx(1.02 / 1.05, rel=1e-15)
