"""Caps by tiers of flexibility, in strict order: who can do without most gives first, up to what it can do without.

A tier is touched only when the one before it has given all it can do without. Where all of them together are not
enough, a firm target takes more, again in that order and down to the least cap of boards, so that who can do without
nothing gives last.
"""

from typing import NamedTuple

import numpy as np

from twin.control.policies.loss import coefficients
from twin.control.policy import Fleet
from twin.core.layout import Vec

_ROUNDS = 30


class Curves(NamedTuple):
    """Speed lost by power withheld of one GPU of each server, at its natural power."""

    natural_w: Vec
    least_w: Vec  # what the least cap leaves it
    start: Vec
    linear: Vec
    quadratic: Vec

    @classmethod
    def of(cls, fleet: Fleet, natural_w: Vec) -> "Curves":
        """Of a fleet at the natural power of one GPU of each server."""
        return cls(natural_w, np.minimum(fleet.gpu_min_cap_w, natural_w), *coefficients(fleet, natural_w))

    def at_loss(self, lost: Vec) -> Vec:
        """Power of a GPU at which a share ``lost`` of its speed is lost; natural power where a cap alone costs more."""
        left = np.maximum(lost - self.start, 0.0)
        withheld = (np.sqrt(self.linear**2 + 4 * self.quadratic * left) - self.linear) / (2 * self.quadratic)
        return np.maximum(self.natural_w * (1 - withheld), self.least_w)


def caps_by_tiers(fleet: Fleet, natural_w: Vec, flexible: Vec, budget_w: float, *, firm: bool) -> Vec:
    """Power of one GPU of each server; the sum is within ``budget_w`` as far as tiers or, ``firm``, boards allow."""
    curves = Curves.of(fleet, natural_w)
    lost = np.zeros(natural_w.size)

    def drawn_w(share: Vec) -> float:
        return float((fleet.gpus * curves.at_loss(share)).sum())

    tiers = np.unique(flexible)[::-1]
    stages = [(tier, tier) for tier in tiers if tier > 0.0]
    for tier, most in [*stages, *((tier, 1.0) for tier in tiers)] if firm else stages:
        if drawn_w(lost) <= budget_w:
            break
        own, before = flexible == tier, lost
        low, high = 0.0, 1.0
        lost = np.where(own, most, before)
        if drawn_w(lost) > budget_w:
            continue
        for _ in range(_ROUNDS):
            middle = 0.5 * (low + high)
            lost = np.where(own, before + middle * (most - before), before)
            low, high = (middle, high) if drawn_w(lost) > budget_w else (low, middle)
        lost = np.where(own, before + high * (most - before), before)
    return curves.at_loss(lost)
