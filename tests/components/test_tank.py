"""Mixed volumes: the exponential, the books of a step of any length, and what does not flow."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.tank import advance

flows = st.one_of(st.just(0.0), st.floats(1e-9, 1e9))


def test_v_trn_02():
    heat = 3950.0
    rate, capacity = 1.2 * heat, 0.035 * 1012.0 * heat
    assert capacity / rate == pytest.approx(29.516667, abs=5e-7)
    after, _ = advance(25.0, rate, capacity, 35.0, 0.0, 30.0)
    assert after == pytest.approx(31.3809550554, rel=1e-10)


@given(
    state=st.floats(0.0, 80.0),
    inlet=st.floats(0.0, 80.0),
    flow=flows,
    capacity=st.floats(1e3, 1e12),
    source=st.floats(-1e8, 1e8),
    dt=st.floats(1e-3, 1e6),
)
def test_what_is_stored_is_what_enters_less_what_leaves(state, inlet, flow, capacity, source, dt):
    after, out = advance(state, flow, capacity, inlet, source, dt)
    into, away, stored = dt * flow * inlet + dt * source, dt * flow * out, capacity * (after - state)
    gross = dt * flow * (inlet + abs(out)) + dt * abs(source) + capacity * (state + abs(after))
    assert abs(into - away - stored) <= 1e-13 * max(gross, 1.0)


@given(state=st.floats(0.0, 80.0), inlet=st.floats(0.0, 80.0), flow=flows, dt=st.floats(1e-3, 1e6))
def test_second_law_without_a_source_it_stays_between_what_was_and_what_enters(state, inlet, flow, dt):
    low, high = min(state, inlet) - 1e-12, max(state, inlet) + 1e-12
    after, out = advance(state, flow, 1e6, inlet, 0.0, dt)
    assert low <= after <= high
    assert low <= out <= high
    assert abs(out - state) <= abs(after - state) + 1e-12


@given(flow=st.floats(0.0, 1e6), dt=st.floats(0.1, 1e4), part=st.floats(0.1, 0.9))
def test_two_steps_are_one(flow, dt, part):
    once, mean = advance(20.0, flow, 1e6, 40.0, 5e3, dt)
    half, first = advance(20.0, flow, 1e6, 40.0, 5e3, part * dt)
    twice, second = advance(half, flow, 1e6, 40.0, 5e3, dt - part * dt)
    assert twice == pytest.approx(once, rel=1e-12)
    assert part * first + (1.0 - part) * second == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("x", [0.0999999999, 0.1])
def test_series_and_exponential_meet(x):
    after, out = advance(0.0, x, 1.0, 1.0, 0.0, 1.0)
    assert after == pytest.approx(0.09516258196404048, abs=1.1e-10)
    assert out == pytest.approx(1.0 - after / x, rel=1e-13)


def test_still_water_takes_its_source_as_heat():
    assert advance(30.0, 0.0, 1e6, 99.0, 5e4, 10.0) == (30.5, 30.25)
    assert advance(30.0, 0.0, 1e6, 99.0, 0.0, 10.0) == (30.0, 30.0)


def test_at_rest_it_is_what_enters_and_the_source():
    assert advance(30.0, 1e4, 1e6, 25.0, 2e4, inf) == (27.0, 27.0)
