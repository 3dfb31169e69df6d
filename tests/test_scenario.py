"""Scenario files, and what the command line changes of them."""

from pathlib import Path

import pytest
import yaml

from twin.core.errors import ScenarioError
from twin.inputs import change_site, load_inputs
from twin.scenario import load_scenario
from twin.site.load import load_site

ROOT = Path(__file__).parents[1]


def test_the_shipped_scenarios_load_for_their_site():
    for name in ("training_day", "stress_day"):
        scenario = load_scenario(ROOT / "examples" / f"{name}.yaml")
        assert (ROOT / "examples" / str(scenario.site)).exists()
        assert scenario.duration == 86400.0


def test_the_reference_site_runs_the_training_day_by_default():
    site, scenario, folder = load_inputs(ROOT / "site_configs" / "colossus1.yaml")
    assert scenario.title == "Training day"
    assert scenario.calls[0].limit == 240e6
    assert (site.feed.limit, folder.name) == (300e6, "examples")


def test_what_is_resolved_says_the_same(tmp_path):
    from twin.running import resolved_text

    site, scenario, _ = load_inputs(ROOT / "site_configs" / "colossus1.yaml")
    path = tmp_path / "resolved.yaml"
    path.write_text(resolved_text(site, scenario))
    assert yaml.safe_load(path.read_text())["resolved"] == 1
    again = load_inputs(path)
    assert again[0] == site
    assert again[1] == scenario


def test_the_command_line_overrides(tmp_path):
    pod = ROOT / "site_configs" / "pod.yaml"
    site, scenario, _ = load_inputs(
        pod,
        changes=("halls.*.supply=30 degC", "halls.hall-1.plant.chillers.count=4"),
        duration="90min",
        policy="uncapped",
        seed=7,
    )
    assert (site.halls[0].supply, site.halls[0].plant.chillers.count) == (30.0, 4)
    assert (scenario.duration, scenario.policy.name, scenario.seed) == (5400.0, "uncapped", 7)


@pytest.mark.parametrize("changes", [("supply",), ("halls.*.supply=30 kW",), ("halls.nowhere.supply=30 degC",)])
def test_changes_that_do_not_fit_are_told(changes):
    with pytest.raises(ScenarioError):
        load_inputs(ROOT / "site_configs" / "pod.yaml", changes=changes)


def test_a_change_makes_a_new_site_and_leaves_the_old():
    site = load_site(ROOT / "site_configs" / "pod.yaml")
    changed = change_site(site, {"feed.limit": "500 kW"})
    assert (site.feed.limit, changed.feed.limit) == (700e3, 500e3)
