"""Figures by what is drawn: labels with units, lines, boxes; never pixels."""

import re

import numpy as np
import pytest
import xarray as xr

from tests.report import synthetic
from twin.judge.result import ClockTime
from twin.report import (
    diagram,
    figures_heat,
    figures_power,
    figures_watched,
    figures_water,
    figures_work,
    floor,
    flow,
    style,
)

ALL = [
    figures_power.feed,
    figures_power.zooms,
    figures_power.substations,
    figures_power.end_uses,
    figures_heat.loops,
    figures_heat.aisles,
    figures_water.hydraulics,
    figures_heat.plant,
    figures_heat.die_temperatures,
    figures_work.caps_and_work,
]


@pytest.mark.parametrize("draw", ALL, ids=lambda draw: draw.__name__)
def test_every_labelled_axis_has_its_unit(draw, tree):
    for axes in draw(tree).axes:
        if axes.get_ylabel():
            assert re.search(r"\(.+\)|MVA|GPUs in a bin", axes.get_ylabel().replace("\n", " ")), axes.get_ylabel()
        if axes.get_xlabel():
            assert axes.get_xlabel() == "clock time, 15 Jul 2026 (UTC-05:00)"


def test_feed_shows_power_demand_and_limit(tree):
    power, apparent, factor = figures_power.feed(tree).axes
    labels = {text.get_text() for text in power.get_legend().get_texts()}
    assert labels == {"1 s mean (band: least to greatest)", "15 min demand", "limit in force"}
    assert len(apparent.lines) == 2
    assert len(factor.lines) == 1


def test_zooms_show_the_call_and_the_notice(tree):
    assert figures_power.zoom_times(tree) == [1800.0, 3600.0]
    assert [axes.get_title(loc="left") for axes in figures_power.zooms(tree).axes] == [
        "around 15 Jul 14:30:00",
        "around 15 Jul 15:00:00",
    ]


def test_end_uses_are_eight_layers_that_reach_the_feed(tree):
    (axes,) = figures_power.end_uses(tree).axes
    assert len(axes.collections) == 8
    top = max(path.vertices[:, 1].max() for layer in axes.collections for path in layer.get_paths())
    assert top == pytest.approx(3.03, rel=0.01)


def test_loops_have_a_panel_for_each_hall(tree):
    axes = figures_heat.loops(tree).axes
    assert [one.get_title(loc="left") for one in axes] == ["hall-1", "hall-2"]
    assert all(len(one.lines) == 4 for one in axes)


def test_aisles_show_limits_and_leave_out_what_was_not_recorded(tree):
    air, heat = figures_heat.aisles(tree).axes
    labels = [text.get_text() for text in air.get_legend().get_texts()]
    assert labels == [
        "hot aisle", "server inlet, greatest", "cold aisle", "facility supply", "inlet limit", "recommended at most"
    ]  # fmt: skip
    assert heat.lines[1].get_ydata()[0] == pytest.approx(2 * 0.29)
    bare = tree.copy()
    bare["hall"] = xr.DataTree(tree["hall"].to_dataset().drop_vars("server_inlet_c"))
    assert figures_heat.aisles(bare) is None


def test_towers_are_drawn_where_they_work(tree):
    assert figures_heat.towers(tree) is None
    wet = tree.copy()
    hall, site = wet["hall"].to_dataset(), wet["site"].to_dataset()
    hall["free_heat_w"] = xr.full_like(hall["plant_w"], 1.5e6)
    for name, value in (("make_up_kg_s", 0.8), ("evaporation_kg_s", 0.6)):
        site[name] = xr.full_like(site["feed_w"], value)
    wet["hall"], wet["site"] = xr.DataTree(hall), xr.DataTree(site)
    heat, water, air = figures_heat.towers(wet).axes
    assert heat.lines[0].get_ydata()[0] == pytest.approx(1.5 * hall.sizes["hall"])
    assert [text.get_text() for text in water.get_legend().get_texts()] == ["bought", "evaporated"]
    assert len(air.lines) == 2


def test_die_quantiles_against_numpy():
    rng = np.random.default_rng(1)
    temperature = rng.normal(60.0, 5.0, 20000)
    count, edges = np.histogram(temperature, bins=np.arange(30.0, 91.0))
    found = figures_heat.quantiles(edges[:-1], np.ones(60), count[None, :].astype(float), 0.99)
    assert found[0] == pytest.approx(np.quantile(temperature, 0.99), abs=0.1)


def test_quantiles_of_nothing_are_nothing():
    assert np.isnan(figures_heat.quantiles(np.arange(3.0), np.ones(3), np.zeros((1, 3)), 0.5)).all()


def test_envelope_keeps_every_extreme():
    series = np.zeros(86400)
    series[12345], series[54321] = 7.0, -3.0
    _, mean, low, high = style.envelope(np.arange(86400.0), series)
    assert len(mean) == 900
    assert (high.max(), low.min()) == (7.0, -3.0)


def test_corners_keep_the_steps():
    time, series = style.corners(np.arange(1.0, 9.0), np.array([5.0, 5, 5, 3, 3, 3, 4, 4]))
    assert time.tolist() == [1.0, 3.0, 4.0, 6.0, 7.0, 8.0]
    assert series.tolist() == [5.0, 5.0, 3.0, 3.0, 4.0, 4.0]


def test_clock_ticks_lie_on_whole_hours(tree):
    tree = tree.copy()
    tree.attrs["start"] = "2026-07-15T13:47:00-05:00"
    figure, (axes,) = style.sheet()
    style.clock_axis(axes, ClockTime.of(tree), 0.0, 86400.0)
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["14:00", "16:00"]
    assert axes.get_xlabel() == "clock time, 15 Jul to 16 Jul 2026 (UTC-05:00)"
    assert figure is axes.figure


def test_flow_layers_follow_the_longest_way(tree):
    depth = flow.layers(flow.edges(tree))
    assert depth["feed"] == 0
    assert depth["ambient"] == max(depth.values())
    assert depth["chillers"] == depth["facility water"] + 1


def test_flow_ends_on_a_loop():
    loop = [flow.Edge("a", "b", 1.0), flow.Edge("b", "a", 1.0)]
    assert set(flow.layers(loop)) == {"a", "b"}


def test_long_flows_pass_between_the_parts(tree):
    legs = flow.routed(flow.edges(tree))
    depth = flow.layers(legs)
    assert all(depth[leg.target] == depth[leg.source] + 1 for leg in legs)


def test_flow_names_every_part(tree):
    (axes,) = flow.energy_flow(tree).axes
    named = {text.get_text().split("\n")[0] for text in axes.texts}
    assert named == {name for edge in flow.edges(tree) for name in edge[:2]}
    assert all("MWh" in text.get_text() for text in axes.texts)


def test_floor_map_has_every_rack_twice(tree):
    drawn = floor.floor_map(tree)
    for rack in range(1, 13):
        assert drawn.count(f"hall-2/rack-{rack:03d} (h100-hgx-rack): ") == 2


def test_one_line_diagram_has_every_node_and_marks_the_overload(tree):
    drawn = diagram.one_line(tree)
    for name, *_ in synthetic.electrical_tree(synthetic.Size()):
        assert f"<title>{name} (" in drawn
    # One more is the sample in the key.
    assert drawn.count('class="over"') == 2
    assert "lowest voltage (1 s mean) 0.930 pu" in drawn


def test_figures_are_svg_without_fixed_ink(tree):
    drawn = style.to_svg(figures_power.feed(tree), "f")
    assert drawn.startswith('<svg viewBox="')
    assert "var(--ink)" in drawn
    assert style.INK not in drawn


def test_watched_gpus_have_temperatures_and_power(tree):
    watching = tree.copy()
    names = [f"hall-1/rack-001/node-1/gpu-{i + 1}" for i in range(10)]
    data = {name: (("time", "gpu"), np.full((60, 10), 50.0)) for name in ("die_c", "hbm_c", "plate_c", "power_w")}
    watching["watch"] = xr.Dataset(data, coords={"time": np.arange(1.0, 61.0), "gpu": names})
    figure = figures_watched.gpus(watching)
    assert [len(axes.lines) for axes in figure.axes] == [16, 8, 8]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names[:8]
    assert figures_watched.gpus(tree) is None


@pytest.mark.parametrize(
    ("draw", "group", "axis", "names"),
    [
        (figures_watched.cdus, "watch_cdu", "cdu", "supply_c return_c flow_kg_s facility_kg_s valve pump_speed"),
        (figures_watched.halls, "watch_hall", "hall", "supply_c return_c flow_kg_s plant_heat_w plant_w"),
    ],
)
def test_watched_loops_have_a_line_for_each_thing_and_variable(draw, group, axis, names, tree):
    watching = tree.copy()
    data = {name: (("time", axis), np.full((60, 2), 0.5)) for name in names.split()}
    watching[group] = xr.Dataset(data, coords={"time": np.arange(1.0, 61.0), axis: ["a", "b"]})
    figure = draw(watching)
    assert sum(len(axes.lines) for axes in figure.axes) == 2 * len(data)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert draw(tree) is None


@pytest.mark.parametrize("group", ["hall", "cdu", "rack", "electrical", "histogram", "books", "events", "job", "gpu"])
def test_a_result_may_lack_any_group_but_the_site(group, tree):
    less = tree.copy()
    del less[group]
    for draw in (*ALL, flow.energy_flow, floor.floor_map, diagram.one_line):
        draw(less)


def test_a_marked_figure_becomes_a_picture_on_white_paper(tmp_path):
    figure, axes = style.sheet(2)
    style.mark(axes, 3.0, "pump-a trips")
    assert [list(one.lines[0].get_xdata()) for one in axes] == [[3.0, 3.0], [3.0, 3.0]]
    assert [text.get_text() for one in axes for text in one.texts] == ["pump-a trips"]
    picture = style.to_png(figure, tmp_path / "new" / "figure.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
