"""What can go wrong, in sentences.

A file that is wrong reports every problem at once, one line each:
``file:line:col: where: what was found, what was expected``.
"""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong with an input file."""

    file: str
    line: int | None
    column: int | None
    where: str
    message: str

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


def file_problem(path: Path | str, message: str) -> Problem:
    """A problem with a whole file."""
    return Problem(str(path), None, None, "", message)
