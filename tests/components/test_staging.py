"""Machines of a group: how many run, how they share, ramps, restarts, and the least times between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import staging
from twin.components.staging import StagingSpec, TimingSpec

SPAN = (0, 5)


def group(machines: int = 5, **changes: object):
    state = staging.new_state(machines, 1)
    return staging.params([StagingSpec.model_validate(changes)], [TimingSpec()]), state, np.ones(machines)


def run(times, state, fed, want, seconds, step_s=5.0, span=SPAN):
    """Load of the group over time at a constant want; staging each minute."""
    carried, since = [], 0.0
    for _ in range(int(seconds / step_s)):
        if since >= 60.0:
            staging.stage(times, state, 0, span, fed, want, 0.15, since)
            since = 0.0
        staging.open_room(times, state, 0, span, fed, step_s)
        carried.append(staging.share_out(state, span, want))
        staging.pass_time(state, span, fed, step_s)
        since += step_s
    return np.array(carried)


def settle(times, state, fed, want):
    """At rest under a constant want; returns what is carried."""
    staging.rest(times, state, 0, SPAN, fed, want)
    staging.open_room(times, state, 0, SPAN, fed, np.inf)
    return staging.share_out(state, SPAN, want)


@given(want=st.floats(0, 7), rooms=st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_load_is_shared_evenly_as_far_as_there_is_room(want, rooms):
    state = staging.new_state(5, 1)
    state.room[:] = rooms
    carried = staging.share_out(state, SPAN, want)
    assert carried == pytest.approx(min(want, sum(rooms)), abs=1e-12)
    assert state.load.sum() == pytest.approx(carried, abs=1e-12)
    assert np.all(state.load <= state.room + 1e-15)
    limited = state.load < state.room - 1e-12
    if limited.any():
        assert np.ptp(state.load[limited]) < 1e-12
        assert state.load.max() <= state.load[limited].max() + 1e-12


def test_load_rises_by_a_quarter_a_minute_and_falls_at_once():
    times, state, fed = group()
    carried = run(times, state, fed, 5.0, 240)
    np.testing.assert_allclose(carried, 5 * np.arange(1, 49) * 5 / 240, rtol=1e-12)
    assert run(times, state, fed, 1.0, 5)[0] == pytest.approx(1.0)


def test_after_a_loss_of_supply_machines_wait_then_ramp():
    times, state, fed = group()
    settle(times, state, fed, 4.0)
    assert run(times, state, fed, 4.0, 5)[0] == pytest.approx(4.0)
    fed[:] = 0.0
    assert not run(times, state, fed, 4.0, 30).any()
    fed[:] = 1.0
    carried = run(times, state, fed, 4.0, 540)
    assert not carried[:48].any()  # 4 min
    # Four of five machines were running, and rise together from nothing.
    np.testing.assert_allclose(carried[48:60], 5 * np.arange(1, 13) * 5 / 240, rtol=1e-12)
    assert carried[-1] == pytest.approx(4.0)


def test_machines_start_above_ninety_per_cent_and_stop_below_sixty_for_a_while():
    times, state, fed = group()
    settle(times, state, fed, 1.5)
    assert state.on.sum() == 2
    run(times, state, fed, 1.79, 120)
    assert state.on.sum() == 2
    run(times, state, fed, 1.85, 120)
    assert state.on.sum() == 3
    run(times, state, fed, 1.85, 3600)
    assert state.on.sum() == 3  # 62 % of three
    run(times, state, fed, 1.75, 840)
    assert state.on.sum() == 3
    run(times, state, fed, 1.75, 180)
    assert state.on.sum() == 2


def test_a_short_dip_stops_nothing():
    times, state, fed = group()
    settle(times, state, fed, 4.0)
    for _ in range(20):
        run(times, state, fed, 0.5, 600)
        run(times, state, fed, 4.0, 120)
    assert state.on.sum() == 5


def test_a_machine_that_stopped_stands_for_its_least_time():
    times, state, fed = group(hold="0 s")
    settle(times, state, fed, 1.5)
    run(times, state, fed, 0.5, 120)
    assert state.on.sum() == 1
    run(times, state, fed, 5.0, 240)
    np.testing.assert_array_equal(state.on, [1, 0, 1, 1, 1])  # the second was stopped just now
    run(times, state, fed, 5.0, 180)
    assert state.on.sum() == 5


def test_a_machine_that_started_runs_for_its_least_time():
    times, state, fed = group(hold="0 s")
    settle(times, state, fed, 0.8)
    run(times, state, fed, 1.7, 120)
    assert state.on.sum() == 2
    run(times, state, fed, 0.5, 780)
    assert state.on.sum() == 2 or state.on[0] == 0.0  # only the one that has run for long may go
    assert state.on[1] == 1.0


def test_a_stopped_machine_unloads_while_the_others_follow():
    times, state, fed = group(hold="0 s")
    settle(times, state, fed, 2.6)
    assert state.on.sum() == 3
    run(times, state, fed, 2.6, 5)
    carried = run(times, state, fed, 1.75, 600)
    assert state.on.sum() == 2
    np.testing.assert_allclose(carried, 1.75, rtol=1e-12)


def test_the_first_starts_for_more_than_a_cycle():
    times, state, fed = group()
    settle(times, state, fed, 0.0)
    assert state.on.sum() == 0
    run(times, state, fed, 0.1, 300)
    assert state.on.sum() == 0
    run(times, state, fed, 0.2, 120)
    assert state.on.sum() == 1
    run(times, state, fed, 0.0, 1200)
    assert state.on.sum() == 0


def test_what_has_no_supply_is_replaced():
    times, state, fed = group()
    settle(times, state, fed, 2.6)
    fed[0] = 0.0
    run(times, state, fed, 2.6, 600)
    np.testing.assert_array_equal(state.on, [1, 1, 1, 1, 0])
    assert state.load[0] == 0.0
    assert state.load.sum() == pytest.approx(2.6)


@given(want=st.floats(0, 6))
def test_rest_is_where_a_step_leaves_it(want):
    times, state, fed = group()
    carried = settle(times, state, fed, want)
    assert carried == pytest.approx(min(want, 5.0))
    on, load = state.on.copy(), state.load.copy()
    later = run(times, state, fed, want, 30)
    np.testing.assert_allclose(later, carried, rtol=1e-12)
    np.testing.assert_array_equal(state.on, on)
    np.testing.assert_allclose(state.load, load, rtol=1e-12)


def test_staging_stops_everything_for_another_source():
    times, state, fed = group()
    settle(times, state, fed, 4.0)
    staging.stop_all(state, SPAN)
    assert not state.on.any()
    assert run(times, state, fed, 4.0, 5)[0] == 0.0


def test_shares_the_wrong_way_round_are_refused():
    with pytest.raises(ValidationError, match="stopped below 95% and started above 90%"):
        StagingSpec.model_validate({"down": "95 %"})
