"""Servers: the bill of materials, fans, plates, and power supplies that are interpolated in their loss."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components.server import (
    COEFFICIENTS,
    FanSpec,
    NodeSpec,
    SupplySpec,
    coefficients,
    draw,
    fan_power_w,
    inlet_w,
    params,
    plate_coefficients,
    supply_curve,
    supply_loss_w,
)
from twin.site.load import load_site

LIBRARY = load_site(Path(__file__).parents[2] / "site_configs" / "pod.yaml").library
HGX, TRAY = LIBRARY.nodes["hgx-h100"], LIBRARY.nodes["nvl72-tray"]
TITANIUM = {
    "rating": "20 kW",
    "load": [0.1, 0.2, 0.5, 1.0],
    "efficiency": [0.90, 0.94, 0.96, 0.91],
    "no_load_loss": "1 %",
}


def drawn(spec: NodeSpec, activity: float, gpu_w: float, gpu_air_w: float) -> tuple[float, float, float]:
    node, c = params([spec]), np.zeros(COEFFICIENTS)
    coefficients(node, 0, node.plate_w_k[0], 1.0, c)
    return draw(c, node.supply_loss[0], activity, gpu_w, gpu_air_w)


@pytest.mark.parametrize(
    ("load", "efficiency"), [(0.1, 0.90), (0.2, 0.94), (0.3, 0.953076), (0.5, 0.96), (0.75, 0.940123), (1.0, 0.91)]
)
def test_v_psu_01(load, efficiency):
    curve = supply_curve(SupplySpec.model_validate(TITANIUM))
    assert load / (load + supply_loss_w(curve, 1.0, load)) == pytest.approx(efficiency, abs=1e-6)


@given(load=st.floats(0, 1), more=st.floats(1e-6, 0.2))
def test_more_out_takes_more_in(load, more):
    curve = supply_curve(SupplySpec.model_validate(TITANIUM))
    assert load + more + supply_loss_w(curve, 1.0, load + more) > load + supply_loss_w(curve, 1.0, load)


def test_v_air_02():
    """Flow goes with speed, which follows the heat; power with its cube."""
    assert fan_power_w(250.0, 1000.0, 0.2, 700.0) / 250.0 == pytest.approx(0.343, rel=1e-12)


@pytest.mark.parametrize(("heat", "speed"), [(0.0, 0.2), (100.0, 0.2), (1000.0, 1.0), (5000.0, 1.0)])
def test_fans_stay_between_their_speeds(heat, speed):
    assert fan_power_w(250.0, 1000.0, 0.2, heat) == pytest.approx(250.0 * speed**3)


@given(activity=st.floats(0, 1), gpu_w=st.floats(0, 5600), spec=st.sampled_from([HGX, TRAY]))
def test_what_comes_in_goes_to_gpus_liquid_or_air(activity, gpu_w, spec):
    inlet, liquid, air = drawn(spec, activity, gpu_w, 0.036 * gpu_w)
    assert inlet == pytest.approx(gpu_w * (1 - 0.036) + liquid + air, rel=1e-14)
    assert liquid > 0
    assert air > 0.036 * gpu_w


@given(
    activity=st.floats(0, 0.9), gpu_w=st.floats(0, 5000), more_w=st.floats(0.1, 500), spec=st.sampled_from([HGX, TRAY])
)
def test_the_inlet_rises_with_boards_and_activity(activity, gpu_w, more_w, spec):
    node = params([spec])
    base = inlet_w(node, 0, gpu_w, 0.036 * gpu_w, activity)
    assert inlet_w(node, 0, gpu_w + more_w, 0.036 * (gpu_w + more_w), activity) > base + more_w
    assert inlet_w(node, 0, gpu_w, 0.036 * gpu_w, activity + 0.1) > base


def test_the_hgx_server_draws_8_kw_and_gives_four_fifths_to_liquid():
    """Physics section 18: 7.68 kW of direct current, 8.0 kW at the inlet; 80 to 82 % into liquid."""
    inlet, liquid, air = drawn(HGX, 1.0, 5600.0, 0.036 * 5600.0)
    assert inlet == pytest.approx(8000, rel=0.01)
    assert (inlet - air) / inlet == pytest.approx(0.81, abs=0.01)
    assert liquid == 2 * 350 + 4 * 85


@given(
    g=st.floats(1, 500), c=st.floats(50, 1000), t=st.floats(-20, 40), power=st.floats(0, 2000), dt=st.floats(0.1, 10)
)
def test_a_plate_keeps_what_it_does_not_give(g, c, t, power, dt):
    keep, gain, mean = plate_coefficients(g, c, dt)
    settled = power / g
    after, given_j = t * keep + settled * gain, g * dt * (settled + (t - settled) * mean)
    assert power * dt - given_j == pytest.approx(c * (after - t), abs=1e-9 * max(1.0, c * abs(t), power * dt))


def test_a_plate_by_hand():
    keep, gain, mean = plate_coefficients(100.0, 350.0, 1.0)
    assert keep == pytest.approx(np.exp(-1 / 3.5), rel=1e-15)
    assert gain == pytest.approx(1 - np.exp(-1 / 3.5), rel=1e-15)
    assert mean == pytest.approx(3.5 * (1 - np.exp(-1 / 3.5)), rel=1e-15)
    assert plate_coefficients(0.0, 350.0, 2.0) == (1.0, 2.0 / 350.0, 1.0)
    assert plate_coefficients(100.0, 350.0, np.inf) == (0.0, 1.0, 0.0)


def test_a_server_without_fans_has_no_fan_power():
    quiet = params([HGX.model_copy(update={"fans": None})])
    with_fans = params([HGX])
    assert inlet_w(quiet, 0, 5600.0, 201.6, 1.0) < inlet_w(with_fans, 0, 5600.0, 201.6, 1.0)
    assert quiet.fan_w[0] == 0.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"load": [0.2, 0.1, 0.5, 1.0]}, "loads must rise from above 0"),
        ({"efficiency": [0.90, 0.97, 0.96, 0.91]}, "the loss that follows from load and efficiency must rise"),
    ],
)
def test_impossible_supplies_are_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        SupplySpec.model_validate({**TITANIUM, **changed})


def test_v22_an_hgx_h100_in_air():
    """8.4 kW at most of 10.2 kW, within 3 %: the shipped server with all parts in air and the fans that air cooling
    was fitted with (420 W, validation case h200-wall-power); liquid-cooled it takes 7.9 kW."""
    in_air = {name: part.model_copy(update={"cooled_by": "air"}) for name, part in HGX.parts.items()}
    fans = FanSpec.model_validate({"max": "420 W", "flow": "0.45 m3/s", "rise": "14 K"})
    node = params([HGX.model_copy(update={"parts": in_air, "fans": fans}), HGX])
    assert inlet_w(node, 0, 5600.0, 5600.0, 1.0) == pytest.approx(8400.0, rel=0.03)
    assert inlet_w(node, 1, 5600.0, 0.036 * 5600.0, 1.0) == pytest.approx(7900.0, rel=0.01)
