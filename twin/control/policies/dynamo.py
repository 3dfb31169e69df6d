"""Three bands at every level of the electrical tree: Meta's Dynamo.

A leaf controller watches a board with its servers, every 3 s. Above 99 % of its limit it cuts down to 95 %; between
90 % and that it holds; below 90 % it lifts all caps. The cut falls on the lowest priority first; in a group, servers
are sorted into buckets of power, and those of the highest bucket give first, down to a floor. Upper controllers do the
same to their children every 9 s: those that draw more than their share (the offenders) are handed limits that they
must keep as if they were their own, until the parent's power is below its lower band.

Y. Wu, Q. Deng, L. Ganesh et al., Dynamo: Facebook's data center-wide power management system, ISCA 2016 (periods
second-hand; thresholds and bucket from memory, not checked again). A child's share here is its part of the ratings
below its parent.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policies.ranks import priority
from twin.control.policy import Commands, Seen
from twin.core.layout import IVec, Vec

_ROUNDS = 24


@dataclass
class Dynamo:
    """Three-band control of boards every 3 s, and of everything above them every 9 s."""

    every_s: float = 3.0
    upper_s: float = 9.0
    cap_above: float = 0.99
    target: float = 0.95
    lift_below: float = 0.90
    bucket_w: float = 20.0
    floor: float = 0.5  # of its boards' rating, which a server keeps
    power_factor: float = 0.97
    _cap_w: Vec | None = field(default=None, init=False, repr=False)
    _handed_w: Vec | None = field(default=None, init=False, repr=False)

    def act(self, seen: Seen) -> Commands:
        """Caps after this round of leaf controllers, and of upper ones where they are due."""
        fleet, tree = seen.fleet, seen.fleet.tree
        if self._cap_w is None or self._handed_w is None:
            self._cap_w, self._handed_w = fleet.gpu_max_w.copy(), np.full(tree.parent.size, np.inf)
        limit_w = np.minimum(tree.limit_w, tree.rating_va * self.power_factor)
        limit_w[0] = min(limit_w[0], seen.least_limit_w(0.0))
        leaves = np.unique(tree.parent[tree.leaf])
        if seen.time_s % self.upper_s < self.every_s:
            self._upper(seen, limit_w, leaves)
        self._leaves(seen, np.minimum(limit_w, self._handed_w), leaves)
        return Commands(self._cap_w.copy())

    def _upper(self, seen: Seen, limit_w: Vec, leaves: IVec) -> None:
        """From the feed down: hand limits to children that draw more than their share, or take them back."""
        tree, handed_w = seen.fleet.tree, self._handed_w
        assert handed_w is not None
        fed_w = tree.sums(seen.fleet.gpus * seen.fleet.gpu_max_w)
        upper = np.setdiff1d(np.unique(tree.parent[tree.level <= tree.level[leaves].max()]), [-1, *leaves])
        for n in upper:
            own_w = min(limit_w[n], handed_w[n])
            children = np.flatnonzero((tree.parent == n) & (fed_w > 0))
            if not np.isfinite(own_w) or not children.size:
                continue
            drawn_w = seen.level_w[n]
            if drawn_w > self.cap_above * own_w:
                cut_w = drawn_w - self.target * own_w
                handed_w[children] = seen.level_w[children] - _offenders(
                    seen.level_w[children], own_w * fed_w[children] / fed_w[children].sum(), cut_w
                )
            elif drawn_w < self.lift_below * own_w:
                handed_w[children] = np.inf

    def _leaves(self, seen: Seen, limit_w: Vec, leaves: IVec) -> None:
        """Every leaf controller: cut, hold or lift."""
        tree, fleet, cap_w = seen.fleet.tree, seen.fleet, self._cap_w
        assert cap_w is not None
        cut_w, lift = np.zeros(tree.parent.size), np.zeros(tree.parent.size, bool)
        drawn_w, own_w = seen.level_w[leaves], limit_w[leaves]
        cut_w[leaves] = np.where(drawn_w > self.cap_above * own_w, drawn_w - self.target * own_w, 0.0)
        lift[leaves] = drawn_w < self.lift_below * own_w
        board = tree.parent[tree.leaf]
        lifted = lift[board]
        cap_w[lifted] = fleet.gpu_max_w[lifted]
        if cut_w.any():
            given_w = self._cuts(seen, board, cut_w)
            asked_w = (seen.node_gpu_w - given_w) / fleet.gpus
            np.copyto(cap_w, np.maximum(asked_w, fleet.gpu_min_cap_w), where=given_w > 0)

    def _cuts(self, seen: Seen, board: IVec, cut_w: Vec) -> Vec:
        """What each server gives: lowest priority first, then from the highest bucket, down to its floor."""
        fleet, rank = seen.fleet, priority(seen)
        boards_w = fleet.gpus * np.maximum(self.floor * fleet.gpu_max_w, fleet.gpu_min_cap_w)
        floor_w = seen.node_w - np.maximum(seen.node_gpu_w - boards_w, 0.0)
        given_w, left_w = np.zeros(board.size), cut_w.copy()
        for group in np.unique(rank):
            own = np.flatnonzero((rank == group) & (left_w[board] > 0))
            if own.size:
                given_w[own] = high_bucket_first(seen.node_w[own], floor_w[own], board[own], left_w, self.bucket_w)
                left_w = np.maximum(
                    left_w - np.bincount(board, weights=given_w * (rank == group), minlength=left_w.size), 0
                )
                left_w[left_w < 1.0] = 0.0
        return given_w


def _offenders(drawn_w: Vec, share_w: Vec, cut_w: float) -> Vec:
    """How much each child is cut: those above their share in proportion to their excess, then all to their power."""
    excess_w = np.maximum(drawn_w - share_w, 0.0)
    of_excess_w = min(cut_w, float(excess_w.sum()))
    cuts_w = excess_w * (of_excess_w / excess_w.sum()) if of_excess_w else np.zeros(drawn_w.size)
    rest_w = drawn_w - cuts_w
    return cuts_w + rest_w * ((cut_w - of_excess_w) / max(float(rest_w.sum()), 1.0))


def high_bucket_first(power_w: Vec, floor_w: Vec, place: IVec, cut_w: Vec, bucket_w: float) -> Vec:
    """What each server gives so that those of each place give ``cut_w[place]``, or all that lies above their floors.

    The servers of the highest buckets (of ``bucket_w``) come down, evenly in the last bucket that is needed.
    """
    count, most_w = cut_w.size, np.maximum(power_w - floor_w, 0.0)
    high = np.zeros(count)
    np.maximum.at(high, place, np.ceil(power_w / bucket_w))
    low = np.zeros(count)
    for _ in range(_ROUNDS):
        middle = np.floor(0.5 * (low + high))
        given_w = np.minimum(np.maximum(power_w - bucket_w * middle[place], 0.0), most_w)
        enough = np.bincount(place, weights=given_w, minlength=count) >= cut_w
        done = high - low <= 1
        low, high = np.where(enough & ~done, middle, low), np.where(enough | done, high, middle)
        if done.all():
            break
    # All of what lies above the bucket, and an even share of what lies in it.
    above_w = np.minimum(np.maximum(power_w - bucket_w * (low + 1)[place], 0.0), most_w)
    all_w = np.minimum(np.maximum(power_w - bucket_w * low[place], 0.0), most_w)
    above, whole = (np.bincount(place, weights=each, minlength=count) for each in (above_w, all_w))
    share = np.clip(np.divide(cut_w - above, whole - above, out=np.ones(count), where=whole > above), 0.0, 1.0)
    return above_w + share[place] * (all_w - above_w)
