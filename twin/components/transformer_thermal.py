"""Top-oil and hot-spot temperature of an oil-filled transformer, and how fast its paper ages.

The exponential form of the loading guides [1, 2], for a load K (over rating) and an ambient held over the step:

    top oil     tau_o k11 dT_o/dt = T_a + dT_or ((1 + R K^2)/(1 + R))^x - T_o
    gradient    dT_h = dT_1 - dT_2,  hot spot T_h = T_o + dT_h
                k22 tau_w dT_1/dt       = k21 dT_hr K^y - dT_1
                (tau_o / k22) dT_2/dt   = (k21 - 1) dT_hr K^y - dT_2

Each is linear, so the step is its exact exponential. With k11 = k21 = k22 = 1, x = n and y = 2m it is clause 7 of
IEEE C57.91 at constant ambient; where the ambient moves, this form lets the oil's time constant delay it and C57.91
adds it at once. Ageing of thermally upgraded paper against 110 degC: F = exp(15000/383 - 15000/(T_h + 273)). [2]

The load is the current over that of the rating which the rises refer to: with forced cooling, the greater one.

Copper loses (235 + T_w)/(235 + T_ref) of its nameplate loss [3]. The winding's mean T_w is taken half-way between top
oil and hot spot: at rating that is the mean rise of 65 K of the type test for both sets of the reference site (52 +
26/2, 50 + 30/2). Stray losses, which fall where copper's rise, are counted as copper's.

[1] IEC 60076-7:2018, as theoretical documentation of transformer-thermal-model (MPL-2.0) states it.
[2] IEEE C57.91-2011, clause 7.
[3] IEC 60076-1:2011, correction of load loss to the reference temperature.
"""

from math import exp
from typing import Annotated, NamedTuple

from pydantic import Field

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec, Temperature, TemperatureDifference

_COPPER_C = 235.0


class TransformerThermalSpec(Spec):
    """What the heat-run test and the loading guide say of a transformer."""

    top_oil_rise: TemperatureDifference = Field(gt=0)
    """Rise of the top oil over ambient at rating, at rest."""
    hot_spot_rise: TemperatureDifference = Field(gt=0)
    """Rise of the hot spot over the top oil at rating, at rest (hot-spot factor times winding gradient)."""
    loss_ratio: Ratio = Field(gt=0)
    """Load loss at rating over no-load loss, R."""
    oil_time: Duration = Field(gt=0)
    """Time constant of the oil."""
    winding_time: Duration = Field(gt=0)
    """Time constant of the winding."""
    oil_exponent: float = Field(gt=0)
    """x: 0.8 with natural air, 0.9 to 1 with forced cooling in C57.91 [1]."""
    winding_exponent: float = Field(gt=0)
    """y, twice the m of C57.91 [1]."""
    k11: float = Field(default=1.0, gt=0)
    """Share of the oil's time constant that the top oil has [1]."""
    k21: float = Field(default=1.0, ge=1)
    """Overshoot of the gradient before the oil follows; 1 is none [1]."""
    k22: float = Field(default=1.0, gt=0)
    """Speed of the oil's part of the gradient, slowness of the winding's [1]."""
    reference: Temperature = 85.0
    """Winding to which the nameplate's load loss refers: 85 degC of units with a rise of 65 K, 75 with 55 K [3]."""


class ThermalParams(NamedTuple):
    """Constants of each transformer type."""

    top_oil_rise_k: Annotated[Vec, Var("K", "top-oil rise at rating")]
    hot_spot_rise_k: Annotated[Vec, Var("K", "hot-spot rise over top oil at rating")]
    loss_ratio: Annotated[Vec, Var("1", "load loss over no-load loss")]
    oil_s: Annotated[Vec, Var("s", "time constant of the top oil, k11 tau_o")]
    winding_s: Annotated[Vec, Var("s", "time constant of the winding's part of the gradient, k22 tau_w")]
    return_s: Annotated[Vec, Var("s", "time constant of the oil's part of the gradient, tau_o / k22")]
    oil_exponent: Annotated[Vec, Var("1", "exponent of losses")]
    winding_exponent: Annotated[Vec, Var("1", "exponent of load")]
    overshoot: Annotated[Vec, Var("1", "k21")]
    reference_c: Annotated[Vec, Var("degC", "winding to which the load loss refers")]


class ThermalState(NamedTuple):
    """Temperatures of each transformer."""

    top_oil_c: Annotated[Vec, Var("degC", "top oil")]
    winding_k: Annotated[Vec, Var("K", "winding's part of the hot-spot gradient")]
    return_k: Annotated[Vec, Var("K", "oil's part of the gradient, which takes from it")]


def params(specs: list[TransformerThermalSpec]) -> ThermalParams:
    """Parameter arrays of the transformer types, in the order given."""
    return frozen(
        ThermalParams,
        top_oil_rise_k=[s.top_oil_rise for s in specs],
        hot_spot_rise_k=[s.hot_spot_rise for s in specs],
        loss_ratio=[s.loss_ratio for s in specs],
        oil_s=[s.k11 * s.oil_time for s in specs],
        winding_s=[s.k22 * s.winding_time for s in specs],
        return_s=[s.oil_time / s.k22 for s in specs],
        oil_exponent=[s.oil_exponent for s in specs],
        winding_exponent=[s.winding_exponent for s in specs],
        overshoot=[s.k21 for s in specs],
        reference_c=[s.reference for s in specs],
    )


@kernel
def advance(thermal, k, state, i, load, ambient_c, dt_s):
    """Advance transformer ``i`` of type ``k`` by ``dt_s`` (infinite: to rest); returns its hot spot [degC]."""
    losses = (1.0 + thermal.loss_ratio[k] * load * load) / (1.0 + thermal.loss_ratio[k])
    oil_c = ambient_c + thermal.top_oil_rise_k[k] * losses ** thermal.oil_exponent[k]
    gradient_k = thermal.hot_spot_rise_k[k] * load ** thermal.winding_exponent[k]
    winding_k, return_k = thermal.overshoot[k] * gradient_k, (thermal.overshoot[k] - 1.0) * gradient_k
    state.top_oil_c[i] = oil_c + (state.top_oil_c[i] - oil_c) * exp(-dt_s / thermal.oil_s[k])
    state.winding_k[i] = winding_k + (state.winding_k[i] - winding_k) * exp(-dt_s / thermal.winding_s[k])
    state.return_k[i] = return_k + (state.return_k[i] - return_k) * exp(-dt_s / thermal.return_s[k])
    return state.top_oil_c[i] + state.winding_k[i] - state.return_k[i]


@kernel
def ageing(hot_spot_c):
    """Speed at which insulation ages, over its speed at 110 degC [2]."""
    return exp(15000.0 / 383.0 - 15000.0 / (hot_spot_c + 273.0))


@kernel
def resistance(thermal, k, top_oil_c, hot_spot_c):
    """Resistance of the windings of type ``k`` over that of the nameplate."""
    return (_COPPER_C + 0.5 * (top_oil_c + hot_spot_c)) / (_COPPER_C + thermal.reference_c[k])
