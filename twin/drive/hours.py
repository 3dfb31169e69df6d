"""The 8,760 hours of a common year: where each stands, and what it is called.

Hours are named by their end, 1:00 to 24:00; place 0 is 1:00 of 1 January.
"""

from datetime import date, timedelta

import numpy as np

from twin.core.layout import IVec
from twin.drive.climate import HOURS

YEAR_HOURS = 365 * HOURS
_COMMON_YEAR = 2001


def place_of(month: int, day: int, hour: int) -> int:
    """Place of an hour in the year, 0 for 1:00 of 1 January; -1 where there is no such hour."""
    try:
        days = date(_COMMON_YEAR, int(month), int(day)).timetuple().tm_yday - 1
    except ValueError:
        return -1
    return days * HOURS + int(hour) - 1 if 1 <= hour <= HOURS else -1


def hour_words(place: int) -> str:
    """The hour at a place in the year, e.g. 3 July 14:00."""
    day = date(_COMMON_YEAR, 1, 1) + timedelta(days=int(place) // HOURS)
    return f"{day.day} {day:%B} {int(place) % HOURS + 1}:00"


def count_words(hours: int) -> str:
    """So many hours, in words."""
    return f"{hours:,} {'hour' if hours == 1 else 'hours'}"


def runs(places: IVec) -> list[tuple[IVec, str]]:
    """Runs of hours that follow each other, each with its words."""
    if not len(places):
        return []
    pieces = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [(run, _span(int(run[0]), int(run[-1]))) for run in pieces]


def _span(first: int, last: int) -> str:
    if first == last:
        return hour_words(first)
    until = f"{last % HOURS + 1}:00" if first // HOURS == last // HOURS else hour_words(last)
    return f"{hour_words(first)} to {until} ({count_words(last - first + 1)})"
