"""Bad site files: every problem in one sentence, at its line and column."""

from pathlib import Path

import pytest
import yaml

from twin.core.errors import SiteError
from twin.site.load import load_site
from twin.site.network import expanded
from twin.site.spec_electrical import ElectricalNodeSpec

SITES = Path(__file__).parents[2] / "site_configs"
POD = (SITES / "pod.yaml").read_text()
PARTS = {path.name: path.read_text() for path in (SITES / "parts").iterdir()}


@pytest.fixture
def problems(tmp_path):
    """The problems of the pod with texts replaced, in the site file or in one of its part files."""

    def found(*changes: tuple[str, str], file: str = "pod.yaml") -> list[str]:
        texts = {"pod.yaml": POD, **{f"parts/{name}": text for name, text in PARTS.items()}}
        for old, new in changes:
            assert texts[file].count(old) == 1, f"{old!r} stands {texts[file].count(old)} times in {file}"
            texts[file] = texts[file].replace(old, new)
        (tmp_path / "parts").mkdir()
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        with pytest.raises(SiteError) as wrong:
            load_site(tmp_path / "pod.yaml")
        return [str(problem).replace(f"{tmp_path}/", "") for problem in wrong.value.problems]

    return found


def place(text: str, word: str, file: str = "pod.yaml") -> str:
    """``file:line:column`` of a word that stands once."""
    before = text[: text.index(word)]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_the_sites_are_right():
    for name in ("pod.yaml", "colossus1.yaml"):
        load_site(SITES / name)


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            "supply: 25 degC",
            "supply: 25",
            "supply",
            """halls.0.supply: '25' needs a unit, e.g. "25 degC" (temperature)""",
        ),
        (
            "supply: 25 degC",
            "supply: 25 kW",
            "supply",
            "halls.0.supply: unit 'kW' is not a temperature unit; use one of",
        ),
        ("supply: 25 degC", "supply: 25 degC\n    colour: red", "colour", "halls.0.colour: "),
        (
            "supply: 25 degC",
            "supply: 10 degC",
            "supply: 10",
            "halls.0.supply: water of 10 degC makes coils wet in air with a dew point of 12 degC",
        ),
        (
            "{limit: 35 degC}",
            "{limit: 20 degC}",
            "air: {",
            "the recommended inlet of 27 degC must not exceed the limit",
        ),
        (
            "{limit: 35 degC}",
            "{limit: 35 degC, crahs: [{type: crah-15, count: 2}]}",
            "type: crah-15",
            'unknown coil type "crah-15"; did you mean "crah-150"?',
        ),
        ("tank: 0.6 m3", "tank: 0 m3", "tank", "halls.0.loop.tank: "),
        ("tank: 0.6 m3", "tank: -1 m3", "tank", "halls.0.loop.tank: "),
        ("nvl72-rack, count: 2", "nvl72-rack, count: 0", "count: 0", "halls.0.racks.1.count: "),
        (
            "nvl72-rack, count: 2",
            "h200-hgx-rack, count: 2",
            "{type: row-cdu",
            'CDU "row-cdu" has no rack: no rack type in hall-1',
        ),
        ("network-rack", "fridge", "type: fridge", 'unknown air-cooled rack type "fridge"; known here: network-rack'),
        (
            "type: pod-chiller",
            "type: pod-chillr",
            "type: pod-chillr",
            'unknown chiller type "pod-chillr"; did you mean "pod-chiller"?',
        ),
        (
            "mechanical, parent: feeder",
            "mechanical, parent: feedr",
            "parent: feedr,",
            'has no parent "feedr"; did you mean "feeder"?',
        ),
        ("board, parent: feeder", "board", "{name: board", "electrical.nodes.2.parent: "),
        (
            "[mechanical]",
            "[mechanicals]",
            "mechanicals",
            'unknown electrical node "mechanicals"; did you mean "mechanical"?',
        ),
        ("{name: sub,", "{name: feeder,", "name: feeder, parent: sub", 'the name "feeder" is already taken by entry 0'),
        ("length: 0.4 km", "limit: 1 MW", "{name: feeder", "a cable needs a length, and only a cable has one"),
        (
            "al-1000kcmil",
            "al-1000kcml",
            "type: al-1000kcml",
            'unknown transformer or cable type "al-1000kcml"; did you mean "al-1000kcmil"?',
        ),
        (
            "row-cdu, count: 1",
            "in-rack-cdu, count: 3",
            "count: 3}]\n    supply",
            "3 CDUs have room for 3 racks, but 4 hang on them",
        ),
        (
            "row-cdu, count: 1",
            "row-cdu, count: 3",
            "count: 3}]\n    supply",
            "3 CDUs for 2 racks: some CDU has no rack",
        ),
        (
            "{type: row-cdu, count: 1}",
            "{type: row-cdu, count: 1}, {type: row-cdu, count: 2}",
            "type: row-cdu, count: 2",
            'CDU type "row-cdu" stands in entry 0 already; add the counts',
        ),
        ("flow: 0.04 m3/s", "flow: 0.02 m3/s", "flow", "kg/s at design, the CDUs of hall-1 take 33.4 kg/s"),
        ("capacity: 200 kW", "capacity: -200 kW", "capacity: ", "library.chillers.pod-chiller.capacity: "),
    ],
)
def test_what_is_wrong_with_a_site_is_told_at_its_place(problems, old, new, at, said):
    found = problems((old, new))
    assert any(text.startswith(place(POD.replace(old, new), at) + ": ") and said in text for text in found), found


def test_the_feed_cannot_be_named_again(problems):
    (said, *_) = problems(("{name: sub, parent: feed,", "{name: feed, parent: feed,"))
    assert '"feed" is the point of interconnection and cannot be named again' in said


def test_a_cycle_names_each_of_its_nodes(problems):
    found = problems(("{name: sub, parent: feed,", "{name: sub, parent: feeder,"))
    assert len(found) == 4  # those below never reach it either
    for name, text in zip(("sub", "feeder", "board", "mechanical"), found, strict=True):
        assert f'"{name}" never reaches the feed: its parents form a cycle' in text


def test_a_parent_that_stands_for_several(problems):
    found = problems(
        (
            "{name: feeder, parent: sub, type: al-1000kcmil, length: 0.4 km}",
            "{name: feeder, parent: sub, type: al-1000kcmil, length: 0.4 km, count: 2}",
        )
    )
    assert len(found) == 2
    assert 'the parent "feeder" stands for several nodes; name a single one' in found[0]


def test_spacing_needs_a_cable(problems):
    (said,) = problems(
        (
            "{name: feeder, parent: sub, type: al-1000kcmil, length: 0.4 km}",
            "{name: feeder, parent: sub, spacing: 30 m}",
        )
    )
    assert "spacing continues the parent's cable, but the parent is no cable" in said


def test_a_key_that_stands_twice(problems):
    (said,) = problems(("altitude: 81 m", "altitude: 81 m\naltitude: 82 m"))
    assert said == "pod.yaml:7:1: the key 'altitude' stands twice; first in line 6"


def test_an_unknown_door(problems):
    found = problems(("    door: rear-door-wide\n", "    door: rear-dor\n"), file="parts/nvl72_racks.yaml")
    assert any('unknown coil type "rear-dor"; did you mean "rear-door"' in said for said in found), found


def test_air_that_nothing_cools(tmp_path):
    data = load_site(SITES / "pod.yaml").model_dump(mode="json")
    for rack in (*data["library"]["racks"].values(), *data["library"]["air_racks"].values()):
        rack["door"] = None
    (tmp_path / "bare.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(SiteError, match="nothing takes the heat of the air in hall-1: name a door in a rack type, or"):
        load_site(tmp_path / "bare.yaml")


def test_a_hall_that_stands_twice(problems):
    hall = POD[POD.index("  - name: hall-1") : POD.index("library:")]
    (said,) = problems((hall, hall + hall))
    assert 'halls.1.name: the name "hall-1" is already taken by entry 0' in said


def test_everything_at_once(problems):
    found = problems(
        ("supply: 25 degC", "supply: 25"),
        ("altitude: 81 m", "altitude: 81 W"),
        ("short_circuit: 500 MVA", "short_circuit: 0 MVA"),
    )
    assert len(found) == 3
    assert [int(text.split(":")[1]) for text in found] == sorted(int(text.split(":")[1]) for text in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "hgx_racks.yaml",
            "    gpu: h100-sxm",
            "    gpu: h100-smx",
            'nodes.hgx-h100.gpu: unknown GPU type "h100-smx"; did you mean "h100-sxm"?',
        ),
        ("hgx_racks.yaml", "    node: hgx-h100", "    node: hgx", "racks.h100-hgx-rack.node: unknown server type"),
        ("hgx_racks.yaml", "    cdu: in-rack-cdu", "    cdu: in-rack", "racks.h100-hgx-rack.cdu: unknown CDU type"),
        (
            "nvl72_racks.yaml",
            "    nodes: 18",
            "    nodes: 17",
            "racks.nvl72-rack.nodes: 17 servers of 4 GPUs do not fill blocks of eight; use an even number",
        ),
        ("hgx_racks.yaml", "    heat: 55 kW", "    heat: 0 kW", "cdus.in-rack-cdu.heat: "),
        ("facility.yaml", "capacity: 1609.4 kW", "capacity: 0 kW", "chillers.air-cooled-1600.capacity: "),
        (
            "hgx_racks.yaml",
            "    max: 700 W ",
            "    max: 70 W ",
            "gpus.h100-sxm: idle power 70 W must be below the maximum of 70 W",
        ),
        (
            "facility.yaml",
            "rating: 2500 kVA",
            "rating: 2500 kW",
            "transformers.unit-2500kva.rating: unit 'kW' is not a",
        ),
    ],
)
def test_what_is_wrong_with_a_part_is_told_in_its_own_file(problems, file, old, new, said):
    found = problems((old, new), file=f"parts/{file}")
    assert any(said in text for text in found), found
    assert all(text.startswith(f"parts/{file}:") for text in found), found


def test_a_type_in_two_files(problems):
    (said,) = problems(("parts: [parts/hgx", "parts: [parts/hgx_racks.yaml, parts/hgx"))[:1]
    assert 'gpus.h100-sxm: the name "h100-sxm" is already taken in' in said


def test_a_part_file_that_is_not_there(problems):
    (said,) = problems(("parts/facility.yaml", "parts/facilities.yaml"))
    assert said == "parts/facilities.yaml: there is no such file"


def test_names_of_a_group():
    node = ElectricalNodeSpec.model_validate({"name": "us", "parent": "feed", "count": 3})
    assert expanded(node) == ["us-01", "us-02", "us-03"]
    assert expanded(node.model_copy(update={"count": 1})) == ["us"]
    assert expanded(node.model_copy(update={"count": 100}))[99] == "us-100"


def test_the_pod_is_yaml_without_twin():
    assert yaml.safe_load(POD)["name"] == "pod"
