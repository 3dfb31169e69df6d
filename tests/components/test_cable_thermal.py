"""Conductors of cables: rest, closed form, and the resistance that tables give."""

from math import exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.cable_thermal import CableThermalSpec, advance, params, resistance

EPR = {
    "metal": "aluminium",
    "limit": "90 degC",
    "surroundings": "25 degC",
    "emergency": "130 degC",
    "time": "1 h",
    "reference": "75 degC",
}
CABLES = params([CableThermalSpec.model_validate(EPR | {"metal": metal}) for metal in ("aluminium", "copper")])


def test_conductor_at_ampacity_rests_at_its_limit():
    assert advance(CABLES, 0, 20.0, 1.0, 25.0, inf) == pytest.approx(90.0)
    assert advance(CABLES, 0, 20.0, 0.0, 31.0, inf) == 31.0


def test_a_cable_twice_loaded_reaches_its_limit_when_the_closed_form_says():
    """65 K 4 (1 - exp(-t/tau)) = 65 K at t = tau ln(4/3)."""
    assert advance(CABLES, 0, 25.0, 4.0, 25.0, 3600.0 * 0.28768207245178085) == pytest.approx(90.0, abs=1e-9)
    assert advance(CABLES, 0, 25.0, 1.0, 25.0, 3600.0) == pytest.approx(25.0 + 65.0 * (1 - exp(-1)), abs=1e-12)


@pytest.mark.parametrize(("k", "per_kelvin"), [(0, 0.00403), (1, 0.00393)])
def test_resistance_of_iec_60287(k, per_kelvin):
    for at_c in (20.0, 75.0, 90.0, 130.0):
        assert resistance(CABLES, k, at_c) == pytest.approx(
            (1 + per_kelvin * (at_c - 20)) / (1 + per_kelvin * 55), rel=1e-12
        )
    assert resistance(CABLES, k, 75.0) == 1.0


@given(
    square=st.floats(0, 9), ambient_c=st.floats(-30, 50), start_c=st.floats(-30, 150), pieces=st.integers(2, 9),
    dt_s=st.floats(0.001, 1e5),
)  # fmt: skip
def test_steps_compose_and_stay_between_start_and_rest(square, ambient_c, start_c, pieces, dt_s):
    whole_c = advance(CABLES, 0, start_c, square, ambient_c, dt_s)
    found_c = start_c
    for _ in range(pieces):
        found_c = advance(CABLES, 0, found_c, square, ambient_c, dt_s / pieces)
    rest_c = advance(CABLES, 0, start_c, square, ambient_c, inf)
    assert found_c == pytest.approx(whole_c, abs=1e-9)
    assert min(start_c, rest_c) - 1e-9 <= whole_c <= max(start_c, rest_c) + 1e-9


def test_limits_out_of_order_are_said():
    with pytest.raises(
        ValidationError, match=r"surroundings \(95 degC\) must be colder than the conductor at its limit"
    ):
        CableThermalSpec.model_validate(EPR | {"surroundings": "95 degC"})
    with pytest.raises(ValidationError, match="emergency limit"):
        CableThermalSpec.model_validate(EPR | {"emergency": "80 degC"})
