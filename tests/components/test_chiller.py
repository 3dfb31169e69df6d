"""Chillers: EnergyPlus figures inside the curves' box, and what must hold of the extension beyond it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.chiller import ChillerSpec, biquadratic, full_load, is_extrapolated, params, power_w
from twin.site.load import load_site

LIBRARY = load_site(Path(__file__).parents[2] / "site_configs" / "pod.yaml").library.chillers
CARRIER, YORK, TRANE = (LIBRARY[name] for name in ("air-cooled-1600", "water-cooled-5500", "water-cooled-2500"))


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
    york = params([YORK], [1], [0])
    assert biquadratic(york.capacity_curve[0], leaving, entering) == pytest.approx(capacity_share, rel=1e-8)
    assert biquadratic(york.input_curve[0], leaving, entering) == pytest.approx(input_share, rel=1e-8)
    capacity, full = full_load(york, 0, leaving, entering)
    assert load / capacity == pytest.approx(part, rel=1e-8)
    assert power_w(york, 0, full, load / capacity) == pytest.approx(power, rel=1e-8)


@pytest.mark.parametrize(("supply", "cop"), [(32.0, 5.8), (25.0, 4.4), (20.0, 3.7)])
def test_cop_of_warm_water_at_36_degc(supply, cop):
    """Physics section 8.6."""
    capacity, power = full_load(params([CARRIER], [1], [0]), 0, supply, 36.0)
    assert capacity / power == pytest.approx(cop, abs=0.05)


def test_the_reference_point_is_the_machines_own():
    """The published curves are 1 at the reference point to about a percent and a half."""
    capacity, power = full_load(params([CARRIER], [1], [0]), 0, 6.67, 35.0)
    assert capacity == pytest.approx(1_609_400, rel=0.016)
    assert capacity / power == pytest.approx(2.9, rel=0.016)


@pytest.mark.parametrize("machine", [CARRIER, YORK, TRANE], ids=["carrier", "york", "trane"])
@given(leaving=st.floats(5, 45), condenser=st.floats(-20, 45))
def test_cop_is_above_0_and_below_carnot(machine, leaving, condenser):
    capacity, power = full_load(params([machine], [1], [0]), 0, leaving, condenser)
    assert capacity > 0
    assert power > 0
    if condenser > leaving:
        assert capacity / power < (leaving + 273.15) / (condenser - leaving)


def test_the_water_cooled_extension_has_its_own_lift():
    """By hand from section 8.6: 25 degC of water over 29 degC in the condenser are 9 K of lift, at the edge 22.22 K."""
    york = params([YORK], [1], [0])
    _, edge = full_load(york, 0, 8.89, 26.11)
    _, warm = full_load(york, 0, 25.0, 29.0)
    ratio = (29 + 2.5 - 22.5) / (22.5 + 273.15), (26.11 + 2.5 - 6.39) / (6.39 + 273.15)
    assert ratio[0] * 295.65 < 10  # below the least lift
    assert warm / edge == pytest.approx(0.9 * (10 / 295.65) / ratio[1] + 0.1, rel=1e-9)


@pytest.mark.parametrize("machine", [CARRIER, YORK, TRANE], ids=["carrier", "york", "trane"])
@given(leaving=st.floats(5, 45), condenser=st.floats(-20, 44), warmer=st.floats(0.1, 1))
def test_a_colder_condenser_never_costs_more(machine, leaving, condenser, warmer):
    """Least lift held on one side of the ratio only would make winter worse than autumn."""

    def inputs(entering):
        capacity, power = full_load(params([machine], [1], [0]), 0, leaving, entering)
        return power / capacity

    assert inputs(condenser) <= inputs(condenser + warmer) * (1 + 1e-9)


@given(leaving=st.floats(10, 36), air=st.floats(15, 44), warmer=st.floats(0.1, 1))
def test_warmer_water_never_costs_more(leaving, air, warmer):
    """Above 37 degC the held condenser nears the end of its curve and the input stands still, within 2e-5."""
    carrier = params([CARRIER], [1], [0])
    capacity, power = full_load(carrier, 0, leaving, air)
    more_capacity, less_power = full_load(carrier, 0, leaving + warmer, air)
    assert more_capacity >= capacity * (1 - 1e-12)
    assert less_power / more_capacity <= power / capacity * (1 + 1e-12)


@given(share=st.floats(0.01, 1), more=st.floats(1.0, 1.5))
def test_power_rises_with_load_and_cycling_is_proportional(share, more):
    carrier = params([CARRIER], [1], [0])
    _, full = full_load(carrier, 0, 25.0, 36.0)
    power = power_w(carrier, 0, full, share)
    assert power_w(carrier, 0, full, min(1.0, share * more)) >= power
    assert power == pytest.approx(share * full, rel=1e-12)  # its load curve is a straight line through nothing


def test_cycling_below_the_least_load():
    york = params([YORK], [1], [0])
    _, full = full_load(york, 0, 7.0, 24.0)
    least = power_w(york, 0, full, 0.14)
    assert power_w(york, 0, full, 0.07) == pytest.approx(0.5 * least, rel=1e-12)
    assert power_w(york, 0, full, 0.0) == 0.0


@pytest.mark.parametrize(
    ("leaving", "air", "outside"),
    [(7.0, 35.0, False), (25.0, 35.0, True), (7.0, 10.0, True), (7.0, 47.0, True), (3.0, 35.0, True)],
)
def test_warm_water_is_marked(leaving, air, outside):
    assert bool(is_extrapolated(params([CARRIER], [1], [0]), 0, leaving, air)) is outside


def test_the_extension_joins_the_curves_at_the_edge():
    carrier, edge = params([CARRIER], [1], [0]), CARRIER.leaving_range[1]
    inside, beyond = full_load(carrier, 0, edge, 36.0), full_load(carrier, 0, edge + 1e-9, 36.0)
    np.testing.assert_allclose(inside, beyond, rtol=1e-9)


def test_impossible_machines_are_refused():
    given = CARRIER.model_dump(mode="json", exclude={"timing"})
    with pytest.raises(ValueError, match="a range must rise, found 10 to 4 degC"):
        ChillerSpec.model_validate({**given, "leaving_range": ["10 degC", "4 degC"]})
    with pytest.raises(ValueError, match="capacity"):
        ChillerSpec.model_validate({**given, "capacity": "0 kW"})
