"""Jobs: what runs on which nodes from when to when.

`place` puts those with a start on nodes in the order of their starts, each on the first free nodes in site order that
its filter lets through (first fit; a job never moves). Those with a `submit` wait in a queue instead, for nodes that no
other job is promised (`backfill`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.core.clock import Clock
from twin.core.errors import Gathered, Problem, ScenarioError, did_you_mean, misfit
from twin.core.layout import IVec
from twin.core.quantity import Duration, Ratio, Spec
from twin.drive.backfill import NEVER, Waiting
from twin.drive.inference import InferenceSpec, Load
from twin.drive.jitter import JitterSpec
from twin.drive.pause import PauseSpec
from twin.drive.playback import PlaybackSpec
from twin.drive.training import TrainingSpec
from twin.drive.waveform import BatchSpec, ConstantSpec, SquareSpec, StepSpec, Waveform

_KINDS = ("training", "inference", "batch", "square", "constant", "step", "trace")
Share = Annotated[Ratio, Field(gt=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, strict=True)]


class JobSpec(Spec):
    """One job: its nodes, its time, and exactly one kind of waveform."""

    name: Annotated[str, Field(min_length=1)]
    """Unique in the scenario."""
    nodes: Literal["all", "rest"] | Count | Share = "all"
    """A number of nodes; a share of those the filter lets through ("25 %"); all of them; or the rest that is free."""
    start: Annotated[Duration, Field(ge=0.0)] | None = None
    """Start after the scenario's. None: it has been running before, somewhere in its pattern (drawn from the seed)."""
    end: Annotated[Duration, Field(gt=0.0)] | None = None
    """End after the scenario's start: done, or aborted. None: it outlasts the scenario."""
    submit: Annotated[Duration, Field(ge=0.0)] | None = None
    """Instead of start and end: it waits in the queue from then on, after the scenario's start."""
    lasts: Annotated[Duration, Field(gt=0.0)] | None = None
    """How long it runs at full speed, of a job that was submitted; under a cap it takes longer."""
    walltime: Annotated[Duration, Field(gt=0.0)] | None = None
    """How long the queue is told that it runs; without it as long as it lasts."""
    on: str | None = None
    """Only on nodes of this hall or rack type."""
    priority: Annotated[int, Field(ge=0, strict=True)] = 1
    """Higher is held back later, by policies that tell jobs apart, and leaves the queue earlier."""
    flexibility: Ratio = Field(default=0.25, le=1)
    """Share of its speed it can do without while the utility calls: tiers of 0, 10, 25 and 50 % are usual."""
    pause: PauseSpec | None = None
    """What it costs to pause it, where a policy does: published costs where it is not said. Pools cannot be paused."""
    training: TrainingSpec | None = None
    """A synchronous training job."""
    inference: InferenceSpec | None = None
    """A pool of servers that answers requests."""
    batch: BatchSpec | None = None
    """Work that each server does for itself."""
    square: SquareSpec | None = None
    """Iterations as a trapezoidal wave."""
    constant: ConstantSpec | None = None
    """The same activity all the time."""
    step: StepSpec | None = None
    """Activity that changes at once."""
    trace: PlaybackSpec | None = None
    """A measured trace, played back."""
    jitter: JitterSpec | None = None
    """How far apart its racks are; shows in windows only. None: all move at once."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(_KINDS)}; found {' and '.join(given) or 'none'}")
        if self.end is not None and self.end <= (self.start or 0.0):
            raise ValueError(f"it ends at {self.end:g} s, not after its start at {self.start or 0.0:g} s")
        if self.submit is None and (self.lasts is not None or self.walltime is not None):
            raise ValueError("lasts and walltime are of a job that is submitted; give submit too, or start and end")
        if self.inference is not None and self.pause is not None:
            raise ValueError("an inference pool cannot be paused: its requests would wait; give it no pause")
        if self.submit is not None:
            self._check_queued()
        return self

    def _check_queued(self) -> None:
        if self.lasts is None:
            raise ValueError("a job that is submitted needs lasts: how long it runs at full speed")
        if self.start is not None or self.end is not None:
            raise ValueError("give either submit and lasts, or start and end")
        if self.nodes == "rest":
            raise ValueError('a job in the queue asks for a number or a share of nodes, or all of them, not for "rest"')
        if self.inference is not None:
            raise ValueError("an inference pool has a start and an end, it does not wait in a queue")

    @property
    def kind(self) -> str:
        """The kind of its waveform."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    def waveform(self, seed: int, folder: Path) -> Waveform | Load:
        """What it asks of its nodes; ``seed`` is the run's, files are relative to ``folder``."""
        spec = self.training or self.inference or self.batch or self.square or self.constant or self.step or self.trace
        if spec is None:
            raise AssertionError("the validator lets no job without a kind through")
        stream = self.inference.stream if self.inference is not None else None
        return spec.build(job_seed(seed, f"{stream}/stream" if stream else self.name), folder)


class JobsSpec(Spec):
    """The jobs of a scenario as a table or a named mix; a plain list of jobs needs neither."""

    table: Path | None = None
    """CSV (see `job_table`), relative to the scenario file."""
    mix: Literal["mixed-training", "stress", "idle"] | None = None
    """mixed-training: the whole site in unsynchronised trainings; stress: every node at its maximum; idle: none."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.mix is None):
            raise ValueError("give either table or mix")
        return self


class Floor(NamedTuple):
    """What placement knows of the site: one entry for each node, in site order."""

    hall: NDArray[np.str_]
    rack_type: NDArray[np.str_]
    gpus: IVec


@dataclass(frozen=True, eq=False)
class Placement:
    """A job on its nodes: it runs in the ticks from ``start_tick`` up to ``end_tick``."""

    job: JobSpec
    waveform: Waveform | Load
    start_tick: int  # negative if it ran before the scenario, `NEVER` while it waits in the queue
    end_tick: int
    nodes: IVec  # indices in site order, rising
    waiting: Waiting | None = None  # what it asks the queue for


class JobFacts(NamedTuple):
    """A job of the run; times are seconds after its start, NaN for what has not happened."""

    name: str
    kind: str
    submit_s: float
    start_s: float
    end_s: float
    priority: int
    flexibility: float

    @classmethod
    def of(cls, placed: Placement) -> Self:
        """What is known of a job."""
        job, waiting = placed.job, placed.waiting
        submit_s = np.nan if waiting is None else float(waiting.since)
        start_s, end_s = (np.nan if tick == NEVER else float(tick) for tick in (placed.start_tick, placed.end_tick))
        return cls(job.name, job.kind, submit_s, start_s, end_s, job.priority, job.flexibility)


def job_seed(seed: int, name: str) -> int:
    """The seed of a job: from the run's seed and its name, so that adding a job changes no other."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def place(
    jobs: Sequence[JobSpec], floor: Floor, duration_ticks: int, seed: int, folder: Path, clock: Clock | None = None
) -> list[Placement]:
    """Nodes and ticks of every job, in the order of their starts, then those that wait in the order they came.

    Nodes of a job that has ended are free again in the tick of its end. More nodes asked for than free, an unknown
    filter or a name used twice is a ScenarioError; all of them are told at once.
    """
    clock, wrong = clock or Clock(), Gathered()
    numbered = list(enumerate(jobs))
    for i in _twice(jobs):
        wrong.problems.append(_misfit(i, jobs[i], "this name is used twice", "name"))
    given = sorted((one for one in numbered if one[1].submit is None), key=lambda one: one[1].start or 0.0)
    queued = sorted((one for one in numbered if one[1].submit is not None), key=lambda one: one[1].submit or 0.0)
    free_from, found = np.zeros(len(floor.hall), dtype=np.int64), []
    for i, job in given:
        with wrong.at("jobs", i, job.kind):
            found.append(_given(i, job, floor, duration_ticks, seed, folder, clock, free_from))
    masks: dict[str | None, NDArray[np.bool_]] = {}  # a long queue shares them
    for i, job in queued:
        with wrong.at("jobs", i, job.kind):
            found.append(_queued(i, job, floor, masks, seed, folder, clock))
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    return found


def _given(
    i: int, job: JobSpec, floor: Floor, duration_ticks: int, seed: int, folder: Path, clock: Clock, free_from: IVec
) -> Placement:
    """A job with a start of its own on the first nodes that are free then; ``free_from`` goes on."""
    wrong, allowed = Gathered(), _allowed(job, floor)
    start, end = 0, duration_ticks
    with wrong.at():
        start = _ticks(i, job, "start", clock)
    with wrong.at():
        end = duration_ticks if job.end is None else _ticks(i, job, "end", clock)
    if not allowed.any():
        wrong.problems.append(_nowhere(i, job, floor))
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    free = np.flatnonzero(allowed & (free_from <= start))
    count = _asked(job, int(np.count_nonzero(allowed)), len(free))
    if count > len(free) or count == 0:
        message = f"asks for {count or 'the rest of the'} nodes at {start * clock.step_s:g} s, {len(free)} are free"
        raise ScenarioError([_misfit(i, job, message + (f' on "{job.on}"' if job.on else ""), "nodes")])
    nodes = free[:count]
    free_from[nodes] = end
    waveform = job.waveform(seed, folder)
    before = _ran_before(job, waveform, seed, clock) if job.start is None else 0
    return Placement(job, waveform, start - before, end, nodes)


def _queued(
    i: int, job: JobSpec, floor: Floor, masks: dict[str | None, NDArray[np.bool_]], seed: int, folder: Path,
    clock: Clock,
) -> Placement:  # fmt: skip
    """A job that waits; ``masks`` keeps the nodes that jobs may take."""
    allowed = masks.setdefault(job.on, _allowed(job, floor))
    there = int(np.count_nonzero(allowed))
    count = _asked(job, there, 0)
    if not there:
        raise ScenarioError([_nowhere(i, job, floor)])
    if count > there:
        raise ScenarioError([_misfit(i, job, f"asks for {count} nodes, there are {there}", "nodes")])
    since = _ticks(i, job, "submit", clock)
    ticks = ceil((job.walltime or job.lasts or 0.0) / clock.step_s)
    waiting = Waiting(allowed, count, ticks, job.priority, since)
    nobody = np.zeros(0, dtype=np.int64)
    return Placement(job, job.waveform(seed, folder), NEVER, NEVER, nobody, waiting)


def _ticks(i: int, job: JobSpec, field: str, clock: Clock) -> int:
    return clock.ticks(getattr(job, field) or 0.0, "jobs", i, field, where=f"jobs.{job.name}.{field}")


def _misfit(i: int, job: JobSpec, message: str, field: str) -> Problem:
    return misfit(("jobs", i, field), message, f"jobs.{job.name}.{field}")


def _nowhere(i: int, job: JobSpec, floor: Floor) -> Problem:
    names = {*floor.hall.tolist(), *floor.rack_type.tolist()}
    return _misfit(i, job, f'"{job.on}" is no hall or rack type; {did_you_mean(job.on or "", names)}', "on")


def _twice(jobs: Sequence[JobSpec]) -> list[int]:
    """The jobs whose name another has before them."""
    first: dict[str, int] = {}
    return [i for i, job in enumerate(jobs) if first.setdefault(job.name, i) != i]


def _allowed(job: JobSpec, floor: Floor) -> NDArray[np.bool_]:
    if job.on is None:
        return np.ones(len(floor.hall), dtype=np.bool_)
    return np.asarray((floor.hall == job.on) | (floor.rack_type == job.on))


def _asked(job: JobSpec, allowed: int, free: int) -> int:
    if job.nodes == "all":
        return allowed
    if job.nodes == "rest":
        return free
    if isinstance(job.nodes, int):
        return job.nodes
    return max(1, int(job.nodes * allowed))


def _ran_before(job: JobSpec, waveform: Waveform | Load, seed: int, clock: Clock) -> int:
    """Ticks a job has been running when the scenario starts: past its lead, somewhere in its pattern."""
    generator = np.random.Generator(np.random.Philox(key=job_seed(seed, job.name + "/phase")))
    return int((waveform.lead_s + generator.random() * waveform.period_s) / clock.step_s)
