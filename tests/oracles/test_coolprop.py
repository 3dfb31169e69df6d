"""Liquids of the table, by CoolProp and by IAPWS-IF97."""

import pytest

from tests.oracles.frozen import hold, row

pytestmark = pytest.mark.oracle
KELVIN, BAR_3 = 273.15, 3e5
NAMES = {"density_kg_m3": "D", "specific_heat_j_kg_k": "C", "viscosity_pa_s": "V", "conductivity_w_m_k": "L"}


@pytest.mark.parametrize(
    ("name", "fluid"),
    [("V-PROP-01", "Water"), ("V-PROP-03", "INCOMP::MPG[0.25]"), ("V-PROP-04", "INCOMP::MPG[0.257]")],
)
def test_v_prop(name, fluid):
    properties = pytest.importorskip("CoolProp.CoolProp").PropsSI
    for case in row(name).cases:
        t_k = case["temperature_c"] + KELVIN
        hold(case, row(name).again, **{key: properties(x, "T", t_k, "P", BAR_3, fluid) for key, x in NAMES.items()})


def test_v_prop_02():
    water = pytest.importorskip("iapws").IAPWS97
    for case in row("V-PROP-02").cases:
        state = water(T=case["temperature_c"] + KELVIN, P=BAR_3 / 1e6)
        found = dict(zip(NAMES, (state.rho, state.cp * 1e3, state.mu, state.k), strict=True))
        hold(case, row("V-PROP-02").again, **found)


def test_v_prop_05():
    properties = pytest.importorskip("CoolProp.CoolProp").PropsSI
    case = row("V-PROP-05").cases[0]
    hot, cold = (properties("H", "T", case[end] + KELVIN, "P", BAR_3, "Water") for end in ("to_c", "from_c"))
    hold(case, row("V-PROP-05").again, gain_j_kg=hot - cold)
