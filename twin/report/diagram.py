"""One-line diagram: the electrical tree from the feed to the boards, coloured by its greatest loading.

Parts that branch further stand in columns from the left; a part whose children branch no more is a row with its
children as small boxes, so that a feeder and its unit substations read as one line.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.result import ClockTime, group, texts, values
from twin.report import drawing

_WIDTH = 1040.0
_COLUMN = 118.0
_BOX = (98.0, 26.0)
_LEAF = (43.0, 20.0)
_STEP = 46.0
_ROW = 34.0


class Node(NamedTuple):
    """One electrical node with what its box shows."""

    name: str
    parent: str
    kind: str
    loading: float
    tip: str


class Row(NamedTuple):
    """A part and what hangs on it; ``y`` is its middle."""

    head: str
    leaves: list[str]
    y: float


def one_line(tree: xr.DataTree) -> str | None:
    """The diagram as SVG."""
    dataset = group(tree, "electrical")
    if dataset is None or dataset.sizes.get("time", 0) == 0:
        return None
    nodes = {node.name: node for node in _nodes(dataset, ClockTime.of(tree))}
    children = _children(nodes)
    depth = {head: level for root in children[""] for head, level in _branching(root, children)}
    start = (max(depth.values()) + 1) * _COLUMN
    room = max(1, int((_WIDTH - start) // _STEP))
    rows = _rows(children, room)
    middle = _middles(children, rows)
    scale = drawing.Scale(0.0, 100.0, drawing.LOADING, "%")
    parts = [
        drawing.words(0.0, 12.0, "Greatest loading of the run, share of the rating; a heavy frame is above it", "small")
    ]
    parts += scale.key(_WIDTH - 160.0, 0.0)
    for head, level in depth.items():
        parts += _part(nodes[head], level * _COLUMN, middle[head], scale)
        below = [child for child in children[head] if child in depth]
        parts += _wires(level * _COLUMN + _BOX[0], middle[head], [middle[child] for child in below])
    for row in rows:
        parts += _leaves(row, nodes, depth, room, scale, start)
    return drawing.picture(_WIDTH, _bottom(rows, room), parts, "one-line diagram")


def _nodes(dataset: xr.Dataset, clock: ClockTime) -> Iterator[Node]:
    time, loading, voltage = (values(dataset, name) for name in ("time", "loading_max", "voltage_pu_min"))
    rating = values(dataset, "rating_va")
    filled = np.where(np.isnan(loading), -np.inf, loading)
    when = filled.argmax(axis=0)
    columns = zip(texts(dataset, "node"), texts(dataset, "parent"), texts(dataset, "kind"), strict=True)
    for i, (name, parent, kind) in enumerate(columns):
        most = float(loading[when[i], i])
        tip = (
            f"{name} ({kind}), rated {rating[i] / 1e6:.4g} MVA: at most {100.0 * most:.1f} % at "
            f"{clock.text(time[when[i]])}; lowest voltage {np.fmin.reduce(voltage[:, i]):.3f} pu"
        )
        yield Node(name, parent, kind, most, tip)


def _children(nodes: dict[str, Node]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {name: [] for name in ("", *nodes)}
    for node in nodes.values():
        children[node.parent if node.parent in nodes else ""].append(node.name)
    return children


def _is_row(name: str, children: dict[str, list[str]]) -> bool:
    """Whether nothing below branches further: the part and all below it fit one row."""
    return all(len(children[below]) <= 1 for below in _below(name, children))


def _below(name: str, children: dict[str, list[str]]) -> Iterator[str]:
    for child in children[name]:
        yield child
        yield from _below(child, children)


def _branching(name: str, children: dict[str, list[str]], level: int = 0) -> Iterator[tuple[str, int]]:
    """The parts drawn in columns, with their column."""
    yield name, level
    if not _is_row(name, children):
        for child in children[name]:
            yield from _branching(child, children, level + 1)


def _rows(children: dict[str, list[str]], room: int) -> list[Row]:
    rows: list[Row] = []
    y = 52.0
    heads = [head for root in children[""] for head, _ in _branching(root, children) if _is_row(head, children)]
    for head in heads:
        leaves = list(_below(head, children))
        rows.append(Row(head, leaves, y))
        y += _ROW + (_LEAF[1] + 4.0) * (max(1, -(-len(leaves) // room)) - 1)
    return rows


def _bottom(rows: list[Row], room: int) -> float:
    lines = max(1, -(-len(rows[-1].leaves) // room))
    return rows[-1].y + _ROW + (_LEAF[1] + 4.0) * (lines - 1)


def _middles(children: dict[str, list[str]], rows: list[Row]) -> dict[str, float]:
    """Height of each part drawn in a column: a row's own, else half way between its first and last child."""
    middle = {row.head: row.y for row in rows}

    def find(name: str) -> float:
        if name not in middle:
            heights = [find(child) for child in children[name]]
            middle[name] = 0.5 * (heights[0] + heights[-1])
        return middle[name]

    for root in children[""]:
        find(root)
    return middle


def _part(node: Node, x: float, y: float, scale: drawing.Scale) -> list[str]:
    width, height = _BOX
    frame = "over" if node.loading > 1.0 else "part"
    return [
        f'<g class="{frame}">{drawing.box(x, y - height / 2, width, height, "var(--card)", node.tip)}</g>',
        drawing.box(x, y + height / 2 - 4.0, width, 4.0, scale.color(100.0 * node.loading)),
        drawing.words(x + 5.0, y + 2.0, node.name, "small"),
        drawing.words(x + width - 4.0, y + 2.0, _percent(node.loading), "small", "end"),
    ]


def _wires(x: float, y: float, below: list[float]) -> list[str]:
    if not below:
        return []
    bus = x + 0.5 * (_COLUMN - _BOX[0])
    right = x + _COLUMN - _BOX[0]
    low, high = min(*below, y), max(*below, y)
    wires = [drawing.line((x, y), (bus, y)), drawing.line((bus, low), (bus, high))]
    return wires + [drawing.line((bus, middle), (right, middle)) for middle in below]


def _leaves(
    row: Row, nodes: dict[str, Node], depth: dict[str, int], room: int, scale: drawing.Scale, start: float
) -> list[str]:
    if not row.leaves:
        return []
    width, height = _LEAF
    last = start + _STEP * (min(room, len(row.leaves)) - 1)
    parts = [drawing.line((depth[row.head] * _COLUMN + _BOX[0], row.y), (last, row.y))]
    for i, name in enumerate(row.leaves):
        x, y = start + _STEP * (i % room), row.y + (height + 4.0) * (i // room)
        node = nodes[name]
        frame = "over" if node.loading > 1.0 else "part"
        square = drawing.box(x, y - height / 2, width, height, scale.color(100.0 * node.loading), node.tip)
        lines = ((y - 1.5, _short(name)), (y + 7.5, _percent(node.loading)))
        text = "".join(drawing.words(x + width / 2, at, line, "tiny", "middle") for at, line in lines)
        parts.append(f'<g class="{frame}">{square}</g><g fill="#15202b">{text}</g>')
    return parts


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %" if np.isfinite(share) else "–"


def _short(name: str) -> str:
    """``hall-1-us-07`` as ``1-us-07``: what fits a small box; pointing at it shows the whole name."""
    short = name.removeprefix("hall-")
    return short if len(short) <= 9 else "…" + short[-8:]
