"""Measures of error between what was measured and what the model says, each a number to be held under a limit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec
from twin.core.quantity import parse


class Measure(NamedTuple):
    """A measure: ``of(measured, simulated)``, as a share of what was measured or in its unit."""

    of: Callable[[Vec, Vec], float]
    relative: bool
    words: str


def _share(statistic: Callable[[Vec], float]) -> Callable[[Vec, Vec], float]:
    return lambda measured, simulated: float(statistic(simulated) / statistic(measured) - 1.0)


def _rmse(measured: Vec, simulated: Vec) -> float:
    return float(np.sqrt(np.mean((simulated - measured) ** 2)))


def _bias(measured: Vec, simulated: Vec) -> float:
    return float(np.mean(simulated - measured))


def _ordered(measured: Vec, simulated: Vec) -> Vec:
    """Sizes of the errors, least first."""
    return np.sort(np.abs(simulated - measured))


MEASURES = {
    "nmbe": Measure(_share(lambda x: float(np.mean(x))), True, "error of the mean (NMBE)"),
    "std": Measure(_share(lambda x: float(np.std(x))), True, "error of the standard deviation"),
    "p1": Measure(_share(lambda x: float(np.percentile(x, 1))), True, "error of the 1st percentile"),
    "p99": Measure(_share(lambda x: float(np.percentile(x, 99))), True, "error of the 99th percentile"),
    "cv-rmse": Measure(lambda m, s: _rmse(m, s) / float(np.mean(m)), True, "RMSE over the mean (CV(RMSE))"),
    "worst-share": Measure(lambda m, s: float(np.max(np.abs(s / m - 1.0))), True, "greatest error, as a share"),
    "bias": Measure(_bias, False, "mean error"),
    "rmse": Measure(_rmse, False, "root mean square error (RMSE)"),
    "worst": Measure(lambda m, s: float(_ordered(m, s)[-1]), False, "greatest error"),
    "worst-but-one": Measure(lambda m, s: float(_ordered(m, s)[-2]), False, "greatest error but one"),
}

# What an absolute limit is written in, and the unit that is shown for it, by the unit of the quantity.
_DIFFERENCES = {"W": ("power", "W"), "degC": ("temperature difference", "K"), "1": ("ratio", "%")}


def read_limit(measure: str, unit: str, text: object) -> tuple[float, str]:
    """The limit written as ``text`` and its unit, for a measure of a quantity in ``unit``; ValueError is a sentence."""
    kind, shown = ("ratio", "%") if MEASURES[measure].relative else _DIFFERENCES[unit]
    limit = parse(text, kind)
    if limit <= 0.0:
        raise ValueError(f"a limit must be above 0, found '{text}'")
    return limit, shown
