"""Economizers: which mode fits, hysteresis, dwell, and what breaks it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components import economizer
from twin.components.economizer import FREE, MECHANICAL, PARTIAL, EconomizerSpec

SET, BACK = 30.0, 40.0


def hall(mode: float = MECHANICAL, held_s: float = np.inf, **changes: object):
    state = economizer.EconomizerState(np.array([mode]), np.array([held_s]))
    return economizer.params([EconomizerSpec.model_validate(changes)]), state


@pytest.mark.parametrize(
    ("reach_c", "mode"),
    [(20.0, FREE), (29.5, FREE), (29.6, PARTIAL), (38.9, PARTIAL), (39.0, MECHANICAL), (45.0, MECHANICAL)],
)
def test_the_mode_that_fits_without_a_past(reach_c, mode):
    set_up, state = hall()
    economizer.rest(set_up, state, 0, reach_c, SET, BACK)
    assert state.mode[0] == mode
    economizer.decide(set_up, state, 0, reach_c, SET, BACK)
    assert state.mode[0] == mode


@pytest.mark.parametrize(
    ("reach_c", "mode", "stays"),
    [(30.5, FREE, True), (30.6, FREE, False), (39.9, PARTIAL, True), (40.0, PARTIAL, False), (29.5, PARTIAL, False)],
)
def test_a_mode_is_left_a_kelvin_later_than_it_is_taken(reach_c, mode, stays):
    set_up, state = hall(mode)
    economizer.decide(set_up, state, 0, reach_c, SET, BACK)
    assert bool(state.mode[0] == mode) is stays


def test_a_mode_is_kept_for_twenty_minutes():
    set_up, state = hall(PARTIAL, held_s=1140.0)
    economizer.decide(set_up, state, 0, 20.0, SET, BACK)
    assert state.mode[0] == PARTIAL
    state.held_s[0] = 1200.0
    economizer.decide(set_up, state, 0, 20.0, SET, BACK)
    assert (state.mode[0], state.held_s[0]) == (FREE, 0.0)


def test_a_free_cooling_that_fails_is_left_at_once():
    set_up, state = hall(FREE, held_s=60.0)
    economizer.decide(set_up, state, 0, 31.9, SET, BACK)
    assert state.mode[0] == FREE
    economizer.decide(set_up, state, 0, 32.1, SET, BACK)
    assert state.mode[0] == PARTIAL


@given(reach=st.lists(st.floats(25, 45), min_size=50, max_size=50))
def test_it_never_hunts(reach):
    """Whatever the weather does, a mode other than a failed free one lasts for its dwell time."""
    set_up, state = hall(override="100 K")
    changes = []
    for minute, reach_c in enumerate(reach):
        before = state.mode[0]
        economizer.decide(set_up, state, 0, reach_c, SET, BACK)
        state.held_s[0] += 60.0
        if state.mode[0] != before:
            changes.append(minute)
    assert all(later - early >= 20 for early, later in pairwise(changes))
