"""Windows of a scenario: where they lie, and what may happen in them."""

import pytest

from twin.core.errors import ScenarioError
from twin.scenario import Scenario
from twin.windows import Moment, moments, windows


def scenario(**fields) -> Scenario:
    return Scenario.model_validate({"duration": "200 s", **fields})


def dip(at: str, lasts: str = "150 ms", **more) -> dict:
    return {"at": at, "for": lasts, "set": {"feed.voltage": "0.7 pu"}, **more}


def test_windows_are_whole_seconds_around_their_events():
    found = windows(
        scenario(
            windows=[{"from": "100 s", "for": "20 s", "step": "10 ms"}],
            events=[dip("30.25 s", window={"before": "5 s", "after": "10.1 s"})],
        )
    )
    assert [(one.begin, one.end, one.per_tick) for one in found] == [(25, 41, 1000), (100, 120, 100)]


def test_a_window_lasts_as_long_as_its_event_and_no_longer_than_the_run():
    found = windows(scenario(events=[dip("195 s", "4.5 s", window={"after": "1 s", "before": "300 s"})]))
    assert [(one.begin, one.end) for one in found] == [(0, 200)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"windows": [{"from": "10 s", "for": "20 s"}, {"from": "25 s", "for": "9 s"}]}, "from 25 s to 34 s overlaps"),
        ({"windows": [{"from": "10 s", "for": "20 s"}], "events": [dip("12 s", window={})]}, "one window that covers"),
        ({"windows": [{"from": "10.5 s", "for": "20 s"}]}, "not a whole number of seconds"),
        ({"windows": [{"from": "10 s", "for": "20 s", "step": "3 ms"}]}, "3 ms is no whole part of a second"),
        ({"windows": [{"from": "300 s", "for": "20 s"}]}, "the run of 200 s is over"),
    ],
)
def test_what_is_wrong_is_told(fields, message):
    with pytest.raises(ScenarioError, match=message):
        windows(scenario(**fields))


def test_events_in_a_window_begin_and_end_with_its_steps():
    whole = scenario(events=[dip("30.25 s", window={})])
    begin, end = moments(whole.events[0], 0, windows(whole))
    assert begin == Moment(30, pytest.approx(0.25))
    assert end == Moment(30, pytest.approx(0.4))
    outside = scenario(events=[dip("30 s", "2 s")])
    assert moments(outside.events[0], 0, []) == (Moment(30, 0.0), Moment(32, 0.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"events": [dip("30 s")]}, "30.15 s is between two seconds and in no window"),
        ({"events": [dip("30.0005 s", window={})]}, "not a whole number of the window's steps of 1 ms"),
        (
            {"events": [{"at": "30.5 s", "set": {"hall-1.supply": "30 degC"}, "window": {}}]},
            "only the feed's voltage is set",
        ),
    ],
)
def test_events_between_seconds_without_a_window_are_told(fields, message):
    whole = scenario(**fields)
    with pytest.raises(ScenarioError, match=message):
        moments(whole.events[0], 0, windows(whole))
