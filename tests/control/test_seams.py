"""Meters show what is old enough, caps arrive when their path lets them."""

import numpy as np
import pytest

from twin.control.actuation import CapPath
from twin.control.policy import Fleet
from twin.control.sensing import Meter

FLEET = Fleet(np.array([8, 4]), np.array([700.0, 1200.0]), np.array([200.0, 200.0]), np.array([0, 1]), [np.array([0])])


def test_a_reading_is_seen_only_after_its_delay():
    meter = Meter(period=1, delay=3)
    for tick in range(10):
        meter.read(tick, np.array([float(tick)]))
    assert meter.seen(9).values[0] == [6.0]
    assert meter.seen(12).values[0] == [9.0]


def test_a_meter_reads_at_its_period_and_keeps_its_own_copy():
    meter = Meter(period=5, delay=0)
    assert [tick for tick in range(11) if meter.due(tick)] == [0, 5, 10]
    values = np.array([1.0])
    meter.read(0, values)
    values[0] = 2.0
    assert meter.seen(0).values[0] == [1.0]


def test_caps_arrive_after_the_latency_and_not_before():
    path = CapPath(FLEET, latency=2, quantum_w=1.0)
    path.send(10, np.array([500.0, 500.0]))
    path.send(15, np.array([400.0, 400.0]))
    assert path.second_arrival() == 17
    assert path.arriving(12) is None
    at, caps = path.arriving(13)
    assert at == 12
    np.testing.assert_array_equal(caps, [500.0, 500.0])
    assert path.second_arrival() == np.inf


def test_caps_are_cut_to_the_range_and_rounded_down():
    path = CapPath(FLEET, latency=0, quantum_w=5.0)
    path.send(0, np.array([np.inf, 13.0]))
    np.testing.assert_array_equal(path.arriving(1)[1], [700.0, 200.0])
    path.send(1, np.array([503.9, 509.9]))
    np.testing.assert_array_equal(path.arriving(2)[1], [500.0, 505.0])


@pytest.mark.parametrize("caps", [np.array([500.0]), np.array([np.nan, 500.0])])
def test_caps_that_do_not_fit_the_fleet_are_refused(caps):
    with pytest.raises(ValueError, match="one cap for each of 2 servers"):
        CapPath(FLEET, latency=0, quantum_w=1.0).send(0, caps)
