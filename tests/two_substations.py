"""The pod behind two substations with a tie between them, as changes of its site file."""

from typing import Any


def tied(first: str = "700 kW") -> dict[str, Any]:
    """``first`` is the limit of the first substation, which feeds the racks."""
    return {
        "electrical.nodes": [
            {"name": "one", "parent": "feed", "limit": first},
            {"name": "two", "parent": "feed", "limit": "700 kW"},
            {"name": "feeder", "parent": "one", "type": "al-1000kcmil", "length": "0.4 km"},
            {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
            {"name": "other", "parent": "two", "type": "al-1000kcmil", "length": "0.5 km"},
            {"name": "mechanical", "parent": "other", "type": "unit-2500kva"},
        ],
        "electrical.ties": [{"name": "tie", "from": "other", "to": "feeder", "type": "al-1000kcmil", "length": "50 m"}],
    }
