import copy

import pytest

from twin.core.errors import ScenarioError
from twin.site.change import apply_changes

SITE = {
    "feed": {"limit": "300 MW"},
    "halls": [
        {"name": "hall-1", "supply": "25 degC", "racks": [{"type": "a", "count": 3}], "plant": {"count": 2}},
        {"name": "hall-2", "supply": "25 degC", "racks": [{"type": "b", "count": 4}]},
    ],
}


@pytest.mark.parametrize(
    ("path", "supplies"),
    [
        ("halls.*.supply", ["40 degC", "40 degC"]),
        ("halls.hall-2.supply", ["25 degC", "40 degC"]),
        ("halls.0.supply", ["40 degC", "25 degC"]),
    ],
)
def test_entries_are_reached_by_index_name_or_all_at_once(path, supplies):
    assert [hall["supply"] for hall in apply_changes(SITE, {path: "40 degC"})["halls"]] == supplies


def test_the_old_data_stays_as_it_was():
    before = copy.deepcopy(SITE)
    apply_changes(SITE, {"halls.*.racks.0.count": 9, "feed": {"limit": "1 W"}})
    assert before == SITE


def test_a_key_the_file_left_out_may_be_set():
    assert apply_changes(SITE, {"feed.voltage": "161 kV"})["feed"] == {"limit": "300 MW", "voltage": "161 kV"}


def test_a_whole_entry_may_be_replaced_and_is_not_shared():
    changed = apply_changes(SITE, {"halls.*.racks.*": {"type": "c", "count": 1}, "halls.hall-1.racks.0.count": 7})
    assert changed["halls"][0]["racks"] == [{"type": "c", "count": 7}]
    assert changed["halls"][1]["racks"] == [{"type": "c", "count": 1}]


def test_a_change_of_what_an_anchor_shares_stays_in_its_place():
    racks = [{"type": "a", "count": 1}]
    data = {"halls": [{"name": "x", "racks": racks}, {"name": "y", "racks": racks}]}
    changed = apply_changes(data, {"halls.x.racks.0.count": 2})
    assert [hall["racks"][0]["count"] for hall in changed["halls"]] == [2, 1]


def test_all_may_reach_only_those_that_have_it():
    changed = apply_changes(SITE, {"halls.*.plant.count": 5})
    assert changed["halls"][0]["plant"]["count"] == 5
    assert "plant" not in changed["halls"][1]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("hals.*.supply", 'x.yaml: hals.*.supply: there is nothing called "hals"; did you mean "halls"?'),
        ("halls.hall-3.supply", 'there is nothing called "hall-3"; did you mean "hall-2"?'),
        ("halls.7.supply", 'there is nothing called "7"; known here: hall-1, hall-2'),
        ("halls.*.racks.5", 'there is nothing called "5"; known here: 0'),
        ("feed.limit.value", '"value" leads nowhere: there are no entries here'),
        ("feed.limit.value.deep", '"value" leads nowhere: there are no entries here'),
        ("halls.-1.supply", 'there is nothing called "-1"'),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_what_is_near(path, problem):
    with pytest.raises(ScenarioError) as caught:
        apply_changes(SITE, {path: "1 W"}, where="x.yaml")
    assert problem in str(caught.value)


def test_all_wrong_paths_are_told_at_once():
    with pytest.raises(ScenarioError) as caught:
        apply_changes(SITE, {"a.b": 1, "c.d": 2, "feed.limit": "1 W"})
    assert [problem.where for problem in caught.value.problems] == ["changes.a.b", "changes.c.d"]
