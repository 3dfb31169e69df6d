"""Service by class of job: what each kind and each priority lost, how long it was held back, whether alike.

    lost      1 - work done / work asked for, over all jobs of the class
    capped    server time under a cap below the rating of the boards over server time held; braked likewise
    fairness  Jain's index of the speeds that jobs of a class kept (`fairness`)

Priority is what the scheduler says: higher is held back later.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.fairness import jain
from twin.judge.result import durations_s, group, texts, values


class ClassOfJobs(NamedTuple):
    """Jobs of one kind or one priority; shares are NaN where nothing was asked for or recorded."""

    name: str
    jobs: int
    lost: float
    capped: float
    braked: float
    fairness: float


def classes(tree: xr.DataTree) -> list[ClassOfJobs]:
    """Each kind (``training``, ...), then each priority (``priority_0``, ...)."""
    jobs = group(tree, "job")
    if jobs is None or not jobs.sizes.get("job", 0) or not jobs.sizes.get("time", 0):
        return []
    found = [_class(jobs, kind, np.array(texts(jobs, "kind")) == kind) for kind in sorted(set(_kinds(jobs)))]
    if "priority" in jobs:
        priority = values(jobs, "priority")
        found += [_class(jobs, f"priority_{one:.0f}", priority == one) for one in np.unique(priority)]
    return found


def _kinds(jobs: xr.Dataset) -> list[str]:
    return texts(jobs, "kind") if "kind" in jobs else []


def _class(jobs: xr.Dataset, name: str, members: np.ndarray) -> ClassOfJobs:
    step_s = durations_s(jobs)

    def total(variable: str) -> np.ndarray:
        if variable not in jobs:
            return np.full(int(members.sum()), np.nan)
        return np.asarray(step_s @ values(jobs, variable)[:, members])

    done, asked, held_s = total("work"), total("demand"), float(total("nodes").sum())
    wanting = asked > 0.0
    return ClassOfJobs(
        name, int(members.sum()),
        1.0 - float(done.sum() / asked.sum()) if wanting.any() else np.nan,
        float(total("capped").sum() / held_s) if held_s > 0.0 else np.nan,
        float(total("braked").sum() / held_s) if held_s > 0.0 else np.nan,
        jain(done[wanting] / asked[wanting]) if wanting.sum() > 1 else np.nan,
    )  # fmt: skip
