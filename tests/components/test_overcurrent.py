"""Inverse-time curves against C37.112 and IEC 60255, damage under currents that vary, and reset."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.overcurrent import (
    IDLE,
    OPENED,
    PICKED_UP,
    SIGNALLED,
    OvercurrentSpec,
    advance,
    new_state,
    params,
    reset,
    trip_s,
)

MULTIPLES = (1.5, 2.0, 3.0, 5.0, 10.0)
DYNAMO = {
    "pickup": 1.0,
    "curve": "points",
    "points": [{"multiple": 1.1, "time": "17 min"}, {"multiple": 1.4, "time": "60 s"}],
    "reset": "10 min",
}


def relay(**fields):
    return params([OvercurrentSpec.model_validate({"pickup": 1.0, "breaker": "0 s"} | fields)])


def seconds_to_trip(relays, current, dt_s):
    state, t = new_state(1), 0.0
    while advance(relays, 0, state, 0, current, dt_s) < SIGNALLED:
        t += dt_s
        assert t < 1e4
    return t + dt_s - state.signal_s[0]


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ("IEEE moderately inverse", (6.439016, 3.803249, 2.432210, 1.688326, 1.206756)),
        ("IEEE very inverse", (16.179, 7.027667, 2.94225, 1.308083, 0.689081)),
        ("IEEE extremely inverse", (22.6817, 9.5217, 3.6467, 1.2967, 0.406548)),
    ],
)
def test_v_pr_01(curve, expected):
    """C37.112 at a dial of 1."""
    assert [trip_s(relay(curve=curve), 0, m) for m in MULTIPLES] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ("IEC standard inverse", (17.194219, 10.029027, 6.301931, 4.279720, 2.970599)),
        ("IEC very inverse", (27.0, 13.5, 6.75, 3.375, 1.5)),
        ("IEC extremely inverse", (64.0, 26.666667, 10.0, 3.333333, 0.808081)),
    ],
)
def test_v_pr_02(curve, expected):
    """IEC 60255 at a multiplier of 1."""
    assert [trip_s(relay(curve=curve), 0, m) for m in MULTIPLES] == pytest.approx(expected, abs=1e-6)


def test_the_dial_scales_the_time_and_the_long_time_curve_is_iec_s():
    assert trip_s(relay(curve="IEEE very inverse", dial=3), 0, 2.0) == pytest.approx(3 * 7.027667, abs=3e-6)
    assert trip_s(relay(curve="IEC long time inverse"), 0, 3.0) == pytest.approx(60.0)


def test_two_points_of_a_breaker_are_the_power_law_through_them():
    """Policies 5.3: 10 % over for 17 min, 40 % for 60 s give 4.1 min, 108 s, 26 s and 9.2 s at 20, 30, 60, 100 %."""
    relays = params([OvercurrentSpec.model_validate(DYNAMO)])
    assert trip_s(relays, 0, 1.1) == pytest.approx(1020.0)
    assert trip_s(relays, 0, 1.4) == pytest.approx(60.0)
    assert trip_s(relays, 0, 1.2) == pytest.approx(4.1 * 60, rel=0.02)
    assert trip_s(relays, 0, 1.3) == pytest.approx(108.0, rel=0.01)
    assert trip_s(relays, 0, 1.6) == pytest.approx(26.0, rel=0.02)
    assert trip_s(relays, 0, 2.0) == pytest.approx(9.2, rel=0.01)
    assert trip_s(relays, 0, 1.0) == np.inf
    held = params([OvercurrentSpec.model_validate(DYNAMO | {"holds": 1.05})])
    assert trip_s(held, 0, 1.05) == np.inf
    assert trip_s(held, 0, 1.06) < 4200


def test_between_three_points_each_pair_has_its_own_slope():
    points = [*DYNAMO["points"], {"multiple": 6, "time": "2 s"}]
    relays = params([OvercurrentSpec.model_validate(DYNAMO | {"points": points, "dial": 2})])
    assert trip_s(relays, 0, 1.4) == pytest.approx(120.0)
    assert trip_s(relays, 0, 6.0) == pytest.approx(4.0)
    middle = 1 + np.sqrt(0.4 * 5.0)
    assert trip_s(relays, 0, middle) == pytest.approx(2 * np.sqrt(60.0 * 2.0))


@given(current=st.floats(1.05, 20.0), dt_s=st.sampled_from([1e-3, 0.02, 1.0]))
def test_a_held_current_trips_when_the_curve_says_whatever_the_step(current, dt_s):
    relays = relay(curve="IEEE moderately inverse", dial=0.5)
    expected = trip_s(relays, 0, current)
    if expected < 20.0:
        assert seconds_to_trip(relays, current, dt_s) == pytest.approx(expected, abs=1e-9)


def test_damage_of_two_currents_adds_up_and_resets_by_the_square():
    relays, state = relay(curve="IEEE very inverse"), new_state(1)
    assert advance(relays, 0, state, 0, 2.0, 3.0) == PICKED_UP
    damage = 3.0 / 7.0276667
    assert state.damage[0] == pytest.approx(damage, abs=1e-7)
    assert advance(relays, 0, state, 0, 0.5, 6.0) == PICKED_UP
    damage -= 6.0 * (1 - 0.25) / 21.6
    assert state.damage[0] == pytest.approx(damage, abs=1e-7)
    assert advance(relays, 0, state, 0, 3.0, 2.0) == PICKED_UP
    assert state.damage[0] == pytest.approx(damage + 2.0 / 2.94225, abs=1e-7)
    assert advance(relays, 0, state, 0, 0.0, 1e3) == IDLE
    assert state.damage[0] == 0.0
    assert state.most[0] == pytest.approx(damage + 2.0 / 2.94225, abs=1e-7)


def test_iec_relays_let_go_at_once():
    relays, state = relay(curve="IEC very inverse"), new_state(1)
    assert advance(relays, 0, state, 0, 2.0, 3.0) == PICKED_UP
    assert advance(relays, 0, state, 0, 0.99, 1e-3) == IDLE
    assert state.damage[0] == 0.0


def test_instantaneous_and_breaker_take_their_time():
    """1.5 cycles to the signal and 4 to the opening, then the breaker stays open until it is put back."""
    relays = relay(curve="IEC very inverse", instantaneous={"pickup": 8.0}, breaker="67 ms")
    state, seen = new_state(1), []
    for _ in range(100):
        seen.append(advance(relays, 0, state, 0, 9.0, 1e-3))
    assert seen.index(SIGNALLED) == 24
    assert seen.index(OPENED) == 24 + 67
    assert advance(relays, 0, state, 0, 0.0, 1.0) == OPENED
    reset(state, 0)
    assert advance(relays, 0, state, 0, 0.5, 1.0) == IDLE


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"curve": "points", "reset": "10 min"}, "has 0 points, and it needs two"),
        ({"curve": "points", "points": DYNAMO["points"]}, "needs its reset"),
        ({"curve": "points", "points": DYNAMO["points"][::-1], "reset": "1 min"}, "multiples must rise"),
        ({"curve": "IEC very inverse", "points": DYNAMO["points"]}, "name the curve"),
    ],
)
def test_a_curve_that_is_none_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        OvercurrentSpec.model_validate({"pickup": 1.2} | fields)
