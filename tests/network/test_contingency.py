"""Outages one by one: what ties bring back, what stays dark, and both solvers' answers."""

import numpy as np
import pytest

from twin.core.layout import zeros
from twin.network import contingency, radial, topology
from twin.network.contingency import Limits, Outage
from twin.network.meshed import Meshed
from twin.network.radial import CURRENT, Loads
from twin.network.topology import Branch, Tie

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
    state, tree, library = radial.new_state(network, 8), topology.new_tree(8), Meshed(network)

    def swept(closed) -> bool:
        assert not topology.switch(network, closed, tree)
        return radial.sweep(network, tree, loads, 1.02, state) > 0

    def solved(closed) -> bool:
        return library.solve(loads, closed, 1.02, state) > 0

    solve = swept if solver == "sweep" else solved
    assert solve(in_service)
    return list(contingency.outages(network, in_service, loads.p_pu, LIMITS, solve, state))


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
