"""Scenario files as frozen models: when, what weather, which jobs, which policy, what happens.

A scenario is read from a file, or is the default: a July design day of 24 hours, the whole site training,
`feed-limit` in charge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, PrivateAttr, StrictStr, model_validator

from twin.core.errors import Problem, ScenarioError, misfit
from twin.core.quantity import Duration, Power, Spec
from twin.drive.jobs import JobSpec, JobsSpec
from twin.drive.weather import WeatherSpec
from twin.site.source import Source, build, read

_START = datetime.fromisoformat("2026-07-15T00:00:00-05:00")


class PolicySpec(Spec):
    """Which policy is in charge, and with what fields."""

    name: StrictStr
    """A known policy, FILE.py:Class, or several joined by "+": the least of their caps holds."""
    period: Duration | None = Field(default=None, gt=0)
    """How often it acts; without it as often as it wants."""
    fields: dict[str, float | int | str | bool | list[str] | dict[str, float]] = {}
    """Its fields by name, in base units; of one among several as "name.field"."""
    fallback: Power | None = Field(default=None, gt=0)
    """Cap of every board once it has failed; without it the run ends then."""
    time_limit: Duration = Field(default=60.0, gt=0)
    """Wall time after which an act has failed."""


class CallSpec(Spec):
    """The utility calls for less: a lower limit for a while, told some time before."""

    given: Duration = Field(ge=0)
    """When the site is told, after the start."""
    begin: Duration = Field(ge=0, alias="from")
    """When the limit holds, after the start."""
    end: Duration = Field(gt=0, alias="until")
    limit: Power = Field(gt=0)
    """Of the whole site."""

    @model_validator(mode="after")
    def _in_order(self) -> "CallSpec":
        if not self.given <= self.begin < self.end:
            raise ValueError("a call is given first, then begins, then ends")
        return self


WindowStep = Annotated[Duration, Field(ge=0.001, le=0.020)]


class WindowSpec(Spec):
    """A span in which the electrical side runs in steps of milliseconds; see `twin.windows`."""

    begin: Duration = Field(ge=0, alias="from")
    """Its begin, after the start: a whole second."""
    lasts: Duration = Field(gt=0, alias="for")
    """Its length, in whole seconds."""
    step: WindowStep = 0.001
    """Step of power supplies, batteries, relays and the power flow: 1 to 20 ms, a whole part of a second."""


class EventWindowSpec(Spec):
    """A window around an event; it begins and ends with whole seconds."""

    before: Duration = Field(default=1.0, ge=0)
    """How long before the event it begins."""
    after: Duration = Field(default=10.0, ge=0)
    """How long after the event's beginning it ends."""
    step: WindowStep = 0.001
    """As of any window."""


class EventSpec(Spec):
    """Something happens to a named thing: it trips, it closes, or something of it is set."""

    at: Duration = Field(ge=0)
    trip: StrictStr | None = None
    """A pump, chiller or electrical node by name: hall-3/cdu-017/pump-a, hall-3/pump-b, hall-3/chiller-05, t1."""
    close: StrictStr | None = None
    """A tie by name, which is normally open."""
    set: dict[str, str | float] | None = None
    """Values by path: feed.limit, feed.voltage, hall-3.supply, hall-3.pump_speed, hall-3/cdu-017.pump_speed,
    megapacks.mode (off, smooth, ramp), hall-3-a-01/ups.mode (normal: unlocked by hand)."""
    lasts: Duration | None = Field(default=None, gt=0, alias="for")
    """How long; without it to the end."""
    window: EventWindowSpec | None = None
    """Opens a window around it, in which it may last milliseconds."""

    @model_validator(mode="after")
    def _one(self) -> "EventSpec":
        if sum(what is not None for what in (self.trip, self.close, self.set)) != 1:
            raise ValueError("give either trip, close or set")
        return self


@dataclass(frozen=True)
class Origin:
    """Where a scenario comes from. It says nothing of what it is, so that any two are equal."""

    source: Source | None = field(default=None, compare=False)
    options: dict[str, str] = field(default_factory=dict, compare=False)
    """Options of the command line that gave a field instead of the file."""

    def place(self, problem: Problem) -> Problem:
        """``problem`` with the file, line and column of the entry it is about."""
        option = self.options.get(str(problem.loc[0])) if problem.loc else None
        if option is not None:
            return Problem(option, None, None, "", problem.message)
        if self.source is None or not problem.loc:
            return problem
        line, column = self.source.mark(problem.loc)
        return Problem(str(self.source.path), line, column, problem.where, problem.message)


class Scenario(Spec):
    """A whole scenario."""

    schema_version: Literal[1] = 1
    title: StrictStr = ""
    site: StrictStr | None = None
    """Site file it was written for, relative to this file; used when no site is given on the command line."""
    start: AwareDatetime = _START
    duration: Annotated[Duration, Field(gt=0)] = 86400.0
    weather: WeatherSpec = WeatherSpec(design_day="summer")
    jobs: JobsSpec | tuple[JobSpec, ...] = JobsSpec(mix="mixed-training")
    policy: PolicySpec = PolicySpec(name="feed-limit")
    rules: StrictStr | None = None
    """Rule pack by name, or its .yaml file relative to this one; without it the site's."""
    calls: tuple[CallSpec, ...] = ()
    events: tuple[EventSpec, ...] = ()
    windows: tuple[WindowSpec, ...] = ()
    """Spans at steps of milliseconds, beside those that events open; they must not overlap."""
    changes: dict[str, Any] = {}
    """Changes of the site by path."""
    watch: tuple[StrictStr, ...] = ()
    """GPUs, CDUs and halls recorded every second, by name: hall-3/rack-017/node-3/gpu-5, hall-3/cdu-017, hall-3."""
    seed: int = Field(default=0, ge=0)
    _origin: Origin = PrivateAttr(default_factory=Origin)

    @classmethod
    def of(cls, source: Source) -> Self:
        """The scenario in ``source``. Raises ScenarioError with every field that is wrong, each with its line."""
        scenario = build(cls, source, ScenarioError)
        scenario._origin = Origin(source)
        return scenario

    def instead(self, option: str, **fields: Any) -> Self:
        """A copy with ``fields`` that the command line's ``option`` gave."""
        changed = self.model_copy(update=fields)
        options = self._origin.options | dict.fromkeys(fields, option)
        changed._origin = Origin(self._origin.source, options)
        return changed

    def placed(self, problems: Sequence[Problem]) -> list[Problem]:
        """``problems`` once each, with the lines of the entries they are about, in order."""
        found = dict.fromkeys(self._origin.place(problem) for problem in problems)
        return sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))


def load_scenario(path: Path | str) -> Scenario:
    """The scenario at ``path``. Raises ScenarioError with every field that is wrong, each with its line.

    Whether it fits a site is seen where it meets one: `twin.simulation`.
    """
    return Scenario.of(read(path, ScenarioError))


def overlaps(scenario: Scenario) -> list[Problem]:
    """Calls that are in force at the same time, and events on one target that are."""
    problems = []
    calls = sorted(enumerate(scenario.calls), key=lambda call: call[1].begin)
    for (i, one), (k, two) in pairwise(calls):
        if two.begin < one.end:
            message = f"it begins at {two.begin:g} s, call {i} is in force until {one.end:g} s; calls must not overlap"
            problems.append(misfit(("calls", k), message))
    for target, spans in targets(scenario.events).items():
        spans.sort()
        for (_, end, first), (begin, _, second) in pairwise(spans):
            if begin < end:
                message = f'event {first} holds "{target}" {_until(end)}; events on one thing must not overlap'
                problems.append(misfit(("events", second), message))
    return problems


def _until(end: float) -> str:
    return f"until {end:g} s" if end < float("inf") else "to the end"


def targets(events: tuple[EventSpec, ...]) -> dict[str, list[tuple[float, float, int]]]:
    """For each named thing the spans (begin, end, event) in which an event holds it."""
    spans: dict[str, list[tuple[float, float, int]]] = {}
    for i, event in enumerate(events):
        end = event.at + event.lasts if event.lasts is not None else float("inf")
        named = event.trip or event.close
        for target in [named] if named is not None else list(event.set or {}):
            spans.setdefault(target, []).append((event.at, end, i))
    return spans
