"""The one-line diagram: what reads as a line, and that everything has a place of its own."""

import re

import numpy as np
import pytest
import xarray as xr

from twin.report import diagram, drawing
from twin.report.feeders import Stop, Tree


def feeder(name):
    """A feeder with two strings of unit substations behind one another, as name, parent, kind."""
    nodes = [(name, "bar", "cable")]
    for side, count in (("a", 8), ("m", 2)):
        above = name
        for i in range(count):
            board = f"hall-{name}-{side}-{i + 1:02d}"
            nodes += [(f"x{board}", above, "cable"), (board, f"x{board}", "transformer")]
            above = f"x{board}"
    return nodes


def deep():
    """Taps that feed whole trees, so that no row can show them."""
    nodes, above = [("feed", "", "source")], "feed"
    for i in range(5):
        nodes += [
            (f"tap-{i}", above, "cable"), (f"tx-{i}", f"tap-{i}", "transformer"), (f"bar-{i}", f"tx-{i}", "busbar")
        ]  # fmt: skip
        nodes += [(f"bar-{i}-out-{k}", f"bar-{i}", "cable") for k in range(3)]
        above = f"tap-{i}"
    return nodes


SITE = [("feed", "", "source"), ("bar", "feed", "busbar"), *(node for k in range(18) for node in feeder(f"{k}"))]
TREES = {
    "site": SITE,
    "deep": deep(),
    "ladder": [("n0", "", "source"), *((f"n{i}", f"n{i - 1}", "transformer") for i in range(1, 16))],
    "folded": [
        ("feed", "", "source"),
        *((f"a-very-long-board-name-{i:02d}", "feed", "transformer") for i in range(40)),
    ],
    "spare": [("feed", "", "source"), ("c1", "feed", "cable"), ("c2", "c1", "cable")],
    "alone": [("feed", "", "source")],
}


def shape(nodes):
    return Tree({n[0]: n[1] for n in nodes}, {n[0]: n[2] for n in nodes})


def result(nodes, loading=0.5, voltage=1.0):
    count = len(nodes)
    held = {
        "loading_max": (("time", "node"), np.full((3, count), loading)),
        "voltage_pu_min": (("time", "node"), np.full((3, count), voltage)),
        "rating_va": ("node", np.full(count, 1e6)),
        "limit_w": ("node", np.array([2e6] + [np.nan] * (count - 1))),
        "parent": ("node", [n[1] for n in nodes]),
        "kind": ("node", [n[2] for n in nodes]),
    }
    coords = {"time": [60.0, 120.0, 180.0], "node": [n[0] for n in nodes]}
    tree = xr.DataTree.from_dict({"/electrical": xr.Dataset(held, coords=coords)})
    tree.attrs = {"start": "2026-07-15T14:00:00-05:00"}
    return tree


def test_a_feeder_is_two_lines_of_stops_in_order():
    first, second = shape(SITE).lines("0")
    assert [stop.name for stop in first] == [f"hall-0-a-{i:02d}" for i in range(1, 9)]
    assert second[1] == Stop("hall-0-m-02", ["xhall-0-m-02"])


def test_a_chain_is_told_by_shape_and_ends_where_it_ends():
    tree = shape(
        [
            ("s", "", "source"), ("c1", "s", "cable"), ("b1", "c1", "transformer"), ("c2", "c1", "cable"),
            ("c3", "c2", "cable"), ("b2", "c3", "transformer"), ("c4", "c3", "cable"),
        ]
    )  # fmt: skip
    assert tree.lines("c1") == [[Stop("b1", []), Stop("b2", ["c2", "c3"]), Stop("", ["c4"])]]
    assert tree.lines("s") is None


def test_a_cable_continues_in_the_column_of_the_one_before():
    places = {place.name: place for place in shape(deep()).places()}
    assert {places[f"tap-{i}"].level for i in range(5)} == {1}
    assert places["tap-4"].continues
    assert not places["tap-0"].continues


def boxes(drawn):
    found = re.findall(r'<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"[^>]*><title>([^ ]+) ', drawn)
    return {name: tuple(map(float, numbers)) for *numbers, name in found}


def size(drawn):
    return [float(number) for number in re.search(r'viewBox="0 0 (\S+) ([^"]+)"', drawn).groups()]


@pytest.mark.parametrize("nodes", TREES.values(), ids=TREES)
def test_every_node_has_a_place_that_no_other_touches(nodes):
    drawn = diagram.one_line(result(nodes))
    placed = boxes(drawn)
    assert set(placed) == {n[0] for n in nodes}
    x, y, width, height = np.array(list(placed.values())).T
    across = np.minimum.outer(x + width, x + width) - np.maximum.outer(x, x)
    along = np.minimum.outer(y + height, y + height) - np.maximum.outer(y, y)
    assert ((across > 0.5) & (along > 0.5)).sum() == len(nodes)
    assert (x + width).max() <= size(drawn)[0] + 1.0
    assert (y + height).max() <= size(drawn)[1] + 0.5


def test_eighteen_feeders_of_ten_fit_the_page():
    drawn = diagram.one_line(result(SITE))
    width, height = size(drawn)
    assert width == drawing.PAGE
    assert height < 1200.0
    placed = boxes(drawn)
    assert len({placed[f"hall-0-{name}"][1] for name in ("a-01", "a-08", "m-01", "m-02")}) == 1


TIED = [
    ("feed", "", "source"), ("t1", "feed", "transformer"), ("t2", "feed", "transformer"),
    *((f"{bar}-{side}", bar, "cable") for bar in ("t1", "t2") for side in "ab"),
    *((f"x{k}", above, kind) for k, above, kind in
      ((1, "t1-a", "cable"), (2, "t1-b", "cable"), (3, "t2-a", "cable"), (4, "t2-b", "cable"))),
    *((f"board-{k}", f"x{k}", "transformer") for k in range(1, 5)),
]  # fmt: skip


def tied(power_w):
    """Two busbars with two feeders each, a coupler between the bars and a tie between ends of the first feeders."""
    nodes = [*TIED, ("coupler", "t1", "tie"), ("tie", "x1", "tie")]
    tree = result(nodes)
    held = tree["electrical"].to_dataset()
    held["to"] = "node", ["feed", *(name for name, *_ in TIED[1:]), "t2", "x2"]
    held["power_w"] = ("time", "node"), np.tile([*[1e6] * len(TIED), power_w, 0.0], (3, 1))
    tree["electrical"] = xr.DataTree(held)
    return diagram.one_line(tree)


def test_boards_of_a_feeder_hang_on_it_side_by_side():
    drawn = diagram.one_line(result(SITE))
    placed = boxes(drawn)
    conductor = placed["xhall-0-a-01"][1] + 3.0
    for board in ("hall-0-a-01", "hall-0-a-05", "hall-0-m-02"):
        x, y, width, _ = placed[board]
        assert conductor < y - 10.0
        assert f'L{x + width / 2:.5g} {conductor:.5g}L{x + width / 2:.5g} {y:.5g}" class="wire"' in drawn


def test_open_ties_are_dashed_between_their_buses_and_closed_ones_are_not():
    drawn = tied(0.0)
    assert len(re.findall('<g class="open tie">', drawn)) == 2
    assert "coupler (tie), open: between t1 and t2" in drawn
    assert len(re.findall('class="bus"', drawn)) == 3
    bars = [
        re.search(r"M(\S+) (\S+)L(\S+) ([^\"]+)", path).groups()
        for path in re.findall(r'<path[^>]*class="bus"/>', drawn)
    ]
    one, two = (tuple(map(float, bar)) for bar in bars[1:])
    way = re.search(r'<g class="open tie"><path d="M(\S+) (\S+)L(\S+) ([^"]+)"', drawn).groups()
    assert tuple(map(float, way)) == (one[2], one[3], two[0], two[1])
    closed = tied(2e6)
    assert len(re.findall('<g class="open tie">', closed)) == 1
    assert len(re.findall('<g class="tie">', closed)) == 1
    assert "Ties that were closed" in closed


def test_overloaded_and_dead_are_marked():
    drawn = diagram.one_line(result(TREES["alone"], loading=1.3, voltage=0.0))
    assert 'class="over dead"' in drawn
    assert "limit 2 MW: at most 130.0 %" in drawn
    assert "without voltage in 3 min" in drawn
    assert "above 100 %" in drawn
    calm = diagram.one_line(result(TREES["alone"]))
    assert "dead" not in calm
    assert "above 100 %" not in calm
