"""One share of the rating for every board, or one for each GPU type, set once: the static cap of practice.

A cap that is set once must hold whatever runs, so it is chosen at full load: by c in sum_i (c P_i + host_i) times the
site's overhead <= limit, with P_i the rating. Types differ in what a watt is worth at full load. With
``by_type: equal-loss`` boards together may draw the same watts, `share` of all ratings, but those of each type stand
where one more watt would gain as much in any other: the gain of a watt, on the concave hull of each type's measured
speed, is the same everywhere. On a full site nothing dynamic does better by much; where jobs leave power, it is lost.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twin.control.policies.speed_curves import BINS, curves_of
from twin.control.policy import Commands, Fleet, Seen
from twin.core.errors import did_you_mean
from twin.core.layout import Vec

_EQUAL = "equal-loss"


@dataclass
class UniformCap:
    """Cap every board at the same share of its rating, or of its type's by ``by_type``, a share each or equal-loss."""

    share: float = 0.8
    by_type: dict[str, float] | Literal["equal-loss"] = field(default_factory=dict)
    every_s: float = 3600.0

    def __post_init__(self) -> None:
        if isinstance(self.by_type, str) and self.by_type != _EQUAL:
            raise ValueError(f'by_type is a share for each GPU type, or "{_EQUAL}", found "{self.by_type}"')
        given = () if isinstance(self.by_type, str) else self.by_type.values()
        for share in (self.share, *given):
            if not 0 < share <= 1:
                raise ValueError(f"share must be above 0 and at most 1, found {share:g}")

    def act(self, seen: Seen) -> Commands:
        """The same caps every time. ValueError for a type that the fleet does not have."""
        fleet = seen.fleet
        share = equal_loss(fleet, self.share) if isinstance(self.by_type, str) else self._given(fleet, self.by_type)
        return Commands(share[fleet.kind] * fleet.gpu_max_w)

    def _given(self, fleet: Fleet, by_type: dict[str, float]) -> Vec:
        for name in by_type:
            if name not in fleet.kinds:
                raise ValueError(f'by_type: there is no GPU type "{name}"; {did_you_mean(name, fleet.kinds)}')
        return np.array([by_type.get(name, self.share) for name in fleet.kinds])


def equal_loss(fleet: Fleet, share: float) -> Vec:
    """Share of its rating for each type at which a watt gains the same in all, and all draw ``share`` at full load."""
    curves, kinds = curves_of(fleet), len(fleet.kinds)
    full = np.arange(1, kinds + 1) * (BINS + 1) - 1
    count = np.bincount(fleet.kind, weights=fleet.gpus, minlength=kinds)
    rated_w = np.bincount(fleet.kind, weights=fleet.gpus * fleet.gpu_max_w, minlength=kinds)
    part, speed = curves.hull_share[full], curves.hull_speed[full]
    watts = (rated_w[:, None] * np.diff(part, axis=1)).ravel()
    work = (count[:, None] * np.diff(speed, axis=1)).ravel()
    best = np.argsort(-np.divide(work, watts, out=np.zeros(work.size), where=watts > 0.0), kind="stable")
    room_w = share * rated_w.sum() - float(rated_w @ part[:, 0])
    kept_w = np.empty(watts.size)
    kept_w[best] = np.clip(room_w - (np.cumsum(watts[best]) - watts[best]), 0.0, watts[best])
    given_w = rated_w * part[:, 0] + kept_w.reshape(part.shape[0], -1).sum(axis=1)
    return np.divide(given_w, rated_w, out=np.full(kinds, share), where=rated_w > 0.0)
