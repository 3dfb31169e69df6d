"""Three-phase bolted faults, breaker duty: IEC 60909-0 in closed form along the path that feeds a bus.

Behind every fault stands the voltage c U_n / sqrt(3) and the impedance of the way to the grid, loads and shunts left
out. The grid's impedance is c U_n^2 / S_k", a transformer's its own times

    K_T = 0.95 c / (1 + 0.6 x_T)    x_T its reactance on its own rating

and I_k" = c U_n / (sqrt(3) |Z|), i_p = kappa sqrt(2) I_k" with kappa = 1.02 + 0.98 exp(-3 R/X). c is 1.1, also at low
voltage, where 10 % above nominal is allowed. Cables stand with the resistance they are given. [1]

Behind paths beside each other R/X at the fault is that of their whole: kappa is taken times 1.15 there (method B),
1.8 at low voltage and 2 above 1 kV at most. [1]

The same by power-grid-model, without K_T and for loops too; it differs by what K_T corrects. [2]

[1] IEC 60909-0:2016, 6.2, 6.3 and 8.1.
[2] https://power-grid-model.readthedocs.io, short-circuit calculation.
"""

from typing import NamedTuple

import numpy as np
from power_grid_model import ComponentType, PowerGridModel, ShortCircuitVoltageScaling
from power_grid_model.errors import PowerGridError  # type: ignore[attr-defined]

from twin.core.errors import RunError
from twin.core.layout import IVec, Vec
from twin.network import meshed
from twin.network.radial import Network, NetworkState, Tree

C = 1.1
"""Voltage factor for the greatest current."""
LOW_V = 1000.0
"""Up to here a voltage is low."""


class Fault(NamedTuple):
    """A bolted three-phase fault at each bus [n]; NaN where the bus has no supply."""

    current_pu: Vec
    """Initial symmetrical current I_k" over the base current of the bus."""
    peak_pu: Vec
    """Peak i_p over the same."""


def transformer_factor(reactance: float) -> float:
    """K_T of a transformer of such a reactance on its own rating."""
    return 0.95 * C / (1.0 + 0.6 * reactance)


def by_path(network: Network, tree: Tree, factor: Vec) -> Fault:
    """Closed form; ``factor`` [m] is what each element's impedance is multiplied by, K_T or 1, C for the grid's."""
    impedance = np.full(tree.parent.size, np.nan, complex)
    for bus in tree.order[: tree.count[0]]:
        k, above = tree.element[bus], tree.parent[bus]
        own = factor[k] * complex(network.r_pu[k], network.x_pu[k])
        impedance[bus] = own + (impedance[above] if above >= 0 else 0.0)
    return _fault(impedance)


def _fault(impedance: meshed.Complex) -> Fault:
    with np.errstate(divide="ignore", invalid="ignore"):
        current = C / np.abs(impedance)
        kappa = 1.02 + 0.98 * np.exp(-3.0 * impedance.real / impedance.imag)
    return Fault(current, kappa * np.sqrt(2.0) * current)


def behind_loops(tree: Tree, loops: list[list[int]]) -> np.ndarray:
    """Which buses [n] have an element of a loop on their way to the grid; ``tree`` spans, ``loops`` as of `switch`."""
    beside, found = {element for loop in loops for element in loop}, np.zeros(tree.parent.size, bool)
    for bus in tree.order[: tree.count[0]]:
        above = tree.parent[bus]
        found[bus] = int(tree.element[bus]) in beside or (above >= 0 and found[above])
    return found


def peak_with_loops(fault: Fault, rated_v: Vec, behind: np.ndarray) -> Fault:
    """``fault`` with its peak by method B at buses ``behind`` loops; ``rated_v`` [n] picks the limit of kappa."""
    kappa = fault.peak_pu / (np.sqrt(2.0) * fault.current_pu)
    most = np.where(rated_v > LOW_V, 2.0, 1.8)
    raised = np.maximum(kappa, np.minimum(1.15 * kappa, most))
    return Fault(fault.current_pu, np.where(behind, raised, kappa) * np.sqrt(2.0) * fault.current_pu)


def by_library(network: Network, closed: IVec, state: NetworkState, factor: Vec) -> Fault:
    """The same by power-grid-model, loops included; the angle of the current gives R/X of the whole."""
    corrected = network._replace(x_pu=factor * network.x_pu, g_pu=0.0 * network.g_pu, b_pu=0.0 * network.b_pu)
    rest = state._replace(
        r_now_pu=factor * network.r_pu, ratio=np.ones_like(state.ratio), shunt_pu=np.zeros_like(state.shunt_pu)
    )
    made = meshed.contract(network, closed)
    data = meshed.passive(corrected, closed, made, rest)
    first = sum(rows.size for rows in data.values())
    data[ComponentType.source] = meshed.source(first, made.node[-1:])
    buses = np.flatnonzero(made.alive)
    faults = meshed.table(
        ComponentType.fault, 1, id=[first + 1], status=1, fault_type=0, fault_phase=-1, fault_object=made.node[-1:],
        r_f=0.0, x_f=0.0,
    )  # fmt: skip
    data[ComponentType.fault] = faults
    each = meshed.updates(ComponentType.fault, (buses.size, 1), id=first + 1, fault_object=made.node[buses, None])
    try:
        found = PowerGridModel(data, system_frequency=60.0).calculate_short_circuit(
            update_data={ComponentType.fault: each},
            short_circuit_voltage_scaling=ShortCircuitVoltageScaling.maximum,
            output_component_types={ComponentType.fault: ["i_f", "i_f_angle"]},
        )[ComponentType.fault]
    except PowerGridError as wrong:
        raise RunError(f"power-grid-model refuses the network: {str(wrong).splitlines()[0]}") from wrong
    base_a = meshed.BASE_VA / (np.sqrt(3.0) * meshed.RATED_V)
    impedance = np.full(made.alive.size, np.nan, complex)
    flow = found["i_f"][:, 0, 0] / base_a * np.exp(1j * found["i_f_angle"][:, 0, 0])
    impedance[buses] = C / flow
    return _fault(impedance)
