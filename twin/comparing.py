"""Several policies on one site and scenario, on the same seeds, and their comparison.

Runs that stand in the directory already and are complete are kept, so that a comparison that was broken off goes on
where it stopped, and a policy can be added to it.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from twin.control.policies import make_policy
from twin.core import jit
from twin.core.errors import OutputError, TwinError, file_problem
from twin.finishing import finish
from twin.plant.order import LONGEST_STEP
from twin.report.compare import write_comparison
from twin.running import FILES, resolved_text, run
from twin.scenario import PolicySpec, Scenario
from twin.simulation import Progress
from twin.site.spec import Site
from twin.warm import warm


class Compared(NamedTuple):
    """Where the page is, and what went wrong with which run."""

    page: Path
    failed: list[str]


def contenders(scenario: Scenario, policies: list[str], seeds: list[int]) -> Iterator[tuple[str, Scenario]]:
    """Each run's name and scenario: every policy on every seed. The scenario's own policy keeps its fields."""
    for policy in policies:
        same = scenario.policy.name == policy
        chosen = scenario if same else scenario.instead("--policy", policy=PolicySpec(name=policy))
        for seed in seeds:
            name = Path(policy.partition(":")[0]).stem if ":" in policy else policy
            yield f"{name}-seed-{seed}", chosen.instead("--seeds", seed=seed)


def compare_policies(
    site: Site, scenario: Scenario, policies: list[str], seeds: list[int], out: Path, *, folder: Path,
    progress: Callable[[str], AbstractContextManager[Progress]], at_once: int = 1,
) -> Compared:  # fmt: skip
    """Run what is missing under ``out``, ``at_once`` runs beside each other, and write ``compare.html`` there.

    ``progress`` opens what is to be told how far all of them are. A run that fails is left out and named; OutputError
    where fewer than two are left.
    """
    runs = {out / name: scene for name, scene in contenders(scenario, policies, seeds)}
    missing = {directory: scene for directory, scene in runs.items() if not _stands(directory, site, scene)}
    if missing and at_once > 1 and jit.is_cold():
        warm()
    failed: dict[Path, str] = {}
    # Not forked: the compiled code's threads would not survive it.
    with (
        ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool,
        progress(f"{site.name}, {len(missing)} runs") as tell,
    ):
        threads = max(1, jit.threads() // at_once)
        begun = {pool.submit(_simulate, site, missing[d], d, folder, threads): d for d in longest_first(missing)}
        for count, one in enumerate(as_completed(begun), 1):
            if words := one.result():
                failed[begun[one]] = words
            tell(count * round(scenario.duration), len(missing) * round(scenario.duration))
    results = [directory / FILES.result for directory in runs if directory not in failed]
    said = [f"{directory.name}: {why}" for directory, why in failed.items()]
    if len(results) < 2:
        raise OutputError([file_problem(out, f"fewer than two runs could be compared; {'; '.join(said)}")])
    return Compared(write_comparison(results, out), said)


def longest_first(runs: dict[Path, Scenario]) -> list[Path]:
    """The directories of ``runs`` in the order to start them, so that runs beside each other end together.

    A run goes from act to act of its policy, and no farther than the longest macro-step: what acts each second takes
    about twice as long as what acts every five.
    """
    return sorted(runs, key=lambda directory: _stride_s(runs[directory]))


def _stride_s(scene: Scenario) -> float:
    try:
        every_s = make_policy(scene.policy.name, scene.policy.fields, scene.policy.period).every_s
    except TwinError:
        return 0.0  # it fails at once, and says why then
    return min(float(LONGEST_STEP), every_s)


def _simulate(site: Site, scene: Scenario, directory: Path, folder: Path, threads: int) -> str:
    """One run with its verdict, in a process of its own; returns why it failed, nothing where it did not."""
    jit.set_threads(threads)
    try:
        finish(run(site, scene, directory, folder=folder, overwrite=True), report=False)
    except TwinError as wrong:
        return str(wrong)
    return ""


def _stands(directory: Path, site: Site, scene: Scenario) -> bool:
    """Whether ``directory`` has the finished run of just this."""
    facts, resolved = directory / FILES.facts, directory / FILES.resolved
    if not all(file.exists() for file in (directory / FILES.result, facts, resolved)):
        return False
    return bool(json.loads(facts.read_text())["complete"]) and resolved.read_text() == resolved_text(site, scene)
