"""Reading tables of measurements: what is wrong is said with its line, what is right is neither lost nor invented."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core.errors import TraceError
from twin.drive.trace import Trace, read_rows, read_trace, resample


def table(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def problems(path, columns=("power_w",), **options):
    with pytest.raises(TraceError) as error:
        read_trace(path, columns, **options)
    return [str(problem).removeprefix(str(path)) for problem in error.value.problems]


def test_reads_seconds_from_the_first_sample(tmp_path):
    trace = read_trace(table(tmp_path, "# a source\ntime_s, power_w,other\n5,1.5,a\n7,2.5,b\n"), ["power_w"])
    assert trace.time_s.tolist() == [0.0, 2.0]
    assert trace.columns["power_w"].tolist() == [1.5, 2.5]
    assert (trace.origin_s, trace.dated) == (5.0, False)


def test_reads_milliseconds_dates_and_gzip(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbftime_ms,power_w\n1000,1\n3000,2\n"))
    assert read_trace(path, ["power_w"], time="time_ms").time_s.tolist() == [0.0, 2.0]
    dated = read_trace(
        table(tmp_path, "time_s,power_w\n1970-01-01T00:01:00Z,1\n1970-01-01T01:01:10+01:00,2\n"), ["power_w"]
    )
    assert (dated.origin_s, dated.time_s.tolist(), dated.dated) == (60.0, [0.0, 10.0], True)


def test_tells_every_problem_at_once_with_its_line(tmp_path):
    text = "time_s,power_w\n0,1\n2,x\n4,nan\n4,\n3,1\n5,1\n7,1\n320,1\n"
    assert problems(table(tmp_path, text)) == [
        ':3: power_w: "x" is not a finite number',
        ':4: power_w: "nan" is not a finite number',
        ":5: power_w: is empty, a number was expected",
        ":5: time_s: the same time as the sample before",
        ":6: time_s: 1 s earlier than the sample before",
        ":9: time_s: gap of 313 s after line 8, the step is 2 s",
    ]


def test_a_long_list_of_problems_is_cut(tmp_path):
    told = problems(table(tmp_path, "time_s,power_w\n" + "".join(f"{k},x\n" for k in range(100))))
    assert len(told) == 26
    assert told[-1] == ": and 75 more like these"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": is empty; a header line and measurements were expected"),
        ("time_s,power_w\n", ": has a header but no lines below it"),
        ("time_s,powr_w\n0,1\n", ':1: has no column "power_w"; did you mean "powr_w"?'),
        ("time_s,power_w\n0,1\n2\n", ":3: 1 cells, the header has 2"),
        ("time_s,power_w\n2026-07-15T12:00:00,1\n", ':2: time_s: "2026-07-15T12:00:00" needs a zone, e.g. '),
        ("time_s,power_w\nnoon,1\n", ':2: time_s: "noon" is neither a number nor a date'),
    ],
)
def test_says_what_is_wrong_with_the_file(tmp_path, text, expected):
    (told,) = problems(table(tmp_path, text))
    assert told.startswith(expected)


def test_a_file_that_cannot_be_read(tmp_path):
    assert problems(tmp_path / "none.csv") == [": there is no such file"]
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    assert problems(binary) == [": is not text in UTF-8"]
    assert problems(table(tmp_path, "time_s", "b.csv.gz"))[0].startswith(": cannot be read")


def test_gaps_may_be_allowed(tmp_path):
    path = table(tmp_path, "time_s,power_w\n0,1\n1,1\n2,1\n60,1\n")
    assert read_trace(path, ["power_w"], longest_gap=None).time_s[-1] == 60.0


def test_optional_columns(tmp_path):
    path = table(tmp_path, "a,b\n1,2\n")
    assert read_rows(path, ["a"], ["b", "c"])[0].cells == {"a": "1", "b": "2"}


def test_a_gap_is_not_filled():
    trace = Trace(np.array([0.0, 2.0, 4.0, 60.0, 62.0, 64.0]), {"x": np.arange(6.0)}, 0.0, False)
    x = resample(trace).columns["x"]
    assert x[:6].tolist() == [0, 0, 1, 1, 2, 2]
    assert np.isnan(x[6:60]).all()
    assert x[60:].tolist() == [3, 3, 4, 4, 5, 5]


@given(st.lists(st.tuples(st.floats(0.3, 1.2), st.floats(-1e4, 1e4)), min_size=3, max_size=60))
def test_resampling_keeps_the_integral(samples):
    steps, values = np.array(samples).T
    time_s = np.concatenate([[0.0], np.cumsum(steps[:-1])])
    even = resample(Trace(time_s, {"x": values}, 0.0, False), step_s=0.5)
    hold = np.append(np.diff(time_s), np.median(np.diff(time_s)))
    covered = np.clip(0.5 * len(even.time_s) - time_s, 0.0, hold)
    assert 0.5 * even.columns["x"].sum() == pytest.approx((values * covered).sum(), rel=1e-9, abs=1e-6)
