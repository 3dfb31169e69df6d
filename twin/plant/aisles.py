"""Air of the halls: what racks and coils move, and where its heat goes.

Servers' fans hold their design rise within their limits, so the air a rack moves follows from its heat. The fans of
all coils of a hall run at one share of their rated flow, the one that moves the racks' air, within their own limits; a
macro-step's share sets what they draw in the next. Doors thus see the mean air of their hall, not of their rack.
"""

import numpy as np

from twin.components import aisle, coil
from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.plant.order import AIR_W, Plant, State


@kernel
def gather_moved(rack, wiring, out, fed, alive, ticks, moved_w_k):
    """Heat capacity rate [W/K] of the air that racks with supply move in each hall, over the mean of the step.

    ``fed`` says which racks have supply, ``alive`` which electrical nodes.
    """
    moved_w_k[:] = 0.0
    for r in range(rack.gpu.size):
        if fed[r] and rack.air_w_k[r] > 0.0:
            heat_w = 0.0
            for s in range(ticks):
                heat_w += out[s, r, AIR_W]
            full, wanted = rack.air_w_k[r], heat_w / (ticks * rack.air_rise_k[r])
            moved_w_k[rack.hall[r]] += min(full, max(rack.least_air[r] * full, wanted))
    for m in range(wiring.air_board.size):
        if alive[wiring.air_board[m]]:
            moved_w_k[wiring.air_hall[m]] += wiring.air_w_k[m]


@kernel
def run_coils(coils, running, h, wanted_w_k, water_kg_s, fans):
    """Set the fans of hall ``h``'s coils for racks that move ``wanted_w_k``.

    Returns the air the coils move and their K, heat per kelvin of hot aisle over water [W/K, W/K].
    """
    rated_w_k, design_kg_s = 0.0, 0.0
    for g in range(coils.hall.size):
        if coils.hall[g] == h:
            rated_w_k += running[g] * coils.air_w_k[g]
            design_kg_s += coils.count[g] * coils.water_kg_s[g]
    moved_w_k, taken_w_k, fans.room_w[h] = 0.0, 0.0, 0.0
    for g in range(coils.hall.size):
        if coils.hall[g] == h and running[g] > 0.0:
            speed = coil.speed_for(coils, g, wanted_w_k / rated_w_k)
            fans.coil_w[g] = coil.fan_w(coils, g, speed)
            moved_w_k += running[g] * coils.air_w_k[g] * speed
            taken_w_k += running[g] * coil.exchange_w_k(coils, g, speed, water_kg_s / design_kg_s)
            if coils.in_room[g]:
                fans.room_w[h] += running[g] * fans.coil_w[g]
    return moved_w_k, taken_w_k


@kernel
def advance_aisles(aisles, coils, running, outdoor_c, halls, air, fans, flows, step, ticks):
    """Air of every hall over ``ticks`` seconds, from racks and fans to coils and outdoors."""
    for h in range(step.hall_coil_w.size):
        racks_w_k, hot_w = step.hall_moved_w_k[h], step.hall_hot_w[h]
        coils_w_k, taken_w_k = run_coils(coils, running, h, racks_w_k, flows.coil_kg_s[h], fans)
        rates = aisle.exchange_w_k(aisles, h, racks_w_k, coils_w_k), taken_w_k
        beyond = halls.inlet_c[h], outdoor_c
        heat = step.hall_air_w[h] - hot_w, hot_w
        step.hall_coil_w[h], step.hall_envelope_w[h] = aisle.advance(aisles, air, h, rates, heat, beyond, float(ticks))


@kernel
def rest_aisles(aisles, coils, running, outdoor_c, halls, air, fans, flows, step):
    """Air of every hall at rest over the water that arrives now."""
    for h in range(step.hall_coil_w.size):
        racks_w_k, hot_w = step.hall_moved_w_k[h], step.hall_hot_w[h]
        coils_w_k, taken_w_k = run_coils(coils, running, h, racks_w_k, flows.coil_kg_s[h], fans)
        rates = aisle.exchange_w_k(aisles, h, racks_w_k, coils_w_k), taken_w_k
        heat = step.hall_air_w[h] - hot_w, hot_w
        beyond = halls.inlet_c[h], outdoor_c
        step.hall_coil_w[h], step.hall_envelope_w[h] = aisle.rest(aisles, air, h, rates, heat, beyond)


def advance(plant: Plant, state: State, ticks: int) -> None:
    """Air of every hall over the macro-step whose racks have run and whose loads are known."""
    room, service = state.step, state.service
    gather_moved(plant.rack, plant.wiring, room.rack, service.racks, service.supplied, ticks, room.hall_moved_w_k)
    advance_aisles(
        plant.aisle, plant.coil, service.coils, state.outdoors[0], state.hall, state.aisle, state.fans, state.flows,
        room, ticks,
    )  # fmt: skip


def rest(plant: Plant, state: State) -> None:
    """Air of every hall at rest with what racks and fans give off now, over the water that arrives now."""
    room, service = state.step, state.service
    gather_moved(plant.rack, plant.wiring, room.rack, service.racks, service.supplied, 1, room.hall_moved_w_k)
    rest_aisles(
        plant.aisle, plant.coil, service.coils, state.outdoors[0], state.hall, state.aisle, state.fans, state.flows,
        room,
    )  # fmt: skip


def fans_w(plant: Plant, state: State) -> float:
    """Power [W] of the fans of all doors and room units while every board is alive."""
    per_coil: Vec = state.fans.coil_w
    doors = plant.coil.in_room == 0
    return float(np.sum(per_coil[doors] * plant.coil.count[doors]) + state.fans.room_w.sum())
