"""A run with a rule pack: found by name or file, kept in the result, judged in run.json and on the page."""

import json
from pathlib import Path

import pytest

import twin
from twin.core.errors import ScenarioError
from twin.simulation import Simulation

POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
DIP = {
    "duration": "90 s", "jobs": {"mix": "stress"}, "policy": {"name": "uncapped"}, "rules": "ercot-nogrr282",
    "events": [{"at": "20 s", "for": "1 s", "set": {"feed.voltage": "0.6 pu"}}],
}  # fmt: skip


def test_unknown_pack_is_told_before_anything_runs():
    scenario = twin.Scenario.model_validate({"duration": "1 min", "rules": "ercot"})
    with pytest.raises(ScenarioError, match='no rule pack "ercot"; '):
        Simulation(twin.load_site(POD), scenario, Path())


def test_a_scenario_names_another_pack_than_its_site():
    site = twin.load_site(POD, {"rules": "nerc-alert-2026"})
    own = Simulation(site, twin.Scenario.model_validate({"duration": "1 min"}), Path())
    other = Simulation(site, twin.Scenario.model_validate({"duration": "1 min", "rules": "none"}), Path())
    assert (own.rules["name"], other.rules["name"]) == ("nerc-alert-2026", "none")


@pytest.mark.compiled
def test_a_dip_is_judged_by_the_pack(tmp_path):
    """The pod is too small for the pack: its rules say so; the same limits in a file of its own are judged."""
    result = twin.run(twin.load_site(POD), twin.Scenario.model_validate(DIP), tmp_path / "small")
    said = twin.finish(result)
    assert any("not judged; the pack is for loads from 75 MW up, this one has 0.7 MW" in line for line in said)
    (tmp_path / "own.yaml").write_text(
        "schema_version: 1\nname: own\ntitle: Own\ntable: own.csv\nrules:\n"
        "  - {name: stays, kind: ride-through, keeps: 90 %, after: 1 s, source: test, verified: true}\n"
        "  - {name: ramp, kind: ramp, most: 1 kW, over: 1 s, source: test, verified: true}\n"
    )
    (tmp_path / "own.csv").write_text("voltage_pu,seconds\n0.5,2\n0.9,inf\n")
    scenario = twin.Scenario.model_validate(DIP | {"rules": "own.yaml"})
    result = twin.run(twin.load_site(POD), scenario, tmp_path / "own", folder=tmp_path)
    twin.finish(result)
    figures = json.loads((tmp_path / "own" / "run.json").read_text())["verdict"]
    assert (figures["rules"], figures["rule_ramp"]) == ("own", "fail")
    assert figures["rule_stays"] in ("pass", "fail")
    assert figures["voltage_lowest_pu"] < 0.65
    assert figures["dropped_most_mw"] > 0.0
    page = (tmp_path / "own" / "report.html").read_text()
    assert "Voltage, rules and protection" in page
    assert "Rules: Own" in page
    events = result.tree["events"]["message"].values.tolist()
    assert any("dropped out" in str(message) for message in events)
