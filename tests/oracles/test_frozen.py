"""The frozen rows are whole, those without a library are closed forms, and what the models give against them."""

from math import exp, pi

import numpy as np
import pytest

from tests.oracles.frozen import hold, row, rows
from twin.components import chiller, pipe, tower
from twin.core import fluids
from twin.core.exchange import conductance_w_k, effectiveness, exchange_w_k, ntu_needed
from twin.core.fluids import PG25, WATER

LIQUID = {
    "density_kg_m3": fluids.density, "specific_heat_j_kg_k": fluids.specific_heat, "viscosity_pa_s": fluids.viscosity,
    "conductivity_w_m_k": fluids.conductivity,
}  # fmt: skip

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


@pytest.mark.parametrize(("name", "liquid"), [("V-PROP-01", WATER), ("V-PROP-02", WATER), ("V-PROP-03", PG25)])
def test_v_prop(name, liquid):
    for case in row(name).cases:
        hold(case, row(name).within, **{key: of(liquid, case["temperature_c"]) for key, of in LIQUID.items()})


def test_v_psy():
    for case in row("V-PSY-01").cases:
        found = fluids.wet_bulb(case["dry_c"], case["relative"], case["pressure_pa"])
        hold(case, row("V-PSY-01").within, wet_bulb_c=found)
    for case in row("V-PSY-02").cases:
        hold(case, row("V-PSY-02").within, vapour_pa=fluids.saturation_pressure(float(case["temperature_c"])))
    *saturated, dew = row("V-PSY-03").cases
    for case in saturated:
        found = tower.saturated_j_kg(case["temperature_c"], row("V-PSY-03").given["pressure_pa"])
        hold(case, row("V-PSY-03").within, enthalpy_j_kg=found)
    vapour_pa = dew["relative"] * fluids.saturation_pressure(float(dew["temperature_c"]))
    hold(dew, row("V-PSY-03").within, dew_point_c=fluids.dew_point(vapour_pa))


def test_v_hx_01():
    for case in row("V-HX-01").cases:
        hold(case, row("V-HX-01").within, effectiveness=effectiveness(float(case["ntu"]), float(case["ratio"])))


@pytest.mark.parametrize("name", ["V-HX-03", "V-HX-04", "V-HX-05"])
def test_v_hx_counter_flow(name):
    case = row(name).cases[0]
    hot_j_kg_k = case.get("hot_j_kg_k", fluids.specific_heat(WATER, case["hot_c"]))
    cold_j_kg_k = case.get("cold_j_kg_k", fluids.specific_heat(WATER, case["cold_c"]))
    hot_w_k, cold_w_k = case["hot_kg_s"] * hot_j_kg_k, case["cold_kg_s"] * cold_j_kg_k
    least, widest = min(hot_w_k, cold_w_k), case["hot_c"] - case["cold_c"]
    if name == "V-HX-04":
        reach = hot_w_k * (case["hot_c"] - case["hot_leaves_c"]) / (least * widest)
        ntu = ntu_needed(reach, hot_w_k / cold_w_k)
        hold(case, row(name).within, ua_w_k=ntu * least, ntu=ntu, effectiveness=reach)
        return
    heat_w = widest * exchange_w_k(case["ua_w_k"], 0.7, (hot_w_k, 1.0), (cold_w_k, 1.0))
    leave = {"hot_leaves_c": case["hot_c"] - heat_w / hot_w_k, "cold_leaves_c": case["cold_c"] + heat_w / cold_w_k}
    hold(case, row(name).within, heat_w=heat_w, **leave)


def test_v_hx_06():
    given = row("V-HX-06").given
    (cool_c, warm_c), (enters_c, leaves_c) = given["coolant_c"], given["water_c"]
    least, most = sorted((given["heat_w"] / (warm_c - cool_c), given["heat_w"] / (leaves_c - enters_c)))
    ntu = ntu_needed(given["heat_w"] / (least * (warm_c - enters_c)), least / most)
    hold(row("V-HX-06").cases[0], row("V-HX-06").within, ntu=ntu)
    for case in row("V-HX-06").cases:
        share = case["flow_share"]
        ua_w_k = conductance_w_k(ntu * least, given["film_exponent"], share, share)
        found = effectiveness(ua_w_k / (least * share), least / most)
        hold(case, row("V-HX-06").within, ua_w_k=ua_w_k, effectiveness=found)


def test_v_trn_01():
    case = row("V-TRN-01").cases[0]
    spec = pipe.PipeSpec(length=f"{case['length_m']} m", inside=f"{case['inside_m']} m", outside="0.1143 m")
    made = pipe.params([spec])
    delay_s = float(made.parcel_kg[0]) * int(made.parcels[0]) / case["flow_kg_s"]
    hold(case, row("V-TRN-01").within, delay_s=delay_s * case["density_kg_m3"] / fluids.density(WATER, 30.0))


def test_v_ch_01():
    given = row("V-CH-01").given
    spec = chiller.ChillerSpec(
        capacity=f"{given['capacity_w']} W", cop=given["cop"], capacity_curve=given["capacity_curve"],
        input_curve=given["input_curve"], load_curve=given["load_curve"], least_load=given["least_load"],
        leaving_range=[f"{t} degC" for t in given["leaving_c"]], air_range=[f"{t} degC" for t in given["entering_c"]],
    )  # fmt: skip
    york = chiller.params([spec])
    for case in row("V-CH-01").cases:
        capacity, full = chiller.full_load(york, 0, case["leaves_c"], case["enters_c"])
        power = chiller.power_w(york, 0, capacity, full, case["heat_w"])
        found = {"part": case["heat_w"] / capacity, "power_w": power, "condenser_w": case["heat_w"] + power}
        hold(case, row("V-CH-01").within, **found)


def cell() -> tower.TowerParams:
    """The tower of V-CT-04 and V-CT-05, with the conductance that EnergyPlus was given."""
    given = row("V-CT-04").given
    spec = tower.TowerSpec(
        water=f"{given['design_water_m3_s'] * 999.898} kg/s", air=f"{given['air_m3_s']} m3/s",
        fan=f"{given['fan_w']} W", wet_bulb=f"{given['design_wet_c']} degC", approach="3.9 K", range="5.6 K",
    )  # fmt: skip
    return tower.params([spec], [1], [0])._replace(ua_w_k=np.array([given["ua_w_k"]]))


def entering(case):
    """Flow [kg/s], rate [W/K], temperature and air of a case of a tower."""
    given = row("V-CT-04").given
    air = (float(case["dry_c"]), case["reported_wet_c"], float(given["pressure_pa"]))
    return case["water_kg_s"], case["water_kg_s"] * given["water_j_kg_k"], case["enters_c"], air


def test_v_ct_04():
    for case in row("V-CT-04").cases:
        _, water_w_k, enters_c, _ = arriving = entering(case)
        heat_w = tower.heat_w(cell(), 0, 1.0, 1.0, *arriving)
        hold(case, row("V-CT-04").within, heat_w=heat_w, leaves_c=enters_c - heat_w / water_w_k)


def test_v_wat_01():
    """The row gives the humidity that enters; the wet bulb follows from it."""
    given = row("V-WAT-01").given
    pressure_pa = float(given["pressure_pa"])
    for case in row("V-WAT-01").cases:
        dry_c = float(case["dry_c"])
        wet_c = fluids.wet_bulb(dry_c, fluids.relative_humidity(dry_c, case["humidity"], pressure_pa), pressure_pa)
        found = tower.evaporation_kg_s(case["heat_w"], given["air_m3_s"], (dry_c, wet_c, pressure_pa))
        hold(case, row("V-WAT-01").within, evaporation_kg_s=found, their_evaporation_m3_s=found / 998.0)


def test_v_wat_01_blowdown():
    """The balance of salts, on what EnergyPlus evaporates and loses as drift."""
    given = row("V-WAT-01").given
    for case in row("V-WAT-01").cases:
        evaporation, drift = case["their_evaporation_m3_s"], given["drift"] * given["design_water_m3_s"]
        blowdown = evaporation / (given["cycles"] - 1) - drift
        assert drift == pytest.approx(case["their_drift_m3_s"], rel=1e-6)
        assert blowdown == pytest.approx(case["their_blowdown_m3_s"], rel=1e-6)
        assert evaporation + drift + blowdown == pytest.approx(case["their_makeup_m3_s"], rel=1e-6)
