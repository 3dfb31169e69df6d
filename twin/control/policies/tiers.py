"""Caps by tiers of flexibility, in strict order: who can do without most gives first, up to what it can do without.

A tier is touched only when the one before it has given all it can do without. Where all of them together are not
enough, a firm target takes more, again in that order and down to the least cap of boards, so that who can do without
nothing gives last.
"""

import numpy as np

from twin.control.policies.speed_curves import power_at
from twin.control.policy import Fleet
from twin.core.layout import Vec

_ROUNDS = 30


def caps_by_tiers(fleet: Fleet, natural_w: Vec, flexible: Vec, budget_w: float, *, firm: bool) -> Vec:
    """Power of one GPU of each server; the sum is within ``budget_w`` as far as tiers or, ``firm``, boards allow."""
    lost = np.zeros(natural_w.size)
    cap_w = natural_w.copy()
    tiers = np.unique(flexible)[::-1]
    stages = [(tier, tier) for tier in tiers if tier > 0.0]
    for tier, most in [*stages, *((tier, 1.0) for tier in tiers)] if firm else stages:
        own = np.flatnonzero(flexible == tier)
        drawn_w = fleet.gpus * cap_w
        others_w = float(drawn_w.sum() - drawn_w[own].sum())
        if drawn_w.sum() <= budget_w:
            break
        low, high = 0.0, 1.0
        before, most_w = lost[own], power_at(fleet, natural_w, np.full(own.size, 1.0 - most), own)
        if others_w + (fleet.gpus[own] * most_w).sum() <= budget_w:
            for _ in range(_ROUNDS):
                middle = 0.5 * (low + high)
                own_w = power_at(fleet, natural_w, 1.0 - before - middle * (most - before), own)
                low, high = (middle, high) if others_w + (fleet.gpus[own] * own_w).sum() > budget_w else (low, middle)
        lost[own] = before + high * (most - before)
        cap_w[own] = power_at(fleet, natural_w, 1.0 - lost[own], own)
    return cap_w
