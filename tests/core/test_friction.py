"""Pipe friction against values of the package fluids 1.3.1, and its laws across the three regimes."""

from math import inf, log10, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core import fluids
from twin.core.friction import friction_factor, pipe_drop_pa, pipe_k_pa_s2_kg2


@pytest.mark.parametrize(
    ("reynolds", "roughness", "expected"),
    [
        (1e4, 0.0, 0.030882950353),
        (1e5, 0.0, 0.017989773084),
        (1e5, 1e-4, 0.018513866077),
        (1e5, 1e-3, 0.022174535945),
        (1e6, 2e-4, 0.014683234279),
        (5e4, 1.5e-3, 0.025321482845),
        (64000.0, 2e-4, 0.020585187280),
        (2000.0, 0.0, 0.032),
    ],
)
def test_v_hyd_01(reynolds, roughness, expected):
    assert friction_factor(reynolds, roughness) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("flow", "liquid", "inside", "length", "roughness", "expected"),
    [
        # The row rounds viscosities to seven digits; its drops were computed with all: water 7.9721780e-4 (V-PROP-01).
        (250.0, (995.737993, 7.9721780e-4), 0.381, 100.0, 4.5e-5, 8646.907106),
        (20.0, (995.737993, 7.9721780e-4), 0.1023, 30.0, 4.5e-5, 15525.944710),
        (2.0, (1012.479351, fluids.viscosity(fluids.PG25, 35.0)), 0.0409, 10.0, 1.5e-6, 6166.674293),
    ],
)
def test_v_hyd_02(flow, liquid, inside, length, roughness, expected):
    assert pipe_drop_pa(flow, *liquid, length, inside, roughness, 0.0) == pytest.approx(expected, rel=1e-8)


@given(reynolds=st.floats(4001.0, 1e8), roughness=st.floats(0.0, 0.05))
def test_the_explicit_steps_leave_nothing_of_colebrooks_equation(reynolds, roughness):
    root = 1.0 / sqrt(friction_factor(reynolds, roughness))
    assert root == pytest.approx(-2.0 * log10(roughness / 3.7 + 2.51 * root / reynolds), rel=1e-12)


@given(roughness=st.floats(0.0, 0.05), edge=st.sampled_from([2040.0, 4000.0]))
def test_the_blend_meets_both_ends_in_value_and_slope(roughness, edge):
    step = 1e-3
    below, at, above = (friction_factor(edge + d, roughness) for d in (-step, 0.0, step))
    assert above - below == pytest.approx(0.0, abs=1e-7)
    assert (above - at) / step == pytest.approx((at - below) / step, rel=1e-3, abs=1e-9)


@given(flow=st.floats(0.0, 3.0), more=st.floats(1.0001, 1.1), roughness=st.floats(0.0, 1e-3))
def test_drop_rises_with_flow_through_all_regimes(flow, more, roughness):
    pipe = (1000.0, 1e-3, 10.0, 0.05, roughness, 2.0)
    assert pipe_drop_pa(more * flow, *pipe) >= pipe_drop_pa(flow, *pipe)
    assert pipe_drop_pa(-flow, *pipe) == -pipe_drop_pa(flow, *pipe)


def test_laminar_flow_is_hagen_and_poiseuille():
    flow, density, viscosity, length, inside = 0.01, 1000.0, 1e-3, 10.0, 0.05
    expected = 128.0 * viscosity * length * flow / (pi * density * inside**4)
    assert pipe_drop_pa(flow, density, viscosity, length, inside, 0.0, 0.0) == pytest.approx(expected, rel=1e-12)


def test_standing_water():
    assert friction_factor(0.0, 1e-3) == inf
    assert pipe_drop_pa(0.0, 1000.0, 1e-3, 10.0, 0.05, 0.0, 2.0) == 0.0
    assert 0.0 < pipe_k_pa_s2_kg2(0.0, 1000.0, 1e-3, 10.0, 0.05, 0.0, 2.0) < inf
