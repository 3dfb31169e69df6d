"""The sweep against networks that others solved: pandapower, OpenDSS, the literature, power-grid-model."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from twin.components import cable, feed, transformer
from twin.core.layout import Vec, zeros
from twin.network import radial, topology
from twin.network.radial import CURRENT, Loads, Network, NetworkState
from twin.network.topology import Branch

BASE_VA = radial.BASE_MVA * 1e6
LV = ["lv-1", "lv-2", "lv-3"]
CABLE = {"voltage": "34.5 kV", "resistance": "0.0712 ohm/km", "reactance": "0.1350 ohm/km", "capacitance": "300 nF/km"}
SUBSTATION = {"rating": "100 MVA", "high": "161 kV", "low": "34.5 kV", "impedance": "10 %", "load_loss": "300 kW"}
LAST = {"rating": "9 MVA", "high": "34.5 kV", "low": "480 V", "impedance": "5.75 %", "load_loss": "63 kW"}
IDEAL = {"no_load_loss": "0 W", "magnetising": "0 %"}


class Solved(NamedTuple):
    """A solved network, its quantities found by node name."""

    names: list[str]
    network: Network
    load_pu: Vec
    state: NetworkState
    sweeps: int

    def at(self, field: str, *names: str) -> Vec:
        return getattr(self.state, field)[[self.names.index(name) for name in names]]

    def voltage(self, *names: str) -> Vec:
        return self.at("v_re", *names) + 1j * self.at("v_im", *names)

    def grid_mva(self) -> complex:
        """Power behind the grid's impedance; there is no shunt at that end."""
        return radial.BASE_MVA * 1.02 * (self.state.i_re[0] - 1j * self.state.i_im[0])


def solve(
    built: tuple[Network, list[str]], loads: dict[str, complex], source_pu: float = 1.02, zip_shares: Vec | None = None
) -> Solved:
    """``zip_shares`` are the shares of constant power, current and impedance of every load."""
    network, names = built
    load = np.array([loads.get(name, 0.0) for name in names], complex)
    size = load.size
    loads = zeros(Loads, size)
    shares = np.array([1.0, 0.0, 0.0]) if zip_shares is None else zip_shares
    for k, share in enumerate(shares):
        loads[2 * k][:], loads[2 * k + 1][:] = share * load.real, share * load.imag
    tree, state = topology.new_tree(size), radial.new_state(network, size)
    assert topology.switch(network, np.ones(size, np.int64), tree) == []
    sweeps = radial.sweep(network, tree, loads, source_pu, state)
    return Solved(names, network, loads.p_pu, state, sweeps)


def case_b(substation: dict[str, str], last: dict[str, str], *, pi_model: bool = False) -> Solved:
    """Physics 16.6: grid, 161/34.5 kV transformer, three cables in a row, a transformer and 7.2 + j0.9 MVA at each."""
    line = cable.CableSpec.model_validate(CABLE | {"ampacity": "600 A"})

    def wound(name: str, parent: str, plate: dict[str, str]) -> Branch:
        spec = transformer.TransformerSpec.model_validate(plate)
        series, shunt = transformer.pi(spec, BASE_VA)
        if pi_model:
            shunt = transformer.pi(spec.model_copy(update={"impedance": 1e-12, "load_loss": 0.0}), BASE_VA).shunt
            series = transformer.pi(spec.model_copy(update={"magnetising": 0.0, "no_load_loss": 0.0}), BASE_VA).series
        return Branch(name, parent, series, shunt, spec.rating / BASE_VA)

    def laid(name: str, parent: str, length_m: float) -> Branch:
        pi = cable.section(line, length_m, BASE_VA, 60.0)
        return Branch(name, parent, *pi, cable.ampacity_pu(line, BASE_VA), CURRENT)

    root = Branch("poi", "", feed.impedance_pu(5000e6, 12.0, BASE_VA), 0j, 3.0)
    rows = [laid("f1", "sub", 1000.0), laid("f2", "f1", 500.0), laid("f3", "f2", 500.0)]
    rows += [wound(name, f"f{k}", last) for k, name in enumerate(LV, 1)]
    built = topology.build(root, [*reversed(rows), wound("sub", "poi", substation)])
    return solve(built, dict.fromkeys(LV, 0.072 + 0.009j))


@pytest.fixture(scope="module")
def baran_wu() -> Solved:
    file = Path(__file__).parents[1] / "data" / "baran_wu_33.csv"
    table = np.genfromtxt(file, delimiter=",", names=True, skip_header=4)
    ohm = 12.66e3**2 / BASE_VA
    branches = [
        Branch(
            f"{row['bus']:.0f}", f"{row['parent']:.0f}", complex(row["r_ohm"], row["x_ohm"]) / ohm, 0j, np.inf, CURRENT
        )
        for row in table
    ]
    loads = {f"{row['bus']:.0f}": complex(row["p_kw"], row["q_kvar"]) * 1e3 / BASE_VA for row in table}
    return solve(topology.build(Branch("1", "", 0j, 0j, np.inf, CURRENT), branches), loads, 1.0)


def test_v_pf_01(baran_wu: Solved) -> None:
    base_kw = BASE_VA / 1e3
    assert baran_wu.state.loss_pu.sum() * base_kw == pytest.approx(202.677126, rel=1e-8)
    assert baran_wu.at("power_pu", "1")[0] * base_kw == pytest.approx(3917.677126, rel=1e-8)
    assert baran_wu.at("reactive_pu", "1")[0] * base_kw == pytest.approx(2435.140971, rel=1e-8)
    assert baran_wu.names[np.argmin(baran_wu.state.voltage_pu)] == "18"
    assert baran_wu.state.voltage_pu.min() == pytest.approx(0.91309048, abs=1e-8)
    assert 0 < baran_wu.sweeps <= 13


def test_v_pf_02() -> None:
    solved = case_b(SUBSTATION | IDEAL, LAST | IDEAL)
    buses = ["poi", "sub", "f1", "f2", "f3", *LV]
    expected = [1.018860767, 1.014552054, 1.012873246, 1.012312419, 1.012031130, 1.000575413, 1.000006467, 0.999721102]
    np.testing.assert_allclose(solved.at("voltage_pu", *buses), expected, atol=1e-8, rtol=0)
    angle = np.angle(solved.voltage("poi", "lv-3"), deg=True)
    np.testing.assert_allclose(angle, [-0.2356214, -4.1708640], atol=1e-7, rtol=0)
    grid = solved.grid_mva()
    assert (grid.real, grid.imag) == pytest.approx((21.780928480, 4.059239383), abs=1e-8)
    loss_kw = solved.at("loss_pu", "f1", "f2", "f3", "sub", *LV) * BASE_VA / 1e3
    expected = [28.252657, 6.286097, 1.573174, 14.154737, 40.902914, 40.949470, 40.972851]
    np.testing.assert_allclose(loss_kw, expected, atol=1e-6, rtol=0)


def test_v_pf_03() -> None:
    sub = SUBSTATION | {"no_load_loss": "60 kW", "magnetising": "0.1 %"}
    last = LAST | {"no_load_loss": "9.9 kW", "magnetising": "0.2 %"}
    solved = case_b(sub, last)
    assert solved.at("voltage_pu", "lv-3")[0] == pytest.approx(0.999536076, abs=1e-8)
    grid = solved.grid_mva()
    assert (grid.real, grid.imag) == pytest.approx((21.873543369, 4.194219395), abs=1e-8)
    assert solved.at("loss_pu", "sub")[0] * BASE_VA / 1e3 == pytest.approx(76.258173, abs=1e-6)
    naive = case_b(sub, last, pi_model=True)
    assert naive.at("voltage_pu", "lv-3")[0] == pytest.approx(0.999535666, abs=1e-8)
    assert naive.grid_mva().real == pytest.approx(21.873563515, abs=1e-8)


@pytest.mark.parametrize(("mw", "mvar"), [(300, 0), (300, 60), (100, 0), (150, 30)])
def test_v_pf_04(mw: float, mvar: float) -> None:
    """The sweep finds the closed form's voltage."""
    z = feed.impedance_pu(5000e6, 12.0, BASE_VA)
    solved = solve(topology.build(Branch("poi", "", z, 0j, 3.0), []), {"poi": complex(mw, mvar) / 100})
    expected = feed.two_bus_voltage(1.02, z.real, z.imag, mw / 100, mvar / 100)
    assert solved.state.voltage_pu[0] == pytest.approx(expected, abs=1e-11)
    assert solved.state.power_pu[0] == pytest.approx(mw / 100, abs=1e-11)
    assert solved.state.loading[0] == pytest.approx(abs(complex(mw, mvar)) / 300, rel=1e-11)


def test_v_pf_05() -> None:
    """A load of 300 + j60 MVA at 1 pu: 70 % of constant power, 10 % of constant current, 20 % of constant impedance."""
    z = feed.impedance_pu(5000e6, 12.0, BASE_VA)
    solved = solve(
        topology.build(Branch("poi", "", z, 0j, 3.0), []), {"poi": 3.0 + 0.6j}, zip_shares=np.array([0.7, 0.1, 0.2])
    )
    assert solved.state.voltage_pu[0] == pytest.approx(1.001376678022, abs=1e-9)
    assert solved.state.power_pu[0] * radial.BASE_MVA == pytest.approx(300.206615, abs=5e-7)


def test_v_pf_06(baran_wu: Solved) -> None:
    case = case_b(SUBSTATION | IDEAL, LAST | IDEAL)
    for solved in (baran_wu, case):
        left = solved.state.power_pu[0] - solved.load_pu.sum() - solved.state.loss_pu[1:].sum()
        assert abs(left) * radial.BASE_MVA < 1e-9
    assert abs(case.grid_mva().real / 100 - case.load_pu.sum() - case.state.loss_pu.sum()) * radial.BASE_MVA < 1e-9


@pytest.mark.oracle
def test_case_b_against_power_grid_model() -> None:
    pgm = pytest.importorskip("power_grid_model")
    mine = case_b(SUBSTATION | IDEAL, LAST | IDEAL)

    def table(component: str, **columns: object) -> np.ndarray:
        rows = pgm.initialize_array("input", component, len(columns["id"]))  # type: ignore[arg-type]
        for name, value in columns.items():
            rows[name] = value
        return rows

    node = table("node", id=range(8), u_rated=[161e3, 34.5e3, 34.5e3, 34.5e3, 34.5e3, 480, 480, 480])
    km = np.array([1.0, 0.5, 0.5])
    line = table(
        "line", id=[10, 11, 12], from_node=[1, 2, 3], to_node=[2, 3, 4], from_status=1, to_status=1,
        r1=km * 0.0712, x1=km * 0.1350, c1=km * 300e-9, tan1=0.0, i_n=600.0,
    )  # fmt: skip
    wound = table(
        "transformer", id=[20, 21, 22, 23], from_node=[0, 2, 3, 4], to_node=[1, 5, 6, 7], from_status=1, to_status=1,
        u1=[161e3, 34.5e3, 34.5e3, 34.5e3], u2=[34.5e3, 480, 480, 480], sn=[100e6, 9e6, 9e6, 9e6], i0=0.0, p0=0.0,
        uk=[0.1, 0.0575, 0.0575, 0.0575], pk=[300e3, 63e3, 63e3, 63e3], winding_from=1, winding_to=1, clock=0,
        tap_side=0, tap_pos=0, tap_min=0, tap_max=0, tap_size=0.0,
    )  # fmt: skip
    source = table("source", id=[30], node=[0], status=1, u_ref=1.02, sk=5e9, rx_ratio=1 / 12)
    load = table("sym_load", id=[40, 41, 42], node=[5, 6, 7], status=1, type=0, p_specified=7.2e6, q_specified=0.9e6)
    model = pgm.PowerGridModel(
        {"node": node, "line": line, "transformer": wound, "source": source, "sym_load": load}, system_frequency=60.0
    )
    found = model.calculate_power_flow(error_tolerance=1e-12)["node"]
    theirs = found["u_pu"] * np.exp(1j * found["u_angle"])
    np.testing.assert_allclose(mine.voltage("poi", "sub", "f1", "f2", "f3", *LV), theirs, atol=1e-9, rtol=0)
