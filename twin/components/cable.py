"""Medium-voltage cable as a pi section, and the closed form for supply lines below the low-voltage boards.

Busway, tap and rack supply lose I^2 R: a share of their rating at full load, falling with the square of
load. 0.3 to 0.5 % at full load is the usual design range (an estimate of this project).
"""

from math import pi, sqrt
from typing import NamedTuple

from pydantic import Field

from twin.core.jit import kernel
from twin.core.quantity import CapacitancePerLength, Current, ResistancePerLength, Spec, Voltage


class CableSpec(Spec):
    """A cable type."""

    voltage: Voltage = Field(gt=0)
    resistance: ResistancePerLength = Field(gt=0)
    reactance: ResistancePerLength = Field(gt=0)
    capacitance: CapacitancePerLength = Field(ge=0)
    ampacity: Current = Field(gt=0)


class Pi(NamedTuple):
    """A series impedance with a shunt at either end, per unit."""

    series: complex
    shunt: complex


def section(spec: CableSpec, length_m: float, base_va: float, frequency_hz: float) -> Pi:
    """The pi of ``length_m`` metres on ``base_va``."""
    ohm = spec.voltage**2 / base_va
    susceptance = 2 * pi * frequency_hz * spec.capacitance * length_m * ohm
    return Pi(complex(spec.resistance, spec.reactance) * length_m / ohm, complex(0, susceptance / 2))


def ampacity_pu(spec: CableSpec, base_va: float) -> float:
    """Current rating over base current."""
    return sqrt(3) * spec.voltage * spec.ampacity / base_va


@kernel
def supply_loss_w(power_w, rating_w, share):
    """Loss [W] of a supply line that loses ``share`` of ``rating_w`` when it carries its rating."""
    return share * power_w * power_w / rating_w
