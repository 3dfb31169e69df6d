"""Protection that cannot be meant is told at `twin check`, where it stands and what is near."""

from pathlib import Path

import pytest

from twin.core.errors import SiteError
from twin.site.load import load_site

POD = Path(__file__).parents[2] / "site_configs" / "pod.yaml"
GOOD = {"overcurrent": {"pickup": "120 %", "curve": "IEC very inverse"}}
TIE = {"name": "tie-1", "from": "board", "to": "mechanical"}


def said(changes):
    with pytest.raises(SiteError) as wrong:
        load_site(POD, changes)
    return str(wrong.value)


def at(node, **fields):
    return {f"electrical.nodes.{node}.protection": "guard", "library.protection": {"guard": fields or GOOD}}


def test_good_protection_is_no_finding():
    transfer = {"name": "ats", "main": "board", "tie": "tie-1"}
    load_site(POD, at("board") | {"electrical.ties": [TIE], "electrical.transfers": [transfer]})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"electrical.nodes.board.protection": "gard", "library.protection": {"guard": GOOD}}, 'did you mean "guard"?'),
        (at("board", overcurrent={"pickup": 1.2, "curve": "points"}), "the curve has 0 points"),
        (at("board", overcurrent={"pickup": "80 %", "curve": "IEC very inverse"}), "trips at rated load after 54 s"),
        (at("board", thermal={"carries": "100 %", "time_constant": "10 min"}), "give more than 100 %"),
        (at("board", undervoltage=None), "protects by nothing"),
        ({"electrical.transfers": [{"name": "ats", "main": "board", "tie": "tie-1"}]}, 'there is no tie "tie-1"'),
        (
            {"electrical.ties": [TIE], "electrical.transfers": [{"name": "a", "main": "bord", "tie": "tie-1"}]},
            'unknown electrical node "bord"; did you mean "board"?',
        ),
        (
            {"electrical.ties": [TIE], "electrical.transfers": [{"name": "a", "main": "board", "tie": "tie-2"}]},
            'unknown tie "tie-2"; did you mean "tie-1"?',
        ),
        (
            {"electrical.ties": [TIE], "electrical.transfers": [{"name": "a", "main": "feeder", "tie": "tie-1"}]},
            '"tie-1" joins board and mechanical, and not the bus "feeder"',
        ),
    ],
)
def test_what_cannot_be_meant(changes, words):
    assert words in said(changes)


def test_a_busbar_without_a_limit_has_nothing_to_trip_by():
    nodes = [
        {"name": "sub", "parent": "feed", "limit": "700 kW"},
        {"name": "bar", "parent": "sub", "protection": "guard"},
        {"name": "feeder", "parent": "bar", "type": "al-1000kcmil", "length": "0.4 km"},
        {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
        {"name": "mechanical", "parent": "feeder", "type": "unit-2500kva"},
    ]
    assert '"bar" has no rating' in said({"electrical.nodes": nodes, "library.protection": {"guard": GOOD}})
