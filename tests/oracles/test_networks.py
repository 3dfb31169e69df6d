"""Networks of the table: pandapipes, EPANET by wntr, tespy, pandapower, and python-control's closed loop."""

import numpy as np
import pytest

from tests.oracles.frozen import hold, row

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]
KELVIN = 273.15
EPANET_M_S2, EPANET_M2_S = 32.2 * 0.3048, 1.1e-5 * 0.3048**2
"""EPANET's gravity, and the viscosity that its option is a multiple of."""


def water(pandapipes, given, specific_heat_j_kg_k=4179.28):
    return pandapipes.create_constant_fluid(
        "water", "liquid", density=given["density_kg_m3"], viscosity=given["viscosity_pa_s"], molar_mass=18.0,
        heat_capacity=specific_heat_j_kg_k, der_compressibility=0, compressibility=1,
    )  # fmt: skip


def test_v_hyd_03_pandapipes():
    pipes = pytest.importorskip("pandapipes")
    given, cases = row("V-HYD-03").given, row("V-HYD-03").cases
    net = pipes.create_empty_network("ladder")
    net.fluid = water(pipes, given)
    supply, back = ([pipes.create_junction(net, bar, 303.15) for _ in range(4)] for bar in (5.0, 3.5))
    for junction, bar in ((supply[0], 5.0), (back[0], 5.0 - given["lift_pa"] / 1e5)):
        pipes.create_ext_grid(net, junction, bar, 303.15)

    def lay(start: int, end: int, inside_m: float, length_m: float, loss: float) -> int:
        return pipes.create_pipe_from_parameters(
            net, start, end, length_m / 1e3, inside_m * 1e3, k_mm=given["roughness_m"] * 1e3, loss_coefficient=loss
        )

    for i in range(3):
        lay(supply[i], supply[i + 1], *given["header_m"], given["header_loss"])
        lay(back[i + 1], back[i], *given["header_m"], given["header_loss"])
    branches = [lay(supply[i + 1], back[i + 1], *given["branch_m"], case["loss"]) for i, case in enumerate(cases)]
    pipes.pipeflow(net, friction_model="colebrook", tol_p=1e-8, tol_m=1e-10, tol_v=1e-10, iter=200)
    for case, branch in zip(cases, branches, strict=True):
        found = net.res_pipe.at[branch, "mdot_from_kg_per_s"]
        hold(case, row("V-HYD-03").again, by_pandapipes_kg_s=found)


def test_v_hyd_03_epanet(tmp_path):
    wntr = pytest.importorskip("wntr")
    given, cases = row("V-HYD-03").given, row("V-HYD-03").cases
    density, roughness = given["density_kg_m3"], given["roughness_m"]
    net = wntr.network.WaterNetworkModel()
    for i in range(4):
        for side, head_m in (("S", 100.0 + given["lift_pa"] / (density * EPANET_M_S2)), ("R", 100.0)):
            if i:
                net.add_junction(f"{side}{i}")
            else:
                net.add_reservoir(f"{side}0", head_m)
    (header_m, header_long_m), (branch_m, branch_long_m) = given["header_m"], given["branch_m"]
    for i, case in enumerate(cases):
        for side in "SR":
            net.add_pipe(f"{side}{i}{i + 1}", f"{side}{i}", f"{side}{i + 1}", header_long_m, header_m, roughness,
                         given["header_loss"])  # fmt: skip
        net.add_pipe(f"B{i + 1}", f"S{i + 1}", f"R{i + 1}", branch_long_m, branch_m, roughness, case["loss"])
    hydraulic = net.options.hydraulic
    hydraulic.headloss, hydraulic.inpfile_units, hydraulic.accuracy = "D-W", "LPS", 1e-8
    hydraulic.viscosity = given["viscosity_pa_s"] / density / EPANET_M2_S
    net.options.time.duration = 0
    solved = wntr.sim.EpanetSimulator(net).run_sim(file_prefix=str(tmp_path / "ladder"))
    for case in cases:
        found = density * float(solved.link["flowrate"][f"B{case['station']}"].iloc[0])
        hold(case, row("V-HYD-03").again, by_epanet_kg_s=found)


def test_v_hyd_05():
    pipes = pytest.importorskip("pandapipes")
    case = row("V-HYD-05").cases[0]
    net = pipes.create_empty_network("heater")
    net.fluid = water(pipes, row("V-HYD-03").given, case["specific_heat_j_kg_k"])
    enters, middle, leaves = (pipes.create_junction(net, 5.0, case["enters_c"] + KELVIN) for _ in range(3))
    pipes.create_ext_grid(net, enters, 5.0, case["enters_c"] + KELVIN)
    pipes.create_pipe_from_parameters(
        net, enters, middle, case["length_m"] / 1e3, case["inside_m"] * 1e3, k_mm=0.045,
        u_w_per_m2k=case["loss_w_m2_k"], text_k=case["air_c"] + KELVIN, sections=1,
    )  # fmt: skip
    pipes.create_heat_exchanger(net, middle, leaves, -case["heater_w"], inner_diameter_mm=case["inside_m"] * 1e3)
    pipes.create_sink(net, leaves, case["flow_kg_s"])
    pipes.pipeflow(net, mode="sequential", friction_model="colebrook", tol_T=1e-10, iter=200)
    found = net.res_junction.t_k - KELVIN
    hold(case, row("V-HYD-05").again, pipe_leaves_c=found[middle], heater_leaves_c=found[leaves])


def test_v_hx_05():
    pytest.importorskip("tespy")
    from tespy.components import HeatExchanger, Sink, Source
    from tespy.connections import Connection
    from tespy.networks import Network

    case, bar = row("V-HX-05").cases[0], row("V-HX-05").given["pressure_pa"] / 1e5
    net, exchanger = Network(iterinfo=False), HeatExchanger("exchanger")
    net.units.set_defaults(temperature="degC", pressure="bar")
    hot, cold = Source("hot"), Source("cold")
    enters = [Connection(hot, "out1", exchanger, "in1"), Connection(cold, "out1", exchanger, "in2")]
    leaves = [Connection(exchanger, f"out{i}", Sink(f"sink {i}"), "in1") for i in (1, 2)]
    net.add_conns(*enters, *leaves)
    for side, connection in zip(("hot", "cold"), enters, strict=True):
        connection.set_attr(m=case[f"{side}_kg_s"], T=case[f"{side}_c"], p=bar, fluid={"water": 1})
    exchanger.set_attr(pr1=1, pr2=1, kA=case["ua_w_k"])
    net.solve("design")
    hold(case, row("V-HX-05").again, heat_w=-exchanger.Q.val, hot_leaves_c=leaves[0].T.val,
         cold_leaves_c=leaves[1].T.val)  # fmt: skip


def test_v_ctl_01():
    control = pytest.importorskip("control")
    given = row("V-CTL-01").given
    open_loop = control.tf([given["gain"], given["integral_1_s"]], [1, 0]) * control.tf([1], [given["lag_s"], 1])
    times = np.linspace(0.0, 40.0, 401)
    output = control.step_response(control.feedback(open_loop, 1), times).outputs
    for case in row("V-CTL-01").cases:
        hold(case, row("V-CTL-01").again, output=output[np.argmin(np.abs(times - case["after_s"]))])


def test_v_pf_01():
    power = pytest.importorskip("pandapower")
    from pandapower.networks import case33bw

    net = case33bw()
    power.runpp(net, tolerance_mva=1e-9, numba=False)
    slack = net.res_ext_grid.iloc[0]
    hold(
        row("V-PF-01").cases[0], row("V-PF-01").again, loss_kw=net.res_line.pl_mw.sum() * 1e3,
        loss_kvar=net.res_line.ql_mvar.sum() * 1e3, least_pu=net.res_bus.vm_pu.min(), slack_mw=slack.p_mw,
        slack_mvar=slack.q_mvar,
    )  # fmt: skip


def test_v_pf_02():
    power = pytest.importorskip("pandapower")
    net = power.create_empty_network(f_hz=60.0, sn_mva=100.0)
    names = ["grid", "poi", "sub", "f1", "f2", "f3", "lv-1", "lv-2", "lv-3"]
    kilovolts = [161.0] * 2 + [34.5] * 4 + [0.48] * 3
    bus = {name: power.create_bus(net, kv, name=name) for name, kv in zip(names, kilovolts, strict=True)}
    power.create_ext_grid(net, bus["grid"], vm_pu=1.02)
    behind(power, net, bus["grid"], bus["poi"])
    for start, end, km in (("sub", "f1", 1.0), ("f1", "f2", 0.5), ("f2", "f3", 0.5)):
        power.create_line_from_parameters(net, bus[start], bus[end], km, 0.0712, 0.1350, 300.0, 0.6)
    wound = [("poi", "sub", 100.0, 161.0, 34.5, 10.0, 0.3)]
    wound += [(f"f{k}", f"lv-{k}", 9.0, 34.5, 0.48, 5.75, 0.7) for k in (1, 2, 3)]
    for high, low, *plate, short, real in wound:
        power.create_transformer_from_parameters(
            net, bus[high], bus[low], *plate, vk_percent=short, vkr_percent=real, pfe_kw=0.0, i0_percent=0.0
        )
    for k in (1, 2, 3):
        power.create_load(net, bus[f"lv-{k}"], 7.2, 0.9)
    power.runpp(net, tolerance_mva=1e-9, numba=False)
    for case in row("V-PF-02").cases:
        hold(case, row("V-PF-02").again, voltage_pu=net.res_bus.vm_pu[bus[case["bus"]]])
    grid = net.res_ext_grid.iloc[0]
    given = row("V-PF-02").given
    assert (grid.p_mw, grid.q_mvar) == pytest.approx((given["grid_mw"], given["grid_mvar"]), abs=1e-7)


def test_v_pf_04():
    power = pytest.importorskip("pandapower")
    for case in row("V-PF-04").cases:
        net = power.create_empty_network(f_hz=60.0, sn_mva=100.0)
        source, poi = (power.create_bus(net, 161.0) for _ in range(2))
        power.create_ext_grid(net, source, vm_pu=row("V-PF-04").given["source_pu"])
        behind(power, net, source, poi)
        power.create_load(net, poi, case["mw"], case["mvar"])
        power.runpp(net, tolerance_mva=1e-9, numba=False)
        hold(case, row("V-PF-04").again, voltage_pu=net.res_bus.vm_pu[poi])


def behind(power, net, source, poi):
    """The grid's impedance, from its short-circuit power and X/R."""
    given = row("V-PF-04").given
    z_pu = 100.0 / given["short_circuit_mva"]
    x_pu = z_pu / (1.0 + 1.0 / given["x_over_r"] ** 2) ** 0.5
    power.create_impedance(net, source, poi, rft_pu=x_pu / given["x_over_r"], xft_pu=x_pu, sn_mva=100.0)
