"""A problem of a site file and where it stands."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from twin.core.errors import did_you_mean

Loc = tuple[str | int, ...]


class Finding(NamedTuple):
    """A problem and where in the file it stands."""

    loc: Loc
    message: str


def unknown(kind: str, name: str, known: Mapping[str, object] | set[str], loc: Loc) -> Iterator[Finding]:
    """A finding where ``name`` is not among the names ``known``."""
    if name not in known:
        yield Finding(loc, f'unknown {kind} "{name}"; {did_you_mean(name, known)}')


def duplicates(loc: Loc, names: list[str]) -> Iterator[Finding]:
    """A finding for each of ``names``, in the list at ``loc``, that stands there before."""
    seen = Counter(names)
    for i, name in enumerate(names):
        if seen[name] > 1 and names.index(name) != i:
            yield Finding((*loc, i, "name"), f'the name "{name}" is already taken by entry {names.index(name)}')
