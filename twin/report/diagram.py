"""One-line diagram: the electrical tree from the feed to the boards, coloured by its greatest loading.

Parts that branch stand in columns from the left, what hangs on one side by side on its busbar. A feeder is one row:
a conductor with its sections as coloured pieces, and its unit substations below it, each on a tap of its own. Further
lines from the same head start below the first. Ties are dashed while they are open.
"""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import xarray as xr

from twin.judge.result import ClockTime, durations_s, group, texts, values
from twin.judge.words import span
from twin.report import drawing
from twin.report.feeders import Line, Place, Stop, Tree
from twin.report.tie_lines import Point, Tie, tie_lines

_COLUMN = 104.0
_BOX = (84.0, 27.0)
_TOP = 68.0
_ROW, _BREAK = 52.0, 12.0
_DROP = 12.0
"""From the conductor of a row down to its boxes."""
_GAP = 12.0
_BAR = 6.0
"""From a box to the busbar it feeds."""
_PITCH = (48.0, 96.0)
# Width of a letter of the small type, on the safe side.
_LETTER = 6.0
_OVER = "#b3261e"


class Node(NamedTuple):
    """One electrical node: its greatest loading (1), whether it was ever without voltage, and what its tip says."""

    name: str
    loading: float
    dead: bool
    tip: str
    kind: str = ""


class Sheet(NamedTuple):
    """What all rows share: nodes by name, colours, where rows begin and end, and how far their boxes stand apart."""

    nodes: dict[str, Node]
    scale: drawing.Scale
    start: float
    end: float
    pitch: float


class Spot(NamedTuple):
    """A stop in its place: left edge of its box, the row's fold it stands in, and whether it begins its line."""

    stop: Stop
    x: float
    fold: int
    label: str
    first: bool


def one_line(tree: xr.DataTree) -> str | None:
    """The diagram as SVG."""
    dataset = group(tree, "electrical")
    if dataset is None or dataset.sizes.get("time", 0) == 0:
        return None
    names, parents, kinds = (texts(dataset, name) for name in ("node", "parent", "kind"))
    # A tie hangs on two buses; the tree is the one that was built.
    built = [(name, parent, kind) for name, parent, kind in zip(names, parents, kinds, strict=True) if kind != "tie"]
    places = Tree({name: parent for name, parent, _ in built}, {name: kind for name, _, kind in built}).places()
    sheet = _sheet({node.name: node for node in _nodes(dataset, ClockTime.of(tree))}, places)
    spots = {place.name: _spots(place, sheet) for place in places}
    middle, bottom = _middles(places, spots)
    parts, buses = _key(sheet), _buses(places, spots, middle, sheet)
    parts += _ties(dataset, sheet, buses)
    for place in places:
        x, y = place.level * _COLUMN, middle[place.name]
        below = [one for one in places if one.parent == place.name]
        parts += [_lead(x, y, one, middle[one.name], sheet) for one in below]
        if len(buses[place.name]) > 1:
            parts.append(drawing.line(*buses[place.name], kind="bus"))
        parts += _row(spots[place.name], x + _BOX[0], y, sheet)
        parts += _box(sheet.nodes[place.name], place.name, (x, y, _BOX[0]), sheet.scale)
    closed, bottom = _closed_ties(dataset, sheet, bottom)
    return drawing.picture(sheet.end, bottom, parts + closed, "one-line diagram")


def _buses(
    places: list[Place], spots: dict[str, list[Spot]], middle: dict[str, float], sheet: Sheet
) -> dict[str, list[Point]]:
    """Where each bus can be reached: both ends of a busbar, else the one point a part feeds."""
    found: dict[str, list[Point]] = {}
    for place in places:
        x, y = place.level * _COLUMN + _BOX[0], middle[place.name]
        hung = [middle[one.name] for one in places if one.parent == place.name and not one.continues]
        found[place.name] = [(x + _BAR, min(hung)), (x + _BAR, max(hung))] if len(hung) > 1 else [(x, y)]
        for spot in spots[place.name]:
            tap = spot.x + 0.5 * (sheet.pitch - _GAP) if spot.stop.name else spot.x
            at = y + _ROW * spot.fold
            found |= {name: [(tap, _conductor(at))] for name in spot.stop.sections}
            found |= {spot.stop.name: [(tap, at + 0.5 * _BOX[1])]} if spot.stop.name else {}
    return found


def _conductor(y: float) -> float:
    return y - 0.5 * _BOX[1] - _DROP


def _ties(dataset: xr.Dataset, sheet: Sheet, buses: dict[str, list[Point]]) -> list[str]:
    """Ties between busbars straight, those between ends of feeders around their last boxes."""
    if "to" not in dataset:
        return []
    kinds, parents, others = (texts(dataset, name) for name in ("kind", "parent", "to"))
    bars: list[Tie] = []
    ends: list[Tie] = []
    for i, name in enumerate(texts(dataset, "node")):
        if kinds[i] == "tie":
            closed = bool(np.any(values(dataset, "power_w")[:, i] != 0.0))
            node, two = sheet.nodes[name], (parents[i], others[i])
            tip = node.tip if closed else f"{name} (tie), open: between {two[0]} and {two[1]}"
            tie = Tie(name, two, _fill(node, sheet.scale) if closed else "var(--card)", closed, tip)
            (bars if all(len(buses.get(bus, ())) > 1 for bus in two) else ends).append(tie)
    return tie_lines(bars, buses, 0.0) + tie_lines(ends, buses, 0.5 * sheet.pitch)


def _closed_ties(dataset: xr.Dataset, sheet: Sheet, bottom: float) -> tuple[list[str], float]:
    """Ties that carried power, as boxes below the tree, and the new bottom."""
    names, of = texts(dataset, "node"), np.flatnonzero(np.array(texts(dataset, "kind")) == "tie")
    ties = [names[i] for i in of if np.any(values(dataset, "power_w")[:, i] != 0.0)]
    if not ties:
        return [], bottom
    parts, across = [drawing.words(0.0, bottom + 20.0, "Ties that were closed", "small")], int(sheet.end // _COLUMN)
    for i, name in enumerate(ties):
        at = (i % across * _COLUMN, bottom + 44.0 + i // across * _ROW, _BOX[0])
        parts += _box(sheet.nodes[name], name, at, sheet.scale)
    return parts, bottom + 44.0 + (len(ties) - 1) // across * _ROW + 0.5 * _BOX[1]


def _nodes(dataset: xr.Dataset, clock: ClockTime) -> Iterator[Node]:
    time, loading, voltage = (values(dataset, name) for name in ("time", "loading_max", "voltage_pu_min"))
    rating, duration = values(dataset, "rating_va"), durations_s(dataset)
    limit = values(dataset, "limit_w") if "limit_w" in dataset else np.full(len(rating), np.nan)
    when = np.where(np.isnan(loading), -np.inf, loading).argmax(axis=0)
    for i, (name, kind) in enumerate(zip(texts(dataset, "node"), texts(dataset, "kind"), strict=True)):
        most, dead = float(loading[when[i], i]), voltage[:, i] <= 0.0
        full = f"limit {limit[i] / 1e6:.4g} MW" if np.isfinite(limit[i]) else f"rated {rating[i] / 1e6:.4g} MVA"
        if len(time) == 1:
            tip = f"{name} ({kind}), {full}: {100.0 * most:.1f} %; {voltage[0, i]:.3f} pu"
            yield Node(name, most, bool(dead.any()), tip, kind)
            continue
        tip = f"{name} ({kind}), {full}: at most {100.0 * most:.1f} % at "
        tip += f"{clock.text(time[when[i]])}; lowest voltage (1 s mean) {np.fmin.reduce(voltage[:, i]):.3f} pu"
        if dead.any():
            first = int(dead.argmax())
            tip += f"; without voltage in {span(float(duration[dead].sum()))}, first in the minute before "
            tip += clock.text(time[first])
        yield Node(name, most, bool(dead.any()), tip, kind)


def _sheet(nodes: dict[str, Node], places: list[Place]) -> Sheet:
    start = (max(place.level for place in places) + 1) * _COLUMN
    end = max(drawing.PAGE, start + 4.0 * _PITCH[1])
    pitch = _PITCH[1]
    for place in places:
        boxes = sum(len(line) for line in place.lines)
        if boxes:
            free = end - start - sum(_label_width(_label(line)) for line in place.lines)
            pitch = min(pitch, free / boxes)
    return Sheet(nodes, drawing.Scale(0.0, 100.0, drawing.LOADING, "%"), start, end, max(pitch, _PITCH[0]))


def _label(line: Line) -> str:
    """What the names on a line begin with, up to a separator: it stands once before them."""
    letters = zip(*(stop.name for stop in line if stop.name), strict=False)
    shared = "".join(same[0] for same in takewhile(lambda some: len(set(some)) == 1, letters))
    return re.sub(r"[^-_/. ]*$", "", shared)


def _label_width(label: str) -> float:
    return _LETTER * min(len(label), 12) + _GAP


def _spots(place: Place, sheet: Sheet) -> list[Spot]:
    """Every stop of a row in its place; what does not fit folds into the next line."""
    found: list[Spot] = []
    x, fold = sheet.start, 0
    for line in place.lines:
        label = _label(line)
        for i, stop in enumerate(line):
            x += _label_width(label) if i == 0 else 0.0
            if x + sheet.pitch - _GAP > sheet.end + 1.0:
                x, fold = sheet.start + _label_width(label), fold + 1
            found.append(Spot(stop, x, fold, label, i == 0))
            x += sheet.pitch
    return found


def _middles(places: list[Place], spots: dict[str, list[Spot]]) -> tuple[dict[str, float], float]:
    """Height of each part drawn in a column: a row's own, else half way between what hangs on it; and the bottom."""
    middle: dict[str, float] = {}
    branching = {place.parent for place in places if not place.continues}
    y, before = _TOP, ""
    for place in places:
        if place.name not in branching:
            y += _BREAK if before not in ("", place.parent) else 0.0
            middle[place.name], before = y, place.parent
            y += _ROW * (1 + max((spot.fold for spot in spots[place.name]), default=0))
    for place in reversed(places):
        if place.name in branching:
            hung = [middle[one.name] for one in places if one.parent == place.name and not one.continues]
            middle[place.name] = 0.5 * (hung[0] + hung[-1])
    return middle, y - 0.5 * (_ROW - _BOX[1])


def _lead(x: float, y: float, below: Place, to: float, sheet: Sheet) -> str:
    """The conductor from a part at ``x``, ``y`` to one that hangs on it at the height ``to``."""
    if below.continues:
        return drawing.line((x + 8.0, y), (x + 8.0, to))
    bus = x + _BOX[0] + _BAR
    wire = drawing.line((x + _BOX[0], y), (bus, y), (bus, to), (x + _COLUMN, to))
    if sheet.nodes[below.name].kind != "transformer":
        return wire
    return wire + drawing.ring(bus + 5.0, to, 3.5) + drawing.ring(bus + 9.5, to, 3.5)


def _row(spots: list[Spot], x: float, y: float, sheet: Sheet) -> list[str]:
    """A row to the right of its head, whose right edge is ``x``: wires first, then sections, labels and boxes."""
    wires, marks = [], []
    before, along = (x, y), 0.5 * (sheet.pitch - _GAP)
    if spots:
        wires.append(drawing.line((x, y), (x + 4.0, y), (x + 4.0, _conductor(y))))
        before = (x + 4.0, _conductor(y))
    for i, spot in enumerate(spots):
        at = _conductor(y + _ROW * spot.fold)
        wires.append(drawing.line(*_way(spot, before, (x, y), at, sheet), (spot.x, at)) if i else
                     drawing.line(before, (spot.x, at)))  # fmt: skip
        if spot.first:
            marks.append(drawing.words(spot.x - _GAP - 2.0, at + 11.0, _clipped(spot.label, 12), "small", "end"))
        marks += _sections(spot.stop.sections, spot.x - _GAP, at, sheet)
        before = (spot.x, at)
        if spot.stop.name:
            width, low = sheet.pitch - _GAP, at + _DROP
            wires.append(drawing.line((spot.x, at), (spot.x + along, at), (spot.x + along, low)))
            if sheet.nodes[spot.stop.name].kind == "transformer":
                marks += [drawing.ring(spot.x + along, low - h, 2.8) for h in (7.4, 3.6)]
            name = _clipped(spot.stop.name.removeprefix(spot.label), int((width + 2.0) / _LETTER))
            marks += _box(sheet.nodes[spot.stop.name], name, (spot.x, low + 0.5 * _BOX[1], width), sheet.scale)
            before = (spot.x + along, at)
    return wires + marks


def _way(
    spot: Spot, before: tuple[float, float], head: tuple[float, float], at: float, sheet: Sheet
) -> list[tuple[float, float]]:
    """The points a wire passes on its way to a stop that is not the first of its row."""
    if spot.first:
        trunk, low, start = head[0] + 4.0, at + _DROP + _BOX[1] + 6.0, spot.x - _label_width(spot.label) - 2.0
        return [head, (trunk, head[1]), (trunk, low), (start, low), (start, at)]
    if before[1] != at:
        half, left = at - 6.0, sheet.start - 3.0
        return [before, (before[0] + 4.0, before[1]), (before[0] + 4.0, half), (left, half), (left, at)]
    return [before]


def _sections(names: list[str], x: float, y: float, sheet: Sheet) -> list[str]:
    """The cable sections that lead to a stop, side by side as one piece of line."""
    parts = []
    for i, name in enumerate(names):
        node, width = sheet.nodes[name], _GAP / len(names)
        piece = drawing.box(x + i * width, y - 3.0, width, 6.0, _fill(node, sheet.scale), node.tip)
        parts.append(f'<g class="{_frame(node)}">{piece}</g>')
    return parts


def _box(node: Node, name: str, place: tuple[float, float, float], scale: drawing.Scale) -> list[str]:
    """A part as a box with its name and its greatest loading; crossed out where it was without voltage."""
    x, y, width = place
    low, high = y + 0.5 * _BOX[1], y - 0.5 * _BOX[1]
    frame = drawing.box(x, high, width, _BOX[1], _fill(node, scale), node.tip)
    if node.dead:
        frame += drawing.line((x, low), (x + width, high)) + drawing.line((x, high), (x + width, low))
    ink = "#ffffff" if node.loading > 1.0 else "#15202b"
    share = f"{100.0 * node.loading:.0f} %" if np.isfinite(node.loading) else "–"
    lines = (y - 2.0, _clipped(name, int((width + 2.0) / _LETTER))), (y + 9.0, share)
    text = "".join(drawing.words(x + 0.5 * width, at, line, "label", "middle") for at, line in lines)
    return [f'<g class="{_frame(node)}">{frame}</g><g fill="{ink}">{text}</g>']


def _frame(node: Node) -> str:
    return " ".join(["over" if node.loading > 1.0 else "part", *["dead"] * node.dead])


def _fill(node: Node, scale: drawing.Scale) -> str:
    return _OVER if node.loading > 1.0 else scale.color(100.0 * node.loading)


def _clipped(text: str, letters: int) -> str:
    return text if len(text) <= letters else "…" + text[-max(1, letters - 1) :]


def _key(sheet: Sheet) -> list[str]:
    """The colours, and the marks that occur."""
    parts = [drawing.words(0.0, 9.0, "Greatest loading, share of the rating or limit", "small")]
    parts += sheet.scale.key(sheet.end - 160.0, 0.0)
    x = 330.0
    marks = (
        (Node("", 2.0, False, ""), "above 100 %", any(node.loading > 1.0 for node in sheet.nodes.values())),
        (Node("", np.nan, True, ""), "without voltage for a time", any(node.dead for node in sheet.nodes.values())),
    )
    for node, words, occurs in marks:
        if occurs:
            sample = drawing.box(x, 0.0, 18.0, 11.0, _fill(node, sheet.scale))
            cross = drawing.line((x, 11.0), (x + 18.0, 0.0)) + drawing.line((x, 0.0), (x + 18.0, 11.0))
            parts += [f'<g class="{_frame(node)}">{sample}{cross if node.dead else ""}</g>']
            parts.append(drawing.words(x + 24.0, 9.0, words, "small"))
            x += 24.0 + _LETTER * len(words) + 16.0
    return parts
