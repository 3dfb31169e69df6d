"""Caps that change: the measured step both ways, energy at any step, and no power beyond the two but the undershoot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core import cap_dynamics
from twin.core.cap_dynamics import DOWN, UP, CapDynamicsSpec, mean_w, power_w, settled_s, spike_w

P = cap_dynamics.params([CapDynamicsSpec()])
WATTS = st.floats(100.0, 700.0)
FINE_S = 1e-4


def course(from_w, to_w, seconds=1.0):
    return np.array([power_w(P, 0, from_w, to_w, t) for t in np.arange(0.0, seconds, FINE_S)])


def last_outside(power, target, share):
    return (np.flatnonzero(np.abs(power - target) > share * target)[-1] + 1) * FINE_S


def test_v6_a_lower_cap():
    """280 to 200 W: inside 5 % of the target by 70 ms on its way, 7.5 % too low, back in 0.2 s; 30 % of time."""
    power = course(277.0, 197.0)
    reached_s = np.argmax(power < 1.05 * 200.0) * FINE_S
    assert 0.02 < reached_s <= 0.07
    assert 200.0 - power.min() == pytest.approx(0.075 * 200.0, rel=0.3)
    assert last_outside(power, 197.0, 0.01) == pytest.approx(0.2, rel=0.3)


def test_v6_a_higher_cap():
    """200 to 280 W: nothing for 0.1 s, then stairs until 0.45 to 0.6 s."""
    power = course(197.0, 276.0)
    assert np.argmax(power > 198.0) * FINE_S == pytest.approx(0.1, rel=0.3)
    assert 0.45 * 0.7 < last_outside(power, 276.0, 0.01) < 0.6 * 1.3
    assert len(np.unique(power)) == 4


def test_the_means_of_the_first_second_by_hand():
    """Up: 1 W short for 0.12 s, 0.4 and 0.16 W for 0.17 s each. Down: half the fall less the undershoot's two parts."""
    assert 1.0 - mean_w(P, 0, 0.0, 1.0, 0.0, 1.0) == pytest.approx(0.12 + 0.17 * (0.4 + 0.16))
    assert mean_w(P, 0, 1.0, 0.0, 0.0, 1.0) == pytest.approx(0.04 * (1 - 1.15 / 2) - 0.15 * 0.06, abs=1e-6)


@given(from_w=WATTS, to_w=WATTS, dt_s=st.sampled_from([0.001, 0.005, 0.02, 1.0]))
def test_any_step_gives_the_same_energy(from_w, to_w, dt_s):
    steps = round(2.0 / dt_s)
    parts_j = sum(mean_w(P, 0, from_w, to_w, i * dt_s, (i + 1) * dt_s) * dt_s for i in range(steps))
    assert parts_j == pytest.approx(2.0 * mean_w(P, 0, from_w, to_w, 0.0, 2.0), rel=1e-9)


@pytest.mark.parametrize(("from_w", "to_w"), [(277.0, 197.0), (197.0, 276.0)])
def test_the_mean_is_that_of_the_instants(from_w, to_w):
    assert mean_w(P, 0, from_w, to_w, 0.0, 1.0) == pytest.approx(course(from_w, to_w).mean(), abs=0.02)


@given(from_w=WATTS, to_w=WATTS, since_s=st.floats(0.0, 3.0))
def test_power_stays_between_but_for_the_undershoot(from_w, to_w, since_s):
    power = power_w(P, 0, from_w, to_w, since_s)
    lowest = to_w - 0.15 * (from_w - to_w) if to_w < from_w else from_w
    assert lowest - 1e-9 <= power <= max(from_w, to_w) + 1e-9
    if since_s >= settled_s(P, 0, from_w, to_w):
        assert power == pytest.approx(to_w, abs=0.01)


def test_before_the_command_nothing_moves():
    assert power_w(P, 0, 300.0, 200.0, -0.1) == 300.0


def test_work_that_steps_up_overshoots_for_a_while():
    assert [spike_w(P, 0, 700.0, 500.0, t) for t in (0.0, 0.049, 0.051)] == [600.0, 600.0, 500.0]
    assert spike_w(P, 0, 550.0, 500.0, 0.01) == 550.0
    assert spike_w(P, 0, 400.0, 500.0, 0.01) == 400.0


@given(from_w=WATTS, to_w=WATTS)
def test_the_second_of_a_change_has_one_share_missing_each_way(from_w, to_w):
    late = P.late[0, UP if to_w > from_w else DOWN]
    assert to_w + (from_w - to_w) * late == pytest.approx(mean_w(P, 0, from_w, to_w, 0.0, 1.0), rel=1e-12)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"recovery": "0.1 s"},
            "a lower cap must be followed within the second .* fall and 12 times recovery are 1.24 s",
        ),
        ({"stairs": 8}, "a higher cap must be followed within the second .* stairs but the last are 1.31 s"),
        ({"spike_time": "2 s"}, "spike_time must be at most 1 s, found 2 s"),
    ],
)
def test_a_change_that_would_outlast_its_second_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        CapDynamicsSpec.model_validate(fields)
