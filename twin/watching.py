"""Things a scenario names to be recorded every second: GPUs, CDUs and halls.

Temperatures, positions and speeds stand at the end of the second, flows and powers are those of the second.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.components import gpu
from twin.core.errors import ScenarioError, did_you_mean, misfit
from twin.core.layout import IVec, Var, Vec, variables
from twin.plant.order import State, gpu_rows
from twin.results import ResultFile
from twin.site.compile import Names

_MOST_COMPARED = 2000


class WatchedGpu(NamedTuple):
    """A GPU on the watch list."""

    die_c: Annotated[Vec, Var("degC", "die")]
    hbm_c: Annotated[Vec, Var("degC", "memory")]
    plate_c: Annotated[Vec, Var("degC", "cold plate")]
    power_w: Annotated[Vec, Var("W", "board power")]


class WatchedCdu(NamedTuple):
    """A coolant distribution unit on the watch list."""

    supply_c: Annotated[Vec, Var("degC", "technology cooling system supply")]
    return_c: Annotated[Vec, Var("degC", "technology cooling system return")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "technology cooling system flow")]
    facility_kg_s: Annotated[Vec, Var("kg s-1", "facility water through it")]
    valve: Annotated[Vec, Var("1", "position of its facility water valve")]
    pump_speed: Annotated[Vec, Var("1", "relative speed of its pumps that have power")]
    heat_w: Annotated[Vec, Var("W", "heat given to the facility water")]


class WatchedHall(NamedTuple):
    """A hall on the watch list."""

    supply_c: Annotated[Vec, Var("degC", "facility water leaving the plant")]
    inlet_c: Annotated[Vec, Var("degC", "facility water arriving at the hall")]
    return_c: Annotated[Vec, Var("degC", "facility water coming to the plant")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water flow")]
    pump_speed: Annotated[Vec, Var("1", "relative speed of its pumps that have power")]
    far_pa: Annotated[Vec, Var("Pa", "pressure difference at the far end of the headers")]
    plant_heat_w: Annotated[Vec, Var("W", "heat the plant takes")]
    plant_w: Annotated[Vec, Var("W", "electrical power of the plant")]


_GROUPS = {"watch": ("gpu", WatchedGpu), "watch_cdu": ("cdu", WatchedCdu), "watch_hall": ("hall", WatchedHall)}


class Watch:
    """The named things and what was seen of them since the last flush. Raises ScenarioError for an unknown name."""

    def __init__(self, wanted: tuple[str, ...], names: Names) -> None:
        known = {"watch": names.gpus, "watch_cdu": names.cdus, "watch_hall": names.halls} if wanted else {}
        index = {name: (group, i) for group, members in known.items() for i, name in enumerate(members)}
        unknown = [(i, name) for i, name in enumerate(wanted) if name not in index]
        if unknown:
            some = list(index)[:: max(1, len(index) // _MOST_COMPARED)]
            said = ((i, f'there is no GPU, CDU or hall "{name}"; {did_you_mean(name, some)}') for i, name in unknown)
            raise ScenarioError([misfit(("watch", i), message) for i, message in said])
        found = [(name, *index[name]) for name in wanted]
        self._names = {group: [name for name, of, _ in found if of == group] for group in _GROUPS}
        self._at: dict[str, IVec] = {g: np.array([i for _, of, i in found if of == g], int) for g in _GROUPS}
        self._seen: dict[str, list[Vec]] = {group: [] for group in _GROUPS if self._names[group]}

    def __bool__(self) -> bool:
        return bool(self._seen)

    def open(self, file: ResultFile) -> None:
        """Groups and variables in the result file, where anything is watched."""
        for group in self._seen:
            axis, layout = _GROUPS[group]
            file.group(group, {axis: self._names[group]}, timed=True)
            file.layout(group, layout, (axis,))

    def look(self, state: State) -> None:
        """Take down the second that has just passed."""
        for group, seen in self._seen.items():
            seen.append(_LOOK[group](state, self._at[group]))

    def flush(self, file: ResultFile, time_s: Vec) -> None:
        """Write what was seen at ``time_s``, and forget it."""
        for group, seen in self._seen.items():
            rows = np.array(seen)
            fields = [name for name, _ in variables(_GROUPS[group][1])]
            file.append(group, time_s, {name: rows[:, k] for k, name in enumerate(fields)})
            seen.clear()


def _gpus(state: State, at: IVec) -> Vec:
    rows, (block, lane) = gpu_rows(state), np.divmod(at, gpu.LANES)
    return np.array(
        WatchedGpu(
            die_c=rows[block, gpu.DIE, lane],
            hbm_c=rows[block, gpu.HBM, lane],
            plate_c=rows[block, gpu.PLATE, lane],
            power_w=rows[block, gpu.POWER, lane],
        )
    )


def _cdus(state: State, at: IVec) -> Vec:
    return np.array(
        WatchedCdu(
            supply_c=state.cdu.supply_c[at],
            return_c=state.cdu.return_c[at],
            flow_kg_s=state.flows.cdu_flow_kg_s[at],
            facility_kg_s=state.flows.cdu_facility_kg_s[at],
            valve=state.cdu.valve[at],
            pump_speed=state.cdu.speed[at],
            heat_w=state.step.cdu_given_w[at],
        )
    )


def _halls(state: State, at: IVec) -> Vec:
    return np.array(
        WatchedHall(
            supply_c=state.hall.supply_c[at],
            inlet_c=state.hall.inlet_c[at],
            return_c=state.hall.return_c[at],
            flow_kg_s=state.flows.hall_flow_kg_s[at],
            pump_speed=state.water.speed[at],
            far_pa=state.water.far_pa[at],
            plant_heat_w=state.step.plant_heat_w[at],
            plant_w=state.step.plant_w[at],
        )
    )


_LOOK = {"watch": _gpus, "watch_cdu": _cdus, "watch_hall": _halls}
