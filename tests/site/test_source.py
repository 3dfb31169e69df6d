import re
from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, Field, StrictStr, model_validator

from twin.core.errors import ScenarioError, SiteError
from twin.core.quantity import Power, Ratio, Spec, Temperature
from twin.site.source import Source, build, read


class Rack(Spec):
    """A group of racks."""

    type: StrictStr
    count: int = Field(gt=0)
    rated: Power | None = Field(default=None, gt=0)


class Tower(Spec):
    """One form of cooling."""

    kind: Literal["tower"]
    approach: Temperature


class Chiller(Spec):
    """Another form of cooling."""

    kind: Literal["chiller"]
    capacity: Power


class Fixed(Spec):
    """Weather that stays."""

    constant: Temperature


class Hall(Spec):
    """A hall."""

    name: StrictStr
    supply: Temperature
    racks: tuple[Rack, ...] = Field(min_length=1)
    cooling: Annotated[Tower | Chiller, Field(discriminator="kind")] | None = None


class Plan(Spec):
    """A small site."""

    name: Annotated[StrictStr, Field(pattern="^[a-z]+$")] = "plan"
    halls: tuple[Hall, ...] = ()
    types: dict[StrictStr, Rack] = Field(default={})
    weather: StrictStr | Fixed = "mild"
    share: Ratio = Field(default=0.5, lt=1)
    start: AwareDatetime | None = None
    window: Literal["1 s", "1 min"] = "1 s"
    dry: bool = False

    @model_validator(mode="after")
    def _named(self) -> "Plan":
        if self.name == "never":
            raise ValueError("no site may be called never")
        return self


def wrong_lines(tmp_path, text, model=Plan):
    """The problems of ``text``, one line each, without the folder."""
    file = tmp_path / "site.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SiteError) as caught:
        build(model, read(file))
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]


def source_of(tmp_path, text):
    file = tmp_path / "site.yaml"
    file.write_text(text)
    return read(file)


def test_all_problems_of_a_file_are_told_at_once_each_at_its_place(tmp_path):
    lines = wrong_lines(
        tmp_path,
        """\
name: plan
halls:
  - name: 012
    supply: 32
    racks:
      - {type: h100, count: 0, ratd: 3 kW}
      - type: h200
        rated: -3 kW
  - name: b
    supply: 30 degF
    racks: []
""",
    )
    assert lines == [
        "site.yaml:3:5: halls.0.name: must be text (write it in quotes), found '12'",
        "site.yaml:4:5: halls.0.supply: '32' needs a unit, e.g. \"32 degC\" (temperature)",
        "site.yaml:6:22: halls.0.racks.0.count: must be above 0, found '0'",
        "site.yaml:6:32: halls.0.racks.0.ratd: unknown key 'ratd'; did you mean \"rated\"?",
        "site.yaml:7:9: halls.0.racks.1.count: 'count' is missing",
        "site.yaml:8:9: halls.0.racks.1.rated: must be above 0 W, found '-3 kW'",
        "site.yaml:11:5: halls.1.racks: needs at least 1 of them, found 0",
    ]


HALL = "halls: [{name: a, supply: 20 degC, racks: [{type: x, count: 1}]%s}]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: Plan", "site.yaml:1:1: name: 'Plan' does not fit the pattern ^[a-z]+$"),
        ("name: never", "site.yaml:1:1: no site may be called never"),
        ("share: 120 %", "site.yaml:1:1: share: must be below 1, found '120 %'"),
        ("share: -0.5", "site.yaml:1:1: share: must be at least 0, found '-0.5'"),
        ("halls: 3", "site.yaml:1:1: halls: must be a list, found '3'"),
        ("halls: {a: 1}", "site.yaml:1:1: halls: must be a list, found keys and values"),
        ("halls: [a]", "site.yaml:1:9: halls.0: must be keys and values, found 'a'"),
        ("types: [a]", "site.yaml:1:1: types: must be keys and values, found a list"),
        ("types: {a: {type: x, count: 1.5}}", "site.yaml:1:22: types.a.count: must be a whole number, found '1.5'"),
        ("types: {a: {type: x, count: many}}", "site.yaml:1:22: types.a.count: must be a whole number, found 'many'"),
        (
            "types: {a: {type: x, cont: 1, count: 1}}",
            "site.yaml:1:22: types.a.cont: unknown key 'cont'; did you mean \"count\"?",
        ),
        ("window: 5 min", "site.yaml:1:1: window: must be '1 s' or '1 min', found '5 min'"),
        ("dry: perhaps", "site.yaml:1:1: dry: must be true or false, found 'perhaps'"),
        (
            "start: tomorrow",
            "site.yaml:1:1: start: must be a date and time, e.g. 2026-07-15T12:00:00-05:00, found 'tomorrow'",
        ),
        (
            "start: 2026-07-15T12:00:00",
            "site.yaml:1:1: start: must be a date and time with its zone, e.g. 2026-07-15T12:00:00-05:00, "
            "found '2026-07-15T12:00:00'",
        ),
        ("weather: 3", "site.yaml:1:1: weather: must be text (write it in quotes) or keys and values, found '3'"),
        ("weather: {constant: 3}", "site.yaml:1:11: weather.constant: '3' needs a unit, e.g. \"3 degC\" (temperature)"),
        ("weather: {constnt: 3 degC}", "site.yaml:1:1: weather.constant: 'constant' is missing"),
        (
            HALL % ", cooling: {kind: pond}",
            "site.yaml:1:66: halls.0.cooling: 'kind' must be one of 'tower', 'chiller', found 'pond'",
        ),
        (HALL % ", cooling: {kid: tower}", "site.yaml:1:66: halls.0.cooling: 'kind' is missing"),
        (
            HALL % ", cooling: {kind: tower, approach: 4}",
            "site.yaml:1:89: halls.0.cooling.approach: '4' needs a unit, e.g. \"4 degC\" (temperature)",
        ),
        (
            HALL % ", cooling: {kind: tower, approach: 4 K, aproach: 2}",
            "site.yaml:1:104: halls.0.cooling.aproach: unknown key 'aproach'; did you mean \"approach\"?",
        ),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path, text, problem):
    assert problem in wrong_lines(tmp_path, text)


def test_a_union_tells_of_the_form_that_was_meant_only(tmp_path):
    assert len(wrong_lines(tmp_path, "weather: {constant: 3}")) == 1
    assert len(wrong_lines(tmp_path, "weather: 3")) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "site.yaml:1:1: expected keys and values, found an empty file"),
        ("# words only\n", "site.yaml:1:1: expected keys and values, found an empty file"),
        ("- a\n- b\n", "site.yaml:1:1: expected keys and values, found a list"),
        ("words", "site.yaml:1:1: expected keys and values, found a single value"),
        ("a: 1\nb: 2\na: 3\n", "site.yaml:3:1: the key 'a' stands twice; first in line 1"),
        ("h:\n  - a: 1\n    a: 2\n", "site.yaml:3:5: h.0: the key 'a' stands twice; first in line 2"),
        ("012: x", "site.yaml:1:1: the key 012 must be text: write it in quotes"),
        ("? [a]\n: x", "site.yaml:1:3: a key must be text, not a list or a mapping"),
        ("a: &a [*a]", "site.yaml:1:4: is not valid YAML: an anchor holds itself"),
        (b"a: 1\nb: \xff", "site.yaml:2:4: is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(tmp_path, text, problem):
    assert wrong_lines(tmp_path, text) == [problem]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 'open\n", 2),
        ("a: *unknown", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\nb: !!python/object:os.system x", 2),
    ],
)
def test_a_syntax_error_has_its_line(tmp_path, text, line):
    (problem,) = wrong_lines(tmp_path, text)
    assert re.match(rf"site\.yaml:{line}:\d+: is not valid YAML: .", problem)


@pytest.mark.parametrize("text", ["a: !!int many", "a: \x01", "[" * 5000])
def test_what_only_the_parser_dislikes_is_a_problem_too(tmp_path, text):
    (problem,) = wrong_lines(tmp_path, text)
    assert problem.startswith("site.yaml")


def test_a_file_that_expands_without_end_is_refused(tmp_path):
    levels = "\n".join(f"k{i}: &k{i} [{', '.join([f'*k{i - 1}'] * 10)}]" for i in range(1, 9))
    (problem,) = wrong_lines(tmp_path, f"k0: &k0 [1]\n{levels}\n")
    assert "entries" in problem


def test_a_missing_file_and_a_folder_are_problems(tmp_path):
    with pytest.raises(SiteError, match=r"none\.yaml: there is no such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        read(tmp_path, error=ScenarioError)


def test_scalars_follow_yaml_1_2(tmp_path):
    text = (
        "{power: 1e6, hall: NO, at: 12:30:00, rack: 012, count: 1_000, eight: 08, "
        "t: true, n: null, e: , day: 2026-07-15}"
    )
    assert source_of(tmp_path, text).data == {
        "power": 1000000.0,
        "hall": "NO",
        "at": "12:30:00",
        "rack": 12,
        "count": "1_000",
        "eight": 8,
        "t": True,
        "n": None,
        "e": None,
        "day": "2026-07-15",
    }


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    (tmp_path / "site.yaml").write_bytes(b"\xef\xbb\xbfname: plan\n")
    assert read(tmp_path / "site.yaml").data == {"name": "plan"}


def test_anchors_and_merges_are_read(tmp_path):
    source = source_of(tmp_path, "a: &base {type: x, count: 1}\nb: *base\nc:\n  <<: *base\n  count: 2\n")
    assert source.data["b"] == {"type": "x", "count": 1}
    assert source.data["c"] == {"type": "x", "count": 2}


def test_a_mark_is_the_nearest_enclosing_entry(tmp_path):
    source = source_of(tmp_path, "a: 1\nhalls:\n  - {name: x}\n  - name: y\n")
    assert source.mark(("halls", 1, "name")) == (4, 5)
    assert source.mark(("halls", 1, "supply")) == (4, 5)
    assert source.mark(("halls", 7)) == (2, 1)
    assert source.mark(("nothing",)) == (1, 1)


def test_changed_data_keeps_the_places_of_the_file(tmp_path):
    source = source_of(tmp_path, "name: plan\n")
    assert isinstance(source, Source)
    assert build(Plan, source, data={"name": "other"}).name == "other"
    with pytest.raises(ScenarioError, match=r"site\.yaml:1:1: name: "):
        build(Plan, source, error=ScenarioError, data={"name": 5})
