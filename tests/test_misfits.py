"""What of a scenario does not fit its site: all of it at once, each with its place and what is near."""

from pathlib import Path

import pytest

from twin.core.errors import InputError, ScenarioError
from twin.inputs import load_inputs
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.yearly import mean_activity

POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"


def told(tmp_path, text, **options):
    """Each problem as (line:column, where and sentence) of a scenario with ``text`` on the pod."""
    file = tmp_path / "scene.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as wrong:
        Simulation(*load_inputs(POD, file, **options))
    return [str(problem).removeprefix(f"{file}:") for problem in wrong.value.problems]


KINDS = {
    "duration": ("duration: 90.5 s", "1:1: duration: 90.5 s is not a whole number"),
    "weather": ("weather: {file: nowhere.csv}", "1:11: weather.file: FOLDER/nowhere.csv: there is no such file"),
    "air": (
        "weather: {design_day: {dry_bulb: 40 degC, wet_bulb: 9 degC}}",
        "1:11: weather.design_day: 9 degC wet bulb at 40 degC is drier than dry air",
    ),
    "rules": ("rules: ercot", '1:1: rules: there is no rule pack "ercot"'),
    "too many": (
        "jobs:\n  - {name: a, nodes: 5000, constant: {activity: 1}}",
        "2:15: jobs.a.nodes: asks for 5000 nodes at 0 s, 68 are free",
    ),
    "nowhere": (
        "jobs:\n  - {name: a, on: hall-7, constant: {activity: 1}}",
        '2:15: jobs.a.on: "hall-7" is no hall or rack type; did you mean "hall-1"?',
    ),
    "between seconds": (
        "jobs:\n  - {name: a, start: 1.5 s, constant: {activity: 1}}",
        "2:15: jobs.a.start: 1.5 s is not a whole number",
    ),
    "queue": (
        "jobs:\n  - {name: a, nodes: 69, submit: 1 s, lasts: 9 s, constant: {activity: 1}}",
        "2:15: jobs.a.nodes: asks for 69 nodes, there are 68",
    ),
    "trace": (
        "jobs:\n  - {name: a, trace: {file: no.csv, column: p, idle: 100 W, maximum: 700 W}}",
        "2:15: jobs.0.trace: FOLDER/no.csv: there is no such file",
    ),
    "table": ("jobs: {table: no.csv}", "1:1: jobs: FOLDER/no.csv: there is no such file"),
    "policy": (
        "policy:\n  name: fed-limit",
        '2:3: policy.name: unknown policy "fed-limit"; did you mean "feed-limit"?',
    ),
    "field": (
        "policy:\n  name: feed-limit\n  fields:\n    margni: 0.1",
        '4:5: policy.fields.margni: policy "feed-limit" has no field "margni"; did you mean "margin"?',
    ),
    "field of several": (
        "policy: {name: feed-limit+polca, fields: {polca.t: 1}}",
        '1:43: policy.fields.polca.t: policy "polca" has no field "t"',
    ),
    "value of a field": (
        "policy: {name: uniform-cap, fields: {share: 3}}",
        '1:29: policy.fields: policy "uniform-cap" cannot be made: ValueError: share must be above 0',
    ),
    "period": (
        "policy: {name: feed-limit, period: 0.5 s}",
        '1:28: policy.period: policy "feed-limit": every_s says how often it acts, in whole seconds above 0; found 0.5',
    ),
    "calls": (
        "calls:\n  - {given: 0 s, from: 10.5 s, until: 1 min, limit: 1 MW}",
        "2:18: calls.0.from: 10.5 s is not a whole number",
    ),
    "calls at once": (
        "calls:\n  - {given: 0 s, from: 5 s, until: 1 min, limit: 1 MW}\n"
        "  - {given: 0 s, from: 9 s, until: 2 min, limit: 1 MW}",
        "3:5: calls.1: it begins at 9 s, call 0 is in force until 60 s; calls must not overlap",
    ),
    "trip": (
        "events:\n  - {at: 1 s, trip: hall-1/cdu-01/pump-a}",
        '2:15: events.0.trip: there is nothing called "hall-1/cdu-01/pump-a" that could trip; '
        'did you mean "hall-1/cdu-001/pump-a"?',
    ),
    "trip without its hall": (
        "events:\n  - {at: 1 s, trip: cdu-001/pump-b}",
        '2:15: events.0.trip: there is nothing called "cdu-001/pump-b" that could trip; '
        'did you mean "hall-1/cdu-001/pump-b"?',
    ),
    "trip of a whole hall": (
        "events:\n  - {at: 1 s, trip: hall-1}",
        '2:15: events.0.trip: there is nothing called "hall-1" that could trip; of "hall-1" these trip: pump-a,',
    ),
    "trip of nothing near": (
        "events:\n  - {at: 1 s, trip: zzz}",
        '2:15: events.0.trip: there is nothing called "zzz" that could trip; electrical nodes trip (feed, sub, ',
    ),
    "close": (
        "events:\n  - {at: 1 s, close: tie}",
        '2:15: events.0.close: there is no tie called "tie" that could close; there are none here',
    ),
    "set": (
        "events:\n  - {at: 1 s, set: {hall-1.suply: 20 degC}}",
        '2:21: events.0.set.hall-1.suply: "hall-1.suply" cannot be set; did you mean "hall-1.supply"?',
    ),
    "set elsewhere": (
        "events:\n  - {at: 1 s, set: {hall-2.supply: 20 degC}}",
        '2:21: events.0.set.hall-2.supply: "hall-2.supply" cannot be set; did you mean "hall-1.supply"?',
    ),
    "set to a wrong unit": (
        "events:\n  - {at: 1 s, set: {feed.limit: 20 degC}}",
        "2:21: events.0.set.feed.limit: unit 'degC' is not a power unit",
    ),
    "events at once": (
        "events:\n  - {at: 1 s, trip: sub}\n  - {at: 2 s, trip: sub, for: 3 s}",
        '3:5: events.1: event 0 holds "sub" to the end; events on one thing must not overlap',
    ),
    "event between seconds": (
        "events:\n  - {at: 1.5 s, trip: sub}",
        "2:6: events.0.at: 1.5 s is between two seconds and in no window",
    ),
    "window": (
        "windows:\n  - {from: 10 s, for: 20.5 s}",
        "2:18: windows.0.for: 20.5 s is not a whole number of seconds",
    ),
    "step of a window": (
        "windows:\n  - {from: 10 s, for: 20 s, step: 3 ms}",
        "2:29: windows.0.step: 3 ms is no whole part of a second",
    ),
    "watch": (
        "watch: [hall-1, hall-9]",
        '1:17: watch.1: there is no GPU, CDU or hall "hall-9"; did you mean "hall-1"?',
    ),
    "changes": (
        "changes:\n  feeed.limit: 3 MW",
        '2:3: changes.feeed.limit: there is nothing called "feeed"; did you mean',
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_sentence_with_its_place(tmp_path, kind):
    text, sentence = KINDS[kind]
    (said,) = told(tmp_path, text)
    assert said.startswith(sentence.replace("FOLDER", str(tmp_path)))


def test_all_of_them_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """\
duration: 90.5 s
weather: {file: nowhere.csv}
rules: ercot
jobs:
  - {name: a, nodes: 5000, constant: {activity: 1}}
  - {name: a, nodes: 1, on: hall-7, start: 1.5 s, constant: {activity: 1}}
policy: {name: dynamo, fields: {a: 1, b: 2}}
calls:
  - {given: 0 s, from: 10.5 s, until: 60.5 s, limit: 1 MW}
events:
  - {at: 1 s, trip: zzz}
  - {at: 1 s, set: {hall-1.suply: 20 degC, hall-1.supply: 20 W}}
windows:
  - {from: 1.5 s, for: 1.5 s, step: 3 ms}
watch: [a, b]
"""
    lines = [int(said.partition(":")[0]) for said in told(tmp_path, text)]
    assert lines == [1, 2, 3, 5, 6, 6, 6, 7, 7, 9, 9, 11, 12, 12, 14, 14, 14, 15, 15]


def test_fields_that_are_wrong_are_told_at_once_those_of_the_site_too(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("name: 7\n")
    file = tmp_path / "scene.yaml"
    file.write_text("duration: 0 s\njobs:\n  - {name: a, nodes: many, constant: {activity: 2}}\nwatch: 7\n")
    with pytest.raises(ScenarioError) as wrong:
        load_inputs(site, file)
    said = str(wrong.value).splitlines()
    assert sum(line.startswith(str(site)) for line in said) > 1
    assert [line.removeprefix(f"{file}:") for line in said if line.startswith(str(file))] == [
        "1:1: duration: must be above 0 s, found '0 s'",
        "3:15: jobs.0.nodes: must be 'all' or 'rest'; or a whole number; or 'many' is not a ratio; "
        "write a number, e.g. \"96 %\"; found 'many'",
        "3:39: jobs.0.constant.activity: must be at most 1, found '2'",
        "4:1: watch: must be a list, found '7'",
    ]


def test_what_the_command_line_gave_is_told_as_its_option(tmp_path):
    said = told(tmp_path, "policy: {name: dynamo, fields: {a: 1}}\nwatch: [a]", policy="fed-limit", duration="1.5 s")
    assert [line.partition(":")[0] for line in said] == ["--duration", "--policy", "2"]


def test_a_scenario_without_a_file_is_told_by_its_keys():
    site, _, folder = load_inputs(POD)
    scenario = Scenario.model_validate({"events": [{"at": "1 s", "trip": "zzz"}], "policy": {"name": "x"}})
    with pytest.raises(ScenarioError) as wrong:
        Simulation(site, scenario, folder)
    assert [problem.where for problem in wrong.value.problems] == ["events.0.trip", "policy.name"]


def test_a_year_tells_jobs_with_their_lines_too(tmp_path):
    file = tmp_path / "scene.yaml"
    file.write_text("jobs:\n  - {name: a, nodes: 5000, constant: {activity: 1}}\n")
    site, scenario, folder = load_inputs(POD, file)
    compiled = Simulation(site, Scenario(), folder).compiled
    with pytest.raises(ScenarioError, match=r"scene.yaml:2:15: jobs\.a\.nodes: asks for 5000 nodes"):
        mean_activity(scenario, compiled, folder)


def test_where_a_scenario_was_read_makes_it_no_other_scenario(tmp_path):
    file = tmp_path / "scene.yaml"
    file.write_text("duration: 90 s\n")
    assert load_inputs(POD, file)[1] == Scenario.model_validate({"duration": "90 s"})
