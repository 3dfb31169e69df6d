"""Heat exchange by effectiveness and number of transfer units (NTU), one function a flow arrangement.

Q = effectiveness C_min (T_hot,in - T_cold,in) with NTU = UA/C_min and ratio = C_min/C_max [1]. The conductance follows
both flows through the film coefficients, 1/UA = 1/hA_1 + 1/hA_2 with hA ~ m^n and equal halves at design.

Cross-flow of two unmixed streams has no closed form. The exact value is Mason's series [2]; the approximation in use
for coils and dry coolers [1, 3] is 1 to 3 % lower than it at NTU near 0.5 and 1 % higher near 2. Data of machines are
usually fitted with the approximation, and so is EnergyPlus: what is compared with those must use it.

[1] F. Incropera, D. DeWitt, T. Bergman, A. Lavine, Fundamentals of Heat and Mass Transfer, table 11.3.
[2] J. Mason, Heat transfer in cross flow, Proc. 2nd US National Congress of Applied Mechanics (1955) 801.
[3] EnergyPlus Engineering Reference, FluidCooler.
"""

from math import exp, expm1, log

from twin.core.jit import kernel

_EQUAL, _NONE = 1e-6, 1e-12
_MOST_TERMS = 400


@kernel
def effectiveness(ntu, ratio):
    """Counter-flow effectiveness [1] from NTU [1] and the ratio of heat capacity rates, 0 to 1 [1]."""
    if abs(1.0 - ratio) < _EQUAL:
        return ntu / (1.0 + ntu)
    fade = exp(-ntu * (1.0 - ratio))
    return (1.0 - fade) / (1.0 - ratio * fade)


@kernel
def ntu_needed(reach, ratio):
    """NTU [1] of a counter-flow exchanger of effectiveness ``reach`` [1]: the inverse of `effectiveness`."""
    if abs(1.0 - ratio) < _EQUAL:
        return reach / (1.0 - reach)
    return log((1.0 - reach * ratio) / (1.0 - reach)) / (1.0 - ratio)


@kernel
def parallel_flow(ntu, ratio):
    """Effectiveness [1] of streams side by side in one direction, arguments as in `effectiveness`."""
    return (1.0 - exp(-ntu * (1.0 + ratio))) / (1.0 + ratio)


@kernel
def cross_flow(ntu, ratio):
    """Effectiveness [1] of two unmixed streams that cross, exact [2], arguments as in `effectiveness`.

    NTU up to some hundreds: terms come and go like the probabilities of a Poisson count of mean NTU.
    """
    if ratio < _NONE or ntu < _NONE:
        return 1.0 - exp(-ntu)
    term, other = exp(-ntu), exp(-ratio * ntu)
    left, left_other, total = 1.0 - term, 1.0 - other, 0.0
    for n in range(1, _MOST_TERMS):
        total += left * left_other
        term *= ntu / n
        other *= ratio * ntu / n
        left -= term
        left_other -= other
        if left <= 0.0 or left_other <= 0.0:
            break
    return total / (ntu * ratio)


@kernel
def cross_flow_approximate(ntu, ratio):
    """The usual closed form [1, 3] in place of `cross_flow`, within 3 % of it; EnergyPlus rates coils by it too."""
    if ratio < _NONE or ntu < _NONE:
        return 1.0 - exp(-ntu)
    slow = ntu**0.22
    return 1.0 - exp(expm1(-ratio * ntu / slow) * slow / ratio)


@kernel
def cross_flow_least_mixed(ntu, ratio):
    """Effectiveness [1] where the stream of the lesser heat capacity rate is mixed, the other not."""
    if ratio < _NONE:
        return 1.0 - exp(-ntu)
    return 1.0 - exp(-(1.0 - exp(-ratio * ntu)) / ratio)


@kernel
def cross_flow_most_mixed(ntu, ratio):
    """Effectiveness [1] where the stream of the greater heat capacity rate is mixed, the other not."""
    if ratio < _NONE:
        return 1.0 - exp(-ntu)
    return (1.0 - exp(-ratio * (1.0 - exp(-ntu)))) / ratio


@kernel
def conductance_w_k(ua_w_k, exponent, first_share, second_share):
    """UA [W/K] at shares of the two design flows."""
    if first_share <= 0.0 or second_share <= 0.0:
        return 0.0
    return 2.0 * ua_w_k / (first_share**-exponent + second_share**-exponent)


@kernel
def exchange_w_k(ua_w_k, exponent, first, second):
    """K = effectiveness times the lesser heat capacity rate [W/K], so that Q = K (T_hot,in - T_cold,in).

    Counter-flow. Each stream is its heat capacity rate [W/K] and its share of design flow; 0 where either stands still.
    """
    least, most = min(first[0], second[0]), max(first[0], second[0])
    if least <= 0.0:
        return 0.0
    ua = conductance_w_k(ua_w_k, exponent, first[1], second[1])
    return least * effectiveness(ua / least, least / most)
