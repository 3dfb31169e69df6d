"""The policies by name: shipped ones, those of installed packages, those a user keeps in a file, several at once."""

import dataclasses
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from twin.control.policies.demand_response import DemandResponse
from twin.control.policies.dynamo import Dynamo
from twin.control.policies.feed_limit import FeedLimit
from twin.control.policies.phase_aware import PhaseAware
from twin.control.policies.polca import Polca
from twin.control.policies.smoothing import Smoothing
from twin.control.policies.steering import Steering
from twin.control.policies.thermal_emergency import ThermalEmergency
from twin.control.policies.thunderbolt import Thunderbolt
from twin.control.policies.together import Together
from twin.control.policies.uncapped import Uncapped
from twin.control.policies.uniform_cap import UniformCap
from twin.control.policies.water_filling import WaterFilling
from twin.control.policy import Policy, is_period
from twin.core.errors import POLICY_FILE, Gathered, Problem, ScenarioError, did_you_mean, misfit, reason

POLICIES: dict[str, type] = {
    "uncapped": Uncapped,
    "uniform-cap": UniformCap,
    "feed-limit": FeedLimit,
    "water-filling": WaterFilling,
    "dynamo": Dynamo,
    "thunderbolt": Thunderbolt,
    "polca": Polca,
    "steering": Steering,
    "demand-response": DemandResponse,
    "phase-aware": PhaseAware,
    "smoothing": Smoothing,
    "thermal-emergency": ThermalEmergency,
}
GROUP = "twin.policies"
"""Entry points of installed packages: a name, and the class behind it."""


def known_policies() -> dict[str, type]:
    """Every policy with a name. A package's policy under a shipped name, or that does not load, is a ScenarioError."""
    found = dict(POLICIES)
    for point in entry_points(group=GROUP):
        if point.name in found:
            raise ScenarioError(
                f'policy "{point.name}" of {point.value} has the name of another; rename its entry point'
            )
        try:
            found[point.name] = point.load()
        except Exception as wrong:
            message = f'policy "{point.name}": {point.value} does not load: {reason(wrong)}'
            raise ScenarioError(message) from wrong
    return found


def make_policy(name: str, fields: dict[str, Any], period_s: float | None = None) -> Policy:
    """A fresh policy by name, from ``FILE.py:Class``, or several joined by "+".

    ``period_s`` overrides how often each acts; fields of one among several are called "name.field". Raises
    ScenarioError for every unknown name, file, class or field.
    """
    names = name.split("+")
    if len(names) == 1:
        return _make_one(name, fields, period_s)
    own: dict[str, dict[str, Any]] = {member: {} for member in names}
    wrong, made = Gathered(), []
    if len(own) < len(names):
        wrong.problems.append(_misfit(f'policy "{name}": a policy stands in it twice'))
    for field, value in fields.items():
        of = max((member for member in names if field.startswith(f"{member}.")), key=len, default=None)
        if of is None:
            said = f'policy "{name}": say whose field "{field}" is, e.g. "{names[0]}.{field}"'
            wrong.problems.append(_misfit(said, "fields", field))
        else:
            own[of][field.removeprefix(f"{of}.")] = value
    for member, given in own.items():
        with wrong.at("policy", "name"):
            made.append(_make_one(member, given, period_s, f"{member}."))
    if wrong.problems:
        raise ScenarioError(wrong.problems)
    return Together(made)


def _misfit(message: str, *loc: str) -> Problem:
    return misfit(("policy", *(loc or ("name",))), message)


def _make_one(name: str, fields: dict[str, Any], period_s: float | None, prefix: str = "") -> Policy:
    kind = find_policy(name)
    known = (
        {field.name for field in dataclasses.fields(kind) if field.init} if dataclasses.is_dataclass(kind) else set()
    )
    strange = [field for field in fields if field not in known]
    if strange:
        said = ((field, f'policy "{name}" has no field "{field}"; {did_you_mean(field, known)}') for field in strange)
        raise ScenarioError([_misfit(message, "fields", prefix + field) for field, message in said])
    try:
        policy: Policy = kind(**fields)
    except (Exception, SystemExit) as wrong:
        raise ScenarioError(
            [_misfit(f'policy "{name}" cannot be made: {reason(wrong)}', "fields" if fields else "name")]
        ) from wrong
    every_s = getattr(policy, "every_s", None) if period_s is None else period_s
    if not is_period(every_s):
        message = f'policy "{name}": every_s says how often it acts, in whole seconds above 0; found {every_s!r}'
        raise ScenarioError([_misfit(message, "name" if period_s is None else "period")])
    if period_s is not None:
        policy.every_s = period_s
    return policy


def find_policy(name: str) -> type:
    """The class behind a name or ``FILE.py:Class``. Raises ScenarioError where there is none."""
    if ".py:" in name:
        return _from_file(name)
    known = POLICIES if name in POLICIES else known_policies()
    if name not in known:
        raise ScenarioError(f'unknown policy "{name}"; {did_you_mean(name, known)}')
    return known[name]


def _from_file(name: str) -> type:
    file, _, cls = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise ScenarioError(f'policy "{name}": there is no file {file}')
    spec = importlib.util.spec_from_file_location(f"{POLICY_FILE}{path.absolute()}", path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f'policy "{name}": {file} is not a Python file')
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up annotations that are text
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as wrong:
        raise ScenarioError(f'policy "{name}": {file} does not load: {reason(wrong)}') from wrong
    found = getattr(module, cls, None)
    if isinstance(found, type) and not callable(getattr(found, "act", None)):
        raise ScenarioError(f'policy "{name}": class {cls} in {file} has no method "act"; see docs/writing_a_policy.md')
    if not isinstance(found, type):
        classes = [key for key, value in vars(module).items() if isinstance(value, type) and hasattr(value, "act")]
        raise ScenarioError(f'policy "{name}": {file} has no policy class "{cls}"; {did_you_mean(cls, classes)}')
    return found


def describe(kind: type) -> tuple[str, dict[str, Any]]:
    """First line of a policy's docstring, and its fields with their defaults."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    shown = {
        f.name: f.default if f.default_factory is dataclasses.MISSING else f.default_factory() for f in fields if f.init
    }
    return (kind.__doc__ or "").strip().splitlines()[0], shown
