"""The page of a year, from a made-up one."""

import pytest

from tests.judge.test_months import tree
from twin.judge.months import months
from twin.report import figures_year
from twin.report.year import draw_year, monthly_table


@pytest.fixture
def year():
    made = tree()
    made.attrs |= {
        "title": "A year of <nowhere>", "site": "nowhere", "weather": "memphis", "load": "a mix", "step_s": 21600.0,
        "gpus": 64, "racks": 2, "twin_version": "0", "source_digest": "0",
    }  # fmt: skip
    return made


def test_the_page_has_its_figures_and_refers_to_nothing_outside(year, tmp_path):
    page = draw_year(year, tmp_path / "year.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "A year of &lt;nowhere&gt;" in page
    assert 'href="http' not in page
    assert len((tmp_path / "tables" / "monthly.csv").read_text().splitlines()) == 4


def test_a_dry_site_has_no_picture_of_water(year):
    found = months(year)
    assert len(figures_year.overhead(year, found).axes) == 2
    dry = [month._replace(bought_m3=0.0) for month in found]
    assert len(figures_year.overhead(year, dry).axes) == 1


def test_columns_of_overhead_add_up_to_pue(year):
    found = months(year)
    bars = figures_year.overhead(year, found).axes[0].containers
    tops = sum(bar[0].get_height() for bar in bars)
    assert tops == pytest.approx(found[0].pue_equipment_inlet - 1.0)


def test_a_row_a_month_and_one_for_the_year(year):
    table = monthly_table(year)
    assert [row[0] for row in table.rows] == ["February", "March", "year"]
    assert all(len(row) == len(table.headings) for row in table.rows)
