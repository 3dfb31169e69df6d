"""Least squares with intervals: a known answer, independent and alike errors, and what the data do not tell."""

import numpy as np
import pytest

from twin.calibrate import Free, fit

AT = np.linspace(0.0, 10.0, 400)
FREE = {"slope": Free(1.0, 0.0, 10.0, "W/K"), "offset": Free(0.0, -5.0, 5.0, "W")}


def line(errors):
    measured = 3.0 * AT + 1.0 + errors
    return lambda p: p["slope"] * AT + p["offset"] - measured


def test_finds_a_line_and_the_interval_of_ordinary_least_squares():
    errors = np.random.default_rng(1).normal(0.0, 0.5, AT.size)
    found = fit(line(errors), FREE)
    design = np.column_stack([AT, np.ones_like(AT)])
    best, rest, *_ = np.linalg.lstsq(design, 3.0 * AT + 1.0 + errors, rcond=None)
    alike = max(np.corrcoef(*(np.stack([r[:-1], r[1:]]) for r in [design @ best - 3.0 * AT - 1.0 - errors]))[0, 1], 0.0)
    spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rest / (AT.size - 2) * (1 + alike) / (1 - alike))
    assert [found[name].value for name in FREE] == pytest.approx(best, rel=1e-6)
    assert [found[name].half_width for name in FREE] == pytest.approx(1.96 * spread, rel=1e-3)
    assert found["slope"].unit == "W/K"


def test_errors_that_follow_each_other_tell_less():
    drawn = np.random.default_rng(2).normal(0.0, 0.5, AT.size)
    smooth = np.convolve(drawn, np.ones(20) / 20**0.5, "same")
    assert fit(line(smooth), FREE)["slope"].half_width > 3 * fit(line(drawn), FREE)["slope"].half_width


def test_what_the_data_do_not_tell_has_no_bounds():
    free = FREE | {"nothing": Free(0.5, 0.0, 1.0, "1")}
    assert np.isinf(fit(line(np.sin(AT)), free)["nothing"].half_width)


def test_a_start_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="inside its range"):
        fit(line(0.0 * AT), {"slope": Free(20.0, 0.0, 10.0, "W/K"), "offset": FREE["offset"]})
