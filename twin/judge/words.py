"""Numbers in words, as the verdict and the report say them."""

import numpy as np

from twin.judge.limits import LimitVerdict


def window_words(one: LimitVerdict) -> str:
    """``1 s mean``, ``1 min mean`` or ``15 min demand``."""
    return f"{one.window_s / 60.0:g} min demand" if one.window == "demand interval" else f"{one.window} mean"


def span(seconds: float) -> str:
    """A length of time in words: ``0.15 s``, ``40 s``, ``12 min 5 s``, ``3 h 20 min``."""
    if np.isnan(seconds):
        return "–"
    if 0.0 < seconds < 10.0 and abs(seconds - round(seconds)) >= 5e-4:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or f"{seconds:.3g} s"


def megawatts(power_w: float) -> str:
    """``240 MW``, with as many digits as tell it apart; ``none`` where there is no limit."""
    return f"{power_w / 1e6:,.6g} MW" if np.isfinite(power_w) else "none"


def megawatt_hours(energy_j: float) -> str:
    """``12.3 MWh``, or kWh where that is the readable unit."""
    return f"{energy_j / 3.6e9:,.4g} MWh" if energy_j >= 3.6e9 else f"{energy_j / 3.6e6:,.3g} kWh"
