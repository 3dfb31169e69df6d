"""A year of a site, quasi-steady: racks at rest under a mean activity, plant and power flow under the weather.

What racks, coolant distribution units and halls draw and give off at rest depends on the activity and on the facility
supply, and on the weather only by what pipes and walls lose, parts in a thousand. So `steady.settle` finds that once
for each activity and supply, in the mean air of the year, and every step asks the plant alone: what it can do in the
air at the middle of the step, what it takes from the water that comes back, and what it draws and evaporates for it
(`rejection.rest`; what towers' basins lack moves on by the step). One power flow a step carries that to the feed,
losses and all.

A plant that cannot hold its set point lets the supply rise to where it takes the heat; the racks are then settled anew
at that supply, rounded up to half a kelvin. Nothing else lags: a step is as if it lasted. No policy acts, so limits are
not held; what exceeds them is told. Leap days are left out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.core.errors import RunError
from twin.core.layout import IVec, Var, Vec, zeros
from twin.drive.weather import Weather, WeatherRow
from twin.network import radial
from twin.plant import aisles, grid, record, recording, rejection, steady
from twin.plant.order import Fans, Flows, State, Step
from twin.site.compile import Compiled, new_state

DAY_S = 86400
YEAR_S = 365 * DAY_S
_RACK_K = 0.5  # racks are settled at whole multiples of this above the set point
_MOST_K = 30.0  # by which a supply may rise before the plant is said to fail
_HALVINGS = 24
_SHORT = 1e-6
# What a plant remembers is whatever is in the state beside racks, halls, power flow, and what follows from them.
_NOT_PLANT = {
    "blocks", "node", "cdu", "hall", "aisle", "fans", "water", "cdu_temperature", "cdu_pressure", "hall_pressure",
    "tree", "room", "pipe", "network", "ups", "battery", "protection", "outdoors", "service", "flows", "slopes", "step",
}  # fmt: skip
Progress = Callable[[int, int], None]


class HallYear(NamedTuple):
    """Per step and hall."""

    supply_c: Annotated[Vec, Var("degC", "facility water supply")]
    heat_w: Annotated[Vec, Var("W", "heat the plant takes")]
    free_heat_w: Annotated[Vec, Var("W", "heat taken by cooling towers, part of that")]
    plant_w: Annotated[Vec, Var("W", "electrical power of the heat rejection plant")]


class Year(NamedTuple):
    """What a year came to, step by step; the first axis is time."""

    start: datetime
    step_s: int
    air: WeatherRow
    site: record.SiteRecord
    hall: HallYear


class Load(NamedTuple):
    """What servers are asked for over the year."""

    words: str
    activity: Vec  # [level, 1 + server], the first column is no server
    level: IVec  # [step]


def simulate(
    compiled: Compiled, load: Load, weather: Weather, start: datetime, step_s: int, progress: Progress | None = None
) -> Year:
    """The year from ``start`` in steps of ``step_s`` [s]. RunError where a plant cannot take its heat at all."""
    steps = YEAR_S // step_s
    air = weather.at(np.arange(steps, dtype=np.float64) + 0.5, step_s)
    site = _Site(compiled, load.activity, tuple(float(values.mean()) for values in air))
    rows, halls = zeros(record.SiteRecord, steps), HallYear(*np.zeros((4, steps, len(compiled.names.halls))))
    for k in range(steps):
        now = float(air.dry_bulb_c[k]), float(air.wet_bulb_c[k]), float(air.pressure_pa[k])
        try:
            state, supply_c = site.step(int(load.level[k]), now, step_s)
        except RunError as wrong:
            raise RunError(f"{start + timedelta(seconds=step_s * (k + 0.5)):%d %B %H:%M}: {wrong}") from wrong
        site.record(state, rows, k)
        for values, now_values in zip(
            halls, (supply_c, state.step.plant_heat_w, state.step.free_w, state.step.plant_w), strict=True
        ):
            values[k] = now_values
        if progress is not None and (k + 1) % 24 == 0:
            progress(step_s * (k + 1), YEAR_S)
    return Year(start, step_s, air, rows, halls)


class _Site:
    """A site whose racks are at rest at one of a few supplies, and whose plant moves on from step to step."""

    def __init__(self, compiled: Compiled, activity: Vec, mean_air: tuple[float, ...]) -> None:
        self.compiled, self.plant, self.state = compiled, compiled.plant, new_state(compiled)
        self.activity, self.mean_air = activity, (mean_air[0], mean_air[1], mean_air[2])
        self.state.node.job[:] = np.arange(1, len(compiled.node_rack) + 1)
        self.set_point_c = self.state.service.set_point_c.copy()
        self.air_racks_w = float(self.plant.wiring.air_rack_w.sum())
        self._rests: dict[tuple[int, ...], State] = {}
        self._current: State | None = None

    def step(self, level: int, air: tuple[float, float, float], ticks: int) -> tuple[State, Vec]:
        """One step: the state, and the supply [degC] of every hall."""
        above = np.zeros(len(self.set_point_c), np.int64)
        while True:
            state = self._at_rest(level, above)
            supply_c, held = self._supply_c(state, air, ticks)
            more = ~held | (supply_c > self.set_point_c + _RACK_K * above + 1e-9)
            if not more.any():
                return state, np.maximum(supply_c, self.set_point_c + _RACK_K * np.maximum(above - 1, 0))
            if (_RACK_K * above[more] >= _MOST_K).any():
                self._fail(state, more, air)
            above = above + more

    def _at_rest(self, level: int, above: IVec) -> State:
        """Racks, units and halls at an activity, on water so many half kelvins above its set point."""
        key = (level, *above.tolist())
        if key not in self._rests:
            memory = _memory(self.state)
            self.state.service.set_point_c[:] = self.set_point_c + _RACK_K * above
            try:
                steady.settle(self.plant, self.state, self.activity[level], self.mean_air, self.compiled.names.halls)
            except RunError as wrong:
                raise RunError(f"not even in the mean air of the year: {wrong}") from wrong
            self.state.service.set_point_c[:] = self.set_point_c
            _restore(self.state, memory)
            flows, room = Flows(*map(np.copy, self.state.flows)), Step(*map(np.copy, self.state.step))
            fans = Fans(*map(np.copy, self.state.fans))
            self._rests[key] = self.state._replace(flows=flows, fans=fans, step=room)
            self._current = None
        state = self._rests[key]
        if state is not self._current:
            rejection.update_flows(self.plant, state)
            self._current = state
        return state

    def _supply_c(self, state: State, air: tuple[float, float, float], ticks: int) -> tuple[Vec, NDArray[np.bool_]]:
        """The lowest supply from the set point up at which each plant takes its heat, and whether it does at all."""
        memory = _memory(state)
        held = self._try(state, self.set_point_c, air, ticks)
        if held.all():
            return self.set_point_c, held
        low_c, high_c, short = self.set_point_c, self.set_point_c + _MOST_K * ~held, ~held
        for _ in range(_HALVINGS):
            middle_c = 0.5 * (low_c + high_c)
            _restore(state, memory)
            held = self._try(state, middle_c, air, ticks)
            low_c, high_c = np.where(held, low_c, middle_c), np.where(held, middle_c, high_c)
        _restore(state, memory)
        return high_c, self._try(state, high_c, air, ticks) | ~short

    def _try(self, state: State, supply_c: Vec, air: tuple[float, float, float], ticks: int) -> NDArray[np.bool_]:
        """Which plants take the heat that comes with water at ``supply_c``."""
        heat_w = _brought_w(state)
        state.hall.supply_c[:] = supply_c
        state.hall.return_c[:] = supply_c + heat_w / state.flows.hall_w_k
        rejection.rest(self.plant, state, air, ticks)
        held: NDArray[np.bool_] = heat_w + state.flows.hall_shaft_w <= state.step.plant_heat_w * (1 + _SHORT)
        return held

    def _fail(self, state: State, short: NDArray[np.bool_], air: tuple[float, float, float]) -> None:
        need_w = _brought_w(state) + state.flows.hall_shaft_w
        said = [
            f"{name}: {need / 1e6:.2f} MW of heat arrive, the plant takes {take / 1e6:.2f} MW at {air[0]:.1f} degC "
            f"outdoors (wet bulb {air[1]:.1f} degC), even with water {_MOST_K:g} K above its set point"
            for name, need, take, bad in zip(
                self.compiled.names.halls, need_w, state.step.plant_heat_w, short, strict=True
            )
            if bad
        ]
        raise RunError("; ".join(said))

    def record(self, state: State, rows: record.SiteRecord, k: int) -> None:
        """Carry what is drawn to the feed, and keep row ``k``."""
        c = self.compiled
        if steady.solve_network(self.plant, state, c.meshed) < 0:
            raise RunError(f"voltage collapse: {grid.why_none(self.plant, state, c.meshed, c.names.electrical)}")
        room_fans_w = float(state.fans.room_w.sum())
        fans_w = aisles.fans_w(self.plant, state) - room_fans_w, room_fans_w
        source_pu = state.service.source_pu[0]
        recording.site_row(
            state.step, state.flows, state.network, source_pu, 0, radial.BASE_MVA, self.air_racks_w, fans_w, rows, k
        )


def _brought_w(state: State) -> Vec:
    """Heat that facility water brings to each plant, its pumps' apart."""
    room = state.step
    brought_w: Vec = room.hall_liquid_w + room.hall_coil_w - room.pipe_loss_w
    return brought_w


def _memory(state: State) -> list[NDArray[np.float64]]:
    return [array.copy() for array in _remembered(state)]


def _restore(state: State, memory: list[NDArray[np.float64]]) -> None:
    for array, kept in zip(_remembered(state), memory, strict=True):
        array[:] = kept


def _remembered(state: State) -> list[NDArray[np.float64]]:
    parts = [part for name, part in state._asdict().items() if name not in _NOT_PLANT]
    return [array for part in parts for array in part]
