"""Electrical rows of the table: pandapower's power flow and IEC 60909, and OpenDSS on the feeder of case B."""

import numpy as np
import pytest

from tests.oracles.frozen import hold, row

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def grid(power, given):
    """A network with the source behind the grid's impedance; returns it and the point of interconnection."""
    net = power.create_empty_network(f_hz=60.0, sn_mva=100.0)
    source, poi = (power.create_bus(net, 161.0) for _ in range(2))
    power.create_ext_grid(net, source, vm_pu=given["source_pu"])
    z_pu = 100.0 / given["short_circuit_mva"]
    x_pu = z_pu / (1.0 + 1.0 / given["x_over_r"] ** 2) ** 0.5
    power.create_impedance(net, source, poi, rft_pu=x_pu / given["x_over_r"], xft_pu=x_pu, sn_mva=100.0)
    return net, poi


def test_v_pf_03():
    power = pytest.importorskip("pandapower")
    given = row("V-PF-03").given
    net, poi = grid(power, given)
    at = {"poi": poi, **{name: power.create_bus(net, 34.5) for name in ("sub", "f1", "f2", "f3")}}
    at |= {f"lv-{k}": power.create_bus(net, 0.48) for k in (1, 2, 3)}
    for start, end, km in (("sub", "f1", 1.0), ("f1", "f2", 0.5), ("f2", "f3", 0.5)):
        # The shunts are those of transformers.
        power.create_line_from_parameters(net, at[start], at[end], km, 0.0712, 0.1350, 300.0, 0.6)
    wound = [("poi", "sub", 100.0, 161.0, 34.5, 10.0, 0.3, 60.0, 0.1)]
    wound += [(f"f{k}", f"lv-{k}", 9.0, 34.5, 0.48, 5.75, 0.7, 9.9, 0.2) for k in (1, 2, 3)]
    for high, low, *plate, short, real, iron_kw, idle in wound:
        power.create_transformer_from_parameters(
            net, at[high], at[low], *plate, vk_percent=short, vkr_percent=real, pfe_kw=iron_kw, i0_percent=idle
        )
    for k in (1, 2, 3):
        power.create_load(net, at[f"lv-{k}"], 7.2, 0.9)
    for model, case in zip(("t", "pi"), row("V-PF-03").cases, strict=True):
        power.runpp(net, tolerance_mva=1e-9, numba=False, trafo_model=model)
        slack = net.res_ext_grid.iloc[0]
        found = {"lv_3_pu": net.res_bus.vm_pu[at["lv-3"]], "grid_mw": slack.p_mw}
        if model == "t":
            found |= {"grid_mvar": slack.q_mvar, "sub_kw": net.res_trafo.pl_mw[0] * 1e3}
        hold(case, row("V-PF-03").again, **found)


def test_v_pf_05():
    power = pytest.importorskip("pandapower")
    given, case = row("V-PF-05").given, row("V-PF-05").cases[0]
    net, poi = grid(power, given)
    power.create_load(
        net, poi, case["mw"], case["mvar"], const_z_p_percent=20, const_i_p_percent=10, const_z_q_percent=20,
        const_i_q_percent=10,
    )  # fmt: skip
    power.runpp(net, tolerance_mva=1e-9, numba=False)
    hold(case, row("V-PF-05").again, voltage_pu=net.res_bus.vm_pu[poi], drawn_mw=net.res_load.p_mw[0])


def test_v_sc_01():
    power = pytest.importorskip("pandapower")
    from pandapower.shortcircuit import calc_sc

    given = row("V-SC-01").given
    net = power.create_empty_network(f_hz=60.0, sn_mva=100.0)
    at = [power.create_bus(net, kilovolt) for kilovolt in (161.0, 34.5, 34.5, 0.48)]
    power.create_ext_grid(net, at[0], s_sc_max_mva=given["short_circuit_mva"], rx_max=1.0 / given["x_over_r"])
    for high, low, plate in ((0, 1, (100.0, 161.0, 34.5, 0.3, 10.0)), (2, 3, (3.0, 34.5, 0.48, 0.7, 5.75))):
        rating, high_kv, low_kv, real, short = plate
        power.create_transformer_from_parameters(
            net, at[high], at[low], rating, high_kv, low_kv, vk_percent=short, vkr_percent=real, pfe_kw=0.0,
            i0_percent=0.0,
        )  # fmt: skip
    power.create_line_from_parameters(
        net, at[1], at[2], given["cable_km"], 0.0712, 0.1350, 300.0, 0.6, endtemp_degree=80
    )
    calc_sc(net, fault="3ph", case="max", ip=True, topology="radial")
    for case, bus in zip(row("V-SC-01").cases, at, strict=True):
        hold(case, row("V-SC-01").again, current_ka=net.res_bus_sc.ikss_ka[bus], peak_ka=net.res_bus_sc.ip_ka[bus])


DSS = """
clear
new circuit.b basekv=161 pu=1.02 phases=3 r1={r} x1={x} r0={r} x0={x}
new linecode.al nphases=3 units=km r1=0.0712 x1=0.1350 c1=300 r0=0.0712 x0=0.1350 c0=300 basefreq=60
new transformer.sub phases=3 windings=2 buses=(sourcebus sub) conns=(wye wye) kvs=(161 34.5) kvas=(100000 100000)
~ xhl={sub_x} %rs=(0.15 0.15) %noloadloss=0 %imag=0 ppm_antifloat=0
new line.f1 bus1=sub bus2=f1 linecode=al length=1 units=km
new line.f2 bus1=f1 bus2=f2 linecode=al length=0.5 units=km
new line.f3 bus1=f2 bus2=f3 linecode=al length=0.5 units=km
"""


def test_v_pf_02_opendss():
    dss = pytest.importorskip("opendssdirect")
    z_ohm = 161.0**2 / 5000.0
    x_ohm = z_ohm / (1.0 + 1.0 / 144.0) ** 0.5
    script = DSS.format(r=x_ohm / 12.0, x=x_ohm, sub_x=(10.0**2 - 0.3**2) ** 0.5)
    for k in (1, 2, 3):
        script += (
            f"new transformer.lv-{k} phases=3 windings=2 buses=(f{k} lv-{k}) conns=(wye wye) kvs=(34.5 0.48) "
            f"kvas=(9000 9000) xhl={(5.75**2 - 0.7**2) ** 0.5} %rs=(0.35 0.35) %noloadloss=0 %imag=0 ppm_antifloat=0\n"
            f"new load.l{k} bus1=lv-{k} phases=3 conn=wye kv=0.48 kw=7200 kvar=900 model=1 vminpu=0.5\n"
        )
    script += "set voltagebases=[161 34.5 0.48]\ncalcvoltagebases\nset tolerance=1e-12\nset maxiterations=100\nsolve\n"
    for line in script.strip().splitlines():
        dss.Text.Command(line)
    assert dss.Solution.Converged()
    for case in row("V-PF-02").cases:
        dss.Circuit.SetActiveBus("sourcebus" if case["bus"] == "poi" else case["bus"])
        found = np.array(dss.Bus.puVmagAngle()[::2])
        hold(case, row("V-PF-02").again, voltage_pu=float(found.mean()))
        assert np.ptp(found) < 1e-9
