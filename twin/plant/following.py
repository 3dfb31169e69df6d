"""How racks follow their caps below a second, on top of their waves (`waves`).

A cap that arrives with a second shows its way step by step: what the old cap let the boards draw more goes down or up
by the measured course, whose mean over the second is in the second's heat already. So

    dp(t) = (P_0 - P_1) (m(t) - k)

with the share m that is missing of the way, and its mean k (`cap_dynamics`). Work that steps up under a cap that is
there already overshoots it for a while: boards that want more than their cap since less than ``spike_s`` draw ``spike``
times the cap, or what they want. The second's mean stays that of its heat: what they draw more then, they draw less in
the rest.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.core import cap_dynamics
from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec


class Following(NamedTuple):
    """What caps do to the wave of each rack in one second. Of its parts: boards that their caps hold."""

    dynamics: cap_dynamics.CapDynamicsParams
    kind: Annotated[IVec, Var("1", "GPU type of each rack")]
    course: Annotated[Vec, Var("1", "share missing of a change less its mean in each step, [type, down and up, step]")]
    change_w: Annotated[Vec, Var("W", "what old caps let each rack draw more than new ones, by way, [rack, 2]")]
    cap_w: Annotated[Vec, Var("W", "cap of the boards of each part, 0 where none can overshoot")]
    want_w: Annotated[Vec, Var("W", "what they want at no activity")]
    want_slope_w: Annotated[Vec, Var("W", "what they want more at full activity")]
    wave_w: Annotated[Vec, Var("W", "what of the wave they draw at no activity")]
    wave_slope_w: Annotated[Vec, Var("W", "what of the wave they draw more at full activity")]
    since_s: Annotated[Vec, Var("s", "how long they have wanted more than their cap")]


def room(dynamics: cap_dynamics.CapDynamicsParams, kind: IVec, servers: int, steps: int) -> Following:
    """Work space for racks of these GPU types, so many servers, and a second of ``steps``."""
    types, at = len(dynamics.late), np.arange(steps + 1) / steps
    course = np.zeros((types, 2, steps))
    for k in range(types):
        for step in range(steps):
            course[k, cap_dynamics.DOWN, step] = cap_dynamics.mean_w(dynamics, k, 1.0, 0.0, at[step], at[step + 1])
            course[k, cap_dynamics.UP, step] = 1.0 - cap_dynamics.mean_w(dynamics, k, 0.0, 1.0, at[step], at[step + 1])
    return Following(
        dynamics, kind, course - dynamics.late[:, :, None], np.zeros((kind.size, 2)),
        *(np.zeros(servers) for _ in range(6)),
    )  # fmt: skip


@kernel(inline=True)
def clear_part(following, q):
    """Before the servers of part ``q`` are added."""
    following.cap_w[q], following.want_w[q], following.want_slope_w[q] = 0.0, 0.0, 0.0
    following.wave_w[q], following.wave_slope_w[q], following.since_s[q] = 0.0, 0.0, 0.0


@kernel
def add_server(following, q, cap_w, want_w, want_slope_w, gpu_w):
    """Add a server to part ``q``, whose boards drew ``gpu_w`` on mean under ``cap_w`` [W, of all its boards]."""
    following.cap_w[q] += cap_w
    following.want_w[q] += want_w
    following.want_slope_w[q] += want_slope_w
    following.wave_w[q] += min(want_w, gpu_w)
    following.wave_slope_w[q] += max(0.0, gpu_w - want_w)


@kernel(inline=True)
def overshoot_w(following, r, q, activity, dt_s):
    """What part ``q`` of rack ``r`` draws above its wave in the next step, of ``dt_s``, at ``activity``."""
    cap_w, want_w = following.cap_w[q], following.want_w[q] + following.want_slope_w[q] * activity
    if want_w <= cap_w or cap_w <= 0.0:
        following.since_s[q] = 0.0
        return 0.0
    left_s = following.dynamics.spike_s[following.kind[r]] - following.since_s[q]
    following.since_s[q] += dt_s
    if left_s <= 0.0:
        return 0.0
    peak_w = cap_dynamics.spike_w(following.dynamics, following.kind[r], want_w, cap_w, 0.0)
    above_w = peak_w - following.wave_w[q] - following.wave_slope_w[q] * activity
    return max(0.0, above_w) * min(1.0, left_s / dt_s)


@kernel(inline=True)
def way_w(following, r, k):
    """What rack ``r`` draws more than its wave in step ``k``, on the way from old caps to new ones [W]."""
    course, change_w = following.course[following.kind[r]], following.change_w[r]
    return change_w[0] * course[0, k] + change_w[1] * course[1, k]
