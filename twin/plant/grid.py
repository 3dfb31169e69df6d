"""The electrical network in the plant: what breakers feed, what hangs on buses, and one power flow."""

from collections.abc import Sequence

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import IVec
from twin.network import collapse, radial, topology
from twin.network.meshed import Meshed
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


@kernel(bare=True)
def put_banks(wiring, bank_steps, shunt_pu):
    """Susceptance at each bus from the capacitor steps in service."""
    shunt_pu[:] = 0.0
    for k in range(bank_steps.size):
        shunt_pu[wiring.bank_bus[k]] += bank_steps[k] * wiring.bank_pu[k]


@kernel(bare=True)
def put_loads(base_mva, step, loads):
    """What is drawn whatever the voltage, per unit, from `Step.load_w` and `Step.load_var`."""
    for b in range(step.load_w.size):
        loads.p_pu[b] = step.load_w[b] / (base_mva * 1e6)
        loads.q_pu[b] = step.load_var[b] / (base_mva * 1e6)


@kernel(bare=True)
def read_house(wiring, solution, step):
    """What house loads draw at their voltage."""
    step.house_w[0] = 0.0
    for k in range(wiring.house_bus.size):
        v = solution.voltage_pu[wiring.house_bus[k]]
        if v > 0.0:
            constant = 1.0 - wiring.house_current[k] - wiring.house_impedance[k]
            share = constant + v * (wiring.house_current[k] + v * wiring.house_impedance[k])
            step.house_w[0] += wiring.house_w[k] * share


@kernel(bare=True)
def flow(network, feeding, loads, wiring, source_pu, base_mva, step, solution):
    """One power flow of `Step.load_w` and `Step.load_var`; returns the sweeps taken, -1 where it has no solution."""
    put_loads(base_mva, step, loads)
    sweeps = radial.sweep(network, feeding, loads, source_pu, solution)
    read_house(wiring, solution, step)
    return sweeps


def solve(plant: Plant, state: State, meshed: Meshed | None) -> int:
    """`flow` by the sweep, or by ``meshed`` where the network has that solver."""
    source_pu, step = float(state.service.source_pu[0]), state.step
    if meshed is None:
        return int(
            flow(
                plant.network, state.feeding, state.loads, plant.wiring, source_pu, radial.BASE_MVA, step, state.network
            )
        )
    put_loads(radial.BASE_MVA, step, state.loads)
    solved = meshed.solve(state.loads, state.service.in_service, source_pu, state.network)
    read_house(plant.wiring, state.network, step)
    return solved


def why_none(plant: Plant, state: State, meshed: Meshed | None, names: Sequence[str]) -> str:
    """Why `solve` found nothing, in words: how much of the load the network carries, and where it gives in."""
    source_pu = float(state.service.source_pu[0])
    tried = radial.copied(state.network)

    def carries(loads: radial.Loads) -> bool:
        if meshed is not None:
            return meshed.solve(loads, state.service.in_service, source_pu, tried) > 0
        return int(radial.sweep(plant.network, state.feeding, loads, source_pu, tried)) > 0

    found = collapse.margin(state.loads, carries, tried.voltage_pu)
    alive = state.service.energised > 0
    load_pu = state.loads.p_pu + state.loads.current_p + state.loads.impedance_p
    return collapse.said(float(load_pu[alive].sum()) * radial.BASE_MVA, found, names)
