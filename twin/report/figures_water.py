"""Pictures of water and coolant on their way: flows, pump speeds, pressures and valves."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from twin.judge.result import ClockTime, group, values
from twin.report import style


@style.drawn
def hydraulics(tree: xr.DataTree) -> Figure | None:
    """Facility water of halls with their pumps, pressure at the far end, valves of CDUs, and coolant flow."""
    halls, cdus, clock = group(tree, "hall"), group(tree, "cdu"), ClockTime.of(tree)
    if halls is None or cdus is None or "far_pa" not in halls or halls.sizes.get("time", 0) == 0:
        return None
    time = values(halls, "time")
    figure, axes = style.sheet(4, height_in=5.6, sharex=True)
    style.spread(axes[0], time, values(halls, "flow_kg_s"), style.SUPPLY, "facility water")
    axes[0].set_ylabel("flow (kg/s)")
    axes[0].set_ylim(bottom=0.0)
    style.spread(axes[1], time, values(halls, "pump_speed"), style.INK, "facility water pumps")
    units = ": median, band over all CDUs"
    style.spread(axes[1], time, values(cdus, "pump_speed"), style.COOLANT, "coolant pumps", band=units)
    axes[1].set_ylabel("pump speed (1)")
    style.spread(axes[2], time, values(halls, "far_pa") / 1e3, style.SUPPLY, "over the far end")
    axes[2].set_ylabel("pressure\ndifference (kPa)")
    share = values(cdus, "flow_kg_s") / values(cdus, "rated_flow_kg_s")
    style.spread(axes[3], time, values(cdus, "valve"), style.SUPPLY, "facility water valve, open", band=units)
    style.spread(axes[3], time, share, style.COOLANT, "coolant flow over design", band=units)
    axes[3].set_ylabel("share (1)")
    axes[3].set_ylim(0.0, np.nanmax(share) * 1.3)
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[3], clock, 0.0, float(time[-1]))
    return figure
