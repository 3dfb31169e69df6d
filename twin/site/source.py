"""YAML files with positions: read safely, built into models, every problem told with its line and column.

Scalars follow the YAML 1.2 core schema in its decimal spellings (``NO``, ``12:30`` and ``1_000`` stay text,
``1e6`` is a number, ``012`` is 12: models declare names as StrictStr so that it must be quoted). A key that
stands twice in one mapping is an error, not a silent override.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from twin.core.errors import InputError, Problem, SiteError, file_problem
from twin.site.explain import Loc, explain

M = TypeVar("M", bound=BaseModel)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MOST_ENTRIES = 500_000


class _Loader(_LOADER):
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def decimal(self, node: yaml.ScalarNode) -> int:
        return int(self.construct_scalar(node))


for _name, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("merge", r"^<<$", "<"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(_pattern), list(_first))
_Loader.add_constructor(_TAG + "int", _Loader.decimal)


@dataclass(frozen=True)
class Source:
    """A YAML file: plain data, and the line and column of each key and entry."""

    path: Path
    data: dict[str, Any]
    marks: dict[Loc, tuple[int, int]]

    def mark(self, loc: Loc) -> tuple[int, int]:
        """Line and column of ``loc``, or of the nearest enclosing entry."""
        while loc and loc not in self.marks:
            loc = loc[:-1]
        return self.marks[loc]

    def problem(self, loc: Loc, message: str) -> Problem:
        """A problem at ``loc``."""
        line, column = self.mark(loc)
        return Problem(str(self.path), line, column, ".".join(str(part) for part in loc), message)


def read(path: Path | str, error: type[InputError] = SiteError) -> Source:
    """Read a YAML mapping with positions. Raises ``error`` with every unusable key, or the first syntax error."""
    path = Path(path)
    text = _text(path, error)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                raise error([Problem(str(path), 1, 1, "", f"expected keys and values, found {_found(node)}")])
            marks, problems = _marks(node, path)
            if problems:
                raise error(problems)
            return Source(path, loader.construct_document(node), marks)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        said = ", ".join(part for part in (wrong.context, wrong.problem) if part)
        raise error([Problem(str(path), line, column, "", f"is not valid YAML: {said}")]) from None
    except (yaml.YAMLError, ValueError) as wrong:
        raise error([file_problem(path, f"is not valid YAML: {' '.join(str(wrong).split())}")]) from None
    except RecursionError:
        raise error([file_problem(path, "is nested too deeply")]) from None


def _text(path: Path, error: type[InputError]) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise error([file_problem(path, "there is no such file")]) from None
    except UnicodeDecodeError as wrong:
        before = wrong.object[: wrong.start]
        line, column = before.count(b"\n") + 1, wrong.start - before.rfind(b"\n")
        raise error([Problem(str(path), line, column, "", "is not UTF-8 text")]) from None
    except OSError as wrong:
        raise error([file_problem(path, f"cannot be read: {wrong.strerror}")]) from None


def _found(node: yaml.Node | None) -> str:
    if node is None:
        return "an empty file"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _marks(root: yaml.Node, path: Path) -> tuple[dict[Loc, tuple[int, int]], list[Problem]]:
    """Where each key and entry stands, and what is wrong with keys. Aliases are walked where they are used."""
    marks: dict[Loc, tuple[int, int]] = {(): (1, 1)}
    problems: list[Problem] = []

    def walk(node: yaml.Node, loc: Loc, above: tuple[yaml.Node, ...]) -> None:
        if node in above or len(marks) > _MOST_ENTRIES:
            what = "an anchor holds itself" if node in above else f"more than {_MOST_ENTRIES} entries"
            raise yaml.composer.ComposerError(None, None, what, node.start_mark)
        above = (*above, node)
        if isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                marks[(*loc, i)] = value.start_mark.line + 1, value.start_mark.column + 1
                walk(value, (*loc, i), above)
        elif isinstance(node, yaml.MappingNode):
            own: dict[str, int] = {}
            for key, value in node.value:
                at = key.start_mark.line + 1, key.start_mark.column + 1
                if key.tag == _TAG + "merge":
                    for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        walk(merged, loc, above)
                    continue
                wrong = _key_fault(key, own)
                if wrong:
                    where = ".".join(str(part) for part in loc)
                    problems.append(Problem(str(path), at[0], at[1], where, wrong))
                    continue
                own[key.value] = at[0]
                marks[(*loc, key.value)] = at
                walk(value, (*loc, key.value), above)

    walk(root, (), ())
    return marks, problems


def _key_fault(key: yaml.Node, own: dict[str, int]) -> str:
    if not isinstance(key, yaml.ScalarNode):
        return "a key must be text, not a list or a mapping"
    if key.tag != _TAG + "str":
        return f"the key {key.value or 'before this colon'} must be text: write it in quotes"
    if key.value in own:
        return f"the key '{key.value}' stands twice; first in line {own[key.value]}"
    return ""


def build(model: type[M], source: Source, error: type[InputError] = SiteError, data: dict[str, Any] | None = None) -> M:
    """``source`` (or ``data`` made from it) as ``model``. Raises ``error`` with every problem at its place."""
    given = source.data if data is None else data
    try:
        return model.model_validate(given)
    except ValidationError as wrong:
        problems = [source.problem(loc, said) for loc, said in explain(model, given, wrong.errors())]
        raise error(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))) from None
