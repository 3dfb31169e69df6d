"""Heat: loop temperatures hall by hall, the plant, and how GPU die temperatures are spread over time."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from twin.core.layout import Vec
from twin.judge.energy import hourly_pue
from twin.judge.plant import without_standing
from twin.judge.result import ClockTime, group, texts, values
from twin.report import style

_MOST_HALLS = 12
_PANEL_PIXELS = 240
_QUANTILES = ((0.01, "1 %"), (0.5, "median"), (0.99, "99 %"))


@style.drawn
def loops(tree: xr.DataTree) -> Figure | None:
    """Per hall: facility water supply and return, coolant supply from its least to its greatest CDU, dry bulb."""
    halls = group(tree, "hall")
    if halls is None or halls.sizes.get("time", 0) == 0:
        return None
    names = texts(halls, "hall")[:_MOST_HALLS]
    rows = -(-len(names) // (2 if len(names) <= 4 else 4))
    columns = -(-len(names) // rows)
    figure, axes = style.sheet(rows, columns, height_in=0.8 + 1.75 * rows, sharey=True)
    clock, end = ClockTime.of(tree), float(values(halls, "time")[-1])
    for i, (one, name) in enumerate(zip(axes, names, strict=False)):
        _loop(one, tree, halls.isel(hall=i), name)
        one.set_title(name)
        style.clock_axis(one, clock, 0.0, end, ticks=16 // columns, label=False)
        one.tick_params(labelbottom=i + columns >= len(names))
        if i % columns == 0:
            one.set_ylabel("temperature (°C)")
    figure.supxlabel(style.clock_label(clock, 0.0, end), fontsize=7.5)
    for one in axes[len(names) :]:
        one.remove()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=6)
    return figure


def _loop(axes: Axes, tree: xr.DataTree, hall: xr.Dataset, name: str) -> None:
    time = values(hall, "time")
    cdus = group(tree, "cdu")
    if cdus is not None and "hall" in cdus:
        here = np.flatnonzero(np.asarray(texts(cdus, "hall")) == name)
        if here.size:
            low, high = values(cdus, "supply_c_min")[:, here], values(cdus, "supply_c_max")[:, here]
            thin, _, least, _ = style.envelope(time, low.min(axis=1), _PANEL_PIXELS)
            _, _, _, greatest = style.envelope(time, high.max(axis=1), _PANEL_PIXELS)
            label = "coolant supply, all CDUs"
            axes.fill_between(thin, least, greatest, color=style.COOLANT, alpha=0.4, lw=0, label=label)
    for variable, color, label in (
        ("return_c", style.RETURN, "facility return"),
        ("supply_c", style.SUPPLY, "facility supply"),
    ):
        thin, mean, _, _ = style.envelope(time, values(hall, variable), _PANEL_PIXELS)
        axes.plot(thin, mean, color=color, label=label)
    if "set_point_c" in hall:
        axes.axhline(float(hall["set_point_c"]), color=style.SUPPLY, lw=0.7, ls=(0, (4, 3)), label="set point")
    site = tree["site"].to_dataset()
    if "dry_bulb_c" in site:
        thin, mean, _, _ = style.envelope(values(site, "time"), values(site, "dry_bulb_c"), _PANEL_PIXELS)
        axes.plot(thin, mean, color=style.AIR, linewidth=0.8, label="outdoor air")


@style.drawn
def aisles(tree: xr.DataTree) -> Figure | None:
    """Air of all halls: hot aisle, what servers draw and cold aisle, their limits, and heat of air and coils."""
    halls, clock = group(tree, "hall"), ClockTime.of(tree)
    if halls is None or "server_inlet_c" not in halls or halls.sizes.get("time", 0) == 0:
        return None
    time = values(halls, "time")
    figure, axes = style.sheet(2, height_in=4.0, sharex=True, height_ratios=[1.7, 1.0])
    for name, color, label in (
        ("hot_aisle_c", style.RETURN, "hot aisle"),
        ("server_inlet_c_max", style.INK, "server inlet, greatest"),
        ("cold_aisle_c", style.COOLANT, "cold aisle"),
        ("supply_c", style.SUPPLY, "facility supply"),
    ):
        style.spread(axes[0], time, values(halls, name), color, label, band="")
    for name, dash, label in (
        ("inlet_limit_c", "solid", "inlet limit"),
        ("inlet_recommended_c", (0, (4, 3)), "recommended at most"),
    ):
        for i, bound in enumerate(np.unique(values(halls, name))):
            axes[0].axhline(bound, color=style.LIMIT, linewidth=0.8, linestyle=dash, label=label if i == 0 else None)
    axes[0].set_ylabel("temperature (°C)")
    for name, color, label in (
        ("air_heat_w", style.RETURN, "heat into the air"),
        ("coil_heat_w", style.SUPPLY, "heat taken by coils"),
        ("envelope_heat_w", style.AIR, "heat lost through walls and roof"),
    ):
        axes[1].plot(time, values(halls, name).sum(axis=1) / 1e6, color=color, label=label)
    axes[1].set_ylabel("all halls (MW)")
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[1], clock, 0.0, float(time[-1]))
    return figure


@style.drawn
def plant(tree: xr.DataTree) -> Figure | None:
    """Heat rejection: chiller load over available capacity and COP of each hall, and PUE hour by hour."""
    halls, clock = group(tree, "hall"), ClockTime.of(tree)
    if halls is None or halls.sizes.get("time", 0) == 0:
        return None
    time = values(halls, "time")
    figure, axes = style.sheet(3, height_in=4.2, sharex=True)
    style.spread(axes[0], time, without_standing(halls), style.RETURN, "greatest second of each minute")
    axes[0].axhline(1.0, color=style.LIMIT, linewidth=0.8)
    axes[0].set_ylabel("chiller load /\ncapacity (1)")
    style.spread(axes[1], time, values(halls, "cop"), style.COOLANT, "COP")
    axes[1].set_ylabel("plant COP (1)")
    hours = hourly_pue(tree["site"].to_dataset(), clock)
    edges = np.append(hours.start_s, hours.start_s[-1] + hours.recorded_s[-1])
    axes[2].stairs(hours.equipment_inlet, edges, baseline=None, color=style.POWER, label="at the IT equipment's inlet")
    axes[2].stairs(hours.rack_inlet, edges, baseline=None, color=style.INK, label="at the rack inlet")
    axes[2].set_ylabel("interim PUE (1)")
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure


@style.drawn
def towers(tree: xr.DataTree) -> Figure | None:
    """Heat taken by cooling towers and by chillers, and the water that costs; None where no tower works."""
    halls, clock = group(tree, "hall"), ClockTime.of(tree)
    if halls is None or "free_heat_w" not in halls or not values(halls, "free_heat_w").any():
        return None
    time = values(halls, "time")
    free_mw = values(halls, "free_heat_w").sum(axis=1) / 1e6
    site = tree["site"].to_dataset()
    figure, axes = style.sheet(3, height_in=4.2, sharex=True)
    axes[0].plot(time, free_mw, color=style.COOLANT, label="heat taken by cooling towers")
    axes[0].set_ylabel("heat (MW)")
    axes[0].set_ylim(bottom=0.0)
    for name, color, label in (
        ("make_up_kg_s", style.SUPPLY, "bought"),
        ("evaporation_kg_s", style.RETURN, "evaporated"),
    ):
        style.draw_series(axes[1], values(site, "time"), values(site, name), color, label)
    axes[1].set_ylabel("water (kg/s)")
    axes[1].set_ylim(bottom=0.0)
    for name, color, label in (("dry_bulb_c", style.RETURN, "dry bulb"), ("wet_bulb_c", style.SUPPLY, "wet bulb")):
        style.draw_series(axes[2], values(site, "time"), values(site, name), color, label)
    axes[2].set_ylabel("outdoors (°C)")
    for one in axes:
        style.legend(one)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure


def quantiles(edges: Vec, width: Vec, count: Vec, share: float) -> Vec:
    """The temperature under which ``share`` of the GPUs lie, at each time, linear inside its bin.

    ``edges`` and ``width`` [bin] in degC, ``count`` [time, bin].
    """
    total = count.sum(axis=1)
    reached = np.cumsum(count, axis=1)
    target = (share * total)[:, None]
    bins = np.minimum((reached < target).sum(axis=1), count.shape[1] - 1)
    row = np.arange(len(count))
    inside = count[row, bins]
    before = reached[row, bins] - inside
    part = np.divide(target[:, 0] - before, inside, out=np.zeros_like(total), where=inside > 0.0)
    return np.where(total > 0.0, edges[bins] + part * width[bins], np.nan)


@style.drawn
def die_temperatures(tree: xr.DataTree) -> Figure | None:
    """GPUs by die temperature over time, with quantiles and the hottest."""
    dataset, clock = group(tree, "histogram"), ClockTime.of(tree)
    if dataset is None or dataset.sizes.get("time", 0) == 0:
        return None
    time, edges, count = values(dataset, "time"), values(dataset, "bin"), values(dataset, "die_count")
    width = bin_widths(dataset, edges)
    figure, (axes,) = style.sheet(height_in=3.2)
    seen = np.flatnonzero(count.sum(axis=0) > 0.0)
    shown = slice(int(seen[0]), int(seen[-1]) + 1) if seen.size else slice(None)
    grid = np.append(edges[shown], edges[shown][-1] + width[shown][-1])
    mesh = axes.pcolormesh(
        np.append(0.0, time), grid, np.where(count[:, shown] > 0.0, count[:, shown], np.nan).T,
        norm=LogNorm(vmin=1.0, vmax=max(2.0, count.max())), cmap="Blues", rasterized=True,
    )  # fmt: skip
    for (share, label), dash in zip(_QUANTILES, ((0, (1, 1)), "solid", (0, (4, 2))), strict=True):
        axes.plot(
            time, quantiles(edges, width, count, share), color=style.INK, linewidth=0.9, linestyle=dash, label=label
        )
    site = tree["site"].to_dataset()
    thin, _, _, hottest = style.envelope(values(site, "time"), values(site, "hottest_c"))
    axes.plot(thin, hottest, color=style.LIMIT, linewidth=0.9, label="hottest GPU")
    axes.set_ylim(grid[0] - 1.0, max(grid[-1], float(np.nanmax(hottest))) + 1.0)
    axes.set_ylabel("die temperature (°C)")
    figure.colorbar(mesh, ax=axes, label="GPUs in a bin", pad=0.01, aspect=30)
    style.legend(axes)
    style.clock_axis(axes, clock, 0.0, float(time[-1]))
    return figure


def bin_widths(dataset: xr.Dataset, edges: Vec) -> Vec:
    """Width of each bin [K]: as the result says, else the distance to the next edge."""
    said = dataset["bin"].attrs.get("width", dataset.attrs.get("width"))
    if said is not None:
        return np.full(len(edges), float(str(said).split()[0]))
    if "width" in dataset:
        return np.broadcast_to(values(dataset, "width"), edges.shape)
    return np.diff(edges, append=2.0 * edges[-1] - edges[-2])
