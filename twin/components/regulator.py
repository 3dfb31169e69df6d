"""What moves in steps to hold a value in a band: on-load tap changers, and capacitor banks that switch.

    value above target + deadband/2 for longer than the delay: one step that lowers it, and the delay begins anew
    value below target - deadband/2 for longer than the delay: one step that raises it, likewise

A step must be smaller than the deadband, or the regulator would hunt: a step then never leads from outside the band
past its other side. Between steps nothing moves; without a value (a dead bus) the delay begins anew. [1]

A tap changer sits on the high side: position n has the ratio 1 - n s, so that positive positions raise the low side.

[1] IEEE C57.131-2012 and C57.15, terms; bandwidth and time delay as of any voltage-regulating relay.
"""

from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, PerUnit, Ratio, ReactivePower, Spec


class TapSpec(Spec):
    """An on-load tap changer that holds the voltage of the low side."""

    steps: int = Field(default=16, gt=0)
    """Steps either way."""
    step: Ratio = Field(default=0.00625, gt=0)
    """Of one step, of the rated ratio."""
    deadband: Ratio = Field(default=0.02, gt=0)
    """Whole width of the band around the target."""
    delay: Duration = Field(default=30.0, ge=0)
    target: PerUnit = Field(default=1.0, gt=0.8, lt=1.2)

    @model_validator(mode="after")
    def _settles(self) -> "TapSpec":
        if self.steps * self.step >= 0.5:
            raise ValueError(f"{self.steps} steps of {self.step:.3%} are half the ratio or more")
        most = self.step / (1.0 - self.steps * self.step) * (self.target + self.deadband / 2)
        if self.deadband <= most:
            raise ValueError(
                f"a step moves the voltage by up to {most:.3%}, the deadband is {self.deadband:.3%}: it would hunt"
            )
        return self

    @property
    def regulator(self) -> "RegulatorSpec":
        """What it does, without what it is."""
        half = self.deadband / 2
        return RegulatorSpec(self.target, half, self.delay, -float(self.steps), float(self.steps), 1.0)


class VoltageControlSpec(Spec):
    """Capacitors that switch by the voltage of their bus."""

    voltage: PerUnit = Field(gt=0.8, lt=1.2)
    """Middle of the band."""
    deadband: Ratio = Field(gt=0)
    """Whole width of the band; wider than what a step lifts the voltage by."""
    delay: Duration = Field(ge=0)

    def regulator(self, steps: int) -> "RegulatorSpec":
        """What a bank of so many steps does."""
        return RegulatorSpec(self.voltage, self.deadband / 2, self.delay, 0.0, float(steps), 1.0)


class ReactiveControlSpec(Spec):
    """Capacitors that switch by the reactive power the site draws at the point of interconnection."""

    reactive: ReactivePower
    """Middle of the band; positive is drawn."""
    deadband: ReactivePower = Field(gt=0)
    """Whole width of the band; wider than a step."""
    delay: Duration = Field(ge=0)

    def regulator(self, steps: int) -> "RegulatorSpec":
        """What a bank of so many steps does."""
        return RegulatorSpec(self.reactive, self.deadband / 2, self.delay, 0.0, float(steps), -1.0)


class RegulatorSpec(NamedTuple):
    """What a tap changer and a bank of capacitors have in common."""

    target: float
    half: float
    delay_s: float
    least: float
    most: float
    sense: float


class RegulatorParams(NamedTuple):
    """Constants of each regulator; values in the unit of what it holds."""

    target: Annotated[Vec, Var("1", "middle of the band")]
    half: Annotated[Vec, Var("1", "half its width")]
    delay_s: Annotated[Vec, Var("s", "time outside the band before a step")]
    least: Annotated[Vec, Var("1", "lowest position")]
    most: Annotated[Vec, Var("1", "highest position")]
    sense: Annotated[Vec, Var("1", "1 where a step up raises the value, -1 where it lowers it")]


class RegulatorState(NamedTuple):
    """Where each regulator stands."""

    position: Annotated[Vec, Var("1", "position")]
    outside_s: Annotated[Vec, Var("s", "time outside the band, negative below it")]


def params(specs: list[RegulatorSpec]) -> RegulatorParams:
    """Parameter arrays of the regulators, in the order given."""
    return frozen(RegulatorParams, **{name: [getattr(s, name) for s in specs] for name in RegulatorParams._fields})


@kernel
def advance(regulators, i, state, value, dt_s):
    """Regulator ``i`` over ``dt_s`` with ``value`` (NaN: none) at its end; returns whether it stepped.

    At most one step: ``dt_s`` is to be shorter than the delay, or infinite for one step on the way to rest.
    """
    excess = value - regulators.target[i]
    side = 0.0
    if excess > regulators.half[i]:
        side = 1.0
    elif excess < -regulators.half[i]:
        side = -1.0
    if side * state.outside_s[i] <= 0.0:
        state.outside_s[i] = 0.0
    if side == 0.0:
        return False
    state.outside_s[i] += side * dt_s
    if abs(state.outside_s[i]) < regulators.delay_s[i]:
        return False
    before = state.position[i]
    state.outside_s[i] = 0.0
    state.position[i] = min(max(before - side * regulators.sense[i], regulators.least[i]), regulators.most[i])
    return state.position[i] != before


@kernel
def ratio(step, position):
    """Off-nominal ratio on the high side of a tap changer at ``position``."""
    return 1.0 - step * position
