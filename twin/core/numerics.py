"""Small dense numerics for kernels: exact exponentials of linear networks and monotone interpolation.

A linear network with frozen coefficients, dx/dt = A x + b, advances exactly over a step dt by

    x(dt)      = Phi x + Gamma b,      Gamma = integral of Phi over the step
    mean of x  = (Gamma x + Psi b)/dt, Psi   = integral of Gamma over the step

The three matrices come from one Taylor series on dt/2^k and k doublings [1]; no inverse is taken, so a
singular A (no flow, closed loop) needs no special case.

[1] C. Van Loan, Computing integrals involving the matrix exponential, IEEE Trans. Autom. Control 23 (1978) 395.
[2] F. Fritsch, J. Butland, A method for constructing local monotone piecewise cubic interpolants,
    SIAM J. Sci. Stat. Comput. 5 (1984) 300.
"""

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import Vec

_TAYLOR_TERMS = 18


@kernel
def multiply(a, b, out):
    """Out = a b for small square matrices; ``out`` must be neither of them."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i, k] * b[k, j]
            out[i, j] = total


@kernel
def table(n, m):
    """An n by m matrix of zeros. One kernel makes them all, since each ``np.zeros`` costs compile time."""
    return np.zeros((n, m))


@kernel
def aligned(n, m):
    """As `table`, beginning where a line of the processor's cache does: rows of eight then are one line each."""
    room = row(n * m + 8)
    skip = (-(room.ctypes.data // 8)) % 8
    return room[skip : skip + n * m].reshape(n, m)


@kernel
def square(n):
    """An n by n matrix of zeros."""
    return table(n, n)


@kernel
def row(n):
    """``n`` zeros."""
    return np.zeros(n)


@kernel
def copy_into(a, out):
    """Out = a, element by element."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j]


@kernel
def propagators(a, dt_s, phi, gamma, psi):
    """Fill Phi [1], Gamma [s] and Psi [s2] of dx/dt = a x + b over ``dt_s``; all [n, n], ``a`` in [1/s]."""
    n = a.shape[0]
    norm = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(a[i, j])
        norm = max(norm, row)
    h, doublings = dt_s, 0
    while norm * h > 0.5:
        h *= 0.5
        doublings += 1
    term, scratch = square(n), square(n)
    copy_into(term, phi)
    copy_into(term, gamma)
    copy_into(term, psi)
    for i in range(n):
        term[i, i] = 1.0
    for k in range(_TAYLOR_TERMS):
        for i in range(n):
            for j in range(n):
                phi[i, j] += term[i, j]
                gamma[i, j] += term[i, j] * h / (k + 1)
                psi[i, j] += term[i, j] * h * h / ((k + 1) * (k + 2))
        multiply(term, a, scratch)
        for i in range(n):
            for j in range(n):
                term[i, j] = scratch[i, j] * h / (k + 1)
    for _ in range(doublings):
        multiply(phi, psi, scratch)
        for i in range(n):
            for j in range(n):
                psi[i, j] += h * gamma[i, j] + scratch[i, j]
        multiply(phi, gamma, scratch)
        for i in range(n):
            for j in range(n):
                gamma[i, j] += scratch[i, j]
        multiply(phi, phi, scratch)
        copy_into(scratch, phi)
        h *= 2.0


@kernel
def negative_inverse(a, out):
    """Out = -a^-1 by Gauss-Jordan with row pivoting; ``a`` is overwritten. The steady answer to dx/dt = a x + b."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = -1.0 if i == j else 0.0
    for c in range(n):
        p = c
        for i in range(c + 1, n):
            if abs(a[i, c]) > abs(a[p, c]):
                p = i
        for j in range(n):
            a[c, j], a[p, j] = a[p, j], a[c, j]
            out[c, j], out[p, j] = out[p, j], out[c, j]
        pivot = a[c, c]
        for j in range(n):
            a[c, j] /= pivot
            out[c, j] /= pivot
        for i in range(n):
            if i != c:
                factor = a[i, c]
                for j in range(n):
                    a[i, j] -= factor * a[c, j]
                    out[i, j] -= factor * out[c, j]


def monotone_cubic(x: Vec, y: Vec) -> Vec:
    """Coefficients [segments, 5] of the monotone piecewise cubic through (x, y) [2]: start, c0, c1, c2, c3.

    Raises ValueError unless ``x`` increases strictly.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    h = np.diff(x)
    if np.any(h <= 0):
        message = f"the points of a curve must increase strictly, got {x.tolist()}"
        raise ValueError(message)
    secant = np.diff(y) / h
    slope = np.empty_like(y)
    slope[1:-1] = [
        0.0 if s0 * s1 <= 0 else (2 * h1 + h0 + h1 + 2 * h0) / ((2 * h1 + h0) / s0 + (h1 + 2 * h0) / s1)
        for s0, s1, h0, h1 in zip(secant[:-1], secant[1:], h[:-1], h[1:], strict=True)
    ]
    slope[0] = _edge_slope(h[0], h[min(1, len(h) - 1)], secant[0], secant[min(1, len(h) - 1)])
    slope[-1] = _edge_slope(h[-1], h[max(-2, -len(h))], secant[-1], secant[max(-2, -len(h))])
    c2 = (3 * secant - 2 * slope[:-1] - slope[1:]) / h
    c3 = (slope[:-1] + slope[1:] - 2 * secant) / h**2
    return np.column_stack([x[:-1], y[:-1], slope[:-1], c2, c3])


def _edge_slope(h0: float, h1: float, s0: float, s1: float) -> float:
    slope = ((2 * h0 + h1) * s0 - h0 * s1) / (h0 + h1)
    if np.sign(slope) != np.sign(s0):
        return 0.0
    if np.sign(s0) != np.sign(s1) and abs(slope) > 3 * abs(s0):
        return 3 * s0
    return slope


@kernel(fast=True, inline=True)
def cubic(curve, x):
    """Value at ``x`` of a curve from `monotone_cubic`; its end segments go on beyond the ends."""
    k = curve.shape[0] - 1
    while k > 0 and x < curve[k, 0]:
        k -= 1
    t = x - curve[k, 0]
    return curve[k, 1] + t * (curve[k, 2] + t * (curve[k, 3] + t * curve[k, 4]))


@kernel
def polynomial(coefficients, x):
    """c0 + c1 x + c2 x^2 + ..."""
    total = 0.0
    for k in range(coefficients.size - 1, -1, -1):
        total = total * x + coefficients[k]
    return total


@kernel
def add_compensated(total, value):
    """Add ``value`` to ``total`` [sum, lost low part] by Neumaier's rule, so that a day of steps rounds like one."""
    s = total[0] + value
    if abs(total[0]) >= abs(value):
        total[1] += (total[0] - s) + value
    else:
        total[1] += (value - s) + total[0]
    total[0] = s


@kernel
def crossing(bracket):
    """Where a straight line through the ends of ``bracket`` crosses zero; see `narrowed`."""
    low, below, high, above, _ = bracket
    return (low * above - high * below) / (above - below)


@kernel
def narrowed(bracket, x, off):
    """``bracket`` of a root of a rising function once its value at ``x`` is known to be ``off``.

    A bracket is (low, value below zero there, high, value above zero there, side): regula falsi, with the end that
    stays put halved (Illinois). Start with side 0 and try `crossing` next.
    """
    low, below, high, above, side = bracket
    if off > 0.0:
        return low, 0.5 * below if side > 0 else below, x, off, 1
    return x, off, high, 0.5 * above if side < 0 else above, -1
