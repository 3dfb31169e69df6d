"""Power flow studies of a site: at full load or of a minute of a run, with outages one by one and with faults."""

import re
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from twin.at_rest import settled
from twin.core import jit
from twin.core.errors import OutputError, RunError, ScenarioError, file_problem
from twin.core.layout import IVec, Vec
from twin.core.quantity import parse
from twin.inputs import load_inputs
from twin.judge.result import ClockTime, reading, values
from twin.network import collapse, contingency, radial, short_circuit, topology
from twin.network.radial import Loads
from twin.network.solver import solver
from twin.report.power_flow import draw_power_flow, margin_words, power_factor, tables, violations, watts
from twin.report.tables import plain
from twin.site.compile import Compiled, compile_site, new_state
from twin.site.network import fault_factors, levels, transformers
from twin.site.spec import Site

BASE_W = radial.BASE_MVA * 1e6
FULL_C, FULL_WET_C = 36.0, 25.0
RESULT, REPORT = "powerflow.nc", "powerflow.html"


class Case(NamedTuple):
    """What is studied: a site, what its buses draw, which elements are closed, and the network with its taps."""

    compiled: Compiled
    loads: Loads
    closed: IVec
    source_pu: float
    state: radial.NetworkState
    words: str
    start: str


def full_load(site: Site) -> Case:
    """Every server at full activity, on a day of 36 degC with a wet bulb of 25 degC."""
    compiled, state = settled(site, FULL_C, FULL_WET_C, 1.0)
    words = f"every server at activity 1, {FULL_C:g} degC outdoors (wet bulb {FULL_WET_C:g} degC)"
    return Case(
        compiled, state.loads, state.service.in_service, float(state.service.source_pu[0]), state.network, words,
        "2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def of_run(run: Path, at: str) -> Case:
    """The mean loads of the minute of a run in which ``at`` falls: time since its start, or of the day."""
    site, _, _ = load_inputs(run / "resolved.yaml")
    compiled = compile_site(site)
    state = new_state(compiled)
    with reading(run / "result.nc") as tree:
        clock, grid = ClockTime.of(tree), tree["electrical"].to_dataset()
        time, at_s = values(grid, "time"), _seconds(clock, at)
        k = int(np.searchsorted(time, at_s, side="right" if at_s == 0.0 else "left"))
        if k >= time.size:
            raise ScenarioError(f"--at: the run has {time[-1]:g} s, {at} is {at_s:g} s after its start")
        n = state.loads.p_pu.size
        state.loads.p_pu[:], state.loads.q_pu[:] = (
            values(grid, name)[k, :n] / BASE_W for name in ("load_w", "load_var")
        )
        for part in state.loads[2:]:
            # What is recorded was drawn at the voltage of that minute.
            part[:] = 0.0
        closed = (values(grid, "closed")[k] > 0.5).astype(np.int64)
        state.network.ratio[:], state.network.r_now_pu[:] = (values(grid, name)[k] for name in ("ratio", "r_now_pu"))
        state.network.shunt_pu[:] = values(grid, "shunt_pu")[k, :n]
        site_rows = tree["site"].to_dataset()
        source_pu = float(values(site_rows, "source_pu")[values(site_rows, "time") <= time[k]][-1])
        words = f"{tree.attrs['title']}, minute to {clock.text(time[k])}"
        return Case(compiled, state.loads, closed, source_pu, state.network, words, clock.at(time[k]).isoformat())


def _seconds(clock: ClockTime, at: str) -> float:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", at.strip())
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        since = timedelta(hours=hour, minutes=minute, seconds=second).total_seconds() - clock.midnight_s
        return since % 86400.0
    try:
        return parse(at, "duration")
    except ValueError as wrong:
        raise ScenarioError(f'--at: {wrong}, or a time of the day, e.g. "15:30"') from None


def study(case: Case, *, outages: bool, faults: bool) -> xr.DataTree:
    """Solve ``case``; RunError with the margin where it has no power flow."""
    grid, state, names = case.compiled.plant.network, case.state, case.compiled.names.electrical
    one = solver(case.compiled.site.electrical.solver, grid, case.loads.p_pu.size)
    radial.flat_start(state, case.source_pu)

    def carries(loads: Loads) -> bool:
        return one.solve(loads, case.closed, case.source_pu, state) > 0

    margin = collapse.margin(case.loads, carries, state.voltage_pu)
    if not carries(case.loads):
        load_mw = float(case.loads.p_pu.sum()) * radial.BASE_MVA
        raise RunError(f"voltage collapse: {collapse.said(load_mw, margin, names)}")
    bounds = case.compiled.site.electrical.bounds
    attributes = {
        **_about(case), "low_pu": bounds.low, "high_pu": bounds.high, "margin": margin.scale,
        "margin_words": f"{names[margin.bus]} has {margin.voltage_pu:.2f} pu",
    }  # fmt: skip
    groups = {"/": xr.Dataset(attrs=attributes), "/electrical": _electrical(case)}
    if faults:
        groups["/fault"] = _faults(case)
    if outages:
        limits = contingency.Limits(bounds.low, bounds.high)
        groups["/outage"] = _outages(
            case, limits, lambda closed: one.solve(case.loads, closed, case.source_pu, state) > 0
        )
    return xr.DataTree.from_dict(groups)


def _about(case: Case) -> dict[str, Any]:
    site = case.compiled.site
    return {
        "title": site.title or site.name, "site": site.name, "loads": case.words, "start": case.start,
        "gpus": case.compiled.gpus, "racks": len(case.compiled.names.racks),
        "twin_version": installed_version("datacenter-twin"), "source_digest": jit.digest(),
    }  # fmt: skip


def _rated_v(case: Case) -> Vec:
    """Rated voltage of each bus, NaN where the site file does not say."""
    found = levels(case.compiled.site, case.compiled.library)
    return np.array([found.get(name, np.nan) for name in case.compiled.names.electrical])


def _electrical(case: Case) -> xr.Dataset:
    c, state, n = case.compiled, case.state, case.loads.p_pu.size
    names, grid = np.array(c.names.electrical), c.plant.network
    voltage = np.append(state.voltage_pu, state.voltage_pu[grid.from_bus[n:]])
    magnitude = state.voltage_pu
    load = case.loads.p_pu + magnitude * (case.loads.current_p + magnitude * case.loads.impedance_p)
    load = np.where(magnitude > 0.0, load, 0.0)
    timed = {
        "power_w": state.power_pu * BASE_W, "reactive_var": state.reactive_pu * BASE_W,
        "loss_w": state.loss_pu * BASE_W, "loading": state.loading, "loading_max": state.loading,
        "voltage_pu_min": voltage, "voltage_pu_max": voltage,
        "load_w": np.append(load * BASE_W, np.zeros(names.size - n)), "closed": (case.closed > 0).astype(float),
    }  # fmt: skip
    fixed = {
        "parent": np.where(grid.from_bus < 0, "", names[grid.from_bus]), "to": names[grid.to_bus],
        "kind": np.array(c.electrical_kind), "rating_va": c.electrical_rating_va, "limit_w": c.electrical_limit_w,
        "rated_v": _rated_v(case),
    }  # fmt: skip
    data: dict[str, Any] = {name: (("time", "node"), array[None, :].copy()) for name, array in timed.items()}
    data |= {name: ("node", array) for name, array in fixed.items()}
    return xr.Dataset(data, {"time": [0.0], "node": names})


def _outages(case: Case, limits: contingency.Limits, solve: contingency.Solve) -> xr.Dataset:
    c = case.compiled
    names = [*c.names.electrical, ""]
    steps = transformers(c.site, c.library, c.names.electrical)
    grid, load_pu = c.plant.network, case.loads.p_pu
    found = list(contingency.outages(grid, case.closed, load_pu, limits, solve, case.state, steps))
    columns = {
        "ties": [", ".join(names[tie] for tie in one.ties) for one in found],
        "opened": [", ".join(names[element] for element in one.opened) for one in found],
        "lost_w": [one.lost_pu * BASE_W for one in found],
        "solved": [int(one.solved) for one in found],
        "highest_loading": [one.highest_loading for one in found],
        "highest": [names[one.highest] for one in found],
        "lowest_pu": [one.lowest_pu for one in found],
        "lowest": [names[one.lowest] for one in found],
        "overloaded": [one.found.overloaded.size for one in found],
        "overload": [one.overload for one in found],
        "overload_of": [names[next(iter(one.found.overloaded), -1)] for one in found],
        "beyond_pu": [one.beyond_pu for one in found],
        "low": [one.found.low.size for one in found],
        "high": [one.found.high.size for one in found],
    }
    return xr.Dataset(
        {name: ("outage", np.array(column)) for name, column in columns.items()},
        {"outage": [names[one.element] for one in found]},
    )


def _faults(case: Case) -> xr.Dataset:
    c, n = case.compiled, case.loads.p_pu.size
    grid, rated_v = c.plant.network, _rated_v(case)[:n]
    factor = fault_factors(c.site, c.library, c.names.electrical)
    plainly = np.where(grid.from_bus < 0, short_circuit.C, 1.0)
    tree = topology.new_tree(n)
    if loops := topology.switch(grid, case.closed, tree):
        looped = short_circuit.by_library(grid, case.closed, case.state, factor)
        corrected = short_circuit.peak_with_loops(looped, rated_v, short_circuit.behind_loops(tree, loops))
    else:
        corrected = short_circuit.by_path(grid, tree, factor)
    library = short_circuit.by_library(grid, case.closed, case.state, plainly)
    base_a = BASE_W / (np.sqrt(3.0) * rated_v)
    columns = {
        "rated_v": rated_v, "current_a": corrected.current_pu * base_a, "peak_a": corrected.peak_pu * base_a,
        "library_a": library.current_pu * base_a,
    }  # fmt: skip
    return xr.Dataset({name: ("bus", column) for name, column in columns.items()}, {"bus": c.names.electrical[:n]})


def run_study(
    place: Path, *, at: str | None, changes: tuple[str, ...], outages: bool, faults: bool, out: Path | None,
    starting: Callable[[], None] = lambda: None,
) -> list[str]:  # fmt: skip
    """Study a site file, or the minute ``at`` of a run directory; what to print. Files go to ``out``.

    ``starting`` is called before a site file that was read settles, for which the whole solver is needed.
    """
    if at is not None:
        if changes:
            raise ScenarioError("--set changes a site file; a run is studied as it was")
        if not (place / "result.nc").is_file():
            raise ScenarioError(f"--at is a time of a run, and {place} is no run directory: it has no result.nc")
        case = of_run(place, at)
    else:
        if (place / "result.nc").is_file():
            raise ScenarioError(
                f'{place} is a run directory: name the minute to study, e.g. --at "15:30" or --at "90 min"'
            )
        site = load_inputs(place, changes=changes)[0]
        starting()
        case = full_load(site)
    tree = study(case, outages=outages, faults=faults)
    words = sentences(tree)
    found = tables(tree)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            tree.to_netcdf(out / RESULT, engine="h5netcdf")
        except OSError as wrong:
            raise OutputError([file_problem(out, f"cannot be written: {wrong.strerror or wrong}")]) from wrong
        draw_power_flow(tree, words[1:], out / REPORT)
    printed = [line for table in found for line in ["", *plain(table)]]
    return [*words, *printed, *([f"page: {out / REPORT}"] if out is not None else [])]


def sentences(tree: xr.DataTree) -> list[str]:
    """What the study found, in sentences."""
    grid = tree["electrical"].to_dataset()
    p, q, loss = (values(grid, name)[0] for name in ("power_w", "reactive_var", "loss_w"))
    beyond = len(violations(tree).rows)
    said = [
        f"{tree.attrs['title']}: {tree.attrs['loads']}",
        f"feed {watts(p[0])} and {watts(q[0], 'var')}, {power_factor(p[0], q[0])}; "
        f"losses {loss[1:].sum() / 1e3:.0f} kW ({loss[1:].sum() / p[0]:.2%})",
        f"loadability margin to voltage collapse {tree.attrs['margin']:.2f} ({margin_words(tree)})",
        f"{beyond} elements and voltages are beyond their limits" if beyond else "nothing is beyond its limits",
    ]
    if "outage" in tree.children:
        found = tree["outage"].to_dataset()
        lost, over, none = values(found, "lost_w"), values(found, "overloaded"), values(found, "solved") == 0
        voltage = values(found, "low") + values(found, "high")
        said.append(
            f"of {lost.size} N-1 contingencies, {int((over > 0).sum())} overload something, {int((voltage > 0).sum())} "
            f"bring a voltage violation, {int((lost > 0).sum())} lose load, {int(none.sum())} end in voltage collapse"
        )
    return said
