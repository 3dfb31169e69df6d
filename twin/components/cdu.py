"""Coolant distribution unit (CDU): technology cooling system (TCS) against facility water through a plate exchanger.

Counter-flow effectiveness-NTU (`core.exchange`). The coolant stands in two
mixed volumes, return before the exchanger and supply behind it:

    C_r dT_r/dt = c (T_s - T_r) + Q_racks
    C_s dT_s/dt = c (T_r - T_s) - K (T_r - T_F) + P_shaft,      K = effectiveness C_min

linear between changes of flow, advanced by the exact exponential; the heat handed to the facility water is
the integral of K (T_r - T_F). The specific heat of the coolant is taken at the design temperature (it moves
by 0.2 % in 10 K), so that what a volume stores and what a stream carries use one number and the books close.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core import exchange
from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.numerics import copy_into, negative_inverse, propagators, square
from twin.core.quantity import Conductance, MassFlow, Power, Ratio, Spec, Temperature, Volume

MATRIX = 12  # Phi (4), Gamma (4), weights of the old state in the mean return (2), gains of the inputs in it (2)


class CduSpec(Spec):
    """A CDU type at its design point."""

    racks: int = Field(gt=0)
    """Racks it serves at most."""
    heat: Power = Field(gt=0)
    """Design heat."""
    coolant_at: Temperature
    """TCS temperature at which the coolant's properties are taken."""
    facility_flow: MassFlow = Field(gt=0)
    """Facility water through it at design."""
    ua: Conductance = Field(gt=0)
    """Conductance of the exchanger at design flows, fouling included."""
    film_exponent: Ratio = Field(default=0.7, ge=0, le=1)
    volume: Volume = Field(gt=0)
    """TCS coolant of the unit and its racks, half of it hot."""
    alarm_flow: Ratio = Field(default=0.9, gt=0, lt=1)
    """Share of design flow below which it alarms."""


class CduParams(NamedTuple):
    """Constants of each CDU."""

    ua_w_k: Annotated[Vec, Var("W K-1", "conductance at design flows")]
    film_exponent: Annotated[Vec, Var("1", "exponent of flow in the film coefficients")]
    coolant_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the coolant at design flow")]
    facility_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the facility water at design flow")]
    half_j_k: Annotated[Vec, Var("J K-1", "heat capacity of half the coolant")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "coolant flow at design")]
    flow_m3_s: Annotated[Vec, Var("m3 s-1", "coolant flow at design, by volume")]


class CduState(NamedTuple):
    """The two volumes of each CDU."""

    supply_c: Annotated[Vec, Var("degC", "coolant sent to the racks")]
    return_c: Annotated[Vec, Var("degC", "coolant back from the racks")]


def params(specs: list[CduSpec], flow_m3_s: Vec, coolant: tuple[Vec, Vec], water_j_kg_k: float) -> CduParams:
    """Parameter arrays, one entry a CDU; ``coolant`` is density [kg/m3] and specific heat [J/kg/K] of each."""
    density, heat = coolant
    volume_flow = np.asarray(flow_m3_s)
    return frozen(
        CduParams,
        ua_w_k=[s.ua for s in specs],
        film_exponent=[s.film_exponent for s in specs],
        coolant_w_k=volume_flow * density * heat,
        facility_w_k=[s.facility_flow * water_j_kg_k for s in specs],
        half_j_k=0.5 * np.array([s.volume for s in specs]) * density * heat,
        flow_kg_s=volume_flow * density,
        flow_m3_s=volume_flow,
    )


@kernel
def exchange_w_k(cdu, i, coolant_share, facility_share):
    """K = effectiveness times the lesser heat capacity rate [W/K] of CDU ``i``; 0 where either side stands still."""
    coolant = cdu.coolant_w_k[i] * coolant_share, coolant_share
    facility = cdu.facility_w_k[i] * facility_share, facility_share
    return exchange.exchange_w_k(cdu.ua_w_k[i], cdu.film_exponent[i], coolant, facility)


@kernel
def coefficients(coolant_w_k, k_w_k, half_j_k, dt_s, out):
    """Fill ``out`` [12] for `advance`: a step of ``dt_s``, or the steady state where it is infinite."""
    a, phi, gain, mean_gain = square(2), square(2), square(2), square(2)
    a[0, 0], a[0, 1] = -coolant_w_k / half_j_k, (coolant_w_k - k_w_k) / half_j_k
    a[1, 0], a[1, 1] = coolant_w_k / half_j_k, -coolant_w_k / half_j_k
    if dt_s == np.inf:
        negative_inverse(a, gain)
        copy_into(gain, mean_gain)
        per_s, old = 1.0, 0.0
    else:
        propagators(a, dt_s, phi, gain, mean_gain)
        per_s, old = 1.0 / dt_s, 1.0 / dt_s
    for i in range(2):
        for j in range(2):
            out[2 * i + j] = phi[i, j]
            out[4 + 2 * i + j] = gain[i, j]
    for j in range(2):
        out[8 + j] = gain[1, j] * old
        out[10 + j] = mean_gain[1, j] * per_s


@kernel
def advance(state, i, c, k_w_k, half_j_k, heat_w, shaft_w, facility_c):
    """Advance CDU ``i`` one step; returns the mean heat given to the facility water [W]."""
    supply, back = state.supply_c[i], state.return_c[i]
    b0, b1 = (k_w_k * facility_c + shaft_w) / half_j_k, heat_w / half_j_k
    mean_return = c[8] * supply + c[9] * back + c[10] * b0 + c[11] * b1
    state.supply_c[i] = c[0] * supply + c[1] * back + c[4] * b0 + c[5] * b1
    state.return_c[i] = c[2] * supply + c[3] * back + c[6] * b0 + c[7] * b1
    return k_w_k * (mean_return - facility_c)
