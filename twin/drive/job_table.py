"""Jobs of a table: a line a job, every problem told at once."""

from pathlib import Path

from pydantic import ValidationError

from twin.core.errors import Problem, did_you_mean
from twin.drive.jobs import JobSpec
from twin.drive.trace import Row, raise_if_any, read_rows

_KINDS = ("training", "constant", "batch")
_TIMES = ("start", "end", "submit", "lasts", "walltime")
_MORE = ("on", "priority", "flexibility", "iteration_s", "submit_s", "lasts_s", "walltime_s")


def job_table(path: Path) -> list[JobSpec]:
    """The jobs of a CSV table; every problem at once (TraceError).

    Columns name, start_s, end_s, nodes, kind, activity and, if wanted, on, priority, flexibility, iteration_s (of a
    training), submit_s, lasts_s and walltime_s (of a job that waits in the queue).
    ``kind`` is training, constant or batch; ``activity`` is the level of the last two (0 to 1). An empty ``start_s``
    means it has been running before, an empty ``end_s`` that it outlasts the scenario.
    """
    columns = ("name", "start_s", "end_s", "nodes", "kind", "activity")
    jobs: list[JobSpec] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in read_rows(path, columns, _MORE):
        if row.cells["kind"] not in _KINDS:
            message = f'"{row.cells["kind"]}" is no kind of a job table; {did_you_mean(row.cells["kind"], _KINDS)}'
            problems.append(Problem(str(path), row.line, None, "kind", message))
            continue
        try:
            job = JobSpec.model_validate(_as_job(row))
        except ValidationError as error:
            for detail in error.errors():
                where = ".".join(str(part) for part in detail["loc"])
                problems.append(Problem(str(path), row.line, None, where, detail["msg"].removeprefix("Value error, ")))
            continue
        if job.name in seen:
            problems.append(Problem(str(path), row.line, None, "name", f'"{job.name}" is there twice'))
        seen.add(job.name)
        jobs.append(job)
    raise_if_any(problems)
    return jobs


def _as_job(row: Row) -> dict[str, object]:
    """A line of the job table as a scenario file would say it."""
    cells = {name: text for name, text in row.cells.items() if text}
    kind = cells.pop("kind")
    shape: dict[str, object] = {"activity": cells.pop("activity")} if "activity" in cells else {}
    if "iteration_s" in cells:
        shape["iteration"] = f"{cells.pop('iteration_s')} s"
    job: dict[str, object] = {name: cells[name] for name in ("name", "on") if name in cells}
    if "priority" in cells:
        job["priority"] = int(cells["priority"]) if cells["priority"].isdecimal() else cells["priority"]
    if "flexibility" in cells:
        job["flexibility"] = cells["flexibility"]
    if "nodes" in cells:
        job["nodes"] = int(cells["nodes"]) if cells["nodes"].isdecimal() else cells["nodes"]
    for name in _TIMES:
        if f"{name}_s" in cells:
            job[name] = f"{cells[f'{name}_s']} s"
    return job | {kind: shape}
