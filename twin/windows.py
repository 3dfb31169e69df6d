"""Electrical windows of a scenario: spans of whole seconds in which the electrical side runs in milliseconds.

The clock of a run counts whole seconds; within a window a time is a second and a whole number of the window's steps
after it. So a window begins and ends with a second, its step is a whole part of one, and an event in it may begin and
end with any step. Outside, an event that is shorter than a second, or not on one, is an error.
"""

from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from twin.core.errors import Gathered, ScenarioError, misfit
from twin.scenario import EventSpec, Scenario

_ROUNDING = 1e-9


class Window(NamedTuple):
    """A window of a run: ticks [begin, end), and steps in each."""

    begin: int
    end: int
    per_tick: int
    loc: tuple[str | int, ...]
    """The entry of the scenario that asks for it."""

    @property
    def step_s(self) -> float:
        """Its step [s]."""
        return 1.0 / self.per_tick


class Moment(NamedTuple):
    """A tick, and a whole number of a window's steps after it."""

    tick: int
    offset_s: float


def windows(scenario: Scenario) -> list[Window]:
    """Every window of the scenario in order, cut to its duration. ScenarioError with all that are wrong."""
    asked, problems = [], []
    for i, spec in enumerate(scenario.windows):
        loc: tuple[str | int, ...] = ("windows", i)
        for name, value in (("from", spec.begin), ("for", spec.lasts)):
            if abs(value - round(value)) > _ROUNDING:
                message = f"{value:g} s is not a whole number of seconds, with which windows begin and end"
                problems.append(misfit((*loc, name), message))
        asked.append((loc, spec.begin, spec.begin + spec.lasts, spec.step))
    for i, event in enumerate(scenario.events):
        if event.window is not None:
            begin, end = event.at - event.window.before, event.at + event.window.after
            least = event.at + (event.lasts or 0.0)
            asked.append((("events", i, "window"), begin, max(end, least), event.window.step))
    found = []
    for loc, begin, end, step_s in asked:
        per_tick = round(1.0 / step_s)
        if abs(per_tick * step_s - 1.0) > _ROUNDING:
            message = f"{step_s * 1e3:g} ms is no whole part of a second; 1, 2, 4, 5, 8, 10 or 20 ms are"
            problems.append(misfit((*loc, "step"), message))
        first, last = max(0, floor(begin + _ROUNDING)), min(ceil(end - _ROUNDING), floor(scenario.duration))
        if first >= last:
            message = f"it begins at {begin:g} s, when the run of {scenario.duration:g} s is over"
            problems.append(misfit(loc, message))
        found.append(Window(first, max(last, first + 1), per_tick, loc))
    found.sort(key=lambda window: (window.begin, window.end, window.per_tick))
    for one, two in pairwise(found):
        if two.begin < one.end:
            message = (
                f"the window from {two.begin} s to {two.end} s overlaps that of "
                f"{'.'.join(map(str, one.loc))}, from {one.begin} s to {one.end} s; give one window that covers both"
            )
            problems.append(misfit(two.loc, message))
    if problems:
        raise ScenarioError(problems)
    return found


def moments(event: EventSpec, i: int, among: list[Window]) -> tuple[Moment, Moment | None]:
    """When event ``i`` begins and ends. ScenarioError, with all of it, where that falls between steps."""
    wrong = Gathered()
    begin, end = Moment(0, 0.0), None
    with wrong.at("events", i, "at"):
        begin = _moment(event.at, event, among)
    with wrong.at("events", i, "for"):
        end = None if event.lasts is None else _moment(event.at + event.lasts, event, among)
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    return begin, end


def _moment(time_s: float, event: EventSpec, among: list[Window]) -> Moment:
    tick = floor(time_s + _ROUNDING)
    offset_s = time_s - tick
    if offset_s < _ROUNDING * max(1.0, time_s):
        return Moment(tick, 0.0)
    inside = next((one for one in among if one.begin <= tick < one.end), None)
    if inside is None:
        raise ScenarioError(
            f"{time_s:g} s is between two seconds and in no window, where events begin and end with whole "
            "seconds; give the event a window, e.g. window: {before: 1 s, after: 10 s, step: 1 ms}"
        )
    steps = offset_s * inside.per_tick
    if abs(steps - round(steps)) > 1e-6:
        raise ScenarioError(f"{time_s:g} s is not a whole number of the window's steps of {1e3 * inside.step_s:g} ms")
    if event.set is not None and set(event.set) != {"feed.voltage"}:
        raise ScenarioError(
            f"{time_s:g} s is between two seconds; within a second only the feed's voltage is set and "
            "electrical elements trip or close"
        )
    return Moment(tick, round(steps) / inside.per_tick)
