"""A mixed volume with through-flow: one temperature, exact first-order step.

    C dT/dt = w (T_in - T) + P,  w the flow's rate of heat per kelvin

With x = w dt/C and what enters held over the step, T moves by the share 1 - exp(-x) of the way to T_in + P/w, and the
mean of T over the step, at which the water leaves, lies the share 1 - (1 - exp(-x))/x of that way. Both are written
with w dt/C before the division by w, so that still water needs no case of its own. What is stored,
C (T' - T), equals what enters less what leaves, dt (w (T_in - mean) + P), whatever the step.
"""

from math import expm1

from twin.core.jit import kernel

_SERIES_BELOW, _TERMS = 0.1, 12


@kernel
def _shares(x):
    """(1 - exp(-x))/x, and (1 - that)/x, without loss of digits where x is small."""
    if x < _SERIES_BELOW:
        first = second = 0.0
        term = 1.0
        for n in range(1, _TERMS):
            first += term / n
            second += term / (n * (n + 1))
            term *= -x / n
        return first, second
    first = -expm1(-x) / x
    return first, (1.0 - first) / x


@kernel
def advance(state_c, flow_w_k, capacity_j_k, inlet_mean_c, source_w, dt_s):
    """Temperature [degC] after ``dt_s`` and mean outlet temperature [degC] over it.

    From temperature [degC], rate of the flow [W/K], heat capacity [J/K], mean inlet temperature [degC] and heat into
    the volume [W]. With an infinite ``dt_s`` both are what they settle to, if water flows.
    """
    x = flow_w_k * dt_s / capacity_j_k
    if x == float("inf"):
        rest = inlet_mean_c + source_w / flow_w_k
        return rest, rest
    first, second = _shares(x)
    # In kelvin: what the step's inlet and source would do to the volume if nothing left it.
    push = x * (inlet_mean_c - state_c) + source_w * dt_s / capacity_j_k
    return state_c + push * first, state_c + push * second
