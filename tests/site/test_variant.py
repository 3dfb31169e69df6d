"""Sites that are written as another site with changes."""

from pathlib import Path

import pytest

from twin.core.errors import InputError
from twin.site.load import load_site

SITES = Path(__file__).parents[2] / "site_configs"


@pytest.fixture
def variant(tmp_path):
    (tmp_path / "pod.yaml").write_text((SITES / "pod.yaml").read_text().replace("parts/", f"{SITES}/parts/"))

    def write(**lines: str) -> Path:
        given = {"schema_version": "1", "base": "pod.yaml", "name": "warm", "changes": "{halls.*.supply: 30 degC}"}
        path = tmp_path / "warm.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in (given | lines).items()))
        return path

    return write


def test_the_towers_differ_by_plant_and_set_point_only():
    chillers, towers = load_site(SITES / "colossus1.yaml"), load_site(SITES / "colossus1_towers.yaml")
    own = {"name", "title", "notes", "halls"}
    assert chillers.model_dump(exclude=own) == towers.model_dump(exclude=own)
    for one, other in zip(chillers.halls, towers.halls, strict=True):
        own = {"plant", "supply"}
        assert one.model_dump(exclude=own) == other.model_dump(exclude=own)
        assert other.supply == 32.0
        assert other.plant.towers is not None


def test_a_variant_is_its_base_with_changes(variant):
    site, base = load_site(variant()), load_site(SITES / "pod.yaml")
    assert (site.name, site.halls[0].supply) == ("warm", 30.0)
    assert site.halls[0].racks == base.halls[0].racks
    assert site.feed == base.feed


def test_changes_on_top_of_a_variant(variant):
    assert load_site(variant(), {"halls.hall-1.supply": "28 degC"}).halls[0].supply == 28.0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"base": "none.yaml"}, "none.yaml"),
        ({"base": "../pod.yaml"}, "base"),
        ({"changes": "{hall.*.supply: 30 degC}"}, 'there is nothing called "hall"; did you mean "halls"'),
        ({"changes": "{halls.*.supply: 30 kW}"}, "unit 'kW' is not a temperature unit"),
        ({"extra": "1"}, "extra"),
    ],
)
def test_a_wrong_variant_is_told(variant, lines, said):
    with pytest.raises(InputError) as wrong:
        load_site(variant(**lines))
    assert said in str(wrong.value)


def test_towers_and_their_pumps_must_agree():
    with pytest.raises(InputError, match=r"the pumps move 99\.\d kg/s at design, 6 cells take 750\.0 kg/s"):
        load_site(SITES / "colossus1_towers.yaml", {"halls.0.plant.towers.pumps.flow": "0.1 m3/s"})


def test_an_unknown_tower_type_is_told():
    with pytest.raises(InputError, match='unknown tower type "crossflow-5gw"; did you mean "crossflow-5mw"'):
        load_site(SITES / "colossus1_towers.yaml", {"halls.0.plant.towers.type": "crossflow-5gw"})
