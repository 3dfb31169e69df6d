"""Towers behind plate exchangers, chillers for the rest: what they take, what they spend, and their water."""

import numpy as np
import pytest

from twin.core.errors import ScenarioError
from twin.events import actions
from twin.plant import ledger, rejection, steady, step
from twin.plant.order import State
from twin.scenario import Scenario
from twin.wanted import Wanted

TOWERS = {
    "halls.0.supply": "30 degC",
    "halls.0.plant.towers": {
        "type": "small-cell", "cells": 2, "pumps": {
            "count": 2, "flow": "0.0402 m3/s", "pressure": "150 kPa", "efficiency": "75 %", "drive_efficiency": "90 %",
        }, "exchanger": {"ua": "1 MW/K"},
    },
    "library.towers": {
        "small-cell": {
            "water": "20 kg/s", "air": "20 m3/s", "fan": "10 kW",
            "wet_bulb": "26.5 degC", "approach": "3.5 K", "range": "9 K",
        },
    },
}  # fmt: skip
PRESSURE = 100355.7


@pytest.fixture
def pod(start):
    return start("pod", TOWERS, 0.8)


def settle(running, dry_c: float, wet_c: float) -> State:
    steady.settle(running.plant, running.state, np.array([0.0, 0.8]), (dry_c, wet_c, PRESSURE), ["hall-1"])
    return running.state


def test_mild_air_needs_no_chiller(pod):
    room = settle(pod, 25.0, 15.0).step
    assert room.free_w[0] == pytest.approx(room.plant_heat_w[0], rel=1e-12)
    assert 0 < pod.state.condensers.fan[0] < 1
    assert room.plant_w[0] < 0.05 * room.plant_heat_w[0]
    assert pod.state.hall.supply_c[0] == pytest.approx(30.0)


def test_humid_air_leaves_the_rest_to_chillers(pod):
    room = settle(pod, 31.0, 29.5).step
    assert pod.state.condensers.fan[0] == pytest.approx(1.0, abs=1e-6)
    assert 0 < room.free_w[0] < room.plant_heat_w[0]
    assert room.plant_w[0] > 0.05 * room.plant_heat_w[0]


def test_cold_air_turns_the_fans_off(pod):
    assert settle(pod, -5.0, -6.0).condensers.fan[0] < 0.2


@pytest.mark.parametrize("wet_c", [-5.0, 10.0, 20.0, 26.5, 28.0, 35.0])
def test_condenser_water_is_never_colder_than_the_wet_bulb(pod, wet_c):
    room = settle(pod, wet_c + 1.0, wet_c).step
    assert pod.state.condensers.supply_c[0] >= wet_c or room.free_w[0] == 0
    assert room.free_w[0] >= 0


def test_water_is_near_the_rule_of_thumb(pod):
    """About 1.4 to 1.5 L evaporate for each kWh on a warm day; with four cycles a third more is bought."""
    room = settle(pod, 28.0, 20.0).step
    kg_kwh = room.evaporation_kg_s[0] / (room.free_w[0] + pod.state.condensers.shaft_w[0]) * 3.6e6
    assert kg_kwh == pytest.approx(1.40, abs=0.06)
    assert room.make_up_kg_s[0] == pytest.approx(4 / 3 * room.evaporation_kg_s[0], rel=1e-9)


def test_stopped_pumps_leave_all_to_the_chillers(pod):
    pod.state.service.condenser_pumps[:] = 0
    room = settle(pod, 25.0, 15.0).step
    assert room.free_w[0] == room.evaporation_kg_s[0] == 0
    assert room.plant_heat_w[0] > 0


def test_fewer_cells_send_warmer_water(pod):
    settle(pod, 34.0, 26.0)
    coldest_c = pod.state.condensers.coldest_c[0]
    pod.state.service.tower_cells[:] = 1
    assert settle(pod, 34.0, 26.0).condensers.coldest_c[0] > coldest_c + 0.5


def test_energy_and_water_close_from_morning_to_noon(pod):
    rng = np.random.default_rng(3)
    settle(pod, 20.0, 15.0)
    pod.before = ledger.stores(pod.plant, pod.state)
    for minute in range(30):
        rejection.rate(pod.plant, pod.state, (20.0 + 0.5 * minute, 15.0 + 0.4 * minute, PRESSURE))
        for _ in range(12):
            pod.advance(float(rng.uniform(0.3, 1.0)))
    parts = pod.parts()
    assert all(abs(part.residual) < 1e-12 for part in parts.values())
    assert parts["water"].in_ > 100
    assert parts["water"].stored != 0
    assert pod.state.hall.supply_c[0] == pytest.approx(30.0, abs=0.6)
    flows = {(source, target): energy_j for source, target, energy_j in ledger.flows(pod.books)}
    given = flows["facility water", "cooling towers"] + flows["feed", "cooling towers"]
    assert flows["cooling towers", "ambient"] == pytest.approx(given, rel=1e-12)
    assert given > 0


def test_a_lost_fan_bank_and_a_lost_pump_are_named_and_come_back(pod):
    events = [
        {"at": "10 s", "trip": "hall-1/tower-cell-02", "for": "60 s"},
        {"at": "20 s", "trip": "hall-1/condenser-pump-a", "for": "60 s"},
    ]
    scenario = Scenario.model_validate({"duration": "2 min", "events": events})
    wanted, seen = Wanted(pod.compiled, pod.state), []
    for action in actions(scenario, pod.compiled):
        action.apply(wanted)
        wanted.enforce(pod.state)
        seen.append((action.tick, *pod.state.service.tower_cells, *pod.state.service.condenser_pumps))
    assert seen == [(10, 1, 2), (20, 1, 1), (70, 2, 1), (80, 2, 2)]


def test_an_unknown_cell_is_told(pod):
    scenario = Scenario.model_validate({"duration": "2 min", "events": [{"at": "1 s", "trip": "hall-1/tower-cell-03"}]})
    with pytest.raises(ScenarioError, match='"hall-1" has no "tower-cell-03"; did you mean "tower-cell-02"'):
        actions(scenario, pod.compiled)


def test_flows_follow_pumps_in_service(pod):
    pod.state.service.condenser_pumps[:] = 1
    step.update_flows(pod.plant, pod.state)
    assert 0.5 < pod.state.condensers.flow_kg_s[0] / 40.0 < 0.9
