"""Aisles: exact steps against Radau, heat that goes nowhere else, and what happens when water or air stands still."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.integrate import solve_ivp

from twin.components import aisle
from twin.components.aisle import AisleSpec, AisleState

AIR_J_M3_K, FULL_W_K, RACKS = 1160.0, 1160.0 * 8, 8
WATTS, TEMPERATURE = st.floats(0, 3e5), st.floats(5, 60)


def hall(**lines):
    return aisle.params([AisleSpec.model_validate(lines)], [RACKS], [FULL_W_K], AIR_J_M3_K)


def at(cold, hot, mass):
    return AisleState(np.array([cold]), np.array([hot]), np.array([mass]))


def kept_j(params, state):
    return params.air_j_k[0] * (state.cold_c[0] + state.hot_c[0]) + params.mass_j_k[0] * state.mass_c[0]


def rates_of(params, rates, heat_w, beyond_c):
    """The equations of the module, written once more."""
    (air, coils), (cold_w, hot_w), (water, outdoor) = rates, heat_w, beyond_c
    couple, wall = params.coupling_w_k[0], params.envelope_w_k[0]

    def move(_, x):
        cold, hot, mass = x[:3]
        into = air * (hot - cold) - coils * (hot - water) + wall * (outdoor - cold) + couple * (mass - cold) + cold_w
        return [
            into / params.air_j_k[0],
            (air * (cold - hot) + hot_w) / params.air_j_k[0],
            couple * (cold - mass) / params.mass_j_k[0],
            coils * (hot - water),
            wall * (cold - outdoor),
        ]

    return move


def test_a_step_is_exact():
    """Five minutes in one step, in sixty, and by Radau: the same temperatures and the same joules."""
    params, given_ = hall(), ((6000.0, 4000.0), (3e3, 9e4), (25.0, 36.0))
    once, often = at(28.0, 40.0, 27.0), at(28.0, 40.0, 27.0)
    heat_w = aisle.advance(params, once, 0, *given_, 300.0)
    steps = np.array([aisle.advance(params, often, 0, *given_, 5.0) for _ in range(60)])
    equations = rates_of(params, *given_)
    end = solve_ivp(equations, (0, 300), [28.0, 40.0, 27.0, 0.0, 0.0], "Radau", rtol=1e-11, atol=1e-9).y[:, -1]
    for state in (once, often):
        np.testing.assert_allclose([state.cold_c[0], state.hot_c[0], state.mass_c[0]], end[:3], rtol=1e-8)
    np.testing.assert_allclose(np.multiply(heat_w, 300.0), end[3:], rtol=1e-7)
    np.testing.assert_allclose(steps.sum(axis=0) * 5.0, end[3:], rtol=1e-7)


@given(
    air=st.floats(300, 3e4), reach=st.floats(0, 1), cold_w=WATTS, hot_w=WATTS, water=TEMPERATURE,
    outdoor=st.floats(-20, 45), cold=TEMPERATURE, hot=TEMPERATURE, mass=TEMPERATURE, dt=st.floats(0.1, 3600),
)  # fmt: skip
def test_energy_closes(air, reach, cold_w, hot_w, water, outdoor, cold, hot, mass, dt):
    params, state = hall(), at(cold, hot, mass)
    before = kept_j(params, state)
    heat_w, lost_w = aisle.advance(params, state, 0, (air, reach * air), (cold_w, hot_w), (water, outdoor), dt)
    residual = (cold_w + hot_w - heat_w - lost_w) * dt - (kept_j(params, state) - before)
    assert abs(residual) < 1e-12 * (before + dt * (cold_w + hot_w + abs(heat_w) + abs(lost_w)))


def test_the_rest_is_where_steps_end():
    params, given_ = hall(), ((6000.0, 4000.0), (3e3, 9e4), (25.0, 36.0))
    state, still = at(20.0, 20.0, 20.0), at(0.0, 0.0, 0.0)
    for _ in range(100):
        ends = aisle.advance(params, state, 0, *given_, 3600.0)
    np.testing.assert_allclose(aisle.rest(params, still, 0, *given_), ends, rtol=1e-9)
    np.testing.assert_allclose(np.ravel(still), np.ravel(state), rtol=1e-10)
    assert sum(ends) == pytest.approx(93e3, rel=1e-9)


def test_time_constants_are_those_of_rooms():
    """Air follows in 20 to 60 s, building and racks in 1 to 3 h."""
    params, a = hall(), np.empty((3, 3))
    racks = 0.7 * FULL_W_K
    aisle.network(params, 0, aisle.exchange_w_k(params, 0, racks, racks), 0.75 * racks, a)
    constants_s = np.sort(-1.0 / np.linalg.eigvals(a).real)
    assert 5 < constants_s[0] < 20  # between the aisles
    assert 20 < constants_s[1] < 60
    assert 3600 < constants_s[2] < 3 * 3600


def test_air_warms_when_water_stands_still():
    """Without coils the air follows heat over its own capacity at first, then takes building and racks along."""
    params = hall(envelope="0 W/K")
    state, heat_w = at(28.0, 40.0, 28.0), (0.0, 9e4)
    seen = []
    for _ in range(120):
        given_w, lost_w = aisle.advance(params, state, 0, (6000.0, 0.0), heat_w, (25.0, 30.0), 5.0)
        assert given_w == lost_w == 0.0
        seen.append(state.cold_c[0])
    assert np.all(np.diff(seen) > 0)
    rise_k = 9e4 * 600.0 / (2 * params.air_j_k[0] + params.mass_j_k[0])
    assert rise_k < seen[-1] - 28.0 < 9e4 * 600.0 / (2 * params.air_j_k[0])


def test_still_air_is_not_cut_off():
    """All fans stand: leakage alone moves air, and the heat of what still draws power finds its way."""
    params = hall(leakage="0.01 %")
    assert params.leakage_w_k[0] == pytest.approx(params.air_j_k[0] / aisle.STILL_S)
    state, moved = at(25.0, 25.0, 25.0), aisle.exchange_w_k(params, 0, 0.0, 0.0)
    for _ in range(3600):
        aisle.advance(params, state, 0, (moved, 0.0), (0.0, 1e3), (25.0, 25.0), 5.0)
    assert np.all(np.isfinite(np.ravel(state)))
    assert state.hot_c[0] - state.cold_c[0] == pytest.approx(1e3 / moved, rel=0.05)


def test_racks_draw_from_both_aisles():
    params = hall(recirculation="4 %")
    assert aisle.inlet_c(params, 0, 25.0, 40.0) == pytest.approx(25.6)
    assert aisle.exchange_w_k(params, 0, 5000.0, 3000.0) == pytest.approx(4800.0 + params.leakage_w_k[0])
    assert aisle.exchange_w_k(params, 0, 3000.0, 5000.0) == pytest.approx(5000.0 + params.leakage_w_k[0])


@given(racks=st.floats(0, 1e4), coils=st.floats(0, 1e4), reach=st.floats(0, 1))
def test_nothing_grows_by_itself(racks, coils, reach):
    params, a = hall(), np.empty((3, 3))
    aisle.network(params, 0, aisle.exchange_w_k(params, 0, racks, coils), reach * coils, a)
    assert np.all(np.linalg.eigvals(a).real <= 1e-12)
    assert np.all(a - np.diag(np.diag(a)) >= 0)


def test_a_recommendation_above_the_limit_is_told():
    with pytest.raises(ValidationError, match="recommended inlet of 37 degC must not exceed the limit of 35 degC"):
        AisleSpec.model_validate({"recommended": "37 degC"})
