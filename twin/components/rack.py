"""Racks: servers on a coolant manifold with a share of a CDU, and air-cooled racks for network and storage.

A rack's manifold gives every plate its design flow times the share of design flow its CDU moves. What a
supply line below the low-voltage switchboard loses (busway, rack unit) stands in `cable.supply_loss_w`.
"""

from typing import Annotated, NamedTuple

from pydantic import Field, StrictStr

from twin.core.layout import IVec, Var, Vec
from twin.core.quantity import Power, Pressure, Ratio, Spec, TemperatureDifference


class RackSpec(Spec):
    """A liquid-cooled rack of GPU servers."""

    node: StrictStr
    """Name of its server type."""
    nodes: int = Field(gt=0)
    """Servers in the rack."""
    cdu: StrictStr
    """Name of the CDU type that serves it."""
    coolant_drop: Pressure = Field(gt=0)
    """Drop of coolant at design flow: quick disconnects, manifold and cold plates."""
    laminar: Ratio = Field(default=0.5, ge=0, le=1)
    """Share of that drop that grows with flow and not with its square: the channels of cold plates [E]."""
    rating: Power = Field(gt=0)
    """Power its supply line is sized for."""
    door: StrictStr | None = None
    """Name of its rear door's coil type; without one its heat stays in the room for others to take."""
    supply_loss: Ratio = Field(ge=0, lt=0.1)
    """Loss of busway and rack supply at ``rating``, over ``rating``."""
    power_factor: Ratio = Field(gt=0, le=1)
    breaker: StrictStr | None = None
    """Name of the protection type of its supply, whose pickup is over ``rating``; without one it never opens."""


class AirRackSpec(Spec):
    """An air-cooled rack of network or storage."""

    power: Power = Field(gt=0)
    """Constant power."""
    rating: Power = Field(gt=0)
    """Power its supply line is sized for."""
    air_rise: TemperatureDifference = Field(default=14.0, gt=0)
    """Rise of the air its fans draw through it [E]."""
    door: StrictStr | None = None
    """Name of its rear door's coil type."""
    supply_loss: Ratio = Field(ge=0, lt=0.1)
    power_factor: Ratio = Field(gt=0, le=1)


class RackParams(NamedTuple):
    """Constants of each GPU rack."""

    gpu: Annotated[IVec, Var("1", "GPU type")]
    node: Annotated[IVec, Var("1", "server type")]
    first_block: Annotated[IVec, Var("1", "first block of eight GPUs")]
    blocks: Annotated[IVec, Var("1", "blocks of eight GPUs")]
    first_node: Annotated[IVec, Var("1", "first server")]
    nodes: Annotated[IVec, Var("1", "servers")]
    cdu: Annotated[IVec, Var("1", "CDU")]
    hall: Annotated[IVec, Var("1", "hall")]
    board: Annotated[IVec, Var("1", "electrical node that supplies it")]
    plate_flow_m3_s: Annotated[Vec, Var("m3 s-1", "design flow through one GPU's plate")]
    rating_w: Annotated[Vec, Var("W", "rating of its supply line")]
    supply_loss: Annotated[Vec, Var("1", "loss of its supply line at rating")]
    door: Annotated[IVec, Var("1", "group of coils its rear door belongs to, -1 for none")]
    air_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of its servers' air at full fan speed")]
    air_rise_k: Annotated[Vec, Var("K", "air rise its servers' fans hold")]
    least_air: Annotated[Vec, Var("1", "least speed of those fans")]
    reactive_share: Annotated[Vec, Var("1", "reactive over active power")]
