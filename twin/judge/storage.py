"""What battery plants did: energy, cycles, charge, and the ripples they come too late for."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.core.lag import left_over
from twin.judge.result import durations_s, group, values

_HZ = np.geomspace(0.01, 15.0, 2000)


class Storage(NamedTuple):
    """All battery plants of a run together."""

    given_j: float
    taken_j: float
    cycles: float
    """Energy given over energy held."""
    peak_w: float
    least_charge: float
    most_charge: float
    cycles_day: float
    loss_j: float
    """Taken less given less what is kept more than at first, and what cooling and controls drew."""


def storage(tree: xr.DataTree) -> Storage | None:
    """What battery plants did; None where there is none or none moved."""
    plants, site = group(tree, "battery"), tree["site"].to_dataset()
    if plants is None or not values(site, "battery_w").any():
        return None
    power, duration, charge = values(site, "battery_w"), durations_s(site), values(site, "battery_charge")
    given, holds = float(np.maximum(power, 0.0) @ duration), float(values(plants, "energy_j").sum())
    auxiliary = float(values(site, "auxiliary_w") @ duration) if "auxiliary_w" in site else 0.0
    # Charge is known at the end of each record: the first one's is where counting begins.
    loss = auxiliary - float(power[1:] @ duration[1:]) - holds * float(charge[-1] - charge[0])
    return Storage(
        given, float(np.maximum(-power, 0.0) @ duration), given / holds, float(np.abs(power).max()),
        float(charge.min()), float(charge.max()), given / holds * 86400.0 / float(duration.sum()), loss,
    )  # fmt: skip


def amplifies(tree: xr.DataTree) -> tuple[float, float, float] | None:
    """From which frequency [Hz] on the worst plant amplifies, by how much at most, and at which frequency [Hz]."""
    plants = group(tree, "battery")
    if plants is None:
        return None
    columns = (values(plants, name) for name in ("dead_s", "lag_s", "band_s"))
    found = [left_over(_HZ, *map(float, row)) for row in zip(*columns, strict=True)]
    worst = max(found, key=lambda left: float(left.max()))
    if worst.max() <= 1.0:
        return None
    return float(_HZ[np.argmax(worst > 1.0)]), float(worst.max()), float(_HZ[np.argmax(worst)])
