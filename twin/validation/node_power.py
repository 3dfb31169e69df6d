"""Case model: power of a server through a training run, by activity, boards, the rest of the server and its sensor."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr

from twin.components.gpu import GpuSpec
from twin.components.server import NodeSpec
from twin.core.errors import SiteError, TraceError, did_you_mean, file_problem
from twin.core.layout import Vec
from twin.core.quantity import Duration, Spec, Temperature
from twin.drive.trace import read_rows
from twin.drive.training import TrainingSpec
from twin.drive.waveform import activity, sensed
from twin.site.explain import Loc
from twin.site.source import build, read
from twin.site.spec_parts import Parts
from twin.validation.board import server_w
from twin.validation.outcome import Outcome, Pair

_LINES_S = (4.0, 30.0)  # periods among which the strongest line of a spectrum is sought: above twice the samples' step
_SETTLED_S = 60.0  # of a constant activity, until the boards are at rest
_TIME = "time_unix_ms"


class RunFiles(Spec):
    """A measured run: its power and its event log."""

    power: StrictStr
    events: StrictStr
    servers: Annotated[int, Field(ge=1)] = 1
    first: Annotated[int, Field(ge=0)] = 1
    """Number of the first server in the names of the columns."""


class Measured(NamedTuple):
    """A measured run, mean over its servers."""

    time_s: Vec  # from the first sample
    power_w: Vec
    events_s: dict[str, float]  # first time of each event
    log: Path

    def at(self, event: str) -> float:
        """First time of an event [s]; TraceError if the log has none."""
        if event not in self.events_s:
            raise TraceError([file_problem(self.log, f'has no event "{event}"; {did_you_mean(event, self.events_s)}')])
        return self.events_s[event]


class NodePowerSpec(Spec):
    """Servers without fans, of a part library, at what a training waveform asks of them."""

    kind: Literal["node-power"]
    parts: Path
    """Part library with the server, relative to the case."""
    node: StrictStr
    coolant: Temperature
    """What the boards give their heat to."""
    training: TrainingSpec
    seed: Annotated[int, Field(ge=0)]
    """Of the waveform's noise."""
    sensor_lag: Annotated[Duration, Field(gt=0)]
    """Time constant of the power sensor."""
    sensor_delay: Annotated[Duration, Field(ge=0)]
    """How much later than the event log the power log says the same."""
    runs: dict[str, RunFiles]
    """Runs of the training that the waveform describes: each is a quantity."""
    idle: dict[str, RunFiles]
    """Runs whose log begins before their job: the quantity `idle`, one value each."""
    other: dict[str, RunFiles]
    """Runs of other training on one server: the quantity `other-workloads`, their median at work."""
    shown: tuple[Duration, Duration] = (0.0, 300.0)
    """The piece of each run to draw."""

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        courses = dict.fromkeys([*self.runs, "idle", "other-workloads"], "W")
        lines = {f"{name} {what}": unit for name in self.runs for what, unit in (("period", "s"), ("line", "W"))}
        return courses | lines

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """Every file named, with its place in the model's section."""
        for group in ("runs", "idle", "other"):
            for name, run in getattr(self, group).items():
                yield (group, name, "power"), run.power
                yield (group, name, "events"), run.events

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Courses of the runs, and the levels of the others."""
        node, board = self._server(folder)
        pairs = {name: self._course(node, board, name, _measured(files, run)) for name, run in self.runs.items()}
        pairs |= {key: line for name in self.runs for key, line in _lines(name, pairs[name]).items()}
        idle_w = {name: _idle_w(_measured(files, run)) for name, run in self.idle.items()}
        work_w = {name: _working_w(_measured(files, run)) for name, run in self.other.items()}
        pairs["idle"] = _levels("idle, processes gone", idle_w, self._level_w(node, board, 0.0))
        pairs["other-workloads"] = _levels(
            "other training, at work", work_w, self._level_w(node, board, self.training.high)
        )
        return Outcome(pairs)

    def _server(self, folder: Path) -> tuple[NodeSpec, GpuSpec]:
        source = read(folder / self.parts)
        library = build(Parts, source)
        node = library.nodes.get(self.node)
        if node is None:
            message = f'has no server "{self.node}"; {did_you_mean(self.node, library.nodes)}'
            raise SiteError([file_problem(source.path, message)])
        if node.gpu not in library.gpus:
            message = f'has no GPU "{node.gpu}"; {did_you_mean(node.gpu, library.gpus)}'
            raise SiteError([source.problem(("nodes", self.node, "gpu"), message)])
        return node.model_copy(update={"fans": None}), library.gpus[node.gpu]

    def _course(self, node: NodeSpec, board: GpuSpec, name: str, run: Measured) -> Pair:
        waveform = self.training.build(self.seed, Path())
        elapsed_s = waveform.lead_s + run.time_s - self.sensor_delay - run.at("block_start")
        seconds = int(np.ceil(elapsed_s[-1])) + 1
        drawn_w = server_w(node, board, activity(waveform, 0, seconds, 0.0), self.coolant)
        simulated_w = np.interp(elapsed_s, np.arange(1, seconds + 1), sensed(drawn_w, self.sensor_lag))
        words = f"{name}, mean of its servers"
        return Pair(words, "W", run.time_s, "time (s)", run.power_w, simulated_w, shown=self.shown)

    def _level_w(self, node: NodeSpec, board: GpuSpec, activity: float) -> float:
        return float(server_w(node, board, np.full(int(_SETTLED_S), activity), self.coolant)[-1])


def _levels(words: str, measured_w: Mapping[str, float], simulated_w: float) -> Pair:
    """One value a run against the same of the model."""
    values = np.array(list(measured_w.values()))
    at = np.arange(len(values), dtype=np.float64)
    return Pair(words, "W", at, "", values, np.full_like(values, simulated_w), labels=tuple(measured_w))


def _lines(name: str, course: Pair) -> dict[str, Pair]:
    """Period and amplitude of the strongest line of a course, measured and simulated."""
    found = [_strongest(course.at, power_w) for power_w in (course.measured, course.simulated)]
    (period, period_said), (line, line_said) = ([np.array([one[k]]) for one in found] for k in (0, 1))
    words, at = f"{name}, strongest line of the spectrum", np.zeros(1)
    return {
        f"{name} period": Pair(f"{words}: period", "s", at, "", period, period_said, labels=("period",)),
        f"{name} line": Pair(f"{words}: amplitude", "W", at, "", line, line_said, labels=("amplitude",)),
    }


def _strongest(time_s: Vec, power_w: Vec) -> tuple[float, float]:
    """Period [s] and amplitude [W] of the strongest line, of samples made even by straight lines between them."""
    even_s = np.linspace(time_s[0], time_s[-1], len(time_s))
    power_w = np.interp(even_s, time_s, power_w)
    window = np.hanning(len(power_w))
    amplitude_w = np.abs(np.fft.rfft((power_w - power_w.mean()) * window)) * 2.0 / window.sum()
    hertz = np.fft.rfftfreq(len(power_w), even_s[1] - even_s[0])
    within = (hertz >= 1.0 / _LINES_S[1]) & (hertz <= 1.0 / _LINES_S[0])
    best = int(np.argmax(np.where(within, amplitude_w, 0.0)))
    return float(1.0 / hertz[best]), float(amplitude_w[best])


def _measured(files: Mapping[str, Path], run: RunFiles) -> Measured:
    """Samples as they are: they are compared one by one, so that neither gaps nor a time said twice does harm."""
    names = [f"node_{k}_W" for k in range(run.first, run.first + run.servers)]
    rows = [row.cells for row in read_rows(files[run.power], [_TIME, *names])]
    table = np.array([[float(cells[name]) for name in (_TIME, *names)] for cells in rows])
    began_ms = table[0, 0]
    events_s: dict[str, float] = {}
    for row in read_rows(files[run.events], [_TIME, "key"]):
        events_s.setdefault(row.cells["key"], (float(row.cells[_TIME]) - began_ms) * 1e-3)
    return Measured((table[:, 0] - began_ms) * 1e-3, table[:, 1:].mean(axis=1), events_s, files[run.events])


def _idle_w(run: Measured) -> float:
    """Mean before the job begins to initialise."""
    return float(run.power_w[run.time_s < run.at("init_start")].mean())


def _working_w(run: Measured) -> float:
    """Median from the first step to the last, which leaves out pauses."""
    at_work = (run.time_s > run.at("run_start")) & (run.time_s < run.at("run_stop"))
    return float(np.median(run.power_w[at_work]))
