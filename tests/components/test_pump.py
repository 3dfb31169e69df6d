"""Pumps: the operating point against closed form, affinity, and what stands still."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.pump import PumpSpec, operate, operating_flow_m3_s, params

DESIGN = PumpSpec(count=2, flow="2 m3/s", pressure="300 kPa", efficiency="80 %", drive_efficiency="90 %")
PUMPS = params([DESIGN])


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
    assert drawn == pytest.approx(speed**3 * full[2], rel=1e-12)


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
