"""The contract every policy keeps, as a check that anybody can run on theirs: `twin policies check NAME`.

The policy runs on the bench for a few minutes through a light load, a heavy one, a call for less and a loss of coolant
flow. It must

- say how often it acts: ``every_s``, whole seconds, above 0;
- return None or Commands with a cap for each server, clocks and floors if it likes, numbers that `actuation` lets
  through, a brake of booleans only where there is a brake, clocks only where they can be locked, a pause of booleans
  for each job, of those that can be paused, and admit true or false;
- leave what it sees as it was, and the fleet's facts, which are read-only;
- do the same again from the same telemetry: a fresh object gives the same commands;
- reach nothing but what it is shown; and be quick.
"""

import gc
import time
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from twin.control.bench import SERVERS, Bench, bench_fleet
from twin.control.policy import Commands, Policy, Seen, is_period
from twin.core.errors import InputError, RunError
from twin.core.layout import Vec

SECONDS = 300
SLOW_S = 0.02
"""An act on the bench that takes longer than this, on average, is slow: sites have a thousand times its servers."""


class _Watched:
    """A policy that is watched while it acts."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self.every_s = policy, policy.every_s
        self.said: list[Commands | None] = []
        self.broken: list[str] = []
        self.spent_s = 0.0

    def act(self, seen: Seen) -> Commands | None:
        """Let the policy act on what it may not change."""
        before = {name: value.copy() for name, value in seen._asdict().items() if isinstance(value, np.ndarray)}
        began = time.perf_counter()
        commands = self._policy.act(seen)
        self.spent_s += time.perf_counter() - began
        changed = [name for name, value in before.items() if not np.array_equal(value, getattr(seen, name))]
        if changed:
            self.broken.append(f"it changes what it is shown: {', '.join(changed)}, at {seen.time_s:g} s")
        self.said.append(commands)
        return commands


def check_policy(make: Callable[[], Policy]) -> list[str]:
    """What the policy that ``make`` makes does wrong, in sentences; nothing where it keeps the contract."""
    try:
        every_s = getattr(make(), "every_s", None)
    except InputError as wrong:
        return [problem.message for problem in wrong.problems]
    if not is_period(every_s):
        return [f"every_s says how often it acts, in whole seconds above 0; found {every_s!r}"]
    for equipped in (False, True):
        runs = []
        for _ in range(2):
            watched = _Watched(make())
            try:
                _scene(watched, equipped=equipped).run(SECONDS)
            except RunError as wrong:
                return [*watched.broken[:1], str(wrong).replace("policy _Watched ", "it ")]
            if watched.broken:
                return watched.broken[:1]
            runs.append(watched)
        faults = list(_faults(*runs))
        if faults:
            return faults
    return []


def _faults(one: _Watched, two: _Watched) -> Iterator[str]:
    for k, (a, b) in enumerate(zip(one.said, two.said, strict=True)):
        if not _same(a, b):
            yield f"from the same telemetry two fresh objects command different things, at {k * one.every_s:g} s"
            return
    mean_s = one.spent_s / max(len(one.said), 1)
    if mean_s > SLOW_S:
        most = f"more than {SLOW_S * 1e3:.0f} ms is slow"
        yield f"an act on {SERVERS} servers takes {mean_s * 1e3:.0f} ms on average; {most}"


def _same(a: Commands | None, b: Commands | None) -> bool:
    if a is None or b is None:
        return a is b
    return all(
        one is two if one is None or two is None else np.array_equal(one, two) for one, two in zip(a, b, strict=True)
    )


def _scene(policy: Policy, *, equipped: bool) -> Bench:
    """Light load, heavy load from 60 s, a call from 150 to 200 s told at 100 s, flow lost at a CDU from 230 s.

    ``equipped`` with a brake and a path for clocks, or with neither.
    """
    fleet = bench_fleet(limit_w=230e3, substation_w=140e3)._replace(has_brake=equipped, has_clock=equipped)
    for array in (*fleet, *fleet.tree, *fleet.substations):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    spread = 1 + 0.03 * np.sin(np.arange(SERVERS))

    def want_w(tick: int) -> Vec:
        activity = (0.4 if tick < 60 else 0.95) + 0.05 * np.sin(tick / 7 + np.arange(SERVERS))
        return activity * spread * fleet.gpu_max_w

    def flow(tick: int) -> Vec:
        return np.array([1.0, 0.0 if tick >= 230 else 1.0, 1.0, 1.0])

    return Bench(policy, want_w, fleet, calls=((100, 150, 200, 180e3),), flow=flow)


def reached(root: Any) -> Iterator[Any]:
    """Everything that can be reached from ``root`` without going through classes, modules and code."""
    stop = (type, ModuleType, FunctionType, BuiltinFunctionType)
    found, waiting = {id(root)}, [root]
    while waiting:
        thing = waiting.pop()
        yield thing
        inner = [thing.__self__] if isinstance(thing, MethodType) else gc.get_referents(thing)
        if isinstance(thing, FunctionType) and thing.__closure__:
            inner = [cell.cell_contents for cell in thing.__closure__]
        for other in inner:
            if id(other) not in found and (isinstance(other, FunctionType) or not isinstance(other, stop)):
                found.add(id(other))
                waiting.append(other)
