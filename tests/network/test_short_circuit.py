"""Bolted faults against pandapower's IEC 60909, and the closed form against power-grid-model."""

import numpy as np
import pytest

from tests.network.test_meshed import random_network
from tests.oracles.frozen import hold, row
from twin.components import cable, feed, transformer
from twin.network import radial, short_circuit, topology
from twin.network.topology import Branch, Tie

BASE_VA = radial.BASE_MVA * 1e6
LEVEL_V = np.array([161e3, 34.5e3, 34.5e3, 480.0])


def wound(rating: str, high: str, low: str, impedance: str, load_loss: str) -> transformer.TransformerSpec:
    plate = {"rating": rating, "high": high, "low": low, "impedance": impedance, "load_loss": load_loss}
    return transformer.TransformerSpec.model_validate(plate | {"no_load_loss": "0 W", "magnetising": "0 %"})


@pytest.fixture(scope="module")
def path():
    """161 kV of 5,000 MVA, a 100 MVA transformer, 2 km of cable, a 3 MVA transformer."""
    line = cable.CableSpec.model_validate(
        {"voltage": "34.5 kV", "resistance": "0.0712 ohm/km", "reactance": "0.1350 ohm/km", "capacitance": "300 nF/km",
         "ampacity": "600 A"}
    )  # fmt: skip
    big, small = (
        wound("100 MVA", "161 kV", "34.5 kV", "10 %", "300 kW"), wound("3 MVA", "34.5 kV", "480 V", "5.75 %", "21 kW")
    )  # fmt: skip
    rows = [
        Branch("sub", "feed", *transformer.pi(big, BASE_VA), 1.0),
        Branch("end", "sub", *cable.section(line, 2000.0, BASE_VA, 60.0), 1.0),
        Branch("board", "end", *transformer.pi(small, BASE_VA), 0.03),
    ]
    network, _ = topology.build(Branch("feed", "", feed.impedance_pu(5000e6, 12.0, BASE_VA), 0j, 3.0), rows)
    reactance = [np.sqrt(spec.impedance**2 - (spec.load_loss / spec.rating) ** 2) for spec in (big, small)]
    wide, narrow = (short_circuit.transformer_factor(x) for x in reactance)
    return network, np.array([short_circuit.C, wide, 1.0, narrow])


def in_ka(current_pu):
    return current_pu * BASE_VA / (np.sqrt(3.0) * LEVEL_V) / 1e3


def test_v_sc_01(path) -> None:
    network, factor = path
    tree = topology.new_tree(4)
    topology.switch(network, np.ones(4, np.int64), tree)
    found = short_circuit.by_path(network, tree, factor)
    for case, current_ka, peak_ka in zip(
        row("V-SC-01").cases, in_ka(found.current_pu), in_ka(found.peak_pu), strict=True
    ):
        hold(case, row("V-SC-01").within, current_ka=current_ka, peak_ka=peak_ka)


def test_v_sc_01_by_power_grid_model(path) -> None:
    """Within 3 %: there without the transformers' K_T."""
    network, _ = path
    state, closed = radial.new_state(network, 4), np.ones(4, np.int64)
    found = short_circuit.by_library(network, closed, state, np.array([short_circuit.C, 1.0, 1.0, 1.0]))
    cases = row("V-SC-01").cases
    np.testing.assert_allclose(in_ka(found.current_pu), [case["current_ka"] for case in cases], rtol=0.03)
    np.testing.assert_allclose(in_ka(found.peak_pu), [case["peak_ka"] for case in cases], rtol=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_both_agree_where_there_is_no_loop(seed) -> None:
    network, _, state, closed = random_network(seed, 20, 3)
    closed[4] = 0
    tree = topology.new_tree(20)
    topology.switch(network, closed, tree)
    factor = np.random.default_rng(seed).uniform(0.9, 1.1, closed.size)
    mine = short_circuit.by_path(network, tree, factor)
    theirs = short_circuit.by_library(network, closed, state, factor)
    np.testing.assert_allclose(theirs.current_pu, mine.current_pu, rtol=1e-9)
    np.testing.assert_allclose(theirs.peak_pu, mine.peak_pu, rtol=1e-9)
    assert np.isnan(mine.current_pu[4])


def test_a_second_path_makes_faults_greater() -> None:
    """Of reactances alone: they add up as numbers, not as angles."""
    network, _, state, closed = random_network(1, 20, 3)
    network = network._replace(r_pu=np.zeros(closed.size))
    radial_ones = short_circuit.by_library(network, closed, state, np.ones(closed.size))
    closed[:] = 1
    meshed = short_circuit.by_library(network, closed, state, np.ones(closed.size))
    assert (meshed.current_pu >= radial_ones.current_pu * (1 - 1e-12)).all()
    assert (meshed.current_pu > radial_ones.current_pu * 1.001).any()


def test_peaks_where_there_are_loops_are_by_method_b() -> None:
    """IEC 60909-0: 1.15 kappa, not above 1.8 at low voltage and 2 above, and never less than kappa itself."""
    current, kappa = np.full(5, 2.0), np.array([1.4, 1.7, 1.9, 1.9, 1.4])
    fault = short_circuit.Fault(current, kappa * np.sqrt(2.0) * current)
    rated_v, behind = np.array([480.0, 480.0, 34.5e3, 480.0, 480.0]), np.arange(5) < 4
    found = short_circuit.peak_with_loops(fault, rated_v, behind)
    np.testing.assert_allclose(found.peak_pu / np.sqrt(2.0) / current, [1.61, 1.8, 2.0, 1.9, 1.4], rtol=1e-12)


def test_what_is_behind_a_loop() -> None:
    """Two transformers side by side under one bus, and a board under one of them; nothing above the loop is."""
    rows = [Branch(name, above, 0.01j, 0j, 1.0) for name, above in
            (("sub", "feed"), ("t1", "sub"), ("t2", "sub"), ("board", "t2"), ("other", "feed"))]  # fmt: skip
    network, names = topology.build(
        Branch("feed", "", 0.01j, 0j, 9.0), rows, [Tie(Branch("c", "t1", 0j, 0j, 1.0), "t2")]
    )
    tree = topology.new_tree(6)
    loops = topology.switch(network, np.ones(7, np.int64), tree)
    behind = short_circuit.behind_loops(tree, loops)
    assert {name for name, is_behind in zip(names, behind, strict=False) if is_behind} == {"t1", "t2", "board"}
