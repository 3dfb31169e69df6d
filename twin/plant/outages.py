"""Racks whose power supplies tripped: out until voltage has been healthy for their restart time.

In a window supplies trip by what their capacitors hold. Elsewhere a second is the shortest time there is, and fifty
times what a capacitor bridges: a board that had too little voltage in one has lost its racks.
"""

import numpy as np

from twin.plant.order import Plant, State

HEALTHY_PU = 0.9
"""Voltage from which a rack's restart counts: the lower end of what IT equipment is made for [ITIC]."""


def pass_time(plant: Plant, state: State, ticks: int) -> tuple[int, int]:
    """Let ``ticks`` seconds pass; returns racks that newly count as out, and those at work again.

    A supply that trips notes its restart time in ``Outage.wait_s``; the rack's servers stop with the next second.
    """
    wait_s, known = state.outage
    waiting = wait_s > 0.0
    if not waiting.any():
        return 0, 0
    fresh = waiting & (known == 0)
    known[fresh] = 1
    healthy = state.network.voltage_pu[plant.rack.board] >= HEALTHY_PU
    restart_s = plant.supply.restart_s[plant.supply.kind]
    old = waiting & ~fresh
    wait_s[old & healthy] -= ticks
    wait_s[old & ~healthy] = restart_s[old & ~healthy]
    back = old & (wait_s <= 1e-9)
    wait_s[back], state.psu.tripped[back], known[back] = 0.0, 0.0, 0
    return int(fresh.sum()), int(back.sum())


def cut_off(plant: Plant, state: State) -> None:
    """Let supplies trip whose board has less voltage than they run on, for a second at least."""
    rack, supply = plant.rack, plant.supply
    low = state.network.voltage_pu[rack.board] < supply.psu.off_pu[supply.kind]
    if low.any():
        low &= (state.outage.wait_s <= 0.0) & ~np.isin(rack.board, plant.wiring.ups_bus)
        state.outage.wait_s[low] = supply.restart_s[supply.kind[low]]


def running(state: State) -> np.ndarray:
    """Whether the supplies of each rack are on."""
    return state.outage.wait_s <= 0.0
