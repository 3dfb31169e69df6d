"""The frozen rows are whole, and those without a library are closed forms."""

from math import exp, pi

import pytest

from tests.oracles.frozen import hold, row, rows

# York's coefficients of wet bulb^w range^r (water share / air share)^l, at 9 l + 3 r + w.
YORK = [
    -0.359741205, -0.055053608, 0.0023850432, 0.173926877, -0.0248473764, 0.00048430224, -0.005589849456,
    0.0005770079712, -0.00001342427256, 2.84765801111111, -0.121765149, 0.0014599242, 1.680428651, -0.0166920786,
    -0.0007190532, -0.025485194448, 0.0000487491696, 0.00002719234152, -0.0653766255555556, -0.002278167,
    0.0002500254, -0.0910565458, 0.00318176316, 0.000038621772, -0.0034285382352, 0.00000856589904,
    -0.000001516821552,
]  # fmt: skip


@pytest.mark.parametrize("name", rows())
def test_every_row_is_whole(name):
    """Each figure has both tolerances or one, each tolerance has a figure, and somebody stands for it."""
    one = row(name)
    assert one.about
    assert one.oracle
    assert one.cases
    for figure, tolerance in (one.within | one.again).items():
        assert any(figure in case for case in one.cases), figure
        assert set(tolerance) in ({"rel"}, {"abs"})
    assert set(one.within) <= set(one.again) | {"flow_kg_s"}


def test_closed_forms():
    """V-HYD-04, V-TRN-01, V-TRN-02 and V-AIR-02."""
    given = row("V-HYD-04").given
    for case in row("V-HYD-04").cases:
        head = given["shutoff_m"] * case["speed"] ** 2 - given["lift_m"]
        flow = (head / (given["steepness"] + given["resistance"])) ** 0.5
        hold(case, row("V-HYD-04").again, flow_m3_s=flow, head_m=given["lift_m"] + given["resistance"] * flow**2)
    case = row("V-TRN-01").cases[0]
    plug_kg = case["density_kg_m3"] * pi / 4 * case["inside_m"] ** 2 * case["length_m"]
    hold(case, row("V-TRN-01").again, delay_s=plug_kg / case["flow_kg_s"])
    case = row("V-TRN-02").cases[0]
    tau_s = case["density_kg_m3"] * case["volume_m3"] / case["flow_kg_s"]
    now_c = case["to_c"] + (case["from_c"] - case["to_c"]) * exp(-case["after_s"] / tau_s)
    hold(case, row("V-TRN-02").again, tau_s=tau_s, temperature_c=now_c)
    case = row("V-AIR-02").cases[0]
    hold(case, row("V-AIR-02").again, flow_share=case["speed"], power_share=case["speed"] ** 3)


def test_v_ct_01():
    """York's polynomial, which no model here uses: it can cool below the wet bulb."""
    wet_c, range_k = (row("V-CT-01").given[name] for name in ("wet_c", "range_k"))
    for case in row("V-CT-01").cases:
        share = case["water_share"] / case["air_share"]
        terms = [c * wet_c ** (i % 3) * range_k ** (i // 3 % 3) * share ** (i // 9) for i, c in enumerate(YORK)]
        hold(case, row("V-CT-01").within, approach_k=sum(terms))


def test_v_wat_01_blowdown():
    """The balance of salts, on what EnergyPlus evaporates and loses as drift."""
    given = row("V-WAT-01").given
    for case in row("V-WAT-01").cases:
        evaporation, drift = case["their_evaporation_m3_s"], given["drift"] * given["design_water_m3_s"]
        blowdown = evaporation / (given["cycles"] - 1) - drift
        assert drift == pytest.approx(case["their_drift_m3_s"], rel=1e-6)
        assert blowdown == pytest.approx(case["their_blowdown_m3_s"], rel=1e-6)
        assert evaporation + drift + blowdown == pytest.approx(case["their_makeup_m3_s"], rel=1e-6)
