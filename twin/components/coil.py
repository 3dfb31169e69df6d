"""Air-to-water coil with fans: the rear door of a rack, or a room unit (CRAH, computer room air handler).

Cross-flow effectiveness-NTU, both streams unmixed (`core.exchange.cross_flow_approximate`):

    Q = K (T_air,in - T_water,in),   K = effectiveness C_min,   1/UA = (s^-n_air + w^-n_water) / (2 UA_design)

with s and w the shares of the rated air and water flows: film coefficients follow powers of flow and are taken as equal
halves at design [1]. A share b of the air passes beside the fins (bypass), so that C_air = (1 - b) rho c_p V. Fans by
affinity laws: flow ~ s, power ~ s^3 [2].

Sensible heat only: where water enters below the room's dew point the coil would also condense, and the result says so.

[1] F. Incropera, D. DeWitt, T. Bergman, A. Lavine, Fundamentals of Heat and Mass Transfer, table 11.3.
[2] F. Bleier, Fan Handbook, chapter 5 (fan laws).
"""

from typing import Annotated, NamedTuple

from pydantic import Field

from twin.core.exchange import cross_flow_approximate
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import Conductance, MassFlow, Power, Ratio, Spec, VolumeFlow


class CoilSpec(Spec):
    """A coil type at its design point."""

    air: VolumeFlow = Field(gt=0)
    """Air through the unit at full fan speed."""
    water: MassFlow = Field(gt=0)
    """Water through it at design."""
    ua: Conductance = Field(gt=0)
    """Conductance at these two flows."""
    air_exponent: Ratio = Field(default=0.5, le=1)
    """Exponent of flow in the air's film coefficient [E]."""
    water_exponent: Ratio = Field(default=0.7, le=1)
    """The same of the water's [E]."""
    bypass: Ratio = Field(default=0.0, lt=1)
    """Share of the air that passes beside the fins."""
    fan: Power
    """Electrical power of its fans at full speed; 0 where the servers' fans push the air through."""
    least_speed: Ratio = Field(default=0.2, le=1)
    """Least fan speed [E]."""


class CoilParams(NamedTuple):
    """Constants of each group of coils alike in a hall."""

    hall: Annotated[IVec, Var("1", "hall")]
    count: Annotated[Vec, Var("1", "coils installed")]  # type: ignore[assignment]
    in_room: Annotated[IVec, Var("1", "1 for room units, 0 for rear doors")]
    air_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the air through one at full fan speed")]
    water_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the water through one at design")]
    water_kg_s: Annotated[Vec, Var("kg s-1", "water through one at design")]
    ua_w_k: Annotated[Vec, Var("W K-1", "conductance of one at design")]
    air_exponent: Annotated[Vec, Var("1", "exponent of flow in the air's film coefficient")]
    water_exponent: Annotated[Vec, Var("1", "exponent of flow in the water's film coefficient")]
    bypass: Annotated[Vec, Var("1", "share of the air beside the fins")]
    fan_w: Annotated[Vec, Var("W", "fan power of one at full speed")]
    least_speed: Annotated[Vec, Var("1", "least fan speed")]


class CoilGroup(NamedTuple):
    """So many coils of one type in a hall."""

    spec: CoilSpec
    hall: int
    coils: int
    in_room: bool


def params(groups: list[CoilGroup], air_j_m3_k: float, water_j_kg_k: float) -> CoilParams:
    """Parameter arrays, one entry a group; heat of air [J/m3/K] and of water [J/kg/K]."""
    specs = [group.spec for group in groups]
    return frozen(
        CoilParams,
        hall=[group.hall for group in groups],
        count=[group.coils for group in groups],
        in_room=[group.in_room for group in groups],
        air_w_k=[air_j_m3_k * s.air for s in specs],
        water_w_k=[water_j_kg_k * s.water for s in specs],
        water_kg_s=[s.water for s in specs],
        ua_w_k=[s.ua for s in specs],
        air_exponent=[s.air_exponent for s in specs],
        water_exponent=[s.water_exponent for s in specs],
        bypass=[s.bypass for s in specs],
        fan_w=[s.fan for s in specs],
        least_speed=[s.least_speed for s in specs],
    )


@kernel
def exchange_w_k(coil, g, speed, water_share):
    """K [W/K] of one coil of group ``g``: Q = K (T_air,in - T_water,in); 0 where either stream stands still."""
    if speed <= 0.0 or water_share <= 0.0:
        return 0.0
    ua_w_k = 2.0 * coil.ua_w_k[g] / (speed ** -coil.air_exponent[g] + water_share ** -coil.water_exponent[g])
    air_w_k, water_w_k = coil.air_w_k[g] * (1.0 - coil.bypass[g]) * speed, coil.water_w_k[g] * water_share
    least, most = min(air_w_k, water_w_k), max(air_w_k, water_w_k)
    return least * cross_flow_approximate(ua_w_k / least, least / most)


@kernel
def speed_for(coil, g, wanted):
    """Fan speed of group ``g`` for a wanted share of its rated air flow: flow is in proportion to speed."""
    return min(1.0, max(coil.least_speed[g], wanted))


@kernel
def fan_w(coil, g, speed):
    """Electrical power [W] of the fans of one coil of group ``g``."""
    return coil.fan_w[g] * speed**3
