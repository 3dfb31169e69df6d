"""Case model: a board's power while its cap is stepped down and up again, in milliseconds."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr

from twin.core import cap_dynamics
from twin.core.cap_dynamics import CapDynamicsSpec
from twin.core.layout import Vec
from twin.core.quantity import Duration, Ratio, Spec
from twin.drive.trace import read_rows
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

_COLUMNS = ("t_s", "power_w")
_FINE_S = 0.001


class StepSpec(Spec):
    """One change of the cap."""

    at: Duration
    """When the command reached the board, in the trace's time."""
    until: Duration
    """How long afterwards it is compared."""


class Step(NamedTuple):
    """Power over time, from 0 at the command, and the levels before and after."""

    time_s: Vec
    power_w: Vec
    from_w: float
    to_w: float


class CapStepSpec(Spec):
    """A step down and a step up."""

    kind: Literal["cap-step"]
    trace: StrictStr
    dynamics: CapDynamicsSpec = CapDynamicsSpec()
    before: Annotated[Duration, Field(gt=0)]
    """Time before each step that gives its level, and the end of each piece that gives the next."""
    sensor: Annotated[Duration, Field(gt=0)]
    """A reading is the mean over this time before it."""
    settled: Ratio
    """What counts as settled, over the level."""
    steps: dict[Literal["down", "up"], StepSpec]

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        return {"down": "W", "up": "W", "times": "s", "undershoot": "W"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """The trace."""
        return iter([(("trace",), self.trace)])

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Both steps with the board's constants and the levels before and after."""
        del folder
        rows = np.array([[float(row.cells[n]) for n in _COLUMNS] for row in read_rows(files[self.trace], _COLUMNS)])
        fresh = rows[np.append(True, np.diff(rows[:, 1]) != 0.0)]  # the sensor repeats itself between readings
        pairs: dict[str, Pair] = {}
        seen: list[dict[str, Step]] = [{}, {}]
        for name, step in self.steps.items():
            time_s, measured_w, from_w, to_w = self._piece(fresh, step)
            simulated_w, fine_s = self._simulated(time_s, from_w, to_w), np.arange(0.0, step.until, _FINE_S)
            course = (fine_s, self._simulated(fine_s, from_w, to_w))
            words, axis = f"cap {name}", "time since the command (s)"
            pairs[name] = Pair(words, "W", time_s, axis, measured_w, simulated_w, course=course)
            for which, power_w in zip(seen, (measured_w, simulated_w), strict=True):
                which[name] = Step(time_s, power_w, from_w, to_w)
        times = [self._times(which) for which in seen]
        labels = ("fall", "recovery", "dead time", "rise settled")
        pairs["times"] = Pair("times of both steps", "s", np.arange(4.0), "", times[0], times[1], labels=labels)
        low = [np.array([which["down"].to_w - which["down"].power_w.min()]) for which in seen]
        pairs["undershoot"] = Pair("undershoot", "W", np.zeros(1), "", low[0], low[1], labels=("down",))
        return Outcome(pairs)

    def _piece(self, fresh: Vec, step: StepSpec) -> Step:
        """Readings after the command, and the levels before it and at the end."""
        since = fresh[:, 0] - step.at
        after = fresh[(since >= 0.0) & (since < step.until)]
        before_w = float(fresh[(since < 0.0) & (since > -self.before), 1].mean())
        level_w = float(after[after[:, 0] > step.at + step.until - self.before, 1].mean())
        return Step(after[:, 0] - step.at, after[:, 1], before_w, level_w)

    def _simulated(self, time_s: Vec, from_w: float, to_w: float) -> Vec:
        p = cap_dynamics.params([self.dynamics])
        begun = np.maximum(time_s, _FINE_S)
        means = [cap_dynamics.mean_w(p, 0, from_w, to_w, max(0.0, t - self.sensor), t) for t in begun]
        share = np.minimum(begun, self.sensor) / self.sensor
        return np.asarray(share * np.array(means) + (1.0 - share) * from_w)

    def _times(self, steps: Mapping[str, Step]) -> Vec:
        """Fall to within 5 % of the level, recovery, first tenth of the rise, rise [s]."""
        down, up = steps["down"], steps["up"]
        fallen_s = down.time_s[np.argmax(down.power_w < 1.05 * down.to_w)]
        moved_s = up.time_s[np.argmax(up.power_w > up.from_w + 0.1 * (up.to_w - up.from_w))]
        ends_s = [_outside(step.time_s, step.power_w, step.to_w, self.settled) for step in (down, up)]
        return np.array([fallen_s, ends_s[0], moved_s, ends_s[1]])


def _outside(time_s: Vec, power_w: Vec, level_w: float, share: float) -> float:
    """First reading after the last that is further than ``share`` from the level [s]."""
    away = np.flatnonzero(np.abs(power_w - level_w) > share * level_w)
    return float(time_s[min(away[-1] + 1, len(time_s) - 1)])
