"""Batteries and UPS in the plant's seconds: books close, loads stay fed, and the feed sees what it should."""

import numpy as np
import pytest

from twin.components import ups
from twin.plant import steady, storage
from twin.plant.order import BATTERY_W

from .conftest import TWO_RACKS, Running

BATTERY = {"name": "pack", "node": "sub", "type": "small", "count": 4}
STORED = {
    **TWO_RACKS,
    "library.batteries": {
        "small": {"energy": "100 kWh", "power": "50 kW", "auxiliary": "0.3 kW", "dead_time": "20 ms", "lag": "50 ms"}
    },
    "library.ups": {
        "small": {"rating": "300 kW", "least": "10 %", "autonomy": "50 s", "settle": "3 s", "walk_in": "10 s"}
    },
    "electrical.nodes.2.ups": {"type": "small"},
}


def settled(changes):
    """A pod at rest whose boards have their voltage, as a run finds them."""
    running = Running("pod", changes)
    assert steady.solve_network(running.plant, running.state) > 0
    return running


def with_battery(**control):
    return settled({**STORED, "electrical.batteries": [{**BATTERY, "control": control}]})


def residuals(running):
    return {name: part.residual for name, part in running.parts().items()}


def test_a_ups_adds_its_loss_and_the_books_close():
    plain, behind = settled(TWO_RACKS), settled(STORED)
    for running in (plain, behind):
        running.follow(30)
    load_w = plain.site.node_w[29]
    more_w = behind.site.feed_w[29] - plain.site.feed_w[29]
    assert behind.site.node_w[29] == pytest.approx(load_w, rel=1e-9)
    assert more_w == pytest.approx(behind.site.ups_w[29], rel=0.02)  # cables lose a little more as well
    assert 0.02 * load_w < more_w < 0.06 * load_w
    assert all(abs(value) < 1e-12 for value in residuals(behind).values()), residuals(behind)


def test_a_board_that_trips_is_carried_until_its_battery_gives_up_and_comes_back():
    running = settled(STORED)
    name = running.compiled.names.electrical[3]
    assert name == "board"
    rows = running.follow(
        150, [{"at": "10 s", "trip": name, "for": "90 s"}],
        lambda state: (state.step.total[0], state.ups.stored_j[0], state.service.supplied[3], state.ups.mode[0]),
    )  # fmt: skip
    at = rows[:, 0]
    carried = rows[(at > 15) & (at <= 60)]
    assert np.all(carried[:, 1] > 1e5)
    assert np.all(np.diff(carried[:, 2]) < 0)
    assert running.site.ups_on_battery[30] == 1.0
    given_up = rows[rows[:, 3] == 0]
    assert 60 < given_up[0, 0] < 100
    assert given_up[-1, 0] < 110
    assert rows[-1, 3] == 1.0
    assert rows[-1, 1] > 1e5
    assert all(abs(value) < 1e-9 for value in residuals(running).values()), residuals(running)


def test_a_dip_of_the_feed_sends_it_to_the_battery_and_it_walks_in_again():
    running = settled(STORED)
    rows = running.follow(
        60, [{"at": "10 s", "set": {"feed.voltage": "0.7 pu"}, "for": "2 s"}],
        lambda state: (state.ups.mode[0], state.ups.walk[0]),
    )  # fmt: skip
    site = running.site
    assert site.feed_w[12] < 0.6 * site.feed_w[8]  # the racks have left the feed
    assert np.all(site.node_w[8:40] > 0.99 * site.node_w[8])  # and nothing happened to them
    assert rows[-1, 1:].tolist() == [ups.NORMAL, 1.0]
    assert np.diff(site.feed_w[15:40]).max() < 0.2 * site.feed_w[8]
    assert all(abs(value) < 1e-12 for value in residuals(running).values()), residuals(running)


def test_three_dips_lock_it_until_somebody_comes():
    dips = [{"at": f"{10 + 15 * k} s", "set": {"feed.voltage": "0.7 pu"}, "for": "1 s"} for k in range(3)]
    unlock = {"at": "60 s", "set": {"board/ups.mode": "normal"}}
    lasting = {**STORED["library.ups"]["small"], "autonomy": "5 min", "least": "2 %"}
    running = settled({**STORED, "library.ups": {"small": lasting}})
    rows = running.follow(90, [*dips, unlock], lambda state: (state.ups.mode[0],))
    mode = dict(rows.tolist())
    assert mode[60.0] == ups.LOCKED
    assert mode[90.0] == ups.NORMAL
    assert running.site.ups_locked[50] == 1.0


def test_v_sys_01_books_close_with_a_battery_that_cycles():
    running = with_battery(mode="smooth", smoothing="20 s", band=None, restoring="1 h")
    for k in range(72):
        assert running.advance([0.9 if (k // 4) % 2 else 0.2] * 5) == 0
    power_w = running.site.battery_w[:360]
    assert power_w.max() > 20e3
    assert power_w.min() < -20e3
    found = residuals(running)
    assert max(abs(found["electrical"]), abs(found["site"])) < 1e-10, found


def test_a_battery_that_smooths_halves_the_swing_of_the_feed_and_off_only_its_auxiliaries_show():
    swings = {}
    for mode in ("off", "smooth"):
        running = with_battery(mode=mode, smoothing="20 s", band=None)
        for k in range(60):
            running.advance([0.9 if k % 2 else 0.5] * 5)
        swings[mode] = np.ptp(running.site.feed_w[100:300])
        assert running.site.auxiliary_w[299] == pytest.approx(1200.0)
    assert swings["smooth"] < 0.5 * swings["off"]


def test_a_battery_on_a_dead_bus_stands_still_and_its_mode_can_be_set():
    running = with_battery(mode="smooth", smoothing="20 s", band=None)
    running.follow(10)
    running.follow(20, [{"at": "10 s", "set": {"pack.mode": "off"}}], activity=0.2)
    assert running.state.step.storage[BATTERY_W] == pytest.approx(0.0, abs=1e-9)
    running.follow(20, [{"at": "35 s", "trip": "sub"}])
    assert running.site.auxiliary_w[45] == 0.0
    assert storage.counts(running.state)[0] == 1
