"""One run: from act to act, compiled seconds in between, everything recorded, the books closed.

The unit of compiled work is the macro-step: from now to the earliest of the next loop step, policy act,
arriving command, meter reading, event or change of jobs.
"""

import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from twin.components import chiller
from twin.control.actuation import CapPath
from twin.control.policies import make_policy
from twin.control.policy import Fleet, Policy, Seen
from twin.control.sensing import Meter
from twin.core import jit
from twin.core.clock import Clock
from twin.core.errors import OutputError, RunError, ScenarioError, did_you_mean, file_problem
from twin.core.layout import Vec
from twin.drive.jobs import Floor, Placement, place, read_jobs
from twin.drive.weather import Weather, WeatherRow
from twin.events import Wanted, actions, feed_limit
from twin.history import History, JobFacts
from twin.network import radial
from twin.plant import ledger, steady, step
from twin.plant.order import LONGEST_STEP
from twin.results import Result, ResultFile
from twin.scenario import Scenario
from twin.site.compile import Compiled, compile_site, new_state
from twin.site.spec import Site

PLANT_STEP, ACTIVITY_BLOCK, SETTLE_OVER = 60, 600, 300
Progress = Callable[[int, int], None]


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
    scenario = scenario or Scenario()
    directory = _open_directory(Path(out), overwrite)
    simulation = Simulation(site, scenario, folder or Path())
    return simulation.run(directory, progress)


def _open_directory(out: Path, overwrite: bool) -> Path:
    if (out / FILES.result).exists() and not overwrite:
        raise OutputError([file_problem(out, "holds a run already; name another directory, or overwrite it with --force")])
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise OutputError([file_problem(out, f"cannot be made: {wrong.strerror}")]) from wrong
    return out


class Simulation:
    """A site under a scenario, ready to run once."""

    def __init__(self, site: Site, scenario: Scenario, folder: Path) -> None:
        self.site, self.scenario, self.clock = site, scenario, Clock()
        self.duration = self.clock.ticks(scenario.duration, "duration")
        self.compiled = compile_site(site, scenario.seed)
        self.weather: Weather = scenario.weather.build(scenario.start, scenario.duration, folder)
        self.limit = feed_limit(scenario, self.compiled, self.clock)
        self.actions = actions(scenario, self.compiled, self.clock)
        self.placements = self._place(folder)
        self.job_ticks = {tick for p in self.placements for tick in (p.start_tick, p.end_tick)}
        self.policy = make_policy(scenario.policy.name, scenario.policy.fields, scenario.policy.period)
        self.every = max(1, self.clock.ticks(self.policy.every_s, "the policy's period"))
        self.watch = self._watched()
        self.state = new_state(self.compiled)
        self.fleet = self._fleet()
        control = site.control
        self.site_meter = Meter(*(self.clock.ticks(s, "site meter") for s in (control.site_meter.period, control.site_meter.delay)))
        self.node_meter = Meter(*(self.clock.ticks(s, "node meter") for s in (control.node_meter.period, control.node_meter.delay)))
        self.path = CapPath(self.fleet, self.clock.ticks(control.cap.latency, "cap latency"), control.cap.quantum)
        self.wanted = Wanted(self.compiled.plant, self.state)
        self.cap_w = np.full(self.fleet.gpus.size, np.inf)
        self.policy_s = 0.0
        self.messages: list[tuple[float, str, str]] = []
        self._activity = (0, 0, np.zeros((0, 0)))

    def _place(self, folder: Path) -> list[Placement]:
        plant, rack = self.compiled.plant, self.compiled.node_rack
        halls = np.array(self.compiled.names.halls)[plant.rack.hall]
        floor = Floor(halls[rack], np.array(self.compiled.names.rack_types)[rack], self.compiled.node_gpus)
        return place(read_jobs(self.scenario.jobs, floor, folder), floor, self.duration, self.scenario.seed, folder, self.clock)

    def _watched(self) -> list[int]:
        index = {name: i for i, name in enumerate(self.compiled.names.gpus)} if self.scenario.watch else {}
        unknown = [name for name in self.scenario.watch if name not in index]
        if unknown:
            near = did_you_mean(unknown[0], self.compiled.names.gpus[:: max(1, len(index) // 2000)])
            raise ScenarioError(f'watch: there is no GPU "{unknown[0]}"; {near}')
        return [index[name] for name in self.scenario.watch]

    def _fleet(self) -> Fleet:
        c = self.compiled
        kind = c.plant.rack.gpu[c.node_rack]
        specs = list(c.site.library.gpus.values()) if c.site.library else []
        least = np.array([spec.min_cap for spec in specs])[kind]
        return Fleet(c.node_gpus, c.plant.gpu.max_w[kind], least, c.node_substation, c.node_rack)

    def activity(self, first: int, last: int) -> Vec:
        """Mean activity of every job in each tick, [tick, job]; job 0 is no job."""
        start, end, table = self._activity
        if not start <= first < last <= end:
            end = min(max(last, first + ACTIVITY_BLOCK), max(self.duration, last))
            columns = [p.waveform.activity(first, end, p.start_tick, p.end_tick) for p in self.placements]
            table = np.column_stack([np.zeros(end - first), *columns])
            start, self._activity = first, (first, end, table)
        return np.ascontiguousarray(table[first - start : last - start])

    def settle(self) -> None:
        """The steady state of the first minutes' mean: no false warm-up."""
        self.move_jobs(0)
        mean = self.activity(0, min(SETTLE_OVER, self.duration)).mean(axis=0)
        air_c = float(self.weather.at(np.array([0])).dry_bulb_c[0])
        steady.settle(self.compiled.plant, self.state, mean, air_c, self.compiled.names.halls)
        if steady.solve_network(self.compiled.plant, self.state) < 0:
            raise RunError("the electrical network has no solution at the start: voltage collapse")
        feed_w = self.state.network.power_pu[:1] * radial.BASE_MVA * 1e6
        self.site_meter.read(0, feed_w, self._substation_w())
        self.node_meter.read(0, self.state.node.power_w, self.state.node.gpu_w)

    def _substation_w(self) -> Vec:
        return self.state.network.power_pu[self.compiled.plant.wiring.substation] * radial.BASE_MVA * 1e6

    def move_jobs(self, tick: int) -> None:
        """Give every server the job it holds from ``tick`` on."""
        job = np.zeros(self.state.node.job.size, np.int64)
        for k, placed in enumerate(self.placements):
            if placed.start_tick <= tick < placed.end_tick:
                job[placed.nodes] = k + 1
        self.state.node.job[:] = job

    def stops(self) -> list[int]:
        """Ticks at which something of the scenario changes."""
        return sorted({*self.job_ticks, *(a.tick for a in self.actions), *self.limit.ticks()} - {0})

    def apply_caps(self) -> None:
        """Put the caps that hold into the boards; boards on dead supply get nothing."""
        c = self.compiled
        alive = self.state.service.energised[c.plant.rack.board[c.node_rack]] > 0
        step.put_caps(self.state.blocks, c.plant.wiring.block_node, np.where(alive, self.cap_w, 0.0))
        limited = np.minimum(self.cap_w, self.fleet.gpu_max_w)
        self.state.step.capped[:] = (
            self.fleet.gpus[self.cap_w < self.fleet.gpu_max_w].sum(),
            (limited * self.fleet.gpus).sum() / self.fleet.gpus.sum(),
        )

    def act(self, tick: int) -> None:
        """Let the policy see what meters show at ``tick``, and send what it commands."""
        before = time.perf_counter()
        site, node = self.site_meter.seen(tick), self.node_meter.seen(tick)
        then = self.site_meter.at(node.tick)
        seen = Seen(
            time_s=float(tick), fleet=self.fleet, feed_w=float(site.values[0][0]), substation_w=site.values[1].copy(),
            substation_limit_w=self.compiled.substation_limit_w.copy(), node_time_s=float(node.tick),
            feed_then_w=float(then.values[0][0]), substation_then_w=then.values[1].copy(), node_w=node.values[0].copy(),
            node_gpu_w=node.values[1].copy(), cap_w=self.path.sent_w.copy(),
            least_limit_w=lambda ahead_s: self.limit.least_known(tick, round(ahead_s)),
        )  # fmt: skip
        try:
            commands = self.policy.act(seen)
            if commands is not None:
                self.path.send(tick, commands.gpu_cap_w)
        except Exception as wrong:
            message = f"policy {self.scenario.policy.name} failed at {tick} s: {type(wrong).__name__}: {wrong}"
            raise RunError(message) from wrong
        self.policy_s += time.perf_counter() - before

    def run(self, directory: Path, progress: Progress | None = None) -> Result:
        """Simulate and write; see `run`."""
        began = time.perf_counter()
        file = ResultFile(directory / FILES.result)
        try:
            with jit.compile_timer() as compiling:
                done, failure = self._simulate(file, progress)
            wall_s = time.perf_counter() - began - compiling[0]
            self._write_facts(directory, done, wall_s, compiling[0], failure)
            file.finish()
        except BaseException:
            file.discard()
            raise
        if isinstance(failure, KeyboardInterrupt):
            raise failure
        if failure is not None:
            raise RunError(f"{failure}; what was simulated until then is in {directory}") from failure
        return Result(directory)

    def _simulate(self, file: ResultFile, progress: Progress | None) -> tuple[int, BaseException | None]:
        """Run until the end, an interrupt or a failure; returns the seconds simulated and what ended them early."""
        self.settle()
        facts = [
            JobFacts(p.job.name, p.job.kind, float(p.start_tick), float(p.end_tick)) for p in self.placements
        ]
        history = History(self.compiled, file, facts, self.watch)
        before, books = ledger.stores(self.compiled.plant, self.state), ledger.open_books()
        tick, failure = 0, None
        self.apply_caps()
        try:
            for tick in self._steps(history, books):
                if progress is not None:
                    progress(tick, self.duration)
        except (KeyboardInterrupt, RunError) as ended:
            failure, tick = ended, self._tick
        history.minute(tick, self.state)
        history.flush()
        parts = ledger.close(books, before, ledger.stores(self.compiled.plant, self.state))
        # Air-cooled chillers use no water: the water books are there, and empty.
        parts.append(ledger.Part("water", 0.0, 0.0, 0.0, 0.0))
        history.finish(self.state, self.messages, parts, ledger.flows(books))
        self._parts = parts
        file.attributes(**self._attributes(tick, complete=failure is None))
        return tick, failure

    def _steps(self, history: History, books: Vec) -> Iterator[int]:
        """Macro-step after macro-step; yields the tick each one ends at."""
        plant, state = self.compiled.plant, self.state
        stops, longest = iter([*self.stops(), 10**12]), 1 if self.watch else LONGEST_STEP
        next_stop, pending = next(stops), list(self.actions)
        tick = self._tick = 0
        while tick < self.duration:
            while next_stop <= tick:
                next_stop = next(stops)
            self._begin(tick, history, pending)
            if tick % self.every == 0:
                self.act(tick)
            end = int(min(
                self.clock.next_multiple(tick, longest), self.clock.next_multiple(tick, self.every), self.path.next_arrival(),
                self.clock.next_multiple(tick, self.node_meter.period), next_stop, self.duration,
            ))  # fmt: skip
            end = max(end, tick + 1)
            air = self.weather.at(np.arange(tick, end))
            if tick % PLANT_STEP == 0:
                step.rate_plant(plant.chiller, plant.wiring.chillers, state.service, state.step, float(air.dry_bulb_c[0]))
            failed = step.advance(
                plant, state, self.activity(tick, end), end - tick, books, history.site,
                history.substation_w, history.row, history.records, history.seconds,
            )
            if failed:
                raise RunError(self._collapse(tick - failed))
            self._read(end, end - tick, history, air)
            tick = self._tick = end
            yield tick

    def _begin(self, tick: int, history: History, pending: list[Any]) -> None:
        """What changes at the beginning of a tick: jobs, events, arriving caps."""
        if tick in self.job_ticks:
            history.collect_jobs(self.state)
            self.move_jobs(tick)
        moved = False
        while pending and pending[0].tick <= tick:
            action = pending.pop(0)
            action.apply(self.wanted)
            self.messages.append((float(tick), action.what, action.message))
            moved = True
        if moved:
            self.wanted.enforce(self.state)
            air_c = float(self.weather.at(np.array([tick])).dry_bulb_c[0])
            plant = self.compiled.plant
            step.rate_plant(plant.chiller, plant.wiring.chillers, self.state.service, self.state.step, air_c)
        caps = self.path.arrived(tick)
        if caps is not None:
            self.cap_w = caps
        if caps is not None or moved:
            self.apply_caps()

    def _read(self, tick: int, ticks: int, history: History, air: WeatherRow) -> None:
        """After a macro-step: meters read, rows are completed."""
        history.add(tick, ticks, self.state, self.limit.at(tick - ticks, tick), air)
        feed_w = self.state.network.power_pu[:1] * radial.BASE_MVA * 1e6
        self.site_meter.read(tick, feed_w, self._substation_w())
        if self.node_meter.due(tick):
            self.node_meter.read(tick, self.state.node.power_w, self.state.node.gpu_w)

    def _collapse(self, tick: int) -> str:
        feed, network = self.site.feed, self.state.step
        load_mw = float(network.load_w.sum()) * radial.BASE_MVA
        return (
            f"voltage collapse at {tick} s: the network has no solution for {load_mw:.1f} MW "
            f"behind {feed.short_circuit / 1e6:g} MVA of short-circuit power"
        )

    def _attributes(self, done: int, *, complete: bool) -> dict[str, Any]:
        c, s, site = self.compiled, self.scenario, self.site
        return {
            "title": s.title or site.title or site.name, "site": site.name, "scenario": s.title or "default scenario",
            "policy": s.policy.name, "policy_fields": json.dumps({"every_s": self.policy.every_s, **s.policy.fields}),
            "start": s.start.isoformat(), "duration_s": float(done), "step_s": 1.0, "seed": s.seed,
            "twin_version": installed_version("datacenter-twin"), "source_digest": jit.digest(), "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "complete": int(complete), "binding_limit_window": site.limits.window, "demand_interval_s": site.limits.demand_interval,
            "gpus": c.gpus, "nodes": int(c.node_rack.size), "racks": len(c.names.racks), "notes": json.dumps(self._notes()),
            "Conventions": "CF-1.11",
        }  # fmt: skip

    def _notes(self) -> list[str]:
        """What is extrapolated, estimated or assumed."""
        notes = list(self.site.notes)
        chillers = self.compiled.plant.chiller
        outside = [
            spec.name for h, spec in enumerate(self.site.halls)
            if chiller.is_extrapolated(chillers, h, self.state.service.set_point_c[h], chillers.air_c[h, 1])
        ]  # fmt: skip
        if outside:
            low, high = chillers.leaving_c[0]
            notes.append(
                f"Extrapolated: chiller curves are published for {low:g} to {high:g} degC of leaving water; "
                f"{len(outside)} of {len(self.site.halls)} halls ask for warmer (docs/physics.md says how they are extended)."
            )
        return notes

    def _write_facts(self, directory: Path, done: int, wall_s: float, compile_s: float, failure: BaseException | None) -> None:
        parts = {part.name: part for part in self._parts}
        residual = max((abs(p.residual) for p in self._parts if p.name != "water"), default=0.0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        facts = {
            "site": self.site.name, "scenario": self.scenario.title or "default scenario", "policy": self.scenario.policy.name,
            "seed": self.scenario.seed, "gpus": self.compiled.gpus, "complete": failure is None,
            "simulated_s": done, "wall_s": round(wall_s, 3), "compile_s": round(compile_s, 3), "policy_s": round(self.policy_s, 3),
            "speedup": round(done / wall_s, 1) if wall_s > 0 else None, "threads": jit.threads(), "peak_rss_bytes": peak,
            "energy_residual": parts["site"].residual, "worst_part_residual": residual, "water_residual": parts["water"].residual,
            "source_digest": jit.digest(),
            "versions": {"python": platform.python_version(), **{name: installed_version(name) for name in ("datacenter-twin", "numba", "numpy", "xarray", "h5netcdf")}},
        }  # fmt: skip
        (directory / FILES.facts).write_text(json.dumps(facts, indent=2) + "\n")
        (directory / FILES.resolved).write_text(resolved_text(self.site, self.scenario))


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
        "site": site.model_dump(mode="json", by_alias=True, exclude_none=True),
        "scenario": scenario.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


@contextmanager
def announced(say: Callable[[str], None]) -> Iterator[None]:
    """Say so where what follows must compile first."""
    if jit.is_cold():
        say("compiling the solver, once for this version (about half a minute)")
    yield
