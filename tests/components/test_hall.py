"""A hall's facility water: heat kept and given, and a plant that holds the set point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from twin.components import hall
from twin.components.hall import HallState, advance, coefficients, params, plant_demand_w

RATE, HALF = 3.1e6, 1.4e8


@given(
    heat=st.floats(0, 4e7),
    plant=st.floats(0, 4e7),
    ticks=st.integers(1, 5),
    start=st.tuples(st.floats(15, 40), st.floats(15, 45)),
)
def test_heat_in_is_heat_out_plus_heat_kept(heat, plant, ticks, start):
    state, c = HallState(np.array([start[0]]), np.array([start[1]])), np.empty(hall.MATRIX)
    coefficients(RATE, HALF, float(ticks), c)
    before = HALF * (state.supply_c[0] + state.return_c[0])
    advance(state, 0, c, HALF, heat, plant, 2e5)
    kept = HALF * (state.supply_c[0] + state.return_c[0]) - before
    assert (heat + 2e5 - plant) * ticks == pytest.approx(kept, abs=1e-12 * before)


def test_a_step_and_its_means_are_those_of_radau():
    state, c = HallState(np.array([25.0]), np.array([33.0])), np.empty(hall.MATRIX)
    coefficients(RATE, HALF, 5.0, c)

    def rates(_, t):
        return [(RATE * (t[1] - t[0]) - 2.0e7 + 2e5) / HALF, (RATE * (t[0] - t[1]) + 2.6e7) / HALF, t[0], t[1]]

    expected = solve_ivp(rates, (0, 5), [25.0, 33.0, 0, 0], method="Radau", rtol=1e-11, atol=1e-11).y[:, -1]
    means = advance(state, 0, c, HALF, 2.6e7, 2.0e7, 2e5)
    np.testing.assert_allclose([state.supply_c[0], state.return_c[0]], expected[:2], atol=1e-8)
    np.testing.assert_allclose(means, expected[2:] / 5, atol=1e-8)


def test_the_plant_holds_the_set_point_and_takes_all_heat():
    state, c = HallState(np.array([31.0]), np.array([31.0])), np.empty(hall.MATRIX)
    coefficients(RATE, HALF, 5.0, c)
    for _ in range(500):
        taken = plant_demand_w(state, 0, 25.0, RATE, 2e5)
        advance(state, 0, c, HALF, 2.6e7, taken, 2e5)
    assert state.supply_c[0] == pytest.approx(25.0, abs=1e-6)
    assert taken == pytest.approx(2.6e7 + 2e5, rel=1e-7)
    assert state.return_c[0] == pytest.approx(25.0 + 2.6e7 / RATE, abs=1e-6)


def test_a_plant_never_heats():
    state = HallState(np.array([20.0]), np.array([20.0]))
    assert plant_demand_w(state, 0, 25.0, RATE, 0.0) == 0.0


def test_half_the_water_is_hot():
    made = params(np.array([25.0]), np.array([0.75]), np.array([68.0]), (996.0, 4179.0), np.array([5.0]))
    assert made.water_w_k[0] == pytest.approx(0.75 * 996 * 4179)
    assert made.half_j_k[0] == pytest.approx(34.0 * 996 * 4179)
    assert made.flow_kg_s[0] == pytest.approx(747.0)
