"""Pipe: plug flow with a wall that stores heat and insulation that loses it.

Water stands in parcels of equal mass on a grid that moves with it, the wall in as many fixed pieces. When a parcel's
mass has entered, all move on by one, so that a front arrives as sharp as it entered, whatever the step; only the
parcel at the inlet mixes what enters while it fills. Between moves each piece of wall sees the two parcels beside it
in proportion as one mass, and water, wall and air exchange heat by the exact exponential of two masses. What water
and wall lose and gain are the same joules, so the books close.

    film inside:  Nu = 0.023 Re^0.8 Pr^0.4 above Re 10^4 [1], 3.66 below 2300, straight in Re between
    to the air:   1/(UA) = ln(r_i/r_w)/(2 pi k L) + 1/(2 pi r_i h L),  r_i outside of the insulation, r_w of the wall

[1] F. Dittus, L. Boelter, Heat transfer in automobile radiators of the tubular type, Univ. Calif. Publ. Eng. 2 (1930).
"""

from math import exp, log, pi
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core import fluids
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen
from twin.core.numerics import propagators, square
from twin.core.quantity import Length, Spec, Temperature

_LAMINAR, _TURBULENT, _LAMINAR_NUSSELT = 2300.0, 1e4, 3.66


class PipeSpec(Spec):
    """A straight pipe of one diameter."""

    length: Length = Field(gt=0)
    inside: Length = Field(gt=0)
    """Inner diameter."""
    outside: Length = Field(gt=0)
    """Outer diameter of the wall."""
    insulation: Length = Field(default=0.0, ge=0)
    """Thickness."""
    insulation_w_m_k: float = Field(default=0.04, gt=0)
    """Conductivity [W/m/K]."""
    air_w_m2_k: float = Field(default=5.0, gt=0)
    """Film coefficient to the air, radiation included [W/m2/K]."""
    wall_kg_m3: float = Field(default=7850.0, gt=0)
    """Density of the wall; steel."""
    wall_j_kg_k: float = Field(default=480.0, gt=0)
    """Specific heat of the wall; steel."""
    water_at: Temperature = 30.0
    """Temperature at which the water's properties are taken."""
    parcels: int = Field(default=64, ge=2)

    @model_validator(mode="after")
    def _possible(self) -> "PipeSpec":
        if not self.outside > self.inside:
            raise ValueError(f"the outer diameter ({self.outside:g} m) must exceed the inner one ({self.inside:g} m)")
        return self


class PipeParams(NamedTuple):
    """Constants of each pipe."""

    parcels: Annotated[IVec, Var("1", "parcels, and pieces of wall")]
    parcel_kg: Annotated[Vec, Var("kg", "water of one parcel")]
    water_j_kg_k: Annotated[Vec, Var("J kg-1 K-1", "specific heat of the water")]
    wall_j_k: Annotated[Vec, Var("J K-1", "heat capacity of one piece of wall")]
    air_w_k: Annotated[Vec, Var("W K-1", "conductance from one piece of wall to the air")]
    reynolds_s_kg: Annotated[Vec, Var("s kg-1", "Reynolds number over flow")]
    film_w_k: Annotated[Vec, Var("W K-1", "conductance from water to one piece of wall over the Nusselt number")]
    prandtl: Annotated[Vec, Var("1", "Prandtl number")]


class PipeState(NamedTuple):
    """What stands in each pipe."""

    water_c: Annotated[Vec, Var("degC", "parcels from inlet to outlet, [pipe, parcel]")]
    wall_c: Annotated[Vec, Var("degC", "pieces of wall, [pipe, parcel]")]
    entered: Annotated[Vec, Var("1", "share of a parcel that has entered since the last move")]
    filling_c: Annotated[Vec, Var("degC", "mixed temperature of that share")]


def params(specs: list[PipeSpec]) -> PipeParams:
    """Parameter arrays of pipes with water in them."""
    water = [
        [
            float(of(fluids.WATER, s.water_at))
            for of in (fluids.density, fluids.specific_heat, fluids.viscosity, fluids.conductivity)
        ]
        for s in specs
    ]
    each = [s.length / s.parcels for s in specs]
    return frozen(
        PipeParams,
        parcels=[s.parcels for s in specs],
        parcel_kg=[w[0] * pi / 4 * s.inside**2 * dx for s, w, dx in zip(specs, water, each, strict=True)],
        water_j_kg_k=[w[1] for w in water],
        wall_j_k=[
            s.wall_kg_m3 * s.wall_j_kg_k * pi / 4 * (s.outside**2 - s.inside**2) * dx
            for s, dx in zip(specs, each, strict=True)
        ],
        air_w_k=[air_w_m_k(s) * dx for s, dx in zip(specs, each, strict=True)],
        reynolds_s_kg=[4 / (pi * s.inside * w[2]) for s, w in zip(specs, water, strict=True)],
        film_w_k=[w[3] * pi * dx for w, dx in zip(water, each, strict=True)],
        prandtl=[w[1] * w[2] / w[3] for w in water],
    )


def air_w_m_k(spec: PipeSpec) -> float:
    """Conductance from wall to air [W/m/K]."""
    wall, outer = spec.outside / 2, spec.outside / 2 + spec.insulation
    return 1 / (log(outer / wall) / (2 * pi * spec.insulation_w_m_k) + 1 / (2 * pi * outer * spec.air_w_m2_k))


def filled(specs: list[PipeSpec], water_c: Vec) -> PipeState:
    """Pipes at rest: water and wall at one temperature each."""
    most = max((s.parcels for s in specs), default=0)
    start = np.repeat(np.asarray(water_c, float)[:, None], most, axis=1)
    return PipeState(start.copy(), start.copy(), np.zeros(len(specs)), np.zeros(len(specs)))


@kernel
def nusselt(reynolds, prandtl):
    """Nusselt number of flow in a tube."""
    if reynolds <= _LAMINAR:
        return _LAMINAR_NUSSELT
    turbulent = 0.023 * max(reynolds, _TURBULENT) ** 0.8 * prandtl**0.4
    share = min(1.0, (reynolds - _LAMINAR) / (_TURBULENT - _LAMINAR))
    return _LAMINAR_NUSSELT + share * (turbulent - _LAMINAR_NUSSELT)


@kernel
def advance(pipe, state, i, flow_kg_s, entering_c, air_c, dt_s):
    """Advance pipe ``i``; returns the mean temperature of what leaves [degC] and the mean loss to the air [W].

    What leaves is what `leaving_c` told, while at most all parcels but one leave; without flow it is the last.
    """
    left_c = _move(pipe, state, i, flow_kg_s * dt_s, entering_c)
    return left_c, _exchange(pipe, state, i, flow_kg_s, air_c, dt_s) / dt_s


@kernel
def leaving_c(pipe, state, i, mass_kg):
    """Mean temperature [degC] of the next ``mass_kg`` to leave pipe ``i``, at most all its parcels but one."""
    n, water = pipe.parcels[i], state.water_c[i]
    left, total = mass_kg / pipe.parcel_kg[i], 0.0
    if left <= 0.0:
        return water[n - 1]
    k, here = n - 1, 1.0 - state.entered[i]
    while left > here and k > 0:
        total += here * water[k]
        left -= here
        k, here = k - 1, 1.0
    return (total + left * water[k]) / (mass_kg / pipe.parcel_kg[i])


@kernel
def fill(pipe, state, i, flow_kg_s, entering_c, air_c):
    """Put pipe ``i`` at rest with ``flow_kg_s`` entering at ``entering_c``; returns what leaves [degC] and loses [W].

    Each parcel is its wall's temperature but for the film between them, and loses to the air what passes both.
    """
    film_w_k = pipe.film_w_k[i] * nusselt(flow_kg_s * pipe.reynolds_s_kg[i], pipe.prandtl[i])
    series_w_k = 1.0 / (1.0 / film_w_k + 1.0 / pipe.air_w_k[i])
    rate_w_k = flow_kg_s * pipe.water_j_kg_k[i]
    fade = exp(-series_w_k / rate_w_k) if rate_w_k > 0.0 else 1.0
    above_k, state.entered[i], state.filling_c[i] = entering_c - air_c, 0.0, entering_c
    for k in range(pipe.parcels[i]):
        here = above_k * fade ** (k + 0.5)
        state.water_c[i, k] = air_c + here
        state.wall_c[i, k] = air_c + here * series_w_k / pipe.air_w_k[i]
    left = above_k * fade ** pipe.parcels[i]
    return air_c + left, rate_w_k * (above_k - left)


@kernel
def _move(pipe, state, i, mass_kg, entering_c):
    n, water = pipe.parcels[i], state.water_c[i]
    left, gone = mass_kg / pipe.parcel_kg[i], 0.0
    total = left
    if total <= 0.0:
        return water[n - 1]
    while left > 0.0:
        step = min(left, 1.0 - state.entered[i])
        before = state.entered[i]
        state.entered[i] = before + step
        state.filling_c[i] = (state.filling_c[i] * before + entering_c * step) / state.entered[i]
        gone += step * water[n - 1]
        left -= step
        if state.entered[i] >= 1.0 - 1e-12:
            for k in range(n - 1, 0, -1):
                water[k] = water[k - 1]
            water[0] = state.filling_c[i]
            state.entered[i] = 0.0
    return gone / total


@kernel
def _exchange(pipe, state, i, flow_kg_s, air_c, dt_s):
    """Water, wall and air over ``dt_s``; returns the heat lost [J]. Parcels reach ``entered`` into the next piece."""
    n, water, wall, share = pipe.parcels[i], state.water_c[i], state.wall_c[i], state.entered[i]
    film_w_k = pipe.film_w_k[i] * nusselt(flow_kg_s * pipe.reynolds_s_kg[i], pipe.prandtl[i])
    parcel_j_k, wall_j_k, air_w_k = pipe.parcel_kg[i] * pipe.water_j_kg_k[i], pipe.wall_j_k[i], pipe.air_w_k[i]
    a, phi, gain, unused = square(2), square(2), square(2), square(2)
    a[0, 0], a[0, 1] = -film_w_k / parcel_j_k, film_w_k / parcel_j_k
    a[1, 0], a[1, 1] = film_w_k / wall_j_k, -(film_w_k + air_w_k) / wall_j_k
    propagators(a, dt_s, phi, gain, unused)
    lost_j = 0.0
    for k in range(n):
        behind_c = water[k - 1] if k > 0 else state.filling_c[i]
        behind, own, kept = behind_c - air_c, water[k] - air_c, wall[k] - air_c
        mixed = share * behind + (1.0 - share) * own
        # Linear: each of the two parcels changes by its own distance from the wall, together as their mixture does.
        behind_k, own_k = phi[0, 0] * behind + phi[0, 1] * kept - behind, phi[0, 0] * own + phi[0, 1] * kept - own
        wall[k] = air_c + phi[1, 0] * mixed + phi[1, 1] * kept
        lost_j += air_w_k * (gain[1, 0] * mixed + gain[1, 1] * kept)
        # A parcel lies in two pieces; the one that fills and the one that leaves are in one each.
        water[k] += own_k if k == n - 1 else (1.0 - share) * own_k
        if k > 0:
            water[k - 1] += share * behind_k
        elif share > 0.0:
            state.filling_c[i] += behind_k
    return lost_j


@kernel
def stored_j(pipe, state, i):
    """Heat in water and wall above 0 degC [J]; the last parcel is there but for what has left it."""
    n, parcel_j_k = pipe.parcels[i], pipe.parcel_kg[i] * pipe.water_j_kg_k[i]
    total = parcel_j_k * state.entered[i] * (state.filling_c[i] - state.water_c[i, n - 1])
    for k in range(n):
        total += parcel_j_k * state.water_c[i, k] + pipe.wall_j_k[i] * state.wall_c[i, k]
    return total
