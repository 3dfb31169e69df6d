"""Pausing a job: it saves its state in a checkpoint, its servers idle, and a restore brings it back.

A pause loses no work but time: that of the checkpoint, of standing still, and of the restore. Checkpoint and restore
of 54 to 58 GB of GPU state took 77 to 146 s and 39 to 145 s on one H100 or A100 [1]; each is drawn evenly between its
bounds, for every job and pause from the run's seed. A job that is paused keeps its servers: nobody else may use them.

One thing at a time: a checkpoint that has begun is brought to its end before a restore begins, and the other way round.
A job that is not running when it is told to pause, since it has just started or a fault has stopped it, is held without
a checkpoint.

[1] R. Stoyanov et al., CRIUgpu: transparent checkpointing of GPU-accelerated workloads, arXiv 2502.16631, 2025 (as
    quoted by others). That the times hold for every server of a large job, all saved at once, is an estimate.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Self

import numpy as np
from pydantic import model_validator

from twin.core.quantity import Duration, Spec
from twin.drive.backfill import NEVER
from twin.drive.waveform import Activity


class PauseSpec(Spec):
    """What it costs to pause a job and to let it go on."""

    checkpoint: tuple[Duration, Duration] = (77.0, 146.0)
    """Shortest and longest time to save its state."""
    restore: tuple[Duration, Duration] = (39.0, 145.0)
    """Shortest and longest time to bring it back."""
    activity: Activity = 0.1
    """Activity while saving and restoring [E]."""
    held: Activity = 0.0
    """Activity while it stands still: 0 once its processes have exited, 0.08 to 0.12 where contexts are kept [E]."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name, (shortest, longest) in (("checkpoint", self.checkpoint), ("restore", self.restore)):
            if not 0.0 <= shortest <= longest:
                message = f"a {name} takes from {shortest:g} to {longest:g} s; the first must not be the longer"
                raise ValueError(message)
        return self


class Phase(Enum):
    """Where a job stands between running and being paused."""

    RUNS, SAVES, HELD, RESTORES = range(4)


@dataclass(eq=False)
class Halt:
    """The pauses of one job; draws are by ``seed`` and the number of the pause."""

    spec: PauseSpec = field(default_factory=PauseSpec)
    seed: int = 0
    wanted: bool = False
    phase: Phase = Phase.RUNS
    until: int = NEVER
    """The tick at which saving or restoring is over."""
    held_ticks: int = 0
    """How long it has been held in all pauses that are over."""
    _since: int = 0
    _held_since: int = 0
    _before: int = 0
    _count: int = 0

    @property
    def is_on(self) -> bool:
        """Whether it is paused, or on its way there or back."""
        return self.phase is not Phase.RUNS

    @property
    def activity(self) -> float:
        """What it asks for meanwhile."""
        return self.spec.held if self.phase is Phase.HELD else self.spec.activity

    def paused_ticks(self, tick: int) -> int:
        """Ticks spent saving, held and restoring by then."""
        return self._before + (max(tick - self._since, 0) if self.is_on else 0)

    def begin(self, tick: int, *, saves: bool) -> str:
        """The pause begins; returns it in words."""
        self._since, self._count = tick, self._count + 1
        if not saves:
            self.phase, self.until, self._held_since = Phase.HELD, NEVER, tick
            return "is held"
        self.phase, self.until = Phase.SAVES, tick + self._draw(0, self.spec.checkpoint)
        return f"is to pause: saves its state in {self.until - tick} s"

    def turn(self, tick: int) -> str:
        """Let what is due happen; returns it in words, or nothing."""
        said = []
        if self.phase is Phase.SAVES and tick >= self.until:
            self.phase, self.until, self._held_since = Phase.HELD, NEVER, tick
            said.append("is paused, its servers idle")
        if self.phase is Phase.HELD and not self.wanted:
            self.held_ticks += tick - self._held_since
            self.phase, self.until = Phase.RESTORES, tick + self._draw(1, self.spec.restore)
            said.append(f"is to go on: restores its state in {self.until - tick} s")
        elif self.phase is Phase.RESTORES and tick >= self.until:
            paused = tick - self._since
            self.end(tick)
            said.append(f"goes on after {paused} s")
        return ", ".join(said)

    def end(self, tick: int) -> None:
        """The pause is over: it runs, or a fault has stopped it."""
        self._before += tick - self._since
        self.phase, self.until = Phase.RUNS, NEVER

    def _draw(self, which: int, bounds: tuple[float, float]) -> int:
        generator = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, 0, self._count]))
        return max(1, round(bounds[0] + (bounds[1] - bounds[0]) * float(generator.random(2)[which])))
