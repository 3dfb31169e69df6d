"""A policy sees its meters and nothing else, and when it fails the run says who, when and what."""

import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from twin.control.bench import SERVERS, Bench, bench_fleet
from twin.control.contract import check_policy, reached
from twin.control.policy import Commands
from twin.core.errors import RunError

FLEET = bench_fleet()


class Saying:
    """A policy that says what it is told to, and remembers what it saw."""

    def __init__(self, say=lambda seen: None, every_s=5.0):
        self.say, self.every_s, self.seen = say, every_s, []

    def act(self, seen):
        self.seen.append(seen)
        return self.say(seen)


def bench(policy, **fields):
    return Bench(policy, lambda tick: (0.5 + 0.001 * tick) * FLEET.gpu_max_w, **fields)


def test_readings_are_as_old_as_their_meter_makes_them():
    policy = Saying(every_s=1.0)
    run = bench(policy, meter=(5, 2)).run(30)
    for seen in policy.seen[10:]:
        t = int(seen.time_s)
        read = (t - 2) // 5 * 5
        assert seen.node_time_s == seen.feed_time_s == read
        assert seen.feed_w == run.feed_w[read - 1]
        np.testing.assert_array_equal(seen.node_gpu_w, run.board_w[read - 1] * FLEET.gpus)


def test_the_site_is_shown_as_it_was_when_servers_were_read():
    policy = Saying(every_s=1.0)
    run = bench(policy)
    run.loop.meters = run.loop.meters._replace(servers=type(run.loop.meters.servers)(7, 3))
    run.run(30)
    for seen in policy.seen[12:]:
        assert seen.feed_then_w == run.feed_w[int(seen.node_time_s) - 1]
        assert seen.feed_w == run.feed_w[int(seen.time_s) - 2]


def test_nothing_but_telemetry_can_be_reached_from_what_is_seen():
    policy = Saying()
    run = bench(policy).run(11)
    hidden = [run, run.loop, run.loop.actuators, run.loop.meters, run.power_w, run.die_c, *run.held]
    paths = [run.loop.actuators.cap, run.loop.actuators.clock, run.loop.actuators.floor]
    hidden += [value for path in paths for value in (path.in_force, path.sent)]
    kept = [reading.values for meter in run.loop.meters for reading in meter._kept]
    hidden += [value for values in kept for value in values]
    mine = list(reached(policy.seen[-1]))
    assert not {id(thing) for thing in mine} & {id(thing) for thing in hidden}
    arrays = [thing for thing in mine if isinstance(thing, np.ndarray)]
    assert len(arrays) > 20
    for secret in (thing for thing in hidden if isinstance(thing, np.ndarray)):
        assert not any(np.shares_memory(secret, array) for array in arrays)


def test_what_a_policy_writes_into_its_copies_changes_nothing():
    def spoil(seen):
        for value in seen:
            if isinstance(value, np.ndarray) and value.flags.writeable:
                value[:] = 0
        return Commands(np.where(np.arange(SERVERS) == 3, 400.0, np.inf))

    def honest(seen):
        return Commands(np.where(np.arange(SERVERS) == 3, 400.0, np.inf))

    one, two = bench(Saying(spoil)).run(60), bench(Saying(honest)).run(60)
    np.testing.assert_array_equal(one.feed_w, two.feed_w)
    np.testing.assert_array_equal(one.cap_w, two.cap_w)


def test_a_call_is_not_seen_before_it_is_told():
    policy = Saying(every_s=1.0)
    bench(policy, calls=((10, 20, 30, 100e3),)).run(40)
    shown = [bool(seen.notices) for seen in policy.seen]
    assert shown == [10 <= t < 30 for t in range(40)]
    assert [policy.seen[t].least_limit_w(0.0) for t in (9, 19, 20, 29, 30)] == [400e3, 400e3, 100e3, 100e3, 400e3]
    assert policy.seen[15].least_limit_w(5.0) == 100e3


def hang(seen):
    while True:
        time.sleep(0.01)


def hang_on(seen):
    while True:
        with suppress(Exception):
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (lambda seen: 1 / 0, "ZeroDivisionError"),
        (lambda seen: Commands(np.full(SERVERS, np.nan)), "found nan W for server 0, 32 such"),
        (lambda seen: Commands(np.full(SERVERS, -1.0)), "found -1 W"),
        (lambda seen: Commands(np.full(3, 500.0)), "each of 32 servers, found 3 caps"),
        (lambda seen: Commands(np.full(SERVERS, 500.0), np.ones(3, bool)), "a brake is true or false for each of 32"),
        (lambda seen: 700.0, "act must return Commands or None, found float"),
        (lambda seen: [500.0] * SERVERS, "act must return Commands or None, found list"),
        (lambda seen: Commands(None), "numbers of watts, one for each server; found None"),
        (lambda seen: Commands(500.0), "each of 32 servers, found caps of shape"),
        (lambda seen: Commands(np.full(SERVERS, 1e9)), "ten times its rating of 700 W, or infinity; found 1e"),
        (lambda seen: Commands(np.full(SERVERS, True)), "numbers of watts, .* found True for server 0"),
        (lambda seen: Commands(np.full(SERVERS, 500 + 1j)), "numbers of watts, .* for server 0"),
        (lambda seen: Commands(["500 W"] * SERVERS), "numbers of watts, .* for server 0"),
        (lambda seen: sys.exit(3), "SystemExit: 3"),
        (lambda seen: Saying(None).act(), "TypeError: .*missing 1 required positional argument"),
        (lambda seen: Commands(np.full(SERVERS, 500.0), clock_mhz=np.full(SERVERS, -1.0)), "found -1 MHz"),
        (lambda seen: Commands(np.full(SERVERS, 500.0), clock_mhz=np.full(3, 990.0)), "of 32 servers, found 3 clocks"),
        (lambda seen: Commands(np.full(SERVERS, 500.0), floor_w=np.full(SERVERS, np.nan)), "a floor is .* found nan W"),
        (hang, "TookTooLong: acting took more than 0.2 s"),
        (hang_on, "TookTooLong: acting took more than 0.2 s"),
    ],
)
def test_a_policy_that_fails_is_named_with_time_and_value(say, said):
    run = bench(Saying(lambda seen: say(seen) if seen.time_s >= 20 else None))
    run.loop._charge = run.loop._charge._replace(limit_s=0.2)
    with pytest.raises(RunError, match=f"policy Saying failed at 20 s: .*{said}"):
        run.run(40)
    assert len(run.feed_w) == 20


def test_with_a_fallback_the_run_goes_on_under_a_safe_cap():
    run = bench(Saying(lambda seen: 1 / 0 if seen.time_s >= 20 else None), fallback_w=300.0).run(60)
    assert len(run.feed_w) == 60
    assert run.loop.failure.startswith("policy Saying failed at 20 s: ZeroDivisionError")
    np.testing.assert_array_equal(run.cap_w[-1], 300.0)
    np.testing.assert_array_equal(run.cap_w[15], FLEET.gpu_max_w)


def test_a_brake_needs_a_brake():
    fleet = FLEET._replace(has_brake=False)
    policy = Saying(lambda seen: Commands(np.full(SERVERS, 500.0), np.ones(SERVERS, bool)))
    with pytest.raises(RunError, match="this site has no power brake"):
        bench(policy, fleet=fleet).run(1)


def test_a_locked_clock_needs_a_path():
    policy = Saying(lambda seen: Commands(np.full(SERVERS, 500.0), clock_mhz=np.full(SERVERS, 990.0)))
    with pytest.raises(RunError, match="it locks clocks, but this site has no path for them"):
        bench(policy, fleet=FLEET._replace(has_clock=False)).run(1)


def test_clocks_and_floors_are_left_as_they_are_until_they_are_said_anew():
    def say(seen):
        caps = np.full(SERVERS, np.inf)
        clock = np.full(SERVERS, 990.0)
        return Commands(caps, clock_mhz=clock, floor_w=0.5 * FLEET.floor_max_w) if seen.time_s == 5 else Commands(caps)

    policy = Saying(say)
    run = bench(policy).run(20)
    np.testing.assert_array_equal(policy.seen[0].clock_mhz, 1980.0)
    np.testing.assert_array_equal(policy.seen[2].clock_mhz, 990.0)
    np.testing.assert_array_equal(policy.seen[3].floor_w, np.floor(0.5 * FLEET.floor_max_w))
    idle = FLEET.gpu_idle_w / FLEET.gpu_max_w
    want = np.minimum(0.5 + 0.001 * 19, 1.0)
    np.testing.assert_allclose(run.board_w[4], 0.504 * FLEET.gpu_max_w)
    at_clock = np.maximum(idle + (want - idle) * 0.5**2.32, 0.45 - 1 / FLEET.gpu_max_w)
    np.testing.assert_allclose(run.board_w[-1] / FLEET.gpu_max_w, at_clock, atol=2e-3)
    assert (run.burnt_w[-1] > 0).all()


class Random:
    every_s = 5.0

    def act(self, seen):
        return Commands(np.random.default_rng().uniform(300, 700, SERVERS))


class Spoiling:
    every_s = 5.0

    def act(self, seen):
        seen.node_gpu_w[:] = 0.0


class Writing:
    every_s = 5.0

    def act(self, seen):
        seen.fleet.gpu_max_w[:] = 1e6


class Slow:
    every_s = 60.0

    def act(self, seen):
        time.sleep(0.05)


class Halves:
    every_s = 0.5

    def act(self, seen):
        return None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Random, "from the same telemetry two fresh objects command different things, at 0 s"),
        (Spoiling, "it changes what it is shown: node_gpu_w, at 0 s"),
        (Writing, "it failed at 0 s: ValueError: assignment destination is read-only"),
        (Slow, "takes \\d+ ms on average"),
        (Halves, "whole seconds above 0; found 0.5"),
        (lambda: Saying(lambda seen: 5.0), "act must return Commands or None, found float"),
        (lambda: Saying(lambda seen: Commands(np.full(SERVERS, 0.8))), "found 0.8 W"),
        (lambda: Saying(lambda seen: Commands(seen.cap_w, clock_mhz=np.full(SERVERS, 0.9))), "this site has no path"),
        (lambda: Saying(lambda seen: Commands(seen.cap_w, floor_w=np.full(SERVERS, 0.9))), "found 0.9 W"),
    ],
)
def test_the_contract_finds_what_is_wrong(make, said):
    (found,) = check_policy(make)
    assert __import__("re").search(said, found), found
