"""Speed under a limit: the measured classes, what holds of any curve, and curves that are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.core.speed import SpeedSpec, lost_table, speed_lost
from twin.site.load import load_site

LIBRARY = load_site(Path(__file__).parents[2] / "site_configs" / "pod.yaml").library
HOPPER = LIBRARY.gpus["h100-sxm"].speed
LOST = lost_table(HOPPER)
SHARE = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("natural", "measured"),
    [(0.89, (0.979, 0.948, 0.904, 0.847, 0.699, 0.532)), (0.71, (0.990, 0.966, 0.937, 0.898, 0.832, 0.714))],
)
def test_v3_classes_of_the_v100(natural, measured):
    """Medians of the jobs that draw over 80 % of a V100's rating and of those at 60 to 80 %, within three points."""
    speeds = [1.0 - speed_lost(LOST, natural, limit) for limit in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)]
    np.testing.assert_allclose(speeds, measured, atol=0.03)


@pytest.mark.parametrize("limit", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
def test_v3_jobs_at_half_the_rating_lose_nothing(limit):
    """The median of the jobs below 60 % of a V100's rating draws 16 % of it; the greatest of them, half."""
    assert [1.0 - speed_lost(LOST, natural, limit) for natural in (0.16, 0.5)] == pytest.approx([1.0, 1.0])


def test_between_points_by_hand():
    """At 82.5 % of the rating, half way between two rows, and a limit of 65 %, half way between two columns."""
    lost = 1.0 - (0.897 + 0.930 + 0.836 + 0.904) / 4
    assert speed_lost(LOST, 0.825, 0.65) == pytest.approx(lost)


def test_points_are_met():
    for natural, row in zip(HOPPER.natural, HOPPER.speed, strict=True):
        for limit, speed in zip(HOPPER.limit, row, strict=True):
            assert speed_lost(LOST, natural, limit) == pytest.approx(1.0 - speed)


def test_below_the_points():
    """Nothing loses until its limit is below what it draws; without power nothing moves."""
    assert speed_lost(LOST, 0.2, 0.25) == pytest.approx(0.0)
    assert [speed_lost(LOST, natural, 0.0) for natural in (0.0, 0.3, 0.9, 1.0)] == [1.0] * 4
    assert speed_lost(LOST, 0.9, 0.2) == pytest.approx(1.0 - 0.533 / 2)


@given(natural=SHARE, limit=SHARE, more=SHARE, less=SHARE)
def test_a_share_that_rises_with_natural_power_and_falls_with_the_limit(natural, limit, more, less):
    lost = speed_lost(LOST, natural, limit)
    assert 0.0 <= lost <= 1.0
    assert speed_lost(LOST, natural + more * (1.0 - natural), limit) >= lost - 1e-12
    assert speed_lost(LOST, natural, less * limit) >= lost - 1e-12
    assert speed_lost(LOST, natural, 1.0) == 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"natural": [0.9, 0.5]}, "values of natural must rise"),
        ({"limit": [0.5, 0.9]}, "the last limit must be 100 %"),
        ({"speed": [[1.0, 1.0]]}, "one row for each natural power"),
        ({"speed": [[1.0, 1.0], [1.0, 0.9]]}, "needs 2 values that rise to 100 %"),
        ({"speed": [[0.6, 1.0], [0.7, 1.0]]}, "a job that draws more cannot be faster"),
        ({"interval": [1.1, 2.0]}, "must enclose 1"),
    ],
)
def test_impossible_curves_are_refused(change, said):
    curve = {"natural": [0.5, 0.9], "limit": [0.5, 1.0], "speed": [[1.0, 1.0], [0.7, 1.0]], "interval": [0.5, 1.5]}
    with pytest.raises(ValidationError, match=said):
        SpeedSpec.model_validate(curve | change)
