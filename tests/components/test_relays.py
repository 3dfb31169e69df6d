"""Thermal (49) and undervoltage (27) relays and the automatic transfer, each at several steps."""

from math import log

import pytest

from twin.components import thermal_relay, transfer, undervoltage


def until(step, state, at_least, dt_s):
    """Time [s] of the first return that is ``at_least``, as the state counts it from there."""
    t = 0.0
    while step(dt_s) < at_least:
        t += dt_s
        assert t < 1e5
    return t + dt_s - state[0]


@pytest.mark.parametrize("dt_s", [1.0, 7.0, 0.05])
def test_thermal_relay_trips_by_the_closed_form(dt_s):
    """I 1.5 after 0.8 for long, k 1.1, 600 s: 600 ln((2.25 - 0.64)/(2.25 - 1.21)) = 262.2 s."""
    relays = thermal_relay.params(
        [thermal_relay.ThermalRelaySpec.model_validate({"carries": 1.1, "time_constant": "10 min", "breaker": "0 s"})]
    )
    state = thermal_relay.new_state(1)
    assert thermal_relay.advance(relays, 0, state, 0, 0.8, float("inf")) == 0
    expected = 600 * log((2.25 - 0.64) / (2.25 - 1.21))
    assert expected == pytest.approx(262.2, abs=0.05)
    assert thermal_relay.trip_s(relays, 0, 1.5, 0.64) == pytest.approx(expected)
    seen = until(lambda dt: thermal_relay.advance(relays, 0, state, 0, 1.5, dt), state.signal_s, 2, dt_s)
    assert seen == pytest.approx(expected, abs=1e-8)


def test_thermal_relay_carries_its_own_current_for_ever():
    relays = thermal_relay.params(
        [thermal_relay.ThermalRelaySpec.model_validate({"carries": "105 %", "time_constant": "10 min"})]
    )
    state = thermal_relay.new_state(1)
    for _ in range(100):
        assert thermal_relay.advance(relays, 0, state, 0, 1.05, 600.0) < 2
    assert thermal_relay.trip_s(relays, 0, 1.05, 0.0) == float("inf")


@pytest.mark.parametrize("dt_s", [1e-3, 0.1, 1.0])
def test_undervoltage_opens_after_its_delay_and_begins_anew_with_health(dt_s):
    relays = undervoltage.params(
        [undervoltage.UndervoltageSpec.model_validate({"pickup": "0.8 pu", "delay": "2 s", "breaker": "0 s"})]
    )
    state = undervoltage.new_state(1)
    for _ in range(round(1.0 / dt_s)):
        assert undervoltage.advance(relays, 0, state, 0, 0.5, dt_s) == 1
    assert undervoltage.advance(relays, 0, state, 0, 0.9, dt_s) == 0
    seen = until(lambda dt: undervoltage.advance(relays, 0, state, 0, 0.5, dt), state.signal_s, 2, dt_s)
    assert seen == pytest.approx(2.0, abs=1e-8)


@pytest.mark.parametrize("dt_s", [1e-3, 0.1])
def test_transfer_opens_the_main_then_closes_the_tie_and_stays(dt_s):
    schemes = transfer.params([transfer.TransferSpec.model_validate({"delay": "0.5 s", "breaker": "0.1 s"})])
    state = transfer.new_state(1)
    seen = [transfer.advance(schemes, state, 0, 0.0, 1.0, dt_s) for _ in range(round(0.8 / dt_s))]
    assert seen.index(transfer.MAIN_OPEN) == pytest.approx(0.5 / dt_s - 1)
    assert seen.index(transfer.TRANSFERRED) == pytest.approx(0.6 / dt_s - 1)
    assert transfer.advance(schemes, state, 0, 1.0, 1.0, dt_s) == transfer.TRANSFERRED
    transfer.reset(state, 0)
    assert transfer.advance(schemes, state, 0, 1.0, 1.0, dt_s) == transfer.WATCHING


def test_transfer_waits_for_a_living_neighbour():
    schemes, state = transfer.params([transfer.TransferSpec()]), transfer.new_state(1)
    for _ in range(20):
        assert transfer.advance(schemes, state, 0, 0.0, 0.5, 1.0) == transfer.WATCHING
    assert transfer.advance(schemes, state, 0, 0.0, 0.95, 0.1) == transfer.COUNTING
    assert transfer.advance(schemes, state, 0, 0.95, 0.95, 0.1) == transfer.WATCHING
