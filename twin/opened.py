"""A window of a run while it is open: second after second in milliseconds, with its own group of results.

Events that fall within a second stop the steps there, move what they move of the network, and let them go on; the rest
of the plant follows at the end of the second.
"""

import json
from math import ceil

import numpy as np

from twin.core.layout import Vec
from twin.drive.jitter import coherence, measured_coherence
from twin.events import Action
from twin.history import History
from twin.plant import record, second, waves
from twin.plant.order import State
from twin.protecting import Protecting
from twin.results import ResultFile
from twin.site.compile import Compiled
from twin.wanted import Wanted
from twin.windows import Window
from twin.workload import Workload

Said = tuple[float, str, str]
_STATED_HZ = (0.5, 1.0, 2.0, 5.0, 10.0)


class NoSolution(Exception):
    """The network had no solution at a time [s]."""

    def __init__(self, time_s: float) -> None:
        self.time_s = time_s
        super().__init__(f"at {time_s:.3f} s")


class Opened:
    """An open window, the ``number``-th of its run."""

    def __init__(self, window: Window, number: int, compiled: Compiled, state: State, workload: Workload) -> None:
        self.window, self.name = window, f"window_{number}"
        self._plant, self._state, self._workload = compiled.plant, state, workload
        names = compiled.names.electrical
        # Between taps of one cable power differs by a board; the elements that begin a feeder are enough.
        nodes = np.array([i for i in second.inner(compiled.plant) if not names[i].endswith("-tap")])
        self._room = second.bench(compiled.plant, state, compiled.silicon, window.per_tick, nodes)
        self._late_s = workload.lateness_s()
        self._around = 1 + ceil(np.abs(self._late_s).max(initial=0.0))
        self._names = [names[i] for i in nodes]
        self._fresh, self._kept_j = True, second.held_j(state)

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

    def advance(self, tick: int, due: list[Action], protecting: Protecting, wanted: Wanted) -> list[Said]:
        """The electrical side of the second that begins at ``tick``, with the events ``due`` within it.

        Returns what protection said, and when. Raises RunError where the network had no solution.
        """
        plant, state, room, per_tick = self._plant, self._state, self._room, self.window.per_tick
        wave = waves.Waves(
            self._workload.steps(tick, self._around, per_tick), self._late_s * per_tick, self._around * per_tick
        )
        second.begin(plant, state, self._activity(tick), wave, wanted.service.racks, room)
        if self._fresh:
            second.rest(plant, state, wave, room)
            self._fresh = False
        self._kept_j = second.held_j(state)
        stops = sorted({round(action.offset_s * per_tick) for action in due} | {per_tick})
        done, said = 0, []
        while done < per_tick:
            done = second.steps(plant, state, wave, room, done, next(stop for stop in stops if stop > done))
            if done < 0:
                raise NoSolution(tick - (done + 1) / per_tick)
            for action in due:
                if round(action.offset_s * per_tick) == done:
                    action.apply(wanted)
            said += [(tick + done / per_tick, *words) for words in protecting.want(state, wanted)]
            wanted.switch(state)
            second.switched(plant, state, wanted.service.racks, room)
        return said

    def finish(self, tick: int, books: Vec, history: History) -> None:
        """Records and books of that second, and the way of its heat."""
        second.finish(
            self._plant, self._state, self._activity(tick), self._room, self._kept_j, books, history.site,
            history.substation_w, history.row, history.records, history.seconds,
        )  # fmt: skip
        self._write(tick, history.file)

    def _activity(self, tick: int) -> Vec:
        return self._workload.activity(tick, tick + 1)

    def _write(self, tick: int, file: ResultFile) -> None:
        """Append the second's rows."""
        steps = self.window.per_tick
        time_s = tick + (1.0 + np.arange(steps)) / steps
        rows = self._room.rows._asdict() | {"node_w": self._room.node_w}
        file.append(self.name, time_s, rows)
