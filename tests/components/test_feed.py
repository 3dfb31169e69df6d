"""The utility's connection: its impedance, and the closed form of one load behind it."""

from cmath import phase
from math import degrees, isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.feed import FeedSpec, impedance_pu, most_power_pu, two_bus_voltage

FEED = {"voltage": "161 kV", "limit": "300 MW", "short_circuit": "5000 MVA", "x_r": 12}
GRID = impedance_pu(5000e6, 12.0, 100e6)


def test_spec_says_what_it_assumes() -> None:
    spec = FeedSpec.model_validate(FEED)
    assert (spec.source, spec.frequency, spec.limit) == (1.02, 60.0, 300e6)


def test_impedance_is_that_of_physics_9_5() -> None:
    """5,000 MVA, X/R 12: 0.02 at 85.24 degrees on 100 MVA."""
    assert abs(GRID) == pytest.approx(0.02, rel=1e-15)
    assert GRID.imag / GRID.real == pytest.approx(12.0, rel=1e-14)
    assert degrees(phase(GRID)) == pytest.approx(85.24, abs=5e-3)


@pytest.mark.parametrize(
    ("mw", "mvar", "voltage"),
    [
        (300.0, 0.0, 1.013375026567),
        (300.0, 60.0, 1.001390951614),
        (100.0, 0.0, 1.018180896634),
        (150.0, 30.0, 1.011208859485),
    ],
    ids=lambda value: f"{value:g}",
)
def test_v_pf_04(mw, mvar, voltage) -> None:
    found = two_bus_voltage(1.02, GRID.real, GRID.imag, mw / 100, mvar / 100)
    assert found == pytest.approx(voltage, abs=1e-11)


def test_v_pf_04_greatest_power() -> None:
    most = most_power_pu(1.02, GRID.real, GRID.imag)
    assert most == pytest.approx(24.0156, abs=5e-5)
    assert not isnan(two_bus_voltage(1.02, GRID.real, GRID.imag, most * (1 - 1e-9), 0.0))
    assert isnan(two_bus_voltage(1.02, GRID.real, GRID.imag, most * (1 + 1e-9), 0.0))


@given(v1=st.floats(0.5, 1.2), p=st.floats(-5, 5), q=st.floats(-5, 5), r=st.floats(0, 0.05), x=st.floats(1e-3, 0.2))
def test_closed_form_solves_the_circuit(v1, p, q, r, x) -> None:
    """Taking V2 as reference, the source must come out at V1: |V2 + Z conj(S/V2)| = V1."""
    v2 = two_bus_voltage(v1, r, x, p, q)
    if not isnan(v2):
        assert abs(v2 + complex(r, x) * complex(p, -q) / v2) == pytest.approx(v1, rel=1e-9)
        assert v2 >= sqrt(sqrt((r * r + x * x) * (p * p + q * q))) * (1 - 1e-9)
