"""Chillers with their condenser water, dry coolers and economizers in a plant: what they take, spend and outlive."""

import numpy as np
import pytest

from twin.components.economizer import FREE, MECHANICAL, PARTIAL
from twin.core.errors import RunError
from twin.events import actions
from twin.plant import ledger, rejection, steady
from twin.plant.order import State
from twin.scenario import Scenario
from twin.wanted import Wanted

PRESSURE = 100355.7
PUMPS = {
    "count": 2, "flow": "0.0402 m3/s", "pressure": "150 kPa", "efficiency": "75 %", "drive_efficiency": "90 %",
}  # fmt: skip
CELL = {
    "water": "20 kg/s", "air": "20 m3/s", "fan": "10 kW", "wet_bulb": "26.5 degC", "approach": "3.5 K", "range": "9 K",
}  # fmt: skip
SCREW = {
    "condenser": "water", "capacity": "250 kW", "cop": 6.5, "least_load": "14 %",
    "leaving_range": ["4.44 degC", "8.89 degC"],
    "capacity_curve": [-1.402079e-01, 1.836029e-02, -2.390588e-03, 1.207956e-01, -3.563147e-03, 2.024532e-03],
    "input_curve": [4.989980e-01, -8.246157e-02, 6.047523e-03, 5.168793e-02, -8.552445e-04, 6.275326e-05],
    "load_curve": [2.336623e-01, 1.901320e-01, 5.749473e-01], "condenser_range": ["12.78 degC", "26.11 degC"],
}  # fmt: skip
WATERED = {
    "halls.0.plant.chillers": {"type": "screw", "count": 3},
    "halls.0.plant.towers": {"type": "small-cell", "cells": 2, "pumps": PUMPS, "exchanger": {"ua": "1 MW/K"}},
    "library.towers": {"small-cell": CELL},
    "library.chillers": {"screw": SCREW},
}
DRY = {
    "halls.0.supply": "30 degC",
    "halls.0.plant.dry_coolers": {"type": "small-dry", "count": 3},
    "library.dry_coolers": {
        "small-dry": {
            "water": "13 kg/s", "air": "50 m3/s", "fan": "12 kW", "entering": "40 degC", "leaving": "35 degC",
            "dry_bulb": "29 degC", "pads": {"effectiveness": "80 %", "above": "25 degC"},
        },
    },
}  # fmt: skip


def settle(running, dry_c: float, wet_c: float, activity: float = 0.8) -> State:
    steady.settle(running.plant, running.state, np.array([0.0, activity]), (dry_c, wet_c, PRESSURE), ["hall-1"])
    running.before, running.books[:] = ledger.stores(running.plant, running.state), 0.0
    return running.state


def march(running, minutes: int, activity: float = 0.8, air=None):
    """Minutes of a run at one activity; supply temperatures [degC] and plant heat [W] of each macro-step."""
    supply, heat = [], []
    for _ in range(minutes):
        if air is not None:
            rejection.rate(running.plant, running.state, air)
        for _ in range(12):
            assert running.advance(activity) == 0
            supply.append(running.state.hall.supply_c[0])
            heat.append(running.state.step.plant_heat_w[0])
    return np.array(supply), np.array(heat)


@pytest.fixture
def watered(start):
    return start("pod", WATERED, 0.8, 30.0)


@pytest.fixture
def dry(start):
    return start("pod", DRY, 0.8, 20.0)


def test_condenser_water_takes_heat_and_work(watered):
    state = settle(watered, 34.0, 26.0)
    room, loops = state.step, state.condensers
    assert state.economizer.mode[0] in (MECHANICAL, PARTIAL)
    assert room.condenser_w[0] == pytest.approx(room.chilled_w[0] + room.chiller_w[0], rel=1e-12)
    assert room.chilled_w[0] / room.chiller_w[0] > 6
    assert loops.supply_c[0] >= 26.0
    # Cheaper by far than air-cooled machines in the same weather.
    assert room.plant_w[0] < 0.2 * room.plant_heat_w[0]


def test_mechanical_cooling_sends_wet_bulb_plus_approach(watered):
    state = settle(watered, 28.0, 24.0)
    if state.step.free_w[0] == 0.0:
        assert state.condensers.supply_c[0] == pytest.approx(28.0)
    state.service.fouling[:] = 0.9
    state = settle(watered, 28.0, 24.0)
    assert state.step.free_w[0] == 0.0 or state.economizer.mode[0] == PARTIAL


@pytest.mark.parametrize(("wet_c", "mode"), [(8.0, FREE), (26.0, PARTIAL), (33.0, MECHANICAL)])
def test_the_weather_decides_what_cools(watered, wet_c, mode):
    state = settle(watered, wet_c + 3.0, wet_c)
    assert state.economizer.mode[0] == mode
    assert (state.step.free_w[0] > 0) == (mode != MECHANICAL)
    assert (state.step.chilled_w[0] > 0) == (mode != FREE)
    assert state.hall.supply_c[0] == pytest.approx(25.0)
    assert state.condensers.supply_c[0] >= wet_c


def test_energy_and_water_close_through_all_modes(watered):
    settle(watered, 13.0, 10.0)
    seen, rng = set(), np.random.default_rng(5)
    for minute in range(58):
        wet_c = 10.0 + 0.45 * minute
        rejection.rate(watered.plant, watered.state, (wet_c + 3.0, wet_c, PRESSURE))
        for _ in range(12):
            assert watered.advance(float(rng.uniform(0.6, 0.9))) == 0
            assert watered.state.condensers.supply_c[0] >= wet_c - 1e-9
        seen.add(watered.state.economizer.mode[0])
    assert seen == {FREE, PARTIAL, MECHANICAL}
    for part in watered.parts().values():
        assert abs(part.residual) < 1e-12, part
    flows = {(source, target): energy_j for source, target, energy_j in ledger.flows(watered.books)}
    assert flows["chillers", "cooling towers"] > 0
    given = sum(flows[source, "cooling towers"] for source in ("facility water", "chillers", "feed"))
    assert flows["cooling towers", "ambient"] == pytest.approx(given, rel=1e-12)
    assert flows["chillers", "ambient"] == pytest.approx(0.0, abs=1e-9 * given)


def test_without_condenser_water_no_chiller_runs(watered):
    settle(watered, 30.0, 24.0)
    watered.state.service.condenser_pumps[:] = 0
    with pytest.raises(RunError, match=r"the plant takes 0\.00 MW"):
        settle(watered, 30.0, 24.0)


def test_a_rest_is_kept(watered):
    for wet_c in (8.0, 26.0, 33.0):
        settle(watered, wet_c + 3.0, wet_c)
        supply, heat = march(watered, 3, air=(wet_c + 3.0, wet_c, PRESSURE))
        np.testing.assert_allclose(supply, 25.0, atol=1e-4)
        np.testing.assert_allclose(heat, heat[0], rtol=1e-4)


def test_dry_coolers_alone_on_a_mild_day(dry):
    state = settle(dry, 22.0, 12.0)
    room = state.step
    assert state.economizer.mode[0] == FREE
    assert room.free_w[0] == room.dry_heat_w[0] == pytest.approx(room.plant_heat_w[0])
    assert 0 < state.coolers.fan[0] < 1
    assert room.plant_w[0] == room.dry_cooler_w[0] == pytest.approx(3 * 12e3 * state.coolers.fan[0] ** 3)
    assert room.make_up_kg_s[0] == 0


def test_pads_bring_water_into_the_books(dry):
    state = settle(dry, 36.0, 22.0)
    assert state.step.free_w[0] > 0
    assert state.coolers.entering_c[0] == pytest.approx(36.0 - 0.8 * 14.0)
    march(dry, 5, air=(36.0, 22.0, PRESSURE))
    parts = dry.parts()
    assert parts["water"].in_ > 0
    assert all(abs(part.residual) < 1e-12 for part in parts.values())
    assert state.step.make_up_kg_s[0] == pytest.approx(4 / 3 * state.step.evaporation_kg_s[0])


def test_chillers_follow_dry_coolers(dry):
    state = settle(dry, 36.0, 30.0)
    assert state.economizer.mode[0] == PARTIAL
    assert state.step.free_w[0] > 0
    assert state.step.chilled_w[0] > 0
    leaving_c = state.hall.return_c[0] - state.step.free_w[0] / state.flows.hall_w_k[0]
    assert leaving_c >= state.coolers.entering_c[0]


def test_a_hall_on_dry_coolers_only(start):
    pod = start("pod", DRY | {"halls.0.plant.chillers": None, "halls.0.supply": "35 degC"}, 0.8, 20.0)
    state = settle(pod, 20.0, 12.0)
    assert state.economizer.mode[0] == FREE
    assert 0 < state.step.plant_load[0] < 1
    with pytest.raises(RunError, match="the plant takes"):
        settle(pod, 39.0, 36.0)


def trip(running, target: str, lasts_s: int, activity: float = 0.8):
    """Heat the plant takes [W] around a trip, by macro-step."""
    events = [{"at": "30 s", "trip": target, "for": f"{lasts_s} s"}]
    scenario = Scenario.model_validate({"duration": "20 min", "events": events})
    wanted, pending = Wanted(running.compiled, running.state), actions(scenario, running.compiled)
    heat = []
    for tick in range(0, 1200, 5):
        while pending and pending[0].tick <= tick:
            pending.pop(0).apply(wanted)
            wanted.enforce(running.state)
            rejection.rate(running.plant, running.state, (30.0, 25.0, PRESSURE))
        assert running.advance(activity) == 0
        heat.append(running.state.step.plant_heat_w[0])
    return np.array(heat)


def test_a_lost_board_stops_chillers_until_they_have_waited_and_ramped(start):
    pod = start("pod", None, 0.8, 30.0)
    at_rest = pod.state.step.plant_heat_w[0]
    heat = trip(pod, "mechanical", 10)
    assert heat[5] == pytest.approx(at_rest, rel=1e-4)
    gone = np.flatnonzero(heat == 0.0)
    assert gone[0] == 6
    assert gone.size == pytest.approx((10 + 240) / 5, abs=1)
    risen = np.flatnonzero(heat > 0.9 * at_rest)
    assert risen[risen > gone[-1]][0] > gone[-1] + 12  # a quarter of the capacity a minute
    assert heat[-1] > at_rest  # water and chips are still warmer than they were
    for part in pod.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_a_dip_of_the_feed_drops_the_plant(start):
    """Two seconds at 0.7 pu; what hangs on other parts of the network is not asked here."""
    pod = start("pod", None, 0.8, 30.0)
    at_rest = pod.state.step.plant_heat_w[0]
    pod.state.service.source_pu[0] = 0.7
    assert pod.advance(0.8, 2) == 0
    assert pod.state.step.plant_heat_w[0] == pytest.approx(at_rest)
    pod.state.service.source_pu[0] = 1.02
    for _ in range(48):
        assert pod.advance(0.8) == 0
        assert pod.state.step.plant_heat_w[0] == 0.0
    assert pod.state.hall.supply_c[0] > 28.0
    _, heat = march(pod, 12)
    assert heat[-1] > at_rest


def test_a_shallow_or_short_dip_is_ridden_through(start):
    stays = {"chillers": {"bands": [{"below": "0.8 pu", "lasting": "3 s"}]}}
    for source, ride in ((0.9, {}), (0.7, {"halls.0.plant.ride_through": stays})):
        pod = start("pod", ride, 0.8, 30.0)
        at_rest = pod.state.step.plant_heat_w[0]
        pod.state.service.source_pu[0] = source
        pod.advance(0.8, 2)
        pod.state.service.source_pu[0] = 1.02
        _, heat = march(pod, 1)
        assert heat.min() > 0.9 * at_rest


def test_fans_and_condenser_pumps_come_back_by_themselves(watered):
    settle(watered, 20.0, 8.0)
    free_w = watered.state.step.free_w[0]
    watered.state.service.source_pu[0] = 0.6
    watered.advance(0.8, 3)
    watered.state.service.source_pu[0] = 1.02
    for _ in range(5):  # their restart time
        watered.advance(0.8, 1)
        assert watered.state.step.free_w[0] == watered.state.step.tower_w[0] == 0.0
    watered.advance(0.8, 1)
    assert watered.state.step.free_w[0] > 0.9 * free_w


def test_lost_tower_fans_leave_still_air(watered):
    settle(watered, 20.0, 8.0, 0.1)
    with_fans_c = watered.state.condensers.coldest_c[0]
    watered.state.service.tower_fans[:] = 0
    state = settle(watered, 20.0, 8.0, 0.1)
    assert state.condensers.fan[0] == 0.0
    assert state.condensers.coldest_c[0] > with_fans_c + 5


def test_a_fouled_exchanger_needs_colder_water(watered):
    clean_c = settle(watered, 12.0, 8.0).condensers.supply_c[0]
    wanted = Wanted(watered.compiled, watered.state)
    scenario = Scenario.model_validate(
        {"duration": "1 min", "events": [{"at": "0 s", "set": {"hall-1.fouling": "50 %"}, "for": "30 s"}]}
    )
    there, back = actions(scenario, watered.compiled)
    there.apply(wanted)
    wanted.enforce(watered.state)
    assert watered.state.service.fouling[0] == 0.5
    assert settle(watered, 12.0, 8.0).condensers.supply_c[0] < clean_c - 0.05
    back.apply(wanted)
    wanted.enforce(watered.state)
    assert watered.state.service.fouling[0] == 0.0


def test_a_load_that_jumps_is_followed_at_the_ramp(start):
    """From idle to full in a second: chillers need minutes, and the water rises meanwhile."""
    pod = start("pod", None, 0.0, 30.0)
    supply, heat = march(pod, 15, 1.0)
    assert np.diff(heat).max() < 3 * 2.2e5 * 5 / 240 + 1
    assert supply.max() > 25.1
    assert supply[-1] == pytest.approx(25.0, abs=0.1)
    assert pod.state.step.chillers_running[0] >= 2


QUICK = {
    "library.towers": {},
    "library.approach_towers": {
        "small-cell": {
            "water": "20 kg/s", "heat": "750 kW", "fan": "10 kW", "wet_bulb": "26.5 degC", "approach": "3.5 K",
            "least_approach": "2 K",
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("wet_c", [8.0, 26.0, 33.0])
def test_quick_towers_do_the_same_duties(start, wet_c):
    quick, filled = start("pod", WATERED | QUICK, 0.8, 30.0), start("pod", WATERED, 0.8, 30.0)
    one, other = settle(quick, wet_c + 3.0, wet_c), settle(filled, wet_c + 3.0, wet_c)
    assert one.economizer.mode[0] == other.economizer.mode[0]
    assert one.condensers.supply_c[0] >= wet_c + 2.0
    assert one.step.plant_heat_w[0] == pytest.approx(other.step.plant_heat_w[0], rel=1e-3)
    assert one.step.evaporation_kg_s[0] == pytest.approx(other.step.evaporation_kg_s[0], rel=0.5)
    march(quick, 3, air=(wet_c + 3.0, wet_c, PRESSURE))
    for part in quick.parts().values():
        assert abs(part.residual) < 1e-12, part
    quick.state.service.tower_fans[:] = 0
    rejection.rate(quick.plant, quick.state, (wet_c + 3.0, wet_c, PRESSURE))
    assert quick.state.condensers.cells[0] == 0.0
