"""The electrical network in the plant: what breakers feed, what hangs on buses, and one power flow."""

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import IVec
from twin.network import radial, topology
from twin.plant import storage
from twin.plant.order import Plant, State, Wiring


def energise(plant: Plant, state: State, in_service: IVec) -> list[list[int]]:
    """Feed every bus anew through the elements ``in_service``; returns the loops they close, each as its elements."""
    loops = topology.switch(plant.network, in_service, state.feeding)
    state.service.energised[:] = state.feeding.element >= 0
    storage.feed(plant, state)
    return loops


def metered_by(feeding: radial.Tree, metered: IVec) -> IVec:
    """For each bus the metered element nearest to it on its way to the feed, as a place in ``metered``; -1 for none."""
    place = {int(e): k for k, e in enumerate(metered)}
    found = np.full(feeding.parent.size, -1)
    for bus in feeding.order[: feeding.count[0]]:
        parent = feeding.parent[bus]
        found[bus] = place.get(int(feeding.element[bus]), found[parent] if parent >= 0 else -1)
    return found


def hang_house_loads(wiring: Wiring, loads: radial.Loads) -> None:
    """The parts of house loads that go with voltage."""
    for k, bus in enumerate(wiring.house_bus):
        power_pu = wiring.house_w[k] / (radial.BASE_MVA * 1e6)
        for share, active, reactive in (
            (wiring.house_current[k], loads.current_p, loads.current_q),
            (wiring.house_impedance[k], loads.impedance_p, loads.impedance_q),
        ):
            active[bus] += share * power_pu
            reactive[bus] += share * power_pu * wiring.house_reactive_share[k]


@kernel
def put_banks(wiring, bank_steps, shunt_pu):
    """Susceptance at each bus from the capacitor steps in service."""
    shunt_pu[:] = 0.0
    for k in range(bank_steps.size):
        shunt_pu[wiring.bank_bus[k]] += bank_steps[k] * wiring.bank_pu[k]


@kernel
def flow(network, feeding, loads, wiring, source_pu, base_mva, step, solution):
    """One power flow of `Step.load_w` and `Step.load_var`; returns the sweeps taken, -1 where it has no solution."""
    for b in range(step.load_w.size):
        loads.p_pu[b] = step.load_w[b] / (base_mva * 1e6)
        loads.q_pu[b] = step.load_var[b] / (base_mva * 1e6)
    sweeps = radial.sweep(network, feeding, loads, source_pu, solution)
    step.house_w[0] = 0.0
    for k in range(wiring.house_bus.size):
        v = solution.voltage_pu[wiring.house_bus[k]]
        if v > 0.0:
            constant = 1.0 - wiring.house_current[k] - wiring.house_impedance[k]
            share = constant + v * (wiring.house_current[k] + v * wiring.house_impedance[k])
            step.house_w[0] += wiring.house_w[k] * share
    return sweeps
