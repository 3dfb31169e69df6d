"""Valves: the rated flow, handbook identities, the law of equal percentage and what a closed one passes."""

from math import inf, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.valve import ValveSpec, kv_m3_s, moved, params, rated_k_pa_s2_kg2, resistance_pa_s2_kg2

HOUR_S = 3600.0
SPECS = [ValveSpec(kvs="10 m3/h"), ValveSpec(kvs="25 m3/h", rangeability=30, travel="30 s", leakage="0.05 %")]
VALVES = params(SPECS)


def loss_coefficient(kv_m3_h: float, inside_m: float) -> float:
    """Velocity heads in a pipe of that diameter, K = 2 rho A^2 k."""
    return 2.0 * 998.0 * (0.25 * pi * inside_m**2) ** 2 * rated_k_pa_s2_kg2(kv_m3_h / HOUR_S, 998.0)


@pytest.mark.parametrize(("kv", "inside", "expected"), [(10.0, 0.05, 100.0), (5.93442426, 0.015, 2.3)])
def test_loss_coefficient_of_a_rated_flow(kv, inside, expected):
    """Values of fluids 1.3.1, which rounds the constant: K = 1.6e9 D^4/Kv^2, in SI units exactly 1.59888e9."""
    assert loss_coefficient(kv, inside) * 1.6e9 / (1.296e9 * pi**2 / 8.0) == pytest.approx(expected, rel=1e-8)
    assert loss_coefficient(kv, inside) == pytest.approx(expected, rel=1e-3)


@given(position=st.floats(0.05, 1.0), density=st.floats(950.0, 1050.0), flow=st.floats(0.01, 10.0))
def test_drop_is_the_square_of_flow_over_rated_flow_in_bar(position, density, flow):
    k = resistance_pa_s2_kg2(VALVES, 0, position, density)
    kv = 10.0 * 50.0 ** (position - 1.0)
    bar = (flow / density * HOUR_S / kv) ** 2 * density / 1000.0
    assert k * flow**2 == pytest.approx(1e5 * bar, rel=1e-12)


@given(position=st.floats(0.1, 0.9), valve=st.integers(0, 1))
def test_equal_steps_of_the_stem_are_equal_shares_of_flow(position, valve):
    step = kv_m3_s(VALVES, valve, position + 0.1) / kv_m3_s(VALVES, valve, position)
    assert step == pytest.approx(SPECS[valve].rangeability ** 0.1, rel=1e-12)


@given(position=st.floats(0.0, 1.0), more=st.floats(1e-6, 0.5), valve=st.integers(0, 1))
def test_more_open_passes_more(position, more, valve):
    assert kv_m3_s(VALVES, valve, min(position + more, 1.0)) >= kv_m3_s(VALVES, valve, position)
    assert kv_m3_s(VALVES, valve, 1.0) == pytest.approx(SPECS[valve].kvs, rel=1e-15)
    assert kv_m3_s(VALVES, valve, 1.0 + more) == kv_m3_s(VALVES, valve, 1.0)


def test_the_law_and_the_line_to_the_seat_meet():
    for valve, spec in enumerate(SPECS):
        end = 1.0 / spec.rangeability
        assert kv_m3_s(VALVES, valve, end * (1 - 1e-9)) == pytest.approx(kv_m3_s(VALVES, valve, end), rel=1e-8)


def test_a_closed_valve_passes_its_leakage():
    assert kv_m3_s(VALVES, 0, 0.0) == 0.0
    assert resistance_pa_s2_kg2(VALVES, 0, 0.0, 998.0) == inf
    assert kv_m3_s(VALVES, 1, 0.0) == pytest.approx(5e-4 * SPECS[1].kvs, rel=1e-12)
    assert kv_m3_s(VALVES, 1, -0.1) == kv_m3_s(VALVES, 1, 0.0)


def test_the_stem_takes_its_time():
    assert moved(VALVES, 0, 0.2, 0.9, 10.0) == pytest.approx(0.2 + 10.0 / 60.0)
    assert moved(VALVES, 1, 0.2, 0.0, 3.0) == pytest.approx(0.1)
    assert moved(VALVES, 0, 0.2, 0.21, 10.0) == 0.21
    assert moved(VALVES, 0, 0.95, 1.7, 60.0) == 1.0
    assert moved(VALVES, 0, 0.05, -0.3, 60.0) == 0.0


def test_a_valve_that_leaks_more_than_its_law_is_refused():
    with pytest.raises(ValidationError, match=r"leaks less than it passes at the end of its law, 2.16%, not 5.00%"):
        ValveSpec(kvs="10 m3/h", leakage="5 %")
