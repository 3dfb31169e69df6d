"""A hall's demand on its plant."""

import numpy as np
import pytest

from twin.components.hall import HallState, plant_demand_w


@pytest.mark.parametrize(("return_c", "expected"), [(33.0, 8 * 3.1e6 + 2e5), (25.0, 2e5), (24.0, 0.0)])
def test_the_plant_takes_what_holds_the_set_point(return_c, expected):
    state = HallState(np.array([25.0]), np.array([25.0]), np.array([return_c]))
    assert plant_demand_w(state, 0, 25.0, 3.1e6, 2e5) == pytest.approx(expected)
