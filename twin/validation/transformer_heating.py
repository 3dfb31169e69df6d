"""Case model: oil and hot spot of a transformer under a stepped load, against a published table."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from twin.components.transformer_thermal import ThermalState, TransformerThermalSpec, advance, params
from twin.core.layout import Vec, zeros
from twin.core.quantity import Duration, Ratio, Spec, Temperature
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

_STEP_S = 60.0


class PointSpec(Spec):
    """A row of the table: the load until a time, and the temperatures at it."""

    until: Annotated[Duration, Field(gt=0)]
    load: Ratio
    top_oil: Temperature
    hot_spot: Temperature


class TransformerHeatingSpec(Spec):
    """A transformer under a load that changes in steps."""

    kind: Literal["transformer-heating"]
    transformer: TransformerThermalSpec
    ambient: Temperature
    start: Temperature
    """Top oil at the start, when the hot spot is as warm as the oil."""
    table: Annotated[tuple[PointSpec, ...], Field(min_length=2)]

    @field_validator("table")
    @classmethod
    def _rises(cls, table: tuple[PointSpec, ...]) -> tuple[PointSpec, ...]:
        if any(later.until <= point.until for point, later in pairwise(table)):
            raise ValueError("the times of the table must rise")
        return table

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit."""
        return {"top-oil": "degC", "hot-spot": "degC"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """None: the table stands in the case file."""
        return iter(())

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """The course, minute by minute, and its values at the times of the table."""
        del files, folder
        time_s, oil_c, hot_c = self._course()
        at_s = np.array([point.until for point in self.table])

        def pair(words: str, course_c: Vec, published: list[float]) -> Pair:
            simulated = np.interp(at_s, time_s, course_c)
            course = (time_s / 60.0, course_c)
            at_min, table = at_s / 60.0, np.array(published)
            return Pair(words, "degC", at_min, "time (min)", table, simulated, course=course, known="published")

        return Outcome(
            {
                "top-oil": pair("top oil", oil_c, [point.top_oil for point in self.table]),
                "hot-spot": pair("hot spot", hot_c, [point.hot_spot for point in self.table]),
            }
        )

    def _course(self) -> tuple[Vec, Vec, Vec]:
        """Time [s], top oil and hot spot [degC]."""
        thermal, state = params([self.transformer]), zeros(ThermalState, 1)
        state.top_oil_c[0] = self.start
        rows, now_s = [(0.0, self.start, self.start)], 0.0
        for point in self.table:
            while now_s < point.until:
                step_s = min(_STEP_S, point.until - now_s)
                hot_c = advance(thermal, 0, state, 0, point.load, self.ambient, step_s)
                now_s += step_s
                rows.append((now_s, float(state.top_oil_c[0]), hot_c))
        time_s, oil_c, hot_c = np.array(rows).T
        return time_s, oil_c, hot_c
