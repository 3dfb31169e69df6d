"""Outages one by one: what ties bring back, what stays dark, and both solvers' answers."""

from pathlib import Path

import numpy as np
import pytest

from twin.core.layout import zeros
from twin.network import contingency, radial, topology
from twin.network.contingency import Limits, Outage
from twin.network.meshed import Meshed
from twin.network.radial import CURRENT, Loads
from twin.network.topology import Branch, Tie
from twin.site import network as site_network
from twin.site.load import load_site

LIMITS = Limits(0.95, 1.05)


def two_feeders(rating_pu: float = 0.4):
    """Two feeders of three boards each from one bus, a tie between their ends, and a board that hangs alone."""
    rows = [
        Branch(f"{side}{i}", f"{side}{i - 1}" if i else "feed", 0.01 + 0.02j, 1e-3j, rating_pu, CURRENT)
        for side in "ab" for i in range(3)
    ]  # fmt: skip
    rows.append(Branch("alone", "a0", 0.1 + 0.3j, 0j, 0.2))
    tie = Tie(Branch("ab", "a2", 0.01 + 0.02j, 0j, rating_pu, CURRENT), "b2")
    network, names = topology.build(Branch("feed", "", 0.002 + 0.02j, 0j, 9.0), rows, [tie])
    loads = zeros(Loads, 8)
    for name in ("a0", "a1", "a2", "b0", "b1", "b2", "alone"):
        loads.p_pu[names.index(name)] = 0.1
    in_service = np.array([1] * 8 + [0])
    return network, names, loads, in_service


def study(network, loads, in_service, solver: str) -> list[Outage]:
    steps = np.zeros(in_service.size, np.int64)
    state, tree, library = radial.new_state(network, 8), topology.new_tree(8), Meshed(network)

    def swept(closed) -> bool:
        assert not topology.switch(network, closed, tree)
        return radial.sweep(network, tree, loads, 1.02, state) > 0

    def solved(closed) -> bool:
        return library.solve(loads, closed, 1.02, state) > 0

    solve = swept if solver == "sweep" else solved
    assert solve(in_service)
    return list(contingency.outages(network, in_service, loads.p_pu, LIMITS, solve, state, steps))


def test_ties_bring_back_what_an_outage_took() -> None:
    network, names, loads, in_service = two_feeders()
    found = {names[outage.element]: outage for outage in study(network, loads, in_service, "sweep")}
    assert list(found) == names[:8]
    assert all(outage.solved for outage in found.values())
    tie = names.index("ab")
    for name in ("a0", "a1", "a2", "b0", "b1", "b2"):
        assert found[name].ties == [tie]
        assert found[name].lost_pu == 0.0
    assert found["feed"].lost_pu == pytest.approx(0.7)
    assert (found["alone"].ties, found["alone"].lost_pu) == ([], 0.1)
    # Feeder b carries all seven boards when a0 is out: its head is far beyond its rating.
    assert found["a0"].found.overloaded[0] == names.index("b0")
    assert found["a0"].highest_loading > 1.7
    assert found["a2"].found.overloaded.size == 0


def test_both_solvers_say_the_same() -> None:
    network, _, loads, in_service = two_feeders()
    for mine, theirs in zip(*(study(network, loads, in_service, kind) for kind in ("sweep", "library")), strict=True):
        assert (mine.element, mine.ties, mine.lost_pu) == (theirs.element, theirs.ties, theirs.lost_pu)
        assert mine.highest_loading == pytest.approx(theirs.highest_loading, abs=1e-9)
        assert mine.lowest_pu == pytest.approx(theirs.lowest_pu, abs=1e-9, nan_ok=True)


def test_the_base_case_stays_as_it_was() -> None:
    network, _, loads, in_service = two_feeders()
    before = in_service.copy()
    study(network, loads, in_service, "sweep")
    assert (in_service == before).all()


def test_a_collapse_after_an_outage_is_told() -> None:
    network, names, loads, in_service = two_feeders()
    loads.p_pu[:] *= 8.0
    found = {names[outage.element]: outage for outage in study(network, loads, in_service, "library")}
    assert not found["a0"].solved
    assert found["feed"].solved


def test_violations_are_worst_first() -> None:
    network, names, loads, _ = two_feeders(0.15)
    state = radial.new_state(network, 8)
    Meshed(network).solve(loads, np.array([1] * 8 + [0]), 1.02, state)
    over = contingency.violations(state, Limits(1.015, 1.0199, 1.0))
    assert [names[e] for e in over.overloaded[:1]] == ["a0"]
    assert (np.diff(state.loading[over.overloaded]) <= 0).all()
    assert (np.diff(state.voltage_pu[over.low]) >= 0).all()
    assert names[over.low[0]] == "alone"


def substations():
    """Two substations of two transformers each from one feed, and normally open couplers between their busbars."""
    rows = [Branch(name, "feed", 0j, 0j, np.inf) for name in ("sub-1", "sub-2")]
    for name, above in (("t1", "sub-1"), ("t2", "sub-1"), ("t3", "sub-2"), ("t4", "sub-2")):
        rows.append(Branch(name, above, 0.002 + 0.1j, 0j, 1.0))
    ends = (("coupler-1", "t1", "t2"), ("coupler-2", "t3", "t4"), ("substation-tie", "t2", "t3"))
    ties = [Tie(Branch(name, start, 0j, 0j, np.inf), end) for name, start, end in ends]
    return topology.build(Branch("feed", "", 0.001 + 0.01j, 0j, 9.0), rows, ties)


def test_a_tie_never_feeds_up_through_a_transformer() -> None:
    network, names = substations()
    steps = np.array([int(name in {"t1", "t2", "t3", "t4"}) for name in names])
    in_service = np.array([1] * 7 + [0] * 3)
    tree = topology.new_tree(7)

    def after(out: str, transforming=steps):
        closed = in_service.copy()
        closed[names.index(out)] = 0
        ties, opened = contingency.resupply(network, closed, in_service, names.index(out), tree, transforming)
        dead = [names[bus] for bus in range(7) if tree.element[bus] < 0]
        return [names[e] for e in ties], [names[e] for e in opened], dead

    assert after("sub-1") == (["substation-tie", "coupler-1"], ["t2", "t1"], ["sub-1"])
    assert after("sub-2") == (["substation-tie", "coupler-2"], ["t3", "t4"], ["sub-2"])
    assert after("t1") == (["coupler-1"], [], [])
    # Without the interlock one tie would revive the other busbar through the high side.
    assert after("sub-1", 0 * steps) == (["substation-tie"], [], [])


def test_a_tie_that_is_a_transformer_feeds_down_only() -> None:
    rows = [Branch("high", "feed", 0j, 0j, 1.0), Branch("low", "feed", 0j, 0j, 1.0)]
    tie = Tie(Branch("step", "high", 0.01j, 0j, 1.0), "low")
    network, names = topology.build(Branch("feed", "", 0.01j, 0j, 9.0), rows, [tie])
    tree, in_service, steps = topology.new_tree(3), np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1])
    for out, ties in (("low", [3]), ("high", [])):
        closed = in_service.copy()
        closed[names.index(out)] = 0
        assert contingency.resupply(network, closed, in_service, names.index(out), tree, steps) == (ties, [])


def test_the_loss_of_a_substation_feed_leaves_its_high_side_dead() -> None:
    """Colossus 1, boards at 30 %: sub-1 used to live at 0.78 pu from its low side, t2 carrying -88 MW."""
    site = load_site(Path(__file__).parents[2] / "site_configs" / "colossus1.yaml")
    built = site_network.build(site, site.library)
    names, n = built.names, len(built.names) - len(site.electrical.ties)
    level = site_network.levels(site, site.library)
    boards = np.array([level[bus] < 1000.0 for bus in names[:n]])
    loads, state, tree = zeros(Loads, n), radial.new_state(built.network, n), topology.new_tree(n)
    loads.p_pu[boards] = 0.3 * built.rating_va[:n][boards] / (radial.BASE_MVA * 1e6)
    steps, closed, out = site_network.transformers(site, site.library, names), built.closed.copy(), names.index("sub-1")
    closed[out] = 0
    ties, opened = contingency.resupply(built.network, closed, built.closed, out, tree, steps)
    assert {names[e] for e in opened} == {"t1", "t2"}
    assert {names[e] for e in ties} >= {"substation-tie", "coupler-1"}
    assert [names[bus] for bus in np.flatnonzero(tree.element < 0)] == ["sub-1"]
    radial.flat_start(state, 1.0)
    assert radial.sweep(built.network, tree, loads, 1.0, state) > 0
    assert state.voltage_pu[out] == 0.0
    assert (state.power_pu[:n][steps[:n] > 0] >= 0.0).all()
