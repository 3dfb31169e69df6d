"""What an operator knows of a site: the electrical tree as breakers stand, and who hangs where."""

from pathlib import Path

import numpy as np
import pytest

from tests.two_substations import tied
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site
from twin.telemetry import PlantGauges, as_fed, fleet_of
from twin.wanted import Wanted

SITES = Path(__file__).parents[1] / "site_configs"
TIED = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.cdus": [],
    **tied("400 kW"),
}


@pytest.fixture(scope="module")
def tied():
    return compile_site(load_site(SITES / "pod.yaml", TIED))


def above(fleet, server):
    found, node = [], int(fleet.tree.leaf[server])
    while node >= 0:
        found.append(fleet.tree.names[node])
        node = int(fleet.tree.parent[node])
    return found


def test_the_tree_of_the_reference_site():
    compiled = compile_site(load_site(SITES / "colossus1.yaml"))
    fleet = fleet_of(compiled)
    tree = fleet.tree
    assert tree.names[0] == "feed"
    assert tree.limit_w[0] == 300e6
    assert [tree.names[k] for k in tree.substations] == compiled.substations
    sums = tree.sums(fleet.gpus.astype(float))
    assert sums[0] == compiled.gpus
    for k, servers in enumerate(fleet.substations):
        assert sums[tree.substations[k]] == fleet.gpus[servers].sum()
    np.testing.assert_array_equal(sums[-len(compiled.names.racks) :], np.bincount(fleet.rack, weights=fleet.gpus))
    assert (tree.level[1:] == tree.level[tree.parent[1:]] + 1).all()
    for array in (fleet.gpus, tree.parent, *fleet.substations):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_the_tree_follows_breakers(tied):
    fleet, state = fleet_of(tied), new_state(tied)
    assert above(fleet, 0) == ["hall-1/rack-001", "board", "feeder", "one", "feed"]
    assert [servers.size for servers in fleet.substations] == [fleet.gpus.size, 0]
    wanted = Wanted(tied, state)
    names = tied.names.electrical
    wanted.service.in_service[names.index("one")] = 0
    wanted.service.in_service[names.index("tie")] = 1
    wanted.enforce(state)
    moved = as_fed(fleet, tied, state.feeding)
    assert above(moved, 0) == ["hall-1/rack-001", "board", "tie", "other", "two", "feed"]
    assert [servers.size for servers in moved.substations] == [0, fleet.gpus.size]
    sums = moved.tree.sums(moved.gpus.astype(float))
    assert sums[list(fleet.tree.names).index("two")] == tied.gpus
    assert as_fed(moved, tied, state.feeding) is moved


def test_power_into_an_element_that_is_fed_from_its_other_side_is_positive(tied):
    state = new_state(tied)
    state.network.power_pu[:] = 0.01
    state.feeding.reverse[:] = 0
    bus = 3
    state.feeding.reverse[bus] = 1
    element = state.feeding.element[bus]
    state.network.power_pu[element] = -0.02
    (power_w,) = PlantGauges(tied, state).boards()
    assert power_w[element] == pytest.approx(2e6)
    assert (power_w > 0).all()
