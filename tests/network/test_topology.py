"""Trees of closed elements: what feeds what, what is dead, what closes a loop."""

from time import perf_counter

import numpy as np
import pytest

from twin.network import topology
from twin.network.radial import CURRENT
from twin.network.topology import Branch, Tie


def test_build_sorts_parents_before_children() -> None:
    def row(name: str, parent: str) -> Branch:
        return Branch(name, parent, 1j, 0j, 1.0, CURRENT)

    network, names = topology.build(row("feed", ""), [row("c", "b"), row("b", "a"), row("d", "a"), row("a", "feed")])
    assert names[0] == "feed"
    found = {name: names[k] for name, k in zip(names[1:], network.from_bus[1:], strict=True)}
    assert found == {"c": "b", "b": "a", "d": "a", "a": "feed"}
    assert (network.from_bus < np.arange(5)).all()
    assert not any(array.flags.writeable for array in network)


def test_faults_names_orphans_and_cycles() -> None:
    parents = {"a": "feed", "b": "a", "lost": "nowhere", "below": "lost"}
    parents |= {"x": "y", "y": "x", "self": "self", "tail": "x"}
    orphans, cycle = topology.faults(parents, "feed")
    assert orphans == ["lost"]
    assert cycle == ["x", "y", "self", "tail"]
    assert topology.faults({"a": "feed", "b": "a"}, "feed") == ([], [])


def row(name: str, parent: str) -> Branch:
    return Branch(name, parent, 1j, 0j, 1.0, CURRENT)


@pytest.fixture
def ring():
    """feed - a - b - c and feed - d - e, with a tie from c to e and one from b to d."""
    rows = [row("a", "feed"), row("d", "feed"), row("b", "a"), row("e", "d"), row("c", "b")]
    return topology.build(row("feed", ""), rows, [Tie(row("c-e", "c"), "e"), Tie(row("b-d", "b"), "d")])


def switched(ring, *, opened=(), closed=()):
    network, names = ring
    service = np.array([int(name not in opened and (i < 6 or name in closed)) for i, name in enumerate(names)])
    tree = topology.new_tree(6)
    loops = topology.switch(network, service, tree)
    fed = {names[i]: names[e] for i, e in enumerate(tree.element) if e >= 0}
    return tree, fed, [[names[e] for e in loop] for loop in loops]


def test_open_ties_leave_the_tree_as_built(ring):
    tree, fed, loops = switched(ring)
    assert loops == []
    assert fed == {name: name for name in ("feed", "a", "b", "c", "d", "e")}
    assert tree.order.tolist() == list(range(6))
    assert not tree.reverse.any()


def test_a_tie_feeds_what_its_own_element_does_not(ring):
    names = ring[1]
    tree, fed, loops = switched(ring, opened=("a",), closed=("c-e",))
    assert loops == []
    assert fed == {"feed": "feed", "d": "d", "e": "e", "c": "c-e", "b": "c", "a": "b"}
    assert {names[i] for i in np.flatnonzero(tree.reverse)} == {"c", "b", "a"}
    assert tree.parent[names.index("a")] == names.index("b")


def test_what_nothing_feeds_is_dead(ring):
    tree, fed, loops = switched(ring, opened=("b",))
    assert set(fed) == {"feed", "a", "d", "e"}
    assert tree.count[0] == 4
    assert loops == []
    tree, fed, loops = switched(ring, opened=("feed",), closed=("c-e", "b-d"))
    assert (fed, tree.count[0], loops) == ({}, 0, [])


def test_a_loop_is_told_by_its_elements(ring):
    _, fed, loops = switched(ring, closed=("c-e",))
    assert len(fed) == 6
    assert [set(loop) for loop in loops] == [{"a", "b", "c", "c-e", "e", "d"}]
    _, _, loops = switched(ring, opened=("a",), closed=("c-e", "b-d"))
    assert [set(loop) for loop in loops] == [{"c", "b-d", "e", "c-e"}]


def test_elements_side_by_side_are_a_loop():
    network, names = topology.build(row("feed", ""), [row("a", "feed")], [Tie(row("again", "feed"), "a")])
    loops = topology.switch(network, np.ones(3, np.int64), topology.new_tree(2))
    assert [{names[e] for e in loop} for loop in loops] == [{"a", "again"}]


def test_a_tree_of_450_elements_is_made_in_5_ms():
    rows = [row(f"n{i}", f"n{(i - 1) // 3}") for i in range(1, 400)]
    ties = [Tie(row(f"t{i}", f"n{i}"), f"n{i + 200}") for i in range(50)]
    network, _ = topology.build(row("n0", ""), rows, ties)
    service, tree = np.array([1] * 400 + [0] * 50), topology.new_tree(400)
    took = []
    for _ in range(5):
        start = perf_counter()
        topology.switch(network, service, tree)
        took.append(perf_counter() - start)
    assert min(took) < 5e-3
