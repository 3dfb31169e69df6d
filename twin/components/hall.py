"""Facility water of one hall: two mixed volumes, pumps, and the coils that take the air's heat.

    C_r dT_r/dt = c (T_s - T_r) + Q_cdus + Q_coils
    C_s dT_s/dt = c (T_r - T_s) - Q_plant + P_shaft

Heat in air (servers, network and storage racks, pump drives, door fans) crosses rear-door coils of fixed
approach: the air returns to the room at facility supply plus the approach, and all of it ends in the water.
The specific heat is taken at the set point, one number for stream and store.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.numerics import propagators, square

MATRIX = 16  # Phi, Gamma, and the same two for the mean over the step, each 2 x 2


class HallParams(NamedTuple):
    """Constants of each hall."""

    set_point_c: Annotated[Vec, Var("degC", "facility water supply set point")]
    water_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the facility water at design flow")]
    half_j_k: Annotated[Vec, Var("J K-1", "heat capacity of half the facility water")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water flow at design")]
    coil_approach_k: Annotated[Vec, Var("K", "air leaving the coils above facility supply")]


class HallState(NamedTuple):
    """The two volumes of each hall."""

    supply_c: Annotated[Vec, Var("degC", "facility water supply")]
    return_c: Annotated[Vec, Var("degC", "facility water return")]


def params(set_point_c: Vec, flow_m3_s: Vec, volume_m3: Vec, water: tuple[float, float], approach_k: Vec) -> HallParams:
    """Parameter arrays, one entry a hall; ``water`` is density [kg/m3] and specific heat [J/kg/K]."""
    density, heat = water
    return frozen(
        HallParams,
        set_point_c=set_point_c,
        water_w_k=np.asarray(flow_m3_s) * density * heat,
        half_j_k=0.5 * np.asarray(volume_m3) * density * heat,
        flow_kg_s=np.asarray(flow_m3_s) * density,
        coil_approach_k=approach_k,
    )


@kernel
def coefficients(water_w_k, half_j_k, dt_s, out):
    """Fill ``out`` [16] for `advance` over ``dt_s``."""
    a, phi, gain, mean_gain = square(2), square(2), square(2), square(2)
    a[0, 0], a[0, 1] = -water_w_k / half_j_k, water_w_k / half_j_k
    a[1, 0], a[1, 1] = water_w_k / half_j_k, -water_w_k / half_j_k
    propagators(a, dt_s, phi, gain, mean_gain)
    for i in range(2):
        for j in range(2):
            k = 2 * i + j
            out[k], out[4 + k] = phi[i, j], gain[i, j]
            out[8 + k], out[12 + k] = gain[i, j] / dt_s, mean_gain[i, j] / dt_s


@kernel
def advance(state, i, c, half_j_k, heat_w, plant_w, shaft_w):
    """Advance hall ``i`` one step with mean heats; returns mean supply and return temperature over it."""
    supply, back = state.supply_c[i], state.return_c[i]
    b0, b1 = (shaft_w - plant_w) / half_j_k, heat_w / half_j_k
    state.supply_c[i] = c[0] * supply + c[1] * back + c[4] * b0 + c[5] * b1
    state.return_c[i] = c[2] * supply + c[3] * back + c[6] * b0 + c[7] * b1
    mean_supply = c[8] * supply + c[9] * back + c[12] * b0 + c[13] * b1
    return mean_supply, c[10] * supply + c[11] * back + c[14] * b0 + c[15] * b1


@kernel
def plant_demand_w(state, i, set_point_c, water_w_k, shaft_w):
    """Heat [W] the plant must take so that the water leaves at the set point."""
    return max(0.0, water_w_k * (state.return_c[i] - set_point_c) + shaft_w)
