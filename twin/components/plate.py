"""Plate exchanger between facility water and condenser water: how free cooling reaches the halls.

Heat by `core.exchange`: counter-flow, conductance following both flows.
"""

from typing import Annotated, NamedTuple

from pydantic import Field

from twin.core.exchange import exchange_w_k
from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Conductance, Ratio, Spec


class PlateSpec(Spec):
    """The exchangers of one hall together."""

    ua: Conductance = Field(gt=0)
    """Conductance at both design flows, fouling included."""
    film_exponent: Ratio = Field(default=0.7, ge=0, le=1)


class PlateParams(NamedTuple):
    """Constants of the exchangers of each hall with towers."""

    ua_w_k: Annotated[Vec, Var("W K-1", "conductance at design flows")]
    film_exponent: Annotated[Vec, Var("1", "exponent of flow in the film coefficients")]


def params(specs: list[PlateSpec | None]) -> PlateParams:
    """Parameter arrays, one entry for each hall with towers; no exchanger is one that conducts nothing."""
    return frozen(
        PlateParams,
        ua_w_k=[s.ua if s else 0.0 for s in specs],
        film_exponent=[s.film_exponent if s else 0.0 for s in specs],
    )


@kernel
def heat_per_kelvin_w_k(plate, i, fouling, facility, condenser):
    """Heat per kelvin between the two waters entering [W/K]; each is its rate [W/K] and share of design flow.

    ``fouling`` is the share of its conductance the exchanger has lost [1].
    """
    return exchange_w_k((1.0 - fouling) * plate.ua_w_k[i], plate.film_exponent[i], facility, condenser)
