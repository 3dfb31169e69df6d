"""Events of a scenario on a compiled site: named things trip and come back, values are set and set back.

What is asked to run (pumps, chillers, set points, closed elements) is kept apart from what can: a pump on a
dead board stands still until its board is alive again.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from twin.components import battery, pump
from twin.components.cdu import CduState
from twin.core.clock import Clock
from twin.core.errors import Gathered, RunError, ScenarioError, did_you_mean, misfit
from twin.core.layout import IVec, Vec
from twin.core.quantity import parse, written
from twin.drive.grid import Limit, Piece
from twin.plant import electrics, grid, outages, step, storage
from twin.plant.order import Plant, Service, State, WaterState
from twin.scenario import EventSpec, Scenario
from twin.site.compile import Compiled
from twin.windows import Moment, Window, moments, windows

_PUMPS = "abcdefgh"
_Pair = tuple[Callable[["Wanted"], None], Callable[["Wanted"], None]]
"""What happens, and what undoes it."""


class Action(NamedTuple):
    """A change at the beginning of a tick."""

    tick: int
    what: str
    message: str
    apply: Callable[["Wanted"], None]
    offset_s: float = 0.0
    """After the beginning of the tick; above 0 in windows only."""


class Wanted:
    """What operators and protection want to run; `enforce` makes the plant follow as far as it has supply."""

    def __init__(self, compiled: Compiled, state: State) -> None:
        self._plant, self._down, self._closed = compiled.plant, Counter[str](), Counter[str]()
        self._solver, self._names = compiled.site.electrical.solver, compiled.names.electrical
        self.by_hand: list[int] = []
        """Elements that operators close again after protection opened them; `Protecting.put_back` does it."""
        self.service = Service(**{name: values.copy() for name, values in state.service._asdict().items()})

    def lose(self, name: str, field: str, index: int) -> None:
        """A part trips: one less of ``field``, unless it is down already."""
        self._down[name] += 1
        if self._down[name] == 1:
            getattr(self.service, field)[index] -= 1

    def regain(self, name: str, field: str, index: int) -> None:
        """A trip of a part is over: it runs again when no other holds it down."""
        self._down[name] -= 1
        if self._down[name] == 0:
            getattr(self.service, field)[index] += 1

    def join(self, name: str, index: int) -> None:
        """An open element closes, unless it is closed already."""
        self._closed[name] += 1
        if self._closed[name] == 1:
            self.service.in_service[index] += 1

    def part(self, name: str, index: int) -> None:
        """A closing is over: the element opens when no other holds it closed."""
        self._closed[name] -= 1
        if self._closed[name] == 0:
            self.service.in_service[index] -= 1

    def switch(self, state: State) -> None:
        """Put into the network what is wanted of it: its breakers, capacitors and source.

        Raises RunError where closed elements form a loop, which the radial solver cannot solve.
        """
        wanted, service = self.service, state.service
        loops = grid.energise(self._plant, state, wanted.in_service)
        if loops and self._solver == "radial":
            raise RunError(_loop([self._names[e] for e in loops[0]]))
        # Below 0 is an open tie that trips: it stays open when it is told to close.
        service.in_service[:] = np.minimum(np.maximum(wanted.in_service, 0), 1)
        service.bank_steps[:], service.source_pu[:] = wanted.bank_steps, wanted.source_pu
        electrics.put_banks(self._plant, state)

    def enforce(self, state: State) -> None:
        """Put into the plant what is wanted and has supply, and recompute flows.

        Raises RunError where closed elements form a loop, which the radial solver cannot solve.
        """
        wanted, service, wiring = self.service, state.service, self._plant.wiring
        before = service.cdu_pumps.copy(), service.hall_pumps.copy()
        # Who mends a leak fills the reservoir; without coolant no pump runs.
        state.cdu.leaked_kg[(service.cdu_leak_kg_s > 0) & (wanted.cdu_leak_kg_s == 0)] = 0.0
        filled = state.cdu.leaked_kg <= self._plant.cdu.reservoir_kg
        self.switch(state)
        storage.command(self._plant, state, wanted.battery_mode, wanted.ups_release)
        cdus_in, pumps_in, fans_in = _boards_in(self._plant, state, service.supplied)
        alive, at_pumps, at_fans = (
            np.array([step.living_share(wiring, boards, h) for h in range(wanted.hall_pumps.size)])
            for boards in (service.supplied, pumps_in, fans_in)
        )
        at_towers = alive[wiring.loop_hall]
        at_coils = np.where(self._plant.coil.in_room == 1, at_fans[self._plant.coil.hall], 1.0)
        supplied = {
            "racks": wanted.racks * service.supplied[self._plant.rack.board] * outages.running(state),
            "cdu_pumps": wanted.cdu_pumps * cdus_in * filled,
            "hall_pumps": np.floor(wanted.hall_pumps * at_pumps + 1e-9),
            "coils": np.floor(wanted.coils * at_coils + 1e-9),
            "chillers": wanted.chillers * service.supplied[wiring.mechanical_board[wiring.machine_board]],
            "tower_cells": np.floor(wanted.tower_cells * at_towers + 1e-9),
            "condenser_pumps": np.floor(wanted.condenser_pumps * at_towers + 1e-9),
            "dry_coolers": np.floor(wanted.dry_coolers * alive[self._plant.dry_cooler.hall] + 1e-9),
            "energised": service.energised,
            "supplied": service.supplied,
            "in_service": service.in_service,
        }
        for name in Service._fields:
            getattr(service, name)[:] = supplied.get(name, getattr(wanted, name))
        _hand_over(before[0], service.cdu_pumps, state.cdu)
        _hand_over(before[1], service.hall_pumps, state.water)
        step.update_flows(self._plant, state)
        # What protection sees in the next second decides whether seconds go on one by one.
        state.protection.alert[0] = 1


def _boards_in(plant: Plant, state: State, supplied: IVec) -> tuple[IVec, IVec, IVec]:
    """Whether each CDU's pumps have supply and are in, and by electrical node the pumps and fans of halls."""
    out, (pumps, fans, chillers) = state.protection.motors.out > 0, plant.motors.first.tolist()
    with_pumps, with_fans = supplied.copy(), supplied.copy()
    with_pumps[plant.motors.bus[pumps:fans][out[pumps:fans]]] = 0
    with_fans[plant.motors.bus[fans:chillers][out[fans:chillers]]] = 0
    return supplied[plant.wiring.cdu_board] * ~out[:pumps], with_pumps, with_fans


def _loop(names: list[str]) -> str:
    return (
        f"closed breakers make a loop of {', '.join(names)}, and solver: radial has none; "
        "trip one of these at the same time, or let the site use solver: meshed"
    )


def _hand_over(before: Vec, now: Vec, turning: CduState | WaterState) -> None:
    """Pumps that lost their drive coast from the speed they had; drives that start find rotors as they turn.

    A pump that comes back beside running ones has their speed at once.
    """
    lost, gained = np.maximum(before - now, 0.0), np.maximum(now - before, 0.0)
    coasting = turning.coasting + lost
    both = turning.coasting * turning.coast_speed + lost * turning.speed
    np.divide(both, coasting, out=turning.coast_speed, where=lost > 0)
    caught = (before <= 0) & (gained > 0) & (coasting > 0)
    turning.speed[caught] = turning.coast_speed[caught]
    turning.coasting[:] = np.maximum(coasting - gained, 0.0)


def feed_limit(scenario: Scenario, compiled: Compiled, clock: Clock) -> Limit:
    """The limit of the feed over time, from the contract, the calls and the events that set it.

    Raises ScenarioError with every time of a call that is between seconds; `actions` tells what is wrong with events.
    """
    wrong, pieces = Gathered(), []
    for i, call in enumerate(scenario.calls):
        times = []
        for name, time_s in (("from", call.begin), ("until", call.end), ("given", call.given)):
            with wrong.at():
                times.append(clock.ticks(time_s, "calls", i, name))
        if len(times) == 3:
            pieces.append(Piece(times[0], times[1], call.limit, times[2]))
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    for event in scenario.events:
        if event.set and "feed.limit" in event.set:
            first, last = round(event.at), round(event.at + (event.lasts or scenario.duration))
            try:
                limit_w = parse(event.set["feed.limit"], "power")
            except ValueError:
                continue
            pieces.append(Piece(first, last, limit_w, first))
    return Limit(compiled.site.feed.limit, pieces)


def actions(scenario: Scenario, compiled: Compiled) -> list[Action]:
    """Every change of the scenario's events, by time. Raises ScenarioError naming all that do not fit the site."""
    wrong, found = Gathered(), list[Action]()
    among: list[Window] | None = None
    with wrong.at():
        among = windows(scenario)
    for i, event in enumerate(scenario.events):
        first, last = Moment(0, 0.0), None
        if among is not None:
            with wrong.at():
                first, last = moments(event, i, among)
        for target, make, said, over in _changes(event):
            try:
                there, back = make(compiled)
            except ValueError as unfit:
                wrong.problems.append(misfit(("events", i, *_place(event, target)), str(unfit)))
                continue
            found.append(Action(first.tick, target, f"{target} {said}", there, first.offset_s))
            if last is not None:
                found.append(Action(last.tick, target, f"{target} {over}", back, last.offset_s))
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    return sorted(found, key=lambda action: (action.tick, action.offset_s))


def _place(event: EventSpec, target: str) -> tuple[str, ...]:
    if event.set is not None:
        return "set", target
    return ("trip",) if event.trip is not None else ("close",)


def _changes(event: EventSpec) -> Iterator[tuple[str, Callable[[Compiled], _Pair], str, str]]:
    """What an event changes: its target, what makes the pair of changes, and what is said of either."""
    if event.trip is not None:
        yield event.trip, partial(_trip, event.trip), "trips", "is back"
    if event.close is not None:
        yield event.close, partial(_close, event.close), "closes", "is open again"
    for target, value in (event.set or {}).items():
        yield target, partial(_set, target, value), f"is set to {value}", "is back at its former value"


def _down(name: str, field: str, index: int) -> _Pair:
    return (lambda wanted: wanted.lose(name, field, index)), (lambda wanted: wanted.regain(name, field, index))


def _put(field: str, index: int, value: float) -> Callable[[Wanted], None]:
    def apply(wanted: Wanted) -> None:
        getattr(wanted.service, field)[index] = value

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
    for g in np.flatnonzero(plant.chiller.hall == h).tolist():
        first, count = int(plant.chiller.first[g]), int(plant.chiller.machines[g])
        found |= {f"chiller-{k + 1:02d}": ("chillers", first + k) for k in range(count)}
    for g in np.flatnonzero((plant.coil.hall == h) & (plant.coil.in_room == 1)).tolist():
        before = sum(field == "coils" for field, _ in found.values())
        found |= {f"crah-{before + k + 1:02d}": ("coils", g) for k in range(int(plant.coil.count[g]))}
    for i in np.flatnonzero(plant.wiring.loop_hall == h).tolist():
        found |= {f"tower-cell-{k + 1:02d}": ("tower_cells", i) for k in range(int(plant.wiring.loop_cells[i]))}
        found |= {"tower-fans": ("tower_fans", i)}
        found |= _lettered("condenser-pump", "condenser_pumps", i, plant.condenser_pump.count[i])
    for i in np.flatnonzero(plant.dry_cooler.hall == h).tolist():
        found |= {f"dry-cooler-{k + 1:02d}": ("dry_coolers", i) for k in range(int(plant.dry_cooler.units[i]))}
    return found


def _lettered(part: str, field: str, index: int, count: float) -> dict[str, tuple[str, int]]:
    return {f"{part}-{letter}": (field, index) for letter in _PUMPS[: int(count)]}


def _trip(target: str, compiled: Compiled) -> _Pair:
    names = compiled.names
    if target in names.electrical:
        return _down(target, "in_service", names.electrical.index(target))
    owner, _, part = target.rpartition("/")
    known = _parts(owner, compiled)
    if part in known:
        return _down(target, *known[part])
    if known:
        raise ValueError(f'"{owner}" has no "{part}"; {did_you_mean(part, known)}')
    raise ValueError(f'there is nothing called "{target}" that could trip; {_near(target, compiled)}')


def _near(target: str, compiled: Compiled) -> str:
    """What could be meant by the name of something that trips."""
    names = compiled.names
    owner, _, part = target.rpartition("/")
    owners = (*names.halls, *names.cdus)
    for meant in difflib.get_close_matches(owner, owners, n=3, cutoff=0.6) if owner else ():
        own = _parts(meant, compiled)
        if close := [part] if part in own else difflib.get_close_matches(part, own, n=1, cutoff=0.6):
            return f'did you mean "{meant}/{close[0]}"?'
    if close := difflib.get_close_matches(target, (*names.electrical, *owners), n=1, cutoff=0.6):
        if close[0] not in owners:
            return f'did you mean "{close[0]}"?'
        return f'of "{close[0]}" these trip: {_some(_parts(close[0], compiled))}'
    first = names.halls[0]
    return (
        f"electrical nodes trip ({_some(names.electrical)}), parts of halls "
        f"({_some(f'{first}/{p}' for p in _parts(first, compiled))}) and pumps of CDUs ({names.cdus[0]}/pump-a)"
    )


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")


def _close(target: str, compiled: Compiled) -> _Pair:
    names, closed = compiled.names.electrical, compiled.electrical_closed
    ties = [name for name, is_closed in zip(names, closed, strict=True) if not is_closed]
    if target in ties:
        index = names.index(target)
        return (lambda wanted: wanted.join(target, index)), (lambda wanted: wanted.part(target, index))
    if target in {compiled.names.electrical[e] for e in compiled.plant.relays.opens}:
        by_hand = names.index(target)
        return (lambda wanted: wanted.by_hand.append(by_hand)), (lambda wanted: None)
    if target in names:
        raise ValueError(
            f'"{target}" is closed as the site stands and nothing opens it by itself; an event closes normally open '
            "ties, or what relays and transfers opened"
        )
    opened = {names[e] for e in compiled.plant.relays.opens}
    raise ValueError(f'there is no tie called "{target}" that could close; {did_you_mean(target, {*ties, *opened})}')


def _set(target: str, value: str | float, compiled: Compiled) -> _Pair:
    names = compiled.names
    owner, _, field = target.rpartition(".")
    if target == "feed.limit":
        parse(value, "power")
        return (lambda wanted: None), (lambda wanted: None)
    if target == "feed.voltage":
        return _put("source_pu", 0, parse(value, "per unit value")), _put("source_pu", 0, compiled.site.feed.source)
    for owners, settings in ((names.halls, _HALL), (names.cdus, _CDU)):
        if owner in owners and field in settings:
            index, setting = owners.index(owner), settings[field]
            usual = setting.usual
            if usual is None:
                usual = getattr(compiled.plant.hall, setting.field)[index]
            there, back = parse(value, setting.kind), float(usual)
            if not setting.least <= there <= setting.most:
                raise ValueError(f"{target} cannot be {value}: {_bounds(setting)}")
            return _put(setting.field, index, there), _put(setting.field, index, back)
    if field == "mode" and owner in (*names.batteries, *names.ups):
        return _battery_mode(owner, value, compiled) if owner in names.batteries else _unlock(owner, value, compiled)
    towers = [names.halls[h] for h in compiled.plant.wiring.loop_hall]
    if owner in towers and field == "fouling":
        lost = parse(value, "ratio")
        if not 0 <= lost < 1:
            raise ValueError(f'"{target}" is the share of its conductance an exchanger has lost: 0 % to below 100 %')
        return _put("fouling", towers.index(owner), lost), _put("fouling", towers.index(owner), 0.0)
    raise ValueError(f'"{target}" cannot be set; {_settable(owner, field, towers, compiled)}')


def _settable(owner: str, field: str, towers: list[str], compiled: Compiled) -> str:
    """What could be meant by ``field`` of ``owner``, where one of them is unknown."""
    names = compiled.names
    fields: dict[str, Iterable[str]] = {"feed": ("limit", "voltage")}
    fields |= {hall: (*_HALL, "fouling") if hall in towers else _HALL for hall in names.halls}
    fields |= dict.fromkeys(names.cdus, _CDU) | dict.fromkeys((*names.batteries, *names.ups), ("mode",))
    if owner in fields:
        near = did_you_mean(field, fields[owner])
        return near.replace('mean "', f'mean "{owner}.') if near.endswith("?") else f'of "{owner}" {near}'
    known = {name for name, own in fields.items() if field in own} or fields
    for meant in difflib.get_close_matches(owner, known, n=1, cutoff=0.6):
        return f'did you mean "{meant}.{field}"?' if field in fields[meant] else f'"{meant}" has {_some(fields[meant])}'
    return f"what can be set: {_some(f'{name}.{f}' for name in ('feed', *names.halls[:1]) for f in fields[name])}"


def _battery_mode(name: str, value: str | float, compiled: Compiled) -> _Pair:
    """A battery plant takes up another duty."""
    i, modes = compiled.names.batteries.index(name), battery.MODES
    if value not in modes:
        raise ValueError(f'"{name}.mode" is one of {", ".join(modes)}, not {value}')
    if value == "ramp" and np.isinf(compiled.plant.battery.ramp_w_s[i]):
        raise ValueError(f'"{name}" has no ramp to hold; give control: {{mode: ramp, ramp: 10 MW}} in the site')
    usual = modes.index(compiled.site.electrical.batteries[i].control.mode)
    return _put("battery_mode", i, modes.index(str(value))), _put("battery_mode", i, usual)


def _unlock(name: str, value: str | float, compiled: Compiled) -> _Pair:
    """Somebody returns a UPS to the feed by hand."""
    if value != "normal":
        raise ValueError(f'"{name}.mode" can be set to normal: by hand, back to the feed; not to {value}')
    return _put("ups_release", compiled.names.ups.index(name), 1.0), (lambda wanted: None)


class _Setting(NamedTuple):
    """A value that an event may set: its field in `Service`, its kind, and what it goes back to (None: as designed)."""

    field: str
    kind: str
    usual: float | None
    least: float = -np.inf
    most: float = np.inf


def _bounds(setting: _Setting) -> str:
    least, most = (written(value, setting.kind) for value in (setting.least, setting.most))
    return f"it is at least {least}" if setting.most == np.inf else f"it lies between {least} and {most}"


_HALL = {
    "supply": _Setting("set_point_c", "temperature", None),
    "dew_point": _Setting("dew_point_c", "temperature", None),
    "pump_speed": _Setting("hall_speed", "ratio", float("nan"), 0.0, pump.FASTEST),
}
_CDU = {
    "pump_speed": _Setting("cdu_speed", "ratio", float("nan"), 0.0, pump.FASTEST),
    "valve": _Setting("cdu_valve", "ratio", float("nan"), 0.0, 1.0),
    "supply_sensor": _Setting("cdu_bias_k", "temperature difference", 0.0),
    "conductance": _Setting("cdu_clean", "ratio", 1.0, 0.0, 1.0),
    "filter": _Setting("cdu_filter", "ratio", 1.0, 0.0),
    "leak": _Setting("cdu_leak_kg_s", "mass flow", 0.0, 0.0),
}
