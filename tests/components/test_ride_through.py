"""ITIC envelope with its timers, drop-out and restart of machines, and the aggregate of LDELEC."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components import dropout
from twin.components.ride_through import ITIC, EnvelopeSpec, advance, new_state, outside, params, share_in

DRIVE = EnvelopeSpec.model_validate({"bands": [{"below": "0.65 pu", "lasting": "20 ms"}], "reset": "0 s"})


def trips(envelopes, voltage_pu, time_s, dt_s=1e-3):
    state = new_state(envelopes, 1)
    return any(advance(envelopes, 0, state, 0, voltage_pu, dt_s) for _ in range(round(time_s / dt_s)))


@pytest.mark.parametrize(
    ("voltage_pu", "time_s", "trip"),
    [
        (0.0, 0.019, False), (0.0, 0.021, True), (0.69, 0.4, True), (0.71, 0.4, False), (0.75, 9.0, True),
        (0.81, 9.0, False), (0.85, 11.0, True), (1.21, 0.4, True), (1.19, 0.4, False),
    ],
)  # fmt: skip
def test_v_pq_01(voltage_pu, time_s, trip):
    assert trips(params([ITIC]), voltage_pu, time_s) is trip


@pytest.mark.parametrize(
    ("voltage_pu", "lowest_pu", "share"),
    [(0.65, 0.65, 0.75), (0.55, 0.55, 0.25), (0.65, 0.55, 0.65), (0.95, 0.55, 0.85), (0.95, 0.5, 0.8)],
)
def test_v_pq_02(voltage_pu, lowest_pu, share):
    assert share_in(0.7, 0.5, 0.8, voltage_pu, lowest_pu) == pytest.approx(share, abs=1e-12)


@given(low=st.floats(0, 1.2), more=st.floats(0, 0.5), back=st.floats(0, 1))
def test_the_aggregate_never_has_more_than_all_and_never_less_as_voltage_returns(low, more, back):
    first, then = share_in(0.7, 0.5, back, low, low), share_in(0.7, 0.5, back, low + more, low)
    assert 0.0 <= first <= then + 1e-12
    assert then <= 1.0 + 1e-12


def test_time_outside_adds_up_until_a_healthy_second():
    """Two dips of 15 ms to nothing within a second are 30 ms outside, and trip; parted by a second they do not."""
    envelopes = params([ITIC])
    for pause_s, lost in ((0.5, True), (1.0, False)):
        state = new_state(envelopes, 1)
        seen = False
        for voltage_pu, time_s in ((0.0, 0.015), (1.0, pause_s), (0.0, 0.015)):
            for _ in range(round(time_s / 1e-3)):
                seen |= bool(advance(envelopes, 0, state, 0, voltage_pu, 1e-3))
        assert seen is lost


@given(voltage_pu=st.floats(0, 2.5), worse=st.floats(0, 0.3), time_s=st.sampled_from([0.01, 0.1, 1.0, 12.0]))
def test_a_deeper_dip_never_rides_through_what_a_shallow_one_does_not(voltage_pu, worse, time_s):
    envelopes = params([ITIC])
    if voltage_pu < 1.0 and trips(envelopes, voltage_pu, time_s, 0.01):
        assert trips(envelopes, max(0.0, voltage_pu - worse), time_s, 0.01)


def test_a_machine_restarts_after_its_time_of_healthy_voltage():
    envelopes, machines = params([DRIVE]), dropout.new_state(1)
    timers = new_state(envelopes, 1)
    out = []
    voltages = np.concatenate((np.full(30, 0.6), np.full(200, 1.0), np.full(5, 0.6), np.full(600, 1.0)))
    for voltage_pu in voltages:
        lost = advance(envelopes, 0, timers, 0, voltage_pu, 1e-3)
        healthy = not outside(envelopes, 0, voltage_pu)
        out.append(bool(dropout.advance(machines, 0, lost, healthy, 0.5, 1e-3)))
    assert out.index(True) == 20  # the 21st millisecond
    assert out.index(False, 20) == 30 + 200 + 5 + 500 - 1  # the second, short dip begins the wait anew
