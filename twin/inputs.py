"""From file names and options to a checked site and scenario, whichever way they are given."""

from pathlib import Path
from typing import Any

from twin.core.errors import InputError, Problem, ScenarioError, TwinError
from twin.core.quantity import parse
from twin.scenario import PolicySpec, Scenario, load_scenario
from twin.site.change import apply_changes
from twin.site.load import load_site
from twin.site.source import Source, build, read
from twin.site.spec import Site


def load_inputs(
    site: Path, scenario: Path | None = None, *, changes: tuple[str, ...] = (), duration: str | None = None,
    policy: str | None = None, seed: int | None = None,
) -> tuple[Site, Scenario, Path]:  # fmt: skip
    """Site, scenario, and the folder that files named by the scenario are relative to.

    ``site`` may be a site file or the resolved file of a run; ``scenario`` defaults to the one the site names,
    or to the built-in one. ``changes`` are "path=value" for the site. Raises InputError with every problem.
    """
    source = read(site)
    if "resolved" in source.data:
        loaded, scene = _resolved(source)
        folder = site.parent
        scene = load_scenario(scenario) if scenario is not None else scene
    else:
        named = source.data.get("scenario")
        file = scenario or (site.parent / str(named) if named else None)
        folder = file.parent if file is not None else site.parent
        loaded, scene = _both(site, file)
    if changes:
        loaded = change_site(loaded, dict(_pair(change) for change in changes))
    return loaded, _override(scene, duration, policy, seed), folder


def _resolved(source: Source) -> tuple[Site, Scenario]:
    whole = build(Site, _part(source, "site"))
    return whole, Scenario.of(_part(source, "scenario"))


def _both(site: Path, file: Path | None) -> tuple[Site, Scenario]:
    """The site under a scenario's changes, and the scenario; what is wrong with either file is told at once."""
    try:
        scene = load_scenario(file) if file is not None else Scenario()
    except ScenarioError as wrong:
        try:
            load_site(site)
        except InputError as also:
            raise ScenarioError([*also.problems, *wrong.problems]) from None
        raise
    try:
        return load_site(site, scene.changes), scene
    except ScenarioError as wrong:
        raise ScenarioError(scene.placed(wrong.problems)) from None


def _part(source: Source, key: str) -> Source:
    marks = {loc[1:]: mark for loc, mark in source.marks.items() if loc[:1] == (key,)}
    return Source(source.path, source.data.get(key) or {}, marks or {(): (1, 1)})


def _pair(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ScenarioError(f'--set {text}: write PATH=VALUE, e.g. "halls.*.supply=30 degC"')
    return path.strip(), int(value) if value.strip().isdigit() else value.strip()


def change_site(site: Site, changes: dict[str, Any]) -> Site:
    """``site`` with values changed by path; ScenarioError where a path or value does not fit."""
    data = apply_changes(site.model_dump(mode="json", by_alias=True), changes, "--set")
    try:
        return build(Site, Source(Path("--set"), data, {(): (1, 1)}), ScenarioError)
    except TwinError as wrong:
        problems = [Problem("", None, None, p.where, p.message) for p in getattr(wrong, "problems", [])]
        raise ScenarioError(problems) from None


def _override(scene: Scenario, duration: str | None, policy: str | None, seed: int | None) -> Scenario:
    if duration is not None:
        try:
            length_s = parse(duration, "duration")
        except ValueError as wrong:
            raise ScenarioError(f"--duration: {wrong}") from None
        if length_s <= 0:
            raise ScenarioError(f"--duration: must be above 0 s, found {duration}")
        scene = scene.instead("--duration", duration=length_s)
    if policy is not None and policy != scene.policy.name:
        scene = scene.instead("--policy", policy=PolicySpec(name=policy))
    return scene if seed is None else scene.instead("--seed", seed=seed)
