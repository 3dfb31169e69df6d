"""Site files into checked models: the site, its part libraries, and every problem of all of them at once."""

from pathlib import Path
from typing import Any

from twin.core.errors import InputError, Problem, SiteError
from twin.site.change import apply_changes
from twin.site.check import check
from twin.site.finding import Finding
from twin.site.source import Source, build, read
from twin.site.spec import Site, Variant
from twin.site.spec_parts import Parts

_KINDS = (
    "gpus",
    "nodes",
    "racks",
    "air_racks",
    "cdus",
    "coils",
    "chillers",
    "towers",
    "approach_towers",
    "dry_coolers",
    "transformers",
    "cables",
    "ups",
    "batteries",
    "protection",
    "meters",
    "paths",
)


def load_site(path: Path | str, changes: dict[str, Any] | None = None) -> Site:
    """The site at ``path`` with ``changes`` by path, all part types given in place under ``library``.

    Raises SiteError with every problem of the site file and its part files.
    """
    source, data = _read(Path(path))
    data = apply_changes(data, changes) if changes else data
    problems: list[Problem] = []
    site = _try(Site, source, data, problems)
    files = data.get("parts", []) if isinstance(data.get("parts"), list) else []
    library, sources = _library([source.path.parent / str(name) for name in files], problems)
    if site is not None and site.library is not None:
        library = _merge([library, site.library])
    if problems or site is None:
        raise SiteError(problems)
    whole = site.model_copy(update={"library": library, "parts": ()})
    findings = check(whole, library)
    if findings:
        raise SiteError([_place(finding, source, sources) for finding in findings])
    return whole


def _read(path: Path) -> tuple[Source, dict[str, Any]]:
    """The file a site is written in, and its data with what variants on the way to it change."""
    source = read(path)
    if "base" not in source.data:
        return source, source.data
    variant = build(Variant, source)
    base, data = _read(path.parent / variant.base)
    own = variant.model_dump(include={"name", "title", "scenario"}, exclude_unset=True)
    return base, apply_changes(data, variant.changes, str(path)) | own


def _try(model: Any, source: Source, data: dict[str, Any] | None, problems: list[Problem]) -> Any:
    try:
        return build(model, source, data=data)
    except InputError as wrong:
        problems += wrong.problems
        return None


def _library(paths: list[Path], problems: list[Problem]) -> tuple[Parts, list[Source]]:
    parts, sources = [], []
    taken: dict[tuple[str, str], Path] = {}
    for path in paths:
        try:
            source = read(path)
        except InputError as wrong:
            problems += wrong.problems
            continue
        sources.append(source)
        for kind in _KINDS:
            for name in source.data.get(kind) or {}:
                if (kind, name) in taken:
                    message = f'the name "{name}" is already taken in {taken[kind, name]}'
                    problems.append(source.problem((kind, name), message))
                taken[kind, name] = path
        part = _try(Parts, source, None, problems)
        if part is not None:
            parts.append(part)
    return _merge(parts), sources


def _merge(parts: list[Parts]) -> Parts:
    merged: dict[str, Any] = {kind: {} for kind in (*_KINDS, "sources")}
    for part in parts:
        for kind, entries in merged.items():
            entries.update(getattr(part, kind))
    return Parts.model_construct(schema_version=1, **merged)


def _place(finding: Finding, site: Source, libraries: list[Source]) -> Problem:
    if finding.loc[:1] == ("library",):
        for source in libraries:
            if finding.loc[1:3] in source.marks:
                return source.problem(finding.loc[1:], finding.message)
    return site.problem(finding.loc, finding.message)
