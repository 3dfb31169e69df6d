"""Figures of batteries and UPS: power, charge, UPS on battery, and which ripples a battery plant makes larger."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from twin.core.lag import left_over as leave
from twin.judge.result import ClockTime, group, texts, values
from twin.report import style

_LOWEST_HZ, _HIGHEST_HZ = 0.02, 15.0


@style.drawn
def batteries(tree: xr.DataTree) -> Figure | None:
    """Feed with and without battery plants, their power and their charge; None where they never move."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    if "battery_w" not in site or not values(site, "battery_w").any():
        return None
    time, power, feed = values(site, "time"), values(site, "battery_w") / 1e6, values(site, "feed_w") / 1e6
    figure, axes = style.sheet(3, 1, height_in=5.2, sharex=True)
    style.draw_series(axes[0], time, feed + power, style.BAND, "without them")
    style.draw_series(axes[0], time, feed, style.POWER, "feed")
    axes[0].set_ylabel("active power (MW)")
    style.legend(axes[0])
    style.draw_series(axes[1], time, power, style.SUPPLY, "all plants")
    axes[1].set_ylabel("power they give (MW)")
    plants = group(tree, "battery")
    if plants is not None:
        charge = 100.0 * values(plants, "charge")
        for k, name in enumerate(texts(plants, "battery")):
            axes[2].plot(values(plants, "time"), charge[:, k], color=style.RUNS[k % len(style.RUNS)], label=name)
        style.legend(axes[2])
    axes[2].set_ylabel("charge (%)")
    for one in axes:
        style.clock_axis(one, clock, 0.0, float(time[-1]))
    return figure


@style.drawn
def ups(tree: xr.DataTree) -> Figure | None:
    """UPS on battery and locked; None where all stayed on the feed."""
    site, clock = tree["site"].to_dataset(), ClockTime.of(tree)
    if "ups_on_battery" not in site or not values(site, "ups_on_battery").any():
        return None
    time = values(site, "time")
    figure, (axes,) = style.sheet(height_in=2.2)
    for name, color, label in (("ups_on_battery", style.POWER, "on battery"), ("ups_locked", style.LIMIT, "locked")):
        at, count = style.corners(time, values(site, name))
        axes.step(at, count, where="pre", color=color, label=label)
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("UPS (1)")
    style.legend(axes)
    style.clock_axis(axes, clock, 0.0, float(time[-1]))
    return figure


@style.drawn
def left_over(tree: xr.DataTree) -> Figure | None:
    """Share of a ripple left against its frequency, plant by plant; None where no plant moves."""
    site, plants = tree["site"].to_dataset(), group(tree, "battery")
    if plants is None or not values(site, "battery_w").any():
        return None
    hz = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, 400)
    figure, (axes,) = style.sheet(height_in=2.4)
    for k, name in enumerate(texts(plants, "battery")):
        times_s = (float(values(plants, field)[k]) for field in ("dead_s", "lag_s", "band_s"))
        axes.semilogx(hz, leave(hz, *times_s), color=style.RUNS[k % len(style.RUNS)], label=name)
    axes.axhline(1.0, color=style.LIMIT, linewidth=0.9)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("ripple left (1)")
    style.legend(axes)
    return figure
