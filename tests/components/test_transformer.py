"""Transformers: the nameplate's losses, the exact pi of the T circuit, and what a nameplate may not say."""

import cmath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.components.transformer import TransformerSpec, efficiency, loss_w, pi

BASE_VA = 100e6
UNIT_SUBSTATION = {
    "rating": "2500 kVA",
    "high": "34.5 kV",
    "low": "480 V",
    "impedance": "5.75 %",
    "load_loss": "12 kW",
    "no_load_loss": "3 kW",
    "magnetising": "0.5 %",
}


def test_v_xf_04() -> None:
    load = np.sqrt(3e3 / 12e3)
    assert load == 0.5
    assert efficiency(3e3, 12e3, 2.5e6, load) == pytest.approx(0.9952229299, abs=1e-10)
    assert efficiency(3e3, 12e3, 2.5e6, load) > max(efficiency(3e3, 12e3, 2.5e6, load + d) for d in (-1e-3, 1e-3))


def test_just_compliant_unit_meets_the_doe_minimum() -> None:
    """10 CFR 431.196: 99.53 % at half load for 2,500 kVA liquid-immersed; physics 9.3."""
    assert efficiency(2.6e3, 13.2e3, 2.5e6, 0.5) == pytest.approx(0.9953, abs=1e-5)
    assert loss_w(2.6e3, 13.2e3, 0.5) == pytest.approx(5.9e3)


@given(
    impedance=st.floats(0.01, 0.2),
    copper=st.floats(0, 1),
    magnetising=st.floats(0, 0.1, allow_subnormal=False),
    iron=st.floats(0, 1),
    rating=st.floats(1e4, 1e9),
)
def test_pi_has_the_two_port_of_the_t(impedance, copper, magnetising, iron, rating) -> None:
    spec = TransformerSpec.model_construct(
        rating=rating,
        impedance=impedance,
        load_loss=0.999 * copper * impedance * rating,
        magnetising=magnetising,
        no_load_loss=0.999 * iron * magnetising * rating,
    )
    found = pi(spec, BASE_VA)
    r, g = spec.load_loss / rating, spec.no_load_loss / rating
    half = (r + 1j * cmath.sqrt(impedance**2 - r**2)) * BASE_VA / rating / 2
    y = (g - 1j * cmath.sqrt(magnetising**2 - g**2)) * rating / BASE_VA
    arm, stem = np.array([[1, half], [0, 1]]), np.array([[1, 0], [y, 1]])
    side, series = np.array([[1, 0], [found.shunt, 1]]), np.array([[1, found.series], [0, 1]])
    np.testing.assert_allclose(side @ series @ side, arm @ stem @ arm, rtol=1e-12, atol=1e-300)


def test_nameplate_is_read_back_from_the_pi() -> None:
    """Short circuit: u_k and P_k; open circuit: P_0 and i_0. On the transformer's own base."""
    spec = TransformerSpec.model_validate(UNIT_SUBSTATION | {"magnetising": "0.2 %"})
    series, shunt = pi(spec, spec.rating)
    shorted, opened = 1 / (shunt + 1 / series), shunt + 1 / (series + 1 / shunt)
    assert abs(shorted) == pytest.approx(0.0575, rel=1e-3)
    assert shorted.real * spec.rating == pytest.approx(12e3, rel=2e-3)
    assert abs(opened) == pytest.approx(0.002, rel=1e-3)
    assert opened.real * spec.rating == pytest.approx(3e3, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"load_loss": "150 kW"}, "needs an impedance above"),
        ({"magnetising": "0.1 %"}, "needs a magnetising current above"),
        ({"rating": "2500"}, "needs a unit"),
    ],
)
def test_impossible_nameplates_are_refused(change, said) -> None:
    with pytest.raises(ValidationError, match=said):
        TransformerSpec.model_validate(UNIT_SUBSTATION | change)


@given(share=st.floats(1e-5, 0.05), rating=st.floats(1e4, 1e9))
def test_border_nameplates_compile(share, rating) -> None:
    """All resistance, no-load current all iron: what the check admits must not fail in a square root."""
    plate = {"high": 34500, "low": 480, "impedance": 0.06, "magnetising": share, "rating": rating}
    units = {"high": "V", "low": "V", "rating": "VA"}
    texts = {key: f"{value!r} {units[key]}" if key in units else value for key, value in plate.items()}
    losses = {"load_loss": f"{0.06 * rating!r} W", "no_load_loss": f"{share * rating!r} W"}
    try:
        spec = TransformerSpec.model_validate(texts | losses)
    except ValidationError:  # the product may round up past the border
        return
    assert pi(spec, rating).series.real == pytest.approx(0.06, rel=0.01)
