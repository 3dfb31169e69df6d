"""GPU server (HGX node or NVL72 tray): what its GPUs, its other parts, its fans and its power supply draw.

The bill of materials decides how much heat goes to liquid and how much to air; the liquid share is an
output. Liquid-cooled parts beside the GPUs (CPUs, switches) are one mass on their own plates:

    C dT/dt = P - G (T - T_in)

Fans move what holds the design air rise, by affinity laws: flow ~ s, power ~ s^3. The supply's *loss* is
interpolated by a monotone cubic, never its efficiency: P_in = P_out + L(P_out/P_rated) P_rated, which keeps
P_in rising and meets the 80 PLUS points [1]; interpolating efficiency is 14 % off in loss at 30 % load.

[1] 80 PLUS Titanium, 230 V internal redundant: 90/94/96/91 % at 10/20/50/100 % load.
"""

from math import exp
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.numerics import cubic, monotone_cubic
from twin.core.quantity import Conductance, HeatCapacity, Power, Ratio, Spec, TemperatureDifference, VolumeFlow

# Air at 30 degC and 100 kPa: density times specific heat [J/m3/K]; the fans' set point needs no better.
_AIR_J_M3_K = 1.15 * 1006.0
COEFFICIENTS = 17


class PartSpec(Spec):
    """One line of a server's bill of materials."""

    count: int = Field(default=1, gt=0)
    idle: Power
    """Power of one at no activity."""
    max: Power
    """Power of one at full activity."""
    cooled_by: Literal["liquid", "air"]

    @model_validator(mode="after")
    def _ordered(self) -> "PartSpec":
        if self.idle > self.max:
            raise ValueError(f"idle power {self.idle:g} W must not exceed the maximum of {self.max:g} W")
        return self


class FanSpec(Spec):
    """All fans of a server together."""

    max: Power
    flow: VolumeFlow
    """Air at full speed."""
    rise: TemperatureDifference
    """Air temperature rise the fans hold."""
    least_speed: Ratio = Field(default=0.2, gt=0, le=1)


class SupplySpec(Spec):
    """All active power supplies of a server together."""

    rating: Power = Field(gt=0)
    load: tuple[Ratio, Ratio, Ratio, Ratio]
    """Shares of the rating at which efficiency is given, rising, the last 100 %."""
    efficiency: tuple[Ratio, Ratio, Ratio, Ratio]
    no_load_loss: Ratio
    """Loss at no load over the rating."""

    @model_validator(mode="after")
    def _rising_loss(self) -> "SupplySpec":
        loss = [self.no_load_loss, *(p * (1 / e - 1) for p, e in zip(self.load, self.efficiency, strict=True))]
        if list(self.load) != sorted(set(self.load)) or self.load[0] <= 0:
            raise ValueError("loads must rise from above 0")
        if loss != sorted(loss):
            raise ValueError("the loss that follows from load and efficiency must rise with load")
        return self


class NodeSpec(Spec):
    """A server: the unit that holds a job and takes a cap."""

    gpu: StrictStr
    """Name of its GPU type."""
    gpus: Literal[4, 8]
    """GPUs in the server."""
    parts: dict[str, PartSpec]
    """Everything else that draws direct current, by name."""
    plate: Conductance = Field(gt=0)
    """Conductance from the liquid-cooled parts to the coolant at design flow."""
    plate_capacity: HeatCapacity = Field(gt=0)
    """Heat capacity of the liquid-cooled parts and their plates."""
    fans: FanSpec | None = None
    """Absent where no server fan is left (immersion)."""
    supply: SupplySpec


class NodeParams(NamedTuple):
    """Constants of each server type."""

    liquid_idle_w: Annotated[Vec, Var("W", "liquid-cooled parts at no activity")]
    liquid_span_w: Annotated[Vec, Var("W", "their further power at full activity")]
    air_idle_w: Annotated[Vec, Var("W", "air-cooled parts at no activity")]
    air_span_w: Annotated[Vec, Var("W", "their further power at full activity")]
    plate_w_k: Annotated[Vec, Var("W K-1", "conductance of the parts' plates at design flow")]
    plate_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the parts on plates")]
    fan_w: Annotated[Vec, Var("W", "fans at full speed")]
    fan_full_heat_w: Annotated[Vec, Var("W", "heat that fans at full speed carry at the design rise")]
    fan_least: Annotated[Vec, Var("1", "least fan speed")]
    supply_w: Annotated[Vec, Var("W", "rating of the power supplies")]
    supply_loss: Annotated[Vec, Var("1", "monotone cubic of loss over load, [type, segment, 5]")]
    gpus: Annotated[IVec, Var("1", "GPUs in the server")]


def supply_curve(spec: SupplySpec) -> Vec:
    """Loss over rating against load over rating, as a monotone cubic [segments, 5]."""
    loss = [p * (1 / e - 1) for p, e in zip(spec.load, spec.efficiency, strict=True)]
    return monotone_cubic(np.array([0.0, *spec.load]), np.array([spec.no_load_loss, *loss]))


def params(specs: list[NodeSpec]) -> NodeParams:
    """Parameter arrays of the server types, in the order given."""

    def total(spec: NodeSpec, cooled_by: str, span: bool) -> float:
        chosen = [p for p in spec.parts.values() if p.cooled_by == cooled_by]
        return sum(p.count * (p.max - p.idle if span else p.idle) for p in chosen)

    return frozen(
        NodeParams,
        liquid_idle_w=[total(s, "liquid", False) for s in specs],
        liquid_span_w=[total(s, "liquid", True) for s in specs],
        air_idle_w=[total(s, "air", False) for s in specs],
        air_span_w=[total(s, "air", True) for s in specs],
        plate_w_k=[s.plate for s in specs],
        plate_j_k=[s.plate_capacity for s in specs],
        fan_w=[s.fans.max if s.fans else 0.0 for s in specs],
        fan_full_heat_w=[_AIR_J_M3_K * s.fans.flow * s.fans.rise if s.fans else 1.0 for s in specs],
        fan_least=[s.fans.least_speed if s.fans else 0.0 for s in specs],
        supply_w=[s.supply.rating for s in specs],
        supply_loss=[supply_curve(s.supply) for s in specs],
        gpus=[s.gpus for s in specs],
    )


@kernel(fast=True, inline=True)
def supply_loss_w(curve, rating_w, output_w):
    """Loss of the power supplies [W] when they give ``output_w``."""
    return rating_w * cubic(curve, output_w / rating_w)


@kernel(fast=True, inline=True)
def fan_power_w(full_w, full_heat_w, least, heat_w):
    """Power [W] of fans that hold their design air rise for ``heat_w``; speed between ``least`` and 1."""
    speed = min(1.0, max(least, heat_w / full_heat_w))
    return full_w * speed * speed * speed


@kernel(fast=True, inline=True)
def draw(c, curve, activity, gpu_w, gpu_air_w):
    """Power at the inlet, power of liquid-cooled parts and heat into air [W, W, W] of a server at ``activity``.

    ``c`` are its `coefficients`, ``gpu_w`` is what its GPU boards draw, ``gpu_air_w`` the part of it that heats air.
    """
    liquid_w, air_w = c[5] + c[6] * activity, c[7] + c[8] * activity
    fans_w = fan_power_w(c[9], c[10], c[11], air_w + gpu_air_w)
    direct_w = gpu_w + liquid_w + air_w + fans_w
    loss_w = supply_loss_w(curve, c[12], direct_w)
    return direct_w + loss_w, liquid_w, air_w + gpu_air_w + fans_w + loss_w


@kernel
def direct_w(c, activity, gpu_w):
    """Direct current [W] of a server at ``activity`` whose GPU boards draw ``gpu_w``; ``c`` as for `draw`."""
    liquid_w, air_w = c[5] + c[6] * activity, c[7] + c[8] * activity
    return gpu_w + liquid_w + air_w + fan_power_w(c[9], c[10], c[11], air_w + c[14] * gpu_w)


def inlet_w(node: NodeParams, kind: int, gpu_w: float, gpu_air_w: float, activity: float) -> float:
    """Power [W] at the inlet of a server of type ``kind`` whose GPU boards draw ``gpu_w``."""
    c = np.zeros(COEFFICIENTS)
    coefficients(node, kind, node.plate_w_k[kind], 1.0, c)
    return float(draw(c, node.supply_loss[kind], activity, gpu_w, gpu_air_w)[0])


def air_heat_w(node: NodeParams, kind: int, gpu_w: float, gpu_air_w: float) -> float:
    """Heat [W] into air of a server of type ``kind`` at full activity whose GPU boards draw ``gpu_w``."""
    c = np.zeros(COEFFICIENTS)
    coefficients(node, kind, node.plate_w_k[kind], 1.0, c)
    return float(draw(c, node.supply_loss[kind], 1.0, gpu_w, gpu_air_w)[2])


@kernel
def plate_coefficients(conductance_w_k, capacity_j_k, dt_s):
    """Of dT/dt = (P - G (T - T_in))/C over ``dt_s``: weight of the old T - T_in, gain of P/G, mean weight of the old.

    Without flow G is 0 and the gain, dt/C, is that of P alone. An infinite step gives the steady state.
    """
    if dt_s == np.inf:
        return 0.0, 1.0, 0.0
    if conductance_w_k <= 0.0:
        return 1.0, dt_s / capacity_j_k, 1.0
    tau = capacity_j_k / conductance_w_k
    keep = exp(-dt_s / tau)
    return keep, 1.0 - keep, (1.0 - keep) * tau / dt_s


@kernel
def coefficients(node, kind, conductance_w_k, dt_s, out):
    """Fill ``out`` [17] for a server of type ``kind`` whose liquid-cooled parts have this conductance to the coolant.

    Order: `plate_coefficients` (3), the conductance and what to multiply a power by for its gain; the constants of
    `draw`; GPUs; then room for three of its boards: the share of their power in air, 1 over the rating of all [1/W],
    and dynamic power of one at full activity over its rating.
    """
    out[0], out[1], out[2] = plate_coefficients(conductance_w_k, node.plate_j_k[kind], dt_s)
    out[3] = conductance_w_k
    # Without flow the gain is dt/C, acts on the power itself, and nothing is given to the coolant.
    out[4] = 1.0 / conductance_w_k if conductance_w_k > 0.0 else 1.0
    out[5], out[6] = node.liquid_idle_w[kind], node.liquid_span_w[kind]
    out[7], out[8] = node.air_idle_w[kind], node.air_span_w[kind]
    out[9], out[10], out[11] = node.fan_w[kind], node.fan_full_heat_w[kind], node.fan_least[kind]
    out[12], out[13] = node.supply_w[kind], node.gpus[kind]
