"""A year of a pod: each step is the site at rest in its air, sums close, and what cannot be is said."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.plant.conftest import TWO_RACKS
from tests.plant.test_rejection import TOWERS
from twin.at_rest import at_rest
from twin.core import fluids
from twin.core.errors import OutputError, RunError, ScenarioError, TraceError
from twin.drive.weather import Weather, WeatherRow
from twin.judge.energy import power_by_use
from twin.judge.months import months
from twin.judge.result import reading
from twin.scenario import Scenario
from twin.site.compile import compile_site
from twin.site.load import load_site
from twin.year import YEAR_S, Load, simulate
from twin.yearly import mean_activity, run_year

SITES = Path(__file__).parents[1] / "site_configs"
START = datetime.fromisoformat("2026-01-01T00:00:00-06:00")
PRESSURE_PA = float(fluids.pressure_at(81.0))
DAY = 86400
SMALL_TOWERS = TOWERS | {"halls.0.plant.towers": TOWERS["halls.0.plant.towers"] | {"exchanger": {"ua": "60 kW/K"}}}


def year(changes, air, activity=0.8, step_s=DAY):
    """A year of the pod in ``air``: dry and wet bulb [degC], numbers or one a step."""
    compiled = compile_site(load_site(SITES / "pod.yaml", changes))
    steps = YEAR_S // step_s
    dry_c, wet_c = (np.broadcast_to(np.asarray(values, float), steps).copy() for values in air)
    table = WeatherRow(dry_c, wet_c, np.full(steps, PRESSURE_PA))
    weather = Weather((np.arange(steps) + 0.5) * step_s, table, float(YEAR_S))
    servers = np.append(0.0, np.full(len(compiled.node_rack), activity))[None, :]
    return simulate(compiled, Load("", servers, np.zeros(steps, np.int64)), weather, START, step_s)


@pytest.mark.parametrize(("changes", "air"), [(TWO_RACKS, (30.0, 22.0)), (TWO_RACKS | TOWERS, (24.0, 18.0))])
def test_a_step_is_the_site_at_rest_in_its_air(changes, air):
    site = load_site(SITES / "pod.yaml", changes)
    rest, rows = at_rest(site, *air, 0.8), year(changes, air).site
    assert rows.feed_w == pytest.approx(rest.feed_w, rel=1e-7)
    assert rows.plant_w == pytest.approx(rest.plant_w, rel=1e-7)
    assert rows.node_w == pytest.approx(rest.servers_w, rel=1e-7)
    assert rows.hottest_c == pytest.approx(rest.hottest_c, abs=1e-5)


@pytest.mark.compiled
def test_plants_follow_the_weather_and_racks_do_not():
    wet_c = 12.0 + 12.0 * np.sin(2 * np.pi * np.arange(365) / 365)
    came = year(TOWERS, (wet_c + 4.0, wet_c))
    assert np.ptp(came.site.node_w) == 0.0
    assert np.corrcoef(came.site.tower_w, wet_c)[0, 1] > 0.5
    # Salts leave as they come: at four cycles of concentration a third of what evaporates is let go, drift included.
    assert came.site.make_up_kg_s.sum() == pytest.approx(4 / 3 * came.site.evaporation_kg_s.sum(), rel=1e-3)


@pytest.mark.compiled
def test_the_length_of_a_step_does_not_matter_where_nothing_changes():
    hourly, daily = (year(TOWERS, (24.0, 18.0), step_s=step_s).site for step_s in (3600, DAY))
    assert hourly.feed_w.mean() == pytest.approx(daily.feed_w.mean(), rel=1e-9)
    assert hourly.make_up_kg_s.mean() == pytest.approx(daily.make_up_kg_s.mean(), rel=1e-6)


@pytest.mark.compiled
def test_a_plant_that_is_short_lets_its_supply_rise_to_where_it_takes_the_heat():
    no_chillers = SMALL_TOWERS | {"halls.0.plant.chillers.count": 1, "library.chillers.pod-chiller.capacity": "1 kW"}
    wet_c = np.linspace(5.0, 29.0, 365)
    came = year(no_chillers, (wet_c + 3.0, wet_c))
    above_k = came.hall.supply_c[:, 0] - 30.0
    assert above_k[0] == 0.0
    assert above_k[-1] > 2.0
    assert (np.diff(above_k) > -1e-6).all()
    # Warmer coolant leaks more power, and the plant takes all of what there is.
    assert came.site.node_w[-1] > came.site.node_w[0]
    assert came.hall.heat_w[-1, 0] > came.hall.heat_w[0, 0]
    settled = came.hall.supply_c[-1, 0] - 30.0
    assert (came.site.hottest_c[-1] - came.site.hottest_c[0]) == pytest.approx(settled, abs=1.0)


def test_says_which_plant_fails_and_when():
    changes = TWO_RACKS | {"halls.0.plant.chillers.count": 1, "library.chillers.pod-chiller.capacity": "190 kW"}
    dry_c = np.full(365, 20.0)
    dry_c[200] = 44.0
    with pytest.raises(
        RunError, match=r"20 July 12:00: hall-1: 0\.\d+ MW of heat arrive, the plant takes 0\.\d+ MW at"
    ):
        year(changes, (dry_c, dry_c - 5.0))


def test_mean_activity_is_each_servers_own():
    compiled = compile_site(load_site(SITES / "pod.yaml"))
    jobs = [
        {"name": "first", "nodes": 10, "start": "0 s", "end": "30 min", "constant": {"activity": 0.8}},
        {"name": "second", "nodes": 4, "start": "45 min", "constant": {"activity": 0.4}},
    ]
    scenario = Scenario.model_validate({"duration": "1 h", "jobs": jobs})
    mean = mean_activity(scenario, compiled, Path())
    assert mean.shape == (1, len(compiled.node_rack) + 1)
    assert mean[0, 1:5] == pytest.approx(0.8 / 2 + 0.4 / 4)
    assert mean[0, 5:11] == pytest.approx(0.4)
    assert not mean[0, 11:].any()
    assert mean[0, 0] == 0.0


@pytest.fixture
def pod():
    return load_site(SITES / "pod.yaml", TWO_RACKS)


def test_a_year_is_written_with_units_and_words(pod, tmp_path):
    done = run_year(pod, Scenario(), tmp_path / "y", step="24 h", activity="0.7")
    assert {"year.nc", "year.html", "tables"} == {path.name for path in (tmp_path / "y").iterdir()}
    assert len((tmp_path / "y" / "tables" / "monthly.csv").read_text().splitlines()) == 14
    assert done.sentences[0].startswith("PUE 1.")
    with reading(done.result) as tree:
        assert tree.attrs["start"] == "2026-01-01T00:00:00-06:00"
        for group in ("site", "hall"):
            for variable in tree[group].to_dataset().data_vars.values():
                assert variable.attrs["units"], variable.name
                assert variable.attrs["long_name"], variable.name
        site = tree["site"].to_dataset()
        together = sum(power_by_use(site).values())
        assert together == pytest.approx(site["feed_w"].values, rel=1e-12)
        *each, whole = months(tree)
        assert [month.hours for month in each[:3]] == [744.0, 672.0, 744.0]
        assert whole.hours == 8760.0
        assert sum(month.feed_mwh for month in each) == pytest.approx(whole.feed_mwh)
        assert whole.free_h + whole.mixed_h + whole.mechanical_h == pytest.approx(8760.0)
    with pytest.raises(OutputError, match="holds a year already"):
        run_year(pod, Scenario(), tmp_path / "y")


def test_a_profile_is_repeated(pod, tmp_path):
    (tmp_path / "p.csv").write_text("time_s,activity\n0,0.2\n86400,0.9\n172800,0.2\n259200,0.9\n")
    done = run_year(pod, Scenario(), tmp_path / "y", step="24 h", activity=str(tmp_path / "p.csv"), report=False)
    assert not (tmp_path / "y" / "year.html").exists()
    with xr.open_datatree(done.result) as tree:
        power_w = tree["site"]["node_w"].values
    assert len(set(power_w.round(3))) == 2
    assert power_w[:4:2] == pytest.approx(power_w[2:6:2])
    assert power_w[1] > 2 * power_w[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"step": "7 h"}, ScenarioError, "--step: 7 h is no whole part of a day"),
        ({"step": "1 kW"}, ScenarioError, "--step: "),
        ({"weather": "memfis"}, ScenarioError, '"memfis" is neither a file nor a climate; did you mean "memphis"'),
        ({"activity": "1.2"}, ScenarioError, "--activity: 1.2 is not between 0 and 1"),
        ({"activity": "none.csv"}, TraceError, "there is no such file"),
    ],
)
def test_says_what_is_wrong(pod, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        run_year(pod, Scenario(), tmp_path / "y", **options)


def test_a_profile_must_be_shares(pod, tmp_path):
    (tmp_path / "p.csv").write_text("time_s,activity\n0,20\n86400,90\n")
    with pytest.raises(TraceError, match="activity must be 0 to 1 in every step"):
        run_year(pod, Scenario(), tmp_path / "y", step="24 h", activity=str(tmp_path / "p.csv"))
