"""Excursions of voltage and the rules of a pack, on series whose answers are plain."""

import json

import numpy as np
import pytest

from twin.judge.ride_through import excursions, trace, within
from twin.judge.rules import FAIL, NOT_JUDGED, PASS, judge_rules, table_of
from twin.judge.summary import summary
from twin.judge.verdict import verdict

ROWS = [[0.2, 0.15], [0.5, 1.0], [0.8, 2.0], [0.9, "inf"], [1.1, 1.0], [1.2, 0.0]]
SOURCE = {"source": "a test", "verified": False}
RIDE = {"name": "stays", "kind": "ride-through", "keeps": 0.9, "after": 1.0, **SOURCE}
RAMP = {"name": "ramp", "kind": "ramp", "most": 30e6, "over": 1.0, "way": "fall", **SOURCE}
BACK = {"name": "return", "kind": "return", "share": 0.9, "within": 10.0, "steepest": 25e6, **SOURCE}
SIX = {"name": "six", "kind": "repeated-dips", "dips": 3, "within": 60.0, "keeps": 0.9, "after": 1.0, **SOURCE}


def pack(*rules, rows=ROWS, **applies):
    return {"rules": json.dumps({"name": "p", "title": "P", "applies": applies, "rules": rules, "rows": rows})}


def series(dips, power, length=60):
    """Voltage 1 with dips (second, seconds, level), power 100 MW with (second, level) from there on."""
    voltage, load = np.ones(length), np.full(length, 100e6)
    for at, lasting, level in dips:
        voltage[at : at + lasting] = level
    for at, level in power:
        load[at:] = level
    return {"feed_voltage_pu": voltage, "feed_w": load}


def outcomes(tree):
    return {one.name: one.outcome for one in judge_rules(tree)}


def test_excursion_says_what_left_and_when_it_came_back(result):
    one = excursions(trace(result(**series([(10, 1, 0.6)], [(10, 20e6), (15, 60e6), (18, 95e6)]))))[0]
    assert (one.begin_s, one.end_s, one.lowest_pu) == (10.0, 11.0, 0.6)
    assert (one.before_w, one.least_w, one.after_w) == (100e6, 20e6, 20e6)
    assert one.back_s == 18.0 - 11.0
    assert one.steepest_w == pytest.approx(40e6)


@pytest.mark.parametrize(
    ("dip", "inside"),
    [((10, 1, 0.6), True), ((10, 2, 0.6), False), ((10, 2, 0.85), True), ((10, 3, 0.85), False), ((10, 1, 0.3), False),
     ((10, 1, 0.1), False), ((10, 1, 1.15), True), ((10, 1, 1.25), False)],
)  # fmt: skip
def test_a_dip_is_within_the_table_or_not(result, dip, inside):
    seen = trace(result(**series([dip], [])))
    assert within(seen, excursions(seen)[0], table_of(json.loads(pack()["rules"]))) is inside


def test_ride_through_passes_fails_or_says_why_it_is_not_judged(result):
    assert outcomes(result(attrs=pack(RIDE), **series([(10, 1, 0.6)], []))) == {"stays": PASS}
    assert outcomes(result(attrs=pack(RIDE), **series([(10, 1, 0.6)], [(10, 20e6)]))) == {"stays": FAIL}
    for dips in ([], [(10, 3, 0.6)], [(58, 1, 0.6)]):
        assert outcomes(result(attrs=pack(RIDE), **series(dips, []))) == {"stays": NOT_JUDGED}


def test_a_pack_for_larger_sites_judges_nothing(result):
    attrs = pack(RIDE, power=75e6) | {"feed_limit_w": 20e6, "feed_voltage_v": 161e3}
    (one,) = judge_rules(result(attrs=attrs, **series([(10, 1, 0.6)], [])))
    assert one.outcome == NOT_JUDGED
    assert one.words == "the pack is for loads from 75 MW up, this one has 20 MW"


def test_ramp_counts_its_own_way_only(result):
    falling = series([], [(20, 60e6)])
    assert outcomes(result(attrs=pack(RAMP), **falling)) == {"ramp": FAIL}
    assert outcomes(result(attrs=pack(RAMP | {"way": "rise"}), **falling)) == {"ramp": PASS}
    assert outcomes(result(attrs=pack(RAMP | {"over": 0.1}), **falling)) == {"ramp": NOT_JUDGED}


def test_return_is_judged_by_time_and_steepness(result):
    dip = [(10, 1, 0.6)]
    gently = [(10, 50e6), (13, 70e6), (15, 95e6)]
    assert outcomes(result(attrs=pack(BACK), **series(dip, gently))) == {"return": PASS}
    assert outcomes(result(attrs=pack(BACK), **series(dip, [(10, 50e6), (15, 95e6)]))) == {"return": FAIL}
    assert outcomes(result(attrs=pack(BACK), **series(dip, [(10, 50e6)]))) == {"return": FAIL}
    assert outcomes(result(attrs=pack(BACK), **series([(50, 1, 0.6)], [(50, 50e6)]))) == {"return": NOT_JUDGED}
    assert outcomes(result(attrs=pack(BACK), **series(dip, []))) == {"return": NOT_JUDGED}


def test_dips_in_a_row_are_counted_within_their_time(result):
    three = [(10, 1, 0.6), (20, 1, 0.6), (30, 1, 0.6)]
    assert outcomes(result(attrs=pack(SIX), **series(three, []))) == {"six": PASS}
    assert outcomes(result(attrs=pack(SIX), **series(three, [(30, 10e6)]))) == {"six": FAIL}
    assert outcomes(result(attrs=pack(SIX), **series(three[:2], []))) == {"six": NOT_JUDGED}


def test_verdict_and_summary_say_it_with_the_doubt(result):
    tree = result(attrs=pack(RIDE), **series([(10, 1, 0.6)], [(10, 20e6)]))
    said = [one.text for one in verdict(tree)]
    assert any("80 MW of 100 MW left, 90 % was never back" in text for text in said)
    assert any(text.startswith("P, stays: fail;") and text.endswith("[figures unverified].") for text in said)
    figures = summary(tree)
    assert (figures["rules"], figures["rule_stays"], figures["dropped_most_mw"]) == ("p", FAIL, 80.0)
    assert "back_after_s" not in figures


def test_without_a_pack_nothing_is_judged(result):
    tree = result(feed_w=np.full(10, 1e6))
    assert judge_rules(tree) == []
    assert summary(tree)["rules"] == "none"
