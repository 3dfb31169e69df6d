"""CDUs under their sampled controllers: pumps that fail over, leaks, dirt, wrong sensors and wet air."""

import numpy as np
import pytest

from twin.core.errors import ScenarioError
from twin.plant import coolant, steady, step

UNIT = "hall-1/cdu-001"


def trip(letters, at, lasts=None):
    """Pumps of the first CDU trip."""
    more = {} if lasts is None else {"for": f"{lasts} s"}
    return [{"at": f"{at} s", "trip": f"{UNIT}/pump-{letter}"} | more for letter in letters]


def put(field, value, at, lasts=None):
    """A setting of the first CDU."""
    more = {} if lasts is None else {"for": f"{lasts} s"}
    return {"at": f"{at} s", "set": {f"{UNIT}.{field}": value}} | more


def flow(state):
    """Coolant of the first CDU and its pumps' speed."""
    return state.flows.cdu_flow_kg_s[0], state.cdu.speed[0]


def closed(running):
    """Whether all books close."""
    return all(abs(part.residual) < 1e-12 for part in running.parts().values())


def test_racks_get_what_the_pumps_move(start):
    """Whatever pumps do and filters hold back: pumps and racks agree on the flow, within few rounds."""
    pod, rng = start("pod"), np.random.default_rng(1)
    plant, state = pod.plant, pod.state
    for _ in range(40):
        state.cdu.speed[:] = rng.choice([0.01, 0.1, 0.5, 1.0], state.cdu.speed.size)
        state.cdu.coasting[:], state.cdu.coast_speed[:] = rng.integers(0, 2), rng.random()
        state.service.cdu_filter[:] = rng.choice([0.0, 1.0, 3.0, 1000.0])
        state.room.cdus_anew[:] = 1
        coolant.solve(plant, state)
        racks = np.add.reduceat(state.room.manifold_kg_s, plant.manifolds.first[:-1])
        np.testing.assert_allclose(racks, state.flows.cdu_flow_kg_s, rtol=1e-10)
        shares = state.flows.rack_share[plant.manifolds.rack]
        np.testing.assert_allclose(shares, state.room.manifold_kg_s / plant.manifolds.rack_kg_s, rtol=1e-15)


def test_at_rest_racks_have_their_design_flow(two_racks):
    np.testing.assert_allclose(two_racks.state.flows.rack_share, 1.0, rtol=1e-8)
    np.testing.assert_allclose(two_racks.state.cdu.supply_c, 30.0, atol=1e-8)


def test_a_lost_pump_dips_the_flow_and_the_other_makes_up_for_it(two_racks):
    full, speed = flow(two_racks.state)
    seen = two_racks.follow(120, trip("a", 20), flow)
    at, share, fast = seen[:, 0], seen[:, 1] / full, seen[:, 2]
    assert np.all(np.abs(share[at <= 20] - 1) < 1e-6)
    assert share.min() == pytest.approx(share[at == 21][0])
    assert 0.8 < share.min() < 0.92
    assert share[at == 60] > 0.965
    assert share[-1] > 0.99
    assert fast[-1] > 1.05 * speed
    assert closed(two_racks)


def test_a_pump_that_comes_back_beside_the_other_takes_its_share(two_racks):
    full, speed = flow(two_racks.state)
    seen = two_racks.follow(240, trip("a", 20, lasts=60), flow)
    assert seen[-1, 1] == pytest.approx(full, rel=2e-3)
    assert seen[-1, 2] == pytest.approx(speed, rel=2e-3)
    assert two_racks.state.cdu.coasting[0] == 0


def test_without_pumps_the_flow_coasts_to_nothing_and_returns_by_the_ramp(two_racks):
    full, _ = flow(two_racks.state)
    seen = two_racks.follow(110, trip("ab", 10, lasts=40), flow)
    at, share, speed = seen[:, 0], seen[:, 1] / full, seen[:, 2]
    coasting = share[(at >= 11) & (at <= 24)]
    # Flow falls as speed does, by exp(-1/4) a second, where drops follow its square; as its square where racks are
    # laminar and drops follow flow.
    speed_left = np.exp(-np.arange(1, coasting.size + 1) / 4)
    assert np.all((coasting < speed_left) & (coasting > speed_left**2))
    assert np.all(np.diff(coasting) < 0)
    assert np.all(share[(at >= 30) & (at <= 50)] == 0)
    assert speed[at == 51] == pytest.approx(0.1)
    assert speed[at == 55] == pytest.approx(0.5)
    assert share[-1] == pytest.approx(1.0, abs=0.02)
    assert closed(two_racks)


def test_a_short_loss_finds_the_rotors_turning(two_racks):
    _, before = flow(two_racks.state)
    seen = two_racks.follow(4, trip("ab", 0, lasts=2), flow)
    turned = before * np.exp(-2 / 4)
    assert seen[1, 1] > 0
    assert seen[2, 2] == pytest.approx(min(before, turned + 0.1))
    assert two_racks.state.cdu.coasting[0] == 0


def test_the_second_pump_to_fail_does_not_speed_up_the_first(two_racks):
    two_racks.follow(9, [*trip("a", 0), *trip("b", 8)])
    state, plant = two_racks.state.cdu, two_racks.plant
    assert state.coasting[0] == 2
    slow, fast = 0.8807 * np.exp(-9 / 4), 0.8807 * np.exp(-1 / 4)
    assert state.coast_speed[0] == pytest.approx(0.5 * (slow + fast), rel=1e-3)
    assert plant.cdu_pump.coast_s[0] == 4


def test_wet_air_lifts_the_set_point(two_racks):
    event = {"at": "5 s", "set": {"hall-1.dew_point": "31 degC"}}
    seen = two_racks.follow(900, [event], lambda state: state.cdu.supply_c)
    assert seen[-1, 1] == pytest.approx(31.0 + two_racks.plant.cdu.dew_margin_k[0], abs=0.05)
    assert seen[-1, 2] > 31.0, "the other unit has room for ten racks and one rack to warm it"


def test_a_wrong_sensor_is_believed(two_racks):
    seen = two_racks.follow(900, [put("supply_sensor", "-2 K", 5)], lambda state: state.cdu.supply_c)
    assert seen[-1, 1] == pytest.approx(32.0, abs=0.02)
    assert seen[-1, 2] == pytest.approx(30.0, abs=0.02)


def test_a_dirty_filter_is_overcome_by_speed(two_racks):
    full, speed = flow(two_racks.state)
    seen = two_racks.follow(240, [put("filter", "2", 5)], flow)
    assert seen[:, 1].min() < 0.99 * full
    assert seen[-1, 1] == pytest.approx(full, rel=2e-3)
    # Thirty of the pumps' 280 kPa more at one flow.
    assert seen[-1, 2] > 1.02 * speed


def test_fouling_opens_the_valve(two_racks):
    before = two_racks.state.cdu.valve[0]
    seen = two_racks.follow(900, [put("conductance", "90 %", 5)], lambda s: (s.cdu.valve[0], s.cdu.supply_c[0]))
    assert seen[-1, 1] > before + 0.015
    assert seen[-1, 2] == pytest.approx(30.0, abs=0.02)


@pytest.mark.parametrize(("where", "colder"), [("100 %", True), ("50 %", False)])
def test_a_stuck_valve_leaves_its_temperature_to_the_load(two_racks, where, colder):
    seen = two_racks.follow(400, [put("valve", where, 5, lasts=300)], lambda s: (s.cdu.valve[0], s.cdu.supply_c[0]))
    at, valve, supply = seen.T
    assert np.all(valve[(at > 10) & (at <= 305)] == float(where.rstrip(" %")) / 100)
    assert (supply[at == 305][0] < 29.8) if colder else (supply[at == 305][0] > 30.2)
    assert abs(supply[-1] - 30.0) < abs(supply[at == 305][0] - 30.0)


def test_pumps_held_by_hand_stay_there(two_racks):
    seen = two_racks.follow(120, [put("pump_speed", "60 %", 5, lasts=60)], flow)
    assert seen[seen[:, 0] == 60][0, 2] == pytest.approx(0.6)
    assert seen[-1, 2] > 0.8


def test_a_leak_empties_the_reservoir_and_the_pumps_stop(two_racks):
    plant, state = two_racks.plant, two_racks.state
    seen = two_racks.follow(60, [put("leak", "1 kg/s", 5)], lambda s: (s.cdu.leaked_kg[0], *flow(s)))
    assert seen[seen[:, 0] == 25][0, 1] == pytest.approx(20.0)
    assert plant.cdu.reservoir_kg[0] < state.cdu.leaked_kg[0] <= plant.cdu.reservoir_kg[0] + 5.0
    assert state.flows.cdu_flow_kg_s[0] == state.service.cdu_pumps[0] == 0
    flows_w = two_racks.parts()["cdus"]
    assert flows_w.out > 0
    assert closed(two_racks)
    leaked = state.cdu.leaked_kg[0]
    two_racks.follow(10, [{"at": "62 s", "set": {"hall-1/cdu-002.filter": "2"}}])
    assert state.service.cdu_pumps[0] == 0, "an event elsewhere starts no pump without coolant"
    assert state.cdu.leaked_kg[0] == leaked
    two_racks.follow(60, [put("leak", "0 kg/s", 70)])
    assert state.cdu.leaked_kg[0] == 0
    assert state.flows.rack_share[0] > 0.9
    assert closed(two_racks)


def test_make_up_takes_heat_away(two_racks):
    two_racks.follow(10, [put("leak", "0.5 kg/s", 0)])
    heat = two_racks.plant.cdu.coolant_j_kg_k[0]
    lost_w = two_racks.state.step.cdu_leak_w[0]
    assert lost_w == pytest.approx(0.5 * heat * (two_racks.state.cdu.supply_c[0] - coolant.MAKE_UP_C), rel=0.1)


def test_rest_is_where_sampled_controllers_come_to(two_racks):
    """From wrong valves and speeds: within a quarter of an hour at what the steady state has."""
    plant, state = two_racks.plant, two_racks.state
    rest = [a.copy() for a in (state.cdu.supply_c, state.cdu.speed, state.water.speed, state.cdu.valve)]
    state.cdu.valve[:], state.cdu_temperature.output[:] = 0.5, 0.5
    state.cdu.speed[:], state.cdu_pressure.output[:] = 0.7, 0.7
    state.water.speed[:], state.hall_pressure.output[:] = 0.9, 0.9
    step.update_flows(plant, state)
    two_racks.follow(1500)
    for there, then, within in zip(
        (state.cdu.supply_c, state.cdu.speed, state.water.speed, state.cdu.valve), rest, (0.05, 5e-3, 5e-3, 0.01),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(there, then, atol=within)
    assert closed(two_racks)


def test_settings_have_bounds(two_racks):
    with pytest.raises(ScenarioError, match=r"cdu-001\.valve cannot be 120 %: it lies between 0\.0 and 1\.0"):
        two_racks.follow(1, [put("valve", "120 %", 0)])
    with pytest.raises(ScenarioError, match=r"cdu-001\.leak cannot be -1 kg/s: it is at least 0\.0 kg/s"):
        two_racks.follow(1, [put("leak", "-1 kg/s", 0)])


def test_a_leak_at_rest_is_not_counted(two_racks):
    two_racks.state.service.cdu_leak_kg_s[0] = 0.1
    steady.settle(two_racks.plant, two_racks.state, np.array([0.0, 0.8]), (30.0, 25.0, 1e5), ["hall-1"])
    assert two_racks.state.cdu.leaked_kg[0] == 0
    assert two_racks.state.step.cdu_leak_w[0] > 0
