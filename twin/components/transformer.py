"""Two-winding transformer: impedance, no-load loss and load loss as a T circuit, per unit.

The series impedance z = u_r + j sqrt(u_k^2 - u_r^2) stands in two halves around the magnetising branch
y = P0/S - j sqrt(i0^2 - (P0/S)^2); a wye-delta change turns the T into an exact pi, so that a radial sweep
needs no bus in the middle. Losses of the nameplate: P = P0 V^2 + Pk (S/Sr)^2. [1]

[1] IEC 60076-1:2011, terms; pandapower 3.3.3 documentation of its transformer element for the T model.
"""

from math import sqrt
from typing import NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.quantity import ApparentPower, Power, Ratio, Spec, Voltage


class TransformerSpec(Spec):
    """A transformer type."""

    rating: ApparentPower = Field(gt=0)
    """Rating that the per-unit figures refer to."""
    most: ApparentPower | None = Field(default=None, gt=0)
    """Rating with forced cooling, where it has one: what loading is judged by."""
    high: Voltage = Field(gt=0)
    low: Voltage = Field(gt=0)
    impedance: Ratio = Field(gt=0, lt=1)
    """Short-circuit voltage u_k."""
    load_loss: Power = Field(ge=0)
    """Copper loss P_k at ``rating``."""
    no_load_loss: Power = Field(ge=0)
    """Iron loss P_0 at rated voltage."""
    magnetising: Ratio = Field(ge=0, lt=1)
    """No-load current i_0."""

    @model_validator(mode="after")
    def _possible(self) -> "TransformerSpec":
        # Compared as the ratios that `pi` squares, so that what passes here has a real root there.
        copper, iron = self.load_loss / self.rating, self.no_load_loss / self.rating
        if copper > self.impedance:
            raise ValueError(f"a load loss of {self.load_loss:g} W needs an impedance above {copper:.3%}")
        if iron > self.magnetising:
            raise ValueError(f"a no-load loss of {self.no_load_loss:g} W needs a magnetising current above {iron:.3%}")
        return self


class Pi(NamedTuple):
    """A series impedance with a shunt at either end, per unit."""

    series: complex
    shunt: complex


def pi(spec: TransformerSpec, base_va: float) -> Pi:
    """The exact pi of the transformer's T circuit on ``base_va``."""
    resistance = spec.load_loss / spec.rating
    series = complex(resistance, sqrt(spec.impedance**2 - resistance**2)) * base_va / spec.rating
    iron = spec.no_load_loss / spec.rating
    shunt = complex(iron, -sqrt(spec.magnetising**2 - iron**2)) * spec.rating / base_va
    return Pi(series * (1 + series * shunt / 4), shunt / 2 / (1 + series * shunt / 4))


@kernel
def loss_w(no_load_loss_w, load_loss_w, load):
    """Loss [W] at rated voltage and ``load`` over the rating."""
    return no_load_loss_w + load_loss_w * load * load


@kernel
def efficiency(no_load_loss_w, load_loss_w, rating_va, load):
    """Power out over power in at unit power factor and ``load`` over the rating."""
    out = load * rating_va
    return out / (out + loss_w(no_load_loss_w, load_loss_w, load))
