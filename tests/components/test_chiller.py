"""Chillers: EnergyPlus figures inside the curves' box, and what must hold of the extension beyond it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.chiller import ChillerSpec, biquadratic, full_load, is_extrapolated, params, power_w
from twin.site.load import load_site

CARRIER = load_site(Path(__file__).parents[2] / "site_configs" / "pod.yaml").library.chillers["air-cooled-1600"]
# York YK 5549 kW, as in EnergyPlus' data sets; water-cooled, so that only the inside of its box means anything here.
YORK = ChillerSpec(
    capacity="5549.3 kW",
    cop=6.50,
    capacity_curve=(-1.402079e-01, 1.836029e-02, -2.390588e-03, 1.207956e-01, -3.563147e-03, 2.024532e-03),
    input_curve=(4.989980e-01, -8.246157e-02, 6.047523e-03, 5.168793e-02, -8.552445e-04, 6.275326e-05),
    load_curve=(2.336623e-01, 1.901320e-01, 5.749473e-01),
    least_load=0.14,
    leaving_range=("4 degC", "10 degC"),
    air_range=("15 degC", "40 degC"),
)


@pytest.mark.parametrize(
    ("load", "leaving", "entering", "capacity_share", "input_share", "part", "power"),
    [
        (3_993_465.148607, 7.0, 24.0, 1.058018422, 0.9765276727, 0.6801715544, 554_798.97384),
        (4_989_891.269961, 6.67, 26.11, 0.9533417715, 0.9954799098, 0.9432010080, 749_040.85440),
        (2_497_431.092275, 8.0, 18.0, 1.165070568, 0.8886669034, 0.3862807618, 347_291.25924),
        (999_565.383308, 8.0, 18.0, 1.165070568, 0.8886669034, 0.1546040165, 244_670.89751),
    ],
)
def test_v_ch_01(load, leaving, entering, capacity_share, input_share, part, power):
    york = params([YORK])
    assert biquadratic(york.capacity_curve[0], leaving, entering) == pytest.approx(capacity_share, rel=1e-8)
    assert biquadratic(york.input_curve[0], leaving, entering) == pytest.approx(input_share, rel=1e-8)
    capacity, full = full_load(york, 0, leaving, entering)
    # The row's figures come from a reference capacity with more digits than its printed 5549.3 kW.
    assert load / capacity == pytest.approx(part, rel=1e-5)
    assert power_w(york, 0, capacity, full, load) == pytest.approx(power, rel=1e-5)


@pytest.mark.parametrize(("supply", "cop"), [(32.0, 5.8), (25.0, 4.4), (20.0, 3.7)])
def test_cop_of_warm_water_at_36_degc(supply, cop):
    """Physics section 8.6."""
    capacity, power = full_load(params([CARRIER]), 0, supply, 36.0)
    assert capacity / power == pytest.approx(cop, abs=0.05)


def test_the_reference_point_is_the_machines_own():
    """The published curves are 1 at the reference point to about a percent and a half."""
    capacity, power = full_load(params([CARRIER]), 0, 6.67, 35.0)
    assert capacity == pytest.approx(1_609_400, rel=0.016)
    assert capacity / power == pytest.approx(2.9, rel=0.016)


@given(leaving=st.floats(5, 45), air=st.floats(-20, 45))
def test_cop_is_above_0_and_below_carnot(leaving, air):
    capacity, power = full_load(params([CARRIER]), 0, leaving, air)
    assert capacity > 0
    assert power > 0
    if air > leaving:
        assert capacity / power < (leaving + 273.15) / (air - leaving)


@given(leaving=st.floats(10, 45), air=st.floats(15, 44), warmer=st.floats(0.1, 1))
def test_warmer_water_never_costs_more(leaving, air, warmer):
    carrier = params([CARRIER])
    capacity, power = full_load(carrier, 0, leaving, air)
    more_capacity, less_power = full_load(carrier, 0, leaving + warmer, air)
    assert more_capacity >= capacity * (1 - 1e-12)
    assert less_power / more_capacity <= power / capacity * (1 + 1e-12)


@given(share=st.floats(0.01, 1), more=st.floats(1.0, 1.5))
def test_power_rises_with_load_and_cycling_is_proportional(share, more):
    carrier = params([CARRIER])
    capacity, full = full_load(carrier, 0, 25.0, 36.0)
    power = power_w(carrier, 0, capacity, full, share * capacity)
    assert power_w(carrier, 0, capacity, full, min(1.0, share * more) * capacity) >= power
    assert power == pytest.approx(share * full, rel=1e-12)  # its load curve is a straight line through nothing


def test_cycling_below_the_least_load():
    york = params([YORK])
    capacity, full = full_load(york, 0, 7.0, 24.0)
    least = power_w(york, 0, capacity, full, 0.14 * capacity)
    assert power_w(york, 0, capacity, full, 0.07 * capacity) == pytest.approx(0.5 * least, rel=1e-12)
    assert power_w(york, 0, capacity, full, 0.0) == 0.0
    assert power_w(york, 0, 0.0, 0.0, 1e6) == 0.0


@pytest.mark.parametrize(
    ("leaving", "air", "outside"),
    [(7.0, 35.0, False), (25.0, 35.0, True), (7.0, 10.0, True), (7.0, 47.0, True), (3.0, 35.0, True)],
)
def test_warm_water_is_marked(leaving, air, outside):
    assert bool(is_extrapolated(params([CARRIER]), 0, leaving, air)) is outside


def test_the_extension_joins_the_curves_at_the_edge():
    carrier, edge = params([CARRIER]), CARRIER.leaving_range[1]
    inside, beyond = full_load(carrier, 0, edge, 36.0), full_load(carrier, 0, edge + 1e-9, 36.0)
    np.testing.assert_allclose(inside, beyond, rtol=1e-9)


def test_impossible_machines_are_refused():
    given = CARRIER.model_dump(mode="json")
    with pytest.raises(ValueError, match="a range must rise, found 10 to 4 degC"):
        ChillerSpec.model_validate({**given, "leaving_range": ["10 degC", "4 degC"]})
    with pytest.raises(ValueError, match="capacity"):
        ChillerSpec.model_validate({**given, "capacity": "0 kW"})
