"""The network in the plant: house loads in the books, transfers, capacitors, and who is metered where."""

import numpy as np
import pytest

from tests.two_substations import tied
from twin.plant import grid, steady

ELECTRICAL = tied()
OFFICE = {"name": "office", "node": "mechanical", "power": "40 kW", "current": "30 %", "impedance": "50 %"}
SMALL = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
}


def test_house_loads_follow_the_voltage_and_the_books_close(start):
    running = start(changes=SMALL | ELECTRICAL | {"electrical.loads": [OFFICE]})
    for _ in range(4):
        assert running.advance(0.7) == 0
    state, names = running.state, running.compiled.names.electrical
    v = state.network.voltage_pu[names.index("mechanical")]
    expected = 40e3 * (0.2 + 0.3 * v + 0.5 * v * v)
    assert running.site.house_w[19] == pytest.approx(expected, rel=1e-12)
    assert running.site.loss_w[19] > 0
    for part in running.parts().values():
        assert abs(part.residual) < 1e-12, part
    events = {"at": "20 s", "set": {"feed.voltage": "0.9 pu"}}, {"at": "25 s", "trip": "other"}
    running.follow(10, events)
    assert running.site.house_w[24] < 0.9 * expected
    assert running.site.house_w[29] == 0.0
    for part in running.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_house_loads_add_what_they_draw_and_lose(start):
    without, having = (start(changes=SMALL | ELECTRICAL | more) for more in ({}, {"electrical.loads": [OFFICE]}))
    for running in (without, having):
        running.advance(0.7)
    more_w = having.site.feed_w[0] - without.site.feed_w[0]
    assert having.site.house_w[0] < more_w < 1.01 * having.site.house_w[0]
    np.testing.assert_array_equal(having.site.node_w, without.site.node_w)


def test_a_transfer_carries_the_board_over_the_tie(start):
    running = start(changes=SMALL | ELECTRICAL)
    names, state = running.compiled.names.electrical, running.state
    rows = running.follow(
        40,
        ({"at": "10 s", "trip": "feeder", "for": "20 s"}, {"at": "15 s", "close": "tie", "for": "15 s"}),
        lambda now: (
            now.network.power_pu[names.index("feeder")],
            now.network.power_pu[names.index("tie")],
            now.network.voltage_pu[names.index("board")],
            now.node.power_w.sum(),
        ),
    )
    at = {int(row[0]): row[1:] for row in rows}
    feeder, tie, voltage, power = at[10]
    assert (feeder > 0, tie, voltage > 0.9, power > 0) == (True, 0.0, True, True)
    assert at[15].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert at[30][0] == 0.0
    assert at[30][1] > 0.5 * feeder
    assert at[30][2] > 0.9
    assert at[40][0] > 0.0
    assert at[40][1] == 0.0
    k = names.index("tie")
    assert running.records.electrical.loading_max[k] > 0.0
    assert running.records.electrical.power_w[k] > 0.0
    for part in running.parts().values():
        assert abs(part.residual) < 1e-12, part
    assert (state.service.in_service >= 0).all()


def test_servers_are_metered_where_they_are_fed(start):
    running = start(changes=SMALL | ELECTRICAL)
    names, plant, service = running.compiled.names.electrical, running.plant, running.state.service
    board, metered = names.index("board"), plant.wiring.substation
    assert [names[e] for e in metered] == ["one", "two"]
    assert grid.metered_by(running.state.feeding, metered)[board] == 0
    closed = service.in_service.copy()
    closed[names.index("feeder")], closed[names.index("tie")] = 0, 1
    assert grid.energise(plant, running.state, closed) == []
    assert grid.metered_by(running.state.feeding, metered)[board] == 1
    closed[names.index("tie")] = 0
    grid.energise(plant, running.state, closed)
    assert grid.metered_by(running.state.feeding, metered)[board] == -1


def test_capacitors_raise_the_voltage_and_spare_the_feed(start):
    plain = start(changes=SMALL | ELECTRICAL)
    banks = [{"name": "bank", "node": "other", "step": "20 kvar", "steps": 2}]
    having = start(changes=SMALL | ELECTRICAL | {"electrical.capacitors": banks})
    for running in (plain, having):
        assert steady.solve_network(running.plant, running.state) > 0
    bus = plain.compiled.names.electrical.index("other")
    v = having.state.network.voltage_pu[bus]
    assert v > plain.state.network.voltage_pu[bus]
    spared = plain.state.network.reactive_pu[0] - having.state.network.reactive_pu[0]
    assert spared * 1e8 == pytest.approx(40e3 * v * v, rel=1e-2)
