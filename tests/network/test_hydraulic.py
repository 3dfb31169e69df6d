"""Ladders and trees against other people's solutions, against each other, and the laws they must keep."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.components import pump
from twin.core.friction import pipe_k_pa_s2_kg2
from twin.core.layout import Vec
from twin.network.hydraulic import (
    Ladders,
    Tree,
    TreeState,
    branch_flow_kg_s,
    drop_pa,
    ladders,
    solve_ladder,
    solve_tree,
)

MODERATE = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def solved(header: Ladders, k: Vec, l: Vec, lift: float, fall: float = 0.0) -> tuple[float, float, Vec]:  # noqa: E741
    flow = np.zeros(k.size)
    total, drop, marches = solve_ladder(header, k, l, 0, k.size, lift, fall, flow)
    assert marches > 0
    return total, drop, flow


def random_ladder(seed: int, size: int, share: float = 0.5) -> tuple[Ladders, Vec, Vec]:
    """A ladder of branches that lose 0.01 to 10 bar at 1 kg/s, ``share`` of them with a part that grows with flow."""
    draw = np.random.default_rng(seed)
    k = 10.0 ** draw.uniform(3, 6, size)
    part = (draw.random(size) < share) * 10.0 ** draw.uniform(2, 5, size)
    headers = 10.0 ** draw.uniform(0, 3, size), (draw.random(size) < share) * 10.0 ** draw.uniform(0, 3, size)
    return ladders(*headers, draw.uniform(0.0, 3.0, size)), k, part


def stations_pa(header: Ladders, flow: Vec, inlet: float) -> Vec:
    """Drop across each branch, from the inlet's drop less that of the headers."""
    passing = np.cumsum(flow[::-1])[::-1]
    lost = passing * (header.header_k_pa_s2_kg2 * passing + header.header_l_pa_s_kg)
    return inlet - np.cumsum(lost)


def test_v_hyd_03():
    water, roughness = (995.737993, 7.9721780e-4), 4.5e-5
    flow = np.full(3, 20.0)
    for _ in range(60):
        passing = np.cumsum(flow[::-1])[::-1]
        header = [2 * pipe_k_pa_s2_kg2(m, *water, 30.0, 0.3, roughness, 0.5) for m in passing]
        k = np.array(
            [
                pipe_k_pa_s2_kg2(m, *water, 12.0, 0.1, roughness, minor)
                for m, minor in zip(flow, (40.0, 50.0, 60.0), strict=True)
            ]
        )
        before = flow.copy()
        rest = ladders(np.array(header), np.zeros(3), np.zeros(3))
        total, _, marches = solve_ladder(rest, k, np.zeros(3), 0, 3, 1.5e5, 0.0, flow)
        assert marches > 0
        if np.abs(flow / before - 1).max() < 1e-12:
            break
    np.testing.assert_allclose(flow, [20.818659, 18.677285, 17.098639], rtol=1e-6)
    assert total == pytest.approx(56.594584, rel=1e-6)


@pytest.mark.parametrize(
    ("speed", "flow", "head"), [(1.0, 0.14142136, 22.0), (0.8, 0.10813097, 14.523077), (0.6, 0.07232406, 8.707692)]
)
def test_v_hyd_04(speed, flow, head):
    """The static head of 4 is taken off the lift; to 1e-9 against the closed form, to its digits against the row."""
    rest = ladders(np.zeros(1), np.zeros(1), np.zeros(1))
    found, drop, _ = solved(rest, np.array([900.0]), np.zeros(1), 30.0 * speed**2 - 4.0, 400.0)
    assert found == pytest.approx(sqrt((30.0 * speed**2 - 4.0) / 1300.0), rel=1e-9)
    assert found == pytest.approx(flow, abs=5e-9)
    assert drop + 4.0 == pytest.approx(4.0 + 900.0 * found**2, rel=1e-9)
    assert drop + 4.0 == pytest.approx(head, abs=5e-7)


@MODERATE
@given(seed=seeds, size=st.integers(1, 40), lift=st.floats(1e2, 1e6), fall=st.sampled_from([0.0, 10.0, 1e5]))
def test_every_branch_has_the_drop_of_its_station(seed, size, lift, fall):
    header, k, part = random_ladder(seed, size)
    total, drop, flow = solved(header, k, part, lift, fall)
    assert total == pytest.approx(flow.sum(), rel=1e-14)
    assert drop == pytest.approx(lift - fall * total**2, abs=1e-11 * lift)
    stations = stations_pa(header, flow, drop)
    own = [drop_pa(*each) for each in zip(k, part, header.small_kg_s, flow, strict=True)]
    np.testing.assert_allclose(own, stations, rtol=1e-10, atol=1e-11 * lift)
    assert (flow > 0).all()
    assert (np.diff(stations) <= 0).all()


@MODERATE
@given(seed=seeds, size=st.integers(1, 20), lift=st.floats(1.0, 1e6), more=st.floats(1.01, 5.0))
def test_flow_rises_with_drop_in_every_branch(seed, size, lift, more):
    header, k, part = random_ladder(seed, size)
    _, _, less = solved(header, k, part, lift)
    _, _, greater = solved(header, k, part, lift * more)
    assert (greater > less).all()


@MODERATE
@given(seed=seeds, size=st.integers(2, 20), which=st.integers(0, 19), more=st.floats(1.1, 50.0))
def test_a_more_open_branch_takes_more_and_leaves_the_others_less(seed, size, which, more):
    header, k, part = random_ladder(seed, size)
    total, _, before = solved(header, k, part, 1e5, 100.0)
    opened = k.copy()
    opened[which % size] /= more
    total_after, _, after = solved(header, opened, part, 1e5, 100.0)
    others = np.arange(size) != which % size
    assert after[which % size] > before[which % size]
    assert (after[others] <= before[others] * (1 + 1e-10)).all()
    assert total_after > total


@MODERATE
@given(seed=seeds, size=st.integers(2, 20), closed=st.sets(st.integers(0, 19), min_size=1))
def test_a_closed_branch_is_as_if_it_were_not_there(seed, size, closed):
    header, k, part = random_ladder(seed, size)
    shut = [c for c in closed if c < size]
    k[shut] = inf
    flow = np.zeros(size)
    total, drop, marches = solve_ladder(header, k, part, 0, size, 1e5, 0.0, flow)
    assert (flow[shut] == 0.0).all()
    kept = np.isfinite(k)
    if not kept.any():
        assert (total, drop, marches) == (0.0, 1e5, 0)
        return
    # Without it, its length of header joins the next one's.
    groups = np.cumsum(kept) - kept
    of = groups < kept.sum()
    rest = Ladders(
        *(np.bincount(groups[of], weights=field[of]) for field in (header.header_k_pa_s2_kg2, header.header_l_pa_s_kg)),
        header.small_kg_s[kept],
    )
    _, _, alone = solved(rest, k[kept], part[kept], 1e5)
    np.testing.assert_allclose(flow[kept], alone, rtol=1e-10)


@given(
    k=st.floats(1e-3, 1e9),
    part=st.sampled_from([0.0, 1e-3, 1.0, 1e6]),
    small=st.sampled_from([0.0, 1e-4, 10.0]),
    flow=st.floats(1e-8, 1e4),
)
def test_flow_of_a_drop_of_a_flow_is_that_flow(k, part, small, flow):
    assert branch_flow_kg_s(k, part, small, drop_pa(k, part, small, flow)) == pytest.approx(flow, rel=1e-9)


def test_what_cannot_flow_stands():
    header, k, part = random_ladder(3, 4)
    flow = np.ones(4)
    for lift in (0.0, -10.0):
        assert solve_ladder(header, k, part, 0, 4, lift, 0.0, flow) == (0.0, 0.0, 0)
        assert (flow == 0.0).all()
    assert branch_flow_kg_s(1.0, 0.0, 0.0, -1.0) == 0.0


@pytest.mark.parametrize("size", [100, 300])
def test_marches_that_end_far_off_or_overflow_find_their_way_back(size):
    """Flow halves at every station here."""
    rest = ladders(np.full(size, 1e4), np.zeros(size), np.zeros(size))
    total, drop, flow = solved(rest, np.full(size, 1e4), np.zeros(size), 1e5)
    assert drop == pytest.approx(1e5, rel=1e-11)
    assert total == pytest.approx(flow.sum(), rel=1e-14)
    assert (np.diff(flow) < 0.0).all()


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_a_resistance_that_is_no_number_is_never_called_solved():
    header, k, part = random_ladder(3, 4)
    k[1] = nan
    flow = np.ones(4)
    assert solve_ladder(header, k, part, 0, 4, 1e5, 0.0, flow)[2] < 0
    assert (flow == 0.0).all()
    tree, k, part, state = random_tree(3, [4, 4])
    k[1] = nan
    assert solve_tree(tree, k, part, 0, 2, 1e5, 0.0, state)[2] < 0
    assert (state.flow_kg_s == 0.0).all()


@MODERATE
@given(seed=seeds, size=st.integers(1, 30))
def test_warm_start_ends_at_the_same_place_in_fewer_marches(seed, size):
    header, k, part = random_ladder(seed, size)
    flow = np.zeros(size)
    cold = solve_ladder(header, k, part, 0, size, 1e5, 10.0, flow)
    kept = flow.copy()
    warm = solve_ladder(header, k, part, 0, size, 1e5, 10.0, flow)
    assert warm[2] == 1 <= cold[2]
    np.testing.assert_allclose(flow, kept, rtol=1e-11)


def test_quadratic_drops_need_two_marches():
    header, k, _ = random_ladder(5, 64)
    header = header._replace(header_l_pa_s_kg=np.zeros(64), small_kg_s=np.zeros(64))
    assert solve_ladder(header, k, np.zeros(64), 0, 64, 1e5, 10.0, np.zeros(64))[2] <= 3


def test_ladders_side_by_side_do_not_touch_each_other():
    header, k, part = random_ladder(8, 10)
    flow = np.full(10, -1.0)
    solve_ladder(header, k, part, 3, 7, 1e5, 0.0, flow)
    assert (flow[:3] == -1.0).all()
    assert (flow[7:] == -1.0).all()
    sliced = Ladders(*(field[3:7] for field in header))
    np.testing.assert_allclose(flow[3:7], solved(sliced, k[3:7], part[3:7], 1e5)[2], rtol=1e-13)


def random_tree(seed: int, sizes: list[int], share: float = 0.5) -> tuple[Tree, Vec, Vec, TreeState]:
    draw = np.random.default_rng(seed)
    total, rows = sum(sizes), len(sizes)
    header, k, part = random_ladder(seed, total, share)
    main = ladders(10.0 ** draw.uniform(-2, 1, rows), np.zeros(rows), np.zeros(rows))
    tree = Tree(main, header, np.cumsum([0, *sizes]))
    state = TreeState(np.zeros(total), *(np.zeros(rows) for _ in TreeState._fields[1:]))
    return tree, k, part, state


def check_tree(tree: Tree, k: Vec, part: Vec, state: TreeState, inlet: float, drop: float) -> None:
    """Mass at every junction, and the drop of every branch."""
    assert inlet == pytest.approx(state.row_kg_s.sum(), rel=1e-13)
    at_rows = stations_pa(tree.main, state.row_kg_s, drop)
    for r in range(state.row_kg_s.size):
        here = slice(tree.row_first[r], tree.row_first[r + 1])
        flow, opened = state.flow_kg_s[here], k[here] < inf
        assert state.row_kg_s[r] == pytest.approx(flow.sum(), rel=1e-13)
        assert (flow[~opened] == 0.0).all()
        if opened.any():
            assert state.row_pa[r] == pytest.approx(at_rows[r], rel=1e-9, abs=1e-10 * drop)
            row = Ladders(*(field[here] for field in tree.rows))
            stations = stations_pa(row, flow, state.row_pa[r])
            parts = (field[opened] for field in (k[here], part[here], row.small_kg_s, flow))
            own = [drop_pa(*each) for each in zip(*parts, strict=True)]
            np.testing.assert_allclose(own, stations[opened], rtol=1e-9, atol=1e-10 * drop)


@MODERATE
@given(
    seed=seeds,
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=8),
    lift=st.floats(1e2, 1e6),
    fall=st.sampled_from([0.0, 1.0, 1e3]),
    shut=st.floats(0.0, 1.0),
)
def test_a_tree_keeps_mass_and_drops(seed, sizes, lift, fall, shut):
    tree, k, part, state = random_tree(seed, sizes)
    k[np.random.default_rng(seed).random(k.size) < shut] = inf
    inlet, drop, sweeps = solve_tree(tree, k, part, 0, len(sizes), lift, fall, state)
    if (k == inf).all():
        assert (inlet, drop, sweeps) == (0.0, lift, 0)
    else:
        assert 0 < sweeps < 12
        assert drop == pytest.approx(lift - fall * inlet**2, rel=1e-9, abs=1e-10 * lift)
        assert (state.flow_kg_s[k < inf] > 0.0).all()
        check_tree(tree, k, part, state, inlet, drop)


@MODERATE
@given(seed=seeds, size=st.integers(1, 20))
def test_a_tree_of_one_row_is_a_ladder(seed, size):
    tree, k, part, state = random_tree(seed, [size])
    inlet, _, _ = solve_tree(tree, k, part, 0, 1, 1e5, 0.0, state)
    longer = tree.rows.header_k_pa_s2_kg2.copy()
    longer[0] += tree.main.header_k_pa_s2_kg2[0]
    total, _, flow = solved(tree.rows._replace(header_k_pa_s2_kg2=longer), k, part, 1e5)
    assert inlet == pytest.approx(total, rel=1e-10)
    np.testing.assert_allclose(state.flow_kg_s, flow, rtol=1e-10)


def test_a_hall_comes_back_from_standstill_and_moves_from_step_to_step_in_few_sweeps():
    draw = np.random.default_rng(1)
    tree, k, part, state = random_tree(1, [32] * 12, 0.1)
    for lift in (1e5, 0.0, 1e5):
        _, _, sweeps = solve_tree(tree, k, part, 0, 12, lift, 1.0, state)
        assert (sweeps > 0) == (lift > 0.0)
    for _ in range(5):
        k *= 1.0 + 0.1 * draw.normal(size=k.size).clip(-2, 2)
        inlet, drop, sweeps = solve_tree(tree, k, part, 0, 12, 1e5, 1.0, state)
        assert 0 < sweeps <= 4
        check_tree(tree, k, part, state, inlet, drop)


@pytest.mark.parametrize("speed", [0.6, 1.0])
def test_a_hall_on_its_pumps_is_the_pumps_on_the_hall(speed):
    """Either side may hold the other: pumps as lift and fall of the network, the network as their system."""
    density = 995.7
    spec = pump.PumpSpec(count=4, standby=1, flow="0.4 m3/s", pressure="300 kPa", efficiency=0.8, drive_efficiency=0.92)
    pumps = pump.params([spec])
    tree, k, part, state = random_tree(2, [32] * 12, 0.1)
    lift, fall = speed**2 * pumps.shutoff_pa[0], pumps.fall_pa_s2_m6[0] / (3 * density) ** 2
    inlet, drop, _ = solve_tree(tree, k, part, 0, 12, lift, fall, state)
    system = drop / inlet**2 * density**2
    flow, head, _, _ = pump.operate_on(pumps, 0, system, 3.0, speed, 0.0, 0.0)
    assert density * flow == pytest.approx(inlet, rel=1e-10)
    assert head == pytest.approx(drop, rel=1e-10)
