"""Facility water under its controllers: transport, the pressure that follows the most open valve, pumps that fail."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin.components import pipe
from twin.core.layout import zeros
from twin.plant import ledger, steady, water
from twin.plant.order import WaterState
from twin.site.check_water import most_flow_m3_s
from twin.site.load import load_site

SITES = Path(__file__).parents[2] / "site_configs"

RESET = {"halls.0.loop.reset": {"least": "20 kPa", "open": "90 %"}}
TWO_RACKS = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
}


def closed(running):
    """Whether all books close."""
    return all(abs(part.residual) < 1e-12 for part in running.parts().values())


def test_branches_carry_what_the_pumps_move(start):
    pod, rng = start("pod"), np.random.default_rng(1)
    plant, state = pod.plant, pod.state
    for _ in range(60):
        state.cdu.valve[:] = rng.choice([0.0, 0.02, 0.3, 1.0], state.cdu.valve.size)
        state.water.speed[:] = rng.choice([0.01, 0.3, 1.0])
        state.water.coasting[:], state.water.coast_speed[:] = rng.integers(0, 2), rng.random()
        water.solve(plant, state)
        moved = state.flows.cdu_facility_kg_s.sum() + state.flows.coil_kg_s.sum()
        assert moved == pytest.approx(state.flows.hall_flow_kg_s[0], rel=1e-9)
        assert np.all(state.flows.cdu_k_w_k >= 0)
        assert np.all(state.flows.cdu_facility_kg_s[state.cdu.valve == 0] == 0)


def test_at_rest_the_far_end_has_its_pressure(start):
    pod = start("pod")
    assert pod.state.water.far_pa[0] == pytest.approx(115e3, rel=1e-8)
    np.testing.assert_allclose(pod.state.cdu.supply_c, 30.0, atol=1e-6)


def test_colder_water_arrives_one_transit_later(two_racks):
    plant, flow = two_racks.plant, two_racks.state.flows.hall_flow_kg_s[0]
    transit_s = plant.pipe.parcels[0] * plant.pipe.parcel_kg[0] / flow
    assert 60 < transit_s < 100
    cold = {"at": "10 s", "set": {"hall-1.supply": "23 degC"}}
    seen = two_racks.follow(300, [cold], lambda state: (state.hall.supply_c[0], state.hall.inlet_c[0]))
    at, sent, arrives = seen.T
    left_s, came_s = at[sent < 24.5][0], at[arrives < 24.5][0]
    # The wall, a tenth of the water's heat capacity, holds the front back.
    assert transit_s - 5 <= came_s - left_s <= 1.15 * transit_s + 10
    assert np.all(np.abs(arrives[at < 10 + transit_s] - 25.0) < 0.01)
    assert arrives[-1] < 23.5
    assert closed(two_racks)


def test_a_front_meets_coils_and_cdus_in_the_step_it_arrives_in(two_racks):
    """It stands in the pipe, so what comes in a step is known: its mean warms them at once, however long a step is."""
    state, plant = two_racks.state, two_racks.plant
    before_w, flow = state.step.hall_liquid_w[0], state.flows.hall_flow_kg_s[0]
    state.pipe.water_c[0, -3:] += 3.0
    two_racks.before = ledger.stores(plant, state)
    arrives_c = pipe.leaving_c(plant.pipe, state.pipe, 0, 5.0 * flow)
    warmer_k = arrives_c - state.hall.inlet_c[0]
    assert warmer_k > 1.5
    two_racks.advance(0.8)
    assert state.hall.inlet_c[0] == arrives_c
    missing_w = before_w - state.step.hall_liquid_w[0]
    assert missing_w == pytest.approx(state.flows.cdu_k_w_k.sum() * warmer_k, rel=0.05)
    assert closed(two_racks)


def test_books_close_where_water_flows_fastest(start):
    """The shortest pipe that is allowed, all pumps at their fastest, all valves open."""
    length_m = 5.0 * most_flow_m3_s(load_site(SITES / "pod.yaml", TWO_RACKS).halls[0]) / (np.pi / 4 * 0.2**2) * 64 / 63
    running = start(changes=TWO_RACKS | {"halls.0.loop.pipe.length": f"{1.001 * length_m} m"})
    valves = {f"hall-1/cdu-00{i}.valve": 1.0 for i in (1, 2)}
    running.follow(90, [{"at": "0 s", "set": {"hall-1.pump_speed": 1.2} | valves}])
    assert running.state.flows.hall_flow_kg_s[0] > 1.3 * running.plant.hall.flow_kg_s[0]
    assert closed(running)


def test_the_reset_holds_the_most_open_valve_near_its_target(start):
    pod = start("pod", {**TWO_RACKS, **RESET})
    state = pod.state
    assert state.water.widest[0] == pytest.approx(0.9, abs=1e-3)
    assert state.water.difference_pa[0] < 100e3
    speed = state.water.speed[0]
    seen = pod.follow(1800, watch=lambda s: (s.cdu.valve.max(), s.water.speed[0], s.cdu.supply_c[0]), activity=0.5)
    _, valve, speeds, supply = seen.T
    assert valve[-1] == pytest.approx(0.9, abs=0.03)
    assert speeds[-1] < speed - 0.05
    assert supply[-1] == pytest.approx(30.0, abs=0.1)
    assert closed(pod)


def test_without_reset_the_set_point_stands(two_racks):
    seen = two_racks.follow(
        200, watch=lambda state: (state.water.difference_pa[0], state.water.far_pa[0]), activity=0.2
    )
    assert np.all(seen[:, 1] == 115e3)
    assert seen[-1, 2] == pytest.approx(115e3, rel=0.005)


def test_a_lost_pump_is_made_up_for(two_racks):
    """One of the two stands by; the flow that the valves ask for returns."""
    full, speed = two_racks.state.flows.hall_flow_kg_s[0], two_racks.state.water.speed[0]
    trip = [{"at": "10 s", "trip": "hall-1/pump-a"}]
    seen = two_racks.follow(200, trip, lambda s: (s.flows.hall_flow_kg_s[0], s.water.speed[0]))
    assert seen[:, 1].min() < 0.995 * full
    assert seen[-1, 1] == pytest.approx(full, rel=0.02)
    assert seen[-1, 2] > 1.005 * speed
    assert closed(two_racks)


def test_loss_of_facility_water_warms_the_coolant(two_racks):
    trips = [{"at": "10 s", "trip": f"hall-1/pump-{letter}", "for": "60 s"} for letter in "ab"]
    seen = two_racks.follow(
        120, trips, lambda s: (s.flows.hall_flow_kg_s[0], s.cdu.supply_c[0], s.cdu.valve[0], s.water.speed[0])
    )
    at, flow, supply, valve, speed = seen.T
    assert np.all(flow[(at > 30) & (at <= 70)] == 0)
    assert np.all(np.diff(supply[(at > 20) & (at <= 70)]) > 0)
    # Some 42 kW on 70 L and what the racks store: about an eighth of a kelvin a second.
    assert supply[at == 70][0] - supply[at == 40][0] == pytest.approx(30 * 0.13, rel=0.25)
    assert valve[at == 70] == 1.0
    assert speed[at == 71] == pytest.approx(0.1)
    assert supply[-1] < supply.max() - 1
    assert closed(two_racks)


def test_hall_pumps_held_by_hand_stay_there(two_racks):
    events = [{"at": "5 s", "set": {"hall-1.pump_speed": "90 %"}, "for": "60 s"}]
    seen = two_racks.follow(200, events, lambda s: s.water.speed)
    assert seen[seen[:, 0] == 60][0, 1] == pytest.approx(0.9)
    assert seen[-1, 1] == pytest.approx(two_racks.plant.hall_pressure.highest[0] * 0.68, abs=0.02)


def test_headers_that_nothing_passes_stand_still(two_racks):
    plant, state = two_racks.plant, two_racks.state
    shut = np.full_like(state.room.branch_pa_s2_kg2, np.inf)
    running = state.service.hall_pumps[0], 0.7, 0.0, 0.0
    room: WaterState = zeros(WaterState, 1)._replace(loop_pa_s2_kg2=np.array([100.0]))
    flow, shaft, drawn = water.solve_hall(
        plant.tree, plant.piping, plant.hall_pump, 0, 995.0, running, shut, state.tree, room
    )
    assert flow == shaft == 0
    assert drawn > 0
    assert np.all(state.tree.flow_kg_s == 0)


CHANGES = st.sampled_from(
    [
        {"trip": "hall-1/pump-a"}, {"trip": "hall-1/pump-b"}, {"trip": "hall-1/cdu-001/pump-a"},
        {"trip": "hall-1/cdu-001/pump-b"}, {"trip": "board"}, {"trip": "mechanical"},
        *({"set": {f"hall-1/cdu-001.{field}": value}} for field, value in (
            ("valve", "0 %"), ("valve", "100 %"), ("leak", "2 kg/s"), ("leak", "0 kg/s"), ("filter", "50"),
            ("conductance", "0 %"), ("supply_sensor", "-15 K"), ("pump_speed", "0 %"), ("pump_speed", "100 %"),
        )),
        {"set": {"hall-1.dew_point": "45 degC"}}, {"set": {"hall-1.supply": "18 degC"}},
        {"set": {"hall-1.pump_speed": "0 %"}}, {"set": {"hall-1.pump_speed": "110 %"}},
    ]
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_books_close_whatever_happens(start, data):
    running = start("pod", {**TWO_RACKS, **RESET})
    for _ in range(data.draw(st.integers(1, 4))):
        change, lasts = data.draw(CHANGES), data.draw(st.one_of(st.none(), st.integers(1, 20)))
        event = {"at": f"{running.at + data.draw(st.integers(0, 6))} s"} | change
        running.follow(
            data.draw(st.integers(7, 40)), [event if lasts is None else event | {"for": f"{lasts} s"}],
            activity=data.draw(st.floats(0, 1)),
        )  # fmt: skip
        for part in running.parts().values():
            off = part.in_ - part.out - part.stored
            assert abs(off) < 1e-12 * max(abs(part.in_), abs(part.out), abs(part.stored), 1e5), part
        state = running.state
        for values in (*state.flows, *state.cdu, *state.hall, *state.water, *state.pipe):
            assert np.isfinite(values).all()


def test_rest_of_a_hall_with_reset_is_where_it_stays(start):
    pod = start("pod", {**TWO_RACKS, **RESET})
    before = pod.state.water.speed[0], pod.state.water.difference_pa[0], pod.state.cdu.supply_c[0]
    pod.follow(120)
    after = pod.state.water.speed[0], pod.state.water.difference_pa[0], pod.state.cdu.supply_c[0]
    assert after == pytest.approx(before, rel=1e-3)
    assert steady.settle(pod.plant, pod.state, np.array([0.0, 0.8]), (30.0, 25.0, 1e5), ["hall-1"]) > 0
