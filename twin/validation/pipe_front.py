"""Case model: fronts of hot water through a measured pipe."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StrictStr

from twin.components import pipe
from twin.components.pipe import PipeSpec
from twin.core.layout import Vec
from twin.core.quantity import Spec, Temperature
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

_STEP_S = 0.5


class PipeFrontSpec(Spec):
    """A pipe whose inlet is measured, and its outlet."""

    kind: Literal["pipe-front"]
    pipe: PipeSpec
    ambient: Temperature
    tests: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    """Files of measurements: time, flow, water in and out."""

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit: each test's outlet, and that of the test in the middle by its error."""
        return dict.fromkeys((*self.tests, "median test"), "degC")

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """The measurements."""
        return ((("tests", i), name) for i, name in enumerate(self.tests))

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Every test, driven by its measured inlet."""
        del folder
        pairs = {name: self._test(name, files[name]) for name in self.tests}
        errors = {name: float(np.mean((one.simulated - one.measured) ** 2)) for name, one in pairs.items()}
        middle = sorted(errors, key=errors.__getitem__)[len(errors) // 2]
        return Outcome(pairs | {"median test": replace(pairs[middle], words=f"median test: {pairs[middle].words}")})

    def _test(self, name: str, file: Path) -> Pair:
        rows = np.genfromtxt(file, delimiter=",", names=True)
        time_s, flow_kg_s = rows["t_s"], float(rows["m_flow_kg_s"][0])
        at_s, out_c = self._course(time_s, flow_kg_s, rows["T_water_in_C"], rows["T_water_out_C"])
        simulated = np.interp(time_s, at_s, out_c)
        words = f"outlet at {flow_kg_s:g} kg/s"
        return Pair(words, "degC", time_s, "time (s)", rows["T_water_out_C"], simulated, course=(at_s, out_c))

    def _course(self, time_s: Vec, flow_kg_s: float, in_c: Vec, out_c: Vec) -> tuple[Vec, Vec]:
        """Outlet over time; at the start the pipe goes evenly from its measured inlet to its measured outlet."""
        params, state = pipe.params([self.pipe]), pipe.filled([self.pipe], np.zeros(1))
        state.water_c[0] = state.wall_c[0] = np.linspace(in_c[0], out_c[0], self.pipe.parcels)
        at_s = np.arange(time_s[0], time_s[-1], _STEP_S)
        entering = np.interp(at_s + 0.5 * _STEP_S, time_s, in_c)
        leaving = [pipe.advance(params, state, 0, flow_kg_s, value, self.ambient, _STEP_S)[0] for value in entering]
        return at_s + _STEP_S, np.array(leaving)
