"""Controllers: the closed loop against its exponential, its order in the period, limits and windup."""

from itertools import pairwise
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.controller import (
    ControllerState,
    PressureControllerSpec,
    TemperatureControllerSpec,
    hold,
    params,
    sample,
)
from twin.core.layout import zeros

TIMES = np.array([5.0, 10.0, 20.0, 40.0])
EXPECTED = np.array([0.3934693403, 0.6321205588, 0.8646647168, 0.9816843611])


def closed_loop(period: float) -> np.ndarray:
    """Response at `TIMES` of 1/(20 s + 1) under K = 2, K/Ti = 0.1, to a step of the set point by 1 at 0."""
    spec = TemperatureControllerSpec(
        gain="2 pu/K", integral_time="20 s", period=f"{period!r} s", highest=10, slew="1e9 pu/s"
    )
    controller, state = params([spec]), zeros(ControllerState, 1)
    keep, y, found = exp(-period / 20.0), 0.0, {}
    for n in range(round(TIMES[-1] / period)):
        y = keep * y + (1.0 - keep) * sample(controller, 0, state, 1.0 - y)
        found[n + 1] = y
    return np.array([found[round(t / period)] for t in TIMES])


def test_v_ctl_01():
    """As the period goes to 0: extrapolated from four of them, each half the one before."""
    table = [closed_loop(period) for period in (1.0, 0.5, 0.25, 0.125)]
    for order in (1, 2, 3):
        table = [(2**order * fine - coarse) / (2**order - 1) for coarse, fine in pairwise(table)]
    np.testing.assert_allclose(table[0], EXPECTED, rtol=1e-6)


def test_v_ctl_01_the_sampled_loop_is_of_first_order_in_the_period():
    errors = [np.abs(closed_loop(period) - EXPECTED) for period in (0.5, 0.25, 0.125)]
    for coarse, fine in pairwise(errors):
        np.testing.assert_allclose(coarse / fine, 2.0, rtol=0.1)


VALVE = TemperatureControllerSpec(gain="2 %/K", integral_time="60 s", period="10 s", lowest="5 %")


@given(errors=st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=60), slew=st.floats(1e-3, 1.0))
def test_output_stays_within_its_limits_and_rate(errors, slew):
    controller = params([VALVE.model_copy(update={"slew": slew})])
    state = zeros(ControllerState, 1)
    hold(state, 0, 0.5, 0.0)
    before = 0.5
    for error in errors:
        output = sample(controller, 0, state, error)
        assert 0.05 <= output <= 1.0
        assert abs(output - before) <= 10.0 * slew + 1e-12
        before = output


@pytest.mark.parametrize(("held", "hours"), [(1.0, 1), (1.0, 24), (0.05, 24)])
def test_the_output_leaves_its_limit_at_once_however_long_it_was_held(held, hours):
    controller, state = params([VALVE]), zeros(ControllerState, 1)
    hold(state, 0, 0.5, 0.0)
    wrong = 1.0 if held == 1.0 else -1.0
    for _ in range(360 * hours):
        output = sample(controller, 0, state, 5.0 * wrong)
    assert output == held
    # Held, what is wanted stands one integral's worth of the error beyond the limit, not hours of it.
    assert abs(state.wanted[0] - held) == pytest.approx(0.02 * 5.0, rel=1e-6)
    turned = [sample(controller, 0, state, -5.0 * wrong) for _ in range(2)]
    assert abs(turned[0] - held) > 0.05
    assert abs(turned[1] - held) > abs(turned[0] - held)


def test_a_slow_drive_does_not_wind_it_up():
    slow = params([VALVE.model_copy(update={"slew": 1e-3})])
    state = zeros(ControllerState, 1)
    hold(state, 0, 0.5, 0.0)
    for _ in range(20):
        sample(slow, 0, state, 20.0)
    assert state.wanted[0] - state.output[0] < 0.02 * 20.0 + 1e-3 * 60.0


def test_a_taken_over_output_goes_on_from_there():
    controller, state = params([VALVE]), zeros(ControllerState, 1)
    hold(state, 0, 0.4, 1.5)
    assert sample(controller, 0, state, 1.5) == pytest.approx(0.4 + 0.02 * 10.0 / 60.0 * 1.5, rel=1e-12)
    hold(state, 0, 0.4, 0.0)
    assert [sample(controller, 0, state, 0.0) for _ in range(3)] == [0.4] * 3


def test_pressure_gain_is_read_in_its_units():
    spec = PressureControllerSpec(gain="1 %/kPa", integral_time="20 s", slew="5 %/s")
    controller = params([spec])
    assert controller.gain[0] == pytest.approx(1e-5, rel=1e-15)
    assert controller.slew_pu_s[0] == 0.05


def test_limits_must_be_in_order():
    with pytest.raises(ValidationError, match=r"lowest \(0.6\) must be below highest \(0.5\)"):
        TemperatureControllerSpec(lowest=0.6, highest=0.5)
