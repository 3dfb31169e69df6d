"""Every figure is defined, once, and the page of all figures is that of the code."""

import re
from pathlib import Path

import pytest
import xarray as xr

from tests.report import synthetic
from twin.judge.catalogue import document, known, order
from twin.judge.definitions import GROUPS
from twin.judge.summary import summary

PAGE = Path(__file__).parents[2] / "docs" / "figures_of_merit.md"
ALL = [figure for figures in GROUPS.values() for figure in figures]


@pytest.fixture(scope="module")
def figures():
    """Those of a result with as much in it as can be made up."""
    tree = synthetic.build()
    tree["pool"] = xr.DataTree(synthetic.pools(synthetic.Size()))
    return summary(tree)


def test_every_figure_of_a_verdict_is_defined(figures):
    assert [name for name in figures if known(name) is None] == []


def test_names_stand_once_and_end_in_their_unit():
    names = [figure.name for figure in ALL]
    assert len(names) == len(set(names))
    for figure in ALL:
        assert figure.how, figure.name
        if figure.unit == "share":
            assert re.search("_share(_most)?$|^training_goodput$|_least$|_charge_m", figure.name), figure.name
        elif figure.unit in ("s", "MW", "MWh", "MVAh", "W", "pu"):
            assert figure.name.endswith(f"_{figure.unit.lower()}"), figure.name


def test_words_say_what_the_name_stands_for():
    one = known("above_limit_10_s_mean_s")
    assert (one.words, one.unit, one.group, one.factor) == ("time above, 10 s mean", "s", "control", 1.0)
    assert known("work_lost_priority_2_share").words == "work lost, priority 2"
    assert (known("work_lost_share").unit, known("work_lost_share").factor) == ("%", 100.0)
    assert known("first_token_p99_priority_1_s").words == "first token, 99 %, priority 1"
    assert known("window_2_ramp_0.1_s_rise_mw").words == "window 2: rise in 0.1 s"
    assert known("no_such_figure") is None


def test_figures_of_one_definition_are_in_the_order_of_their_windows():
    names = [f"above_limit_{window}_s" for window in ("1_s_mean", "10_s_mean", "1_min_mean", "demand_interval")]
    mixed = [names[k] for k in (2, 0, 3, 1)]
    assert sorted(mixed, key=order) == names


def test_the_page_is_that_of_the_code():
    assert PAGE.read_text() == document(), "python -m twin.judge.catalogue > docs/figures_of_merit.md"
