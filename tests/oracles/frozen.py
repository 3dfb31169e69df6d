"""The frozen rows of the verification table, ``tests/data/oracles.json``, and how found figures are held against them.

A row has ``about``, ``oracle`` (who computed it, in which version), ``given`` (inputs of all its cases), ``cases``
(inputs and expected figures; the unit ends each name) and, for each expected figure, two tolerances: ``within`` is what
the row asks of this project's models, ``again`` is how closely the oracle itself gives the figure once more.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

FILE = Path(__file__).parents[1] / "data" / "oracles.json"
Case = dict[str, Any]
Tolerance = dict[str, dict[str, float]]


class Row(NamedTuple):
    """One row of the table."""

    about: str
    oracle: str
    given: Case
    within: Tolerance
    again: Tolerance
    cases: list[Case]


@cache
def rows() -> dict[str, Row]:
    """Every frozen row by its ID."""
    return {name: Row(**{"given": {}, **row}) for name, row in json.loads(FILE.read_text()).items()}


def row(name: str) -> Row:
    """The row of an ID."""
    return rows()[name]


def hold(case: Case, tolerance: Tolerance, **found: float) -> None:
    """Assert each found figure of a case within its tolerance."""
    for name, value in found.items():
        assert value == pytest.approx(case[name], **_both(tolerance[name])), f"{name} of {case}"


def _both(tolerance: dict[str, float]) -> dict[str, float]:
    """A tolerance is the one that is named; pytest would add its own absolute 1e-12 to a relative one."""
    return {"rel": tolerance.get("rel", 0.0), "abs": tolerance.get("abs", 0.0)}
