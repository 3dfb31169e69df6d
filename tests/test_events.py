"""Events: what is set goes back, trips that overlap, parts that need their boards."""

import math

import pytest

from twin.core.errors import RunError, ScenarioError
from twin.events import actions
from twin.scenario import Scenario
from twin.site.compile import Compiled, compile_site, new_state
from twin.site.load import load_site
from twin.wanted import Wanted


@pytest.fixture(scope="module")
def pod(request) -> Compiled:
    changes = {"halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}], "halls.0.cdus": []}
    return compile_site(load_site(request.config.rootpath / "site_configs" / "pod.yaml", changes))


def changes(pod, *events):
    scenario = Scenario.model_validate({"duration": "1 h", "events": [{"at": "10 s", **event} for event in events]})
    return actions(scenario, pod)


@pytest.mark.parametrize(
    ("name", "value", "field", "there", "back"),
    [
        ("hall-1.supply", "27 degC", "set_point_c", 27.0, 25.0),
        ("hall-1.dew_point", "15 degC", "dew_point_c", 15.0, 12.0),
        ("hall-1.pump_speed", "70 %", "hall_speed", 0.7, math.nan),
        ("hall-1/cdu-001.pump_speed", 0.5, "cdu_speed", 0.5, math.nan),
        ("hall-1/cdu-001.valve", "30 %", "cdu_valve", 0.3, math.nan),
        ("hall-1/cdu-001.supply_sensor", "-2 K", "cdu_bias_k", -2.0, 0.0),
        ("hall-1/cdu-001.conductance", "80 %", "cdu_clean", 0.8, 1.0),
        ("hall-1/cdu-001.filter", 2.0, "cdu_filter", 2.0, 1.0),
        ("hall-1/cdu-001.leak", "6 kg/min", "cdu_leak_kg_s", 0.1, 0.0),
    ],
)
def test_what_is_set_goes_back(pod, name, value, field, there, back):
    state = new_state(pod)
    wanted, seen = Wanted(pod, state), []
    for action in changes(pod, {"set": {name: value}, "for": "1 min"}):
        action.apply(wanted)
        wanted.enforce(state)
        seen.append(getattr(state.service, field)[0])
    assert seen == pytest.approx([there, back], nan_ok=True)


def test_trips_that_overlap_take_a_pump_out_once(pod):
    state = new_state(pod)
    wanted, seen = Wanted(pod, state), []
    twice = {"trip": "hall-1/cdu-001/pump-a"}
    events = (twice | {"at": "10 s", "for": "60 s"}, twice | {"at": "20 s", "for": "20 s"}, twice | {"at": "30 s"})
    for action in changes(pod, *events):
        action.apply(wanted)
        wanted.enforce(state)
        seen.append((action.tick, state.service.cdu_pumps[0], state.cdu.coasting[0]))
    assert seen == [(10, 1, 1), (20, 1, 1), (30, 1, 1), (40, 1, 1), (70, 1, 1)]


def test_a_board_is_dead_until_every_trip_is_over(pod):
    state = new_state(pod)
    wanted, seen = Wanted(pod, state), []
    events = ({"trip": "board", "for": "60 s"}, {"trip": "board", "at": "20 s", "for": "20 s"})
    board = pod.names.electrical.index("board")
    for action in changes(pod, *events):
        action.apply(wanted)
        wanted.enforce(state)
        seen.append((action.tick, state.service.energised[board], state.service.cdu_pumps[0]))
    assert seen == [(10, 0, 0), (20, 0, 0), (40, 0, 0), (70, 1, 2)]


def test_pumps_of_a_hall_need_their_boards(pod):
    state = new_state(pod)
    wanted, seen = Wanted(pod, state), []
    for action in changes(pod, {"trip": "mechanical", "for": "5 s"}):
        action.apply(wanted)
        wanted.enforce(state)
        seen.append((state.service.hall_pumps[0], state.water.coasting[0], state.flows.hall_pump_w[0] > 0))
    assert seen == [(0, 2, False), (2, 0, True)]


TIED = [
    {"name": "sub", "parent": "feed", "limit": "700 kW"},
    {"name": "feeder", "parent": "sub", "type": "al-1000kcmil", "length": "0.4 km"},
    {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
    {"name": "other", "parent": "sub", "type": "al-1000kcmil", "length": "0.5 km"},
    {"name": "mechanical", "parent": "other", "type": "unit-2500kva"},
]


@pytest.fixture(scope="module")
def tied(request) -> Compiled:
    """The pod on two feeders with a normally open tie between their ends."""
    changes = {
        "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}],
        "halls.0.cdus": [],
        "electrical.nodes": TIED,
        "electrical.ties": [{"name": "tie", "from": "feeder", "to": "other", "type": "al-1000kcmil", "length": "50 m"}],
    }
    return compile_site(load_site(request.config.rootpath / "site_configs" / "pod.yaml", changes))


def followed(tied, *events):
    """Which of feeder, board, other and mechanical are alive after each tick with events, and in what way."""
    state, seen = new_state(tied), {}
    wanted = Wanted(tied, state)
    pending = changes(tied, *events)
    names = tied.names.electrical
    for tick in sorted({action.tick for action in pending}):
        for action in pending:
            if action.tick == tick:
                action.apply(wanted)
        wanted.enforce(state)
        alive = [name for name in names[1:-1] if state.service.energised[names.index(name)]]
        seen[tick] = alive, [names[e] for e in state.feeding.element if e >= 0 and names[e] == "tie"]
    return seen


def test_a_tie_takes_over_what_a_trip_took_and_opens_again(tied):
    everything = ["sub", "feeder", "other", "board", "mechanical"]
    found = followed(tied, {"trip": "feeder", "for": "60 s"}, {"close": "tie", "at": "20 s", "for": "50 s"})
    assert found == {
        10: (["sub", "other", "mechanical"], []),
        20: (everything, ["tie"]),
        70: (everything, []),
    }


def test_a_tie_that_closes_beside_what_it_replaces_makes_a_loop(tied):
    with pytest.raises(RunError, match="a loop of") as told:
        followed(tied, {"close": "tie"})
    for name in ("feeder", "tie", "other"):
        assert name in str(told.value)
    assert "solver: meshed" in str(told.value)


def test_a_tie_that_tripped_stays_open(tied):
    found = followed(tied, {"trip": "tie", "for": "60 s"}, {"trip": "feeder"}, {"close": "tie", "at": "20 s"})
    assert [tie for _, tie in found.values()] == [[], [], ["tie"]]


def test_two_that_close_a_tie_leave_it_closed_until_both_are_over(tied):
    events = ({"close": "tie", "for": "60 s"}, {"close": "tie", "at": "20 s", "for": "10 s"}, {"trip": "feeder"})
    assert [tie for _, tie in followed(tied, *events).values()] == [["tie"]] * 3 + [[]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("feeder", '"feeder" is closed as the site stands and nothing opens it by itself'),
        ("tye", 'there is no tie called "tye" that could close; did you mean "tie"?'),
    ],
)
def test_only_open_ties_close(tied, name, said):
    with pytest.raises(ScenarioError) as told:
        changes(tied, {"close": name})
    assert said in str(told.value)
