"""Whether a hall's plant stood: its load is 1 also where nothing runs, and that is no peak."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.judge.result import values

_STANDS = 0.02
"""Share of its greatest power below which a plant counts as standing."""


def standing(halls: xr.Dataset) -> NDArray[np.bool_]:
    """Records [time, hall] in which the plant drew next to nothing and no chiller ran, though its load was full."""
    full = values(halls, "plant_load_max") >= 1.0 - 1e-9
    if "plant_w" not in halls or "chillers_running" not in halls:
        return np.zeros(full.shape, dtype=bool)
    power_w, running = values(halls, "plant_w"), values(halls, "chillers_running")
    still = (power_w <= _STANDS * power_w.max(axis=0)) & (running <= _STANDS * np.maximum(1.0, running.max(axis=0)))
    return np.asarray(full & still)


def without_standing(halls: xr.Dataset) -> NDArray[np.float64]:
    """Greatest load of the plant [time, hall], NaN where it stood and in the full records before and after that."""
    load, still = values(halls, "plant_load_max"), standing(halls)
    beside = still.copy()
    beside[1:] |= still[:-1]
    beside[:-1] |= still[1:]
    return np.where(still | (beside & (load >= 1.0 - 1e-9)), np.nan, load)
