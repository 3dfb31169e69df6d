"""The command line: what it prints, its exit codes, and what it says of input that is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from twin.cli import main

ROOT = Path(__file__).parents[2]
POD = ROOT / "site_configs" / "pod.yaml"


@pytest.fixture
def twin():
    def call(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return call


@pytest.fixture
def site(tmp_path):
    """The pod's file with text replaced, beside its parts."""

    def write(old="", new="", name="site.yaml"):
        text = POD.read_text()
        assert old in text
        path = tmp_path / name
        path.write_text(text.replace(old, new, 1).replace("parts/", f"{POD.parent}/parts/"))
        return path

    return write


@pytest.fixture
def scenario(tmp_path):
    def write(text, name="scenario.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['twin', '--help']\ntry:\n import twin.cli; twin.cli.main()\nexcept SystemExit: pass\n"
    )
    heavy = ("numba", "xarray", "matplotlib", "scipy", "numpy", "pydantic", "yaml")
    code += f"print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said.strip().endswith("[]")


def test_check_counts_what_the_site_has(twin):
    said = twin("check", POD)
    assert said.exit_code == 0
    assert "6 racks, 68 servers, 400 GPUs, 5 CDUs, 5 electrical nodes" in said.output


@pytest.mark.compiled
def test_run_writes_the_run_directory_and_report_draws_again(twin, tmp_path):
    out = tmp_path / "run"
    said = twin("run", POD, "-t", "2min", "-o", out)
    assert said.exit_code == 0, said.output
    assert {"result.nc", "run.json", "resolved.yaml", "report.html"} <= {p.name for p in out.iterdir()}
    assert "report:" in said.output
    (out / "report.html").unlink()
    assert twin("report", out).exit_code == 0
    assert (out / "report.html").exists()
    again = twin("run", POD, "-t", "2min", "-o", out)
    assert again.exit_code == 2
    assert "holds a run already" in again.output
    other = tmp_path / "other"
    assert twin("run", POD, "-t", "2min", "-o", other, "-p", "uniform-cap", "--no-report").exit_code == 0
    compared = twin("compare", out, other, "-o", tmp_path / "compare")
    assert compared.exit_code == 0, compared.output
    assert (tmp_path / "compare" / "compare.html").exists()


@pytest.mark.compiled
def test_policies_are_run_and_compared_and_finished_runs_kept(twin, tmp_path):
    call = (
        "compare",
        POD,
        "-p",
        "uncapped",
        "-p",
        "uniform-cap",
        "--seeds",
        "2",
        "-t",
        "1min",
        "--at-once",
        "2",
        "-o",
        tmp_path,
    )
    said = twin(*call)
    assert said.exit_code == 0, said.output
    assert "compare.html" in said.output
    results = sorted(tmp_path.glob("*/result.nc"))
    assert [path.parent.name for path in results] == [
        "uncapped-seed-0", "uncapped-seed-1", "uniform-cap-seed-0", "uniform-cap-seed-1",
    ]  # fmt: skip
    before = [path.stat().st_mtime_ns for path in results]
    assert twin(*call).exit_code == 0
    assert [path.stat().st_mtime_ns for path in results] == before


@pytest.mark.compiled
def test_steady_answers_in_words(twin):
    said = twin("steady", POD, "--at", "36 degC", "--set", "halls.*.supply=32 degC")
    assert said.exit_code == 0, said.output
    assert "PUE 1." in said.output
    assert "hottest GPU" in said.output


def test_a_wet_bulb_above_the_dry_bulb_is_told(twin):
    said = twin("steady", POD, "--at", "20 degC", "--wet-bulb", "24 degC")
    assert said.exit_code == 2
    assert "24 degC is above the dry bulb of 20 degC" in said.output


@pytest.mark.parametrize("command", ["policies", "doctor"])
def test_small_commands(twin, command):
    assert twin(command).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("supply: 25 degC", "supply: 25", "halls.0.supply: '25' needs a unit, e.g. \"25 degC\" (temperature)"),
        ("supply: 25 degC", "supply: 25 kW", "unit 'kW' is not a temperature unit"),
        ("altitude: 81 m", "altitud: 81 m", "unknown key 'altitud'; did you mean"),
        ("type: h100-hgx-rack, count: 4", "type: h100-hgx-rak, count: 4", 'did you mean "h100-hgx-rack"?'),
        ("chillers: {type: pod-chiller", "chillers: {type: pod-chillr", 'did you mean "pod-chiller"?'),
        ("name: board,", "name: mechanical,", 'the name "mechanical" is already taken'),
        ("supply: 25 degC", "supply: 25 degC\n    supply: 26 degC", "the key 'supply' stands twice"),
        ("capacity: 200 kW", "capacity: 0 kW", "capacity: must be above 0 W"),
        ("count: 4}, {type: nvl72-rack, count: 2}", "count: 4}", 'CDU "row-cdu" has no rack'),
        (
            "parent: feeder, type: unit-2500kva}\n    - {name: mech",
            "parent: feedr, type: unit-2500kva}\n    - {name: mech",
            'has no parent "feedr"',
        ),
        ("{name: feeder, parent: sub,", "{name: feeder, parent: board,", "its parents form a cycle"),
    ],
)
def test_a_wrong_site_is_told_with_its_line(twin, site, old, new, said):
    path = site(old, new)
    line = next(
        i + 1
        for i, (a, b) in enumerate(zip(POD.read_text().splitlines(), path.read_text().splitlines(), strict=False))
        if "parts/" not in a and a != b
    )
    answer = twin("check", path)
    assert answer.exit_code == 2
    assert said in answer.output
    assert any(f"{path}:{line + k}:" in answer.output for k in (-1, 0, 1, 2)), answer.output
    assert "Traceback" not in answer.output


def test_every_problem_is_told_at_once(twin, site):
    path = site("supply: 25 degC", "supply: 25\n    volum: 3 m3")
    assert len(twin("check", path).output.strip().splitlines()) >= 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("start: 2026-07-15T12:00:00", "start: "),
        ("policy: {name: feed-limt}", 'did you mean "feed-limit"?'),
        ("jobs: {mix: nothing}", "jobs"),
        ("jobs: [{name: big, nodes: 1000, constant: {activity: 1.0}}]", "asks for 1000 nodes"),
        (
            "events:\n  - {at: 1 min, trip: board, for: 5 min}\n  - {at: 2 min, trip: board, for: 1 min}",
            "must not overlap",
        ),
        ("weather: {constant: {dry_bulb: 20 degC, wet_bulb: 25 degC}}", "above the dry bulb"),
        ("duration: -5 min", "duration: "),
        ("changes: {halls.*.suply: 30 degC}", "unknown key 'suply'"),
        ("changes: {hals.*.supply: 30 degC}", 'did you mean "halls"?'),
    ],
)
def test_a_wrong_scenario_is_told_and_nothing_is_written(twin, scenario, tmp_path, text, said):
    answer = twin("run", POD, scenario(text + "\n"), "-o", tmp_path / "out")
    assert answer.exit_code == 2, answer.output
    assert said in answer.output
    assert "Traceback" not in answer.output
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,5000\n2,nan\n4,5000\n", "nan"),
        ("0,5000\n4,5000\n2,5000\n", "trace.csv:4"),
        ("0,5000\n2,5000\n4,5000\n6,5000\n600,5000\n602,5000\n", "gap of"),
    ],
)
def test_a_wrong_trace_is_told(twin, scenario, tmp_path, rows, said):
    (tmp_path / "trace.csv").write_text("time_s,power_w\n" + rows)
    jobs = scenario("jobs: [{name: replay, trace: {file: trace.csv, column: power_w}}]\n")
    answer = twin("run", POD, jobs, "-t", "1min", "-o", tmp_path / "out")
    assert answer.exit_code == 2, answer.output
    assert said in answer.output.lower()


def test_an_output_that_cannot_be_written_is_told(twin, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    answer = twin("run", POD, "-t", "1min", "-o", blocked / "run")
    assert answer.exit_code == 2
    assert "cannot be made" in answer.output


@pytest.mark.compiled
def test_a_full_disk_is_told_and_leaves_nothing_half_written(twin, tmp_path, monkeypatch):
    from twin import results

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results.h5netcdf.File, "flush", full)
    answer = twin("run", POD, "-t", "1min", "-o", tmp_path / "out")
    assert answer.exit_code == 2
    assert "No space left on device" in answer.output
    assert not list((tmp_path / "out").iterdir())


def test_a_truncated_result_is_told(twin, tmp_path):
    path = tmp_path / "result.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    answer = twin("report", path)
    assert answer.exit_code == 2
    assert str(path) in answer.output


def test_a_missing_site_is_told(twin, tmp_path):
    answer = twin("check", tmp_path / "nowhere.yaml")
    assert answer.exit_code == 2
    assert "there is no such file" in answer.output


def test_a_year_says_what_it_came_to_and_where_it_is(twin, tmp_path):
    said = twin("year", POD, "-o", tmp_path / "y", "--step", "24h", "--activity", "0.5", "--no-report", "--set",
                "halls.0.plant.chillers.count=4")  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "PUE 1." in said.output
    assert "year.nc" in said.output
    again = twin("year", POD, "-o", tmp_path / "y", "--weather", "nowhere.epw")
    assert again.exit_code == 2
    assert "holds a year already" in again.output
    other = twin("year", POD, "-o", tmp_path / "z", "--weather", "nowhere.epw")
    assert other.exit_code == 2
    assert '"nowhere.epw" is neither a file nor a climate' in other.output
