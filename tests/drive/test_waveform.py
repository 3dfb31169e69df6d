"""Simple waveforms: means of seconds, and nothing outside the job."""

import numpy as np
import pytest
from pydantic import ValidationError

from twin.core.errors import TraceError
from twin.drive.course import Pattern
from twin.drive.playback import PlaybackSpec
from twin.drive.waveform import ConstantSpec, StepSpec, sensed


def test_constant_runs_only_between_start_and_end(tmp_path):
    activity = Pattern(ConstantSpec(activity=0.8).build(1, tmp_path), 3, 6).activity(0, 10)
    assert activity.tolist() == pytest.approx([0, 0, 0, 0.8, 0.8, 0.8, 0, 0, 0, 0])
    assert Pattern(ConstantSpec(activity=0.8).build(1, tmp_path), 5, 9).activity(0, 3).tolist() == [0, 0, 0]


def test_a_step_within_a_second_is_averaged(tmp_path):
    spec = StepSpec.model_validate({"before": 0.2, "after": "100 %", "at": "2.25 s", "lasts": "1.5 s"})
    activity = Pattern(spec.build(1, tmp_path), 0, 6).activity(0, 6)
    assert activity.tolist() == pytest.approx([0.2, 0.2, 0.8, 0.8, 0.2, 0.2])
    lasting = StepSpec.model_validate({"before": 0.2, "after": 1, "at": "2 s"}).build(1, tmp_path)
    assert Pattern(lasting, 0, 9).activity(1, 5).tolist() == pytest.approx([0.2, 1, 1, 1])


def test_playback_maps_power_to_activity_and_idles_after_its_end(tmp_path):
    (tmp_path / "p.csv").write_text("time_s,node_w\n0,2100\n2,5050\n4,9000\n")
    waveform = PlaybackSpec.model_validate({"file": "p.csv", "column": "node_w"}).build(1, tmp_path)
    assert Pattern(waveform, 1, 9).activity(0, 9).tolist() == pytest.approx([0, 0, 0, 0.5, 0.5, 1, 1, 0, 0])
    assert Pattern(waveform, 1, 99).activity(20, 22).tolist() == [0, 0]


def test_playback_says_what_is_wrong(tmp_path):
    with pytest.raises(ValidationError, match="must be above idle"):
        PlaybackSpec.model_validate({"file": "p.csv", "column": "x", "maximum": "2 kW"})
    (tmp_path / "p.csv").write_text("time_s,node_w\n0,1\n0.1,1\n")
    with pytest.raises(TraceError, match="shorter than one second"):
        PlaybackSpec.model_validate({"file": "p.csv", "column": "node_w"}).build(1, tmp_path)


def test_a_sensor_reaches_63_percent_after_its_lag():
    read = sensed(np.array([0.0, 1.0, 1.0, 1.0]), lag_s=3.0)
    assert read[-1] == pytest.approx(1 - np.exp(-1))
