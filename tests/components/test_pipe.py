"""Pipes: sharp fronts on time, losses as the analytic ones, and heat that goes nowhere else."""

from math import exp, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components import pipe
from twin.components.pipe import PipeSpec
from twin.core import fluids

BARE = {"wall_j_kg_k": 1e-6, "air_w_m2_k": 1e-9}  # a wall that neither stores nor passes heat


def one(**lines):
    spec = PipeSpec.model_validate({"length": "120 m", "inside": "0.1023 m", "outside": "0.1143 m"} | lines)
    return pipe.params([spec]), pipe.filled([spec], np.array([25.0]))


def test_v_trn_01():
    """120 m of 102.3 mm at 1.2 kg/s: the plug's mass over the flow, and a step that stays a step."""
    params, state = one(parcels=128, **BARE)
    delay_s = float(params.parcel_kg[0]) * 128 / 1.2
    density = float(fluids.density(fluids.WATER, 30.0))
    assert delay_s * 1012.0 / density == pytest.approx(831.805258, rel=1e-6)
    out = np.array([pipe.advance(params, state, 0, 1.2, 35.0, 20.0, 1.0)[0] for _ in range(900)])
    moved = np.flatnonzero(out > 30.0)[0] + 1
    assert moved == pytest.approx(delay_s, abs=1.0 + delay_s / 128)
    assert np.all((out < 25.0 + 1e-3) | (out > 35.0 - 1e-3) | (np.abs(np.arange(900) - moved) < 3))


def test_v_hyd_05_steady_loss():
    """20 kg/s through 500 m of 0.2 m with 10 W/m2/K to air at 20 degC: 312.412245 K of 313.15 K remain."""
    spec = PipeSpec.model_validate({"length": "500 m", "inside": "0.2 m", "outside": "0.2001 m", "parcels": 200})
    heat = float(fluids.specific_heat(fluids.WATER, 30.0))
    params = pipe.params([spec])._replace(air_w_k=np.array([10.0 * pi * 0.2 * 500.0 / 200]), film_w_k=np.array([1e2]))
    state = pipe.filled([spec], np.array([40.0]))
    leaving_c = 40.0
    for _ in range(4000):
        leaving_c = pipe.advance(params, state, 0, 20.0, 40.0, 20.0, 1.0)[0]
    expected = 20.0 + 20.0 * exp(-10.0 * pi * 0.2 * 500.0 / (20.0 * heat))
    assert expected == pytest.approx(312.412245 - 273.15, abs=2e-3)
    assert leaving_c == pytest.approx(expected, abs=2e-3)


@given(data=st.data())
def test_heat_goes_nowhere_else(data):
    params, state = one(parcels=7, air_w_m2_k=1e-12)
    heat = float(params.water_j_kg_k[0])
    before, net = pipe.stored_j(params, state, 0), 0.0
    for _ in range(data.draw(st.integers(1, 30))):
        flow, entering = data.draw(st.floats(0, 400)), data.draw(st.floats(5, 65))
        leaving, _ = pipe.advance(params, state, 0, flow, entering, 20.0, 1.0)
        net += flow * heat * (entering - leaving) if flow > 0 else 0.0
    stored = pipe.stored_j(params, state, 0) - before
    assert stored == pytest.approx(net, rel=1e-9, abs=1e-6 * abs(before))
    assert np.all((state.water_c >= 5 - 1e-9) & (state.water_c <= 65 + 1e-9))


def test_each_parcel_goes_towards_the_wall():
    """A cold parcel ahead of a hot one is not cooled by a wall that is colder than their mixture."""
    params, state = one(parcels=2, air_w_m2_k=1e-12)
    state.water_c[:], state.wall_c[:], state.entered[:], state.filling_c[:] = 5.0, 15.0, 0.5, 60.0
    pipe.advance(params, state, 0, 0.0, 60.0, 20.0, 1.0)
    assert np.all(state.water_c > 5.0)
    assert state.filling_c[0] < 60.0


@given(data=st.data())
def test_what_leaves_is_known_before(data):
    """While at most all parcels but the one at the inlet leave, which fills and mixes."""
    params, state = one(parcels=data.draw(st.integers(2, 9)), insulation="20 mm")
    whole_kg = float(params.parcel_kg[0] * (params.parcels[0] - 1))
    for _ in range(data.draw(st.integers(1, 20))):
        flow, dt_s = data.draw(st.floats(0, 1)) * whole_kg / 5, float(data.draw(st.integers(1, 5)))
        told = pipe.leaving_c(params, state, 0, flow * dt_s)
        left, _ = pipe.advance(params, state, 0, flow, data.draw(st.floats(5, 65)), 20.0, dt_s)
        assert left == pytest.approx(told, abs=1e-9)


@given(data=st.data())
def test_stored_heat_is_what_came_less_what_left_and_was_lost(data):
    params, state = one(parcels=5, air_w_m2_k=500.0)
    heat, balance = float(params.water_j_kg_k[0]), pipe.stored_j(params, state, 0)
    for _ in range(data.draw(st.integers(1, 20))):
        flow, entering = data.draw(st.floats(0, 150)), data.draw(st.floats(5, 65))
        dt_s = float(data.draw(st.integers(1, 5)))
        left, lost_w = pipe.advance(params, state, 0, flow, entering, -10.0, dt_s)
        balance += (flow * heat * (entering - left) - lost_w) * dt_s
        assert lost_w > 0
    assert pipe.stored_j(params, state, 0) == pytest.approx(balance, rel=1e-12)


@pytest.mark.parametrize("flow", [0.5, 5.0, 20.0])
def test_a_filled_pipe_is_nearly_at_rest(flow):
    """What `fill` says leaves and is lost is what goes on leaving, and its loss is what the water gives."""
    params, state = one(air_w_m2_k=50.0, insulation="5 mm")
    left_c, lost_w = pipe.fill(params, state, 0, flow, 45.0, 20.0)
    assert lost_w == pytest.approx(flow * float(params.water_j_kg_k[0]) * (45.0 - left_c), rel=1e-9)
    before = state.water_c.copy(), state.wall_c.copy()
    for _ in range(200):
        leaving_c, losing_w = pipe.advance(params, state, 0, flow, 45.0, 20.0, 1.0)
    # Within a step water moves by this share of the pipe before it cools.
    fall_k, moved = 45.0 - left_c, flow / float(params.parcel_kg[0] * params.parcels[0])
    np.testing.assert_allclose(state.water_c, before[0], atol=(0.03 + moved) * fall_k)
    np.testing.assert_allclose(state.wall_c, before[1], atol=(0.03 + moved) * fall_k)
    assert leaving_c == pytest.approx(left_c, abs=0.02 * fall_k)
    assert losing_w == pytest.approx(lost_w, rel=0.02)


def test_a_filled_pipe_without_flow_is_as_warm_as_its_surroundings_leave_it():
    params, state = one()
    left_c, lost_w = pipe.fill(params, state, 0, 0.0, 45.0, 20.0)
    assert left_c == 45.0
    assert lost_w == 0.0
    assert np.isfinite(state.wall_c).all()


def test_a_heavy_wall_delays_the_front_by_its_share():
    params, state = one(parcels=64, air_w_m2_k=1e-12)
    params = params._replace(film_w_k=params.film_w_k * 1e3)
    water_j_k = float(params.parcel_kg[0] * params.water_j_kg_k[0])
    out = np.array([pipe.advance(params, state, 0, 5.0, 35.0, 20.0, 1.0)[0] for _ in range(600)])
    half_s = np.flatnonzero(out > 30.0)[0] + 1
    plug_s = float(params.parcel_kg[0]) * 64 / 5.0
    assert half_s == pytest.approx(plug_s * (1 + float(params.wall_j_k[0]) / water_j_k), rel=0.04)


def test_nusselt_numbers_of_the_books():
    assert pipe.nusselt(1000.0, 7.0) == 3.66
    assert pipe.nusselt(1e5, 7.0) == pytest.approx(0.023 * 1e4 * 7.0**0.4, rel=1e-12)
    assert 3.66 < pipe.nusselt(5000.0, 7.0) < pipe.nusselt(9000.0, 7.0)


def test_a_pipe_without_a_wall_is_refused():
    with pytest.raises(ValidationError, match="must exceed the inner one"):
        PipeSpec.model_validate({"length": "1 m", "inside": "50 mm", "outside": "50 mm"})
