"""Events of a scenario on a compiled site: named things trip and come back, values are set and set back.

What is asked to run (pumps, chillers, set points, closed elements) is kept apart from what can: a pump on a
dead board stands still until its board is alive again.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twin.core.clock import Clock
from twin.core.errors import Problem, ScenarioError, did_you_mean
from twin.core.quantity import parse
from twin.drive.grid import Limit, Piece
from twin.network import radial
from twin.plant import step
from twin.plant.order import Plant, State
from twin.scenario import Scenario
from twin.site.compile import Compiled

_PUMPS = "abcdefgh"


class Action(NamedTuple):
    """A change at the beginning of a tick."""

    tick: int
    what: str
    message: str
    apply: Callable[["Wanted"], None]


class Wanted:
    """What operators and protection want to run; `enforce` makes the plant follow as far as it has supply."""

    def __init__(self, plant: Plant, state: State) -> None:
        service = state.service
        self.cdu_pumps, self.hall_pumps = service.cdu_pumps.copy(), service.hall_pumps.copy()
        self.chillers = service.chillers.copy()
        self.tower_cells, self.condenser_pumps = service.tower_cells.copy(), service.condenser_pumps.copy()
        self.cdu_speed, self.hall_speed = service.cdu_speed.copy(), service.hall_speed.copy()
        self.set_point_c, self.in_service = service.set_point_c.copy(), service.in_service.copy()
        self.source_pu = service.source_pu.copy()
        self._plant = plant

    def enforce(self, state: State) -> None:
        """Put into the plant what is wanted and has supply, and recompute flows."""
        service, wiring = state.service, self._plant.wiring
        for name in ("cdu_speed", "hall_speed", "set_point_c", "in_service", "source_pu"):
            getattr(service, name)[:] = getattr(self, name)
        radial.energise(self._plant.network, service.in_service, service.energised)
        alive = np.array([step.living_share(wiring, service.energised, h) for h in range(self.chillers.size)])
        service.cdu_pumps[:] = self.cdu_pumps * service.energised[wiring.cdu_board]
        service.hall_pumps[:] = np.floor(self.hall_pumps * alive + 1e-9)
        service.chillers[:] = np.floor(self.chillers * alive + 1e-9)
        at_towers = alive[self._plant.tower.hall]
        service.tower_cells[:] = np.floor(self.tower_cells * at_towers + 1e-9)
        service.condenser_pumps[:] = np.floor(self.condenser_pumps * at_towers + 1e-9)
        step.update_flows(self._plant, state)


def feed_limit(scenario: Scenario, compiled: Compiled, clock: Clock) -> Limit:
    """The limit of the feed over time, from the contract, the calls and the events that set it."""
    pieces = [
        Piece(
            clock.ticks(c.begin, "calls.from"),
            clock.ticks(c.end, "calls.until"),
            c.limit,
            clock.ticks(c.given, "calls.given"),
        )
        for c in scenario.calls
    ]
    for event in scenario.events:
        if event.set and "feed.limit" in event.set:
            first = clock.ticks(event.at, "events.at")
            last = clock.ticks(event.at + (event.lasts or scenario.duration), "events.for")
            pieces.append(Piece(first, last, _value(event.set["feed.limit"], "power", "feed.limit"), first))
    return Limit(compiled.site.feed.limit, pieces)


def actions(scenario: Scenario, compiled: Compiled, clock: Clock) -> list[Action]:
    """Every change of the scenario's events, by tick. Raises ScenarioError naming all that do not fit the site."""
    found: list[Action] = []
    problems: list[Problem] = []
    for i, event in enumerate(scenario.events):
        first = clock.ticks(event.at, f"events.{i}.at")
        last = None if event.lasts is None else clock.ticks(event.at + event.lasts, f"events.{i}.for")
        targets = {event.trip: None} if event.trip is not None else dict(event.set or {})
        for target, value in targets.items():
            try:
                there, back = _pair(target, value, compiled)
            except ValueError as wrong:
                problems.append(Problem("", None, None, f"events.{i}", str(wrong)))
                continue
            said = f"{target} trips" if value is None else f"{target} is set to {value}"
            found.append(Action(first, target, said, there))
            if last is not None:
                found.append(
                    Action(last, target, f"{target} is back" + ("" if value is None else " at its former value"), back)
                )
    if problems:
        raise ScenarioError(problems)
    return sorted(found, key=lambda action: action.tick)


def _value(text: str | float, kind: str, path: str) -> float:
    try:
        return parse(text, kind)
    except ValueError as wrong:
        raise ScenarioError(f"events: {path}: {wrong}") from None


def _pair(
    target: str, value: str | float | None, compiled: Compiled
) -> tuple[Callable[[Wanted], None], Callable[[Wanted], None]]:
    """What happens, and what undoes it. Raises ValueError for a target the site does not have."""
    return _trip(target, compiled) if value is None else _set(target, value, compiled)


def _add(field: str, index: int, amount: float) -> Callable[[Wanted], None]:
    def apply(wanted: Wanted) -> None:
        getattr(wanted, field)[index] += amount

    return apply


def _put(field: str, index: int, value: float) -> Callable[[Wanted], None]:
    def apply(wanted: Wanted) -> None:
        getattr(wanted, field)[index] = value

    return apply


def _parts(owner: str, compiled: Compiled) -> dict[str, tuple[str, int]]:
    """What can trip in a CDU or a hall: the field of `Wanted` that counts it, and where."""
    names, plant = compiled.names, compiled.plant
    if owner in names.cdus:
        i = names.cdus.index(owner)
        return _lettered("pump", "cdu_pumps", i, plant.cdu_pump.count[i])
    if owner not in names.halls:
        return {}
    h = names.halls.index(owner)
    found = _lettered("pump", "hall_pumps", h, plant.hall_pump.count[h])
    found |= {f"chiller-{k + 1:02d}": ("chillers", h) for k in range(int(plant.wiring.chillers[h]))}
    for i in np.flatnonzero(plant.tower.hall == h).tolist():
        found |= {f"tower-cell-{k + 1:02d}": ("tower_cells", i) for k in range(int(plant.tower.cells[i]))}
        found |= _lettered("condenser-pump", "condenser_pumps", i, plant.condenser_pump.count[i])
    return found


def _lettered(part: str, field: str, index: int, count: float) -> dict[str, tuple[str, int]]:
    return {f"{part}-{letter}": (field, index) for letter in _PUMPS[: int(count)]}


def _trip(target: str, compiled: Compiled) -> tuple[Callable[[Wanted], None], Callable[[Wanted], None]]:
    names = compiled.names
    if target in names.electrical:
        index = names.electrical.index(target)
        return _put("in_service", index, 0), _put("in_service", index, 1)
    owner, _, part = target.rpartition("/")
    known = _parts(owner, compiled)
    if part in known:
        field, index = known[part]
        return _add(field, index, -1.0), _add(field, index, 1.0)
    if known:
        raise ValueError(f'"{owner}" has no "{part}"; {did_you_mean(part, known)}')
    known_names = {*names.electrical, *names.cdus, *names.halls}
    near = did_you_mean(owner or target, known_names)
    raise ValueError(f'there is nothing called "{target}" that could trip; {near}')


def _set(
    target: str, value: str | float, compiled: Compiled
) -> tuple[Callable[[Wanted], None], Callable[[Wanted], None]]:
    names = compiled.names
    owner, _, field = target.rpartition(".")
    if target == "feed.limit":
        parse(value, "power")
        return (lambda wanted: None), (lambda wanted: None)
    if target == "feed.voltage":
        return _put("source_pu", 0, parse(value, "per unit value")), _put("source_pu", 0, compiled.site.feed.source)
    if owner in names.halls and field == "supply":
        index = names.halls.index(owner)
        return _put("set_point_c", index, parse(value, "temperature")), _put(
            "set_point_c", index, compiled.site.halls[index].supply
        )
    if owner in names.halls and field == "pump_speed":
        index = names.halls.index(owner)
        return _put("hall_speed", index, parse(value, "ratio")), _put("hall_speed", index, 1.0)
    if owner in names.cdus and field == "pump_speed":
        index = names.cdus.index(owner)
        return _put("cdu_speed", index, parse(value, "ratio")), _put("cdu_speed", index, 1.0)
    known = {"feed.limit", "feed.voltage", *(f"{hall}.{f}" for hall in names.halls for f in ("supply", "pump_speed"))}
    raise ValueError(
        f'"{target}" cannot be set; {did_you_mean(target, known | {f"{cdu}.pump_speed" for cdu in names.cdus[:50]})}'
    )
