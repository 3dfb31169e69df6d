"""Exact exponentials against scipy, interpolation against scipy's, sums that forget nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import PchipInterpolator
from scipy.linalg import expm

from twin.core.numerics import (
    add_compensated,
    cubic,
    monotone_cubic,
    multiply,
    negative_inverse,
    polynomial,
    propagators,
)

RATES = st.floats(-2.0, 2.0)


def by_block_exponential(a, dt):
    """Phi, Gamma and Psi from one exponential of a 3n matrix, as Van Loan does."""
    n = len(a)
    big = np.zeros((3 * n, 3 * n))
    big[:n, :n] = a
    big[:n, n : 2 * n] = big[n : 2 * n, 2 * n :] = np.eye(n)
    whole = expm(big * dt)
    return whole[:n, :n], whole[:n, n : 2 * n], whole[:n, 2 * n :]


def filled(a, dt):
    out = [np.empty_like(a) for _ in range(3)]
    propagators(a, dt, *out)
    return out


@given(a=arrays(float, (3, 3), elements=RATES), dt=st.floats(1e-3, 8.0))
def test_propagators_are_the_block_exponential(a, dt):
    for found, expected in zip(filled(a, dt), by_block_exponential(a, dt), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11 * np.abs(expected).max())


@given(a=arrays(float, (2, 2), elements=RATES), dt=st.floats(0.1, 5.0))
def test_two_steps_are_one_of_twice_the_length(a, dt):
    phi, gamma, _ = filled(a, dt)
    double_phi, double_gamma, _ = filled(a, 2 * dt)
    np.testing.assert_allclose(phi @ phi, double_phi, rtol=1e-9, atol=1e-10 * np.abs(double_phi).max())
    np.testing.assert_allclose(phi @ gamma + gamma, double_gamma, rtol=1e-9, atol=1e-10 * np.abs(double_gamma).max())


def test_nothing_that_moves_nothing():
    phi, gamma, psi = filled(np.zeros((2, 2)), 5.0)
    np.testing.assert_array_equal(phi, np.eye(2))
    np.testing.assert_allclose(gamma, 5.0 * np.eye(2), rtol=1e-15)
    np.testing.assert_allclose(psi, 12.5 * np.eye(2), rtol=1e-15)


def test_v_gpu_04_two_nodes():
    """Die and plate of 30 and 250 J/K, 50 and 40 W/K, 700 W into the die, 35 degC coolant."""
    a = np.array([[-50 / 30, 50 / 30], [50 / 250, -90 / 250]])
    b = np.array([700 / 30, 40 * 35 / 250])
    gain = np.empty((2, 2))
    negative_inverse(a.copy(), gain)
    np.testing.assert_allclose(gain @ b, [66.5, 52.5], rtol=1e-10)
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(a)), [-1.88521508, -0.14145159], atol=1e-8)
    for t, expected in ((5.0, [56.30686004, 43.1728744]), (20.0, [65.2787737, 51.38242034])):
        phi, gamma, _ = filled(a, t)
        np.testing.assert_allclose(phi @ np.array([35.0, 35.0]) + gamma @ b, expected, atol=1e-7)


@given(a=arrays(float, (3, 3), elements=RATES))
def test_negative_inverse_undoes(a):
    a = a + np.diag(np.sign(np.diag(a) + 0.1) * 7.0)
    out, product = np.empty((3, 3)), np.empty((3, 3))
    negative_inverse(a.copy(), out)
    multiply(a, out, product)
    np.testing.assert_allclose(product, -np.eye(3), atol=1e-11)


@given(data=st.data())
def test_the_cubic_is_scipys_pchip(data):
    steps = data.draw(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=6))
    x = np.cumsum([0.0, *steps])
    y = np.array(data.draw(st.lists(st.floats(-5, 5), min_size=x.size, max_size=x.size)))
    curve, expected = monotone_cubic(x, y), PchipInterpolator(x, y)
    at = np.linspace(x[0], x[-1], 41)
    np.testing.assert_allclose([cubic(curve, value) for value in at], expected(at), rtol=1e-9, atol=1e-9)


def test_two_points_are_a_line():
    curve = monotone_cubic(np.array([1.0, 3.0]), np.array([10.0, 20.0]))
    assert [cubic(curve, x) for x in (0.0, 1.0, 2.0, 4.0)] == pytest.approx([5.0, 10.0, 15.0, 25.0])


@given(y=st.lists(st.integers(0, 1000), min_size=3, max_size=6))
def test_the_cubic_rises_where_its_points_rise(y):
    x, rising = np.arange(len(y), dtype=float), np.sort(y) / 100
    curve = monotone_cubic(x, rising)
    values = np.array([cubic(curve, value) for value in np.linspace(0, x[-1], 101)])
    assert np.all(np.diff(values) >= -1e-12)


def test_points_must_rise():
    with pytest.raises(ValueError, match=r"must increase strictly, got \[0.0, 2.0, 2.0\]"):
        monotone_cubic(np.array([0.0, 2.0, 2.0]), np.zeros(3))


def test_polynomial():
    assert polynomial(np.array([1.0, -2.0, 3.0]), 2.0) == 9.0


def test_a_day_of_seconds_rounds_like_one():
    total, plain = np.zeros(2), 0.0
    for value in [1e16, *([1.0] * 1000), -1e16]:
        add_compensated(total, value)
        plain += value
    assert total.sum() == 1000.0
    assert plain != 1000.0
