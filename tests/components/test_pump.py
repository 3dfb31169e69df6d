"""Pumps: the operating point against closed form, affinity, standby, coasting, drives, and what stands still."""

from itertools import pairwise
from math import exp, inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.pump import (
    PumpSpec,
    coast_speed,
    drive_w,
    operate,
    operate_on,
    operating_flow_m3_s,
    params,
    ramp_speed,
    rated_w,
    speed_for,
)

DESIGN = PumpSpec(count=2, flow="2 m3/s", pressure="300 kPa", efficiency="80 %", drive_efficiency="90 %")
THREE = DESIGN.model_copy(update={"count": 3, "standby": 1})
PUMPS = params([DESIGN, THREE])
LOOP = PUMPS.loop_pa_s2_m6[0]


@pytest.mark.parametrize(("speed", "flow"), [(1.0, 0.14142136), (0.8, 0.10813097), (0.6, 0.07232406)])
def test_v_hyd_04(speed, flow):
    """The row's loop has 4 of static lift; ours are closed, so the lift is taken off the pump's head."""
    found = operating_flow_m3_s(30.0 * speed**2 - 4.0, 400.0, 900.0, 1.0, 1.0)
    assert found == pytest.approx(flow, abs=1e-8)
    head = {1.0: 22.0, 0.8: 14.523077, 0.6: 8.707692}[speed]
    assert 30.0 * speed**2 - 400.0 * found**2 == pytest.approx(head, abs=1e-6)
    assert 4.0 + 900.0 * found**2 == pytest.approx(head, abs=1e-6)


def test_the_design_point_is_met_with_all_pumps():
    flow, shaft, drawn = operate(PUMPS, 0, 2.0, 1.0)
    assert flow == pytest.approx(2.0, rel=1e-12)
    assert shaft == pytest.approx(2.0 * 300e3 / 0.8, rel=1e-12)
    assert drawn == pytest.approx(shaft / 0.9, rel=1e-12)


@given(speed=st.floats(0.05, 1.2))
def test_affinity(speed):
    flow, shaft, drawn = operate(PUMPS, 0, 2.0, speed)
    full = operate(PUMPS, 0, 2.0, 1.0)
    assert flow == pytest.approx(speed * full[0], rel=1e-12)
    assert shaft == pytest.approx(speed**3 * full[1], rel=1e-12)
    # The drive's share of the loss does not follow: it is least at full load.
    assert drawn / shaft >= full[2] / full[1] * (1.0 - 1e-12)


def test_one_of_two_pumps_moves_more_than_half_for_less_power():
    one, two = operate(PUMPS, 0, 1.0, 1.0), operate(PUMPS, 0, 2.0, 1.0)
    assert 0.5 * two[0] < one[0] < two[0]
    assert one[1] < two[1]
    # Head balance of the one: n^2 H0 - a Q^2 = k Q^2.
    assert one[0] ** 2 * (PUMPS.fall_pa_s2_m6[0] + PUMPS.loop_pa_s2_m6[0]) == pytest.approx(
        PUMPS.shutoff_pa[0], rel=1e-12
    )


@pytest.mark.parametrize(("running", "speed"), [(0.0, 1.0), (2.0, 0.0), (0.0, 0.0)])
def test_standing_still(running, speed):
    assert operate(PUMPS, 0, running, speed) == (0.0, 0.0, 0.0)


@given(running=st.integers(1, 2), speed=st.floats(0.01, 1.2))
def test_second_law_the_shaft_gives_at_least_what_the_water_takes(running, speed):
    flow, shaft, drawn = operate(PUMPS, 0, float(running), speed)
    assert drawn > shaft > flow * PUMPS.loop_pa_s2_m6[0] * flow**2


def curve_flow(i: int, speed: float, head: float) -> float:
    """Flow of one pump at a head, by its curve; none where the head is above its shutoff."""
    return sqrt(max(0.0, speed**2 * PUMPS.shutoff_pa[i] - head) / PUMPS.fall_pa_s2_m6[i])


def bisected(loop: float, groups: list[tuple[float, float]]) -> tuple[float, float]:
    """Flow and head where two groups (pumps, speed) meet a system, by bisection of the head."""
    low, high = 0.0, max(speed for _, speed in groups) ** 2 * PUMPS.shutoff_pa[0]
    for _ in range(200):
        head = 0.5 * (low + high)
        if sum(count * curve_flow(0, speed, head) for count, speed in groups) > sqrt(head / loop):
            low = head
        else:
            high = head
    return sqrt(head / loop), head


@given(
    running=st.integers(1, 4),
    speed=st.floats(0.1, 1.1),
    coasting=st.integers(1, 4),
    slow=st.floats(0.01, 1.1),
    loop=st.floats(1e2, 1e7),
)
def test_two_groups_meet_the_system_at_one_head(running, speed, coasting, slow, loop):
    flow, head, shaft, drawn = operate_on(PUMPS, 0, loop, running, speed, coasting, slow)
    expected = bisected(loop, [(running, speed), (coasting, slow)])
    assert flow == pytest.approx(expected[0], rel=1e-9)
    assert head == pytest.approx(expected[1], rel=1e-9)
    assert head == pytest.approx(loop * flow**2, rel=1e-9)
    own = running * curve_flow(0, speed, head)
    assert shaft >= own * head / PUMPS.efficiency[0] * (1.0 - 1e-6)
    assert drawn > shaft


@given(speed=st.floats(0.1, 1.1), loop=st.floats(1e2, 1e7))
def test_at_one_speed_two_groups_are_one(speed, loop):
    together = operate_on(PUMPS, 0, loop, 3.0, speed, 0.0, 0.0)
    flow, head, shaft, _ = operate_on(PUMPS, 0, loop, 2.0, speed, 1.0, speed)
    assert (flow, head) == pytest.approx(together[:2], rel=1e-9)
    assert shaft == pytest.approx(2.0 / 3.0 * together[2], rel=1e-9)


def test_a_check_valve_shuts_where_the_shutoff_head_falls_below_the_system():
    alone = operate_on(PUMPS, 0, LOOP, 1.0, 1.0, 0.0, 0.0)
    edge = sqrt(alone[1] / PUMPS.shutoff_pa[0])
    assert operate_on(PUMPS, 0, LOOP, 1.0, 1.0, 1.0, edge - 1e-9) == alone
    assert operate_on(PUMPS, 0, LOOP, 1.0, 1.0, 1.0, edge + 1e-3)[0] > alone[0]
    # The one with power behind the check valve: no flow, no shaft power, and what its drive takes at no load.
    flow, _, shaft, drawn = operate_on(PUMPS, 0, LOOP, 1.0, 0.5 * edge, 1.0, 1.0)
    assert flow == pytest.approx(alone[0], rel=1e-12)
    assert shaft == 0.0
    assert 0.0 < drawn < 0.01 * rated_w(PUMPS)[0]


def test_flow_falls_smoothly_as_a_pump_runs_down():
    speed, flows = 1.0, []
    for _ in range(40):
        flows.append(operate_on(PUMPS, 0, LOOP, 1.0, 1.0, 1.0, speed)[0])
        speed = coast_speed(PUMPS, 0, speed, 0.1)
    assert flows[0] == pytest.approx(2.0, rel=1e-12)
    assert all(later <= earlier for earlier, later in pairwise(flows))
    assert flows[-1] == operate(PUMPS, 0, 1.0, 1.0)[0]


def test_pumps_without_power_move_water_until_they_stand():
    flow, head, shaft, drawn = operate_on(PUMPS, 0, LOOP, 0.0, 1.0, 2.0, 0.5)
    assert flow == pytest.approx(1.0, rel=1e-12)
    assert head == pytest.approx(LOOP, rel=1e-12)
    assert (shaft, drawn) == (0.0, 0.0)
    assert operate_on(PUMPS, 0, LOOP, 0.0, 0.0, 0.0, 0.0) == (0.0, 0.0, 0.0, 0.0)


def test_a_closed_system_takes_the_shutoff_head():
    flow, head, shaft, _ = operate_on(PUMPS, 0, inf, 2.0, 0.9, 1.0, 0.5)
    assert (flow, shaft) == (0.0, 0.0)
    assert head == pytest.approx(0.81 * PUMPS.shutoff_pa[0], rel=1e-12)


def test_standby_pumps_are_beyond_what_design_needs():
    assert operate(PUMPS, 1, 2.0, 1.0) == pytest.approx(operate(PUMPS, 0, 2.0, 1.0), rel=1e-12)
    assert rated_w(PUMPS)[1] == rated_w(PUMPS)[0]
    speed = speed_for(PUMPS, 1, 2.0, 300e3, 3.0)
    assert speed < 1.0
    flow, shaft, _ = operate(PUMPS, 1, 3.0, speed)
    assert flow == pytest.approx(2.0, rel=1e-12)
    assert shaft > operate(PUMPS, 1, 2.0, 1.0)[1]


@given(running=st.integers(1, 3), speed=st.floats(0.05, 1.2), loop=st.floats(1e2, 1e7))
def test_speed_for_undoes_the_operating_point(running, speed, loop):
    flow, head, _, _ = operate_on(PUMPS, 0, loop, running, speed, 0.0, 0.0)
    assert speed_for(PUMPS, 0, flow, head, running) == pytest.approx(speed, rel=1e-12)


@pytest.mark.parametrize(("load", "drive"), [(0.01, 0.5503), (0.25, 0.9401), (0.5, 0.96), (0.75, 0.97), (1.0, 0.97)])
def test_drive_has_the_efficiency_of_its_table(load, drive):
    """Values of fluids 1.3.1 for 75 kW, over that of full load, which the given 90 % hold."""
    shaft = load * PUMPS.shaft_w[0]
    assert drive_w(PUMPS, 0, shaft) == pytest.approx(shaft / (0.9 * drive / 0.97), rel=1e-12)


@given(load=st.floats(0.0, 2.0), more=st.floats(1e-6, 0.5))
def test_more_shaft_power_draws_more(load, more):
    less, greater = (drive_w(PUMPS, 0, part * PUMPS.shaft_w[0]) for part in (load, load + more))
    assert greater - less > more * PUMPS.shaft_w[0]


def test_speed_falls_by_its_time_constant_and_rises_by_its_slew():
    assert coast_speed(PUMPS, 0, 0.8, 6.0) == pytest.approx(0.8 * exp(-1.5), rel=1e-15)
    assert ramp_speed(PUMPS, 0, 0.2, 1.0, 3.0) == pytest.approx(0.5)
    assert ramp_speed(PUMPS, 0, 0.95, 1.0, 3.0) == 1.0
    assert ramp_speed(PUMPS, 0, 0.9, 0.5, 1.0) == pytest.approx(0.8)


def test_not_all_can_stand_by():
    with pytest.raises(ValidationError, match="of 2 pumps at most 1 can stand by, not 2"):
        PumpSpec(**(DESIGN.model_dump(mode="json") | {"standby": 2}))
