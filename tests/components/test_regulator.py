"""Tap changers and capacitors: delay, whole steps, both ends, and no hunting on any grid that could be told."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.feed import two_bus_voltage
from twin.components.regulator import (
    ReactiveControlSpec,
    RegulatorState,
    TapSpec,
    VoltageControlSpec,
    advance,
    params,
    ratio,
)
from twin.core.layout import zeros

TAPS = params([TapSpec().regulator])


def test_defaults_are_those_of_the_specification():
    """Physics 9.3: 16 steps either way of 0.625 %, a band of 2 %, 30 s."""
    tap = TAPS
    assert [tap.least[0], tap.most[0], tap.half[0], tap.delay_s[0], tap.target[0]] == [-16, 16, 0.01, 30, 1]
    assert ratio(0.00625, 16) == pytest.approx(0.9)
    assert ratio(0.00625, -16) == pytest.approx(1.1)


@pytest.mark.parametrize("dt_s", [1.0, 5.0])
@pytest.mark.parametrize(("voltage", "way"), [(0.98, 1.0), (1.02, -1.0)])
def test_one_step_after_each_delay(voltage, way, dt_s):
    state, moved_at = zeros(RegulatorState, 1), []
    for n in range(int(200 / dt_s)):
        if advance(TAPS, 0, state, voltage, dt_s):
            moved_at.append((n + 1) * dt_s)
            assert state.position[0] == way * len(moved_at)
    assert moved_at == [30, 60, 90, 120, 150, 180]


def test_a_visit_to_the_band_begins_the_delay_anew():
    state = zeros(RegulatorState, 1)
    for voltage in (*[0.98] * 29, 1.0, *[0.98] * 29, 1.02, *[0.98] * 29, nan, *[0.98] * 29):
        assert not advance(TAPS, 0, state, voltage, 1.0)
    assert advance(TAPS, 0, state, 0.98, 1.0)


def test_ends_of_the_range_hold():
    state = zeros(RegulatorState, 1)
    for _ in range(40):
        advance(TAPS, 0, state, 0.7, inf)
    assert state.position[0] == 16
    assert not advance(TAPS, 0, state, 0.7, inf)
    assert advance(TAPS, 0, state, 1.2, inf)


@given(
    source=st.floats(0.93, 1.08), short_circuit=st.floats(4.0, 50.0), p=st.floats(0, 0.8), q=st.floats(-0.2, 0.3),
    target=st.floats(0.97, 1.03), start=st.integers(-16, 16),
)  # fmt: skip
def test_no_hunting(source, short_circuit, p, q, target, start):
    """Against a constant load behind grid and transformer: inside the band or at an end, and then still for ever."""
    taps = params([TapSpec(target=f"{target} pu").regulator])
    state = zeros(RegulatorState, 1)
    state.position[0] = start
    turned, ways, steps = 0, [], 0

    def voltage():
        x = 1.0 / short_circuit
        behind = source / ratio(0.00625, state.position[0])
        # The grid's impedance, seen from the low side.
        return two_bus_voltage(behind, 0.0, x / ratio(0.00625, state.position[0]) ** 2 + 0.1, p, q)

    for _ in range(80):
        before = state.position[0]
        value = voltage()
        if np.isnan(value):
            return
        if advance(taps, 0, state, value, inf):
            steps += 1
            ways.append(np.sign(state.position[0] - before))
            turned += len(ways) > 1 and ways[-1] != ways[-2]
            assert state.position[0] == int(state.position[0])
    assert turned == 0
    assert steps <= 32
    before = state.position[0]
    assert not advance(taps, 0, state, voltage(), inf)
    assert state.position[0] == before
    assert abs(voltage() - target) <= 0.01 or abs(before) == 16


def test_capacitors_follow_voltage_and_reactive_power():
    banks = params(
        [
            VoltageControlSpec(voltage="1 pu", deadband="3 %", delay="60 s").regulator(4),
            ReactiveControlSpec(reactive="0 Mvar", deadband="8 Mvar", delay="60 s").regulator(4),
        ]
    )
    state = zeros(RegulatorState, 2)
    for _ in range(10):
        advance(banks, 0, state, 0.97, inf)
    assert state.position[0] == 4
    drawn_var = 17e6
    for _ in range(10):
        advance(banks, 1, state, drawn_var - 5e6 * state.position[1], inf)
    assert state.position[1] == 3
    advance(banks, 1, state, -6e6, inf)
    assert state.position[1] == 2


def test_what_would_hunt_is_refused():
    with pytest.raises(ValidationError, match=r"a step moves the voltage by up to .* the deadband is 0.500%"):
        TapSpec(deadband="0.5 %")
    with pytest.raises(ValidationError, match="half the ratio or more"):
        TapSpec(steps=90)
