"""Batteries and UPS that a site file cannot have: every problem in one sentence, at its place."""

from pathlib import Path

import pytest

from twin.core.errors import SiteError
from twin.site.load import load_site

POD = Path(__file__).parents[2] / "site_configs" / "pod.yaml"
PACK = {"name": "pack", "node": "sub", "type": "megapack-2xl", "count": 1}


def problems(changes: dict) -> list[str]:
    with pytest.raises(SiteError) as wrong:
        load_site(POD, changes)
    return [str(problem).split("pod.yaml:", 1)[1].split(": ", 1)[1] for problem in wrong.value.problems]


def pack(**fields) -> dict:
    return {"electrical.batteries": [{**PACK, **fields}]}


def test_sites_with_batteries_and_ups_are_right():
    load_site(POD, {**pack(control={"mode": "smooth"}), "electrical.nodes.2.ups": {"type": "ups-2500"}})
    load_site(POD, pack(power="1 MW", control={"mode": "ramp", "ramp": "1 MW"}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            pack(type="megapack"),
            'electrical.batteries.0.type: unknown battery type "megapack"; did you mean "megapack-2xl"?',
        ),
        (pack(node="subb"), 'electrical.batteries.0.node: unknown electrical node "subb"; did you mean "sub"?'),
        (pack(name="board"), 'electrical.batteries.0.name: the name "board" is already taken'),
        (
            pack(power="5 MW"),
            "electrical.batteries.0.power: its units give 1.9 MW together, 5 MW are asked of them",
        ),
        (
            pack(control={"target": "94 %"}),
            "electrical.batteries.0.control.target: at 94% of charge the units do not give all their power; "
            "choose between 10% and 90%",
        ),
        (
            pack(control={"mode": "smooth", "smoothing": "2 h"}),
            "electrical.batteries.0.control: smoothing a step of 1.9 MW over 7200 s takes 3.8 MWh, but from its target "
            "of 60% of 3.9 MWh it has 1.4 MWh in the shorter direction",
        ),
        (
            pack(control={"mode": "ramp", "ramp": "5 kW"}),
            "electrical.batteries.0.control: stretching a step of 1.9 MW to 0.005 MW a minute takes 6.0 MWh, but from "
            "its target of 60% of 3.9 MWh it has 1.4 MWh in the shorter direction",
        ),
        (
            {"electrical.nodes.2.ups": {"type": "ups-2600"}},
            'electrical.nodes.2.ups.type: unknown UPS type "ups-2600"; did you mean "ups-2500"?',
        ),
        (
            {"electrical.nodes.1.ups": {"type": "ups-2500"}},
            'electrical.nodes.1.ups: a UPS feeds what hangs on its own bus, but other nodes hang on "feeder" too',
        ),
        (
            {
                "electrical.nodes.2.ups": {"type": "ups-2500"},
                "electrical.loads": [{"name": "lights", "node": "board", "power": "10 kW"}],
            },
            'electrical.nodes.2.ups: the house load "lights" hangs on its bus; house loads stand before a UPS, move it',
        ),
        (
            {"electrical.nodes.2.ups": {"type": "small"}, "library.ups": {"small": {"rating": "200 kW"}}},
            "electrical.nodes.2.ups: the racks of hall-1 are rated 0.67 MW a board, the UPS 0.20 MW; "
            "give a greater count",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(changes, said):
    assert problems(changes) == [said]


def test_two_batteries_cannot_both_answer_the_feed():
    both = [{**PACK, "control": {"mode": "smooth"}}, {**PACK, "name": "other", "control": {"mode": "smooth"}}]
    (said,) = problems({"electrical.batteries": both})
    assert said.startswith('electrical.batteries.1.control.mode: "pack" acts on the power of the feed already')


def test_two_duties_at_once_are_told():
    (said,) = problems(pack(control={"mode": "smooth", "ramp": "1 MW"}))
    assert "one duty at a time" in said
