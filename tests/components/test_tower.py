"""Cooling towers: against EnergyPlus and psychrolib, and what no tower can do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.integrate import quad

from twin.components import tower
from twin.components.tower import TowerSpec
from twin.core import fluids

SEA_LEVEL = 101325.0
CELL = {
    "water": "150 kg/s", "air": "90 m3/s", "fan": "45 kW",
    "wet_bulb": "25.6 degC", "approach": "3.9 K", "range": "5.6 K",
}  # fmt: skip
# V-CT-04: wet bulb, dry bulb, water entering, kg/s; EnergyPlus leaving water and heat.
MERKEL = [
    (25.6287, 35.0, 34.0133, 149.407, 28.4086, 3.50027e6),
    (20.0298, 28.0, 29.6294, 149.585, 24.0309, 3.50045e6),
    (20.0298, 28.0, 25.8484, 149.635, 22.6508, 1.99963e6),
    (10.0265, 15.0, 22.2632, 149.820, 16.6792, 3.49702e6),
]


def towers(ua_w_k: float | None = None, **changes: str) -> tower.TowerParams:
    made = tower.params([TowerSpec.model_validate(CELL | changes)], [1], [0], [tower.CondenserWaterSpec()])
    return made if ua_w_k is None else made._replace(ua_w_k=np.array([ua_w_k]))


def heat(cells, fan, water_kg_s, entering_c, air):
    water_w_k = water_kg_s * float(fluids.specific_heat(fluids.WATER, entering_c))
    return tower.heat_w(cells, 0, fan, 1.0, water_kg_s, water_w_k, entering_c, air), water_w_k


@pytest.mark.parametrize(("wet_c", "dry_c", "entering_c", "water_kg_s", "leaving_c", "heat_w"), MERKEL)
def test_v_ct_04(wet_c, dry_c, entering_c, water_kg_s, leaving_c, heat_w):
    given_w, water_w_k = heat(towers(350e3), 1.0, water_kg_s, entering_c, (dry_c, wet_c, SEA_LEVEL))
    # The row asks for 0.05 K and 0.8 %: wide enough to hide air counted moist where enthalpies are of dry air.
    assert entering_c - given_w / water_w_k == pytest.approx(leaving_c, abs=3e-3)
    assert given_w == pytest.approx(heat_w, rel=3e-4)


def test_v_ct_05_merkel():
    """EnergyPlus holds 24 degC at a wet bulb of 10.0265 degC with a fan speed of 0.49796 and 5,556.5 W."""
    cells, air, water_kg_s = towers(350e3), (15.0, 10.0265, SEA_LEVEL), 149.7
    water_w_k = water_kg_s * 4180.0
    fan = tower.fan_for(cells, 0, 3.5004e6, 1.0, 1.0, water_kg_s, water_w_k, 24.0 + 3.5004e6 / water_w_k, air)
    assert fan == pytest.approx(0.49796, rel=3e-3)
    assert tower.fans_w(cells, 0, 0.49796, 1.0) == pytest.approx(5556.5, rel=1e-4)


def test_v_ct_03():
    """KaV/L of 105 to 85 degF, wet bulb 78 degF, L/G 0.97; the expected value is with inch-pound enthalpies of air."""
    kelvin = 5.0 / 9.0
    hot, cold, wet = (105 - 32) * kelvin, (85 - 32) * kelvin, (78 - 32) * kelvin
    btu_lb = 2326.0

    def integrand(t_f: float) -> float:
        t_c = (t_f - 32) * kelvin
        air = tower.saturated_j_kg(wet, SEA_LEVEL) / btu_lb + 0.97 * (t_f - 85)
        return 1.0 / (tower.saturated_j_kg(t_c, SEA_LEVEL) / btu_lb - air)

    assert hot > cold > wet
    assert quad(integrand, 85, 105)[0] == pytest.approx(1.7097538892, rel=5e-4)


@pytest.mark.parametrize(
    ("wet_c", "dry_c", "humidity", "heat_w", "evaporated"),
    [(25.6287, 35, 0.0168908, 3.5001e6, 1.46903), (20.0298, 28, 0.0113881, 3.5008e6, 1.35969),
     (10.0265, 15, 0.0056039, 3.4974e6, 1.10977)],
)  # fmt: skip
def test_v_wat_01(wet_c, dry_c, humidity, heat_w, evaporated):
    assert fluids.humidity_from_wet_bulb(dry_c, wet_c, SEA_LEVEL) == pytest.approx(humidity, rel=2e-4)
    assert tower.evaporation_kg_s(heat_w, 90.0, (dry_c, wet_c, SEA_LEVEL)) == pytest.approx(evaporated, rel=1e-3)


def test_v_wat_01_blowdown():
    """E = 1.421064e-3 m3/s, drift 1.2e-5, four cycles: blowdown 4.61688e-4, make-up 1.894752e-3 m3/s."""
    cells = towers()._replace(drift=np.array([8e-5]))
    evaporation, drift, blowdown = tower.water_kg_s(cells, 0, 3.5e6, 1.0, 1.0, 150.0, (35.0, 25.6, SEA_LEVEL))
    assert drift == pytest.approx(0.012)
    assert blowdown == pytest.approx(evaporation / 3 - 0.012, rel=1e-12)
    assert evaporation + drift + blowdown == pytest.approx(4 / 3 * evaporation, rel=1e-12)


def test_the_design_point_is_met():
    air = (25.6 + 8.0, 25.6, SEA_LEVEL)
    given_w, water_w_k = heat(towers(), 1.0, 150.0, 25.6 + 3.9 + 5.6, air)
    share = 0.1082 + 1.667 - 0.7713  # Scheier's factor of water is 1.0039 at design
    assert share == pytest.approx(1.0, abs=0.005)
    assert given_w / water_w_k == pytest.approx(5.6, rel=2e-3)


AIR = st.tuples(st.floats(-5, 28), st.floats(0, 15)).map(lambda t: (t[0] + t[1], t[0], SEA_LEVEL))


@given(air=AIR, warmer=st.floats(0, 30), fan=st.floats(0, 1), water_kg_s=st.floats(20, 160))
def test_water_never_leaves_below_the_wet_bulb(air, warmer, fan, water_kg_s):
    given_w, water_w_k = heat(towers(), fan, water_kg_s, air[1] + warmer, air)
    assert 0 <= given_w <= water_w_k * warmer * (1 + 1e-12)


@given(air=AIR, warmer=st.floats(0.5, 25), fan=st.floats(0, 0.95), more=st.floats(0.01, 0.05))
def test_more_fan_takes_more_heat(air, warmer, fan, more):
    cells, entering_c = towers(), air[1] + warmer
    assert heat(cells, fan + more, 150.0, entering_c, air)[0] >= heat(cells, fan, 150.0, entering_c, air)[0] * (
        1 - 1e-9
    )


@given(air=AIR, warmer=st.floats(3, 25), share=st.floats(0.01, 0.99))
def test_the_fan_found_takes_what_was_asked(air, warmer, share):
    cells, entering_c = towers(), air[1] + warmer
    most, water_w_k = heat(cells, 1.0, 150.0, entering_c, air)
    fan = tower.fan_for(cells, 0, share * most, 1.0, 1.0, 150.0, water_w_k, entering_c, air)
    least = heat(cells, 0.0, 150.0, entering_c, air)[0]
    assert heat(cells, fan, 150.0, entering_c, air)[0] == pytest.approx(max(least, share * most), rel=1e-6)
    assert 0 <= tower.fans_w(cells, 0, fan, 1.0) <= 45e3


def test_little_water_wets_few_cells():
    cells = tower.params([TowerSpec.model_validate(CELL)], [8], [0], [tower.CondenserWaterSpec()])
    assert [tower.cells_wet(cells, 0, kg_s) for kg_s in (1200.0, 360.0, 90.0, 1.0)] == [8.0, 8.0, 2.0, 1.0]


def test_a_design_that_no_fill_reaches_is_refused():
    with pytest.raises(ValidationError, match=r"no size of fill cools 150 kg/s from 35\.1 to 25\.7 degC with 20 m3/s"):
        TowerSpec.model_validate(CELL | {"air": "20 m3/s", "approach": "0.1 K", "range": "9.4 K"})
