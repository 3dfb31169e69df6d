"""Transformer temperatures against transformer-thermal-model 0.6.0, ageing against C57.91's formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.transformer_thermal import (
    ThermalState,
    TransformerThermalSpec,
    advance,
    ageing,
    params,
    resistance,
)
from twin.core.layout import zeros

C57_91 = {
    "top_oil_rise": "45 K",
    "hot_spot_rise": "35 K",
    "loss_ratio": 5,
    "oil_time": "150 min",
    "winding_time": "7 min",
    "oil_exponent": 0.9,
    "winding_exponent": 1.6,
}
IEC_250MVA = C57_91 | {
    "top_oil_rise": "38.3 K",
    "hot_spot_rise": "20.3 K",
    "loss_ratio": 1000,
    "oil_exponent": 0.8,
    "winding_exponent": 1.3,
    "k11": 0.5,
    "k21": 2,
    "k22": 2,
}


def transformer(spec):
    return params([TransformerThermalSpec.model_validate(spec)]), zeros(ThermalState, 1)


def minute_by_minute(load, ambient_c):
    """Top oil and hot spot at the end of each minute, from rest under the first load."""
    thermal, state = transformer(C57_91)
    first_c = advance(thermal, 0, state, 0, load[0], ambient_c, np.inf)
    rows = [(state.top_oil_c[0], first_c)]
    for k in load[1:]:
        hot_c = advance(thermal, 0, state, 0, k, ambient_c, 60.0)
        rows.append((state.top_oil_c[0], hot_c))
    return np.array(rows)


def test_v_xf_01():
    """At rest at 0.7, 1.2 for two hours, 0.7 again: rises at rest, course, loss of life over a day."""
    for load, rises in ((0.7, (27.347245, 19.779937)), (1.2, (59.608591, 46.855226))):
        thermal, state = transformer(C57_91)
        hot_c = advance(thermal, 0, state, 0, load, 0.0, np.inf)
        assert (state.top_oil_c[0], hot_c - state.top_oil_c[0]) == pytest.approx(rises, abs=1e-5)
    minute = np.arange(24 * 60 + 1)
    course = minute_by_minute(np.where((minute > 600) & (minute <= 720), 1.2, 0.7), 30.0)
    expected = {
        610: (59.427876, 99.794481),
        630: (63.195234, 109.677802),
        660: (67.983164, 114.833261),
        720: (75.112634, 121.967859),
        725: (74.530215, 107.564633),
        840: (65.329748, 85.109687),
    }
    for at, temperatures in expected.items():
        assert course[at] == pytest.approx(temperatures, abs=1e-5)
    mean = np.mean([ageing(hot_c) for hot_c in course[1:, 1]])
    assert mean == pytest.approx(0.17904417, abs=1e-7)
    assert 24 * mean == pytest.approx(4.297060, abs=2e-6)


@pytest.mark.parametrize("pieces", [1, 13])
def test_v_xf_02(pieces):
    """The difference form of IEC 60076-7 with its overshoot; in one step or many, the same."""
    thermal, state = transformer(IEC_250MVA)
    state.top_oil_c[0] = 38.3
    rows = [
        (190, 1.0, 61.868, 83.779),
        (365, 0.6, 44.412, 54.063),
        (500, 1.5, 89.844, 128.054),
        (705, 0.3, 35.035, 37.568),
        (730, 2.1, 67.922, 138.637),
        (745, 0.0, 60.278, 75.278),
    ]
    before = 0
    for until, load, oil_c, hot_c in rows:
        for _ in range(pieces):
            found_c = advance(thermal, 0, state, 0, load, 25.6, 60.0 * (until - before) / pieces)
        assert (state.top_oil_c[0], found_c) == pytest.approx((oil_c, hot_c), abs=1e-3)
        before = until


def test_v_xf_03():
    found = [ageing(float(at)) for at in (80, 98, 100, 110, 117, 120, 130, 140, 160)]
    expected = [0.035849, 0.281738, 0.349943, 1, 2.019707, 2.708925, 6.984177, 17.199465, 92.061656]
    assert found == pytest.approx(expected, abs=1e-6)


@given(load=st.floats(0, 2.5), more=st.floats(0, 1), ambient_c=st.floats(-30, 45), start_c=st.floats(-30, 120))
def test_more_load_is_never_cooler(load, more, ambient_c, start_c):
    hot = []
    for k in (load, load + more):
        thermal, state = transformer(IEC_250MVA)
        state.top_oil_c[0] = start_c
        hot.append(advance(thermal, 0, state, 0, k, ambient_c, 600.0))
    assert hot[1] >= hot[0]


ONAF = {
    "top_oil_rise": "52 K", "hot_spot_rise": "26 K", "loss_ratio": 6, "oil_time": "150 min", "winding_time": "7 min",
    "oil_exponent": 0.8, "winding_exponent": 1.3, "k11": 0.5, "k21": 2, "k22": 2,
}  # fmt: skip


@pytest.mark.parametrize(("load", "oil_c", "hot_c", "ages"), [(1.0, 87.0, 113.0, 1.36), (1.2, 102.2, 135.1, 11.1)])
def test_what_if_anchors_of_forced_air(load, oil_c, hot_c, ages):
    """The set of the reference site's substations at rest at 35 degC, policies 5.6, to the digits given there."""
    thermal, state = transformer(ONAF)
    hottest_c = advance(thermal, 0, state, 0, load, 35.0, np.inf)
    assert (state.top_oil_c[0], hottest_c) == pytest.approx((oil_c, hot_c), abs=0.06)
    assert ageing(hottest_c) == pytest.approx(ages, rel=5e-3)


@pytest.mark.parametrize(("load", "minutes"), [(1.2, 25), (1.3, 16), (1.5, 9)])
def test_what_if_anchors_of_a_step_from_four_fifths(load, minutes):
    """When the hot spot reaches 120 degC; the figures are given in whole minutes."""
    thermal, state = transformer(ONAF)
    advance(thermal, 0, state, 0, 0.8, 35.0, np.inf)
    course = [advance(thermal, 0, state, 0, load, 35.0, 60.0) for _ in range(60)]
    assert int(np.argmax(np.array(course) >= 120.0)) + 1 == pytest.approx(minutes, abs=1)


def test_resistance_is_the_nameplate_s_at_the_reference():
    thermal, _ = transformer(ONAF)
    assert resistance(thermal, 0, 72.0, 98.0) == 1.0
    assert resistance(thermal, 0, 52.0, 78.0) == pytest.approx(300.0 / 320.0)


@given(rests=st.integers(1, 6), load=st.floats(0, 2), ambient_c=st.floats(-20, 40))
def test_rest_is_where_steps_lead(rests, load, ambient_c):
    thermal, state = transformer(ONAF)
    rest_c = advance(thermal, 0, state, 0, load, ambient_c, np.inf)
    for _ in range(rests):
        assert advance(thermal, 0, state, 0, load, ambient_c, 3600.0) == pytest.approx(rest_c, abs=1e-9)
