"""What the electrical network does slower than power flows: transformers and cables warm, taps and capacitors step.

Each macro-step, from the mean square of each element's current over its seconds and the outdoor air. A transformer's
load is its current over that of the rating its temperatures refer to (the greater one where it has forced cooling),
whatever the voltage. Resistances follow their temperatures once a minute. Losses are booked to the open air at once;
what the oil keeps of them on its way is not part of the books.
"""

from math import sqrt

import numpy as np

from twin.components import cable_thermal, regulator, transformer_thermal
from twin.core.jit import kernel
from twin.network import radial
from twin.plant import grid
from twin.plant.order import Plant, State

_TOLERANCE = 1e-10  # relative, of resistances at rest


@kernel(bare=True)
def add_currents(network, square):
    """Add the square of each element's current in one second."""
    for e in range(square.size):
        square[e] += network.i_re[e] ** 2 + network.i_im[e] ** 2


@kernel(bare=True)
def warm(transformers, cables, electrics, rating_pu, ambient_c, ticks, dt_s, oil, warmth):
    """Advance every temperature by ``dt_s``, under the currents of ``ticks`` seconds, whose sum begins anew."""
    for i in range(electrics.transformer.size):
        e = electrics.transformer[i]
        load = sqrt(warmth.square[e] / ticks) / rating_pu[e]
        warmth.hot_spot_c[e] = transformer_thermal.advance(transformers, i, oil, i, load, ambient_c, dt_s)
        warmth.top_oil_c[e] = oil.top_oil_c[i]
        warmth.ageing[e] = transformer_thermal.ageing(warmth.hot_spot_c[e])
    for i in range(electrics.cable.size):
        e = electrics.cable[i]
        square = warmth.square[e] / ticks / rating_pu[e] ** 2
        warmth.conductor_c[e] = cable_thermal.advance(cables, i, warmth.conductor_c[e], square, ambient_c, dt_s)
    warmth.square[:] = 0.0


@kernel(bare=True)
def resist(transformers, cables, electrics, r_pu, warmth, r_now_pu):
    """Resistances of windings and conductors as warm as they are."""
    for i in range(electrics.transformer.size):
        e = electrics.transformer[i]
        share = transformer_thermal.resistance(transformers, i, warmth.top_oil_c[e], warmth.hot_spot_c[e])
        r_now_pu[e] = r_pu[e] * share
    for i in range(electrics.cable.size):
        e = electrics.cable[i]
        r_now_pu[e] = r_pu[e] * cable_thermal.resistance(cables, i, warmth.conductor_c[e])


@kernel(bare=True)
def regulate(regulators, electrics, wiring, to_bus, tree, network, base_va, dt_s, stepping, warmth):
    """Let tap changers and banks act on the voltages of the last second; returns how many stepped.

    A tap changer holds still where its bus is dead or fed from elsewhere. On the way to rest banks wait for taps.
    """
    stepped, taps = 0, electrics.tap.size
    for i in range(taps):
        e = electrics.tap[i]
        bus = to_bus[e]
        own = tree.element[bus] == e and tree.reverse[bus] == 0
        voltage = network.voltage_pu[bus] if own else np.nan
        stepped += regulator.advance(regulators, i, stepping, voltage, dt_s)
        network.ratio[e] = regulator.ratio(electrics.tap_step[i], stepping.position[i])
        warmth.tap[e] = stepping.position[i]
    if dt_s == np.inf and stepped > 0:
        return stepped
    for i in range(electrics.bank.size):
        bus = wiring.bank_bus[electrics.bank[i]]
        value = network.voltage_pu[bus]
        if electrics.bank_reactive[i]:
            value = network.reactive_pu[0] * base_va
        if tree.element[bus] < 0:
            value = np.nan
        stepped += regulator.advance(regulators, taps + i, stepping, value, dt_s)
    return stepped


def put_banks(plant: Plant, state: State) -> None:
    """Susceptance at each bus from the capacitors in service: those that switch, as far as they stand."""
    steps, first = state.service.bank_steps.copy(), plant.electrics.tap.size
    own = plant.electrics.bank
    steps[own] = np.minimum(steps[own], state.regulator.position[first:])
    grid.put_banks(plant.wiring, steps, state.network.shunt_pu)


def advance(plant: Plant, state: State, ticks: int) -> None:
    """Temperatures and regulators over a macro-step whose currents `add_currents` has summed."""
    warm(
        plant.transformer_heat, plant.cable_heat, plant.electrics, plant.network.rating_pu, state.outdoors[0], ticks,
        float(ticks), state.oil, state.warmth,
    )  # fmt: skip
    _regulate(plant, state, float(ticks))


def rest(plant: Plant, state: State) -> bool:
    """Put temperatures at rest under the last power flow, and let each regulator step once; whether nothing moved."""
    state.warmth.square[:] = 0.0
    add_currents(state.network, state.warmth.square)
    warm(
        plant.transformer_heat, plant.cable_heat, plant.electrics, plant.network.rating_pu, state.outdoors[0], 1,
        np.inf, state.oil, state.warmth,
    )  # fmt: skip
    before_pu = state.network.r_now_pu.copy()
    update_resistances(plant, state)
    still = np.allclose(state.network.r_now_pu, before_pu, rtol=_TOLERANCE, atol=0.0)
    return _regulate(plant, state, np.inf) == 0 and still


def _regulate(plant: Plant, state: State, dt_s: float) -> int:
    if plant.regulator.target.size == 0:
        return 0
    stepped = regulate(
        plant.regulator, plant.electrics, plant.wiring, plant.network.to_bus, state.feeding, state.network,
        radial.BASE_MVA * 1e6, dt_s, state.regulator, state.warmth,
    )  # fmt: skip
    if stepped:
        put_banks(plant, state)
    return int(stepped)


def update_resistances(plant: Plant, state: State) -> None:
    """Resistances as warm as elements are, for the next minute."""
    resist(
        plant.transformer_heat, plant.cable_heat, plant.electrics, plant.network.r_pu, state.warmth,
        state.network.r_now_pu,
    )  # fmt: skip
