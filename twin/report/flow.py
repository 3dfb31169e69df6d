"""Energy flow from the feed to the ambient: a Sankey drawing of the edges in the books."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from twin.judge.result import group, texts, values
from twin.report import style

_BAR = 0.16
_GAP = 0.03
# Small parts get room for two lines of words.
_LEAST_ROOM = 0.09
_UNSEEN = "\0"


class Edge(NamedTuple):
    """Energy [J] that goes from one part to another."""

    source: str
    target: str
    energy_j: float


class Leg(NamedTuple):
    """A flow between neighbouring layers; ``bought`` where it is electricity from the feed, else it is heat."""

    source: str
    target: str
    energy_j: float
    bought: bool


class _Place(NamedTuple):
    x: float
    low: float
    high: float


def edges(tree: xr.DataTree) -> list[Edge]:
    """The flows of the books that carry anything."""
    books = group(tree, "books")
    if books is None or "energy_j" not in books:
        return []
    rows = zip(texts(books, "source"), texts(books, "target"), values(books, "energy_j"), strict=True)
    return [Edge(source, target, float(energy)) for source, target, energy in rows if energy > 0.0]


def layers(flows: Sequence[Edge | Leg]) -> dict[str, int]:
    """How many steps each part lies from the start, by its longest way; loops do not hang it."""
    depth = {name: 0 for flow in flows for name in (flow.source, flow.target)}
    for _ in range(len(depth)):
        moved = [flow for flow in flows if depth[flow.target] <= depth[flow.source]]
        if not moved:
            break
        for flow in moved:
            depth[flow.target] = depth[flow.source] + 1
    return depth


def through(flows: Sequence[Edge | Leg]) -> dict[str, float]:
    """Energy through each part [J]: the greater of what comes and what goes, since some is kept."""
    leaves: dict[str, float] = defaultdict(float)
    arrives: dict[str, float] = defaultdict(float)
    for flow in flows:
        leaves[flow.source] += flow.energy_j
        arrives[flow.target] += flow.energy_j
    return {name: max(leaves[name], arrives[name]) for name in layers(flows)}


def routed(flows: list[Edge]) -> list[Leg]:
    """The same flows, each in legs of one layer: long ones pass unseen places, not through parts."""
    depth = layers(flows)
    legs: list[Leg] = []
    for i, flow in enumerate(flows):
        between = range(depth[flow.source] + 1, depth[flow.target])
        stops = [flow.source, *(f"{_UNSEEN}{i}-{level}" for level in between), flow.target]
        bought = depth[flow.source] == 0
        legs += [Leg(begin, end, flow.energy_j, bought) for begin, end in pairwise(stops)]
    return legs


@style.drawn
def energy_flow(tree: xr.DataTree) -> Figure | None:
    """Where the energy bought went; widths are proportional, labels are MWh and the share of what was bought."""
    flows = edges(tree)
    if not flows:
        return None
    size = through(flows)
    total = max(size.values())
    legs = routed(flows)
    places = _places(legs, total)
    figure, (axes,) = style.sheet(height_in=4.2)
    axes.axis("off")
    leave, arrive = ({name: place.high for name, place in places.items()} for _ in range(2))
    for leg in sorted(legs, key=lambda leg: (-places[leg.source].high, -places[leg.target].high)):
        _ribbon(axes, leg, places, (leave, arrive), total)
    words = _energy_words(total)
    for name, energy in size.items():
        _part(axes, places[name], f"{name}\n{words(energy)}, {100.0 * energy / total:.1f} %")
    last = max(place.x for place in places.values())
    axes.set_xlim(-0.05, last + 1.05)
    axes.set_ylim(min(place.low for place in places.values()) - 0.06, max(p.high for p in places.values()) + 0.06)
    return figure


def _places(flows: list[Leg], total: float) -> dict[str, _Place]:
    depth, size = layers(flows), through(flows)
    places: dict[str, _Place] = {}
    for level in range(max(depth.values()) + 1):
        here = [name for name in depth if depth[name] == level]
        centre = {name: _pull(name, flows, places) for name in here}
        here.sort(key=lambda name: -centre[name])
        heights = [max(size[name] / total, 0.004) for name in here]
        least = [0.0 if name.startswith(_UNSEEN) else _LEAST_ROOM for name in here]
        rooms = [max(height, low) + _GAP for height, low in zip(heights, least, strict=True)]
        top = 0.5 * sum(rooms)
        for name, height, room in zip(here, heights, rooms, strict=True):
            middle = top - 0.5 * room
            places[name] = _Place(float(level), middle - 0.5 * height, middle + 0.5 * height)
            top -= room
    return places


def _pull(name: str, flows: list[Leg], places: dict[str, _Place]) -> float:
    """Mean height of what feeds a part, weighted by energy."""
    fed = [(flow.energy_j, places[flow.source]) for flow in flows if flow.target == name and flow.source in places]
    weight = sum(energy for energy, _ in fed)
    return sum(energy * 0.5 * (place.low + place.high) for energy, place in fed) / weight if weight else 0.0


def _ribbon(
    axes: Axes, flow: Leg, places: dict[str, _Place], ports: tuple[dict[str, float], dict[str, float]], total: float
) -> None:
    leave, arrive = ports
    height = flow.energy_j / total
    x0 = places[flow.source].x + (0.0 if flow.source.startswith(_UNSEEN) else _BAR)
    x1 = places[flow.target].x
    y0, y1 = leave[flow.source], arrive[flow.target]
    leave[flow.source] -= height
    arrive[flow.target] -= height
    bend = 0.5 * (x0 + x1)
    points = [
        (x0, y0), (bend, y0), (bend, y1), (x1, y1),
        (x1, y1 - height), (bend, y1 - height), (bend, y0 - height), (x0, y0 - height), (x0, y0),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    color = style.POWER if flow.bought else style.RETURN
    axes.add_patch(PathPatch(Path(points, codes), facecolor=color, alpha=0.35, linewidth=0.0))


def _energy_words(total_j: float) -> Callable[[float], str]:
    """Energies in one unit, all with the digits that the total has at four figures."""
    joules, unit = (3.6e9, "MWh") if total_j >= 3.6e9 else (3.6e6, "kWh")
    digits = int(np.clip(3 - np.floor(np.log10(total_j / joules)), 0, 3))
    return lambda energy_j: f"{energy_j / joules:,.{digits}f} {unit}"


def _part(axes: Axes, place: _Place, label: str) -> None:
    height = place.high - place.low
    axes.add_patch(Rectangle((place.x, place.low), _BAR, height, facecolor=style.INK, linewidth=0.0))
    # Words beside a bar lower than they are lie on ribbons of other parts and between them.
    ground = {"facecolor": style.PAPER, "alpha": 0.8, "pad": 0.6, "linewidth": 0.0} if height < _LEAST_ROOM else None
    middle = 0.5 * (place.low + place.high)
    axes.text(place.x + _BAR + 0.03, middle, label, va="center", ha="left", fontsize=7.0, bbox=ground)
