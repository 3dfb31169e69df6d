"""Case model: power, clock and speed of work under a power cap, from power and speed at locked clocks without one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr

from twin.calibrate import Estimate, Free, fit
from twin.components import frequency
from twin.components.frequency import ClockSpec
from twin.core.layout import Vec
from twin.core.quantity import Power, Ratio, Spec
from twin.drive.trace import read_rows
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

_TRACE = ("pcap_w", "sm_target_mhz", "power_w", "sm_clock_mhz", "util_gpu")
_LEAST = 0.05
_TABLE = ("workload", "pcap_w", "sm_target_mhz", "iters_per_s")


class SweptWorkSpec(Spec):
    """A kind of work in the sweep."""

    trace: StrictStr
    """File of its samples."""
    name: StrictStr
    """Its name in the table of speeds."""


class Cell(NamedTuple):
    """Means of a run at one cap and one clock."""

    cap_w: float
    target_mhz: float
    power_w: float
    clock_mhz: float
    speed: float
    """Iterations a second."""


class ClockSweepSpec(Spec):
    """Work at locked clocks and under caps."""

    kind: Literal["clock-sweep"]
    table: StrictStr
    """File with the speed of every run."""
    work: dict[str, SweptWorkSpec]
    uncapped: Power
    """The cap that does not bind."""
    caps: Annotated[tuple[Power, ...], Field(min_length=1)]
    """Caps that do, at the greatest clock."""
    busy_above: Ratio
    """Utilisation above which a sample counts, and share of the mean of those below which it is a pause."""
    speed_above: Annotated[float, Field(gt=0)]
    """Clocks of which speeds are fitted, in MHz: at the least the board does more than slow its clock."""
    idle: Power
    """Power at no activity."""

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        return {"power": "W", "clock": "1", "speed": "1"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """Every file named, with its place in the model's section."""
        yield ("table",), self.table
        for name, work in self.work.items():
            yield ("work", name, "trace"), work.trace

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Fit on clocks, test on caps."""
        del folder
        speeds = {
            (row.cells["workload"], float(row.cells["pcap_w"]), float(row.cells["sm_target_mhz"])): float(
                row.cells["iters_per_s"]
            )
            for row in read_rows(files[self.table], _TABLE)
        }
        fitted: dict[str, Estimate] = {}
        labels: list[str] = []
        rows: list[tuple[float, ...]] = []
        for name, work in self.work.items():
            cells = self._cells(files[work.trace], work.name, speeds)
            full = max((cell for cell in cells if cell.cap_w == self.uncapped), key=lambda cell: cell.target_mhz)
            locked = [cell for cell in cells if cell.cap_w not in self.caps or cell.target_mhz < full.target_mhz]
            spec, found = self._fit(locked, full)
            fitted |= {f"{name} {what}": estimate for what, estimate in found.items()}
            kinds = frequency.params([spec])
            for cell in cells:
                if cell.cap_w in self.caps and cell.target_mhz == full.target_mhz:
                    share = float(frequency.under_cap(kinds, 0, cell.cap_w, 1.0))
                    labels.append(f"{name}\n{cell.cap_w:g} W")
                    rows.append(
                        (
                            cell.power_w, float(frequency.power_w(kinds, 0, share, 1.0)),
                            cell.clock_mhz / full.clock_mhz, share,
                            cell.speed / full.speed, float(frequency.speed(kinds, 0, share)),
                        )
                    )  # fmt: skip
        table, at = np.array(rows).T, np.arange(float(len(rows)))
        pairs = {
            name: Pair(f"{name} under a cap", unit, at, "", table[2 * k], table[2 * k + 1], labels=tuple(labels))
            for k, (name, unit) in enumerate(self.quantities().items())
        }
        return Outcome(pairs, fitted)

    def _fit(self, locked: list[Cell], full: Cell) -> tuple[ClockSpec, dict[str, Estimate]]:
        shares = np.array([cell.clock_mhz / full.clock_mhz for cell in locked])
        watts = np.array([cell.power_w for cell in locked])
        quick = [k for k, cell in enumerate(locked) if cell.target_mhz >= self.speed_above]
        times = np.array([full.speed / locked[k].speed for k in quick])

        start = ClockSpec.model_construct(idle=self.idle, full=np.inf, exponent=2.0, least=_LEAST)

        def spec(values: dict[str, float]) -> ClockSpec:
            return start.model_copy(update=values)

        def errors(values: dict[str, float]) -> Vec:
            kinds = frequency.params([spec(values)])
            power = np.array([frequency.power_w(kinds, 0, share, 1.0) for share in shares]) / full.power_w
            speed = np.array([frequency.speed(kinds, 0, shares[k]) for k in quick])
            return np.concatenate([power - watts / full.power_w, 1.0 / speed - times])

        free = {
            "static": Free(10.0, 0.0, 40.0, "W"),
            "full": Free(150.0, 60.0, 400.0, "W"),
            "exponent": Free(2.0, 1.0, 3.0, "1"),
            "memory": Free(0.3, 0.0, 0.95, "1"),
        }
        found = fit(errors, free)
        return spec({name: estimate.value for name, estimate in found.items()}), found

    def _cells(self, path: Path, work: str, speeds: Mapping[tuple[str, float, float], float]) -> list[Cell]:
        samples = np.array([[float(row.cells[name]) for name in _TRACE] for row in read_rows(path, _TRACE)])
        cells = []
        for cap_w, target in sorted({(row[0], row[1]) for row in samples[:, :2].tolist()}):
            chosen = samples[(samples[:, 0] == cap_w) & (samples[:, 1] == target) & (samples[:, 4] > self.busy_above)]
            busy = chosen[chosen[:, 2] > self.busy_above * np.median(chosen[:, 2])]
            power_w, clock_mhz = busy[:, 2:4].mean(axis=0)
            cells.append(Cell(cap_w, target, float(power_w), float(clock_mhz), speeds[work, cap_w, target]))
        return cells
