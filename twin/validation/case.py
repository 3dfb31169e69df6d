"""The case file: what is held against what, where the measurement comes from, and by how much the model may miss.

A case is a folder of ``validation/`` with a ``case.yaml``. Its files are named with a checksum and read from the
folder of measured data; they are not the project's to ship. A case names every quantity it judges and its limit.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr

from twin.core.errors import InputError, Problem, did_you_mean
from twin.core.quantity import Spec
from twin.site.source import Source, build, read
from twin.validation.cap_step import CapStepSpec
from twin.validation.capped_gpu import CappedGpuSpec
from twin.validation.capped_server import CappedServerSpec
from twin.validation.capped_speed import CappedSpeedSpec
from twin.validation.clock_sweep import ClockSweepSpec
from twin.validation.cold_plate import ColdPlateSpec
from twin.validation.measures import MEASURES, read_limit
from twin.validation.node_power import NodePowerSpec
from twin.validation.pipe_front import PipeFrontSpec
from twin.validation.tower_day import TowerDaySpec
from twin.validation.transformer_heating import TransformerHeatingSpec

FILE_NAME = "case.yaml"


class CaseError(InputError):
    """A case file cannot be used."""


class OriginSpec(Spec):
    """Where measurements or figures come from."""

    repository: StrictStr
    commit: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{40}$")]
    path: StrictStr
    """Path in the repository; ``<...>`` stands for what varies."""
    licence: StrictStr
    cite: StrictStr
    """How to name them."""
    prepared: StrictStr = "as published"
    """What was done to them before they became the files of this case."""


class FileSpec(Spec):
    """A file of measurements under the data folder."""

    path: StrictStr
    sha256: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]


class LimitSpec(Spec):
    """One judgement: a measure of a quantity, and the size it may have."""

    of: StrictStr
    """Name of the quantity."""
    measure: StrictStr
    """Name of the measure."""
    limit: str | float
    """Greatest size: a share, or a value with its unit."""


class CaseSpec(Spec):
    """A case."""

    schema_version: Literal[1]
    title: StrictStr
    tests: Literal["component", "chain"]
    """What is held against measurement."""
    about: StrictStr
    """How the model is driven and what is compared."""
    origin: OriginSpec
    files: dict[str, FileSpec] = {}
    fitted: StrictStr
    """Which parameters were fitted, on which part of the data."""
    tested: StrictStr
    """On which other part they are tested."""
    model: Annotated[
        NodePowerSpec
        | CappedGpuSpec
        | CappedServerSpec
        | CappedSpeedSpec
        | ClockSweepSpec
        | CapStepSpec
        | TransformerHeatingSpec
        | PipeFrontSpec
        | TowerDaySpec
        | ColdPlateSpec,
        Field(discriminator="kind"),
    ]
    measures: Annotated[tuple[LimitSpec, ...], Field(min_length=1)]
    remarks: tuple[StrictStr, ...] = ()
    """What a reader must know before believing the result."""


@dataclass(frozen=True)
class Case:
    """A case that can be run."""

    name: str
    folder: Path
    spec: CaseSpec
    limits: tuple[tuple[float, str], ...]
    """Value and unit of each limit, in the order of the measures."""

    def missing(self, data: Path | None) -> str:
        """Why the measurements cannot be used; "" if they are all there and are those the case was written for."""
        if data is None:
            return "no data folder was named (--data or TWIN_DATA)" if self.spec.files else ""
        for file in self.spec.files.values():
            try:
                content = (data / file.path).read_bytes()
            except FileNotFoundError:
                return f"{file.path} is not in the data folder"
            except OSError as wrong:
                return f"{file.path} cannot be read: {wrong.strerror}"
            if hashlib.sha256(content).hexdigest() != file.sha256:
                return f"{file.path} is not the file that the case was written for: its sha256 differs"
        return ""


def read_case(path: Path) -> Case:
    """The case in a folder or a file. Raises CaseError with every problem at its place."""
    file = path / FILE_NAME if path.is_dir() else path
    source = read(file, CaseError)
    spec = build(CaseSpec, source, CaseError)
    limits, problems = _limits(source, spec)
    problems += [
        source.problem(("model", *loc), f'"{name}" is not among the files; {did_you_mean(name, spec.files)}')
        for loc, name in spec.model.files_used()
        if name not in spec.files
    ]
    if problems:
        raise CaseError(problems)
    return Case(file.parent.name, file.parent, spec, limits)


def _limits(source: Source, spec: CaseSpec) -> tuple[tuple[tuple[float, str], ...], list[Problem]]:
    units = spec.model.quantities()
    limits: list[tuple[float, str]] = []
    problems: list[Problem] = []

    def wrong(index: int, field: str, message: str) -> None:
        loc: tuple[Any, ...] = ("measures", index, field)
        problems.append(source.problem(loc, message))

    for i, judged in enumerate(spec.measures):
        known = judged.of in units and judged.measure in MEASURES
        if judged.of not in units:
            wrong(i, "of", f'this case has no quantity "{judged.of}"; {did_you_mean(judged.of, units)}')
        if judged.measure not in MEASURES:
            wrong(i, "measure", f'there is no measure "{judged.measure}"; {did_you_mean(judged.measure, MEASURES)}')
        if known:
            try:
                limits.append(read_limit(judged.measure, units[judged.of], judged.limit))
            except ValueError as error:
                wrong(i, "limit", str(error))
    return tuple(limits), problems
