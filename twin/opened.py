"""A window of a run while it is open: second after second in milliseconds, with its own group of results.

Events that fall within a second stop the steps there, move what they move of the network, and let them go on; the rest
of the plant follows at the end of the second.
"""

import json
from math import ceil

import numpy as np

from twin.core.layout import Vec
from twin.drive.jitter import coherence, measured_coherence
from twin.events import Action, Wanted
from twin.history import History
from twin.plant import record, second, waves
from twin.plant.order import State
from twin.results import ResultFile
from twin.site.compile import Compiled
from twin.windows import Window
from twin.workload import Workload

_STATED_HZ = (0.5, 1.0, 2.0, 5.0, 10.0)


class Opened:
    """An open window, the ``number``-th of its run."""

    def __init__(self, window: Window, number: int, compiled: Compiled, state: State, workload: Workload) -> None:
        self.window, self.name = window, f"window_{number}"
        self._plant, self._state, self._workload = compiled.plant, state, workload
        self._room = second.bench(compiled.plant, state, compiled.silicon, window.per_tick)
        self._late_s = workload.lateness_s()
        self._around = 1 + ceil(np.abs(self._late_s).max(initial=0.0))
        self._names = [compiled.names.electrical[i] for i in self._room.inner]
        self._boards = compiled.names.electrical
        self._fresh = True

    def begin(self, file: ResultFile) -> None:
        """Make its group of results."""
        window, name = self.window, self.name
        file.group(name, {"node": self._names}, timed=True)
        file.layout(name, record.WindowRecord)
        file.series(name, "node_w", "W", "active power into the element that feeds each inner node", ("node",))
        file.describe(
            name, from_s=float(window.begin), until_s=float(window.end), step_s=window.step_s,
            coherence=json.dumps(self._coherence()),
        )  # fmt: skip

    def _coherence(self) -> dict[str, dict[str, float]]:
        """Of each job with jitter: its deviation, and what its racks keep of a harmonic, beside what many would."""
        found = {}
        for k, placed in enumerate(self._workload.placements):
            if placed.job.jitter is None:
                continue
            racks = np.unique(np.searchsorted(self._plant.rack.first_node, placed.nodes, side="right") - 1)
            late_s, sigma_s = self._late_s[k + 1][racks], placed.job.jitter.deviation
            found[placed.job.name] = {"deviation_s": sigma_s} | {
                f"{kind}_{hz:g}_hz": value
                for hz in _STATED_HZ
                for kind, value in (("kept", measured_coherence(late_s, hz)), ("expected", coherence(sigma_s, hz)))
            }
        return found

    def advance(self, tick: int, due: list[Action], wanted: Wanted, books: Vec, history: History) -> int:
        """The second that begins at ``tick``, with the events ``due`` within it.

        Returns 0, or the number of the step (from 1) in which the network had no solution.
        """
        plant, state, room, per_tick = self._plant, self._state, self._room, self.window.per_tick
        activity = self._workload.activity(tick, tick + 1)
        wave = waves.Waves(
            self._workload.steps(tick, self._around, per_tick), self._late_s * per_tick, self._around * per_tick
        )
        second.begin(plant, state, activity, wave, room)
        if self._fresh:
            second.rest(plant, state, wave, room)
            self._fresh = False
        kept_j, first = second.held_j(state), 0
        for stop in sorted({round(action.offset_s * per_tick) for action in due}):
            first = second.steps(plant, state, wave, room, first, stop)
            if first < 0:
                return -first
            for action in due:
                if round(action.offset_s * per_tick) == stop:
                    action.apply(wanted)
            wanted.switch(state)
        done = second.steps(plant, state, wave, room, first, per_tick)
        if done < 0:
            return -done
        second.finish(
            plant, state, activity, room, kept_j, books, history.site, history.substation_w, history.row,
            history.records, history.seconds,
        )  # fmt: skip
        self._write(tick, history.file)
        return 0

    def _write(self, tick: int, file: ResultFile) -> None:
        """Append the second's rows."""
        steps = self.window.per_tick
        time_s = tick + (1.0 + np.arange(steps)) / steps
        rows = self._room.rows._asdict() | {"node_w": self._room.node_w}
        file.append(self.name, time_s, rows)
