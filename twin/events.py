"""Events of a scenario on a compiled site: when named things trip and come back, when values are set and set back."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from twin import targets
from twin.core.clock import Clock
from twin.core.errors import Gathered, ScenarioError, misfit
from twin.core.quantity import parse
from twin.drive.grid import Limit, Piece
from twin.scenario import EventSpec, Scenario
from twin.site.compile import Compiled
from twin.wanted import Wanted
from twin.windows import Moment, Window, moments, windows


class Action(NamedTuple):
    """A change at the beginning of a tick."""

    tick: int
    what: str
    message: str
    apply: Callable[[Wanted], None]
    offset_s: float = 0.0
    """After the beginning of the tick; above 0 in windows only."""


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


def _changes(event: EventSpec) -> Iterator[tuple[str, Callable[[Compiled], targets.Pair], str, str]]:
    """What an event changes: its target, what makes the pair of changes, and what is said of either."""
    if event.trip is not None:
        yield event.trip, partial(targets.trip, event.trip), "trips", "is back"
    if event.close is not None:
        yield event.close, partial(targets.close, event.close), "closes", "is open again"
    for target, value in (event.set or {}).items():
        yield target, partial(targets.put, target, value), f"is set to {value}", "is back at its former value"
