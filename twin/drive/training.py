"""Synchronous training: an iteration of compute and communication, over and over, with evaluations and checkpoints."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from twin.core.layout import Vec
from twin.core.quantity import Duration, Ratio, Spec
from twin.drive.failures import FailureSpec
from twin.drive.waveform import Activity, Positive

_ROUNDING = 1e-9


class EvaluationSpec(Spec):
    """A pause of the training for an evaluation."""

    every: Annotated[int, Field(ge=1)] = 12
    """Iterations from one evaluation to the next."""
    duration: Positive = 12.965
    """How long an evaluation takes."""
    activity: Activity = 0.725
    """Activity while evaluating."""


class CheckpointSpec(Spec):
    """A pause of the training to write its state, at the end of an evaluation cycle (or iteration)."""

    every: Positive = 1800.0
    """Time of training from one checkpoint to the next, rounded to whole cycles."""
    duration: Positive = 45.0
    """How long the GPUs wait for it."""
    activity: Activity = 0.1
    """Activity while waiting."""


class TrainingSpec(Spec):
    """A synchronous training job: iterations of compute and communication, evaluations, checkpoints.

    Every iteration computes at ``high`` and ends in a dip to ``low`` while gradients are exchanged and the optimiser
    runs; the dip is a trapezoid, ``communication`` of the iteration wide at half its depth, with edges of ``ramp``.

    The defaults are those of GPT-3 175B on 64 immersion-cooled nodes of eight H100 (MLCommons Training v4.0, submitter
    SMC, run 1, AC power of the nodes; only 34 of the 64 columns differ, the mean is the same either way). From its
    event log: 10.766 s an iteration (a block of 12 takes 129.19 s), an evaluation of 12.965 s after each block, 358 s
    of initialisation. The strongest line of the spectrum, 10.94 s, is not the iteration but the 13th harmonic of the
    142.16 s from one evaluation to the next. From its power, by least squares on the mean of the nodes from the second
    block on (residual 58 W, the trace has 336 W): 7,110 W high, 5,767 W low, 6,380 W evaluating, a triangular dip of
    1.69 s at half depth, and a sensor that lags by 0.87 s. Dip and lag are fitted together and take the blur of the
    nodes' time stamps with them; a lag of 2 s, as found from AC against DC readings sample by sample, fits worse (82 W)
    and would put the low at 5,000 W. DC readings dip to 5,400 W but scatter (residual 158 W): they were a check only.
    Noise is what is left on the plateaus, 27 W behind the sensor. The level of the initialisation is that of nodes that
    had not yet started in the first DC sample (2.5 kW). The power log does not cover the initialisation itself, and the
    first evaluation, deeper than all others, is not modelled.
    """

    iteration: Positive = 10.766
    """Time of one training step."""
    high: Activity = 0.849
    """Activity while computing."""
    low: Activity = 0.622
    """Least activity, while communicating."""
    communication: Annotated[Ratio, Field(gt=0.0, lt=1.0)] = 0.157
    """Share of the iteration spent communicating (width of the dip at half its depth)."""
    ramp: Positive | None = None
    """Time of each edge; none means as long as the communication itself, a triangular dip."""
    evaluation: EvaluationSpec | None = EvaluationSpec()
    """Evaluations; none for a training that has none."""
    checkpoint: CheckpointSpec | None = None
    """Checkpoints; none for a training that writes none."""
    initialisation: Annotated[Duration, Field(ge=0.0)] = 358.0
    """Time from the start of the job to its first step: loading, building, connecting."""
    initialisation_activity: Activity = 0.07
    """Activity while initialising."""
    noise: Annotated[Ratio, Field(ge=0.0, le=0.2)] = 0.0064
    """Standard deviation of the random level of each second, as activity."""
    failures: FailureSpec | None = None
    """Faults that send it back to its last checkpoint; none for a training without."""

    @property
    def edge_s(self) -> float:
        """Time of each edge."""
        return self.communication * self.iteration if self.ramp is None else self.ramp

    @model_validator(mode="after")
    def _shape_fits(self) -> Self:
        width = self.communication * self.iteration
        if self.edge_s > width * (1 + 1e-12) or width + self.edge_s > self.iteration:
            message = (
                f"edges of {self.edge_s:g} s do not fit a dip of {width:g} s in an iteration of {self.iteration:g} s; "
                "the ramp must not be longer than the communication, both together not longer than the iteration"
            )
            raise ValueError(message)
        for pause in (self.evaluation, self.checkpoint):
            if pause is not None and pause.duration < self.edge_s:
                raise ValueError(f"a pause of {pause.duration:g} s is shorter than its edge of {self.edge_s:g} s")
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g})")
        if self.failures is not None and self.checkpoint is None:
            raise ValueError('failures need a checkpoint to go back to, e.g. checkpoint: {every: "30 min"}')
        return self

    def build(self, seed: int, folder: Path) -> "Training":
        """The waveform, its noise keyed by ``seed``."""
        del folder
        times, levels = _training_knots(self)
        doses = np.concatenate([[0.0], np.cumsum(np.diff(times) * (levels[1:] + levels[:-1]) / 2)])
        return Training(self, seed, times, levels, doses)


@dataclass(frozen=True, eq=False)
class Training:
    """A synchronous training job: one period of straight lines, repeated, with noise."""

    spec: TrainingSpec
    seed: int
    times_s: Vec  # knots of one period, from 0
    levels: Vec  # activity at the knots
    doses_s: Vec  # integral of the activity up to each knot

    @property
    def period_s(self) -> float:
        """Time after which the pattern repeats."""
        return float(self.times_s[-1])

    @property
    def lead_s(self) -> float:
        """Time from the start to the first repetition."""
        return self.spec.initialisation

    @property
    def noise(self) -> float:
        """Standard deviation of the random level of each second."""
        return self.spec.noise

    def means(self, edges_s: Vec) -> Vec:
        """Mean activity between successive own times, without noise."""
        return np.diff(self._dose(edges_s)) / np.diff(edges_s)

    def checkpoint_s(self, clock_s: float) -> float:
        """Own time at which the last checkpoint before ``clock_s`` was whole; 0 before the first."""
        periods = int(max(clock_s - self.lead_s, 0.0) / self.period_s + _ROUNDING)
        return self.lead_s + periods * self.period_s if periods else 0.0

    def useful_s(self, clock_s: float) -> float:
        """Seconds of training in own time ``clock_s``: without initialisation, and without waiting for checkpoints."""
        pause_s = 0.0 if self.spec.checkpoint is None else self.spec.checkpoint.duration
        periods, rest_s = divmod(max(clock_s - self.lead_s, 0.0), self.period_s)
        return periods * (self.period_s - pause_s) + min(rest_s, self.period_s - pause_s)

    def _dose(self, elapsed_s: Vec) -> Vec:
        """Integral of the activity from the start of the job."""
        spec = self.spec
        trained = np.maximum(elapsed_s - spec.initialisation, 0.0)
        whole, rest = np.divmod(trained, self.period_s)
        k = np.clip(np.searchsorted(self.times_s, rest, side="right") - 1, 0, len(self.times_s) - 2)
        past = rest - self.times_s[k]
        slope = (self.levels[k + 1] - self.levels[k]) / (self.times_s[k + 1] - self.times_s[k])
        pattern = whole * self.doses_s[-1] + self.doses_s[k] + past * (self.levels[k] + 0.5 * slope * past)
        # The first iteration climbs from the initialisation's level over one edge instead of starting at the top.
        missing = spec.edge_s - np.clip(spec.edge_s - trained, 0.0, None) ** 2 / spec.edge_s
        climb = (spec.high - spec.initialisation_activity) * missing / 2
        return spec.initialisation_activity * np.minimum(elapsed_s, spec.initialisation) + pattern - climb


def _training_knots(spec: TrainingSpec) -> tuple[Vec, Vec]:
    """Times and activities of the corners of one period, which ends where the next begins."""
    width, edge = spec.communication * spec.iteration, spec.edge_s
    knots = [(0.0, spec.high)]

    def iterate(count: int, then: float) -> None:
        for done in range(1, count + 1):
            end = knots[-1][0] + spec.iteration
            level = then if done == count else spec.high
            knots.extend(
                [(end - width - edge, spec.high), (end - width, spec.low), (end - edge, spec.low), (end, level)]
            )

    def pause(duration: float, level: float) -> None:
        end = knots[-1][0] + duration
        knots.extend([(end - edge, level), (end, spec.high)])

    evaluation, checkpoint = spec.evaluation, spec.checkpoint
    cycle_s = spec.iteration if evaluation is None else evaluation.every * spec.iteration + evaluation.duration
    cycles = 1 if checkpoint is None else max(1, round(checkpoint.every / cycle_s))
    for _ in range(cycles):
        if evaluation is None:
            iterate(1, spec.high)
        else:
            iterate(evaluation.every, evaluation.activity)
            pause(evaluation.duration, evaluation.activity)
    if checkpoint is not None:
        knots[-1] = (knots[-1][0], checkpoint.activity)
        pause(checkpoint.duration, checkpoint.activity)
    times, levels = np.array(knots).T
    distinct = np.append(True, np.diff(times) > 1e-9)
    return times[distinct], levels[distinct]
