"""Work: what the jobs asked for, what was done, the caps, and GPUs held back."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from twin.judge.result import ClockTime, values
from twin.report import style


@style.drawn
def caps_and_work(tree: xr.DataTree) -> Figure:
    """Work done against work asked for, mean cap, share of GPUs capped and throttled."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    time = values(site, "time")
    figure, axes = style.sheet(3, height_in=4.4, sharex=True)
    demand, work = values(site, "demand"), values(site, "work")
    factor, label = style.work_unit(float(demand.max()))
    style.draw_series(axes[0], time, demand * factor, style.SOFT, "asked for")
    style.draw_series(axes[0], time, work * factor, style.POWER, "done")
    axes[0].set_ylim(bottom=0.0)
    axes[0].set_ylabel(label)
    if "cap_w" in site:
        cap = values(site, "cap_w")
        style.draw_series(axes[1], time, np.where(np.isfinite(cap), cap, np.nan), style.INK, "mean cap of a GPU")
    axes[1].set_ylabel("power cap (W)")
    for name, color, label in (
        ("capped", style.POWER, "capped"),
        ("throttled", style.LIMIT, "throttled by temperature"),
    ):
        if name in site:
            style.draw_series(axes[2], time, values(site, name), color, label)
    axes[2].set_ylim(bottom=0.0)
    axes[2].set_ylabel("number of GPUs (1)")
    axes[2].yaxis.set_major_formatter("{x:,.0f}")
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure
