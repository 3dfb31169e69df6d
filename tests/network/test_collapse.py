"""The margin to voltage collapse against the closed form of one load behind one impedance."""

import numpy as np
import pytest

from twin.components.feed import most_power_pu
from twin.core.layout import zeros
from twin.network import collapse, radial, topology
from twin.network.meshed import Meshed
from twin.network.radial import Loads
from twin.network.topology import Branch

R, X = 0.0016609, 0.01993


@pytest.mark.parametrize("solver", ["sweep", "library"])
@pytest.mark.parametrize("load_pu", [3.0, 24.0, 30.0])
def test_margin_of_one_load(solver, load_pu) -> None:
    """The nose: V^2 = |Z| |S|."""
    network, _ = topology.build(Branch("feed", "", complex(R, X), 0j, 3.0), [])
    loads, state, tree = zeros(Loads, 1), radial.new_state(network, 1), topology.new_tree(1)
    closed, library = np.ones(1, np.int64), Meshed(network)
    topology.switch(network, closed, tree)
    loads.p_pu[0] = load_pu

    def solve(scaled: Loads) -> bool:
        if solver == "sweep":
            return radial.sweep(network, tree, scaled, 1.02, state) > 0
        return library.solve(scaled, closed, 1.02, state) > 0

    found = collapse.margin(loads, solve, state.voltage_pu)
    most = most_power_pu(1.02, R, X)
    assert found.scale * load_pu == pytest.approx(most, rel=2e-3)
    assert found.bus == 0
    assert found.voltage_pu == pytest.approx(np.sqrt(np.hypot(R, X) * most), rel=0.05)
    words = collapse.said(100.0 * load_pu, found, ["feed"])
    assert words.startswith(f"no solution for {100.0 * load_pu:.1f} MW; the network carries {found.scale:.2f} of it")
    assert "the lowest bus there is feed (0." in words


def test_no_network_at_all() -> None:
    found = collapse.margin(zeros(Loads, 1), lambda _: False, np.zeros(1))
    assert (found.scale, found.bus) == (0.0, -1)
    assert collapse.said(10.0, found, []) == "no solution for 10.0 MW, nor for any part of it"
