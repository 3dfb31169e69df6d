"""Motors behind contactors and drives: they drop out of a dip by their envelope and restart some time after it.

The envelope is that of `ride_through`: a contactor opens below 50 to 60 % for more than 50 ms, a drive trips on its DC
link below about 65 % after 10 to 50 ms, a chiller's controls below 80 % after a second. Once out, a machine waits for
its restart time with healthy voltage, and begins to wait anew when the voltage leaves the bands meanwhile. Restart
times may differ from machine to machine, so that they come back one after the other. [1]

[1] IEEE 1668-2017 for the classes; the figures are estimates of the site's parts.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.core.jit import kernel
from twin.core.layout import Var, Vec


class DropoutState(NamedTuple):
    """Whether each machine is out, and until when."""

    out: Annotated[Vec, Var("1", "1 while the machine is out")]
    wait_s: Annotated[Vec, Var("s", "healthy time until it restarts")]


def new_state(machines: int) -> DropoutState:
    """Machines that are in."""
    return DropoutState(np.zeros(machines), np.zeros(machines))


@kernel(bare=True)
def advance(state, i, lost, healthy, restart_s, dt_s):
    """Advance machine ``i`` by ``dt_s``: ``lost`` says that its envelope dropped it, ``healthy`` that voltage is fine.

    Returns whether it is out.
    """
    if lost:
        state.out[i], state.wait_s[i] = 1.0, restart_s
    elif state.out[i] > 0.0:
        state.wait_s[i] = state.wait_s[i] - dt_s if healthy else restart_s
        if state.wait_s[i] <= 1e-9:
            state.out[i] = 0.0
    return state.out[i] > 0.0
