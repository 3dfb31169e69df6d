"""Plants that cannot work are told in sentences with their part and their numbers."""

from pathlib import Path

import pytest

from twin.core.errors import InputError
from twin.site.load import load_site

SITES = Path(__file__).parents[2] / "site_configs"
TOWERS = {
    "type": "crossflow-5mw", "cells": 1, "exchanger": {"ua": "1 MW/K"},
    "pumps": {
        "count": 1, "flow": "0.1255 m3/s", "pressure": "150 kPa", "efficiency": "75 %", "drive_efficiency": "90 %",
    },
}  # fmt: skip
BARE = {name: value for name, value in TOWERS.items() if name != "exchanger"}
DRY = {"type": "dry-2900", "count": 1}
WATERED = {"type": "water-cooled-2500", "count": 1}
ALONE = {"power_factor": 0.97}


@pytest.mark.parametrize(
    ("plant", "supply", "said"),
    [
        (ALONE, "25 degC", "nothing takes the heat; give chillers, towers or dry_coolers"),
        (ALONE | {"towers": TOWERS, "dry_coolers": DRY}, "45 degC", "towers or dry coolers for free cooling, not both"),
        (ALONE | {"towers": BARE}, "32 degC", "towers without an exchanger only serve chillers, and there are none"),
        (
            ALONE | {"chillers": {"type": "air-cooled-1600", "count": 1}, "towers": BARE},
            "25 degC",
            'towers of hall-1 serve nothing: "air-cooled-1600" is air-cooled and there is no exchanger',
        ),
        (
            ALONE | {"chillers": WATERED},
            "25 degC",
            '"water-cooled-2500" gives its heat to condenser water, but hall-1 has no towers',
        ),
        (
            ALONE | {"chillers": WATERED, "towers": TOWERS | {"condenser_water": {"least": "41 degC"}}},
            "25 degC",
            'towers send 41 degC at their design wet bulb of 26.5 degC, "water-cooled-2500" unloads above 40 degC',
        ),
        (
            ALONE | {"towers": TOWERS},
            "29 degC",
            "hall-1 asks for water of 29 degC and has no chillers; its towers send 30 degC at their design wet bulb of "
            "26.5 degC (approach 3.5 K)",
        ),
        (
            ALONE | {"dry_coolers": DRY},
            "38 degC",
            "hall-1 asks for water of 38 degC and has no chillers; its dry coolers send 40.55 degC with air of 35 degC",
        ),
        (
            ALONE | {"chillers": {"type": "pod-chiller", "count": 3}},
            "46 degC",
            '"pod-chiller" is to send water of 46 degC; chiller curves are extended to 5 to 45 degC',
        ),
        (ALONE | {"dry_coolers": {"type": "dry-2901", "count": 1}}, "41 degC", 'unknown dry cooler type "dry-2901"'),
    ],
)
def test_a_plant_that_cannot_work_is_told(plant, supply, said):
    with pytest.raises(InputError) as wrong:
        load_site(SITES / "pod.yaml", {"halls.0.plant": plant, "halls.0.supply": supply})
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    "plant",
    [
        ALONE | {"chillers": WATERED, "towers": TOWERS},
        ALONE | {"chillers": WATERED, "towers": BARE},
        ALONE | {"towers": TOWERS},
        ALONE | {"chillers": {"type": "pod-chiller", "count": 3}, "dry_coolers": DRY},
        ALONE | {"dry_coolers": {"type": "adiabatic-2900", "count": 1}},
    ],
)
def test_plants_that_can(plant):
    supply = "41 degC" if "chillers" not in plant else "25 degC"
    assert load_site(SITES / "pod.yaml", {"halls.0.plant": plant, "halls.0.supply": supply}).halls[0].supply
