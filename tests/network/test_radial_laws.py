"""What must hold in any radial network: energy, agreement with a dense solution, dead branches, collapse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.components.feed import most_power_pu
from twin.core.layout import IVec, Vec, zeros
from twin.network import radial
from twin.network.radial import CURRENT, Branch, Network, NetworkState

MODERATE = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def random_tree(seed: int, size: int) -> tuple[Network, Vec, Vec]:
    """A tree of ``size`` nodes with pi elements of every kind, loaded well below collapse."""
    draw = np.random.default_rng(seed)
    rows = [
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
    draw.shuffle(rows)  # type: ignore[arg-type]
    network, _ = radial.build(Branch("n0", "", 0.0016 + 0.0199j, 0j, 3.0), rows)
    p, q = draw.uniform(0, 2.0 / size, size), draw.uniform(-0.4 / size, 0.6 / size, size)
    return network, p, q


def every(size: int, value: int = 1) -> IVec:
    return np.full(size, value, np.int64)


def dense(network: Network, p: Vec, q: Vec, source_pu: float) -> np.ndarray:
    """Voltages by the fixed point V = Y^-1 (source - conj(S/V)) on the full admittance matrix."""
    size = p.size
    y = np.zeros((size, size), complex)
    into = np.zeros(size, complex)
    for i in range(size):
        series, shunt = 1 / complex(network.r_pu[i], network.x_pu[i]), complex(network.g_pu[i], network.b_pu[i])
        y[i, i] += series + shunt
        k = network.parent[i]
        if k < 0:
            into[i] = series * source_pu
        else:
            y[k, k] += series + shunt
            y[i, k] -= series
            y[k, i] -= series
    voltage = np.full(size, complex(source_pu))
    for _ in range(200):
        voltage = np.linalg.solve(y, into - np.conj((p + 1j * q) / voltage))
    return voltage


@MODERATE
@given(seed=seeds, size=st.integers(1, 40), source_pu=st.floats(0.95, 1.08))
def test_energy_in_is_energy_served_and_lost(seed, size, source_pu) -> None:
    network, p, q = random_tree(seed, size)
    state = zeros(NetworkState, size)
    assert radial.sweep(network, p, q, every(size), source_pu, state) > 0
    left = state.power_pu[0] - p.sum() - state.loss_pu[1:].sum()
    assert abs(left) < 1e-12 * max(1.0, state.power_pu[0])
    assert (state.loss_pu > -1e-15).all()
    drawn = state.power_pu[1:] - state.loss_pu[1:]
    fed = np.bincount(network.parent[1:], state.power_pu[1:], size)
    np.testing.assert_allclose(drawn, (fed + p)[1:], atol=1e-12, rtol=0)


@MODERATE
@given(seed=seeds, size=st.integers(1, 25))
def test_sweep_agrees_with_the_dense_fixed_point(seed, size) -> None:
    network, p, q = random_tree(seed, size)
    state = zeros(NetworkState, size)
    assert radial.sweep(network, p, q, every(size), 1.02, state) > 0
    np.testing.assert_allclose(state.v_re + 1j * state.v_im, dense(network, p, q, 1.02), atol=1e-11, rtol=0)


@MODERATE
@given(seed=seeds, size=st.integers(2, 40), opened=st.integers(0, 39))
def test_an_open_element_equals_a_network_without_what_lies_below(seed, size, opened) -> None:
    network, p, q = random_tree(seed, size)
    closed, alive = every(size), every(size)
    closed[opened % size] = 0
    radial.energise(network, closed, alive)
    state = zeros(NetworkState, size)
    assert radial.sweep(network, p, q, every(size), 1.02, state) > 0
    assert radial.sweep(network, p, q, alive, 1.02, state) > 0
    dead = alive == 0
    assert dead[opened % size]
    assert all(dead[i] for i in range(1, size) if dead[network.parent[i]])
    for field in ("voltage_pu", "i_re", "i_im", "power_pu", "reactive_pu", "loss_pu", "loading"):
        assert (getattr(state, field)[dead] == 0.0).all(), field
    keep = np.flatnonzero(alive)
    if keep.size:
        where = np.cumsum(alive) - 1
        rest = Network._make(array[keep] for array in network)
        parent = np.array([-1, *(where[k] for k in rest.parent[1:])], np.int64)
        alone = zeros(NetworkState, keep.size)
        assert radial.sweep(rest._replace(parent=parent), p[keep], q[keep], every(keep.size), 1.02, alone) > 0
        np.testing.assert_allclose(state.voltage_pu[keep], alone.voltage_pu, atol=1e-12, rtol=0)


def test_supply_that_comes_back_is_solved_again() -> None:
    network, p, q = random_tree(7, 30)
    first, again, alive = zeros(NetworkState, 30), zeros(NetworkState, 30), every(30)
    radial.sweep(network, p, q, alive, 1.02, first)
    for closed in (alive, every(30, 0), alive):
        assert radial.sweep(network, p, q, closed, 1.02, again) > 0
    np.testing.assert_allclose(again.voltage_pu, first.voltage_pu, atol=1e-12, rtol=0)


@MODERATE
@given(seed=seeds, source_pu=st.floats(0.9, 1.1))
def test_warm_start_takes_fewer_sweeps_and_ends_at_the_same_place(seed, source_pu) -> None:
    network, p, q = random_tree(seed, 30)
    warm, cold = zeros(NetworkState, 30), zeros(NetworkState, 30)
    radial.flat_start(warm, source_pu)
    radial.sweep(network, p, q, every(30), source_pu, warm)
    few = radial.sweep(network, 1.001 * p, q, every(30), source_pu, warm)
    assert 0 < few <= radial.sweep(network, 1.001 * p, q, every(30), source_pu, cold)
    np.testing.assert_allclose(warm.voltage_pu, cold.voltage_pu, atol=2e-12, rtol=0)


@pytest.mark.parametrize("share", [1.001, 1.5, 20.0])
def test_collapse_is_told(share) -> None:
    r, x = 0.0016609, 0.01993
    network, _ = radial.build(Branch("poi", "", complex(r, x), 0j, 3.0), [])
    p, q = np.array([share * most_power_pu(1.02, r, x)]), np.zeros(1)
    assert radial.sweep(network, p, q, every(1), 1.02, zeros(NetworkState, 1)) < 0
    assert radial.sweep(network, 0.9 / share * p, q, every(1), 1.02, zeros(NetworkState, 1)) > 0


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_load_that_is_no_number_is_never_called_solved() -> None:
    """Also where the last node is dead, whose voltage does not change."""
    rows = [Branch("a", "poi", 0.01j, 0j, 1.0), Branch("b", "poi", 0.01j, 0j, 1.0)]
    network, _ = radial.build(Branch("poi", "", 0.02j, 0j, 3.0), rows)
    alive = np.array([1, 1, 0], np.int64)
    p, q = np.array([0.0, np.nan, 0.0]), np.zeros(3)
    state = zeros(NetworkState, 3)
    assert radial.sweep(network, p, q, alive, 1.02, state) < 0
    assert radial.sweep(network, np.array([0.0, 0.1, 0.0]), q, alive, 1.02, state) > 0
    assert state.voltage_pu[1] > 0.9


def test_a_source_without_voltage_is_no_solution() -> None:
    network, p, q = random_tree(3, 5)
    with np.errstate(all="ignore"):
        assert radial.sweep(network, p, q, every(5), 0.0, zeros(NetworkState, 5)) < 0


def test_loading_is_current_or_power_over_the_rating() -> None:
    rows = [Branch("cable", "poi", 0.01 + 0.02j, 0j, 0.5, CURRENT), Branch("board", "cable", 0.02j, 0j, 0.25)]
    network, _ = radial.build(Branch("poi", "", 0j, 0j, np.inf), rows)
    p, q, state = np.array([0.0, 0.0, 0.2]), np.array([0.0, 0.0, 0.05]), zeros(NetworkState, 3)
    radial.sweep(network, p, q, every(3), 1.02, state)
    assert state.loading[0] == 0.0
    assert state.loading[1] == pytest.approx(np.hypot(0.2, 0.05) / state.voltage_pu[2] / 0.5, rel=1e-11)
    assert state.loading[2] == pytest.approx(np.hypot(state.power_pu[2], state.reactive_pu[2]) / 0.25, rel=1e-14)


def test_build_sorts_parents_before_children() -> None:
    def row(name: str, parent: str) -> Branch:
        return Branch(name, parent, 1j, 0j, 1.0, CURRENT)

    network, names = radial.build(row("feed", ""), [row("c", "b"), row("b", "a"), row("d", "a"), row("a", "feed")])
    assert names[0] == "feed"
    found = {name: names[k] for name, k in zip(names[1:], network.parent[1:], strict=True)}
    assert found == {"c": "b", "b": "a", "d": "a", "a": "feed"}
    assert (network.parent < np.arange(5)).all()
    assert not any(array.flags.writeable for array in network)


def test_faults_names_orphans_and_cycles() -> None:
    parents = {"a": "feed", "b": "a", "lost": "nowhere", "below": "lost"}
    parents |= {"x": "y", "y": "x", "self": "self", "tail": "x"}
    orphans, cycle = radial.faults(parents, "feed")
    assert orphans == ["lost"]
    assert cycle == ["x", "y", "self", "tail"]
    assert radial.faults({"a": "feed", "b": "a"}, "feed") == ([], [])


def test_loading_is_of_what_the_rating_bounds():
    rows = [Branch("t", "poi", 0.01j, 0j, 1.0, radial.APPARENT), Branch("b", "t", 0j, 0j, 1.0, radial.ACTIVE)]
    network, _ = radial.build(Branch("poi", "", 0.001j, 0j, 3.0, radial.ACTIVE), rows)
    state = zeros(NetworkState, 3)
    radial.flat_start(state, 1.0)
    assert radial.sweep(network, np.array([0, 0, 0.6]), np.array([0, 0, 0.3]), np.ones(3, np.int64), 1.0, state) > 0
    assert state.loading[0] == pytest.approx(0.6 / 3.0, rel=1e-9)
    assert state.loading[2] == pytest.approx(0.6, rel=1e-9)
    assert state.loading[1] == pytest.approx(np.hypot(state.power_pu[1], state.reactive_pu[1]), rel=1e-9)
