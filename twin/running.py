"""One run and its directory: the result, the facts about it, and the file that repeats it.

The module is not called ``run``, since importing it would then hide the function of that name in ``twin``.
"""

import json
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from twin.core import jit
from twin.core.errors import OutputError, RunError, file_problem
from twin.results import Result, ResultFile
from twin.scenario import Scenario
from twin.simulation import Ended, Progress, Simulation
from twin.site.spec import Site


class RunFiles(NamedTuple):
    """The names in a run directory."""

    result: str = "result.nc"
    facts: str = "run.json"
    resolved: str = "resolved.yaml"
    report: str = "report.html"


FILES = RunFiles()


def run(
    site: Site, scenario: Scenario | None = None, out: Path | str = "runs/latest", *,
    folder: Path | None = None, progress: Progress | None = None, overwrite: bool = False,
) -> Result:  # fmt: skip
    """Simulate ``scenario`` (the default one where None) on ``site`` and write the run directory ``out``.

    ``folder`` is what files named by the scenario are relative to; ``progress`` is told (seconds done, seconds
    in all). Raises OutputError where ``out`` holds a run already and ``overwrite`` is not set, ScenarioError
    where the scenario does not fit the site, RunError where the model cannot go on: what was simulated until
    then is kept, as it is on an interrupt.
    """
    began = time.perf_counter()
    simulation = Simulation(site, scenario or Scenario(), folder or Path())
    directory = _open_directory(Path(out), overwrite=overwrite)
    file = ResultFile(directory / FILES.result)
    try:
        with jit.compile_timer() as compiling:
            ended = simulation.run(file, progress)
        file.attributes(**_attributes(simulation, ended))
        _write_facts(directory, simulation, ended, time.perf_counter() - began - compiling[0], compiling[0])
        file.finish()
    except BaseException:
        file.discard()
        raise
    if isinstance(ended.failure, RunError):
        raise RunError(f"{ended.failure}; what was simulated until then is in {directory}") from ended.failure
    if ended.failure is not None:
        raise ended.failure
    return Result(directory)


def _open_directory(out: Path, *, overwrite: bool) -> Path:
    if (out / FILES.result).exists() and not overwrite:
        raise OutputError(
            [file_problem(out, "holds a run already; name another directory, or overwrite it with --force")]
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise OutputError([file_problem(out, f"cannot be made: {wrong.strerror}")]) from wrong
    return out


def _attributes(simulation: Simulation, ended: Ended) -> dict[str, Any]:
    """What stands on the whole result."""
    c, s, site = simulation.compiled, simulation.scenario, simulation.site
    return {
        "title": s.title or site.title or site.name, "site": site.name, "scenario": s.title or "default scenario",
        "policy": s.policy.name,
        "policy_fields": json.dumps({"every_s": simulation.control.policy.every_s, **s.policy.fields}),
        "start": s.start.isoformat(), "duration_s": float(ended.seconds), "step_s": 1.0, "seed": s.seed,
        "twin_version": installed_version("datacenter-twin"), "source_digest": jit.digest(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"), "complete": int(ended.failure is None),
        "binding_limit_window": site.limits.window, "demand_interval_s": site.limits.demand_interval, "gpus": c.gpus,
        "servers_nameplate_w": float(c.node_max_w.sum()),
        "nodes": int(c.node_rack.size), "racks": len(c.names.racks), "notes": json.dumps(simulation.notes()),
        "rules": json.dumps(simulation.rules), "feed_limit_w": site.feed.limit, "feed_voltage_v": site.feed.voltage,
        "Conventions": "CF-1.11",
    }  # fmt: skip


def _write_facts(directory: Path, simulation: Simulation, ended: Ended, wall_s: float, compile_s: float) -> None:
    scenario, site = simulation.scenario, simulation.site
    residual = {part.name: part.residual for part in ended.parts}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    packages = ("datacenter-twin", "numba", "numpy", "xarray", "h5netcdf")
    facts = {
        "site": site.name, "scenario": scenario.title or "default scenario", "policy": scenario.policy.name,
        "seed": scenario.seed, "gpus": simulation.compiled.gpus, "complete": ended.failure is None,
        "simulated_s": ended.seconds, "wall_s": round(wall_s, 3), "compile_s": round(compile_s, 3),
        **_policy_cost(simulation, wall_s), "speedup": round(ended.seconds / wall_s, 1),
        "threads": jit.threads(), "peak_rss_bytes": peak, "energy_residual": residual["site"],
        "worst_part_residual": max(abs(value) for value in residual.values()), "water_residual": residual["water"],
        "source_digest": jit.digest(),
        "versions": {"python": platform.python_version(), **{name: installed_version(name) for name in packages}},
    }  # fmt: skip
    (directory / FILES.facts).write_text(json.dumps(facts, indent=2) + "\n")
    (directory / FILES.resolved).write_text(resolved_text(site, scenario))


def _policy_cost(simulation: Simulation, wall_s: float) -> dict[str, float]:
    """What the policy took: of its acts, of reading meters for it, the slowest act, the share of the run."""
    control = simulation.control
    return {
        "policy_s": round(control.spent_s, 3), "policy_acts": control.acts,
        "policy_slowest_s": round(control.slowest_s, 4), "telemetry_s": round(control.read_s, 3),
        "policy_share": round((control.spent_s + control.read_s) / wall_s, 4),
    }  # fmt: skip


def installed_version(name: str) -> str:
    """The version of a distribution, or that it is not installed (a checkout used in place)."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def resolved_text(site: Site, scenario: Scenario) -> str:
    """A file that alone repeats a run: the whole site and scenario, every default and part written out."""
    data = {
        "resolved": 1,
        "site": site.model_dump(mode="json", by_alias=True),
        "scenario": scenario.model_dump(mode="json", by_alias=True),
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
