"""Caps arrive when their path lets them, within the boards' range; some late, some never."""

import numpy as np
import pytest

from twin.control.actuation import Actuators, CapPath, ClockPath, FloorPath, PathSetUp
from twin.control.chance import Chance

GPUS, LOW, TOP = np.array([8, 4]), np.array([200.0, 200.0]), np.array([700.0, 1200.0])
MANY = 4000


def path(**set_up):
    return CapPath(GPUS, LOW, TOP, PathSetUp(**{"latency_s": 0.0, **set_up}))


def actuators(cap, brake=None, clock=None, **set_up):
    floor = FloorPath(GPUS, np.zeros(2), 0.9 * TOP, PathSetUp(**{"latency_s": 1.0, **set_up}), first=np.zeros(2))
    return Actuators(cap, brake, clock, floor)


def clocks(**set_up):
    return ClockPath(
        GPUS, np.full(2, 345.0), np.full(2, 1980.0), PathSetUp(**{"latency_s": 40.0, "quantum": 15.0, **set_up})
    )


def many(seed=0, **set_up):
    gpus, low, top = np.full(MANY, 8), np.full(MANY, 200.0), np.full(MANY, 700.0)
    return CapPath(gpus, low, top, PathSetUp(**{"latency_s": 0.0, **set_up}), Chance(seed, "path"))


def test_caps_arrive_after_the_latency_and_not_before():
    acts = actuators(path(latency_s=2.0))
    acts.cap.send(10, np.array([500.0, 500.0]))
    acts.cap.send(15, np.array([400.0, 400.0]))
    assert acts.second_arrival() == 17
    assert acts.arriving(12) is None
    at, held = acts.arriving(13)
    assert at == 12
    np.testing.assert_array_equal(held.cap_w, [500.0, 500.0])
    assert acts.second_arrival() == np.inf


def test_caps_are_cut_to_the_range_and_rounded_down():
    acts = actuators(path(quantum=5.0))
    acts.cap.send(0, np.array([np.inf, 13.0]))
    np.testing.assert_array_equal(acts.arriving(1)[1].cap_w, [700.0, 200.0])
    acts.cap.send(1, np.array([503.9, 509.9]))
    np.testing.assert_array_equal(acts.arriving(2)[1].cap_w, [500.0, 505.0])


def test_writes_of_a_host_are_serial():
    # GridPilot: 33 ms a board; eight take 264 ms and four 132 ms, both within the second; at 0.3 s they part.
    fast, slow = path(write_s=0.033), path(write_s=0.3)
    for one in (fast, slow):
        one.send(0, np.array([500.0, 500.0]))
    assert fast.ticks() == [1]
    assert slow.ticks() == [2, 3]
    slow.take(2)
    np.testing.assert_array_equal(slow.in_force, [700.0, 500.0])


def test_jitter_spreads_arrivals_evenly_up_to_its_size():
    one = many(latency_s=20.0, jitter_s=20.0)
    one.send(5, np.full(MANY, 300.0))
    assert one.ticks() == list(range(26, 46))
    held = []
    for tick in one.ticks():
        one.take(tick)
        held.append((one.in_force == 300.0).sum())
    np.testing.assert_allclose(np.diff(held), MANY / 20, rtol=0.3)
    assert held[-1] == MANY


def test_commands_to_one_server_keep_their_order():
    one = many(latency_s=1.0, jitter_s=30.0)
    for tick in range(0, 60, 5):
        one.send(tick, np.full(MANY, 200.0 + tick))
    last = np.full(MANY, 700.0)
    first = True
    for tick in one.ticks():
        one.take(tick)
        changed = one.in_force != last
        assert first or (one.in_force[changed & (last < 700.0)] > last[changed & (last < 700.0)]).all()
        last, first = one.in_force.copy(), False
    np.testing.assert_array_equal(last, 255.0)


def test_a_share_of_commands_is_lost_and_the_old_cap_stays():
    one = many(latency_s=1.0, failure=0.1)
    one.send(0, np.full(MANY, 300.0))
    one.take(1)
    assert (one.in_force == 700.0).mean() == pytest.approx(0.1, abs=0.015)
    assert (one.sent == 300.0).all()
    same = many(latency_s=1.0, failure=0.1)
    same.send(0, np.full(MANY, 300.0))
    same.take(1)
    np.testing.assert_array_equal(one.in_force, same.in_force)


def test_the_brake_holds_below_every_cap_by_its_own_path():
    brake = CapPath(GPUS, np.array([210.0, 300.0]), np.full(2, np.inf), PathSetUp(5.0))
    acts = actuators(path(latency_s=1.0), brake)
    acts.cap.send(0, np.array([500.0, 600.0]))
    acts.brake.send(0, np.array([210.0, np.inf]))
    assert acts.second_arrival() == 5
    np.testing.assert_array_equal(acts.arriving(2)[1].cap_w, [500.0, 600.0])
    np.testing.assert_array_equal(acts.arriving(6)[1].cap_w, [210.0, 600.0])
    acts.brake.send(6, np.full(2, np.inf))
    np.testing.assert_array_equal(acts.arriving(12)[1].cap_w, [500.0, 600.0])


@pytest.mark.parametrize(
    ("caps", "said"),
    [
        (np.array([500.0]), "one cap for each of 2 servers, found 1 caps"),
        (np.full((2, 2), 500.0), "found caps of shape"),
        (np.array([np.nan, 500.0]), "found nan W for server 0, 1 such"),
        (np.array([500.0, -3.0]), "found -3 W for server 1"),
        (np.array([0.7, 0.7]), "found 0.7 W for server 0, 2 such"),
        (np.array([500.0, 7e5]), "ten times its rating of 1200 W, or infinity; found 700000 W"),
        (np.array([-np.inf, 500.0]), "found -inf W"),
    ],
)
def test_caps_that_no_board_could_mean_are_refused(caps, said):
    with pytest.raises(ValueError, match=said):
        path().send(0, caps)


def test_clocks_and_floors_come_by_their_own_paths_and_leave_each_other_alone():
    acts = actuators(path(latency_s=1.0), clock=clocks(), latency_s=2.0)
    acts.clock.send(0, np.array([1275.0, np.inf]))
    acts.floor.send(0, np.array([600.0, 0.0]))
    acts.cap.send(0, np.array([500.0, 500.0]))
    at, held = acts.arriving(10)
    assert at == 1
    np.testing.assert_array_equal(held.clock_mhz, 1980.0)
    np.testing.assert_array_equal(held.floor_w, 0.0)
    at, held = acts.arriving(10)
    assert at == 2
    np.testing.assert_array_equal(held.floor_w, [600.0, 0.0])
    np.testing.assert_array_equal(held.cap_w, 500.0)
    at, held = acts.arriving(50)
    assert at == 40
    np.testing.assert_array_equal(held.clock_mhz, [1275.0, 1980.0])


def test_clocks_and_floors_are_cut_to_their_range_and_rounded_down():
    clock = clocks(latency_s=1.0)
    clock.send(0, np.array([1289.0, 100.0]))
    np.testing.assert_array_equal(clock.sent, [1275.0, 345.0])
    clock.send(1, np.array([np.inf, 1984.0]))
    np.testing.assert_array_equal(clock.sent, 1980.0)
    floor = actuators(path(), quantum=50.0).floor
    floor.send(0, np.array([710.0, 333.0]))
    np.testing.assert_array_equal(floor.sent, [630.0, 300.0])


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("clock", [np.nan, 1980.0], "found nan MHz for server 0, 1 such"),
        ("clock", [1980.0, -5.0], "a clock is MHz, from a tenth of its least, 345 MHz, .* found -5 MHz for server 1"),
        ("clock", [1.98, 1.98], "found 1.98 MHz for server 0, 2 such"),
        ("clock", [1.98e9, 1980.0], "ten times its most, 1980 MHz, or infinity, which unlocks; found 1.98e"),
        ("clock", [0.0, 0.0], "found 0 MHz"),
        ("clock", [1980.0], "one clock for each of 2 servers, found 1 clocks"),
        ("floor", [np.nan, 0.0], "found nan W for server 0"),
        ("floor", [-1.0, 0.0], "found -1 W"),
        ("floor", [np.inf, 0.0], "a floor is watts for one GPU, 0 for none or .* found inf W"),
        ("floor", [0.9, 0.9], "found 0.9 W for server 0, 2 such"),
        ("floor", [7e4, 0.0], "ten times the most its board takes, 630 W; found 70000 W"),
        ("floor", [[0.0, 0.0]], "found floors of shape"),
    ],
)
def test_clocks_and_floors_that_no_board_could_mean_are_refused(kind, value, said):
    with pytest.raises(ValueError, match=said):
        getattr(actuators(path(), clock=clocks()), kind).send(0, np.array(value))
