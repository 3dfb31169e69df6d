"""Measured power of a node, played back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import model_validator

from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.core.quantity import Power, Spec
from twin.drive.trace import read_trace, resample
from twin.drive.waveform import IDLE_W, MAXIMUM_W


class PlaybackSpec(Spec):
    """Measured power of a node, played back once; the job idles when the recording is over.

    ``idle`` and ``maximum`` are those of the measured node: activity = (power - idle) / (maximum - idle), held in 0..1.
    """

    file: Path
    """Table of measurements, relative to the scenario file."""
    column: str
    """Its column of node power in watts."""
    time: str = "time_s"
    """Its column of time: seconds, milliseconds if the name ends in _ms, or dates with a zone."""
    idle: Power = IDLE_W
    """Power of the measured node at activity 0."""
    maximum: Power = MAXIMUM_W
    """Power of the measured node at activity 1."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.maximum <= self.idle:
            raise ValueError(f"maximum ({self.maximum:g} W) must be above idle ({self.idle:g} W)")
        return self

    def build(self, seed: int, folder: Path) -> "Playback":
        """The waveform, read from the file."""
        del seed
        path = folder / self.file
        trace = read_trace(path, [self.column], time=self.time)
        power_w = resample(trace).columns[self.column]
        if not len(power_w):
            raise TraceError([file_problem(path, "is shorter than one second")])
        return Playback(self._activity(power_w), trace.time_s, self._activity(trace.columns[self.column]))

    def _activity(self, power_w: Vec) -> Vec:
        return np.clip((power_w - self.idle) / (self.maximum - self.idle), 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Playback:
    """Activity of each second of a recording, and of its samples; 0 when it is over."""

    recorded: Vec
    time_s: Vec  # of the samples
    samples: Vec  # each holds until the next
    period_s: float = 0.0
    lead_s: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def means(self, edges_s: Vec) -> Vec:
        """Mean activity between successive own times: of whole seconds as recorded, of others from the samples."""
        whole = np.rint(edges_s)
        if np.array_equal(whole, edges_s) and (np.diff(edges_s) == 1.0).all():
            first = int(whole[0])
            piece = self.recorded[first : first + len(edges_s) - 1]
            return np.pad(piece, (0, len(edges_s) - 1 - len(piece)))
        ends_s = np.minimum(edges_s, len(self.recorded))
        held = np.cumsum(self.samples[:-1] * np.diff(self.time_s))
        doses = np.concatenate([[0.0], held])
        k = np.clip(np.searchsorted(self.time_s, ends_s, side="right") - 1, 0, len(self.time_s) - 1)
        return np.diff(doses[k] + self.samples[k] * (ends_s - self.time_s[k])) / np.diff(edges_s)
