"""Several policies on one site and scenario, on the same seeds, and their comparison.

Runs that stand in the directory already and are complete are kept, so that a comparison that was broken off goes on
where it stopped, and a policy can be added to it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from twin.core.errors import OutputError, TwinError, file_problem
from twin.finishing import finish
from twin.report.compare import write_comparison
from twin.running import FILES, resolved_text, run
from twin.scenario import PolicySpec, Scenario
from twin.simulation import Progress
from twin.site.spec import Site


class Compared(NamedTuple):
    """Where the page is, and what went wrong with which run."""

    page: Path
    failed: list[str]


def contenders(scenario: Scenario, policies: list[str], seeds: list[int]) -> Iterator[tuple[str, Scenario]]:
    """Each run's name and scenario: every policy on every seed. The scenario's own policy keeps its fields."""
    for policy in policies:
        chosen = scenario.policy if scenario.policy.name == policy else PolicySpec(name=policy)
        for seed in seeds:
            name = Path(policy.partition(":")[0]).stem if ":" in policy else policy
            yield f"{name}-seed-{seed}", scenario.model_copy(update={"policy": chosen, "seed": seed})


def compare_policies(
    site: Site, scenario: Scenario, policies: list[str], seeds: list[int], out: Path, *, folder: Path,
    progress: Callable[[str], AbstractContextManager[Progress]],
) -> Compared:  # fmt: skip
    """Run what is missing under ``out`` and write ``compare.html`` there.

    ``progress`` opens what is to be told how far each named run is. A run that fails is left out and named;
    OutputError where fewer than two are left.
    """
    results, failed = [], []
    for name, scene in contenders(scenario, policies, seeds):
        directory = out / name
        if not _stands(directory, site, scene):
            try:
                with progress(f"{site.name}, {name}") as tell:
                    result = run(site, scene, directory, folder=folder, progress=tell, overwrite=True)
                finish(result, report=False)
            except TwinError as wrong:
                failed.append(f"{name}: {wrong}")
                continue
        results.append(directory / FILES.result)
    if len(results) < 2:
        raise OutputError([file_problem(out, f"fewer than two runs could be compared; {'; '.join(failed)}")])
    return Compared(write_comparison(results, out), failed)


def _stands(directory: Path, site: Site, scene: Scenario) -> bool:
    """Whether ``directory`` has the finished run of just this."""
    facts, resolved = directory / FILES.facts, directory / FILES.resolved
    if not all(file.exists() for file in (directory / FILES.result, facts, resolved)):
        return False
    return bool(json.loads(facts.read_text())["complete"]) and resolved.read_text() == resolved_text(site, scene)
