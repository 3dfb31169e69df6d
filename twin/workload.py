"""The jobs of a run on its servers: who holds which, what each asks for in every second, and how far it has got.

What servers keep of their speed is known after each macro-step; jobs advance by it, and the next step shows their
patterns at that pace. A synchronous training goes as fast as the slowest of its servers, those without supply apart;
what the others could have done meanwhile is lost too. All other jobs go as fast as their servers do on average. What a
pause withholds is asked for and lost, as its servers are held.
"""

from bisect import bisect_right
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.control.scheduler import Order
from twin.core.clock import Clock
from twin.core.layout import IVec, Vec
from twin.drive.backfill import NEVER
from twin.drive.course import Course, Pattern
from twin.drive.failures import outages
from twin.drive.inference import Load, Pool, Service
from twin.drive.jitter import offsets_s
from twin.drive.jobs import Floor, JobFacts, Placement, job_seed, place
from twin.drive.mixes import read_jobs
from twin.drive.pause import Halt, PauseSpec
from twin.drive.queue import Queue
from twin.drive.training import Training
from twin.plant.order import NodeState
from twin.plant.paces import paces
from twin.scenario import Scenario
from twin.site.compile import Compiled

_BLOCK = 600  # ticks of activity made at once


class Workload:
    """Placed jobs and their activity. Job 0 is no job."""

    def __init__(self, scenario: Scenario, compiled: Compiled, duration: int, folder: Path, clock: Clock) -> None:
        rack = compiled.node_rack
        halls = np.array(compiled.names.halls)[compiled.plant.rack.hall]
        floor = Floor(halls[rack], np.array(compiled.names.rack_types)[rack], compiled.node_gpus)
        jobs = read_jobs(scenario.jobs, floor, folder)
        self.placements: list[Placement] = place(jobs, floor, duration, scenario.seed, folder, clock)
        self._racks = compiled.plant.rack.gpu.size
        self._duration, self._seed, self._gpus = duration, scenario.seed, compiled.node_gpus
        self._courses: list[Course | None] = [None if p.waiting else self._course(p) for p in self.placements]
        taken_until = np.zeros(len(rack), np.int64)
        given = {tick for p in self.placements if not p.waiting for tick in (p.start_tick, p.end_tick)}
        for p in self.placements:
            taken_until[p.nodes] = np.maximum(taken_until[p.nodes], p.end_tick)
        self._queue = Queue({k: p.waiting for k, p in enumerate(self.placements) if p.waiting}, taken_until)
        self._given = sorted(given | self._queue.since())
        self._changing = {k for k, course in enumerate(self._courses) if course and course.next_change < NEVER}
        self._pools = [(k, course) for k, course in enumerate(self._courses) if isinstance(course, Pool)]
        self._synchronous = np.array([0, *(p.job.training is not None for p in self.placements)], np.int64)
        self._seen_lost_s, self._out = np.zeros(len(rack)), np.zeros(len(self.placements) + 1, np.int64)
        self._slow: set[int] = set()
        self._halted: dict[int, Pattern] = {}
        self._to_pause = np.zeros(len(self.placements) + 1, np.bool_)
        self._admits, self._reopened = True, False
        self._first, self._table = 0, np.zeros((0, len(self.placements) + 1))

    def _course(self, placed: Placement) -> Course:
        """The way of a job from its start on."""
        start, job = placed.start_tick, placed.job
        if isinstance(placed.waveform, Load):
            return Pool(placed.waveform, len(placed.nodes), max(start, 0), min(placed.end_tick, self._duration))
        faults = None
        if isinstance(placed.waveform, Training) and placed.waveform.spec.failures is not None:
            gpus, seed = int(self._gpus[placed.nodes].sum()), job_seed(self._seed, f"{job.name}/failures")
            faults = outages(placed.waveform.spec.failures, gpus, seed, max(start, 0))
        halt = Halt(job.pause or PauseSpec(), job_seed(self._seed, f"{job.name}/pause"))
        return Pattern(placed.waveform, start, placed.end_tick, job.lasts or np.inf, faults, halt)

    def holders(self, tick: int, servers: int) -> IVec:
        """The job each server holds from ``tick`` on."""
        job = np.zeros(servers, np.int64)
        for k, placed in enumerate(self.placements):
            if placed.start_tick <= tick < placed.end_tick:
                job[placed.nodes] = k + 1
        return job

    def next_change(self, tick: int) -> int:
        """The earliest tick after ``tick`` at which a job may start, end, fail or be back."""
        place = bisect_right(self._given, tick)
        due = self._given[place] if place < len(self._given) else NEVER
        for k in self._changing:
            course = self._courses[k]
            if course is not None:
                due = min(due, max(course.next_change, tick + 1))
        return due

    def obey(self, tick: int, order: Order) -> list[str]:
        """Take the orders that reach the scheduler at ``tick``, before jobs `begin`; returns what is said of them."""
        if order.pause is not None:
            self._to_pause = order.pause
            for k, course in enumerate(self._courses):
                self._tell(k, course)
        if order.admit is None or order.admit == self._admits:
            return []
        self._admits, self._reopened = order.admit, order.admit
        return ["the queue may start jobs again" if order.admit else "the queue starts no jobs until it is told to"]

    def _tell(self, k: int, course: Course | None) -> None:
        """Let a job know whether it shall be paused."""
        if isinstance(course, Pattern) and course.halt.wanted != self._to_pause[k + 1]:
            course.halt.wanted = bool(self._to_pause[k + 1])
            self._changing.add(k)

    def paused(self) -> NDArray[np.bool_]:
        """Which jobs are paused, or on their way there or back; no job is the first."""
        paused = np.zeros(len(self.placements) + 1, np.bool_)
        paused[[k + 1 for k in self._halted]] = True
        return paused

    def begin(self, tick: int) -> tuple[bool, list[str]]:
        """Let jobs start, end, fail and be back at ``tick``: whether servers change jobs, and what happened."""
        for k in [k for k, course in self._halted.items() if course.end <= tick]:
            del self._halted[k]
        place = bisect_right(self._given, tick)
        moved, said = place > 0 and self._given[place - 1] == tick, list[str]()
        for k in sorted(self._changing):
            course = self._courses[k]
            words = "" if course is None else course.turn(tick)
            if course is None or not words:
                continue
            said.append(f"{self.placements[k].job.name}: {words}")
            self._halt_or_go(k, tick, course)
            if self.placements[k].waiting and course.end <= tick:
                self.placements[k] = replace(self.placements[k], end_tick=tick)
                self._queue.leave(k)
                self._changing.discard(k)
                moved = True
            self._write(k, tick, self._first + len(self._table))
        if self._admits and (moved or self._reopened):
            started = self._let_start(tick)
            moved, said, self._reopened = moved or bool(started), [*said, *started], False
        return moved, said

    def _halt_or_go(self, k: int, tick: int, course: Course) -> None:
        """Keep who stands; what has been paused holds its servers for so much longer than it told the queue."""
        if isinstance(course, Pattern) and course.halt.is_on and course.end > tick:
            self._halted[k] = course
        elif self._halted.pop(k, None) and self.placements[k].waiting:
            self._queue.extend(k, int(course.paused_s(tick)))

    def _let_start(self, tick: int) -> list[str]:
        """Let jobs of the queue start where there is room; returns what is said of them."""
        said = []
        for k, nodes in self._queue.start(tick):
            self._start(k, tick, nodes)
            waited = f" after {tick - since} s" if (since := self._since(k)) < tick else ""
            said.append(f"{self.placements[k].job.name}: starts on {len(nodes)} servers{waited}")
            said += self._hold_at_start(k, tick, self._courses[k])
        return said

    def _hold_at_start(self, k: int, tick: int, course: Course | None) -> list[str]:
        """A job that was told to pause while it waited is held as it starts."""
        self._tell(k, course)
        words = "" if course is None else course.turn(tick)
        if course is None or not words:
            return []
        self._halt_or_go(k, tick, course)
        self._write(k, tick, self._first + len(self._table))
        return [f"{self.placements[k].job.name}: {words}"]

    def _since(self, k: int) -> int:
        waiting = self.placements[k].waiting
        return waiting.since if waiting else 0

    def _start(self, k: int, tick: int, nodes: IVec) -> None:
        self.placements[k] = replace(self.placements[k], start_tick=tick, nodes=nodes)
        self._courses[k] = self._course(self.placements[k])
        self._changing.add(k)
        self._write(k, tick, self._first + len(self._table))

    def activity(self, first: int, last: int) -> Vec:
        """Mean activity of every job in each tick from ``first`` up to ``last``, [tick, job]."""
        if not self._first <= first < last <= self._first + len(self._table):
            end = max(last, min(first + _BLOCK, self._duration))
            self._first, self._table = first, np.zeros((end - first, len(self.placements) + 1))
            for k in range(len(self.placements)):
                self._write(k, first, end)
        for k in self._slow:
            self._write(k, first, last)
        return np.ascontiguousarray(self._table[first - self._first : last - self._first])

    def _write(self, k: int, first: int, last: int) -> None:
        """Put what job ``k`` will show in the ticks from ``first`` up to ``last`` into the table."""
        course, placed = self._courses[k], self.placements[k]
        if course is not None and self._first <= first < last and placed.start_tick < last:
            self._table[first - self._first : last - self._first, k + 1] = course.activity(first, last)

    def steps(self, tick: int, around: int, per_tick: int) -> Vec:
        """Mean activity of every job in steps of ``1 / per_tick`` s, ``around`` ticks about it too, [job, step]."""
        shown = np.zeros((len(self.placements) + 1, (1 + 2 * around) * per_tick))
        for k, course in enumerate(self._courses):
            if course is not None:
                shown[k + 1] = course.activity(tick - around, tick + 1 + around, per_tick)
        return shown

    def lateness_s(self) -> Vec:
        """How late each rack is for each job [s], [job, rack]."""
        late_s = np.zeros((len(self.placements) + 1, self._racks))
        for k, placed in enumerate(self.placements):
            if placed.job.jitter is not None:
                seed = job_seed(self._seed, f"{placed.job.name}/jitter")
                late_s[k + 1] = offsets_s(placed.job.jitter, seed, np.arange(self._racks))
        return late_s

    def felt(self, end: int, ticks: int, node: NodeState, work: Vec, demand: Vec) -> None:
        """Let jobs advance by what their servers kept of their speed in the ``ticks`` before ``end``.

        ``work`` and ``demand`` are the site's of those ticks. What servers lose by waiting for others is added to what
        they lost, what an inference pool is late with and what a pause withholds to what they were asked for.
        """
        late = {k for k, pool in self._pools if pool.is_late(end - ticks)}
        if not (late or self._slow or self._halted or self._out.any() or (work < demand).any()):
            return
        shown = self._table[end - ticks - self._first : end - self._first]
        asked_s = shown.sum(axis=0)
        pace, waited, out = paces(node, self._gpus, self._seen_lost_s, asked_s, self._synchronous)
        self._count_out(np.where(asked_s > 0.0, out, self._out), end)
        work -= shown @ np.divide(waited, asked_s, out=np.zeros(asked_s.size), where=asked_s > 0.0)
        for k in sorted({*np.flatnonzero(pace[1:] < 1.0).tolist(), *self._slow, *late}):
            self._advance(k, end, ticks, float(pace[k + 1]))
        for k, pool in self._pools:
            if k in self._slow or k in late:
                self._withhold(k, pool.uncapped_activity(end - ticks, end) - shown[:, k + 1], node, demand)
        for k, course in self._halted.items():
            self._withhold(k, course.withheld(end - ticks, end), node, demand)
        self._seen_lost_s = node.lost_total_s.copy()

    def _withhold(self, k: int, more: Vec, node: NodeState, demand: Vec) -> None:
        """Add ``more`` activity in each tick to what job ``k`` asked for and lost."""
        nodes = self.placements[k].nodes
        node.lost_total_s[nodes] += more.sum()
        node.asked[nodes] += more.sum() * self._gpus[nodes]
        node.lost[nodes] += more.sum() * self._gpus[nodes]
        demand += more * self._gpus[nodes].sum()

    def _count_out(self, out: IVec, tick: int) -> None:
        """Where more servers of a training have stopped than before, it fails, if it is of those that do."""
        for k in np.flatnonzero((out > self._out) & (self._synchronous > 0)):
            course = self._courses[k - 1]
            if isinstance(course, Pattern):
                course.fail(tick)
        self._out = out

    def _advance(self, k: int, end: int, ticks: int, pace: float) -> None:
        course = self._courses[k]
        if course is None:
            return
        course.felt(end, ticks, pace)
        if pace < 1.0:
            self._slow.add(k)
        elif k in self._slow:
            self._slow.discard(k)
            self._write(k, end, self._first + len(self._table))

    def progress_s(self, tick: int) -> Vec:
        """What each job has done by ``tick`` in seconds at full speed, work to be done again not; NaN of pools."""
        return np.array([0.0 if course is None else course.useful_s(tick) for course in self._courses])

    def paused_s(self, tick: int) -> Vec:
        """How long each job was paused by ``tick``, its checkpoints and restores for that included."""
        return np.array([0.0 if course is None else course.paused_s(tick) for course in self._courses])

    def pools(self) -> list[str]:
        """The inference pools by name."""
        return [self.placements[k].job.name for k, _ in self._pools]

    def services(self, first: int, last: int) -> list[Service]:
        """How each pool did in the ticks from ``first`` up to ``last``."""
        return [pool.service(first, last) for _, pool in self._pools]

    def facts(self) -> list[JobFacts]:
        """What is known of each job by now."""
        return [JobFacts.of(placed) for placed in self.placements]
