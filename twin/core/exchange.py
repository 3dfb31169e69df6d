"""Counter-flow heat exchange by effectiveness and number of transfer units (NTU).

Q = effectiveness C_min (T_hot,in - T_cold,in) with NTU = UA/C_min [1]. The conductance follows both flows through the
film coefficients, 1/UA = 1/hA_1 + 1/hA_2 with hA ~ m^n and equal halves at design.

[1] F. Incropera, D. DeWitt, T. Bergman, A. Lavine, Fundamentals of Heat and Mass Transfer, table 11.3.
"""

from math import exp, expm1, log

from twin.core.jit import kernel


@kernel
def effectiveness(ntu, ratio):
    """Counter-flow effectiveness [1] from NTU [1] and the ratio of heat capacity rates, 0 to 1 [1]."""
    if abs(1.0 - ratio) < 1e-6:
        return ntu / (1.0 + ntu)
    fade = exp(-ntu * (1.0 - ratio))
    return (1.0 - fade) / (1.0 - ratio * fade)


@kernel
def ntu_needed(reach, ratio):
    """NTU [1] of a counter-flow exchanger of effectiveness ``reach`` [1]: the inverse of `effectiveness`."""
    if abs(1.0 - ratio) < 1e-6:
        return reach / (1.0 - reach)
    return log((1.0 - reach * ratio) / (1.0 - reach)) / (1.0 - ratio)


@kernel
def conductance_w_k(ua_w_k, exponent, first_share, second_share):
    """UA [W/K] at shares of the two design flows."""
    if first_share <= 0.0 or second_share <= 0.0:
        return 0.0
    return 2.0 * ua_w_k / (first_share**-exponent + second_share**-exponent)


@kernel
def exchange_w_k(ua_w_k, exponent, first, second):
    """K = effectiveness times the lesser heat capacity rate [W/K], so that Q = K (T_hot,in - T_cold,in).

    Each stream is its heat capacity rate [W/K] and its share of design flow; 0 where either stands still.
    """
    least, most = min(first[0], second[0]), max(first[0], second[0])
    if least <= 0.0:
        return 0.0
    ua = conductance_w_k(ua_w_k, exponent, first[1], second[1])
    return least * effectiveness(ua / least, least / most)


@kernel
def crossflow_effectiveness(ntu, ratio):
    """Cross-flow effectiveness [1], both streams unmixed, from NTU [1] and the ratio of heat capacity rates [1].

    The usual closed form [1, table 11.3], by which EnergyPlus rates coils too; within 3 % of the exact series.
    """
    if ratio <= 0.0:
        return 1.0 - exp(-ntu)
    return 1.0 - exp(expm1(-(ntu**0.78) * ratio) * ntu**0.22 / ratio)
