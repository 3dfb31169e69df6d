"""Work: what the jobs asked for, what was done, the caps, and GPUs held back."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twin.judge.result import ClockTime, group, texts, values
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
    axes[2].set_ylim(0.0, max(1.0, axes[2].get_ylim()[1]))
    axes[2].yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes[2].set_ylabel("number of GPUs (1)")
    axes[2].yaxis.set_major_formatter("{x:,.0f}")
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure


@style.drawn
def pools(tree: xr.DataTree) -> Figure | None:
    """Inference pools minute by minute: servers at work, time to first token, time between tokens."""
    dataset, clock = group(tree, "pool"), ClockTime.of(tree)
    if dataset is None or dataset.sizes.get("time", 0) == 0:
        return None
    time = values(dataset, "time")
    figure, axes = style.sheet(3, height_in=4.4, sharex=True)
    panels = (
        (("busy",), 100.0, "servers at work (%)"),
        (("ttft_p50_s", "ttft_p99_s"), 1.0, "first token, half,\n99 % dashed (s)"),
        (("tbt_p50_s", "tbt_p99_s"), 1e3, "between tokens, half,\n99 % dashed (ms)"),
    )
    for one, (names, factor, label) in zip(axes, panels, strict=True):
        one.set_ylabel(label)
        for name, dash in zip(names, ("solid", (0, (4, 2))), strict=False):
            for i, pool in enumerate(texts(dataset, "pool")[: len(style.RUNS)]):
                series = factor * values(dataset, name)[:, i]
                style.draw_series(one, time, series, style.RUNS[i], pool if dash == "solid" else "", linestyle=dash)
        one.set_ylim(bottom=0.0)
    style.legend(axes[0])
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure
