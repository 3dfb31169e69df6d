"""How much of a load a network carries: the margin to voltage collapse, by bisection on a scale of all loads.

Beyond the greatest scale that has a power flow no voltage satisfies the loads. Close below it the lowest voltage falls
steeply: its bus is where the network gives in. [1]

[1] C. Taylor, Power System Voltage Stability, 1994, section 2.2.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec
from twin.network.radial import Loads

_CLOSE = 1e-4
_MOST = 1024.0


class Margin(NamedTuple):
    """The greatest multiple of the loads that has a power flow, and the lowest living bus there."""

    scale: float
    bus: int
    voltage_pu: float


def margin(loads: Loads, solve: Callable[[Loads], bool], voltage_pu: Vec) -> Margin:
    """The margin of ``loads``; ``solve`` finds a power flow into ``voltage_pu`` [n] and says whether there is one.

    Scale 0 and bus -1 where there is none however small the loads.
    """
    found = Margin(0.0, -1, float("nan"))
    low, high = 0.0, 1.0
    while high < _MOST:
        tried = _try(loads, high, solve, voltage_pu)
        if tried is None:
            break
        found, low, high = tried, high, 2.0 * high
    while high < _MOST and high - low > _CLOSE * high:
        middle = 0.5 * (low + high)
        tried = _try(loads, middle, solve, voltage_pu)
        if tried is None:
            high = middle
        else:
            found, low = tried, middle
    return found


def _try(loads: Loads, scale: float, solve: Callable[[Loads], bool], voltage_pu: Vec) -> Margin | None:
    if not solve(Loads(*(scale * part for part in loads))):
        return None
    living = np.where(voltage_pu > 0.0, voltage_pu, np.inf)
    bus = int(np.argmin(living))
    return Margin(scale, bus, float(living[bus]))


def said(load_mw: float, found: Margin, names: Sequence[str]) -> str:
    """Why there is no power flow, in words: "no solution for 331.2 MW; the network carries 0.93 of it, ..."."""
    if found.bus < 0:
        return f"no solution for {load_mw:.1f} MW, nor for any part of it"
    return (
        f"no solution for {load_mw:.1f} MW; the network carries {found.scale:.2f} of it, "
        f"the lowest bus there is {names[found.bus]} ({found.voltage_pu:.2f} pu)"
    )
