"""Air of a data hall: cold aisle, hot aisle, and the mass of building and racks.

    C dT_C/dt   = g (T_H - T_C) - K (T_H - T_W) + U (T_O - T_C) + G (T_M - T_C) + Q_C
    C dT_H/dt   = g (T_C - T_H) + Q_H
    C_M dT_M/dt = G (T_C - T_M)

Racks draw air of T_in = (1 - b) T_C + b T_H and give it back to the hot aisle with their heat Q_H; coils draw from the
hot aisle and give K (T_H - T_W) to water of T_W (`coil.exchange_w_k`). Air that racks and coils do not move alike
passes beside them, so that g = max((1 - b) racks, coils) + leakage, all as heat capacity rates: what coils move
beyond the racks comes straight from the cold aisle, what racks move beyond the coils goes back uncooled. Fans of
coils and drives heat the cold aisle (Q_C). U is the envelope to outdoor air at T_O.

Linear while flows hold, advanced by the exact exponential; heat to water and to outdoor air are integrals, so the
books close at any step. Without water K is 0 and the air warms; leakage never stops, so no air is cut off.
Density and specific heat of air are one number for all halls, for stores and streams alike.

Mixed aisles with recirculation as in [1]; one temperature an aisle, so no hot spots within.

[1] ASHRAE TC 9.9, Thermal Guidelines for Data Processing Environments, 5th ed. (2021): inlet limits, recirculation.
"""

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.numerics import propagators, square
from twin.core.quantity import Conductance, HeatCapacity, Ratio, Spec, Temperature, Volume

COLD, HOT, MASS = 0, 1, 2
STILL_S = 600.0
"""Buoyancy alone exchanges the air of the aisles in this time [E]: the least leakage there is."""


class AisleSpec(Spec):
    """The room of a hall; what is given per rack counts liquid- and air-cooled racks."""

    volume: Volume = Field(default=25.0, gt=0)
    """Air per rack, half of it in the hot aisle [E]."""
    mass: HeatCapacity = Field(default=0.5e6, gt=0)
    """Heat capacity of steel and building per rack [E]: 1,000 kg of steel."""
    coupling: Conductance = Field(default=60.0, ge=0)
    """Conductance from that mass to the cold aisle, per rack [E]."""
    envelope: Conductance = Field(default=3.0, ge=0)
    """Conductance of walls and roof to outdoor air, per rack [E]."""
    recirculation: Ratio = Field(default=0.03, lt=0.5)
    """Share of the air racks draw that comes from the hot aisle [E]."""
    leakage: Ratio = Field(default=0.05, gt=0, lt=1)
    """Air that passes between the aisles at any time, over the racks' air at full fan speed [E]."""
    recommended: Temperature = 27.0
    """Server inlet that ASHRAE recommends at most."""
    limit: Temperature = 35.0
    """Server inlet allowed: 32 degC in ASHRAE class A1, 35 in A2, 40 in A3, 45 in A4."""

    @model_validator(mode="after")
    def _ordered(self) -> "AisleSpec":
        if self.recommended > self.limit:
            raise ValueError(
                f"the recommended inlet of {self.recommended:g} degC must not exceed the limit of {self.limit:g} degC"
            )
        return self


class AisleParams(NamedTuple):
    """Constants of each hall's air."""

    air_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the air of one aisle")]
    mass_j_k: Annotated[Vec, Var("J K-1", "heat capacity of building and racks")]
    coupling_w_k: Annotated[Vec, Var("W K-1", "conductance from that mass to the cold aisle")]
    envelope_w_k: Annotated[Vec, Var("W K-1", "conductance of the envelope to outdoor air")]
    recirculation: Annotated[Vec, Var("1", "share of the racks' air that comes from the hot aisle")]
    leakage_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the air that passes between aisles at any time")]
    limit_c: Annotated[Vec, Var("degC", "server inlet allowed")]
    recommended_c: Annotated[Vec, Var("degC", "server inlet recommended")]


class AisleState(NamedTuple):
    """The three nodes of each hall."""

    cold_c: Annotated[Vec, Var("degC", "cold aisle air")]
    hot_c: Annotated[Vec, Var("degC", "hot aisle air")]
    mass_c: Annotated[Vec, Var("degC", "building and racks")]


def params(specs: list[AisleSpec], racks: list[int], full_air_w_k: list[float], air_j_m3_k: float) -> AisleParams:
    """Parameter arrays, one entry a hall; ``full_air_w_k`` is the air of its racks at full fan speed [W/K]."""
    counts = np.asarray(racks, float)
    air_j_k = 0.5 * air_j_m3_k * counts * [s.volume for s in specs]
    return frozen(
        AisleParams,
        air_j_k=air_j_k,
        mass_j_k=counts * [s.mass for s in specs],
        coupling_w_k=counts * [s.coupling for s in specs],
        envelope_w_k=counts * [s.envelope for s in specs],
        recirculation=[s.recirculation for s in specs],
        leakage_w_k=np.maximum(np.asarray(full_air_w_k) * [s.leakage for s in specs], air_j_k / STILL_S),
        limit_c=[s.limit for s in specs],
        recommended_c=[s.recommended for s in specs],
    )


@kernel
def exchange_w_k(aisle, h, racks_w_k, coils_w_k):
    """Heat capacity rate [W/K] of the air that aisles of hall ``h`` exchange while racks and coils move so much."""
    return max((1.0 - aisle.recirculation[h]) * racks_w_k, coils_w_k) + aisle.leakage_w_k[h]


@kernel
def inlet_c(aisle, h, cold_c, hot_c):
    """Temperature [degC] of the air that racks of hall ``h`` draw."""
    return cold_c + aisle.recirculation[h] * (hot_c - cold_c)


@kernel
def network(aisle, h, air_w_k, coil_w_k, a):
    """Fill ``a`` [3, 3] with the rates [1/s] between cold aisle, hot aisle and mass of hall ``h``."""
    air_j_k, mass_j_k = aisle.air_j_k[h], aisle.mass_j_k[h]
    coupling, envelope = aisle.coupling_w_k[h], aisle.envelope_w_k[h]
    a[COLD, COLD] = -(air_w_k + coupling + envelope) / air_j_k
    a[COLD, HOT], a[COLD, MASS] = (air_w_k - coil_w_k) / air_j_k, coupling / air_j_k
    a[HOT, COLD], a[HOT, HOT], a[HOT, MASS] = air_w_k / air_j_k, -air_w_k / air_j_k, 0.0
    a[MASS, COLD], a[MASS, HOT], a[MASS, MASS] = coupling / mass_j_k, 0.0, -coupling / mass_j_k


@kernel
def advance(aisle, state, h, rates, heat_w, beyond_c, dt_s):
    """Advance hall ``h`` by ``dt_s``; returns mean heat into water and out to outdoor air [W, W].

    ``rates`` are the aisles' exchange and K of the coils [W/K], ``heat_w`` goes into cold and hot aisle [W], and
    ``beyond_c`` are water and outdoor air [degC].
    """
    (air_w_k, coil_w_k), (cold_w, hot_w), (water_c, outdoor_c) = rates, heat_w, beyond_c
    air_j_k, envelope = aisle.air_j_k[h], aisle.envelope_w_k[h]
    a, phi, gain, mean_gain = square(3), square(3), square(3), square(3)
    network(aisle, h, air_w_k, coil_w_k, a)
    propagators(a, dt_s, phi, gain, mean_gain)
    cold, hot, mass = state.cold_c[h], state.hot_c[h], state.mass_c[h]
    b_cold, b_hot = (coil_w_k * water_c + envelope * outdoor_c + cold_w) / air_j_k, hot_w / air_j_k
    state.cold_c[h] = _dot(phi, COLD, cold, hot, mass) + gain[COLD, COLD] * b_cold + gain[COLD, HOT] * b_hot
    state.hot_c[h] = _dot(phi, HOT, cold, hot, mass) + gain[HOT, COLD] * b_cold + gain[HOT, HOT] * b_hot
    state.mass_c[h] = _dot(phi, MASS, cold, hot, mass) + gain[MASS, COLD] * b_cold + gain[MASS, HOT] * b_hot
    mean_cold = _dot(gain, COLD, cold, hot, mass) + mean_gain[COLD, COLD] * b_cold + mean_gain[COLD, HOT] * b_hot
    mean_hot = _dot(gain, HOT, cold, hot, mass) + mean_gain[HOT, COLD] * b_cold + mean_gain[HOT, HOT] * b_hot
    return coil_w_k * (mean_hot / dt_s - water_c), envelope * (mean_cold / dt_s - outdoor_c)


@kernel
def _dot(matrix, i, cold, hot, mass):
    return matrix[i, COLD] * cold + matrix[i, HOT] * hot + matrix[i, MASS] * mass


@kernel
def rest(aisle, state, h, rates, heat_w, beyond_c):
    """Put hall ``h`` at rest; returns as `advance`. Where neither water nor envelope takes heat there is none: NaN."""
    (air_w_k, coil_w_k), (cold_w, hot_w), (water_c, outdoor_c) = rates, heat_w, beyond_c
    envelope = aisle.envelope_w_k[h]
    above_k = hot_w / air_w_k
    carried_w = cold_w + hot_w + coil_w_k * (water_c - above_k) + envelope * outdoor_c
    cold_c = carried_w / (coil_w_k + envelope)
    state.cold_c[h] = state.mass_c[h] = cold_c
    state.hot_c[h] = cold_c + above_k
    return coil_w_k * (cold_c + above_k - water_c), envelope * (cold_c - outdoor_c)
