"""Cooling tower of fixed approach, for quick studies: no fill and no air, only how near the wet bulb its water gets.

    T_out = max(T_asked, T_wb + a(Q)),  a(Q) = a_0 + (a - a_0) Q/Q_design

with a the approach at the design heat of all cells in service and a_0 without load. Fans are taken to move heat in
proportion to their speed, so they take the cube of the heat over the most at the water that is asked for. A fixed share
of the heat leaves as vapour, the rest warms the air.
"""

from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.quantity import MassFlow, Power, Ratio, Spec, Temperature, TemperatureDifference

_LATENT_J_KG = 2.43e6  # of water near 30 degC
_UNBOUND_W = 1e12


class ApproachTowerSpec(Spec):
    """One cell of a tower of which only its approach is known."""

    water: MassFlow = Field(gt=0)
    """Water over one cell."""
    heat: Power = Field(gt=0)
    """Heat of one cell at which it has its approach."""
    fan: Power = Field(ge=0)
    """Electrical power of its fan at full speed."""
    wet_bulb: Temperature
    """Design wet bulb; for checks only, the approach is taken to be the same at any other."""
    approach: TemperatureDifference = Field(gt=0)
    """Water leaving above wet bulb at that heat."""
    least_approach: TemperatureDifference = Field(default=0.0, ge=0)
    """The same without load; equal to the approach for one that is fixed."""
    evaporated: Ratio = Field(default=0.9, ge=0, le=1)
    """Share of the heat that leaves as vapour [E]."""
    drift: Ratio = Field(default=5e-5, lt=0.01)
    cycles: float = Field(default=4.0, gt=1)

    @model_validator(mode="after")
    def _rising(self) -> "ApproachTowerSpec":
        if self.least_approach > self.approach:
            raise ValueError(
                f"the approach without load, {self.least_approach:g} K, is above that at design, {self.approach:g} K"
            )
        return self


class ApproachTowerParams(NamedTuple):
    """Constants of the towers of fixed approach of each hall that has them."""

    hall: Annotated[IVec, Var("1", "hall")]
    loop: Annotated[IVec, Var("1", "condenser water loop")]
    cells: Annotated[Vec, Var("1", "cells installed")]
    heat_w: Annotated[Vec, Var("W", "design heat of one cell")]
    fan_w: Annotated[Vec, Var("W", "fan power of one cell at full speed")]
    approach_k: Annotated[Vec, Var("K", "approach at design heat")]
    least_approach_k: Annotated[Vec, Var("K", "approach without load")]
    evaporated: Annotated[Vec, Var("1", "share of the heat that leaves as vapour")]
    drift: Annotated[Vec, Var("1", "drift over water")]
    cycles: Annotated[Vec, Var("1", "cycles of concentration")]
    least_c: Annotated[Vec, Var("degC", "coldest condenser water asked for")]
    asked_k: Annotated[Vec, Var("K", "condenser water asked for above wet bulb")]


def params(
    specs: list[ApproachTowerSpec],
    cells: list[int],
    halls: list[int],
    loops: list[int],
    asked: list[tuple[float, float]],
) -> ApproachTowerParams:
    """Parameter arrays, one entry for each hall with such towers; ``asked`` is least [degC] and above wet bulb [K]."""
    return frozen(
        ApproachTowerParams,
        hall=halls,
        loop=loops,
        cells=cells,
        heat_w=[s.heat for s in specs],
        fan_w=[s.fan for s in specs],
        approach_k=[s.approach for s in specs],
        least_approach_k=[s.least_approach for s in specs],
        evaporated=[s.evaporated for s in specs],
        drift=[s.drift for s in specs],
        cycles=[s.cycles for s in specs],
        least_c=[least_c for least_c, _ in asked],
        asked_k=[above_k for _, above_k in asked],
    )


@kernel
def slope_k_w(tower, j, cells):
    """Rise of the approach [K] per watt with ``cells`` in service."""
    return (tower.approach_k[j] - tower.least_approach_k[j]) / (cells * tower.heat_w[j])


@kernel
def coldest_c(tower, j, cells, wet_c, heat_w):
    """Coldest water [degC] that tower ``j`` sends while it takes ``heat_w``."""
    return wet_c + tower.least_approach_k[j] + slope_k_w(tower, j, cells) * heat_w


@kernel
def most_w(tower, j, cells, wet_c, sends_c):
    """Heat [W] it takes at most while it sends water at ``sends_c``."""
    spare_k, slope = sends_c - wet_c - tower.least_approach_k[j], slope_k_w(tower, j, cells)
    if spare_k <= 0.0:
        return 0.0
    return spare_k / slope if slope > 0.0 else _UNBOUND_W


@kernel
def fan_speed(tower, j, cells, wet_c, sends_c, heat_w):
    """Fan speed [1] for ``heat_w`` with water leaving at ``sends_c``."""
    most = min(most_w(tower, j, cells, wet_c, sends_c), _UNBOUND_W)
    if most >= _UNBOUND_W:
        return min(1.0, heat_w / (cells * tower.heat_w[j]))
    return min(1.0, heat_w / most) if most > 0.0 else 1.0


@kernel
def water_kg_s(tower, j, heat_w, falling_kg_s):
    """Evaporation, drift and blowdown [kg/s] while it takes ``heat_w``."""
    evaporation, drift = tower.evaporated[j] * heat_w / _LATENT_J_KG, tower.drift[j] * falling_kg_s
    return evaporation, drift, max(0.0, evaporation / (tower.cycles[j] - 1.0) - drift)
