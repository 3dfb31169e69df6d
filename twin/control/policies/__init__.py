"""The shipped policies, by name, and those a user keeps in a file."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

from twin.control.policies.feed_limit import FeedLimit
from twin.control.policies.uncapped import Uncapped
from twin.control.policies.uniform_cap import UniformCap
from twin.control.policy import Policy
from twin.core.errors import ScenarioError, did_you_mean

POLICIES: dict[str, type] = {"uncapped": Uncapped, "uniform-cap": UniformCap, "feed-limit": FeedLimit}


def make_policy(name: str, fields: dict[str, Any], period_s: float | None = None) -> Policy:
    """A fresh policy by name, or from ``FILE.py:Class``; ``period_s`` overrides how often it acts.

    Raises ScenarioError for an unknown name, file, class or field.
    """
    kind = _from_file(name) if ".py:" in name else POLICIES.get(name)
    if kind is None:
        raise ScenarioError(f'unknown policy "{name}"; {did_you_mean(name, POLICIES)}')
    known = (
        {field.name for field in dataclasses.fields(kind) if field.init} if dataclasses.is_dataclass(kind) else set()
    )
    for field in fields:
        if field not in known:
            raise ScenarioError(f'policy "{name}" has no field "{field}"; {did_you_mean(field, known)}')
    try:
        policy: Policy = kind(**fields)
    except (TypeError, ValueError) as wrong:
        raise ScenarioError(f'policy "{name}": {wrong}') from wrong
    if period_s is not None:
        policy.every_s = period_s
    return policy


def _from_file(name: str) -> type:
    file, _, cls = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise ScenarioError(f'policy "{name}": there is no file {file}')
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f'policy "{name}": {file} is not a Python file')
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as wrong:
        raise ScenarioError(f'policy "{name}": {file} does not load: {type(wrong).__name__}: {wrong}') from wrong
    found = getattr(module, cls, None)
    if not isinstance(found, type) or not hasattr(found, "act"):
        classes = [key for key, value in vars(module).items() if isinstance(value, type) and hasattr(value, "act")]
        raise ScenarioError(f'policy "{name}": {file} has no policy class "{cls}"; {did_you_mean(cls, classes)}')
    return found


def describe(kind: type) -> tuple[str, dict[str, Any]]:
    """First line of a policy's docstring, and its fields with their defaults."""
    fields = {f.name: f.default for f in dataclasses.fields(kind) if f.init} if dataclasses.is_dataclass(kind) else {}
    return (kind.__doc__ or "").strip().splitlines()[0], fields
