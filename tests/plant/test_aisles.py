"""Air of halls in the plant: exact steps, books, doors and room units, water that stops, and names that trip."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twin.components import aisle
from twin.core.errors import RunError, ScenarioError
from twin.events import actions
from twin.plant import aisles, ledger, rejection, steady, step
from twin.plant.order import AIR_W
from twin.scenario import Scenario
from twin.site.air import full_load_inlet_c
from twin.wanted import Wanted

# Room units instead of doors for network racks, beside the doors of GPU racks.
BOTH = {
    "library.coils": {
        "unit": {
            "air": "2 m3/s", "water": "1.2 kg/s", "ua": "5 kW/K", "fan": "1 kW", "bypass": "5 %", "least_speed": "30 %",
        },
    },
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.air_racks": [{"type": "bare-rack", "count": 2}],
    "library.air_racks": {
        "bare-rack": {"power": "12 kW", "rating": "17 kW", "supply_loss": "0.4 %", "power_factor": 0.98},
    },
    "halls.0.pumps.flow": "0.035 m3/s",
    "halls.0.air": {"limit": "35 degC", "crahs": [{"type": "unit", "count": 2}]},
}  # fmt: skip
COLD_ROOM = {"halls.0.air.envelope": "200 W/K"}


@pytest.fixture
def both(start):
    return start(changes=BOTH)


def closed(running) -> bool:
    return all(abs(part.residual) < 1e-12 for part in running.parts().values())


def test_at_rest_coils_take_what_the_air_gets_and_walls_let_in(two_racks):
    room, plant = two_racks.state.step, two_racks.plant
    walls_w = plant.aisle.envelope_w_k[0] * (two_racks.state.aisle.cold_c[0] - 30.0)
    assert room.hall_coil_w[0] == pytest.approx(room.hall_air_w[0] - walls_w, rel=1e-10)
    assert room.hall_envelope_w[0] == pytest.approx(walls_w, rel=1e-10)
    assert two_racks.state.aisle.mass_c[0] == pytest.approx(two_racks.state.aisle.cold_c[0])


def test_air_rests_where_a_transient_ends(two_racks):
    state = two_racks.state
    at_rest = np.ravel(state.aisle).copy()
    state.aisle.cold_c[:] += 3
    state.aisle.hot_c[:] -= 3
    for _ in range(60):
        two_racks.advance(0.8)
    moved_k = np.abs(np.ravel(state.aisle) - at_rest)
    # The building has taken some of the shock and gives it back over hours.
    assert np.all(moved_k < 0.02)
    two_racks.advance(0.8)
    assert closed(two_racks)


def test_fans_move_the_air_of_the_racks(two_racks):
    """At the design rise of 14 K, by each rack's heat: servers and doors alike."""
    state, plant = two_racks.state, two_racks.plant
    servers_w = state.step.rack[0, :, AIR_W].sum()
    assert state.step.hall_moved_w_k[0] * 14.0 == pytest.approx(servers_w + 24e3, rel=1e-9)
    rise_k = state.aisle.hot_c[0] - state.aisle.cold_c[0]
    moved = aisle.exchange_w_k(plant.aisle, 0, state.step.hall_moved_w_k[0], state.step.hall_moved_w_k[0])
    assert rise_k * moved == pytest.approx(servers_w + 24e3, rel=1e-9)
    share = state.step.hall_moved_w_k[0] / (plant.coil.count * plant.coil.air_w_k).sum()
    np.testing.assert_allclose(state.fans.coil_w, plant.coil.fan_w * share**3, rtol=1e-12)


def test_a_jump_of_load_is_exact_between_jumps(two_racks):
    """Two minutes after a jump, against Radau on the recorded heats and flows of each step."""
    state, plant, x = two_racks.state, two_racks.plant, np.ravel(two_racks.state.aisle).copy()
    air = plant.aisle
    for _ in range(24):
        two_racks.advance(1.0)
        room, fans = state.step, type(state.fans)(*(values.copy() for values in state.fans))
        coils = aisles.run_coils(
            plant.coil, state.service.coils, 0, room.hall_moved_w_k[0], state.flows.coil_kg_s[0], fans
        )
        between, hot_w = aisle.exchange_w_k(air, 0, room.hall_moved_w_k[0], coils[0]), room.hall_hot_w[0]
        across = np.empty((3, 3))
        aisle.network(air, 0, between, coils[1], across)
        water_c = float(state.hall.inlet_c[0])
        cold_w = coils[1] * water_c + air.envelope_w_k[0] * 30.0 + room.hall_air_w[0] - hot_w
        into = np.array([cold_w / air.air_j_k[0], hot_w / air.air_j_k[0], 0.0])
        x = solve_ivp(lambda _, t, a=across, b=into: a @ t + b, (0, 5), x, "Radau", rtol=1e-10, atol=1e-10).y[:, -1]
    # Water that arrives moves within a step by the little that its slope says.
    np.testing.assert_allclose(np.ravel(state.aisle), x, atol=1e-3)


def test_the_books_close_with_room_units_and_thin_walls(start):
    both, rng = start(changes=BOTH | COLD_ROOM, air_c=-10.0), np.random.default_rng(4)
    for minute in range(4):
        rejection.rate(both.plant, both.state, (-10.0 + 12 * minute, -12.0 + 9 * minute, 1e5))
        for _ in range(6):
            assert both.advance(rng.random(5)) == 0
    assert closed(both)
    assert both.parts()["air"].stored != 0
    out = {(source, target): joules for source, target, joules in ledger.flows(both.books)}
    assert out["air of the halls", "ambient"] > 0.01 * out["air of the halls", "facility water"]


def test_room_units_draw_from_the_mechanical_boards(both):
    fans_w = both.state.fans.room_w[0]
    assert 0 < fans_w < 2000.0
    both.advance(0.8)
    np.testing.assert_allclose(both.site.room_fan_w[:5], fans_w, rtol=1e-9)
    assert 0 < both.site.door_fan_w[0] < 650.0
    assert aisles.fans_w(both.plant, both.state) == pytest.approx(both.site.room_fan_w[4] + both.site.door_fan_w[4])
    mechanical = both.compiled.names.electrical.index("mechanical")
    assert both.state.step.held_w[mechanical] == pytest.approx(
        both.state.step.plant_w[0] + both.state.flows.hall_pump_w[0] + fans_w, rel=1e-9
    )


def test_a_room_unit_trips_and_comes_back(both):
    scenario = Scenario.model_validate(
        {"duration": "2 min", "events": [{"at": "10 s", "trip": "hall-1/crah-02", "for": "60 s"}]}
    )
    wanted, seen = Wanted(both.compiled, both.state), []
    for action in actions(scenario, both.compiled):
        action.apply(wanted)
        wanted.enforce(both.state)
        both.advance(0.8)
        seen.append((action.tick, *both.state.service.coils, float(both.state.aisle.hot_c[0])))
    assert [row[:4] for row in seen] == [(10, 1, 1, 1), (70, 1, 1, 2)]
    assert closed(both)


def test_a_room_unit_that_is_not_there_is_told(both):
    scenario = Scenario.model_validate({"duration": "2 min", "events": [{"at": "1 s", "trip": "hall-1/crah-03"}]})
    with pytest.raises(ScenarioError, match='"hall-1" has no "crah-03"; did you mean "crah-02"'):
        actions(scenario, both.compiled)


def test_air_warms_when_water_stops_and_building_slows_it(two_racks):
    state, plant = two_racks.state, two_racks.plant
    two_racks.advance(0.8)
    air_c, mass_c = state.aisle.cold_c[0] + state.aisle.hot_c[0], state.aisle.mass_c[0]
    state.service.hall_pumps[:] = 0
    state.water.speed[:] = state.water.coasting[:] = 0
    step.update_flows(plant, state)
    assert state.flows.coil_kg_s[0] == pytest.approx(0.0, abs=1e-9)
    for _ in range(12):
        assert two_racks.advance(0.8) == 0
    assert abs(state.step.hall_coil_w[0]) < 1e-3 * state.step.hall_air_w[0]
    free_k = 60.0 * state.step.hall_air_w[0] / plant.aisle.air_j_k[0]
    assert 0.5 * free_k < state.aisle.cold_c[0] + state.aisle.hot_c[0] - air_c < free_k
    assert 0 < state.aisle.mass_c[0] - mass_c < 1.0
    assert closed(two_racks)


def test_dead_boards_leave_still_air(two_racks):
    """Without supply nothing moves but leakage, and the aisles drift together."""
    state, plant = two_racks.state, two_racks.plant
    state.service.energised[:] = state.service.supplied[:] = state.service.racks[:] = 0
    state.service.hall_pumps[:] = state.service.cdu_pumps[:] = state.service.chillers[:] = 0
    step.update_flows(plant, state)
    for _ in range(24):
        two_racks.advance(0.0)
    assert state.step.hall_moved_w_k[0] == 0
    assert np.all(np.isfinite(np.ravel(state.aisle)))
    assert 0 <= state.aisle.hot_c[0] - state.aisle.cold_c[0] < 10


def test_neither_water_nor_walls_is_no_steady_state(start):
    two = start(changes={"halls.0.air": {"limit": "35 degC", "envelope": "0 W/K"}})
    two.state.service.hall_pumps[:] = 0
    two.state.water.speed[:] = 0
    with np.errstate(all="ignore"), pytest.raises(RunError, match="no steady state"):
        steady.settle(two.plant, two.state, np.array([0.0, 0.8]), (30.0, 25.0, 1e5), ["hall-1"])


def test_the_inlet_foretold_is_that_of_full_load(start):
    full = start(activity=1.0)
    told = full_load_inlet_c(full.plant, full.state.flows.coil_kg_s, full.state.service.set_point_c, 30.0)
    air = full.state.aisle
    assert told[0] == pytest.approx(aisle.inlet_c(full.plant.aisle, 0, air.cold_c[0], air.hot_c[0]), abs=0.5)
    warmer = full_load_inlet_c(full.plant, full.state.flows.coil_kg_s, full.state.service.set_point_c + 7.0, 30.0)
    assert warmer[0] - told[0] == pytest.approx(7.0, abs=0.3)
