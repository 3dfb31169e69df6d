"""Each kind of alarm from a condition put into the made-up site."""

import numpy as np
import pytest
import xarray as xr

from tests.report import synthetic
from twin.judge.alarms import Alarm, alarms, grouped


@pytest.fixture(scope="module")
def found():
    return alarms(synthetic.build())


def of(found, what):
    return [alarm for alarm in found if alarm.what == what]


def test_alarms_come_in_order_and_with_the_events(found):
    times = [alarm.time_s for alarm in found]
    assert times == sorted(times)
    assert [alarm.what for alarm in found if alarm.severity == "event"] == ["notice", "call"]


@pytest.mark.parametrize(
    ("what", "name", "begin_s", "end_s", "value", "limit"),
    [
        ("feed above its limit", "feed", 3600.0, 3604.0, 3.0, 2.4),
        ("GPUs throttled by temperature", "site", 600.0, 630.0, 4.0, 0.0),
        ("coolant flow low", "hall-1/cdu-001", 600.0, 1200.0, 15.0, 18.0),
        ("plant at capacity", "hall-1", 1800.0, 2400.0, 1.0, 0.999),
        ("overload", "hall-2-us-04", 3000.0, 3300.0, 1.07, 1.0),
        ("voltage low", "hall-2-us-03", 4200.0, 4260.0, 0.93, 0.95),
    ],
)
def test_each_kind(found, what, name, begin_s, end_s, value, limit):
    (alarm,) = of(found, what)
    assert (alarm.name, alarm.time_s, alarm.end_s) == (name, begin_s, end_s)
    assert (alarm.value, alarm.limit) == pytest.approx((value, limit))


def test_supply_more_than_a_kelvin_over_its_set_point(found):
    (alarm,) = of(found, "facility supply above set point")
    assert (alarm.name, alarm.limit, alarm.unit) == ("hall-1", 26.0, "°C")


def test_coolant_above_its_set_point_and_coolant_that_leaks():
    tree = synthetic.build()
    cdus = tree["cdu"].to_dataset()
    cdus["supply_c"][20:30, 1], cdus["leaked_kg"][40:, 2], cdus["leaked_kg"][50:, 2] = 33.0, 5.0, 21.0
    tree["cdu"] = xr.DataTree(cdus)
    raised = alarms(tree)
    (warm,), (leak,), (empty,) = (
        of(raised, what) for what in ("coolant supply above set point", "coolant leaks", "coolant reservoir empty")
    )
    assert (warm.name, warm.time_s, warm.end_s, warm.limit) == ("hall-1/cdu-002", 1200.0, 1800.0, 32.0)
    assert (leak.severity, leak.time_s) == ("warning", 2400.0)
    assert (empty.severity, empty.time_s, empty.limit) == ("critical", 3000.0, 20.0)


def test_servers_that_draw_air_warmer_than_their_class_allows(found):
    (alarm,) = of(found, "server inlet above its limit")
    assert (alarm.name, alarm.limit, alarm.unit) == ("hall-1", 31.0, "°C")
    assert alarm.value > 31.5
    assert not of(found, "coils below the room's dew point")


def test_water_below_the_dew_point_of_the_room():
    tree = synthetic.build()
    halls = tree["hall"].to_dataset()
    halls["dew_point_c"] = halls["dew_point_c"] + [0.0, 13.5]
    tree["hall"] = xr.DataTree(halls)
    (alarm,) = of(alarms(tree), "coils below the room's dew point")
    assert (alarm.name, alarm.limit) == ("hall-2", 25.5)


def test_substations_have_alarms_of_their_own(found):
    assert [alarm.name for alarm in of(found, "substation above its limit")] == ["sub-1", "sub-2"]


def test_clock_time_is_that_of_the_site(found):
    assert of(found, "feed above its limit")[0].clock == "15 Jul 15:00:00"


def test_power_that_hovers_at_its_limit_is_one_alarm(result):
    power = np.where(np.arange(1200) % 100 < 50, 110.0, 90.0)
    assert len(alarms(result(feed_w=power, limit_w=100.0))) == 1


def test_many_of_a_kind_at_once_are_one_line():
    several = [
        Alarm(60.0, 120.0 + i, "", "warning", "coolant flow low", f"hall-1/cdu-{i:03d}", 10.0 - i, 18.0, "kg/s")
        for i in range(5)
    ]
    other = several[0]._replace(name="hall-2/cdu-001")
    first, second = grouped([*several, other])
    assert (len(first.names), first.worst.name, first.end_s) == (5, "hall-1/cdu-004", 124.0)
    assert second.names == ["hall-2/cdu-001"]
