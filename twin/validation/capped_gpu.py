"""Case model: temperature and power of a GPU held by a power cap; its thermal constants are fitted first.

The thermal network is fitted on cells (runs at one cap) of one workload, driven by their measured power. It is then
tested on cells of other workloads with nothing measured in them but the times at which work ran: the level of that
work comes from the same workload without a binding cap, the cap and all that follows from the model.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr, field_validator

from twin.calibrate import Estimate, Free, fit
from twin.components.gpu import GpuSpec
from twin.core.errors import TraceError, file_problem
from twin.core.layout import Vec
from twin.core.quantity import HeatCapacity, Power, Spec, Temperature, ThermalResistance
from twin.drive.trace import Trace, read_rows, resample
from twin.site.explain import Loc
from twin.validation.board import Masses, run_board
from twin.validation.outcome import Outcome, Pair

# The cap acts within a quarter of a second and the die follows in one: a second would blur both.
_STEP_S = 0.1
_NO_LEAKAGE_W = 0.01
_HELD_SAMPLES = 50.0  # the log pauses up to 0.12 s where its step is 0.01 s; the last value stands meanwhile
_COLUMNS = ("pcap_w", "sm_target_mhz", "t_s", "power_w", "temperature_c")


class CellSpec(Spec):
    """One run of one workload at one cap."""

    file: StrictStr
    cap: Power


class WorkSpec(Spec):
    """Cells of a workload that test the model, and the one that says what it draws when no cap binds."""

    file: StrictStr
    uncapped: Power
    """The cap that does not bind."""
    caps: Annotated[tuple[Power, ...], Field(min_length=1)]
    """Caps that do."""


class ResistanceRange(Spec):
    """What a fitted resistance may be."""

    start: ThermalResistance
    low: ThermalResistance
    high: ThermalResistance


class CapacityRange(Spec):
    """What a fitted heat capacity may be."""

    start: HeatCapacity
    low: HeatCapacity
    high: HeatCapacity


class TemperatureRange(Spec):
    """What a fitted temperature may be."""

    start: Temperature
    low: Temperature
    high: Temperature


class FitSpec(Spec):
    """What is fitted, and on which cells."""

    cells: Annotated[tuple[CellSpec, ...], Field(min_length=1)]
    inlet: TemperatureRange
    die_to_plate: ResistanceRange
    plate_base: ResistanceRange
    die_capacity: CapacityRange
    plate_capacity: CapacityRange


_UNITS = {"inlet": "degC", "die_to_plate": "K/W", "plate_base": "K/W", "die_capacity": "J/K", "plate_capacity": "J/K"}


class Cell(NamedTuple):
    """A measured cell in even steps."""

    time_s: Vec
    power_w: Vec
    die_c: Vec


class CappedGpuSpec(Spec):
    """A GPU under a power cap, with an unknown inlet and unknown resistances."""

    kind: Literal["capped-gpu"]
    gpu: GpuSpec
    """The board; the fit replaces its two resistances and capacities. It has no leakage of its own: what a workload
    draws is measured with its leakage."""
    clock_mhz: Annotated[int, Field(gt=0)]
    """The clock that was asked for."""
    busy_above: Power
    """Power that divides work from pause."""
    fit: FitSpec
    test: dict[str, WorkSpec]

    @field_validator("gpu")
    @classmethod
    def _without_leakage(cls, gpu: GpuSpec) -> GpuSpec:
        if gpu.leakage > _NO_LEAKAGE_W:
            message = f"leakage must be at most {_NO_LEAKAGE_W:g} W: what a workload draws is measured with its leakage"
            raise ValueError(message)
        return gpu

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit: a temperature and a power of each tested cell."""
        names = [_name(work, cap) for work, spec in self.test.items() for cap in spec.caps]
        return {f"{name} {what}": unit for name in names for what, unit in (("die", "degC"), ("power", "W"))}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """Every file named, with its place in the model's section."""
        for i, cell in enumerate(self.fit.cells):
            yield ("fit", "cells", i, "file"), cell.file
        for name, work in self.test.items():
            yield ("test", name, "file"), work.file

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Fit, then test."""
        del folder
        tables = {name: _table(files[name]) for name in {name for _, name in self.files_used()}}

        def cell_of(name: str, cap_w: float) -> Cell:
            chosen = tables[name][(tables[name][:, 0] == cap_w) & (tables[name][:, 1] == self.clock_mhz)]
            if not len(chosen):
                message = f"has no cell at {cap_w:g} W and {self.clock_mhz} MHz"
                raise TraceError([file_problem(files[name], message)])
            return _cell(chosen)

        fitted = self._fit([cell_of(cell.file, cell.cap) for cell in self.fit.cells])
        values = {name: estimate.value for name, estimate in fitted.items()}
        pairs: dict[str, Pair] = {}
        for work, spec in self.test.items():
            natural = cell_of(spec.file, spec.uncapped)
            level_w = float(natural.power_w[natural.power_w > self.busy_above].mean())
            for cap_w in spec.caps:
                cell = cell_of(spec.file, cap_w)
                pairs.update(self._test(_name(work, cap_w), cell, level_w, cap_w, values))
        return Outcome(pairs, fitted)

    def _fit(self, cells: list[Cell]) -> dict[str, Estimate]:
        free = {name: Free(**getattr(self.fit, name).model_dump(), unit=unit) for name, unit in _UNITS.items()}

        def errors_k(values: dict[str, float]) -> Vec:
            runs = [self._board(values, cell.power_w, cell, np.inf)[0] - cell.die_c for cell in cells]
            return np.concatenate(runs)

        return fit(errors_k, free)

    def _test(self, name: str, cell: Cell, level_w: float, cap_w: float, values: dict[str, float]) -> dict[str, Pair]:
        busy = cell.power_w > self.busy_above
        wanted_w = np.where(busy, level_w, cell.power_w[~busy].mean())
        die_c, power_w = self._board(values, wanted_w, cell, cap_w)
        at = (cell.time_s + _STEP_S, "time (s)")
        return {
            f"{name} die": Pair(f"{name}, die", "degC", *at, cell.die_c, die_c),
            f"{name} power": Pair(f"{name}, board", "W", *at, cell.power_w, power_w),
        }

    def _board(self, values: dict[str, float], wanted_w: Vec, cell: Cell, cap_w: float) -> tuple[Vec, Vec]:
        """Die temperature and power of the board that wants ``wanted_w``, from where ``cell`` starts."""
        # With the case as hot as the plate, plate_base is what lies between plate and inlet.
        found = {name: value for name, value in values.items() if name != "inlet"}
        spec = self.gpu.model_copy(update=found | {"die_to_case": values["die_to_plate"]})
        activity = (wanted_w - spec.idle) / (spec.max - spec.idle)
        start = _starting(spec, float(cell.die_c[0]), float(cell.power_w[0]))
        board = run_board(spec, activity, values["inlet"], step_s=_STEP_S, cap_w=cap_w, start=start)
        return board.die_c, board.power_w


def _name(work: str, cap_w: float) -> str:
    return f"{work} at {cap_w:g} W"


def _starting(spec: GpuSpec, die_c: float, power_w: float) -> Masses:
    """Temperatures behind the first reading, when die and memory are at rest on a plate that may not be."""
    plate_c = die_c - (1.0 - spec.hbm_share - spec.regulator_share) * power_w * spec.die_to_plate
    return Masses(die_c, plate_c + spec.hbm_share * power_w * spec.hbm_to_plate, plate_c)


def _table(path: Path) -> Vec:
    """All samples of a file, one column each of `_COLUMNS`."""
    return np.array([[float(row.cells[name]) for name in _COLUMNS] for row in read_rows(path, _COLUMNS)])


def _cell(samples: Vec) -> Cell:
    """The samples of a cell, in means over even steps."""
    trace = Trace(samples[:, 2], {"power": samples[:, 3], "die": samples[:, 4]}, 0.0, dated=False)
    even = resample(trace, _STEP_S, longest_gap=_HELD_SAMPLES)
    return Cell(even.time_s, even.columns["power"], even.columns["die"])
