"""Friction by fluids and exchangers by ht: the table's hydraulics and heat exchangers."""

from math import pi

import pytest
from scipy.optimize import fsolve

from tests.oracles.frozen import hold, row

pytestmark = pytest.mark.oracle
LAMINAR = 2040.0
APPROXIMATE = "crossflow approximate"


def test_v_hyd_01():
    colebrook = pytest.importorskip("fluids.friction").Colebrook
    for case in row("V-HYD-01").cases:
        reynolds = case["reynolds"]
        friction = 64.0 / reynolds if reynolds < LAMINAR else colebrook(reynolds, case["roughness_share"])
        hold(case, row("V-HYD-01").again, friction=friction)


def test_v_hyd_02():
    drop = pytest.importorskip("fluids.friction").one_phase_dP
    for case in row("V-HYD-02").cases:
        found = drop(
            case["flow_kg_s"], case["density_kg_m3"], case["viscosity_pa_s"], case["inside_m"], case["roughness_m"],
            case["length_m"],
        )  # fmt: skip
        hold(case, row("V-HYD-02").again, pressure_pa=found)


def test_v_hyd_03():
    """Newton on the pressure around each branch's loop, without any network code."""
    colebrook = pytest.importorskip("fluids.friction").Colebrook
    given, cases = row("V-HYD-03").given, row("V-HYD-03").cases
    density, viscosity, rough = given["density_kg_m3"], given["viscosity_pa_s"], given["roughness_m"]

    def drop_pa(flow_kg_s: float, inside_m: float, length_m: float, loss: float) -> float:
        speed = flow_kg_s / density / (pi / 4 * inside_m**2)
        friction = colebrook(density * speed * inside_m / viscosity, rough / inside_m)
        return (friction * length_m / inside_m + loss) * density * speed**2 / 2

    def open_pa(flows):
        headers = [2 * drop_pa(sum(flows[i:]), *given["header_m"], given["header_loss"]) for i in range(3)]
        return [
            (sum(headers[: i + 1]) + drop_pa(flows[i], *given["branch_m"], cases[i]["loss"])) / given["lift_pa"] - 1
            for i in range(3)
        ]

    for case, found in zip(cases, fsolve(open_pa, [20.0, 18.0, 17.0], xtol=1e-13), strict=True):
        hold(case, row("V-HYD-03").again, flow_kg_s=found)


@pytest.mark.parametrize("name", ["V-HX-01", "V-HX-02"])
def test_v_hx_effectiveness(name):
    effectiveness = pytest.importorskip("ht").effectiveness_from_NTU
    for case in row(name).cases:
        found = effectiveness(case["ntu"], Cr=case["ratio"], subtype=case.get("arrangement", "counterflow"))
        hold(case, row(name).again, effectiveness=found)


def test_v_hx_03():
    solve = pytest.importorskip("ht").effectiveness_NTU_method
    case = row("V-HX-03").cases[0]
    found = solve(**sides(case), Thi=case["hot_c"], Tci=case["cold_c"], UA=case["ua_w_k"])
    hold(case, row("V-HX-03").again, heat_w=found["Q"], effectiveness=found["effectiveness"],
         hot_leaves_c=found["Tho"], cold_leaves_c=found["Tco"])  # fmt: skip


def test_v_hx_04():
    solve = pytest.importorskip("ht").effectiveness_NTU_method
    case = row("V-HX-04").cases[0]
    found = solve(**sides(case), Thi=case["hot_c"], Tho=case["hot_leaves_c"], Tci=case["cold_c"])
    hold(case, row("V-HX-04").again, ua_w_k=found["UA"], ntu=found["NTU"], effectiveness=found["effectiveness"])


def sides(case):
    names = {"mh": "hot_kg_s", "Cph": "hot_j_kg_k", "mc": "cold_kg_s", "Cpc": "cold_j_kg_k"}
    return {"subtype": "counterflow"} | {key: case[name] for key, name in names.items()}


def test_v_hx_05():
    """With mean specific heats of CoolProp, ht gives what tespy gives."""
    solve = pytest.importorskip("ht").effectiveness_NTU_method
    enthalpy = pytest.importorskip("CoolProp.CoolProp").PropsSI
    case, pressure_pa = row("V-HX-05").cases[0], row("V-HX-05").given["pressure_pa"]

    def mean(one_c: float, other_c: float) -> float:
        one, other = (enthalpy("H", "T", t_c + 273.15, "P", pressure_pa, "Water") for t_c in (one_c, other_c))
        return (one - other) / (one_c - other_c)

    hot, cold = mean(case["hot_c"], case["hot_leaves_c"]), mean(case["cold_leaves_c"], case["cold_c"])
    streams = sides(case | {"hot_j_kg_k": hot, "cold_j_kg_k": cold})
    found = solve(**streams, Thi=case["hot_c"], Tci=case["cold_c"], UA=case["ua_w_k"])
    hold(case, row("V-HX-05").again, heat_w=found["Q"], hot_leaves_c=found["Tho"], cold_leaves_c=found["Tco"])


def test_v_hx_06():
    ht = pytest.importorskip("ht")
    given = row("V-HX-06").given
    (cool_c, warm_c), (enters_c, leaves_c) = given["coolant_c"], given["water_c"]
    hot, cold = given["heat_w"] / (warm_c - cool_c), given["heat_w"] / (leaves_c - enters_c)
    least, most = sorted((hot, cold))
    reach, ratio = given["heat_w"] / (least * (warm_c - enters_c)), least / most
    ntu = ht.NTU_from_effectiveness(reach, Cr=ratio, subtype="counterflow")
    hold(row("V-HX-06").cases[0], row("V-HX-06").again, ntu=ntu)
    for case in row("V-HX-06").cases:
        ua_w_k = ntu * least * case["flow_share"] ** given["film_exponent"]
        found = ht.effectiveness_from_NTU(ua_w_k / (least * case["flow_share"]), Cr=ratio, subtype="counterflow")
        hold(case, row("V-HX-06").again, ua_w_k=ua_w_k, effectiveness=found)


def test_v_dry_01_is_the_approximate_cross_flow():
    """The approximate form is within 0.4 % of EnergyPlus; the exact series is not."""
    ht, psy = pytest.importorskip("ht"), pytest.importorskip("psychrolib")
    psy.SetUnitSystem(psy.SI)
    given = row("V-DRY-01").given
    for case in row("V-DRY-01").cases:
        volume = psy.GetMoistAirVolume(case["dry_c"], case["humidity"], given["pressure_pa"])
        air_w_k = given["air_m3_s"] / volume * (1006.0 + 1860.0 * case["humidity"])
        water_w_k = case["heat_w"] / (case["enters_c"] - case["leaves_c"])
        least, most = sorted((air_w_k, water_w_k))
        widest_w, ntu = least * (case["enters_c"] - case["dry_c"]), given["ua_w_k"] / least
        reach = [ht.effectiveness_from_NTU(ntu, Cr=least / most, subtype=name) for name in (APPROXIMATE, "crossflow")]
        hold(case, row("V-DRY-01").within, heat_w=widest_w * reach[0])
        assert widest_w * reach[1] > 1.01 * case["heat_w"]
