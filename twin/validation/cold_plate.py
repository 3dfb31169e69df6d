"""Case model: resistance of a cold plate from its case to the coolant over flow."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import StrictStr

from twin.components import gpu
from twin.core.quantity import Spec
from twin.site.explain import Loc
from twin.site.source import build, read
from twin.site.spec_parts import Parts
from twin.validation.outcome import Outcome, Pair

_M3_S = 1 / 60e3  # of a litre per minute


class ColdPlateSpec(Spec):
    """The plate of a shipped GPU type under one coolant of a table."""

    kind: Literal["cold-plate"]
    parts: StrictStr
    """Part file, relative to the case."""
    gpu: StrictStr
    """Name of the type in it."""
    file: StrictStr
    coolant: StrictStr

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        return {"resistance": "K/W"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """The table."""
        return iter([(("file",), self.file)])

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Resistance at each flow of the table, from what the solver uses less what lies between die and case."""
        spec = build(Parts, read(folder / self.parts)).gpus[self.gpu]
        with files[self.file].open(newline="") as table:
            rows = [row for row in csv.DictReader(table) if row["coolant"] == self.coolant]
        flow = np.array([float(row["flow_l_min"]) for row in rows])
        known = np.array([float(row["R_case_to_inlet_K_per_W"]) for row in rows])
        params = gpu.params([spec])
        outside_k_w = spec.die_to_plate - spec.die_to_case
        ours = np.array([1 / gpu.plate_conductance_w_k(params, 0, f * _M3_S) + outside_k_w for f in flow])
        return Outcome({"resistance": Pair("case to coolant inlet", "K/W", flow, "flow (L/min)", known, ours)})
