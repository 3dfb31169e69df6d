"""The jobs of a run on its servers: who holds which from when, and what each asks for in every second."""

from pathlib import Path

import numpy as np

from twin.core.clock import Clock
from twin.core.layout import IVec, Vec
from twin.drive.jitter import offsets_s
from twin.drive.jobs import Floor, Placement, job_seed, place, read_jobs
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
        self.changes = {tick for p in self.placements for tick in (p.start_tick, p.end_tick)}
        self._seed, self._racks = scenario.seed, compiled.plant.rack.gpu.size
        self._duration, self._first, self._table = duration, 0, np.zeros((0, len(self.placements) + 1))

    def holders(self, tick: int, servers: int) -> IVec:
        """The job each server holds from ``tick`` on."""
        job = np.zeros(servers, np.int64)
        for k, placed in enumerate(self.placements):
            if placed.start_tick <= tick < placed.end_tick:
                job[placed.nodes] = k + 1
        return job

    def activity(self, first: int, last: int) -> Vec:
        """Mean activity of every job in each tick from ``first`` up to ``last``, [tick, job]."""
        if not self._first <= first < last <= self._first + len(self._table):
            end = max(last, min(first + _BLOCK, self._duration))
            columns = [p.waveform.activity(first, end, p.start_tick, p.end_tick) for p in self.placements]
            self._first, self._table = first, np.column_stack([np.zeros(end - first), *columns])
        return np.ascontiguousarray(self._table[first - self._first : last - self._first])

    def steps(self, tick: int, around: int, per_tick: int) -> Vec:
        """Mean activity of every job in ``per_tick`` steps of a second and ``around`` ticks about it, [job, step]."""
        columns = [
            p.waveform.steps(tick - around, tick + 1 + around, p.start_tick, p.end_tick, per_tick)
            for p in self.placements
        ]
        return np.stack([np.zeros((1 + 2 * around) * per_tick), *columns])

    def lateness_s(self) -> Vec:
        """How late each rack is for each job [s], [job, rack]."""
        late_s = np.zeros((len(self.placements) + 1, self._racks))
        for k, placed in enumerate(self.placements):
            if placed.job.jitter is not None:
                seed = job_seed(self._seed, f"{placed.job.name}/jitter")
                late_s[k + 1] = offsets_s(placed.job.jitter, seed, np.arange(self._racks))
        return late_s
