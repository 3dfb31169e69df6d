"""The electrical network of a site file: what is built of it, and what cannot be built."""

from pathlib import Path

import numpy as np
import pytest

from twin.components import cable
from twin.core.errors import SiteError
from twin.network import radial
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site
from twin.site.network import BASE_VA, buses, levels

SITES = Path(__file__).parents[2] / "site_configs"
NODES = [
    {"name": "sub", "parent": "feed", "limit": "700 kW"},
    {"name": "feeder", "parent": "sub", "type": "al-1000kcmil", "length": "0.4 km"},
    {"name": "row", "parent": "feeder", "type": "unit-2500kva", "count": 2, "spacing": "30 m"},
    {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
    {"name": "other", "parent": "sub", "type": "al-1000kcmil", "length": "0.5 km"},
    {"name": "mechanical", "parent": "other", "type": "unit-2500kva"},
]
OFFICE = {"name": "office", "node": "board", "power": "10 kW"}
TIE = {"name": "tie", "from": "row-02-tap", "to": "other", "type": "al-1000kcmil", "length": "50 m"}


def load(**electrical):
    changes = {f"electrical.{name}": value for name, value in ({"nodes": NODES} | electrical).items()}
    return load_site(SITES / "pod.yaml", changes)


def told(**electrical) -> str:
    with pytest.raises(SiteError) as wrong:
        load(**electrical)
    return str(wrong.value)


def test_ties_follow_the_buses():
    site = load(
        ties=[TIE, TIE | {"name": "coupler", "from": "board", "to": "mechanical", "type": None, "length": None}]
    )
    compiled = compile_site(site)
    names, network = compiled.names.electrical, compiled.plant.network
    assert sorted(names[:-2]) == sorted(buses(site))
    assert names[-2:] == ["tie", "coupler"]
    assert compiled.electrical_kind[-2:] == ["tie", "tie"]
    assert compiled.electrical_closed.tolist() == [1] * (len(names) - 2) + [0, 0]
    assert [names[network.from_bus[-2]], names[network.to_bus[-2]]] == ["row-02-tap", "other"]
    pi = cable.section(site.library.cables["al-1000kcmil"], 50.0, BASE_VA, 60.0)
    assert complex(network.r_pu[-2], network.x_pu[-2]) == pi.series
    assert network.rated_by[-2] == radial.CURRENT
    assert (network.r_pu[-1], network.x_pu[-1], network.rating_pu[-1]) == (0.0, 0.0, np.inf)
    state = new_state(compiled)
    assert state.network.voltage_pu.size == len(names) - 2
    assert state.network.loading.size == len(names)


def test_levels_come_from_types():
    site = load()
    found = levels(site, site.library)
    assert set(found) == set(buses(site))
    assert found["sub"] == found["feeder"] == found["row-02-tap"] == site.feed.voltage
    assert found["row-02"] == found["mechanical"] == site.library.transformers["unit-2500kva"].low


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": "row"}, 'electrical.ties.0.from: unknown electrical node "row"; did you mean "row-0'),
        ({"to": "othr"}, 'electrical.ties.0.to: unknown electrical node "othr"; did you mean "other"?'),
        ({"to": "row-02-tap"}, '"tie" joins "row-02-tap" with itself'),
        ({"name": "board"}, 'electrical.ties.0.name: "board" is the name of a bus already'),
        ({"type": "al-1000kcml"}, 'unknown transformer or cable type "al-1000kcml"; did you mean "al-1000kcmil"?'),
        ({"length": None}, "a cable needs a length, and only a cable has one"),
        (
            {"to": "board", "type": None, "length": None},
            '"tie" joins row-02-tap at 34.5 kV, board at 0.415 kV; its ends must be at 34.5 kV',
        ),
        (
            {"from": "board", "to": "mechanical"},
            'the cable type "al-1000kcmil" joins board at 0.415 kV, mechanical at 0.415 kV; its ends must be at 34.5',
        ),
        (
            {"type": "unit-2500kva", "length": None},
            "joins row-02-tap at 34.5 kV, other at 34.5 kV; its ends must be at 34.5 kV and 0.415 kV",
        ),
        ({"normally": "closed"}, "electrical.ties.0.normally: with these closed there is a loop of"),
    ],
)
def test_a_tie_that_does_not_fit(change, said):
    assert said in told(ties=[TIE | change])


def test_a_loop_is_told_by_the_names_on_it():
    text = told(ties=[TIE | {"normally": "closed"}])
    for name in ("feeder", "row-01-tap", "row-02-tap", "tie", "other"):
        assert name in text
    assert "leave one of its ties open (normally: open) or use solver: meshed" in text


def test_ties_with_one_name():
    assert 'the name "tie" is already taken by entry 0' in told(ties=[TIE, TIE])


@pytest.mark.parametrize(
    ("field", "part", "said"),
    [
        ("loads", OFFICE | {"node": "bord"}, 'electrical.loads.0.node: unknown electrical node "bord"'),
        ("loads", OFFICE | {"name": "tie"}, '"tie" is the name of something electrical already'),
        (
            "loads",
            OFFICE | {"current": 0.7, "impedance": "40 %"},
            "current and impedance are shares of one power; they add up to 1.1",
        ),
        ("capacitors", {"name": "bank", "node": "row", "step": "1 Mvar"}, 'unknown electrical node "row"'),
        ("capacitors", {"name": "bank", "node": "sub", "step": "1 MVA"}, "unit 'MVA' is not a reactive power unit"),
    ],
)  # fmt: skip
def test_what_hangs_nowhere(field, part, said):
    assert said in told(ties=[TIE], **{field: [part]})


def test_capacitors_and_house_loads_reach_the_arrays():
    compiled = compile_site(
        load(
            capacitors=[{"name": "bank", "node": "sub", "step": "0.5 Mvar", "steps": 3}],
            loads=[{"name": "office", "node": "board", "power": "20 kW", "current": "10 %", "impedance": "20 %"}],
        )
    )
    state, names = new_state(compiled), compiled.names.electrical
    assert state.network.shunt_pu[names.index("sub")] == pytest.approx(1.5e6 / BASE_VA, rel=1e-15)
    assert np.count_nonzero(state.network.shunt_pu) == 1
    board = names.index("board")
    assert state.loads.current_p[board] == pytest.approx(2e3 / BASE_VA, rel=1e-15)
    assert state.loads.impedance_p[board] == pytest.approx(4e3 / BASE_VA, rel=1e-15)


def test_ties_of_the_reference_site_are_open_and_join_what_they_may():
    compiled = compile_site(load_site(SITES / "colossus1.yaml"))
    ties = [
        name for name, closed in zip(compiled.names.electrical, compiled.electrical_closed, strict=True) if not closed
    ]
    assert len(ties) == 12
    assert (new_state(compiled).feeding.element >= 0).all()
