"""Coolant distribution unit (CDU): technology cooling system (TCS) against facility water through a plate exchanger.

Counter-flow effectiveness-NTU (`core.exchange`). The coolant stands in two mixed volumes, return before the exchanger
and supply behind it:

    C_r dT_r/dt = c (T_s - T_r) + Q_racks
    C_s dT_s/dt = c (T_r - T_s) - K (T_r - T_F) + P_shaft + Q_makeup,      K = effectiveness C_min

linear between changes of flow. With a = c/C and k = K/C the matrix has the eigenvalues -(a - s) and -(a + s),
s = sqrt(a (a - k)), so the exact exponential and its integrals are closed forms; the heat handed to the facility
water is the integral of K (T_r - T_F). The specific heat of the coolant is taken at the design temperature (it moves
by 0.2 % in 10 K), so that what a volume stores and what a stream carries use one number and the books close.

Around it: a facility water valve that holds the supply temperature, pumps that hold the pressure difference over the
racks, a filter, and a reservoir that makes up what leaks. Their logic is in `plant.coolant`.
"""

from math import exp, expm1, sqrt
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from twin.core import exchange
from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import (
    Conductance,
    Mass,
    MassFlow,
    Power,
    Pressure,
    Ratio,
    Spec,
    Temperature,
    TemperatureDifference,
    Volume,
)


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
    facility_drop: Pressure = Field(gt=0)
    """Drop of facility water at that flow, in the exchanger and its hoses; the valve's comes on top."""
    ua: Conductance = Field(gt=0)
    """Conductance of the exchanger at design flows, fouling included."""
    film_exponent: Ratio = Field(default=0.7, ge=0, le=1)
    volume: Volume = Field(gt=0)
    """TCS coolant of the unit and its racks, half of it hot."""
    approach: TemperatureDifference = Field(gt=0)
    """TCS supply set point above the facility supply set point."""
    dew_margin: TemperatureDifference = Field(default=2.0, ge=0)
    """TCS supply set point above the hall's dew point at least [E]."""
    exchanger_drop: Pressure = Field(gt=0)
    """Drop of coolant in the exchanger at the pumps' design flow."""
    filter_drop: Pressure = Field(gt=0)
    """Drop in the clean filter at that flow."""
    header_drop: Pressure = Field(default=0.0, ge=0)
    """Drop along supply and return header of a row at that flow."""
    reservoir: Mass = Field(default=20.0, ge=0)
    """Coolant that makes up what leaks [E]; when it is gone the pumps stop."""
    alarm_flow: Ratio = Field(default=0.9, gt=0, lt=1)
    """Share of design flow below which it alarms."""


class CduParams(NamedTuple):
    """Constants of each CDU."""

    ua_w_k: Annotated[Vec, Var("W K-1", "conductance at design flows")]
    film_exponent: Annotated[Vec, Var("1", "exponent of flow in the film coefficients")]
    coolant_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the coolant at design flow")]
    facility_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the facility water at design flow")]
    facility_kg_s: Annotated[Vec, Var("kg s-1", "facility water at design")]
    half_j_k: Annotated[Vec, Var("J K-1", "heat capacity of half the coolant")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "coolant flow at design")]
    flow_m3_s: Annotated[Vec, Var("m3 s-1", "coolant flow at design, by volume")]
    coolant_j_kg_k: Annotated[Vec, Var("J kg-1 K-1", "specific heat of the coolant")]
    exchanger_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of the exchanger to coolant")]
    filter_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of the clean filter to coolant")]
    approach_k: Annotated[Vec, Var("K", "TCS supply set point above facility supply set point")]
    dew_margin_k: Annotated[Vec, Var("K", "TCS supply set point above the dew point at least")]
    reservoir_kg: Annotated[Vec, Var("kg", "coolant that makes up what leaks")]


class CduState(NamedTuple):
    """The two volumes of each CDU, and what its controller moves and remembers."""

    supply_c: Annotated[Vec, Var("degC", "coolant sent to the racks")]
    return_c: Annotated[Vec, Var("degC", "coolant back from the racks")]
    valve: Annotated[Vec, Var("1", "position of the facility water valve, 0 shut to 1 open")]
    speed: Annotated[Vec, Var("1", "relative speed of its pumps")]
    coasting: Annotated[Vec, Var("1", "pumps that lost their drive and still turn")]
    coast_speed: Annotated[Vec, Var("1", "relative speed of those")]
    leaked_kg: Annotated[Vec, Var("kg", "coolant leaked since its reservoir was full")]


def params(specs: list[CduSpec], flow_m3_s: Vec, coolant: tuple[Vec, Vec], water_j_kg_k: float) -> CduParams:
    """Parameter arrays, one entry a CDU; ``coolant`` is density [kg/m3] and specific heat [J/kg/K] of each."""
    density, heat = coolant
    volume_flow = np.asarray(flow_m3_s)
    flow_kg_s = volume_flow * density
    return frozen(
        CduParams,
        ua_w_k=[s.ua for s in specs],
        film_exponent=[s.film_exponent for s in specs],
        coolant_w_k=flow_kg_s * heat,
        facility_w_k=[s.facility_flow * water_j_kg_k for s in specs],
        facility_kg_s=[s.facility_flow for s in specs],
        half_j_k=0.5 * np.array([s.volume for s in specs]) * density * heat,
        flow_kg_s=flow_kg_s,
        flow_m3_s=volume_flow,
        coolant_j_kg_k=heat,
        exchanger_pa_s2_kg2=[s.exchanger_drop for s in specs] / flow_kg_s**2,
        filter_pa_s2_kg2=[s.filter_drop for s in specs] / flow_kg_s**2,
        approach_k=[s.approach for s in specs],
        dew_margin_k=[s.dew_margin for s in specs],
        reservoir_kg=[s.reservoir for s in specs],
    )


@kernel
def exchange_w_k(cdu, i, coolant_share, facility_share, clean):
    """K = effectiveness times the lesser heat capacity rate [W/K] of CDU ``i``; 0 where either side stands still.

    ``clean`` is the share of its conductance that fouling leaves.
    """
    coolant = cdu.coolant_w_k[i] * coolant_share, coolant_share
    facility = cdu.facility_w_k[i] * facility_share, facility_share
    return exchange.exchange_w_k(cdu.ua_w_k[i] * clean, cdu.film_exponent[i], coolant, facility)


@kernel
def _decay(rate_s, dt_s):
    """Of exp(-rate t) over a step: its value at the end, its integral and the integral of that."""
    z = rate_s * dt_s
    if z < 1e-3:
        first = dt_s * (1.0 - z / 2.0 * (1.0 - z / 3.0 * (1.0 - z / 4.0)))
        return exp(-z), first, dt_s**2 * (0.5 - z / 6.0 * (1.0 - z / 4.0 * (1.0 - z / 5.0)))
    first = -expm1(-z) / rate_s
    return exp(-z), first, (dt_s - first) / rate_s


@kernel
def advance(state, i, coolant_w_k, k_w_k, half_j_k, heat_w, added_w, facility_c, dt_s):
    """Advance CDU ``i`` over ``dt_s``, or to rest where it is infinite; returns mean heat to the facility water [W].

    ``heat_w`` comes from its racks, ``added_w`` from its pumps and what makes up for leaks; both are means.
    """
    if dt_s == np.inf:
        state.return_c[i] = facility_c + (heat_w + added_w) / k_w_k
        state.supply_c[i] = state.return_c[i] - heat_w / coolant_w_k
        return heat_w + added_w
    a, k = coolant_w_k / half_j_k, k_w_k / half_j_k
    split = sqrt(a * max(a - k, 0.0))
    slow, fast = (a * k / (a + split) if a > 0.0 else 0.0), a + split
    e1, i1, j1 = _decay(slow, dt_s)
    e2, i2, j2 = _decay(fast, dt_s)
    # The exponential and its two integrals are f I + f_x [[0, a - k], [a, 0]], f the mean of that of both eigenvalues.
    # Differences over the split would lose their digits where it is small; a f_x = f - (df/dt)_x does not.
    phi, gamma, psi = 0.5 * (e1 + e2), 0.5 * (i1 + i2), 0.5 * (j1 + j2)
    phi_x = e1 * _decay(2.0 * split, dt_s)[1]
    a_gamma_x = gamma - phi_x
    a_psi_x = psi - a_gamma_x / a if a > 0.0 else 0.0
    mixed = max(a - k, 0.0) / a if a > 0.0 else 0.0
    supply, back = state.supply_c[i] - facility_c, state.return_c[i] - facility_c
    b0, b1 = added_w / half_j_k, heat_w / half_j_k
    mean_back = (a_gamma_x * supply + gamma * back + a_psi_x * b0 + psi * b1) / dt_s
    state.supply_c[i] = facility_c + phi * supply + a * phi_x * mixed * back + gamma * b0 + a_gamma_x * mixed * b1
    state.return_c[i] = facility_c + a * phi_x * supply + phi * back + a_gamma_x * b0 + gamma * b1
    return k_w_k * mean_back
