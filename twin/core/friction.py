"""Friction in round pipes: pressure drop, and the same as a lumped resistance k with drop = k m |m|.

    drop = (f L/D + K) rho v^2/2,   Re = 4 m/(pi D mu)
    laminar, Re < 2040:     f = 64/Re
    turbulent, Re > 4000:   1/sqrt(f) = -2 log10(e/(3.7 D) + 2.51/(Re sqrt(f)))   (Colebrook and White [1])
    between:                the cubic in Re that has both ends' value and slope

With F = (ln 10/2)/sqrt(f) the turbulent law reads F + ln(a + F) = b; two steps of third order from an explicit
guess leave 1e-12 of it [2].

[1] C. Colebrook, Turbulent flow in pipes, J. Inst. Civ. Eng. 11 (1939) 133.
[2] D. Clamond, Efficient resolution of the Colebrook equation, Ind. Eng. Chem. Res. 48 (2009) 3665.
"""

from math import log, pi

from twin.core.jit import kernel

_LAMINAR, _TURBULENT, _LEAST_REYNOLDS = 2040.0, 4000.0, 1.0
_HALF_LN_10 = 0.5 * log(10.0)
_SMOOTH = _HALF_LN_10 / 2.51


@kernel
def _colebrook(reynolds, relative_roughness):
    """F of the module's words."""
    a = relative_roughness / 3.7 * reynolds * _SMOOTH
    b = log(reynolds * _SMOOTH)
    f = b - 0.2
    for _ in range(2):
        off = (log(a + f) + f - b) / (1.0 + a + f)
        f -= (1.0 + a + f + 0.5 * off) * off * (a + f) / (1.0 + a + f + off * (1.0 + off / 3.0))
    return f


@kernel
def friction_factor(reynolds, relative_roughness):
    """Darcy's friction factor; infinite where nothing flows."""
    if reynolds < _LAMINAR:
        return 64.0 / reynolds if reynolds > 0.0 else float("inf")
    if reynolds > _TURBULENT:
        return (_HALF_LN_10 / _colebrook(reynolds, relative_roughness)) ** 2
    span = _TURBULENT - _LAMINAR
    at = (reynolds - _LAMINAR) / span
    low, low_slope = 64.0 / _LAMINAR, -64.0 / _LAMINAR**2
    end = _colebrook(_TURBULENT, relative_roughness)
    high = (_HALF_LN_10 / end) ** 2
    a = relative_roughness / 3.7 * _TURBULENT * _SMOOTH
    # From F + ln(a + F) = b, where a grows as Re and b as ln Re.
    end_slope = end / (1.0 + a + end)
    high_slope = -2.0 * high / end * end_slope / _TURBULENT
    rise = high - low
    c2 = 3.0 * rise - span * (2.0 * low_slope + high_slope)
    c3 = span * (low_slope + high_slope) - 2.0 * rise
    return low + at * (span * low_slope + at * (c2 + at * c3))


@kernel
def pipe_k_pa_s2_kg2(flow_kg_s, density_kg_m3, viscosity_pa_s, length_m, inside_m, roughness_m, minor):
    """Lumped resistance [Pa s2 kg-2] at a flow; ``minor`` is the sum of loss coefficients. Held below Reynolds 1."""
    reynolds = max(_LEAST_REYNOLDS, 4.0 * abs(flow_kg_s) / (pi * inside_m * viscosity_pa_s))
    area = 0.25 * pi * inside_m**2
    loss = friction_factor(reynolds, roughness_m / inside_m) * length_m / inside_m + minor
    return loss / (2.0 * density_kg_m3 * area**2)


@kernel
def pipe_drop_pa(flow_kg_s, density_kg_m3, viscosity_pa_s, length_m, inside_m, roughness_m, minor):
    """Pressure drop [Pa] at a flow [kg/s], of the flow's sign."""
    k = pipe_k_pa_s2_kg2(flow_kg_s, density_kg_m3, viscosity_pa_s, length_m, inside_m, roughness_m, minor)
    return k * flow_kg_s * abs(flow_kg_s)
