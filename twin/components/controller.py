"""Sampled PI controllers in velocity form: clamped, limited in rate, with back-calculation against windup.

Every period T, from the error e (positive where the output must rise):

    v = v' + K (e - e') + K T/Ti e + T/Ti (u' - v')       what is wanted; a prime is the sample before
    u = v within lowest ... highest, and within slew T of u'

While the output is held, v is drawn to it with the integral time as its time constant [1], so that the output leaves
its limit as soon as the error turns. With T above Ti v is put on the output.

[1] K. Åström, T. Hägglund, Advanced PID Control, ISA 2006, sections 3.5 and 13.4.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, GainPerKelvin, GainPerPressure, Rate, Ratio, Spec


class ControllerSpec(Spec):
    """What every controller has; its gain is of the quantity it controls."""

    integral_time: Duration = Field(default=60.0, gt=0)
    period: Duration = Field(default=10.0, gt=0)
    """Time between two samples."""
    lowest: Ratio = 0.0
    """Least output: share of a valve's stroke, relative speed of a pump."""
    highest: Ratio = 1.0
    slew: Rate = Field(default=0.1, gt=0)
    """Change of the output in a second at most."""

    @model_validator(mode="after")
    def _ordered(self) -> "ControllerSpec":
        if not self.lowest < self.highest:
            raise ValueError(f"lowest ({self.lowest:g}) must be below highest ({self.highest:g})")
        return self


class TemperatureControllerSpec(ControllerSpec):
    """Holds a temperature."""

    gain: GainPerKelvin = Field(default=0.02, gt=0)


class PressureControllerSpec(ControllerSpec):
    """Holds a pressure drop."""

    gain: GainPerPressure = Field(gt=0)


class ControllerParams(NamedTuple):
    """Constants of each controller; its gain is in output over the unit of its error."""

    gain: Annotated[Vec, Var("1", "output over error, in its unit")]
    integral_s: Annotated[Vec, Var("s", "integral time")]
    period_s: Annotated[Vec, Var("s", "time between samples")]
    lowest: Annotated[Vec, Var("1", "least output")]
    highest: Annotated[Vec, Var("1", "greatest output")]
    slew_pu_s: Annotated[Vec, Var("s-1", "change of output in a second at most")]


class ControllerState(NamedTuple):
    """What each controller keeps from sample to sample."""

    output: Annotated[Vec, Var("1", "output")]
    wanted: Annotated[Vec, Var("1", "output without limits")]
    error: Annotated[Vec, Var("1", "last error, in its unit")]


def params(specs: Sequence[TemperatureControllerSpec | PressureControllerSpec]) -> ControllerParams:
    """Parameter arrays, one entry a controller."""
    return frozen(
        ControllerParams,
        gain=[s.gain for s in specs],
        integral_s=[s.integral_time for s in specs],
        period_s=[s.period for s in specs],
        lowest=[s.lowest for s in specs],
        highest=[s.highest for s in specs],
        slew_pu_s=[s.slew for s in specs],
    )


@kernel
def hold(state, i, output, error):
    """Begin, or take over from a hand, at an output and the error it leaves: the next sample goes on from there."""
    state.output[i] = state.wanted[i] = output
    state.error[i] = error


@kernel
def sample(controller, i, state, error):
    """Output of controller ``i`` after a sample of the error; to be called once a period."""
    period, before = controller.period_s[i], state.output[i]
    share = period / controller.integral_s[i]
    back = min(1.0, share) * (before - state.wanted[i])
    state.wanted[i] += controller.gain[i] * (error - state.error[i] + share * error) + back
    state.error[i] = error
    reach = period * controller.slew_pu_s[i]
    limited = min(max(state.wanted[i], controller.lowest[i]), controller.highest[i])
    state.output[i] = min(max(limited, before - reach), before + reach)
    return state.output[i]
