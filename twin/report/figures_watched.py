"""What was on the watch list, second by second: GPUs, coolant distribution units, halls."""

import xarray as xr
from matplotlib.figure import Figure

from twin.judge.result import ClockTime, group, texts, values
from twin.report import style

_MOST_WATCHED = 8
_DASHES = ("solid", (0, (4, 2)))
_Panel = tuple[tuple[str, ...], float, str]


def gpus(tree: xr.DataTree) -> Figure | None:
    """Temperatures and power of GPUs: die and memory, cold plate, board power."""
    return _watched(
        tree, "watch", "gpu",
        (
            (("die_c", "hbm_c"), 1.0, "die, memory dashed (°C)"),
            (("plate_c",), 1.0, "cold plate (°C)"),
            (("power_w",), 1.0, "board power (W)"),
        ),
    )  # fmt: skip


def cdus(tree: xr.DataTree) -> Figure | None:
    """Temperatures and flows of coolant distribution units, and where their valves and pumps stand."""
    return _watched(
        tree, "watch_cdu", "cdu",
        (
            (("supply_c", "return_c"), 1.0, "coolant supply,\nreturn dashed (°C)"),
            (("flow_kg_s", "facility_kg_s"), 1.0, "coolant, facility\nwater dashed (kg/s)"),
            (("valve", "pump_speed"), 1.0, "valve, pump speed\ndashed (1)"),
        ),
    )  # fmt: skip


def halls(tree: xr.DataTree) -> Figure | None:
    """Facility water of halls: temperatures, flow, and the heat that the plant takes."""
    return _watched(
        tree, "watch_hall", "hall",
        (
            (("supply_c", "return_c"), 1.0, "facility supply,\nreturn dashed (°C)"),
            (("flow_kg_s",), 1.0, "facility water (kg/s)"),
            (("plant_heat_w", "plant_w"), 1e-3, "heat taken, power\ndashed (kW)"),
        ),
    )  # fmt: skip


@style.drawn
def _watched(tree: xr.DataTree, name: str, axis: str, panels: tuple[_Panel, ...]) -> Figure | None:
    """A line for each thing watched; ``panels`` have variables, a factor and a label."""
    dataset, clock = group(tree, name), ClockTime.of(tree)
    if dataset is None or dataset.sizes.get("time", 0) == 0:
        return None
    time, names = values(dataset, "time"), texts(dataset, axis)[:_MOST_WATCHED]
    figure, axes = style.sheet(3, height_in=5.2, sharex=True, height_ratios=[1.6, 1.0, 1.3])
    for one, (variables, factor, label) in zip(axes, panels, strict=True):
        one.set_ylabel(label)
        for variable, dash in zip(variables, _DASHES, strict=False):
            series = factor * values(dataset, variable)
            for i, thing in enumerate(names):
                style.draw_series(one, time, series[:, i], style.RUNS[i], thing, linestyle=dash)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[: len(names)], labels[: len(names)], loc="outside upper right", ncols=4)
    style.clock_axis(axes[2], clock, 0.0, float(time[-1]))
    return figure
