"""Ties of a one-line diagram: between the buses they join, dashed with an open switch where they never closed."""

from typing import NamedTuple

from twin.report import drawing

Point = tuple[float, float]
_SWITCH = 7.0


class Tie(NamedTuple):
    """A tie by name: the buses it joins, the fill of its switch, whether it carried power, and what its tip says."""

    name: str
    buses: tuple[str, str]
    fill: str
    closed: bool
    tip: str


def tie_lines(ties: list[Tie], buses: dict[str, list[Point]], clear: float) -> list[str]:
    """Each tie between the nearest points of its buses, ``clear`` to the right of them where they are not in line."""
    parts = []
    for tie in ties:
        ends = [buses.get(name) for name in tie.buses]
        if ends[0] and ends[1]:
            parts += _tie(tie, _way(ends[0], ends[1], clear))
    return parts


def _way(one: list[Point], two: list[Point], clear: float) -> list[Point]:
    a, b = min(((a, b) for a in one for b in two), key=lambda ends: _apart(*ends))
    if abs(a[0] - b[0]) < 1.0 and clear == 0.0:
        return [a, b]
    right = max(a[0], b[0]) + clear
    return [a, (right, a[1]), (right, b[1]), b]


def _apart(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _tie(tie: Tie, way: list[Point]) -> list[str]:
    low, high = way[len(way) // 2 - 1], way[len(way) // 2]
    x, y = low[0] - 0.5 * _SWITCH, 0.5 * (low[1] + high[1] - _SWITCH)
    switch = drawing.box(x, y, _SWITCH, _SWITCH, tie.fill, tie.tip)
    return [f'<g class="{"tie" if tie.closed else "open tie"}">{drawing.line(*way)}{switch}</g>']
