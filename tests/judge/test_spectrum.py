"""Spectrum, bands and ramps against series whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.drive.waveform import SquareSpec, activity
from twin.judge import spectrum

# V-TR-01: high 1, low 0.3, 70 % of 2 s; the seven amplitudes of the Fourier series.
SQUARE = SquareSpec.model_validate({"high": 1, "low": 0.3, "duty": 0.7, "period": "2 s"})
SERIES = (0.36052535, 0.21191148, 0.04590281, 0.06548425, 0.08912677, 0.04365617, 0.01967263)


def test_v_tr_01_by_formula():
    assert [SQUARE.amplitude(k) for k in range(1, 8)] == pytest.approx(SERIES, abs=1e-8)


def test_v_tr_01_by_fourier_transform_of_1_ms_over_20_s(tmp_path):
    wave = activity(SQUARE.build(0, tmp_path), 0, 20, 0.0, per_tick=1000)
    found = spectrum.spectrum(wave, 1e-3)
    lines = [found.amplitude[round(0.5 * k * 20)] for k in range(1, 8)]
    assert wave.mean() == pytest.approx(0.79, abs=1e-12)
    assert lines == pytest.approx(SERIES, abs=2e-5)
    assert [spectrum.peak(found, 0.5 * k - 0.2, 0.5 * k + 0.2)[0] for k in range(1, 8)] == pytest.approx(
        SERIES, abs=2e-5
    )


@given(
    amplitude=st.floats(0.1, 50.0), frequency_hz=st.floats(0.3, 14.5), phase=st.floats(0.0, 6.28),
    mean=st.floats(-100.0, 300.0),
)  # fmt: skip
def test_a_line_anywhere_between_bins_keeps_its_amplitude(amplitude, frequency_hz, phase, mean):
    t = np.arange(20000) * 1e-3
    found = spectrum.spectrum(mean + amplitude * np.cos(2 * np.pi * frequency_hz * t + phase), 1e-3)
    size, at_hz = spectrum.peak(found, 0.1, 15.0)
    assert size == pytest.approx(amplitude, rel=4e-3)
    assert at_hz == pytest.approx(frequency_hz, abs=0.002)


def test_shares_are_those_of_the_lines_energies():
    t = np.arange(20000) * 1e-3
    lines = {0.5: 3.0, 2.0: 2.0, 5.0: 1.0, 10.0: 0.5, 40.0: 0.25}
    series = 100.0 + sum(a * np.cos(2 * np.pi * f * t) for f, a in lines.items())
    total = sum(a * a for a in lines.values())
    found = spectrum.bands(series, 1e-3)
    assert [one.share for one in found] == pytest.approx([a * a / total for a in lines.values()], abs=1e-9)
    assert [one.peak for one in found] == pytest.approx(list(lines.values()), rel=1e-6)
    assert found[-1].band.name == "beyond model validity"


def test_a_constant_has_no_shares_and_no_ramps():
    series = np.full(5000, 3.1e8)
    assert all(one.share == 0.0 for one in spectrum.bands(series, 1e-3))
    assert all(one.rise == one.fall == 0.0 for one in spectrum.ramps(series, 1e-3, (0.1, 1.0)))
    assert spectrum.dynamic_range(series, 1e-3) == 0.0


def test_ramps_slide_and_say_when():
    step_s = 0.01
    t = np.arange(0, 30, step_s)
    series = np.interp(t, [0, 10, 12, 20, 20.05, 30], [0, 0, 8, 8, 3, 3])
    found = {ramp.over_s: ramp for ramp in spectrum.ramps(series, step_s)}
    assert (found[0.1].rise, found[1.0].rise, found[10.0].rise) == pytest.approx((0.4, 4.0, 8.0))
    assert (found[0.1].fall, found[1.0].fall, found[10.0].fall) == pytest.approx((5.0, 5.0, 5.0))
    assert 10.0 - step_s <= found[1.0].rise_s <= 11.0 + step_s
    assert np.isnan(found[60.0].rise)
    assert spectrum.dynamic_range(series, step_s) == 8.0
    assert spectrum.dynamic_range(series, step_s, 1.0) == pytest.approx(5.0)


@given(st.lists(st.floats(-1e3, 1e3), min_size=200, max_size=400))
def test_no_ramp_exceeds_the_range(values):
    series = np.array(values)
    for ramp in spectrum.ramps(series, 0.01, (0.1, 1.0)):
        assert 0.0 <= ramp.rise <= spectrum.dynamic_range(series, 0.01) + 1e-9
        assert ramp.fall <= spectrum.dynamic_range(series, 0.01, ramp.over_s) + 1e-9
