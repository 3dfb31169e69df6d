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
