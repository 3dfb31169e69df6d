"""What can go wrong, in sentences.

A file that is wrong reports every problem at once, one line each:
``file:line:col: where: what was found, what was expected``.
"""

import difflib
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong with an input file."""

    file: str
    line: int | None
    column: int | None
    where: str
    message: str
    loc: tuple[str | int, ...] = ()
    """Keys and indices that lead to it in a scenario, for who knows its file and lines."""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.where, self.message) if part)


class TwinError(Exception):
    """Base of every error that is told to a person without a traceback."""

    exit_code = 1


class InputError(TwinError):
    """A file or an argument says something that cannot be used."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem("", None, None, "", problems)]
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SiteError(InputError):
    """A site or parts file cannot be built."""


class ScenarioError(InputError):
    """A scenario, policy or change does not fit its site."""


class TraceError(InputError):
    """A table of measurements, weather, jobs or results cannot be read."""


class OutputError(InputError):
    """Results cannot be written where they were asked for."""


class RunError(TwinError):
    """The model could not go on: no power flow solution, no steady state."""

    exit_code = 3


class Gathered:
    """Problems of checks that go on beside each other, to be told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def at(self, *loc: str | int) -> Iterator[None]:
        """Keep the problems of an InputError within; ``loc`` is the entry of the scenario that asks for it."""
        try:
            yield
        except InputError as wrong:
            # What is wrong with a line of another file has its place; a whole file is named by the scenario.
            self.problems += [p if p.loc or p.line is not None else _asked(p, loc) for p in wrong.problems]


def _asked(problem: Problem, loc: tuple[str | int, ...]) -> Problem:
    return misfit(loc, f"{problem.file}: {problem.message}" if problem.file else problem.message)


def misfit(loc: tuple[str | int, ...], message: str, where: str | None = None) -> Problem:
    """A problem with the entry at ``loc`` of a scenario, called ``where`` if not by its keys."""
    return Problem("", None, None, ".".join(str(part) for part in loc) if where is None else where, message, loc)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest known one, or the list of a few."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    if not choices:
        return "there are none here"
    shown = ", ".join(choices[:12])
    return f"known here: {shown}{', ...' if len(choices) > 12 else ''}"


POLICY_FILE = "policy in "
"""What names of modules begin with that are somebody's policy file."""


def reason(wrong: BaseException) -> str:
    """What went wrong in somebody's policy in words, with the line where it is in a policy file."""
    said = " ".join(str(wrong.msg if isinstance(wrong, SyntaxError) else wrong).split())
    line = wrong.lineno if isinstance(wrong, SyntaxError) else None
    for frame, number in traceback.walk_tb(wrong.__traceback__):
        if str(frame.f_globals.get("__name__")).startswith(POLICY_FILE):
            line = number
    words = f"{type(wrong).__name__}: {said}" if said else type(wrong).__name__
    return words if line is None else f"{words} (line {line})"


def file_problem(path: Path | str, message: str) -> Problem:
    """A problem with a whole file."""
    return Problem(str(path), None, None, "", message)
