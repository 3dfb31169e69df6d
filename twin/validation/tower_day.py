"""Case model: a cooling tower through a simulated day, against another program."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import StrictStr

from twin.components import tower
from twin.components.tower import TowerSpec
from twin.core import fluids
from twin.core.quantity import Pressure, Spec
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

# Columns of the file.
_TIME, _DRY, _WET, _IN, _OUT, _FLOW, _HEAT, _FAN = 0, 1, 2, 3, 4, 5, 6, 9


class TowerDaySpec(Spec):
    """One cell, driven by inlet, flow, weather and fan speed of the other program."""

    kind: Literal["tower-day"]
    tower: TowerSpec
    pressure: Pressure
    file: StrictStr

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        return {"leaving water": "degC", "heat": "W"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """The other program's day."""
        return iter([(("file",), self.file)])

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Every minute in which the tower's fan runs."""
        del folder
        rows = np.array([line.split(",") for line in files[self.file].read_text().splitlines() if line[:1].isdigit()])
        rows = rows.astype(float)
        rows = rows[(rows[:, _FAN] >= self.tower.least_fan) & (rows[:, _FLOW] > 0)]
        cell = tower.params([self.tower], [1], [0], [tower.CondenserWaterSpec()])
        out_c, heat_w = np.empty(len(rows)), np.empty(len(rows))
        for k, row in enumerate(rows):
            water_w_k = row[_FLOW] * float(fluids.specific_heat(fluids.WATER, row[_IN]))
            air = (row[_DRY], row[_WET], self.pressure)
            heat_w[k] = tower.heat_w(cell, 0, row[_FAN], 1.0, row[_FLOW], water_w_k, row[_IN], air)
            out_c[k] = row[_IN] - heat_w[k] / water_w_k
        hours = rows[:, _TIME] / 3600.0
        return Outcome(
            {
                "leaving water": Pair(
                    "leaving water", "degC", hours, "time (h)", rows[:, _OUT], out_c, known="EnergyPlus"
                ),
                "heat": Pair("heat", "W", hours, "time (h)", rows[:, _HEAT], heat_w, known="EnergyPlus"),
            }
        )
