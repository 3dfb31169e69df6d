"""Towers of fixed approach: the one equation, its limits, and the second law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import approach
from twin.components.approach import ApproachTowerSpec

CELL = {"water": "125 kg/s", "heat": "5 MW", "fan": "55 kW", "wet_bulb": "26 degC", "approach": "4 K"}


def tower(**changes: str) -> approach.ApproachTowerParams:
    return approach.params([ApproachTowerSpec.model_validate(CELL | changes)], [2], [0], [0], [(15.0, 4.0)])


def test_the_approach_follows_the_load():
    """By hand: two cells of 5 MW have 4 K at 10 MW, 1 K without load, so 2.5 K at half."""
    cells = tower(least_approach="1 K")
    assert approach.coldest_c(cells, 0, 2.0, 20.0, 10e6) == pytest.approx(24.0)
    assert approach.coldest_c(cells, 0, 2.0, 20.0, 5e6) == pytest.approx(22.5)
    assert approach.coldest_c(cells, 0, 1.0, 20.0, 5e6) == pytest.approx(24.0)
    assert approach.most_w(cells, 0, 2.0, 20.0, 22.5) == pytest.approx(5e6)
    assert approach.most_w(cells, 0, 2.0, 20.0, 20.5) == 0.0
    assert approach.fan_speed(cells, 0, 2.0, 20.0, 24.0, 5e6) == pytest.approx(0.5)


def test_a_fixed_approach_knows_no_limit():
    cells = tower(least_approach="4 K")
    assert approach.coldest_c(cells, 0, 2.0, 20.0, 50e6) == 24.0
    assert approach.most_w(cells, 0, 2.0, 20.0, 24.1) > 1e11
    assert approach.fan_speed(cells, 0, 2.0, 20.0, 24.1, 5e6) == pytest.approx(0.5)


@given(wet_c=st.floats(-10, 30), heat_w=st.floats(0, 50e6), least=st.floats(0, 4))
def test_water_never_leaves_below_the_wet_bulb(wet_c, heat_w, least):
    cells = tower(least_approach=f"{least} K")
    assert approach.coldest_c(cells, 0, 2.0, wet_c, heat_w) >= wet_c
    assert 0 <= approach.fan_speed(cells, 0, 2.0, wet_c, wet_c + 5.0, heat_w) <= 1


def test_water_goes_with_heat():
    """0.9 of 1 kWh over the latent heat is 1.33 L; four cycles buy a third more."""
    evaporation, drift, blowdown = approach.water_kg_s(tower(), 0, 3.6e6, 100.0)
    assert evaporation == pytest.approx(1.333, abs=0.001)
    assert drift == pytest.approx(0.005)
    assert evaporation + drift + blowdown == pytest.approx(4 / 3 * evaporation)


def test_an_approach_that_falls_with_load_is_refused():
    with pytest.raises(ValidationError, match="without load, 5 K, is above that at design, 4 K"):
        ApproachTowerSpec.model_validate(CELL | {"least_approach": "5 K"})
