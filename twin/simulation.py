"""A site under a scenario, advanced from act to act with compiled seconds in between.

The unit of compiled work is the macro-step: from now to the earliest of the next loop step, policy act, meter
reading, event or change of jobs. Caps may arrive within one.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twin.boards import Boards
from twin.components import chiller
from twin.control.loop import Charge, ControlLoop
from twin.core.clock import Clock
from twin.core.errors import Gathered, RunError, ScenarioError, misfit
from twin.core.layout import Vec
from twin.drive.weather import Weather
from twin.events import Action, actions, feed_limit
from twin.history import History
from twin.holding import Holding
from twin.opened import NoSolution, Opened
from twin.plant import electrics, grid, ledger, outages, rejection, steady, step, storage
from twin.plant.order import LONGEST_STEP
from twin.protecting import Protecting
from twin.results import ResultFile
from twin.rules.pack import load_pack
from twin.scenario import Scenario, overlaps
from twin.site.air import full_load_inlet_c
from twin.site.compile import Compiled, compile_site, new_state
from twin.site.spec import Site
from twin.telemetry import PlantGauges, as_fed, control_loop, in_charge
from twin.wanted import Wanted
from twin.watching import Watch
from twin.windows import Window, windows
from twin.workload import Workload

PLANT_STEP, SETTLE_OVER = 60, 300
Progress = Callable[[int, int], None]


class Ended(NamedTuple):
    """How a simulation ended."""

    seconds: int
    failure: BaseException | None
    parts: list[ledger.Part]


class Simulation:
    """A site under a scenario, ready to run once. Raises ScenarioError where the two do not fit."""

    def __init__(self, site: Site, scenario: Scenario, folder: Path) -> None:
        self.site, self.scenario, clock = site, scenario, Clock()
        self.compiled: Compiled = compile_site(site, scenario.seed)
        charge = self._meet(folder, clock)
        self.state = new_state(self.compiled)
        self.control: ControlLoop = control_loop(charge, scenario, self.compiled, self.limit, self.workload.placements)
        self.holding = Holding(self.control.fleet, len(self.workload.placements))
        self.boards = Boards(self.compiled, self.control.fleet)
        self._gauges = PlantGauges(self.compiled, self.state)
        self.wanted = Wanted(self.compiled, self.state)
        self.protecting = Protecting(self.compiled, self.state)
        self.messages: list[tuple[float, str, str]] = []
        self._on_battery = (0, 0)
        self._open: Opened | None = None
        self._unsettled = False
        self.tick = 0

    def _meet(self, folder: Path, clock: Clock) -> Charge:
        """All of the scenario on the site; who is in charge. ScenarioError with everything that does not fit."""
        scenario, compiled, wrong = self.scenario, self.compiled, Gathered()
        wrong.problems += overlaps(scenario)
        self.duration = ceil(scenario.duration)
        with wrong.at("duration"):
            self.duration = clock.ticks(scenario.duration, "duration")
        with wrong.at("weather", "file"):
            self.weather: Weather = scenario.weather.build(scenario.start, scenario.duration, folder)
        with wrong.at("calls"):
            self.limit = feed_limit(scenario, compiled, clock)
        with wrong.at("rules"):
            self.rules = load_pack(scenario.rules or self.site.rules, folder)
        with wrong.at("windows"):
            self.windows = _windows(scenario, compiled)
        with wrong.at("events"):
            self.actions = actions(scenario, compiled)
        with wrong.at("jobs"):
            self.workload = Workload(scenario, compiled, self.duration, folder, clock)
        with wrong.at("watch"):
            self.watch = Watch(scenario.watch, compiled.names)
        with wrong.at("policy", "name"):
            charge = in_charge(scenario.policy)
        if wrong.problems:
            raise ScenarioError(scenario.placed(wrong.problems))
        return charge

    def run(self, file: ResultFile, progress: Progress | None = None) -> Ended:
        """Simulate into ``file`` until the end, an interrupt or a failure."""
        self.settle()
        history = History(self.compiled, file, self.workload, self.watch, self.holding)
        before, books = ledger.stores(self.compiled.plant, self.state), ledger.open_books()
        failure: BaseException | None = None
        self.boards.count(self.control.actuators.held(), self.state.step.capped)
        try:
            with _interrupts_wait() as interrupted:
                for tick in self._steps(history, books):
                    if progress is not None:
                        progress(tick, self.duration)
                    if interrupted():
                        raise KeyboardInterrupt
        except (KeyboardInterrupt, RunError) as ended:
            failure = ended
        history.minute(self.tick, self.state)
        history.flush()
        parts = ledger.close(books, before, ledger.stores(self.compiled.plant, self.state))
        history.finish(self.state, self.messages, parts, ledger.flows(books))
        return Ended(self.tick, failure, parts)

    def settle(self) -> None:
        """The steady state of the first minutes' mean: no false warm-up. RunError where there is none."""
        self._turn_jobs(0)
        self._move_jobs(0)
        mean = self.workload.activity(0, min(SETTLE_OVER, self.duration)).mean(axis=0)
        steady.settle(self.compiled.plant, self.state, mean, self._outdoors(0), self.compiled.names.halls)
        if steady.solve_network(self.compiled.plant, self.state, self.compiled.meshed) < 0:
            raise RunError(f"voltage collapse at the start: {self._why_none()}")
        self.control.read(0, *self._gauges.site(), self._gauges)

    def _steps(self, history: History, books: Vec) -> Iterator[int]:
        """Macro-step after macro-step; yields the tick each one ends at."""
        plant, state = self.compiled.plant, self.state
        longest = 1 if self.watch else LONGEST_STEP
        periods = step.periods(plant)
        opening = {tick for one in self.windows for tick in (one.begin, one.end)}
        actions = {action.tick for action in self.actions}
        changes = sorted({*actions, *opening, *self.limit.ticks(), self.duration})
        pending = list(self.actions)
        while self.tick < self.duration:
            tick = self.tick
            changes = [change for change in changes if change > tick] if changes[0] <= tick else changes
            self._begin(tick, history, pending)
            if tick % self.control.every == 0:
                self._act(tick)
            sampled = any(tick % period == 0 for period in periods)
            if sampled:
                step.sample(plant, state, tick)
            next_sample = min((tick // period + 1) * period for period in periods)
            opened = self._opened(tick, history)
            most = 1 if opened or step.turning(state) else min((tick // longest + 1) * longest, next_sample) - tick
            end = min(tick + most, self.control.next_tick(tick), changes[0], self.workload.next_change(tick))
            end = max(tick + 1, end)
            step.move(plant, state, float(end - tick), sampled=sampled)
            air = self.weather.at(np.arange(tick, end))
            if tick % PLANT_STEP == 0:
                rejection.rate(plant, state, self._outdoors(tick))
                electrics.update_resistances(plant, state)
            self._take_caps(tick, end)
            if opened:
                self._milliseconds(opened, tick, pending, books, history)
            else:
                failed = step.advance(
                    plant, state, self.workload.activity(tick, end), end - tick, books, history.site,
                    history.substation_w, history.row, history.records, history.seconds, self.compiled.meshed,
                )  # fmt: skip
                if failed:
                    raise RunError(f"voltage collapse at {tick - failed} s: {self._why_none()}")
                outages.cut_off(plant, state)
            self.boards.keep(self.state.node, self.state.step.capped)
            self._tell_ups(end)
            seconds = slice(history.row, history.row + end - tick)
            self.control.read(end, history.site.feed_w[seconds], history.substation_w[seconds], self._gauges)
            self._count_outages(end, end - tick)
            self.workload.felt(end, end - tick, state.node, history.site.work[seconds], history.site.demand[seconds])
            history.add(end, end - tick, state, self.limit.at(tick, end), air)
            self.tick = end
            moved = self.protecting.act(state, self.wanted)
            if moved:
                self.messages += [(float(end), *said) for said in moved]
                self.control.fleet = as_fed(self.control.fleet, self.compiled, state.feeding)
            yield end

    def _act(self, tick: int) -> None:
        happened = self.control.act(tick, self.state.node.job, self.workload.paused())
        if happened is not None:
            self.messages.append((float(tick), "policy", happened))

    def _begin(self, tick: int, history: History, pending: list[Action]) -> None:
        """What changes at the beginning of a tick: orders to the scheduler, jobs and events."""
        for order in self.control.scheduler.take(tick):
            self.messages += [(float(tick), "job", words) for words in self.workload.obey(tick, order)]
        if self._turn_jobs(tick):
            history.collect_jobs(self.state)
            self._move_jobs(tick)
        due = [action for action in pending if action.tick <= tick and action.offset_s == 0.0]
        for action in due:
            pending.remove(action)
            action.apply(self.wanted)
            self.messages.append((float(tick), action.what, action.message))
        if due or self._unsettled or storage.stale(self.compiled.plant, self.state):
            self._unsettled = False
            self._enforce(tick, due)

    def _enforce(self, tick: int, due: list[Action]) -> None:
        """Make the plant follow what events changed; operators know which substation feeds which server then."""
        plant, control = self.compiled.plant, self.control
        try:
            self.wanted.enforce(self.state)
        except RunError as wrong:
            raise RunError(f"at {tick} s {', '.join(action.message for action in due)}: {wrong}") from None
        control.fleet = as_fed(control.fleet, self.compiled, self.state.feeding)
        rejection.rate(plant, self.state, self._outdoors(tick))

    def _tell_ups(self, tick: int) -> None:
        """A message whenever UPS go to their batteries, return, or lock."""
        now = storage.counts(self.state)
        if now != self._on_battery:
            said = f"{now[0]} of {len(self.compiled.names.ups)} UPS on battery, {now[1]} of them locked"
            self.messages.append((float(tick), "UPS", said))
            self._on_battery = now

    def _opened(self, tick: int, history: History) -> Opened | None:
        """The window that is open at ``tick``, made where it begins."""
        if self._open is not None and self._open.window.end <= tick:
            self._open = None
        for number, window in enumerate(self.windows, 1):
            if window.begin == tick:
                self._open = Opened(window, number, self.compiled, self.state, self.workload)
                self._open.begin(history.file)
        return self._open

    def _milliseconds(self, opened: Opened, tick: int, pending: list[Action], books: Vec, history: History) -> None:
        """A second of an open window, with the events that fall within it."""
        due = [action for action in pending if action.tick == tick]
        for action in due:
            pending.remove(action)
        told = [(tick + action.offset_s, action.what, action.message) for action in due]
        try:
            said = opened.advance(tick, due, self.protecting, self.wanted)
        except NoSolution as wrong:
            raise RunError(f"voltage collapse at {wrong.time_s:.3f} s: {self._why_none()}") from None
        opened.finish(tick, books, history)
        self.messages += sorted([*told, *said], key=lambda message: message[0])
        self._unsettled = bool(due or said)

    def _count_outages(self, tick: int, ticks: int) -> None:
        """Racks whose supplies tripped: who they are now, and who is at work again."""
        lost, back = outages.pass_time(self.compiled.plant, self.state, ticks)
        for racks, words in ((lost, "lost their supply"), (back, "are at work again")):
            if racks:
                self.messages.append((float(tick), "racks", f"{racks} racks {words}"))
                self._unsettled = True

    def _turn_jobs(self, tick: int) -> bool:
        """Let jobs start, end, fail and be back; whether servers change jobs."""
        moved, said = self.workload.begin(tick)
        self.messages += [(float(tick), "job", words) for words in said]
        return moved

    def _move_jobs(self, tick: int) -> None:
        self.state.node.job[:] = self.workload.holders(tick, self.state.node.job.size)
        self._look_who_is_held(self.state.node.cap_w)

    def _outdoors(self, tick: int) -> tuple[float, float, float]:
        """Dry and wet bulb [degC] and pressure [Pa] at ``tick``."""
        dry, wet, pressure = self.weather.at(np.array([tick]))
        return float(dry[0]), float(wet[0]), float(pressure[0])

    def _take_caps(self, tick: int, end: int) -> None:
        """Let the commands that arrive from ``tick`` on and before ``end`` take the place of those that hold."""
        arriving = self.control.actuators.arriving(end)
        if arriving is None:
            self.holding.last(0, end - tick)
            return
        at, held = arriving
        self.boards.take(held, at - tick, self.state.node, self.state.step.capped)
        self.holding.last(0, at - tick)
        self._look_who_is_held(held.cap_w)
        self.holding.last(at - tick, end - tick)

    def _look_who_is_held(self, cap_w: Vec) -> None:
        brake = self.control.actuators.brake
        self.holding.look(self.state.node.job, cap_w, None if brake is None else brake.in_force)

    def _why_none(self) -> str:
        c = self.compiled
        return grid.why_none(c.plant, self.state, c.meshed, c.names.electrical)

    def notes(self) -> list[str]:
        """What is extrapolated, estimated or assumed."""
        notes, warm_c = [*self.site.notes, *self._air_notes()], self.state.service.set_point_c
        chillers, halls = self.compiled.plant.chiller, len(self.site.halls)
        warm_c = warm_c[chillers.hall]
        outside = sum(
            bool(chiller.is_extrapolated(chillers, g, warm_c[g], chillers.condenser_c[g, 1]))
            for g in range(chillers.hall.size)
        )
        if not outside:
            return notes
        low, high = chillers.leaving_c[0]
        return [
            *notes,
            f"Extrapolated: chiller curves are published for {low:g} to {high:g} degC of leaving water; "
            f"{outside} of {halls} halls ask for warmer (docs/physics.md says how they are extended).",
        ]

    def _air_notes(self) -> list[str]:
        """Halls whose coils leave servers too warm with every board at its rating."""
        plant, limit_c = self.compiled.plant, self.compiled.plant.aisle.limit_c
        inlet_c = full_load_inlet_c(
            plant, self.state.flows.coil_kg_s, self.state.service.set_point_c, self.compiled.reference_air_c
        )
        over = inlet_c > limit_c
        if not over.any():
            return []
        h = int(np.argmax(inlet_c - limit_c))
        return [
            f"Air: with every board at its rating, servers in {int(over.sum())} of {over.size} halls would draw air of "
            f"up to {inlet_c[h]:.1f} degC, their limit is {limit_c[h]:g} degC; the water of "
            f"{self.state.service.set_point_c[h]:g} degC is too warm or the coils are too small for it."
        ]


def _windows(scenario: Scenario, compiled: Compiled) -> list[Window]:
    found = windows(scenario)
    if found and compiled.meshed is not None:
        message = (
            "windows of milliseconds are solved by the sweep, and this site has solver: meshed; "
            "use electrical.solver: radial or leave the windows out"
        )
        raise ScenarioError([misfit(found[0].loc, message)])
    return found


@contextmanager
def _interrupts_wait() -> Iterator[Callable[[], bool]]:
    """While open, Ctrl-C waits for the end of the macro-step, so that the books of what is saved close."""
    asked = False

    def remember(*_: object) -> None:
        nonlocal asked
        asked = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
