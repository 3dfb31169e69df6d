"""The steady state: the same step with infinite length, repeated until nothing moves.

Racks and CDUs use the propagators of an infinite step (their exact steady answer to what is held), halls
their balance at the set point; valves and pump speeds stand where their controllers would rest. What is left to
iterate is weak: leakage with temperature, throttling, coolant with heat, and the pressure that valves share.
"""

import numpy as np

from twin.components import gpu, tower
from twin.core.errors import RunError
from twin.core.layout import Vec
from twin.network.meshed import Meshed
from twin.plant import aisles, coolant, electrics, grid, racks, rejection, step, storage, water
from twin.plant.order import Plant, State, gpu_rows

# Of temperatures, and relative of plant power and facility water flows, which are solved to 1e-11.
_TOLERANCE_K, _TOLERANCE = 1e-9, 1e-9
_MOST_ROUNDS = 200
_FREE_ROUNDS = 20  # in which nothing latches: on the way to rest boards may be hotter than they will be


def settle(plant: Plant, state: State, activity: Vec, air: tuple[float, float, float], hall_names: list[str]) -> int:
    """Put ``state`` at rest under ``activity`` [job]; returns the rounds taken.

    ``air`` is dry and wet bulb [degC] and pressure [Pa] outdoors. Raises RunError where a hall's plant cannot take the
    heat, or nothing converges.
    """
    activity = np.ascontiguousarray(activity, float).reshape(1, -1)
    state.slopes.cdu_k_s[:] = 0.0
    coolant.rest(plant, state)
    step.update_flows(plant, state, steady=True)
    for rounds in range(1, _MOST_ROUNDS + 1):
        before_c = [now_c.copy() for now_c in _watched(state)]
        flow_kg_s, plant_w = state.flows.cdu_facility_kg_s.copy(), state.step.plant_w.copy()
        if rounds <= _FREE_ROUNDS:
            gpu_rows(state)[:, gpu.SLOW] = 0.0
        _round(plant, state, activity, air)
        moved_k = max(np.abs(now - then).max() for now, then in zip(_watched(state), before_c, strict=True))
        if not np.isfinite(moved_k):
            break
        moved = np.abs(state.flows.cdu_facility_kg_s / np.maximum(flow_kg_s, 1e-12) - 1.0).max()
        moved = max(moved, np.abs(state.step.plant_w - plant_w).max() / max(state.step.plant_w.max(), 1.0))
        if moved_k < _TOLERANCE_K and moved < _TOLERANCE:
            _refuse_overload(state, air[0], hall_names)
            _rest(plant, state)
            return rounds
    slow = int((gpu_rows(state)[:, gpu.SLOW] > 0).sum())
    message = (
        f"no steady state was found in {_MOST_ROUNDS} rounds ({slow:,} GPUs in hardware slowdown at the end); "
        "is there a flow through every rack?"
    )
    raise RunError(message)


def _watched(state: State) -> tuple[Vec, ...]:
    """What must stand still at rest: dies, coolant, and facility water, which has the heat of the air in it."""
    return gpu_rows(state)[:, gpu.DIE], state.cdu.supply_c, state.hall.return_c


def _round(plant: Plant, state: State, activity: Vec, air: tuple[float, float, float]) -> None:
    room, flows = state.step, state.flows
    rejection.rate(plant, state, air)
    _loads_at_rest(plant, state, activity)
    step.gather_heat(plant.rack.cdu, room.rack, 1, room.cdu_heat_w)
    step.advance_cdus(
        plant.cdu, plant.wiring.cdu_hall, state.service, state.cdu, state.hall, flows, state.slopes, room, np.inf
    )
    aisles.rest(plant, state)
    water.rest(plant, state)
    rejection.decide(plant, state, 1, at_rest=True)


def _loads_at_rest(plant: Plant, state: State, activity: Vec | None = None) -> None:
    """What racks, halls and plant draw, into ``step.load_*`` in W and var; racks move where ``activity`` is given."""
    room, alive = state.step, state.service.supplied
    step.hall_loads(
        plant.wiring, state.flows, state.fans, alive, room.plant_w, room.held_w, room.held_var,
        room.hall_air_w, room.hall_hot_w,
    )  # fmt: skip
    if activity is not None:
        racks.run_racks(plant, state, activity, 1)
    room.load_w[:], room.load_var[:] = room.held_w, room.held_var
    step.rack_loads(
        plant.rack, state.fans, room.rack, state.service.racks, 0, 1, room.rack_w, room.load_w, room.load_var,
        room.hall_air_w, room.hall_hot_w,
    )  # fmt: skip


def _refuse_overload(state: State, air_c: float, hall_names: list[str]) -> None:
    room = state.step
    needed_w = room.hall_liquid_w + room.hall_coil_w + state.flows.hall_shaft_w - room.pipe_loss_w
    over = [
        f"{name}: {need / 1e6:.2f} MW of heat arrive, the plant takes {take / 1e6:.2f} MW at {air_c:.1f} degC outdoors"
        for name, need, take in zip(hall_names, needed_w, state.step.plant_heat_w, strict=True)
        if need > take * (1 + 1e-6)
    ]
    if over:
        raise RunError("there is no steady state: " + "; ".join(over))


def _rest(plant: Plant, state: State) -> None:
    """Back to finite steps, with counters at zero and controllers that remember rest."""
    step.update_flows(plant, state)
    coolant.remember(plant, state)
    water.remember(plant, state)
    state.slopes.cdu_k_s[:] = 0.0
    state.supply.due_s[0] = 0.0
    lost_kg_s = state.step.evaporation_kg_s + state.step.drift_kg_s + state.step.blowdown_kg_s
    state.tower.missing_kg[:] = tower.FILL_S * lost_kg_s[plant.tower.hall]
    state.step.make_up_kg_s[:] = lost_kg_s
    rows = gpu_rows(state)
    rows[:, [gpu.ENERGY, gpu.THROTTLED]] = 0.0
    rows[:, gpu.HOTTEST] = rows[:, gpu.DIE]
    for counter in (
        state.node.energy_j,
        state.node.asked,
        state.node.lost,
        state.node.lost_total_s,
        state.node.rack_throttled_s,
    ):
        counter[:] = 0.0


def solve_network(plant: Plant, state: State, meshed: Meshed | None = None) -> int:
    """Power flow of the loads at rest, with transformers, cables, taps and capacitors at rest under it.

    Above 0, or -1 at voltage collapse.
    """
    _loads_at_rest(plant, state)
    storage.rest(plant, state)
    for _ in range(_MOST_ROUNDS):
        if grid.solve(plant, state, meshed) < 0:
            return -1
        if electrics.rest(plant, state):
            return 1
    raise RunError("tap changers and capacitor banks find no rest: widen their deadbands, or give them one target")
