"""Changes by path: ``halls.*.supply: 40 degC`` makes new plain data of a site, the old stays as it was."""

from collections.abc import Mapping
from typing import Any

from twin.core.errors import Problem, ScenarioError, did_you_mean, misfit


def apply_changes(data: dict[str, Any], changes: Mapping[str, Any], where: str | None = None) -> dict[str, Any]:
    """A copy of ``data`` with each dotted path set; list entries by index, by their ``name``, or ``*`` for all.

    The last key may be new: a file may leave out what has a default, and the model refuses what it does not
    know. Raises ScenarioError with every path that leads nowhere and what is near; ``where`` is the file or option of
    the changes, without it a scenario.
    """
    changed: dict[str, Any] = _copy(data)
    problems = []
    for path, value in changes.items():
        try:
            _change(changed, path.split("."), value)
        except LookupError as wrong:
            said = str(wrong.args[0])
            problems.append(
                misfit(("changes", path), said) if where is None else Problem(where, None, None, path, said)
            )
    if problems:
        raise ScenarioError(problems)
    return changed


def _copy(data: Any) -> Any:
    # Not deepcopy: it keeps what a YAML anchor shares shared, and one change would then be many.
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list | tuple) else data


def _change(data: Any, steps: list[str], value: Any) -> None:
    targets = [data]
    for step in steps[:-1]:
        found = [target[key] for target in targets for key in _keys(target, step)]
        if not found:
            raise LookupError(_nothing(targets, step))
        targets = found
    last = steps[-1]
    reached = False
    for target in targets:
        new = [last] if isinstance(target, dict) and last != "*" else _keys(target, last)
        for key in new:
            target[key] = _copy(value)
            reached = True
    if not reached:
        raise LookupError(_nothing(targets, last))


def _keys(target: Any, step: str) -> list[Any]:
    """Keys or indices of ``target`` that ``step`` names."""
    if isinstance(target, dict):
        return list(target) if step == "*" else [key for key in target if key == step]
    if isinstance(target, list):
        named = [i for i, entry in enumerate(target) if step == "*" or _name(entry) == step]
        return named or ([int(step)] if step.isdecimal() and int(step) < len(target) else [])
    return []


def _name(entry: Any) -> str | None:
    return entry.get("name") if isinstance(entry, dict) else None


def _nothing(targets: list[Any], step: str) -> str:
    known: set[str] = set()
    for target in targets:
        if isinstance(target, dict):
            known.update(target)
        elif isinstance(target, list):
            known.update(_name(entry) or str(i) for i, entry in enumerate(target))
    if not known:
        return f'"{step}" leads nowhere: there are no entries here'
    return f'there is nothing called "{step}"; {did_you_mean(step, known)}'
