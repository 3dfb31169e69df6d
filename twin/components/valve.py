"""Control valves of equal percentage, and the lumped resistance of whatever is rated by a flow at 1 bar.

    drop = 1 bar (Q/Kv)^2 rho/(1000 kg/m3)  [1],  so  drop = k m^2 with k = 100/(rho Kv^2), Kv in m3/s at 1 bar

    valve at position x:  Kv = Kvs R^(x - 1),   R the rangeability

The law itself never closes. Over the first 1/R of the stroke a straight line joins it to the flow of the closed valve:
``leakage`` Kvs, none if not given. Quick disconnects, filters and strainers are rated by Kv too: in series their k
add; n of them in parallel have k/n^2. A dirty filter is its k times a factor. The stem moves at constant speed. Check
valves have no part here: no pump and no branch lets water back.

[1] IEC 60534-2-1, flow capacity of control valves.
"""

from math import inf, log, sqrt
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec, VolumeFlow

_BAR_PA, _RATED_KG_M3 = 1e5, 1000.0


class ValveSpec(Spec):
    """A two-way control valve of equal percentage with its drive."""

    kvs: VolumeFlow = Field(gt=0)
    """Flow of water at 1 bar when fully open (Kvs)."""
    rangeability: Ratio = Field(default=50.0, gt=1)
    """Flow when fully open over flow where the law of equal percentage ends."""
    travel: Duration = Field(default=60.0, gt=0)
    """Time for the full stroke."""
    leakage: Ratio = 0.0
    """Flow when closed over flow when fully open, at equal drop."""

    @model_validator(mode="after")
    def _closes(self) -> "ValveSpec":
        joined = self.rangeability ** (1.0 / self.rangeability - 1.0)
        if not self.leakage < joined:
            message = (
                f"a closed valve leaks less than it passes at the end of its law, {joined:.2%}, not {self.leakage:.2%}"
            )
            raise ValueError(message)
        return self


class ValveParams(NamedTuple):
    """Constants of each valve."""

    kvs_m3_s: Annotated[Vec, Var("m3 s-1", "flow of water at 1 bar, fully open")]
    rangeability: Annotated[Vec, Var("1", "flow fully open over the least of equal percentage")]
    travel_s: Annotated[Vec, Var("s", "time for the full stroke")]
    leakage: Annotated[Vec, Var("1", "flow closed over flow fully open")]


def params(specs: list[ValveSpec]) -> ValveParams:
    """Parameter arrays, one entry a valve."""
    return frozen(
        ValveParams,
        kvs_m3_s=[s.kvs for s in specs],
        rangeability=[s.rangeability for s in specs],
        travel_s=[s.travel for s in specs],
        leakage=[s.leakage for s in specs],
    )


@kernel
def rated_k_pa_s2_kg2(kv_m3_s, density_kg_m3):
    """Resistance k [Pa s2 kg-2] of a part rated by its flow of water at 1 bar [m3/s]; infinite where that is 0."""
    if kv_m3_s <= 0.0:
        return inf
    return _BAR_PA / (_RATED_KG_M3 * density_kg_m3 * kv_m3_s**2)


@kernel
def kv_m3_s(valve, i, position):
    """Flow [m3/s] of water at 1 bar through valve ``i`` at a position from 0, closed, to 1."""
    least = 1.0 / valve.rangeability[i]
    if position >= least:
        return valve.kvs_m3_s[i] * valve.rangeability[i] ** (min(position, 1.0) - 1.0)
    joined = valve.rangeability[i] ** (least - 1.0)
    closed = valve.leakage[i]
    return valve.kvs_m3_s[i] * (closed + (joined - closed) * max(position, 0.0) / least)


@kernel
def resistance_pa_s2_kg2(valve, i, position, density_kg_m3):
    """Resistance k [Pa s2 kg-2] of valve ``i`` at a position; infinite where it is closed."""
    return rated_k_pa_s2_kg2(kv_m3_s(valve, i, position), density_kg_m3)


@kernel
def position_for(valve, i, k_pa_s2_kg2, density_kg_m3):
    """Position at which valve ``i`` has a resistance [Pa s2 kg-2], by its law of equal percentage, from 1/R to 1."""
    wanted_m3_s = sqrt(_BAR_PA / (_RATED_KG_M3 * density_kg_m3 * k_pa_s2_kg2))
    share = max(wanted_m3_s / valve.kvs_m3_s[i], 1e-300)
    return min(1.0, max(1.0 / valve.rangeability[i], 1.0 + log(share) / log(valve.rangeability[i])))


@kernel
def moved(valve, i, position, asked, dt_s):
    """Position of valve ``i`` after ``dt_s`` on its way to the position it is asked for."""
    reach = dt_s / valve.travel_s[i]
    return min(max(min(max(asked, 0.0), 1.0), position - reach), position + reach)
