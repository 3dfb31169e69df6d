"""The jobs of a scenario, whichever way it names them; mixes that fill a whole site by a word."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.drive.job_table import job_table
from twin.drive.jobs import Floor, JobSpec, JobsSpec
from twin.drive.waveform import ConstantSpec

_SHARED_NODES = 12


def read_jobs(spec: JobsSpec | Sequence[JobSpec], floor: Floor, folder: Path) -> list[JobSpec]:
    """The jobs of a scenario, whichever way it names them."""
    if not isinstance(spec, JobsSpec):
        return list(spec)
    if spec.table is not None:
        return job_table(folder / spec.table)
    if spec.mix == "idle":
        return []
    if spec.mix == "stress":
        return [JobSpec(name="stress", constant=ConstantSpec(activity=1.0))]
    return mixed_training(floor)


def mixed_training(floor: Floor) -> list[JobSpec]:
    """A site busy with unsynchronised trainings, about 0.85 of a node's maximum power on average.

    The rack type with the most GPUs holds a job on two thirds of its nodes (100,000 GPUs on the reference site), one
    on a sixth, and two smaller ones; every other type holds one job. All have the measured shape, stretched to
    iterations from 5 to 11 s, and write a checkpoint of 30 s every half hour to an hour (estimated).
    """
    types, index = np.unique(floor.rack_type, return_inverse=True)
    gpus = np.bincount(index, weights=floor.gpus)
    types = types[np.argsort(-gpus, kind="stable")]
    shares = (("a", "66.7 %", 10.766, 60), ("b", "16.7 %", 8.3, 45), ("c", "8.3 %", 6.1, 40), ("d", "rest", 4.9, 30))
    jobs = [_training(f"{types[0]}-{name}", nodes, str(types[0]), s, minutes) for name, nodes, s, minutes in shares]
    # With fewer nodes than this the smaller shares would be no whole node.
    if np.count_nonzero(floor.rack_type == types[0]) < _SHARED_NODES:
        jobs = [_training(f"{types[0]}-a", "all", str(types[0]), 10.766, 60)]
    for k, rack_type in enumerate(types[1:]):
        jobs.append(_training(f"{rack_type}-a", "all", str(rack_type), 9.4 - 2.1 * (k % 3), 50))
    return jobs


def _training(name: str, nodes: str, on: str, iteration_s: float, checkpoint_min: int) -> JobSpec:
    training = {
        "iteration": f"{iteration_s} s",
        "checkpoint": {"every": f"{checkpoint_min} min", "duration": "30 s"},
    }
    return JobSpec.model_validate({"name": name, "nodes": nodes, "on": on, "training": training})
