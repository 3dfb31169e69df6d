"""Waveforms below a second: the steps of a second have its mean, and their shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.drive.course import Pattern
from twin.drive.jitter import JitterSpec, coherence, measured_coherence, offsets_s
from twin.drive.playback import PlaybackSpec
from twin.drive.training import TrainingSpec
from twin.drive.waveform import ConstantSpec, SquareSpec, StepSpec, refined

TRACE = "time_s,node_w\n" + "".join(f"{0.25 * k},{2100 + 5900 * (k * k % 7) / 5}\n" for k in range(80))
SPECS = {
    "constant": ConstantSpec(activity=0.8),
    "step": StepSpec.model_validate({"before": 0.9, "after": 0.1, "at": "4.137 s", "lasts": "2.5 s"}),
    "square": SquareSpec.model_validate({"high": 1, "low": 0.3, "period": "1.37 s", "ramp": "50 ms"}),
    "training": TrainingSpec.model_validate({"iteration": "2.3 s", "initialisation": "3 s", "noise": 0.2}),
    "measured": TrainingSpec(),
    "trace": PlaybackSpec.model_validate({"file": "p.csv", "column": "node_w"}),
}


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("per_tick", [50, 1000])
def test_steps_of_a_second_have_its_mean(kind, per_tick, tmp_path):
    (tmp_path / "p.csv").write_text(TRACE)
    waveform = SPECS[kind].build(3, tmp_path)
    means = Pattern(waveform, 2, 27).activity(0, 30)
    steps = Pattern(waveform, 2, 27).activity(0, 30, per_tick)
    assert steps.reshape(30, per_tick).mean(axis=1) == pytest.approx(means, abs=1e-12)
    assert steps.min() >= 0.0
    assert steps.max() <= 1.0
    assert not steps[: 2 * per_tick].any()
    assert not steps[27 * per_tick :].any()


def test_steps_follow_the_wave_not_only_the_mean(tmp_path):
    wave = SquareSpec.model_validate({"high": 1, "low": 0.2, "duty": 0.6, "period": "0.5 s", "ramp": "20 ms"})
    steps = Pattern(wave.build(0, tmp_path), 0, 9).activity(0, 1, 1000)
    assert steps[[0, 10, 25, 299, 310, 330, 499, 510]] == pytest.approx([0.22, 0.62, 1, 1, 0.58, 0.2, 0.2, 0.62])


def test_any_piece_has_the_same_numbers(tmp_path):
    waveform = TrainingSpec.model_validate({"iteration": "2.3 s", "initialisation": "3 s"}).build(3, tmp_path)
    whole = Pattern(waveform, 0, 99).activity(0, 40, 100)
    assert np.array_equal(Pattern(waveform, 0, 99).activity(11, 14, 100), whole[1100:1400])


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4), st.floats(0.0, 1.0))
def test_refining_keeps_the_mean_and_the_bounds(steps, mean):
    moved = refined(np.array([mean]), np.array(steps), 4)
    assert moved.mean() == pytest.approx(mean, abs=1e-12)
    assert moved.min() >= 0.0
    assert moved.max() <= 1.0 + 1e-15


def test_a_square_whose_edges_do_not_fit_is_an_error():
    with pytest.raises(ValidationError, match="does not fit"):
        SquareSpec.model_validate({"high": 1, "low": 0, "period": "1 s", "duty": 0.9, "ramp": "200 ms"})
    with pytest.raises(ValidationError, match="above high"):
        SquareSpec.model_validate({"high": 0.1, "low": 0.3, "period": "1 s"})


@settings(deadline=None, max_examples=10)
@given(st.floats(0.005, 0.05), st.integers(0, 2**31))
def test_jitter_attenuates_as_a_normal_time_does(deviation_s, seed):
    offsets = offsets_s(JitterSpec(deviation=f"{deviation_s} s"), seed, np.arange(3000))
    assert offsets.mean() == pytest.approx(0.0, abs=5 * deviation_s / np.sqrt(3000))
    assert offsets.std() == pytest.approx(deviation_s, rel=0.1)
    for f_sigma in (0.02, 0.05, 0.1, 0.2):
        expected = coherence(deviation_s, f_sigma / deviation_s)
        # 3,000 racks scatter by 1/sqrt(3000); the lognormal shape is worth another 4 % at most.
        assert measured_coherence(offsets, f_sigma / deviation_s) == pytest.approx(expected, abs=0.06)


def test_offsets_of_a_rack_stay_when_racks_are_added():
    spec = JitterSpec.model_validate({"deviation": "20 ms"})
    assert np.array_equal(offsets_s(spec, 7, np.arange(10)), offsets_s(spec, 7, np.arange(20))[:10])
    assert not offsets_s(JitterSpec(deviation="0 s"), 7, np.arange(5)).any()
