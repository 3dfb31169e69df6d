"""Cases: what is shipped holds, what is missing is never passed, and what is wrong in a case file is told in place."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from twin.validate import run_cases, validate
from twin.validation.case import CaseError, read_case
from twin.validation.measures import MEASURES, read_limit

SHIPPED = Path(__file__).parents[1] / "validation"
HEATING = SHIPPED / "transformer-heating"


@pytest.fixture
def no_data(monkeypatch):
    monkeypatch.delenv("TWIN_DATA", raising=False)


def changed(tmp_path, *changes, case=HEATING):
    """A copy of a case with pieces of its text exchanged."""
    text = (case / "case.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    folder = tmp_path / case.name
    folder.mkdir()
    (folder / "case.yaml").write_text(text)
    return folder


def status(results):
    return {result.name: result.status for result in results}


def test_a_published_table_needs_no_data(no_data, tmp_path):
    (result,) = validate(HEATING, out=tmp_path)
    assert result.status == "passed"
    worst = {one.of: one.value for one in result.judged if one.measure == "worst"}
    assert worst == pytest.approx({"top-oil": 0.644, "hot-spot": 1.054}, abs=1e-3)
    assert (tmp_path / "transformer-heating.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("node-power", "mlperf_train_smc_h100"),
        ("gpu-power-cap", "gridpilot_v100"),
        ("gpu-cap-step", "gridpilot_v100"),
        ("gpu-cap-sweep", "gridpilot_v100"),
        ("zeus-power-cap", "zeus_powercap"),
        ("h200-wall-power", "mlperf_infer_h200_maxq"),
        ("pipe-front", "lbl_buildings_reference"),
        ("cooling-tower-day", "lbl_buildings_reference"),
        ("cold-plate", "lbl_buildings_reference"),
    ],
)
def test_shipped_cases_hold(twin_data, tmp_path, name, data):
    (result,) = validate(SHIPPED / name, data=twin_data(data).parent, out=tmp_path)
    assert result.status == "passed", [one for one in result.judged if not one.held]
    assert result.figure is not None
    assert all(np.isfinite(found.half_width) for found in result.fitted.values())


def test_without_data_a_case_is_not_available(no_data, tmp_path):
    found = status(validate(SHIPPED, out=tmp_path))
    measured = ["cold-plate", "cooling-tower-day", "gpu-cap-step", "gpu-cap-sweep", "gpu-power-cap", "h200-wall-power",
                "node-power", "pipe-front", "zeus-power-cap"]  # fmt: skip
    assert found == dict.fromkeys(measured, "not available") | {"transformer-heating": "passed"}
    with (tmp_path / "tables" / "validation.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["verdict"] == "not available"]
    assert [row["case"] for row in rows] == measured
    page = (tmp_path / "validation.html").read_text()
    assert page.count("not available") >= 4
    assert "<script" not in page


def test_another_file_is_not_available(tmp_path):
    """A trace that is not the one the case was written for is not passed, whatever it holds."""
    case = read_case(SHIPPED / "gpu-power-cap")
    for file in case.spec.files.values():
        path = tmp_path / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not the measurement")
    (result,) = validate(SHIPPED / "gpu-power-cap", data=tmp_path)
    assert (result.status, result.judged, result.figure) == ("not available", (), None)
    assert "sha256 differs" in result.reason


def test_one_file_of_many_is_not_available(tmp_path, twin_data):
    here = twin_data("gridpilot_v100")
    (tmp_path / here.name).mkdir()
    for path in sorted(here.glob("E1_cap*"))[:2]:
        shutil.copy(path, tmp_path / here.name)
    (result,) = validate(SHIPPED / "gpu-power-cap", data=tmp_path)
    assert result.status == "not available"
    assert "is not in the data folder" in result.reason


def test_a_limit_that_is_missed_fails(tmp_path):
    folder = changed(tmp_path, ("measure: worst, limit: 1.5 K", "measure: worst, limit: 0.5 K"))
    lines, failed = run_cases([folder], None, None)
    assert failed
    assert lines[0].startswith("failed: transformer-heating")
    assert [line.endswith("too much)") for line in lines[1:]] == [True, False, False, False]
    assert run_cases([HEATING], None, None)[1] is False


def test_a_wrong_model_fails(tmp_path):
    """The case tells a wrong constant from a right one."""
    (result,) = validate(changed(tmp_path, ("k21: 2", "k21: 1")))
    assert result.status == "failed"


def test_every_problem_is_told_at_its_place(tmp_path):
    folder = changed(
        tmp_path,
        ("{of: top-oil, measure: worst, limit: 1.5 K}", "{of: top-oi, measure: worst, limit: 1.5 K}"),
        ("{of: hot-spot, measure: worst, limit: 1.5 K}", "{of: hot-spot, measure: rms, limit: 1.5 K}"),
        ("{of: top-oil, measure: worst-but-one, limit: 0.1 K}", "{of: top-oil, measure: rmse, limit: 0.1}"),
        ("{of: hot-spot, measure: worst-but-one, limit: 0.1 K}", "{of: hot-spot, measure: nmbe, limit: 0 %}"),
    )
    with pytest.raises(CaseError) as wrong:
        validate(folder)
    said = [str(problem) for problem in wrong.value.problems]
    first = next(i for i, line in enumerate((folder / "case.yaml").read_text().splitlines(), 1) if "top-oi," in line)
    file = folder / "case.yaml"
    assert said[0] == (f'{file}:{first}:6: measures.0.of: this case has no quantity "top-oi"; did you mean "top-oil"?')
    assert f"{file}:{first + 1}:" in said[1]
    assert 'no measure "rms"; did you mean "rmse"?' in said[1]
    assert "needs a unit" in said[2]
    assert "must be above 0" in said[3]
    assert wrong.value.exit_code == 2


@pytest.mark.parametrize(
    ("case", "change", "message"),
    [
        (HEATING, ("kind: transformer-heating", "kind: transformer"), "must be one of"),
        (HEATING, ("until: 365 min", "until: 90 min"), "the times of the table must rise"),
        (HEATING, ("ambient: 25.6 degC", "ambient: 25.6"), "needs a unit"),
        (HEATING, ("fitted: nothing", "fited: nothing"), "unknown key 'fited'; did you mean \"fitted\"?"),
        (
            SHIPPED / "gpu-power-cap",
            ("file: matmul, cap: 150 W", "file: matmull, cap: 150 W"),
            'did you mean "matmul"?',
        ),
        (SHIPPED / "gpu-power-cap", ("leakage: 0.001 W", "leakage: 60 W"), "leakage must be at most"),
        (SHIPPED / "node-power", ("sha256: 2c9b", "sha256: x"), "does not fit the pattern"),
    ],
)
def test_says_what_is_wrong(tmp_path, case, change, message):
    with pytest.raises(CaseError) as wrong:
        validate(changed(tmp_path, change, case=case))
    assert message in str(wrong.value)
    assert "case.yaml:" in str(wrong.value)


def test_a_folder_without_cases_is_an_error(tmp_path):
    with pytest.raises(CaseError, match="is no case"):
        validate([tmp_path, tmp_path / "nowhere"])


def test_measures_have_their_known_values():
    measured, simulated = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.5, 3.0, 5.0])
    found = {name: measure.of(measured, simulated) for name, measure in MEASURES.items()}
    assert found["bias"] == pytest.approx(0.375)
    assert found["rmse"] == pytest.approx(np.sqrt(1.25 / 4))
    assert found["nmbe"] == pytest.approx(0.15)
    assert found["cv-rmse"] == pytest.approx(np.sqrt(1.25 / 4) / 2.5)
    assert (found["worst"], found["worst-but-one"], found["worst-share"]) == (1.0, 0.5, 0.25)
    assert found["std"] == pytest.approx(np.std(simulated) / np.std(measured) - 1)
    assert found["p99"] == pytest.approx(np.percentile(simulated, 99) / np.percentile(measured, 99) - 1)


def test_nan_does_not_hold(no_data, monkeypatch):
    monkeypatch.setitem(MEASURES, "worst", MEASURES["worst"]._replace(of=lambda *_: float("nan")))
    (result,) = validate(HEATING)
    assert result.status == "failed"


def test_limits_are_read_in_the_unit_of_the_quantity():
    assert read_limit("nmbe", "W", "2 %") == (0.02, "%")
    assert read_limit("rmse", "W", "0.1 kW") == (100.0, "W")
    assert read_limit("rmse", "degC", "1.5 K") == (1.5, "K")
    with pytest.raises(ValueError, match="temperature difference"):
        read_limit("rmse", "degC", "5 W")
