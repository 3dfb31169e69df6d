"""Batteries and UPS in the plant's seconds: what boards draw through them, what they give, keep and lose.

What hangs on a bus with a UPS is its load; the bus draws what the UPS takes. It sees the voltage of the last second's
power flow, and loads behind it are fed as long as it holds (`Service.supplied`); that is looked at between
macro-steps, so a battery keeps enough for one. A battery plant draws its auxiliaries at all times and acts on what the
feed would carry without it: all loads of this second and the losses of the last.
"""

import numpy as np

from twin.components import battery, ups
from twin.core.jit import kernel
from twin.core.layout import IVec, Vec
from twin.plant.order import (
    AUXILIARY_W,
    BATTERY_W,
    CHARGE,
    LOCKED,
    ON_BATTERY,
    STORAGE_LOSS_W,
    UPS_W,
    Plant,
    State,
)


def _holding(plant: Plant, state: State) -> IVec:
    """Whether each UPS feeds its load."""
    alive = state.service.energised[plant.wiring.ups_bus]
    return np.array([ups.holds(plant.ups, state.ups, i, on) for i, on in enumerate(alive)], np.int64)


def feed(plant: Plant, state: State) -> None:
    """Say which buses feed what hangs on them: living ones, and those whose UPS holds."""
    state.service.supplied[:] = state.service.energised
    state.service.supplied[plant.wiring.ups_bus] = _holding(plant, state)


def stale(plant: Plant, state: State) -> bool:
    """Whether some UPS has given up its load or taken it back, so that `Service` is to follow."""
    bus = plant.wiring.ups_bus
    return bus.size > 0 and bool((_holding(plant, state) != state.service.supplied[bus]).any())


@kernel(bare=True)
def _through_ups(params, state, i, b, voltage_pu, dt_s, step):
    """Put what UPS ``i`` draws over ``dt_s`` in the place of its load at bus ``b``; returns loss and charging [W]."""
    load_w, before_j = step.load_w[b], state.stored_j[i]
    drawn_w, _, _ = ups.step(params, state, i, load_w, voltage_pu, dt_s)
    kept_w, lost_w = (state.stored_j[i] - before_j) / dt_s, ups.loss_w(params, i, load_w)
    lost_w += max(0.0, kept_w) * (1.0 / params.charging[i] - 1.0)
    if state.stored_j[i] <= 0.0:
        # An empty battery: a living feed gives what is missing, a dark UPS loses only what it still had.
        if voltage_pu > 0.0:
            drawn_w = load_w + lost_w + kept_w
        else:
            lost_w = drawn_w - load_w - kept_w
    step.load_w[b] = drawn_w
    step.load_var[b] = drawn_w * params.reactive_share[i]
    return lost_w, kept_w


@kernel(bare=True)
def act(stores, wiring, service, solution, base_w, dt_s, step):
    """Every UPS and battery plant over ``dt_s``, on the loads of that time; puts into these what they draw and give.

    ``stores`` are constants of UPS and of battery plants and their states. Fills ``step.storage``.
    """
    ups_params, battery_params, ups_state, battery_state = stores
    step.storage[:] = 0.0
    for i in range(wiring.ups_bus.size):
        b = wiring.ups_bus[i]
        voltage_pu = solution.voltage_pu[b] if service.energised[b] > 0 else 0.0
        lost_w, kept_w = _through_ups(ups_params, ups_state, i, b, voltage_pu, dt_s, step)
        step.storage[UPS_W] += lost_w + kept_w
        step.storage[STORAGE_LOSS_W] += lost_w
        step.storage[ON_BATTERY] += 1.0 if ups_state.mode[i] != ups.NORMAL else 0.0
        step.storage[LOCKED] += 1.0 if ups_state.mode[i] == ups.LOCKED else 0.0
    if wiring.battery_bus.size == 0:
        return
    carried_w = step.load_w.sum() + (solution.loss_pu.sum() - solution.loss_pu[0]) * base_w
    for i in range(wiring.battery_bus.size):
        b = wiring.battery_bus[i]
        alive = service.energised[b]
        own_w = battery_params.auxiliary_w[i] if alive > 0 else 0.0
        power_w = battery.step(battery_params, battery_state, i, carried_w + own_w, alive, dt_s)
        step.load_w[b] += own_w - power_w
        step.storage[BATTERY_W] += power_w
        step.storage[AUXILIARY_W] += own_w
        step.storage[STORAGE_LOSS_W] += battery.loss_w(battery_params, i, power_w)
    step.storage[CHARGE] = battery_state.stored_j.sum() / battery_params.energy_j.sum()


@kernel(bare=True)
def see(stores, wiring, service, seen_pu):
    """Put into ``seen_pu``, the voltage of each node, what loads behind a UPS see of it."""
    params, _, state, _ = stores
    for i in range(wiring.ups_bus.size):
        b = wiring.ups_bus[i]
        if state.mode[i] != ups.NORMAL or params.eco[i] == 0.0:
            seen_pu[b] = 1.0 if ups.holds(params, state, i, service.energised[b]) else 0.0


def rest(plant: Plant, state: State) -> None:
    """What `act` does when nothing moves: batteries of UPS full, battery plants idle."""
    room, alive = state.step, state.service.energised
    room.storage[:] = 0.0
    for i, b in enumerate(plant.wiring.ups_bus):
        if alive[b]:
            load_w, drawn_w = float(room.load_w[b]), float(ups.rest(plant.ups, state.ups, i, room.load_w[b]))
            room.load_w[b], room.load_var[b] = drawn_w, drawn_w * plant.ups.reactive_share[i]
            room.storage[UPS_W] += drawn_w - load_w
            room.storage[STORAGE_LOSS_W] += drawn_w - load_w
    for i, b in enumerate(plant.wiring.battery_bus):
        if alive[b]:
            room.load_w[b] += plant.battery.auxiliary_w[i]
            room.storage[AUXILIARY_W] += plant.battery.auxiliary_w[i]
    if plant.wiring.battery_bus.size:
        room.storage[CHARGE] = state.battery.stored_j.sum() / plant.battery.energy_j.sum()


def command(plant: Plant, state: State, modes: IVec, release: Vec) -> None:
    """Take modes of battery plants, and unlock the UPS marked in ``release``, which is cleared."""
    state.battery.mode[:] = modes
    for i in np.flatnonzero(release):
        ups.release(state.ups, int(i))
    release[:] = 0.0


def stored_j(state: State) -> float:
    """Energy [J] in all batteries."""
    return float(state.battery.stored_j.sum() + state.ups.stored_j.sum())


def counts(state: State) -> tuple[int, int]:
    """UPS that carry their load from the battery, and those of them that are locked."""
    mode = state.ups.mode
    return int((mode != ups.NORMAL).sum()), int((mode == ups.LOCKED).sum())
