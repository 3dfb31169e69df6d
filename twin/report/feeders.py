"""Which parts of an electrical tree read as a line: told by its shape, never by names.

A cable with one cable below it is continued by that one, as a feeder is from tap to tap. A part is the head of a row
where nothing leaves it but lines whose taps carry single boxes; all else is drawn as a tree, from column to column.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Stop(NamedTuple):
    """A box on a line (no name where the line ends without one), and the cable sections from the stop before it."""

    name: str
    sections: list[str]


Line = list[Stop]


class Place(NamedTuple):
    """A part drawn in a column, and the lines to the right of it; ``continues`` where its parent stands above it."""

    name: str
    parent: str
    level: int
    continues: bool
    lines: list[Line]


class Tree:
    """An electrical tree by names: what hangs on what, and which of it are cables."""

    def __init__(self, parents: dict[str, str], kinds: dict[str, str]) -> None:
        self.below: dict[str, list[str]] = {name: [] for name in ("", *parents)}
        self._cables = {name for name, kind in kinds.items() if kind == "cable"}
        # Cables last: what a tap feeds stands before what continues behind it.
        for name in sorted(parents, key=lambda name: name in self._cables):
            parent = parents[name]
            self.below[parent if parent in parents else ""].append(name)

    def places(self) -> list[Place]:
        """What stands in the columns, from top to bottom, each before what hangs on it."""
        return [place for root in self.below[""] for place in self._walk(root, "", 0)]

    def _walk(self, name: str, parent: str, level: int) -> Iterator[Place]:
        lines = self.lines(name)
        continues = bool(parent) and self._continuation(parent) == name
        yield Place(name, parent, level - continues, continues, lines or [])
        if lines is None:
            for child in self.below[name]:
                yield from self._walk(child, name, level - continues + 1)

    def _continuation(self, name: str) -> str:
        """The only cable below a cable, empty where there is none or more than one."""
        cables = [child for child in self.below[name] if child in self._cables]
        return cables[0] if name in self._cables and len(cables) == 1 else ""

    def lines(self, head: str) -> list[Line] | None:
        """The lines that leave ``head``; ``None`` where a line cannot show what hangs below."""
        cables = [child for child in self.below[head] if child in self._cables]
        boxes = self._boxes(head)
        if boxes is None or (cables and head not in self._cables):
            return None
        own = [Stop(box, []) for box in boxes]
        found = [self._follow(cable) for cable in cables]
        known = [line for line in found if line is not None]
        if len(known) < len(found):
            return None
        if len(known) == 1:
            return [own + known[0]]
        return [own, *known] if own else known

    def _boxes(self, name: str) -> list[str] | None:
        """What hangs on a part and is no cable; ``None`` where more hangs on one of those."""
        boxes = [child for child in self.below[name] if child not in self._cables]
        return None if any(self.below[box] for box in boxes) else boxes

    def _follow(self, cable: str) -> Line | None:
        stops: Line = []
        passed: list[str] = []
        while cable:
            passed.append(cable)
            boxes, further = self._boxes(cable), self._continuation(cable)
            if boxes is None or len(self.below[cable]) > len(boxes) + bool(further):
                return None
            for box in boxes:
                stops.append(Stop(box, passed))
                passed = []
            cable = further
        return [*stops, Stop("", passed)] if passed else stops
