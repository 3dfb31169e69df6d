"""Speed lost under a cap, as an operator knows it of a GPU type: lost = l0 + l1 x + l2 x^2 by natural power.

x is the share of natural power that is withheld, and the three coefficients stand for 21 natural powers from 0 to the
rating, linear between. Measured curves have l0 > 0 where natural power is below the rating: being capped at all costs a
little, since power varies within the second. Coefficients are not negative, so that gains fall with every watt.
"""

import numpy as np
from scipy.optimize import nnls

from twin.control.policy import Fleet
from twin.core.layout import Vec

STEPS = 20
_LEAST_CURVE = 1e-6


def fit(lost: Vec, least_limit: float) -> Vec:
    """Coefficients [3, 21] of a table ``lost`` [natural, limit], both evenly from 0 to 1 of the rating."""
    found = np.zeros((3, STEPS + 1))
    limits, rows = np.linspace(0.0, 1.0, lost.shape[1]), np.linspace(0.0, 1.0, lost.shape[0])
    for i, natural in enumerate(np.linspace(0.0, 1.0, STEPS + 1)):
        inside = limits[(limits >= min(least_limit, natural)) & (limits <= natural)]
        if natural <= least_limit or inside.size < 3:
            continue
        row = np.array([np.interp(natural, rows, column) for column in lost.T])
        start = float(np.interp(natural, limits, row))
        withheld = 1.0 - inside / natural
        terms = np.column_stack([withheld, withheld**2])
        found[0, i], found[1:, i] = start, nnls(terms, np.maximum(np.interp(inside, limits, row) - start, 0.0))[0]
    return found


def coefficients(fleet: Fleet, natural_w: Vec) -> tuple[Vec, Vec, Vec]:
    """l0, l1 and l2 of each server at its natural power of one GPU; l2 a hair above 0 at least."""
    at = np.clip(natural_w / fleet.gpu_max_w, 0.0, 1.0) * STEPS
    low = np.minimum(at.astype(np.int64), STEPS - 1)
    part = at - low
    start, linear, quadratic = (
        fleet.loss[fleet.kind, k, low] * (1.0 - part) + fleet.loss[fleet.kind, k, low + 1] * part for k in range(3)
    )
    return start, linear, np.maximum(quadratic, _LEAST_CURVE)
