"""Power flow studies: both solvers on the sites, a minute of a run, what is printed and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from twin import powerflow
from twin.cli import main
from twin.core.errors import RunError, ScenarioError
from twin.core.layout import zeros
from twin.network import radial
from twin.network.radial import Loads, NetworkState
from twin.network.solver import solver
from twin.report.power_flow import by_severity, power_factor, watts
from twin.running import run
from twin.scenario import Scenario
from twin.site import network
from twin.site.load import load_site

ROOT = Path(__file__).parents[1]
POD = ROOT / "site_configs" / "pod.yaml"
FEW = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
}
TIE = {"electrical.ties": [{"name": "across", "from": "board", "to": "mechanical", "limit": "1 MW"}]}
MESHED = TIE | {"electrical.solver": "meshed"}
BASE_W = radial.BASE_MVA * 1e6


@pytest.fixture(scope="module")
def few():
    return load_site(POD, FEW | TIE)


@pytest.fixture(scope="module")
def at_full(few):
    return powerflow.full_load(few)


@pytest.mark.parametrize("name", ["pod", "colossus1"])
def test_both_solvers_agree_on_the_sites(name) -> None:
    """Every low-voltage board at 80 % of its transformer's rating, taps and winding temperatures off nominal."""
    site = load_site(ROOT / "site_configs" / f"{name}.yaml")
    built = network.build(site, site.library)
    n = len(built.names) - len(site.electrical.ties)
    level = network.levels(site, site.library)
    boards = np.array([level[bus] < 1000.0 for bus in built.names[:n]])
    loads = zeros(Loads, n)
    loads.p_pu[boards] = 0.8 * 0.95 * built.rating_va[:n][boards] / BASE_W
    loads.q_pu[boards] = 0.8 * 0.31 * built.rating_va[:n][boards] / BASE_W
    states = []
    for kind in ("radial", "meshed"):
        state = radial.new_state(built.network, n)
        state.ratio[np.array(built.kinds) == "transformer"] = 0.975
        state.r_now_pu[:] *= 1.1
        assert solver(kind, built.network, n).solve(loads, built.closed, site.feed.source, state) > 0
        states.append(state)
    for field in (*NetworkState._fields[1:4], *NetworkState._fields[6:-1]):
        swept, solved = (getattr(state, field) for state in states)
        np.testing.assert_allclose(solved, swept, atol=1e-9, rtol=0, err_msg=field)


def test_a_study_of_full_load(at_full) -> None:
    tree = powerflow.study(at_full, outages=True, faults=True)
    grid = tree["electrical"].to_dataset()
    drawn, lost = float(grid["load_w"].sum()), float(grid["loss_w"][0, 1:].sum())
    assert float(grid["power_w"][0, 0]) == pytest.approx(drawn + lost, rel=1e-12)
    assert tree.attrs["margin"] > 10.0
    outage = tree["outage"].to_dataset().set_coords("outage")
    assert list(outage["outage"].values) == ["feed", "sub", "feeder", "board", "mechanical"]
    assert str(outage["ties"].sel(outage="board").item()) == "across"
    assert float(outage["lost_w"].sel(outage="board")) == 0.0
    assert float(outage["lost_w"].sel(outage="feed")) == pytest.approx(drawn, rel=1e-6)
    rows = next(table for table in powerflow.tables(tree) if table.key == "outages").rows
    assert [row[3] for row in rows if row[0] == "feed"] == ["nothing is fed"]
    assert "bring a voltage violation" in powerflow.sentences(tree)[-1]
    fault = tree["fault"].to_dataset()
    assert float(fault["current_a"][0]) == pytest.approx(500e6 / np.sqrt(3.0) / 34.5e3, rel=1e-9)
    np.testing.assert_allclose(fault["library_a"], fault["current_a"], rtol=0.03)
    assert (fault["peak_a"] > np.sqrt(2.0) * 1.02 * fault["current_a"] * (1.0 - 1e-12)).all()


def test_no_power_flow_is_a_sentence_with_margin_and_bus(at_full) -> None:
    weak = at_full._replace(source_pu=0.05)
    with pytest.raises(RunError, match=r"no solution for 0\.\d MW; the network carries 0\.\d\d of it, the lowest bus"):
        powerflow.study(weak, outages=False, faults=False)


def test_outages_stand_by_severity() -> None:
    """Collapse, nothing fed, the greater new overload, the voltage, the load lost."""
    columns = {
        "solved": [1, 1, 1, 0, 1, 1, 1], "lowest": ["x", "x", "x", "", "", "x", "x"],
        "overload": [np.nan, 1.1, 1.9, np.nan, np.nan, np.nan, np.nan],
        "beyond_pu": [0.0, 0.05, 0.0, 0.0, 0.0, 0.01, 0.0], "lost_w": [5e6, 0.0, 0.0, 0.0, 9e6, 0.0, 7e6],
    }  # fmt: skip
    found = xr.Dataset({name: ("outage", np.array(column)) for name, column in columns.items()})
    assert by_severity(found) == [3, 4, 2, 1, 5, 6, 0]


def test_a_tables_unrated_elements_and_limits_are_told_apart(at_full) -> None:
    tree = powerflow.study(at_full, outages=False, faults=False)
    table = next(table for table in powerflow.tables(tree) if table.key == "lines")
    rating, limit, loading = (table.headings.index(h) for h in ("rating (MVA)", "contract limit (MW)", "loading (%)"))
    rows = {row[0]: row for row in table.rows}
    assert np.isnan(rows["feed"][rating])
    assert np.isfinite(rows["feed"][limit])
    grid = tree["electrical"].to_dataset()
    grid["rating_va"][:] = np.nan
    bare = xr.DataTree.from_dict({"/": tree.to_dataset(), "/electrical": grid})
    table = next(table for table in powerflow.tables(bare) if table.key == "lines")
    assert all(np.isnan(row[loading]) for row in table.rows)


def test_words_of_power() -> None:
    assert (watts(44.2e3), watts(1.5e6), watts(-2e3, "var")) == ("44.2 kW", "1.5 MW", "-2.0 kvar")
    assert power_factor(3.0, 4.0) == "power factor 0.600 lagging"
    assert power_factor(3.0, -4.0) == "power factor 0.600 leading"
    assert power_factor(3.0, 0.01) == "power factor 1.000"


def test_a_run_directory_needs_a_minute(tmp_path) -> None:
    (tmp_path / "result.nc").touch()
    said = CliRunner().invoke(main, ["powerflow", str(tmp_path)])
    assert said.exit_code == 2
    assert 'name the minute to study, e.g. --at "15:30"' in said.output


def test_bounds_and_ratings_make_violations(few, at_full) -> None:
    site = few.model_copy(update={"electrical": few.electrical.model_copy(
        update={"bounds": few.electrical.bounds.model_copy(update={"low": 0.99, "high": 1.019})})})  # fmt: skip
    case = at_full._replace(compiled=_with(at_full.compiled, site))
    tree = powerflow.study(case, outages=False, faults=False)
    rows = powerflow.violations(tree).rows
    assert {row[2] for row in rows} == {"high voltage"}
    assert rows[0][0] == "feed"
    assert "beyond their limits" in powerflow.sentences(tree)[3]


def _with(compiled, site):
    from dataclasses import replace

    return replace(compiled, site=site)


def test_the_command_prints_tables_and_writes_a_page(tmp_path) -> None:
    some = [f"--set=halls.0.racks.{k}.count=1" for k in (0, 1)]
    said = CliRunner().invoke(
        main, ["powerflow", str(POD), *some, "--n-1", "--short-circuit", "-o", str(tmp_path / "out")]
    )
    assert said.exit_code == 0, said.output
    for words in ("nothing is beyond its limits", "Transformers, most loaded first", "Bolted three-phase faults"):
        assert words in said.output
    assert {"powerflow.nc", "powerflow.html", "tables"} == {path.name for path in (tmp_path / "out").iterdir()}
    page = (tmp_path / "out" / "powerflow.html").read_text()
    assert "<svg" in page
    assert "Power flow of Pod of six racks" in page
    assert (tmp_path / "out" / "tables" / "voltages.csv").read_text().startswith("bus,voltage (pu)")


def test_a_minute_needs_a_run(tmp_path) -> None:
    said = CliRunner().invoke(main, ["powerflow", str(POD), "--at", "10 min"])
    assert said.exit_code == 2
    assert "no run directory" in said.output


@pytest.mark.compiled
def test_a_minute_of_a_run_is_solved_again(few, tmp_path) -> None:
    scene = Scenario.model_validate(
        {"duration": "3 min", "events": [{"at": "60 s", "trip": "board"}, {"at": "60 s", "close": "across"}]}
    )
    result = run(few, scene, tmp_path / "run")
    recorded = result.tree["electrical"].to_dataset()
    for at, minute in (("50 s", 0), ("2 min", 1), ("150 s", 2)):
        case = powerflow.of_run(tmp_path / "run", at)
        grid = powerflow.study(case, outages=False, faults=False)["electrical"].to_dataset()
        assert case.closed.tolist() == ([1, 1, 1, 1, 1, 0] if minute == 0 else [1, 1, 1, 0, 1, 1])
        np.testing.assert_allclose(grid["power_w"][0], recorded["power_w"][minute], rtol=2e-3, atol=50.0)
        np.testing.assert_allclose(grid["voltage_pu_min"][0], recorded["voltage_pu_min"][minute], atol=1e-4)
    with pytest.raises(ScenarioError, match=r"--at: the run has 180 s, 4 min is 240 s after its start"):
        powerflow.of_run(tmp_path / "run", "4 min")


@pytest.mark.compiled
def test_a_run_by_the_meshed_solver(few, tmp_path) -> None:
    """The same run without a loop; with one closed, the boards share it, and the books close."""
    meshed = load_site(POD, FEW | MESHED)
    scene = Scenario.model_validate({"duration": "1 min"})
    one, other = run(few, scene, tmp_path / "a"), run(meshed, scene, tmp_path / "b")
    for name in ("feed_w", "feed_var", "loss_w"):
        # A milliwatt is 1e-11 per unit; reactive power at the feed is a small difference of large ones.
        np.testing.assert_allclose(other.tree["site"][name], one.tree["site"][name], rtol=1e-9, atol=1e-3)
    loop = Scenario.model_validate({"duration": "2 min", "events": [{"at": "30 s", "close": "across"}]})
    with pytest.raises(RunError, match="loop"):
        run(few, loop, tmp_path / "c")
    closed = run(meshed, loop, tmp_path / "d")
    assert abs(closed.facts["energy_residual"]) < 1e-9
    with xr.open_datatree(closed.path, engine="h5netcdf", decode_times=False) as tree:
        power = dict(zip(tree["electrical"]["node"].values, tree["electrical"]["power_w"].values[1], strict=True))
    assert power["across"] < 0.0
    assert power["board"] == pytest.approx(power["mechanical"], rel=0.2)


@pytest.mark.compiled
def test_a_collapse_in_a_run_names_margin_and_bus(few, tmp_path) -> None:
    weak = Scenario.model_validate(
        {"duration": "2 min", "events": [{"at": "60 s", "set": {"feed.voltage": "0.05 pu"}}]}
    )
    for kind in (few, load_site(POD, FEW | MESHED)):
        with pytest.raises(RunError, match=r"voltage collapse at 6\d s: no solution for .* the lowest bus there is "):
            run(kind, weak, tmp_path / kind.electrical.solver)
