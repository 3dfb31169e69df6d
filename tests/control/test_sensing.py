"""Meters show means over their window, late, wrong by their gain, and old where a reading was missed."""

import numpy as np
import pytest

from twin.control.chance import Chance
from twin.control.sensing import Meter


def test_a_reading_is_seen_only_after_its_delay():
    meter = Meter(period=1, delay=3)
    for tick in range(10):
        meter.read(tick, np.array([float(tick)]))
    assert meter.seen(9).values[0] == [6.0]
    assert meter.seen(12).values[0] == [9.0]
    assert meter.at(4).values[0] == [4.0]


def test_what_nobody_asks_for_any_more_is_forgotten():
    meter = Meter(period=1, delay=0)
    for tick in range(10):
        meter.read(tick, np.array([float(tick)]))
    meter.forget(7)
    assert meter.at(3).tick == 7
    assert meter.at(8).tick == 8


def test_a_meter_reads_at_its_period_and_keeps_its_own_copy():
    meter = Meter(period=5, delay=0)
    assert [tick for tick in range(11) if meter.due(tick)] == [0, 5, 10]
    values = np.array([1.0])
    meter.read(0, values)
    values[0] = 2.0
    assert meter.seen(0).values[0] == [1.0]


@pytest.mark.parametrize(("period", "window_s", "looks"), [(5, 3.0, [3, 4, 5, 8, 9, 10]), (3, 1.0, [3, 6, 9])])
def test_a_reading_is_the_mean_of_its_window(period, window_s, looks):
    meter = Meter(period, 0, window_s)
    assert [tick for tick in range(1, 11) if meter.looks(tick)] == looks
    at, seen = 0, []
    while at < 10:
        at = meter.next_look(at)
        if at <= 10:
            seen.append(at)
    assert seen == looks
    for tick in looks:
        meter.read(tick, np.array([float(tick**2)]))
    last = looks[-1]
    window = [t**2 for t in looks if last - window_s < t <= last]
    assert meter.seen(last).values[0] == pytest.approx(np.mean(window))


def test_gains_are_those_given_and_nothing_else_changes():
    meter = Meter(1, 0, gain=(np.array([1.05, 0.95]), None))
    meter.read(0, np.array([100.0, 100.0]), np.array([50.0, 60.0]))
    np.testing.assert_allclose(meter.seen(0).values[0], [105.0, 95.0])
    np.testing.assert_array_equal(meter.seen(0).values[1], [50.0, 60.0])


def test_a_missed_reading_leaves_the_last_value_with_its_age():
    meter = Meter(2, 0, dropout=0.3, chance=Chance(1, "x"))
    for tick in range(0, 400, 2):
        meter.read(tick, np.full(50, float(tick)))
        reading = meter.seen(tick)
        assert (reading.values[0] == tick - reading.age).all()
    ages = [meter.at(tick).age for tick in range(2, 400, 2)]
    missed = np.mean([age > 0 for age in ages])
    assert missed == pytest.approx(0.3, abs=0.02)
    assert max(age.max() for age in ages) > 4


def test_a_meter_that_always_fails_shows_its_first_reading_for_ever():
    meter = Meter(1, 0, dropout=1.0, chance=Chance(1, "x"))
    for tick in range(5):
        meter.read(tick, np.array([float(tick)]))
    assert meter.seen(4).values[0] == [0.0]
    assert meter.seen(4).age == [4.0]


def test_chance_knows_no_history():
    one, two = Chance(3, "a"), Chance(3, "a")
    one.at(1, 10)
    np.testing.assert_array_equal(one.at(7, 5), two.at(7, 5))
    assert not np.array_equal(one.at(7, 5), one.at(8, 5))
    assert not np.array_equal(one.at(7, 5), Chance(3, "b").at(7, 5))
    assert Chance(0, "even").at(0, 100_000).mean() == pytest.approx(0.5, abs=0.005)
