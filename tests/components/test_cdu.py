"""Coolant distribution units: exchanger rows of the verification table, and exact steps that lose no heat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from twin.components import cdu
from twin.components.cdu import CduParams, CduSpec, CduState, advance
from twin.core.exchange import conductance_w_k, effectiveness, ntu_needed
from twin.core.layout import frozen, zeros

FLOW = st.floats(0.05, 1.5)


def unit(coolant_w_k, facility_w_k, ua_w_k, half_j_k=1.5e5):
    """One CDU of given capacity rates."""
    ones = {name: [1.0] for name in CduParams._fields}
    given = {"ua_w_k": ua_w_k, "film_exponent": 0.7, "coolant_w_k": coolant_w_k, "facility_w_k": facility_w_k}
    return frozen(CduParams, **ones | {name: [value] for name, value in given.items()} | {"half_j_k": [half_j_k]})


def exchange_w_k(plates, i, coolant_share, facility_share):
    """Of a clean exchanger."""
    return cdu.exchange_w_k(plates, i, coolant_share, facility_share, 1.0)


def at(supply_c, return_c):
    """One CDU's state at these temperatures."""
    return zeros(CduState, 1)._replace(supply_c=np.array([supply_c]), return_c=np.array([return_c]))


@pytest.mark.parametrize(
    ("ntu", "ratio", "expected"),
    [(1, 1, 0.5), (2, 0.5, 0.7746003264), (3, 0.8, 0.8043280293), (5, 0.9, 0.8664389488), (2.5, 0, 0.9179150014)],
)
def test_v_hx_01(ntu, ratio, expected):
    assert effectiveness(float(ntu), float(ratio)) == pytest.approx(expected, abs=1e-9)


def test_v_hx_03():
    """PG25 at 45 degC against water at 30 degC, 20 kg/s each, 250 kW/K."""
    hot, cold = 20 * 3968.6495, 20 * 4178.74656
    heat = exchange_w_k(unit(hot, cold, 250e3), 0, 1.0, 1.0) * 15.0
    assert heat == pytest.approx(920_788.6647, rel=1e-9)
    assert heat / (min(hot, cold) * 15.0) == pytest.approx(0.7733853918, abs=1e-9)
    assert 45 - heat / hot == pytest.approx(33.3992191, abs=1e-7)
    assert 30 + heat / cold == pytest.approx(41.0175222, abs=1e-7)


def test_v_hx_04():
    """What cools 2 kg/s of PG25 from 45 to 32 degC with 2 kg/s of water at 30 degC."""
    hot, cold = 2 * 3968.6495, 2 * 4178.74656
    reach = 13.0 / 15.0
    ntu = ntu_needed(reach, hot / cold)
    assert reach == pytest.approx(0.8666667, abs=1e-7)
    assert ntu == pytest.approx(5.6242421, rel=1e-7)
    assert ntu * hot == pytest.approx(44_641.29106, rel=1e-8)


def test_v_hx_06():
    """The design point of the 55 kW unit and its exchanger at six tenths of both flows."""
    coolant, facility = 55e3 / 11.521, 55e3 / 10.529
    ratio = 0.91388
    ntu = ntu_needed(0.74229, ratio)
    assert ntu == pytest.approx(2.57293, rel=1e-4)
    assert ratio == pytest.approx(coolant / facility, rel=1e-4)
    assert conductance_w_k(12_282.8, 0.7, 0.6, 0.6) == pytest.approx(8_590.2, rel=1e-5)
    assert conductance_w_k(12_282.8, 0.7, 0.8, 0.8) == pytest.approx(10_506.6, rel=1e-5)
    assert conductance_w_k(12_282.8, 0.7, 0.4, 0.4) == pytest.approx(6_467.6, rel=1e-5)
    assert effectiveness(2.57293 * 0.6**-0.3, ratio) == pytest.approx(0.77386, abs=1e-4)
    assert effectiveness(2.57293 * 0.8**-0.3, ratio) == pytest.approx(0.75635, abs=1e-4)


@given(ntu=st.floats(1e-6, 50), ratio=st.floats(0, 1))
def test_effectiveness_is_between_0_and_1_and_rises_with_size(ntu, ratio):
    reach = effectiveness(ntu, ratio)
    assert 0 <= reach <= 1
    assert effectiveness(1.1 * ntu, ratio) >= reach - 1e-12
    assert reach <= 1 - np.exp(-ntu) + 1e-12


@given(ntu=st.floats(0.05, 6), ratio=st.floats(0, 1))
def test_ntu_needed_undoes_effectiveness(ntu, ratio):
    assert ntu_needed(effectiveness(ntu, ratio), ratio) == pytest.approx(ntu, rel=2e-4)


@given(coolant=FLOW, facility=FLOW)
def test_second_law_no_stream_leaves_beyond_the_other_ones_inlet(coolant, facility):
    plates = unit(4773.0, 5224.0, 12_282.8)
    exchanged = exchange_w_k(plates, 0, coolant, facility)
    assert 0 < exchanged <= min(4773.0 * coolant, 5224.0 * facility) * (1 + 1e-12)


def test_nothing_crosses_where_one_side_stands_still():
    plates = unit(4773.0, 5224.0, 12_282.8)
    assert exchange_w_k(plates, 0, 0.0, 1.0) == 0.0
    assert exchange_w_k(plates, 0, 1.0, 0.0) == 0.0


@given(
    share=FLOW, heat=st.floats(0, 1e5), ticks=st.integers(1, 5), start=st.tuples(st.floats(20, 60), st.floats(20, 60))
)
def test_heat_in_is_heat_out_plus_heat_kept(share, heat, ticks, start):
    plates = unit(4773.0, 5224.0, 12_282.8)
    k, half, shaft = exchange_w_k(plates, 0, share, share), 1.5e5, 700.0
    state = at(*start)
    before = half * (state.supply_c[0] + state.return_c[0])
    given_w = advance(state, 0, 4773.0 * share, k, half, heat, shaft, 25.0, float(ticks))
    kept = half * (state.supply_c[0] + state.return_c[0]) - before
    assert (heat + shaft - given_w) * ticks == pytest.approx(kept, abs=1e-12 * before)


@given(
    magnitude=st.floats(-4, 3.8), unused=st.floats(-14, 0), ticks=st.integers(1, 5),
    start=st.tuples(st.floats(20, 60), st.floats(20, 60)),
)  # fmt: skip
def test_digits_are_kept_where_the_eigenvalues_meet(magnitude, unused, ticks, start):
    """At small flows the exchanger takes all the coolant can give: both eigenvalues are nearly one."""
    half, coolant, state = 1.5e5, 10**magnitude, at(*start)
    k, before = coolant * (1 - 10**unused), half * sum(start)
    given_w = advance(state, 0, coolant, k, half, 4e4, 700.0, 25.0, float(ticks))
    whole = np.zeros((3, 3))
    whole[:2, :2] = np.array([[-coolant, coolant - k], [coolant, -coolant]]) / half
    whole[:2, 2] = np.array([k * 25.0 + 700.0, 4e4]) / half
    expected = expm(whole * ticks) @ np.array([*start, 1.0])
    np.testing.assert_allclose([state.supply_c[0], state.return_c[0]], expected[:2], rtol=1e-13)
    kept = half * (state.supply_c[0] + state.return_c[0]) - before
    assert (4.07e4 - given_w) * ticks == pytest.approx(kept, abs=3e-15 * before)


@given(
    coolant=st.one_of(st.just(0.0), st.floats(1.0, 6e3)),
    reach=st.floats(0, 0.999),
    ticks=st.integers(1, 5),
    start=st.tuples(st.floats(20, 60), st.floats(20, 60)),
)
def test_a_step_is_the_matrix_exponential(coolant, reach, ticks, start):
    half, k, state = 1.5e5, reach * coolant, at(*start)
    advance(state, 0, coolant, k, half, 4e4, 700.0, 25.0, float(ticks))
    whole = np.zeros((3, 3))
    whole[:2, :2] = np.array([[-coolant, coolant - k], [coolant, -coolant]]) / half
    whole[:2, 2] = np.array([k * 25.0 + 700.0, 4e4]) / half
    expected = expm(whole * ticks) @ np.array([*start, 1.0])
    np.testing.assert_allclose([state.supply_c[0], state.return_c[0]], expected[:2], rtol=1e-12)


@given(low=st.floats(-6, 0.3), short=st.floats(-17, 0), ticks=st.integers(1, 5), heat=st.floats(-1e5, 1e5))
def test_books_close_where_coolant_all_but_stands(low, short, ticks, heat):
    """A trickle comes out as cold as the water, so that both eigenvalues are one: where digits get lost."""
    half, coolant, state = 1.5e5, 4773.0 * 10**low, at(30.0, 50.0)
    given_w = advance(state, 0, coolant, coolant * (1 - 10**short), half, heat, -3e4, 25.0, float(ticks))
    kept = half * (state.supply_c[0] + state.return_c[0] - 80.0)
    assert (heat - 3e4 - given_w) * ticks == pytest.approx(kept, abs=1e-15 * half * 80.0)


def test_loss_of_facility_water_heats_the_coolant_at_a_fifth_of_a_kelvin_per_second():
    """70 L of PG25 under 55 kW: 0.196 K/s, physics section 6."""
    half, state = 0.035 * 1012.48 * 3956.67, at(36.0, 47.5)
    before = state.supply_c[0] + state.return_c[0]
    assert advance(state, 0, 4773.0, 0.0, half, 55e3, 0.0, 32.0, 5.0) == 0.0
    assert (state.supply_c[0] + state.return_c[0] - before) / 2 / 5.0 == pytest.approx(0.196, abs=5e-4)


def test_an_infinite_step_is_where_many_finite_ones_end():
    half = 1.5e5
    k = exchange_w_k(unit(4773.0, 5224.0, 12_282.8), 0, 1.0, 1.0)
    still, moving = at(30.0, 30.0), at(30.0, 30.0)
    given_w = advance(still, 0, 4773.0, k, half, 55e3, 500.0, 32.0, np.inf)
    for _ in range(400):
        advance(moving, 0, 4773.0, k, half, 55e3, 500.0, 32.0, 5.0)
    assert given_w == pytest.approx(55.5e3, rel=1e-12)
    assert (still.supply_c[0], still.return_c[0]) == pytest.approx((moving.supply_c[0], moving.return_c[0]), abs=1e-9)


def test_the_design_point_of_the_in_rack_unit():
    """36/47.5 degC of coolant against 32/42.5 degC of water at 55 kW: its approach is 4 K."""
    density, heat, flow = 1012.48, 3956.67, 71.5e-3 / 60
    spec = CduSpec(
        racks=1, heat="55 kW", coolant_at="35 degC", facility_flow="1.25 kg/s", ua="12.2828 kW/K", volume="70 L",
        facility_drop="50 kPa", approach="4 K", exchanger_drop="50 kPa", filter_drop="30 kPa",
    )  # fmt: skip
    plates = cdu.params([spec], np.array([flow]), (np.array([density]), np.array([heat])), 4178.9)
    k, state = exchange_w_k(plates, 0, 1.0, 1.0), at(30.0, 30.0)
    advance(state, 0, plates.coolant_w_k[0], k, plates.half_j_k[0], 55e3, 0.0, 32.0, np.inf)
    assert state.supply_c[0] == pytest.approx(36.0, abs=0.01)
    assert state.return_c[0] == pytest.approx(47.52, abs=0.01)
