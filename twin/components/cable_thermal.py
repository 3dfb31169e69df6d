"""Temperature of a cable's conductor over what surrounds it, and the resistance that follows from it.

One mass, heated by the square of the current K over the ampacity, which is the current that holds the conductor at its
limit in surroundings of T_s [1]:

    tau dT/dt = T_a + (T_limit - T_s) K^2 - T

Linear, so a step with constant current is its exact exponential. That a warmer conductor loses more at the same current
is left out of the rise (a few percent of it), not of the losses: R(T) = R(T_r) (T_0 + T) / (T_0 + T_r), where metals
would lose their resistance at -T_0: 234.5 degC for copper, 228.1 degC for aluminium [2].

[1] J. H. Neher, M. H. McGrath, The calculation of the temperature rise and load capability of cable systems, AIEE
    Trans. 76 (1957) 752. Time constants of half an hour to two hours are usual for cables in ducts.
[2] IEC 60287-1-1, table 1: 0.00393 and 0.00403 per kelvin at 20 degC.
"""

from math import exp
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Spec, Temperature

_ZERO_C = {"copper": 1 / 0.00393 - 20.0, "aluminium": 1 / 0.00403 - 20.0}


class CableThermalSpec(Spec):
    """What the ampacity of a cable rests on, and how fast it warms."""

    metal: Literal["copper", "aluminium"]
    limit: Temperature
    """Conductor at the ampacity, for which its insulation is made."""
    surroundings: Temperature
    """Ground or air for which the ampacity is quoted."""
    emergency: Temperature
    """Conductor allowed for some hours."""
    time: Duration = Field(gt=0)
    """Time constant."""
    reference: Temperature
    """Conductor to which the resistance refers."""

    @model_validator(mode="after")
    def _ordered(self) -> "CableThermalSpec":
        if not self.surroundings < self.limit <= self.emergency:
            raise ValueError(
                f"the surroundings ({self.surroundings:g} degC) must be colder than the conductor at its limit "
                f"({self.limit:g} degC), and that not above its emergency limit ({self.emergency:g} degC)"
            )
        return self


class CableThermalParams(NamedTuple):
    """Constants of each cable type."""

    rise_k: Annotated[Vec, Var("K", "rise of the conductor at its ampacity")]
    time_s: Annotated[Vec, Var("s", "time constant")]
    limit_c: Annotated[Vec, Var("degC", "conductor at the ampacity")]
    emergency_c: Annotated[Vec, Var("degC", "conductor allowed for some hours")]
    zero_c: Annotated[Vec, Var("degC", "below zero, where the metal would have no resistance")]
    reference_c: Annotated[Vec, Var("degC", "conductor to which the resistance refers")]


def params(specs: list[CableThermalSpec]) -> CableThermalParams:
    """Parameter arrays of the cable types, in the order given."""
    return frozen(
        CableThermalParams,
        rise_k=[s.limit - s.surroundings for s in specs],
        time_s=[s.time for s in specs],
        limit_c=[s.limit for s in specs],
        emergency_c=[s.emergency for s in specs],
        zero_c=[_ZERO_C[s.metal] for s in specs],
        reference_c=[s.reference for s in specs],
    )


@kernel
def advance(cables, k, conductor_c, square, ambient_c, dt_s):
    """Conductor [degC] of a cable of type ``k`` after ``dt_s`` (infinite: at rest).

    ``square`` is the mean square of the current over the ampacity.
    """
    rest_c = ambient_c + cables.rise_k[k] * square
    return rest_c + (conductor_c - rest_c) * exp(-dt_s / cables.time_s[k])


@kernel
def resistance(cables, k, conductor_c):
    """Resistance over that at the reference temperature."""
    return (cables.zero_c[k] + conductor_c) / (cables.zero_c[k] + cables.reference_c[k])
