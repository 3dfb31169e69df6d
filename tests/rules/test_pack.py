"""Rule packs as files: those that come along, and what a wrong one is told."""

from pathlib import Path

import pytest

from twin.core.errors import ScenarioError
from twin.rules.pack import built_in, load_pack

PACK = """schema_version: 1
name: own
title: Our contract
{table}rules:
  - {{name: stays, kind: ride-through, keeps: 90 %, after: 1 s, source: contract, verified: true}}
"""


def said(folder, name="own.yaml"):
    with pytest.raises(ScenarioError) as wrong:
        load_pack(name, folder)
    return str(wrong.value)


def test_packs_that_come_along_can_be_read():
    assert built_in() == ["ercot-nogrr282", "nerc-alert-2026", "none"]
    for name in built_in():
        pack = load_pack(name, Path())
        assert pack["name"] == name
        assert not any(rule["verified"] for rule in pack["rules"])
    assert load_pack("ercot-nogrr282", Path())["rows"][0] == [0.2, 0.15]
    assert not load_pack("none", Path())["rules"]


def test_a_pack_of_ones_own_with_its_table(tmp_path):
    (tmp_path / "own.yaml").write_text(PACK.format(table="table: curve.csv\n"))
    (tmp_path / "curve.csv").write_text("# from the contract\nvoltage_pu,seconds\n0.5,0.2\n0.9,inf\n")
    pack = load_pack("own.yaml", tmp_path)
    assert pack["rows"] == [[0.5, 0.2], [0.9, "inf"]]
    assert pack["rules"][0]["keeps"] == 0.9


def test_wrong_packs_are_told_what_is_missing(tmp_path):
    assert 'did you mean "nerc-alert-2026"?' in said(tmp_path, "nerc-alert-2025")
    (tmp_path / "own.yaml").write_text(PACK.format(table=""))
    assert 'the rule "stays" needs a voltage-time table' in said(tmp_path)
    (tmp_path / "own.yaml").write_text(PACK.format(table="table: curve.csv\n"))
    assert 'curve.csv: there is no such file, and the rule pack "own"' in said(tmp_path)
    for text, words in (
        ("volts,seconds\n1,2\n", "its columns must be voltage_pu and seconds, found volts, seconds"),
        ("voltage_pu,seconds\n0.5,x\n0.9,inf\n", "0.5, x: both must be numbers"),
        ("voltage_pu,seconds\n0.9,1\n0.5,inf\n", "voltages must rise"),
        ("voltage_pu,seconds\n0.9,1\n", "needs two rows"),
        ("voltage_pu,seconds\n-0.5,1\n0.9,inf\n", "both must be 0 or above"),
    ):
        (tmp_path / "curve.csv").write_text(text)
        assert words in said(tmp_path)
