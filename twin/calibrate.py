"""Parameters from measurements: bounded least squares, with intervals that know the errors are not independent."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from twin.core.layout import Vec


class Estimate(NamedTuple):
    """A fitted parameter."""

    value: float
    half_width: float
    """Half of its 95 % interval."""
    unit: str


class Free(NamedTuple):
    """A parameter to be fitted: where the search starts, and what it may be."""

    start: float
    low: float
    high: float
    unit: str


def fit(residuals: Callable[[dict[str, float]], Vec], free: Mapping[str, Free]) -> dict[str, Estimate]:
    """The parameters that make the sum of squared ``residuals`` least, each with its interval.

    The search is scaled by the width of each parameter's range. Neighbouring errors of a course in time are alike, so
    their number counts as N (1 - r) / (1 + r) with their correlation r from one to the next; a parameter that the data
    do not tell has an infinite interval. Raises ValueError where a start lies outside its range.
    """
    names = list(free)
    low, high = (np.array([getattr(free[name], bound) for name in names]) for bound in ("low", "high"))

    def of_scaled(x: Vec) -> Vec:
        return residuals(dict(zip(names, low + x * (high - low), strict=True)))

    start = (np.array([free[name].start for name in names]) - low) / (high - low)
    if not ((start >= 0.0) & (start <= 1.0)).all():
        message = "a search must start inside its range"
        raise ValueError(message)
    found = least_squares(of_scaled, start, bounds=(0.0, 1.0), xtol=1e-10, ftol=1e-10, diff_step=1e-5)
    width = _half_widths(found.jac, found.fun) * (high - low)
    return {
        name: Estimate(float(value), float(half), free[name].unit)
        for name, value, half in zip(names, low + found.x * (high - low), width, strict=True)
    }


def _half_widths(jacobian: Vec, residuals: Vec) -> Vec:
    """Half widths of the 95 % intervals in scaled parameters."""
    count, parameters = jacobian.shape
    alike = float(np.clip(np.corrcoef(residuals[:-1], residuals[1:])[0, 1], 0.0, 0.999)) if residuals.any() else 0.0
    variance = residuals @ residuals / max(count - parameters, 1) * (1.0 + alike) / (1.0 - alike)
    normal = jacobian.T @ jacobian
    if np.linalg.matrix_rank(normal) < parameters:
        return np.full(parameters, np.inf)
    return np.asarray(1.96 * np.sqrt(variance * np.diag(np.linalg.inv(normal))))
