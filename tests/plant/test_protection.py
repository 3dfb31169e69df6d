"""Relays, rack breakers and machines in a plant: what opens, when, and what it leaves standing."""

import numpy as np
import pytest

RELAY = {"library.protection": {"guard": {"overcurrent": {"pickup": "10 %", "curve": "IEC extremely inverse"}}}}
ON_BOARD = RELAY | {"electrical.nodes.board.protection": "guard"}
DIP = {"set": {"feed.voltage": "0.5 pu"}, "at": "5 s"}


def voltages(state):
    return state.network.voltage_pu.tolist()


def test_relay_opens_its_element_when_its_curve_says(start):
    """M from the loading, t = 80 TMS/(M^2 - 1); the board is dead from the second after, and says so."""
    pod = start("pod", ON_BOARD, 0.8, 30.0)
    board = pod.compiled.names.electrical.index("board")
    rows = pod.follow(
        120, watch=lambda state: (state.network.voltage_pu[board], state.protection.overcurrent.damage[0])
    )
    dead = rows[rows[:, 1] == 0.0, 0]
    network, solution = pod.plant.network, pod.state.network
    assert dead.size
    assert pod.state.protection.opened[board] == 1
    assert pod.state.service.energised[board] == 0
    assert pod.state.step.rack_w.sum() == 0.0
    at, what, words = pod.said[0]
    assert (what, words[:31]) == ("board", "board opens: overcurrent relay ")
    assert dead[0] == at + 1
    # Damage of the first seconds tells the multiple, and the multiple the time.
    assert network.rating_pu[board] > 0
    assert np.isfinite(solution.loading[board])
    first = rows[rows[:, 2] > 0][0]
    per_second = first[2] / first[0]
    assert at == pytest.approx(1 / per_second, abs=1.5)
    for part in pod.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_relay_at_rest_changes_nothing(start):
    pod = start("pod", ON_BOARD | {"library.protection.guard.overcurrent.pickup": "150 %"}, 0.8, 30.0)
    pod.follow(30)
    assert pod.said == []
    assert pod.state.protection.alert[0] == 0


def test_rack_breaker_adds_up_its_damage_and_darkens_one_rack(start):
    changes = {
        "library.protection": {"rack-breaker": {"overcurrent": {
            "pickup": 1, "curve": "points", "reset": "10 min",
            "points": [{"multiple": 1.1, "time": "17 min"}, {"multiple": 1.4, "time": "60 s"}]}}},
        "library.racks.nvl72-rack.breaker": "rack-breaker",
        "library.racks.nvl72-rack.rating": "60 kW",
    }  # fmt: skip
    pod = start("pod", changes, 0.8, 30.0)
    rack = pod.plant.relays.breaker_rack.tolist()
    assert rack == [4, 5]
    rows = pod.follow(60, watch=lambda state: (*state.protection.breaker.damage, state.step.rack_w[4]))
    board = pod.plant.rack.board[4]
    multiple = rows[0, 3] / 60e3 / pod.state.network.voltage_pu[board]
    assert multiple > 1.4
    expected = 60.0 * ((multiple - 1) / 0.4) ** (np.log(60 / 1020) / np.log(4))
    opened = [at for at, what, _ in pod.said if what == "hall-1/rack-005"]
    assert opened == [pytest.approx(expected, abs=1.5)]
    assert rows[-1, 3] == 0.0
    assert pod.state.step.rack_w[:4].min() > 0.0
    assert pod.state.service.racks.tolist() == [1, 1, 1, 1, 0, 0]


def test_pumps_drop_out_of_a_deep_dip_and_restart_after_their_time(start):
    pod = start("pod", None, 0.3, 30.0)
    watch = lambda state: (state.service.cdu_pumps[-1], state.service.hall_pumps[0], state.network.voltage_pu[0])  # noqa: E731
    rows = pod.follow(40, [DIP | {"for": "2 s"}], watch)
    cdus, halls = rows[rows[:, 1] == 0, 0], rows[rows[:, 2] == 0, 0]
    # The dip begins at 5 s and is seen in the sixth second; healthy from 7 s on, for 5 s and what is staggered.
    assert halls[0] == 6.0
    assert halls[-1] == pytest.approx(11.0)
    assert cdus[0] == 6.0
    assert halls.size == halls[-1] - halls[0] + 1
    words = [text for _, what, text in pod.said if what == "low voltage"]
    assert "1 board of facility pumps" in words[0]
    assert words[0].startswith("dropped out: ")
    assert words[-1].startswith("restarted: ")
    assert not any("restarted" in text and "chiller" in text for text in words)
    assert any("supply again" in text for text in words if "chiller" in text and "dropped" not in text)
    assert pod.state.protection.motors.out.max() == 0
    for part in pod.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_cdus_of_one_board_restart_together_or_one_after_the_other(start):
    pod = start("pod", None, 0.3, 30.0)
    cdus = pod.plant.motors.first[0]
    assert pod.plant.motors.restart_s[:cdus].tolist() == [5.0] * cdus
    kinds = sorted(set(pod.compiled.cdu_types))
    apart = start("pod", {f"library.cdus.{kind}.motors": {"stagger": "2 s"} for kind in kinds}, 0.3, 30.0)
    assert apart.plant.motors.restart_s[:cdus].tolist() == [5.0 + 2.0 * n for n in range(cdus)]


TWO_FEEDERS = {
    "electrical.nodes": [
        {"name": "sub", "parent": "feed", "limit": "700 kW"},
        {"name": "feeder", "parent": "sub", "type": "al-1000kcmil", "length": "0.4 km"},
        {"name": "feeder-2", "parent": "sub", "type": "al-1000kcmil", "length": "0.4 km"},
        {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
        {"name": "mechanical", "parent": "feeder-2", "type": "unit-2500kva"},
    ],
    "electrical.ties": [
        {"name": "tie-1", "from": "feeder", "to": "feeder-2", "type": "al-1000kcmil", "length": "20 m"}
    ],
    "electrical.transfers": [{"name": "ats", "main": "feeder", "tie": "tie-1", "delay": "0.5 s", "breaker": "0.1 s"}],
}


def test_transfer_feeds_a_dead_bus_from_its_neighbour_and_comes_back_by_hand(start):
    pod = start("pod", TWO_FEEDERS, 0.8, 30.0)
    feeder, tie = (pod.compiled.names.electrical.index(name) for name in ("feeder", "tie-1"))
    events = [{"at": "5 s", "trip": "feeder", "for": "10 s"}, {"at": "20 s", "close": "feeder"}]
    rows = pod.follow(30, events, lambda state: (state.step.rack_w[0], *state.network.power_pu[[feeder, tie]] * 1e8))
    assert rows[rows[:, 1] == 0, 0].tolist() == [6.0]
    by_tie = rows[np.abs(rows[:, 3]) > 1e3, 0]
    assert (by_tie[0], by_tie[-1]) == (7.0, 20.0)
    by_main = rows[rows[:, 2] > 1e5, 0]
    assert by_main[by_main > 6][0] == 21.0
    assert [(at, what, words.split(":")[0]) for at, what, words in pod.said if what != "low voltage"] == [
        (6, "feeder", "feeder opens"), (6, "tie-1", "tie-1 closes"),
    ]  # fmt: skip
    assert pod.state.protection.closed.max() == pod.state.protection.opened.max() == 0
    for part in pod.parts().values():
        assert abs(part.residual) < 1e-12, part
