"""Watts where they do most work, under every budget of a tree at once: exact on concave hulls.

    max sum_j W_j s_j + sum_i w_i U_i(p_i)   so that   sum of p_i under n <= B_n at every node n,   low_i <= p_i <= P_i

with P_i the natural power of servers i, U_i the hull of their speed (`speed_curves`), w_i what their full speed is
worth, and one speed s_j for all servers of a job that goes as fast as its slowest: each of them then needs the least
power that gives that speed, and the job is worth W_j, the sum over its servers. All curves are straight between
vertices, so that all comes down to pieces of so many watts that are worth so much each.

Budgets are nested. Where each piece lies below one chain of budgets that bind, keeping the best pieces at every node,
racks first, is optimal (greedy on a laminar family [1]). A job whose servers hang on several such chains ties them
together: then the speeds of such jobs are found by a linear program (HiGHS) and the rest is filled as before.

A hull is above the curve within a chord with a gap. Servers that go each at their own speed share such a chord as
mixed ends, all but one at a vertex. A job as a whole cannot: it goes at the speed its watts really give, or is moved
to one of the chord's ends and the others are filled anew, whatever does more work. So what is left of the hull is less
than one server's step a budget, and what jobs lose by not being divisible, 0.3 % of the work at most against a search
over all speeds of three jobs (tests).

Servers with the same curve below the same budgets are one cell: the cost grows with cells, hardly with servers.

[1] A. Federgruen, H. Groenevelt, The greedy procedure for resource allocation problems, Operations Research 34 (1986).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from twin.control.policies.cells import binding, cells_of
from twin.control.policies.speed_curves import Curves, row_of
from twin.control.policy import Fleet
from twin.core.layout import IVec, Vec

_CLOSE, _FLAT, _TRIALS = 1e-9, 1e-12, 3
_TIED = 1e-7  # of a budget, to which the linear program keeps it


class Pieces(NamedTuple):
    """Watts from vertex to vertex of one job, or of one cell of servers that go each at their own speed."""

    gain: Vec  # work for each watt
    watts: Vec  # [piece], or [group, piece] where a job is in several groups
    group: IVec
    job: IVec
    step: Vec  # of speed


class Together(NamedTuple):
    """A job at one speed: its cells, and its pieces from vertex to vertex."""

    own: IVec
    worth: float
    start: float  # speed at least caps
    step: Vec
    watts: Vec  # [group, piece]


class Filling:
    """One problem: budgets, servers and their curves."""

    def __init__(
        self, fleet: Fleet, curves: Curves, budget_w: Vec, natural_w: Vec, weight: Vec, together: IVec
    ) -> None:
        """``weight`` is what full speed of one GPU of a server is worth, ``together`` its job where that waits."""
        self.fleet, self.curves, self.natural_w = fleet, curves, natural_w
        drawn_w = fleet.gpus * natural_w
        self.budgets = binding(fleet.tree, budget_w, drawn_w)
        self.cells = cells_of(row_of(fleet, natural_w), together, self.budgets.group, drawn_w, fleet.gpus * weight)
        c = self.cells
        self._low = curves.hull_share[c.row, 0]
        held = c.group >= 0
        by_group = np.bincount(c.group[held], weights=(self._low * c.watts)[held], minlength=self.budgets.nodes.size)
        self._room_w = np.maximum(budget_w[self.budgets.nodes] - self._over(by_group.astype(float)), 0.0)
        self._jobs = {j: self._together(j) for j in np.unique(c.job[held & (c.job > 0)]).tolist()}
        self._straddling = [j for j, t in self._jobs.items() if (t.watts.sum(axis=1) > _FLAT).sum() > 1]
        self._alone = np.flatnonzero(held & (c.job == 0))
        self._pieces, self._speeds = self._sorted(), dict[int, Vec]()

    def _over(self, by_group: Vec) -> Vec:
        """What groups have together below each node."""
        # Not matrix products: BLAS would wake threads of its own beside the solver's.
        return np.array([by_group[own].sum(axis=0) for own in self.budgets.under])

    def _together(self, job: int) -> Together:
        c, v, groups = self.cells, self.curves, self.budgets.nodes.size
        own = np.flatnonzero((c.job == job) & (c.group >= 0))
        share, speed = v.hull_share[c.row[own]], v.hull_speed[c.row[own]]
        at = np.unique(speed)
        rise = np.diff(speed, axis=1)
        rate = np.where(rise > _FLAT, c.watts[own, None] * np.diff(share, axis=1) / np.maximum(rise, _FLAT), 0.0)
        rates = np.zeros((groups, at.size))
        group = np.broadcast_to(c.group[own, None], rate.shape)
        np.add.at(rates, (group, np.searchsorted(at, speed[:, :-1])), rate)
        np.subtract.at(rates, (group, np.searchsorted(at, speed[:, 1:])), rate)
        watts = np.maximum(np.cumsum(rates, axis=1)[:, :-1], 0.0) * np.diff(at)
        whole = c.worth[c.job == job].sum()
        return Together(own, float(whole), float(at[0]), np.diff(at), watts)

    def _sorted(self) -> Pieces:
        """Pieces below one chain of budgets each, those that gain most for a watt first."""
        c, v, own = self.cells, self.curves, self._alone
        share, speed = np.diff(v.hull_share[c.row[own]], axis=1), np.diff(v.hull_speed[c.row[own]], axis=1)
        watts, step = (c.watts[own, None] * share).ravel(), speed.ravel()
        worth = np.repeat(c.worth[own], share.shape[1])
        many = [(watts, step * worth, np.repeat(c.group[own], share.shape[1]), np.zeros(watts.size, int), step)]
        for j, t in self._jobs.items():
            if j not in self._straddling:
                k, size = (
                    int(c.group[t.own[0]]) if not t.step.size else int(np.argmax(t.watts.sum(axis=1))),
                    t.step.size,
                )
                many.append((t.watts[k], t.worth * t.step, np.full(size, k), np.full(size, j), t.step))
        watts, work, group, job, step = (np.concatenate(column) for column in zip(*many, strict=True))
        gain = np.where(watts > _FLAT, work / np.maximum(watts, _FLAT), 0.0)
        self._order = np.argsort(-gain, kind="stable")
        o = self._order
        return Pieces(gain[o], watts[o], group[o], job[o], step[o])

    def caps(self) -> Vec:
        """Power of one GPU of each server [W] that does most work; natural power where nothing holds it back."""
        c = self.cells
        best = self._solve(self._tied())
        tried = set[int]()
        for _ in range(_TRIALS):
            short = {j: self._jobs[j].worth * lost for j, lost in best.short.items() if j not in tried}
            if not short:
                break
            job = max(short, key=lambda j: short[j])
            tried.add(job)
            others = [self._solve({**best.fixed, job: speed}) for speed in self._ends(job, best.speed[job])]
            best = max([best, *(o for o in others if o.fits)], key=lambda o: o.work)
        share = np.ones(c.row.size)
        for j, t in self._jobs.items():
            share[t.own] = self.curves.share_at(c.row[t.own], np.full(t.own.size, best.speed[j]))
        return self._by_server(share, best.kept)

    def _tied(self) -> dict[int, float]:
        """The speeds of jobs that tie several budgets together, by a linear program."""
        if not self._straddling:
            return {}
        p, under = self._pieces, self.budgets.under
        own = np.flatnonzero(p.watts > _FLAT)
        tied = [self._jobs[j] for j in self._straddling]
        watts = np.column_stack([under[:, p.group[own]] * p.watts[own], *(self._over(t.watts) for t in tied)])
        work = np.concatenate([(p.gain * p.watts)[own], *(t.worth * t.step for t in tied)])
        scale = np.maximum(watts.sum(axis=1), 1.0)
        found = linprog(-work / work.max(), watts / scale[:, None], self._room_w / scale, bounds=(0.0, 1.0))
        speed, at = {}, own.size
        for j, t in zip(self._straddling, tied, strict=True):
            speed[j] = t.start + float((found.x[at : at + t.step.size] * t.step).sum())
            at += t.step.size
        return {j: self._affordable(j, s, self._hull_watts(j, s)) for j, s in speed.items()}

    def _hull_watts(self, job: int, speed: float) -> Vec:
        """Watts in each group above least caps at which a job has ``speed`` on its hull."""
        t = self._jobs[job]
        part = np.clip((speed - t.start - np.cumsum(t.step) + t.step) / np.maximum(t.step, _FLAT), 0.0, 1.0)
        return np.asarray((t.watts * part).sum(axis=1))

    def _watts(self, job: int, speed: float) -> Vec:
        """Watts in each group above least caps that a job really needs for ``speed``."""
        c, own = self.cells, self._jobs[job].own
        share = self.curves.share_at(c.row[own], np.full(own.size, speed))
        above = c.watts[own] * np.maximum(share - self._low[own], 0.0)
        return np.bincount(c.group[own], weights=above, minlength=self.budgets.nodes.size).astype(float)

    def _affordable(self, job: int, speed: float, watts: Vec) -> float:
        """The greatest speed up to ``speed`` that ``watts`` in each group really give."""
        bound = watts + _CLOSE * np.maximum(watts, 1.0)
        if (self._watts(job, speed) <= bound).all():
            return speed
        # Watts are straight over speed between the speeds at the points of the cells' curves.
        at = self._points(job)
        low, high = 0, int(np.searchsorted(at, speed))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if (self._watts(job, at[middle]) <= bound).all() else (low, middle)
        slow, fast = self._watts(job, at[low]), self._watts(job, min(at[high], speed))
        part = np.divide(bound - slow, fast - slow, out=np.ones(bound.size), where=fast - slow > _FLAT).min()
        return float(at[low] + np.clip(part, 0.0, 1.0) * (min(at[high], speed) - at[low]))

    def _points(self, job: int) -> Vec:
        if job not in self._speeds:
            t = self._jobs[job]
            at = np.unique(self.curves.speed[self.cells.row[t.own]])
            self._speeds[job] = np.append(t.start, at[at > t.start])
        return self._speeds[job]

    def _ends(self, job: int, speed: float) -> list[float]:
        """Speeds at the ends of the chord on which the heaviest cell of a job stands at ``speed``."""
        c, own = self.cells, self._jobs[job].own
        vertices = self.curves.hull_speed[c.row[own[np.argmax(c.watts[own])]]]
        return [*vertices[vertices < speed - _CLOSE][-1:], *vertices[vertices > speed + _CLOSE][:1]]

    def _solve(self, fixed: dict[int, float]) -> "Filled":
        """Fill what jobs at ``fixed`` speeds leave."""
        p, under = self._pieces, self.budgets.under
        room_w = self._room_w - sum((self._over(self._watts(j, s)) for j, s in fixed.items()), np.zeros(len(under)))
        fits = bool((room_w >= -_TIED * np.maximum(self._room_w, 1.0)).all())
        taken = np.zeros(int(p.job.max(initial=0)) + 1, bool)
        taken[[j for j in fixed if j < taken.size]] = True
        watts = np.where(taken[p.job], 0.0, p.watts)
        for k in range(len(under)):
            own = np.flatnonzero(under[k][p.group])
            total = np.cumsum(watts[own])
            if total.size and total[-1] > room_w[k]:
                # The last watts of rounding are nobody's.
                watts[own] = np.clip(room_w[k] - (total - watts[own]), 0.0, watts[own])
        part = np.divide(watts, p.watts, out=np.ones(watts.size), where=p.watts > _FLAT)
        speed, short = dict(fixed), dict[int, float]()
        for j, t in self._jobs.items():
            if j not in fixed:
                mine = p.job == j
                hull = t.start + float((part * p.step)[mine].sum())
                group = np.bincount(p.group[mine], weights=watts[mine], minlength=len(under)).astype(float)
                speed[j] = self._affordable(j, min(hull, 1.0), group)
                short |= {j: hull - speed[j]} if hull - speed[j] > _CLOSE else {}
        alone = p.job == 0
        work = float((watts * p.gain)[alone].sum()) + sum(self._jobs[j].worth * s for j, s in speed.items())
        kept = np.empty(watts.size)
        kept[self._order] = part
        return Filled(kept[: alone.sum()], speed, fixed, short, work, fits)

    def _by_server(self, share: Vec, kept: Vec) -> Vec:
        """Power of one GPU of each server, from the share of jobs' cells and the pieces kept of all other cells."""
        c, v, own = self.cells, self.curves, self._alone
        kept = kept.reshape(own.size, v.hull_share.shape[1] - 1)
        steps = np.diff(v.hull_share[c.row[own]], axis=1)
        share[own] = v.hull_share[c.row[own], 0] + (steps * kept).sum(axis=1)
        each = share[c.of]
        mixed = v.gap[c.row[own]] & (kept > _CLOSE) & (kept < 1 - _CLOSE) & (steps > _FLAT)
        for k, piece in zip(*np.nonzero(mixed), strict=True):
            servers = np.flatnonzero(c.of == own[k])
            watts = self.fleet.gpus[servers] * self.natural_w[servers]
            mine = np.clip((kept[k, piece] * c.watts[own[k]] - (np.cumsum(watts) - watts)) / watts, 0.0, 1.0)
            each[servers] += (mine - kept[k, piece]) * steps[k, piece]
        return self.natural_w * each


class Filled(NamedTuple):
    """A way to fill: what pieces of servers alone keep, speeds of jobs, and what those are short of on their hulls."""

    kept: Vec
    speed: dict[int, float]
    fixed: dict[int, float]
    short: dict[int, float]
    work: float
    fits: bool
