"""Centrifugal pumps by affinity laws, on a loop whose pressure drop grows with the square of flow.

    H = n^2 H0 - a (Q/N)^2 for N pumps alike in parallel at relative speed n;  loop: H = k Q^2
    efficiency = best [1 - 0.6 ((Q/(N n Q_best)) - 1)^2]

so the operating point is Q = n sqrt(H0 / (k + a/N^2)). Heads are pressures [Pa]. The shaft's power heats the
water; the loss of motor and drive heats the air. [1]

[1] I. Karassik et al., Pump Handbook, 4th ed., sections 2.3 and 9.2 (affinity, parallel operation).
"""

from math import sqrt
from typing import Annotated, NamedTuple

from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Pressure, Ratio, Spec, VolumeFlow


class PumpSpec(Spec):
    """Pumps in parallel on one loop; the design point is what the loop needs with ``running`` of them."""

    count: int = Field(gt=0)
    """Pumps installed."""
    flow: VolumeFlow = Field(gt=0)
    """Flow of the loop at design."""
    pressure: Pressure = Field(gt=0)
    """Pressure drop of the loop at design flow."""
    shutoff: Ratio = Field(default=1.3, gt=1)
    """Pressure at no flow over pressure at design flow."""
    efficiency: Ratio = Field(gt=0, le=1)
    """Hydraulic efficiency at its best."""
    drive_efficiency: Ratio = Field(gt=0, le=1)
    """Motor times frequency drive."""


class PumpParams(NamedTuple):
    """Constants of each pump group."""

    count: Annotated[Vec, Var("1", "pumps that run at design")]  # type: ignore[assignment]
    shutoff_pa: Annotated[Vec, Var("Pa", "pressure at no flow")]
    fall_pa_s2_m6: Annotated[Vec, Var("Pa s2 m-6", "fall of one pump's curve")]
    loop_pa_s2_m6: Annotated[Vec, Var("Pa s2 m-6", "resistance of the loop")]
    best_m3_s: Annotated[Vec, Var("m3 s-1", "flow of one pump at best efficiency")]
    efficiency: Annotated[Vec, Var("1", "hydraulic efficiency at best")]
    drive_efficiency: Annotated[Vec, Var("1", "efficiency of motor and drive")]


def params(specs: list[PumpSpec]) -> PumpParams:
    """Parameter arrays; every installed pump shares the design flow."""
    return frozen(
        PumpParams,
        count=[s.count for s in specs],
        shutoff_pa=[s.shutoff * s.pressure for s in specs],
        fall_pa_s2_m6=[(s.shutoff - 1) * s.pressure / (s.flow / s.count) ** 2 for s in specs],
        loop_pa_s2_m6=[s.pressure / s.flow**2 for s in specs],
        best_m3_s=[s.flow / s.count for s in specs],
        efficiency=[s.efficiency for s in specs],
        drive_efficiency=[s.drive_efficiency for s in specs],
    )


def rated_w(pump: PumpParams) -> Vec:
    """Electrical power [W] of each pump group at design."""
    rated: Vec = pump.loop_pa_s2_m6 * (pump.best_m3_s * pump.count) ** 3 / pump.efficiency / pump.drive_efficiency
    return rated


@kernel
def operating_flow_m3_s(shutoff_pa, fall_pa_s2_m6, loop_pa_s2_m6, running, speed):
    """Flow [m3/s] where ``running`` pumps at relative ``speed`` meet the loop; 0 when none runs."""
    if running <= 0.0 or speed <= 0.0:
        return 0.0
    return speed * sqrt(shutoff_pa / (loop_pa_s2_m6 + fall_pa_s2_m6 / running**2))


@kernel
def operate(pump, i, running, speed):
    """Flow [m3/s], shaft power [W] and electrical power [W] of pump group ``i``."""
    flow = operating_flow_m3_s(pump.shutoff_pa[i], pump.fall_pa_s2_m6[i], pump.loop_pa_s2_m6[i], running, speed)
    if flow <= 0.0:
        return 0.0, 0.0, 0.0
    off_best = flow / (running * speed * pump.best_m3_s[i]) - 1.0
    efficiency = pump.efficiency[i] * max(0.2, 1.0 - 0.6 * off_best**2)
    shaft = flow * pump.loop_pa_s2_m6[i] * flow**2 / efficiency
    return flow, shaft, shaft / pump.drive_efficiency[i]
