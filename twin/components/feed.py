"""The utility's connection: a voltage behind the grid's short-circuit impedance, and the limit on what is drawn.

|Z| = S_base/S_sc with the given X/R; what the site draws is metered behind it, at the point of
interconnection. Solvability of one load behind one impedance has a closed form [1]:

    V2^2 = a + sqrt(a^2 - |Z|^2 |S|^2),   a = V1^2/2 - (R P + X Q)

[1] C. Taylor, Power System Voltage Stability, 1994, section 2.2.
"""

from math import sqrt

from pydantic import Field

from twin.core.jit import kernel
from twin.core.quantity import ApparentPower, Frequency, PerUnit, Power, Spec, Voltage


class FeedSpec(Spec):
    """The point of interconnection."""

    voltage: Voltage = Field(gt=0)
    source: PerUnit = Field(default=1.02, gt=0.5, lt=1.5)
    """Voltage behind the grid's impedance."""
    limit: Power = Field(gt=0)
    """Power the contract allows."""
    short_circuit: ApparentPower = Field(gt=0)
    x_r: float = Field(gt=0)
    """Reactance over resistance of the grid."""
    frequency: Frequency = Field(default=60.0, gt=0)


def impedance_pu(short_circuit_va: float, x_r: float, base_va: float) -> complex:
    """The grid's impedance on ``base_va``."""
    z = base_va / short_circuit_va
    r = z / sqrt(1 + x_r**2)
    return complex(r, x_r * r)


@kernel
def two_bus_voltage(v1, r, x, p, q):
    """Voltage [pu] at a constant-power load behind an impedance; NaN where none exists (collapse)."""
    a = v1 * v1 / 2.0 - (r * p + x * q)
    under = a * a - (r * r + x * x) * (p * p + q * q)
    return sqrt(a + sqrt(under)) if under >= 0.0 and a > 0.0 else float("nan")


def most_power_pu(v1: float, r: float, x: float) -> float:
    """Greatest power [pu] at unit power factor that the connection carries."""
    z = sqrt(r * r + x * x)
    return v1 * v1 / (2 * (r + z))
