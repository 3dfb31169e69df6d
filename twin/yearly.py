"""A year and its directory: what servers are asked for, the result file, the table of months, the page, the words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from twin.core import jit
from twin.core.clock import Clock
from twin.core.errors import Gathered, OutputError, ScenarioError, TraceError, did_you_mean, file_problem
from twin.core.layout import Vec, variables
from twin.core.quantity import parse
from twin.drive.trace import read_trace, resample
from twin.drive.weather import CLIMATES, Weather, WeatherSpec
from twin.judge.months import months, said
from twin.judge.result import reading
from twin.plant.record import SiteRecord
from twin.report.tables import write_csv
from twin.report.year import draw_year, monthly_table
from twin.running import installed_version
from twin.scenario import Scenario
from twin.site.compile import Compiled, compile_site
from twin.site.spec import Site
from twin.workload import Workload
from twin.year import DAY_S, YEAR_S, HallYear, Load, Progress, Year, simulate

RESULT, REPORT = "year.nc", "year.html"
_LEVELS = 100  # activities of a profile are rounded to whole per cents
_NO_POLICY = ("capped", "cap_w")


class YearRun(NamedTuple):
    """Where a year was written, and what it came to in sentences."""

    result: Path
    sentences: list[str]


def run_year(
    site: Site, scenario: Scenario, out: Path, *, weather: str = "memphis", step: str = "1 h",
    activity: str | None = None, folder: Path | None = None, progress: Progress | None = None,
    overwrite: bool = False, report: bool = True,
) -> YearRun:  # fmt: skip
    """Simulate a year of ``site`` and write ``out``: ``year.nc``, ``tables/monthly.csv`` and ``year.html``.

    ``weather`` is a climate by name, or a weather file or table; ``step`` a duration of which a day holds a whole
    number. ``activity`` is a number for every server or a table of it over time that is repeated, else servers work
    on ``scenario``'s jobs at their mean (files it names are relative to ``folder``).
    """
    if (out / RESULT).exists() and not overwrite:
        raise OutputError([file_problem(out, "holds a year already; name another directory, or add --force")])
    step_s = _step_s(step)
    folder = folder or Path()
    air, start = _weather(weather, scenario, folder)
    compiled = compile_site(site, scenario.seed)
    load = _load(activity, scenario, compiled, folder, step_s)
    tree = _tree(simulate(compiled, load, air, start, step_s, progress), compiled, load, weather)
    try:
        out.mkdir(parents=True, exist_ok=True)
        tree.to_netcdf(out / RESULT, engine="h5netcdf", encoding=_encoding(tree))
    except OSError as wrong:
        raise OutputError([file_problem(out, f"cannot be written: {wrong.strerror or wrong}")]) from wrong
    with reading(out / RESULT) as written:
        write_csv([monthly_table(written)], out / "tables")
        if report:
            draw_year(written, out / REPORT)
        return YearRun(out / RESULT, [*said(written, months(written)), *_mean_days(weather)])


def _mean_days(weather: str) -> list[str]:
    if weather not in CLIMATES:
        return []
    return [
        "The climate is the mean day of each month: it has no hot or humid extremes. Judge peaks with a weather file."
    ]


def _step_s(text: str) -> int:
    try:
        step_s = Clock().ticks(parse(text, "duration"), where="--step")
    except ValueError as wrong:
        raise ScenarioError(f"--step: {wrong}") from None
    if step_s < 1 or DAY_S % step_s:
        raise ScenarioError(f"--step: {text} is no whole part of a day; 1 min, 15 min and 1 h are")
    return step_s


def _weather(name: str, scenario: Scenario, folder: Path) -> tuple[Weather, datetime]:
    """Outdoor air from the first midnight of the scenario's year on, in the station's standard time if it has one."""
    path, start = Path(name), scenario.start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    if name not in CLIMATES and not path.is_file():
        raise ScenarioError(f'--weather: "{name}" is neither a file nor a climate; {did_you_mean(name, CLIMATES)}')
    spec = WeatherSpec.model_validate({"climate": name} if name in CLIMATES else {"file": path.absolute()})
    air = spec.build(start, YEAR_S, folder)
    if air.zone is not None:
        start = start.replace(tzinfo=air.zone)
        air = spec.build(start, YEAR_S, folder)
    return air, start


def _load(activity: str | None, scenario: Scenario, compiled: Compiled, folder: Path, step_s: int) -> Load:
    steps, servers = YEAR_S // step_s, len(compiled.node_rack)
    if activity is None:
        mean = mean_activity(scenario, compiled, folder)
        return Load(f"{scenario.title or 'default scenario'}, mean of its jobs", mean, np.zeros(steps, np.int64))
    try:
        share = float(activity)
    except ValueError:
        return _profile(Path(activity), steps, servers, step_s)
    if not 0.0 <= share <= 1.0:
        raise ScenarioError(f"--activity: {share:g} is not between 0 and 1")
    return Load(f"every server at activity {share:g}", _level(share, servers), np.zeros(steps, np.int64))


def _level(share: float, servers: int) -> Vec:
    return np.append(0.0, np.full(servers, share))[None, :]


def _profile(path: Path, steps: int, servers: int, step_s: int) -> Load:
    trace = resample(read_trace(path, ["activity"]), float(step_s))
    shares = trace.columns["activity"]
    if not len(shares) or not np.isfinite(shares).all() or shares.min() < 0.0 or shares.max() > 1.0:
        raise TraceError([file_problem(path, f"activity must be 0 to 1 in every step, over {step_s} s at least")])
    levels, level = np.unique(np.round(_LEVELS * np.resize(shares, steps)) / _LEVELS, return_inverse=True)
    return Load(
        f"{path.name}, repeated", np.concatenate([_level(share, servers) for share in levels]), level.astype(np.int64)
    )


def mean_activity(scenario: Scenario, compiled: Compiled, folder: Path) -> Vec:
    """Mean activity of every server over the scenario, one row; the first entry is no server."""
    clock, wrong = Clock(), Gathered()
    with wrong.at():
        duration = clock.ticks(scenario.duration, "duration")
    with wrong.at("jobs"):
        work = Workload(scenario, compiled, round(scenario.duration), folder, clock)
    if wrong.problems:
        raise ScenarioError(scenario.placed(wrong.problems))
    total = np.zeros(len(work.placements) + 1)
    tick = 0
    while tick < duration:
        work.begin(tick)
        end = min(tick + 600, duration, work.next_change(tick))
        total += work.activity(tick, end).sum(axis=0)
        tick = end
    mean = np.zeros((1, len(compiled.node_rack) + 1))
    for placed, asked in zip(work.placements, total[1:], strict=True):
        mean[0, 1 + placed.nodes] += asked / duration
    return mean


def _tree(year: Year, compiled: Compiled, load: Load, weather: str) -> xr.DataTree:
    site, scenario_start = compiled.site, year.start
    time = year.step_s * np.arange(1.0, len(year.air.dry_bulb_c) + 1)
    axis = ("time", time, {"units": "s", "long_name": "time since the start, at the end of the interval"})
    air = {
        name: ("time", values, {"units": unit, "long_name": words})
        for (name, unit, words), values in zip(_AIR, year.air, strict=True)
    }
    rows = {
        name: ("time", values, {"units": var.unit, "long_name": var.words})
        for (name, var), values in zip(variables(SiteRecord), year.site, strict=True)
        if name not in _NO_POLICY
    }
    halls = {
        name: (("time", "hall"), values, {"units": var.unit, "long_name": var.words})
        for (name, var), values in zip(variables(HallYear), year.hall, strict=True)
    }
    attributes: dict[str, Any] = {
        "title": f"A year of {site.title or site.name}", "site": site.name, "weather": Path(weather).name,
        "load": load.words, "start": scenario_start.isoformat(), "step_s": float(year.step_s),
        "limit_w": site.feed.limit, "gpus": compiled.gpus, "racks": len(compiled.names.racks),
        "set_point_c": json.dumps([hall.supply for hall in site.halls]),
        "twin_version": installed_version("datacenter-twin"), "source_digest": jit.digest(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"), "Conventions": "CF-1.11",
    }  # fmt: skip
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attributes),
            "/site": xr.Dataset(air | rows, {"time": axis}),
            "/hall": xr.Dataset(halls, {"time": axis, "hall": compiled.names.halls}),
        }
    )


_AIR = (
    ("dry_bulb_c", "degC", "dry bulb outdoors"),
    ("wet_bulb_c", "degC", "wet bulb outdoors"),
    ("pressure_pa", "Pa", "air pressure outdoors"),
)


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict[str, Any]]]:
    packed = {"zlib": True, "complevel": 1, "shuffle": True}
    return {
        path: {str(name): packed | ({"dtype": "float32"} if path == "/hall" else {}) for name in tree[path].data_vars}
        for path in ("/site", "/hall")
    }
