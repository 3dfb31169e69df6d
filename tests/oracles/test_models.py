"""What the models give against the frozen rows, within the tolerance of each."""

from math import pi

import numpy as np
import pytest

from tests.oracles.frozen import hold, row
from twin.components import chiller, pipe, tank, tower
from twin.core import fluids
from twin.core.exchange import conductance_w_k, effectiveness, exchange_w_k, ntu_needed
from twin.core.fluids import PG25, WATER
from twin.core.friction import friction_factor, pipe_drop_pa, pipe_k_pa_s2_kg2
from twin.network import hydraulic

PARCELS = 64
LIQUID = {
    "density_kg_m3": fluids.density, "specific_heat_j_kg_k": fluids.specific_heat, "viscosity_pa_s": fluids.viscosity,
    "conductivity_w_m_k": fluids.conductivity,
}  # fmt: skip


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


def test_v_hyd_01():
    for case in row("V-HYD-01").cases:
        found = friction_factor(float(case["reynolds"]), float(case["roughness_share"]))
        hold(case, row("V-HYD-01").within, friction=found)


def test_v_hyd_02():
    names = ("flow_kg_s", "density_kg_m3", "viscosity_pa_s", "length_m", "inside_m", "roughness_m")
    for case in row("V-HYD-02").cases:
        found = pipe_drop_pa(*(float(case[name]) for name in names), 0.0)
        hold(case, row("V-HYD-02").within, pressure_pa=found)


def test_v_hyd_03():
    """Ours against each of the three programs, within what the row allows for each."""
    given, cases = row("V-HYD-03").given, row("V-HYD-03").cases
    water, rough = (given["density_kg_m3"], given["viscosity_pa_s"]), given["roughness_m"]
    (header_m, header_long_m), (branch_m, branch_long_m) = given["header_m"], given["branch_m"]
    none, flow = np.zeros(3), np.full(3, 20.0)
    for _ in range(30):
        passing = np.cumsum(flow[::-1])[::-1]
        header = [
            2 * pipe_k_pa_s2_kg2(m, *water, header_long_m, header_m, rough, given["header_loss"]) for m in passing
        ]
        branch = [
            pipe_k_pa_s2_kg2(m, *water, branch_long_m, branch_m, rough, float(case["loss"]))
            for m, case in zip(flow, cases, strict=True)
        ]
        rest = hydraulic.ladders(np.array(header), none, none)
        hydraulic.solve_ladder(rest, np.array(branch), none, 0, 3, given["lift_pa"], 0.0, flow)
    for case, found in zip(cases, flow, strict=True):
        each = dict.fromkeys(("flow_kg_s", "by_pandapipes_kg_s", "by_epanet_kg_s"), found)
        hold(case, row("V-HYD-03").within, **each)


def test_v_hyd_05():
    case = row("V-HYD-05").cases[0]
    spec = pipe.PipeSpec(
        length=f"{case['length_m']} m", inside=f"{case['inside_m']} m", outside="0.2001 m", parcels=PARCELS
    )
    loss_w_k = case["loss_w_m2_k"] * pi * case["inside_m"] * case["length_m"]
    made = pipe.params([spec])._replace(air_w_k=np.array([loss_w_k / PARCELS]), film_w_k=np.array([1e2]))
    state, leaves_c = pipe.filled([spec], np.array([float(case["enters_c"])])), 0.0
    for _ in range(2500):
        leaves_c, *_ = pipe.advance(made, state, 0, float(case["flow_kg_s"]), 40.0, float(case["air_c"]), 1.0)
    rate_w_k = case["flow_kg_s"] * made.water_j_kg_k[0]
    hold(case, row("V-HYD-05").within, pipe_leaves_c=leaves_c, heater_leaves_c=leaves_c + case["heater_w"] / rate_w_k)


def test_v_trn_01():
    case = row("V-TRN-01").cases[0]
    spec = pipe.PipeSpec(length=f"{case['length_m']} m", inside=f"{case['inside_m']} m", outside="0.1143 m")
    made = pipe.params([spec])
    delay_s = float(made.parcel_kg[0]) * int(made.parcels[0]) / case["flow_kg_s"]
    hold(case, row("V-TRN-01").within, delay_s=delay_s * case["density_kg_m3"] / fluids.density(WATER, 30.0))


def test_v_trn_02():
    case = row("V-TRN-02").cases[0]
    rate_w_k = case["flow_kg_s"] * 4000.0
    capacity_j_k = case["volume_m3"] * case["density_kg_m3"] * 4000.0
    found, _ = tank.advance(float(case["from_c"]), rate_w_k, capacity_j_k, float(case["to_c"]), 0.0, case["after_s"])
    hold(case, row("V-TRN-02").within, tau_s=capacity_j_k / rate_w_k, temperature_c=found)


def test_v_ch_01():
    given = row("V-CH-01").given
    spec = chiller.ChillerSpec(
        capacity=f"{given['capacity_w']} W", cop=given["cop"], capacity_curve=given["capacity_curve"],
        input_curve=given["input_curve"], load_curve=given["load_curve"], least_load=given["least_load"],
        leaving_range=[f"{t} degC" for t in given["leaving_c"]], condenser="water",
        condenser_range=[f"{t} degC" for t in given["entering_c"]],
    )  # fmt: skip
    york = chiller.params([spec], [1], [0])
    for case in row("V-CH-01").cases:
        capacity, full = chiller.full_load(york, 0, case["leaves_c"], case["enters_c"])
        power = chiller.power_w(york, 0, full, case["heat_w"] / capacity)
        found = {"part": case["heat_w"] / capacity, "power_w": power, "condenser_w": case["heat_w"] + power}
        hold(case, row("V-CH-01").within, **found)


def cell() -> tower.TowerParams:
    """The tower of V-CT-04 and V-CT-05, with the conductance that EnergyPlus was given."""
    given = row("V-CT-04").given
    spec = tower.TowerSpec(
        water=f"{given['design_water_m3_s'] * 999.898} kg/s", air=f"{given['air_m3_s']} m3/s",
        fan=f"{given['fan_w']} W", wet_bulb=f"{given['design_wet_c']} degC", approach="3.9 K", range="5.6 K",
    )  # fmt: skip
    return tower.params([spec], [1], [0], [tower.CondenserWaterSpec()])._replace(ua_w_k=np.array([given["ua_w_k"]]))


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


def test_v_ct_05_merkel():
    case = row("V-CT-05").cases[-1]
    fan = tower.fan_for(cell(), 0, case["heat_w"], 1.0, 1.0, *entering(case))
    hold(case, row("V-CT-05").within, fan=fan)
    assert tower.fans_w(cell(), 0, case["fan"], 1.0) == pytest.approx(case["fan_power_w"], rel=1e-6)


def test_v_wat_01():
    """The row gives the humidity that enters; the wet bulb follows from it."""
    given = row("V-WAT-01").given
    pressure_pa = float(given["pressure_pa"])
    for case in row("V-WAT-01").cases:
        dry_c = float(case["dry_c"])
        wet_c = fluids.wet_bulb(dry_c, fluids.relative_humidity(dry_c, case["humidity"], pressure_pa), pressure_pa)
        found = tower.evaporation_kg_s(case["heat_w"], given["air_m3_s"], (dry_c, wet_c, pressure_pa))
        hold(case, row("V-WAT-01").within, evaporation_kg_s=found, their_evaporation_m3_s=found / 998.0)
