"""Speed of boards under caps as an operator knows it, and its concave hull: what a watt more or less is worth.

The table of a GPU type (`core.speed`) gives the share of speed lost by natural power and limit. A board at its natural
power needs no cap and loses nothing; just below, it loses what being capped at all costs, since power varies within
the second. So speed over power has steps and bends both ways. Its *concave hull*, the least concave curve above it, is
what many such boards can reach together: one stands at the one end of a chord, the next at the other. Where the hull
touches the curve between two ends the chord has no *gap*, and boards may stand anywhere on it.

Curves are kept for natural powers a thousandth of the rating apart, less than the quantum of a cap; shares are of
natural power.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.control.policy import Fleet
from twin.core.layout import IVec, Vec

BINS = 1000
_FLAT, _TOUCH = 1e-12, 1e-9


def speed_under(fleet: Fleet, natural_w: Vec, cap_w: Vec) -> Vec:
    """Share of its speed that a GPU of each server keeps under ``cap_w``, as the plant counts it."""
    free = cap_w >= natural_w
    natural, limit = np.minimum(natural_w / fleet.gpu_max_w, 1.0), np.minimum(cap_w / fleet.gpu_max_w, 1.0)
    return np.where(free, 1.0, 1.0 - _lost(fleet.lost, fleet.kind, natural, limit))


def _lost(lost: Vec, kind: IVec, natural: Vec, limit: Vec) -> Vec:
    """Share of speed lost by ``natural`` power and ``limit``, both over the rating: linear between points."""
    x, y = natural * (lost.shape[1] - 1), limit * (lost.shape[2] - 1)
    i, j = np.minimum(x.astype(int), lost.shape[1] - 2), np.minimum(y.astype(int), lost.shape[2] - 2)
    x, y = x - i, y - j
    low = lost[kind, i, j] * (1 - y) + lost[kind, i, j + 1] * y
    high = lost[kind, i + 1, j] * (1 - y) + lost[kind, i + 1, j + 1] * y
    return low * (1 - x) + high * x


def power_at(fleet: Fleet, natural_w: Vec, speed: Vec, own: IVec) -> Vec:
    """Least power of a GPU of each of the servers ``own`` that keeps ``speed``, at least its least cap [W].

    ``natural_w`` is of all servers; who cannot keep so much under any cap is given natural power.
    """
    kind, top_w, natural_w = fleet.kind[own], fleet.gpu_max_w[own], natural_w[own]
    x = np.minimum(natural_w / top_w, 1.0) * (fleet.lost.shape[1] - 1)
    i = np.minimum(x.astype(int), fleet.lost.shape[1] - 2)
    x, steps = x - i, fleet.lost.shape[2] - 1

    def kept(limit: IVec) -> Vec:
        less, more = fleet.lost[kind, i, limit], fleet.lost[kind, i + 1, limit]
        return np.asarray(1.0 - (less + x * (more - less)))

    below, above = np.zeros(x.size, int), np.full(x.size, steps)
    for _ in range(int(np.ceil(np.log2(steps)))):
        middle = (below + above) // 2
        short = kept(middle) < speed - _FLAT
        below, above = np.where(short, middle, below), np.where(short, above, middle)
    slow, fast = kept(below), kept(above)
    part = np.clip(np.divide(speed - slow, fast - slow, out=np.ones(x.size), where=fast - slow > _FLAT), 0.0, 1.0)
    limit_w = top_w * (below + part * (above - below)) / steps
    return np.minimum(np.maximum(limit_w, fleet.gpu_min_cap_w[own]), natural_w)


class Curves(NamedTuple):
    """Speed over share of natural power, from the least cap on: rows by type and natural power, `row`."""

    share: Vec  # [row, point]: points of the curve, rising; the last two are at natural power with and without a cap
    speed: Vec
    hull_share: Vec  # [row, vertex]: those of the hull, the last one repeated
    hull_speed: Vec
    gap: NDArray[np.bool_]  # [row, chord]: whether the curve lies below the hull within a chord

    def share_at(self, row: IVec, speed: Vec) -> Vec:
        """Least share of natural power at which the curves of ``row`` give ``speed``."""
        curve, share, each = self.speed[row], self.share[row], np.arange(len(row))
        high = np.minimum((curve < speed[:, None] - _FLAT).sum(axis=1), curve.shape[1] - 1)
        low = np.maximum(high - 1, 0)
        rise = curve[each, high] - curve[each, low]
        part = np.clip(np.divide(speed - curve[each, low], rise, out=np.ones(len(row)), where=rise > _FLAT), 0.0, 1.0)
        return share[each, low] + part * (share[each, high] - share[each, low])


def row_of(fleet: Fleet, natural_w: Vec) -> IVec:
    """Row of each server in `Curves`."""
    return fleet.kind * (BINS + 1) + np.clip(natural_w / fleet.gpu_max_w * BINS, 1.0, BINS).astype(int)


def curves_of(fleet: Fleet) -> Curves:
    """The curves of all types of a fleet."""
    kinds, least = len(fleet.kinds), np.ones(len(fleet.kinds))
    least[fleet.kind] = fleet.gpu_min_cap_w / fleet.gpu_max_w
    kind, natural = np.repeat(np.arange(kinds), BINS + 1), np.tile(np.arange(BINS + 1) / BINS, kinds)
    natural[natural == 0.0] = 1.0 / BINS
    even = np.linspace(0.0, 1.0, fleet.lost.shape[2])
    limit = np.clip(even, np.minimum(least[kind], natural)[:, None], natural[:, None])
    lost = _lost(fleet.lost, kind[:, None], np.broadcast_to(natural[:, None], limit.shape), limit)
    share = np.column_stack([limit / natural[:, None], np.ones(len(kind))])
    # Who wants no more than the least cap is never held back.
    lost[natural <= least[kind]] = 0.0
    speed = np.column_stack([1.0 - lost, np.ones(len(kind))])
    return Curves(share, speed, *_hull(share, speed))


def _hull(x: Vec, y: Vec) -> tuple[Vec, Vec, NDArray[np.bool_]]:
    """Vertices of the least concave curve above each row of points, and which of its chords leave the points below."""
    last, place = x.shape[1] - 1, np.arange(x.shape[1])
    at, own = np.zeros(len(x), np.int64), np.arange(len(x))
    vertices, gaps = [at.copy()], []
    while own.size:
        run, rise = x[own] - x[own, at[own]][:, None], y[own] - y[own, at[own]][:, None]
        slope = np.divide(rise, run, out=np.full(run.shape, -np.inf), where=run > _FLAT)
        best = slope.max(axis=1)
        # The farthest of the steepest; the last point where there is no power left to give.
        farthest = last - np.argmax((slope >= (best - _FLAT)[:, None])[:, ::-1], axis=1)
        to, steep = np.where(np.isfinite(best), farthest, last), np.where(np.isfinite(best), best, 0.0)
        between = (place > at[own][:, None]) & (place < to[:, None])
        gap = np.zeros(len(x), bool)
        gap[own] = (between & (steep[:, None] * run - rise > _TOUCH)).any(axis=1)
        at[own] = to
        gaps.append(gap)
        vertices.append(at.copy())
        own = own[to < last]
    where = np.array(vertices).T
    return np.take_along_axis(x, where, 1), np.take_along_axis(y, where, 1), np.array(gaps).T
