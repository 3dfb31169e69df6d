"""Rule packs: what a utility or regulator asks of a large load, as files with limits, units and sources.

A pack names its rules and, where a load must ride through, a table of voltage and time in a file of its own. Figures
nobody could check carry ``verified: false``, and everything that judges by them says so. Packs that come with the
program stand beside this module; others are given by their file.
"""

import csv
from collections.abc import Iterator
from itertools import pairwise
from math import inf, isnan
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, model_validator

from twin.core.errors import Problem, ScenarioError, did_you_mean, file_problem
from twin.core.quantity import Duration, Power, Ratio, Spec, Voltage
from twin.site.source import build, read

_BUILT_IN = Path(__file__).parent
NONE = "none"


class _Rule(Spec):
    name: StrictStr
    source: StrictStr
    """Where the figures come from."""
    verified: bool
    """Whether somebody has read them in that source."""


class RideThroughRule(_Rule):
    """Within the table's times at its voltages the load stays, or is back soon after."""

    kind: Literal["ride-through"]
    keeps: Ratio = Field(gt=0, le=1)
    """Share of the power before that is drawn again ``after`` the voltage is back."""
    after: Duration = Field(ge=0)


class RepeatedDipsRule(_Rule):
    """So many dips in a row make no load leave for good."""

    kind: Literal["repeated-dips"]
    dips: int = Field(ge=2)
    within: Duration = Field(gt=0)
    keeps: Ratio = Field(gt=0, le=1)
    after: Duration = Field(ge=0)


class RampRule(_Rule):
    """Power at the point of interconnection does not change faster."""

    kind: Literal["ramp"]
    most: Power = Field(gt=0)
    over: Duration = Field(gt=0)
    """Between any moment and so much later."""
    way: Literal["rise", "fall", "either"] = "either"


class ReturnRule(_Rule):
    """What left comes back neither late nor at once."""

    kind: Literal["return"]
    share: Ratio = Field(gt=0, le=1)
    """Of the power before, that counts as back."""
    within: Duration = Field(gt=0)
    """After the voltage is back."""
    steepest: Power | None = Field(default=None, gt=0)
    """Greatest rise in any second on the way."""


Rule = Annotated[RideThroughRule | RepeatedDipsRule | RampRule | ReturnRule, Field(discriminator="kind")]


class AppliesSpec(Spec):
    """Which loads a pack is for."""

    power: Power = Field(default=0.0, ge=0)
    """Contract limit of the feed at least."""
    voltage: Voltage = Field(default=0.0, ge=0)
    """Voltage of the feed at least."""


class RulePack(Spec):
    """A set of rules."""

    schema_version: Literal[1]
    name: StrictStr
    title: StrictStr
    applies: AppliesSpec = AppliesSpec()
    table: StrictStr | None = None
    """CSV file beside this one with the columns voltage_pu and seconds: from that voltage up to the next row's a load
    must stay for so long (inf: always); below the first row it need not."""
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _a_table(self) -> "RulePack":
        wants = [rule.name for rule in self.rules if rule.kind == "ride-through"]
        if wants and self.table is None:
            raise ValueError(f'the rule "{wants[0]}" needs a voltage-time table; name its CSV file under table')
        return self


def built_in() -> list[str]:
    """Names of the packs that come with the program."""
    return sorted(file.stem for file in _BUILT_IN.glob("*.yaml"))


def load_pack(name: str, folder: Path) -> dict[str, Any]:
    """The pack ``name``, or the one in the file of that name in ``folder``, as plain data with its table's rows.

    Raises ScenarioError where there is no such pack, it cannot be read, or its table is missing.
    """
    path = _BUILT_IN / f"{name}.yaml"
    if not path.is_file():
        path = folder / name
        if path.suffix not in (".yaml", ".yml") or not path.is_file():
            near = did_you_mean(name, built_in())
            stop = "" if near.endswith("?") else "."
            message = f'there is no rule pack "{name}"; {near}{stop} A pack of your own is a .yaml file'
            raise ScenarioError(message)
    pack = build(RulePack, read(path, ScenarioError), ScenarioError)
    rows = [] if pack.table is None else _table(path.parent / pack.table, pack.name)
    return {
        **pack.model_dump(exclude={"table", "schema_version"}),
        "rows": [[v, "inf" if s == inf else s] for v, s in rows],
    }


def _table(path: Path, pack: str) -> list[tuple[float, float]]:
    if not path.is_file():
        raise ScenarioError(
            [
                file_problem(
                    path, f'there is no such file, and the rule pack "{pack}" takes its voltage-time table from it'
                )
            ]
        )
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    found = list(_rows(csv.DictReader(lines), path))
    problems = [row for row in found if isinstance(row, Problem)]
    rows = [row for row in found if not isinstance(row, Problem)]
    if not problems and len(rows) < 2:
        problems.append(file_problem(path, "a voltage-time table needs two rows at least"))
    if any(b[0] <= a[0] for a, b in pairwise(rows)):
        problems.append(file_problem(path, "voltages must rise from row to row"))
    if problems:
        raise ScenarioError(problems)
    return rows


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[float, float] | Problem]:
    if not {"voltage_pu", "seconds"} <= set(reader.fieldnames or ()):
        yield file_problem(
            path, f"its columns must be voltage_pu and seconds, found {', '.join(reader.fieldnames or ())}"
        )
        return
    for row in reader:
        try:
            voltage, seconds = float(row["voltage_pu"]), float(row["seconds"])
        except (TypeError, ValueError):
            yield file_problem(path, f"{row['voltage_pu']}, {row['seconds']}: both must be numbers")
            continue
        if isnan(voltage) or isnan(seconds) or voltage < 0 or seconds < 0:
            yield file_problem(path, f"{row['voltage_pu']}, {row['seconds']}: both must be 0 or above")
            continue
        yield voltage, seconds
