"""The clock: published fits, the cap as its inverse, and the two ends of the roofline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import frequency
from twin.components.frequency import ClockSpec

MATMUL = ClockSpec.model_validate({"idle": "52.3 W", "full": "151.9 W", "exponent": 2.32})
MEMORY = ClockSpec.model_validate({"idle": "40.7 W", "full": "180.9 W", "exponent": 1.56, "memory": 0.43})
WORK = frequency.params([MATMUL, MEMORY])
KIND = st.sampled_from([0, 1])


@pytest.mark.parametrize(
    ("kind", "megahertz", "watts"),
    [(0, 405, 61.4), (0, 945, 115.5), (0, 1380, 206.0), (1, 405, 67.2), (1, 945, 142.4), (1, 1380, 222.7)],
)
def test_v5_power_over_clock_of_a_v100(kind, megahertz, watts):
    """Means of cells without a binding cap, within 5 W of the published fits."""
    assert frequency.power_w(WORK, kind, megahertz / 1380, 1.0) == pytest.approx(watts, abs=5.0)


@given(kind=KIND, cap_w=st.floats(10.0, 400.0), activity=st.floats(0.05, 1.0))
def test_a_cap_is_held_by_the_greatest_clock(kind, cap_w, activity):
    share = frequency.under_cap(WORK, kind, cap_w, activity)
    assert WORK.least[kind] <= share <= 1.0
    drawn_w = frequency.power_w(WORK, kind, share, activity)
    if WORK.least[kind] < share < 1.0:
        assert drawn_w == pytest.approx(cap_w)
    elif share == 1.0:
        assert drawn_w <= cap_w * (1 + 1e-12)
    else:
        assert drawn_w >= cap_w * (1 - 1e-12)


@given(kind=KIND, share=st.floats(0.05, 1.0), slower=st.floats(0.05, 1.0))
def test_speed_rises_with_the_clock_and_less_than_it(kind, share, slower):
    speed = frequency.speed(WORK, kind, share)
    assert share * (1 - 1e-12) <= speed <= 1.0
    assert frequency.speed(WORK, kind, max(0.05, share * slower)) <= speed * (1 + 1e-12)


def test_work_without_memory_follows_the_clock_and_idle_boards_need_none():
    assert frequency.speed(WORK, 0, 0.7) == pytest.approx(0.7)
    assert frequency.speed(WORK, 1, 0.5) == pytest.approx(1 / (0.43 + 0.57 * 2))
    assert frequency.under_cap(WORK, 0, 10.0, 0.0) == 1.0
    np.testing.assert_allclose(frequency.power_w(WORK, 0, 1.0, 0.0), 52.3)


def test_power_must_rise():
    with pytest.raises(ValidationError, match="must be above that near none"):
        ClockSpec.model_validate({"idle": "50 W", "static": "90 W", "full": "80 W", "exponent": 2})
