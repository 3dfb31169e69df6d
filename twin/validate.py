"""The model against measurement: cases under ``validation/``, each with its data, its measures and their limits."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from twin.core.errors import Problem, file_problem
from twin.validation.case import FILE_NAME, Case, CaseError, read_case
from twin.validation.figures import comparison
from twin.validation.measures import MEASURES
from twin.validation.outcome import Outcome
from twin.validation.result import CaseResult, Judged
from twin.validation.summary import write_summary

CASES = Path("validation")


def validate(
    cases: Path | str | Sequence[Path | str] = CASES, data: Path | str | None = None, out: Path | str | None = None
) -> list[CaseResult]:
    """Run cases: case files, folders of one, or folders of such folders. ``data`` defaults to TWIN_DATA.

    Plots, tables and a page with all of them go to ``out`` if it is named. A case whose files are not under ``data``,
    or differ from those it was written for, is *not available*, never *passed*. Raises CaseError with every problem of
    every case file, OutputError where ``out`` cannot be written.
    """
    paths = [cases] if isinstance(cases, Path | str) else list(cases)
    folder = data if data is not None else os.environ.get("TWIN_DATA")
    results = [_judge(case, Path(folder) if folder else None) for case in _read([Path(path) for path in paths])]
    if out is not None:
        write_summary(results, Path(out))
    return results


def run_cases(cases: Sequence[Path], data: Path | None, out: Path | None) -> tuple[list[str], bool]:
    """What ``twin validate`` prints, and whether a case failed."""
    results = validate(list(cases) or CASES, data, out)
    lines = [line for result in results for line in _lines(result)]
    missing = sum(result.status == "not available" for result in results)
    if missing:
        lines.append(
            f"{missing} of {len(results)} cases are not available. Each case.yaml says under origin where its "
            "measurements can be fetched and by what licence, and under files where they go in the data folder."
        )
    if out is not None:
        lines.append(str(out / "validation.html"))
    return lines, any(result.status == "failed" for result in results)


def _read(paths: list[Path]) -> list[Case]:
    """All cases, or a CaseError with the problems of all of them."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in paths:
        files = [path] if path.is_file() or (path / FILE_NAME).is_file() else sorted(path.glob(f"*/{FILE_NAME}"))
        if not files:
            problems.append(file_problem(path, f"is no case: there is no {FILE_NAME} in it or in a folder of it"))
        for file in files:
            try:
                cases.append(read_case(file))
            except CaseError as wrong:
                problems += wrong.problems
    if problems:
        raise CaseError(problems)
    return cases


def _judge(case: Case, data: Path | None) -> CaseResult:
    reason = case.missing(data)
    if reason:
        return CaseResult(case, "not available", reason)
    files = {name: data / file.path for name, file in case.spec.files.items()} if data is not None else {}
    outcome = case.spec.model.run(files, case.folder)
    judged = tuple(_measured(case, outcome))
    held = all(one.held for one in judged)
    return CaseResult(case, "passed" if held else "failed", "", judged, outcome.fitted, comparison(outcome))


def _measured(case: Case, outcome: Outcome) -> Iterator[Judged]:
    for asked, (limit, unit) in zip(case.spec.measures, case.limits, strict=True):
        pair = outcome.pairs[asked.of]
        value = MEASURES[asked.measure].of(pair.measured, pair.simulated)
        yield Judged(asked.of, asked.measure, value, limit, unit)


def _lines(result: CaseResult) -> Iterator[str]:
    yield f"{result.status}: {result.name}: {result.case.spec.title}" + (f" ({result.reason})" if result.reason else "")
    for one in result.judged:
        value, limit = one.factor * one.value, one.factor * one.limit
        words = "" if one.held else ", too much"
        yield f"    {one.of}, {MEASURES[one.measure].words}: {value:.3g} {one.unit} (limit {limit:g} {one.unit}{words})"
