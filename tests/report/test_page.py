"""The page by its content, its tables as CSV, and its independence of anything else."""

import base64
import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.report import synthetic
from twin.core.errors import OutputError, TraceError
from twin.judge.result import open_result
from twin.report.page import draw_report, write_report
from twin.report.tables import Table, text

TABLES = {
    "limits", "calls", "end_uses", "pue_hours", "flows", "books", "jobs", "hottest_gpus", "transformers", "equipment",
    "alarms", "facts", "figures", "minutes",
}  # fmt: skip


class Links(HTMLParser):
    """Every address the page refers to, and its ids."""

    def __init__(self):
        super().__init__()
        self.found, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "data")]
        self.ids += [value for name, value in attrs if name == "id"]


@pytest.fixture(scope="module")
def page(report):
    return report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def links(page):
    links = Links()
    links.feed(page)
    return links


def test_the_page_refers_to_nothing_outside(page, links):
    assert all(link.startswith(("#", "data:", "tables/")) for link in links.found)
    assert not re.search(r"url\((?!#)|@import|<script", page)


def test_every_link_inside_the_page_has_its_place(links):
    wanted = {link[1:] for link in links.found if link.startswith("#")}
    assert wanted <= set(links.ids)


def test_figures_do_not_share_ids(page):
    per_figure = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    assert sum(len(ids) for ids in per_figure) == len(set().union(*per_figure))


def test_the_verdict_stands_at_the_top(page):
    assert page.index("The limit in force at the feed was exceeded") < page.index("<svg")
    for words in (
        "Interim PUE 1.304",
        "1.250 at the rack inlet",
        "evaporates no water",
        "The books close",
        "extrapolated",
    ):
        assert words in page


def test_assumptions_stand_apart_from_judgements(page):
    assert page.index("The books close") < page.index("What is assumed or extrapolated") < page.index("Chiller curves")


def test_an_uneventful_run_says_that_nothing_was(tmp_path):
    path = synthetic.write(tmp_path / "result.nc", uneventful(synthetic.build(synthetic.Size(duration_s=60))))
    tree = open_result(path)
    for name in ("cdu", "hall"):
        del tree[name]
    tree["site"] = tree["site"].to_dataset().drop_vars("throttled")
    assert "There was no alarm and no event." in draw_report(tree, tmp_path / "r.html").read_text(encoding="utf-8")


def test_every_section_is_there_and_in_the_contents(page):
    for key in (
        "verdict",
        "limits",
        "energy",
        "heat",
        "gpus",
        "floor",
        "transformers",
        "electrical",
        "equipment",
        "alarms",
        "facts",
    ):
        assert f'<section id="{key}">' in page
        assert f'href="#{key}"' in page


def test_every_table_is_a_file_and_a_link(page, report):
    files = {path.stem: path.read_text(encoding="utf-8") for path in (report.parent / "tables").glob("*.csv")}
    assert set(files) == TABLES
    for key, words in files.items():
        embedded = re.search(rf'href="data:text/csv;charset=utf-8;base64,([^"]+)" download="{key}.csv"', page)
        assert base64.b64decode(embedded[1]).decode() == words
        assert f'href="tables/{key}.csv"' in page


def test_csv_has_a_row_for_every_rack(report):
    rows = list(csv.reader(io.StringIO((report.parent / "tables" / "equipment.csv").read_text(encoding="utf-8"))))
    assert sum(row[0] == "racks" for row in rows) == 24


def test_names_from_files_are_escaped(tree, tmp_path):
    odd = tree.copy()
    odd.attrs["title"] = "<script>alert(1)</script>"
    page = write_report(synthetic.write(tmp_path / "result.nc", odd), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_report_is_the_same_when_drawn_again(result_path, page, tmp_path):
    assert write_report(result_path, tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_a_truncated_result_is_a_sentence(result_path, tmp_path):
    whole = result_path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path = tmp_path / "result.nc"
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(TraceError, match=r"result\.nc: cannot be read as a result"):
            write_report(path, tmp_path / "out" / "report.html")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(result_path, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the report cannot be written"):
        write_report(result_path, tmp_path / "file" / "report.html")


@pytest.mark.parametrize(
    ("cell", "words"),
    [(True, "yes"), (3, "3"), (1234567.0, "1,234,567"), (3.14159, "3.142"), (1e-13, "1.00e-13"), (float("nan"), "–")],
)
def test_cells_are_readable(cell, words):
    assert text(cell) == words


def test_a_column_has_one_number_of_digits():
    table = Table("t", "t", ("a (MW)",), [(12.5,), (3.0,), (0.25,)])
    assert [cells[0][0] for _, cells in table.lines] == ["12.50", "3.00", "0.25"]


def uneventful(tree):
    """Nothing limited, nothing capped, plants at rest, sensors of nothing."""
    site, halls, nodes = (tree[name].to_dataset() for name in ("site", "hall", "electrical"))
    for name in ("limit_w", "substation_limit_w", "cap_w"):
        site[name] = site[name] * np.inf
    halls["cop"], nodes["voltage_pu_min"], nodes["loading_max"] = (
        part * np.nan for part in (halls["cop"], nodes["voltage_pu_min"], nodes["loading_max"])
    )
    tree["site"], tree["hall"], tree["electrical"] = site, halls, nodes
    tree["events"] = tree["events"].to_dataset().isel(event=slice(0, 0))
    return tree


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "odd",
    [
        lambda: synthetic.build(synthetic.Size(duration_s=60)),
        lambda: synthetic.build().isel(time=slice(0, 7)),
        lambda: uneventful(synthetic.build(synthetic.Size(duration_s=600))),
    ],
    ids=["one minute", "interrupted after seconds", "uneventful"],
)
def test_odd_runs_have_a_report_too(odd, tmp_path):
    page = write_report(synthetic.write(tmp_path / "result.nc", odd()), tmp_path / "r.html")
    assert "Interim PUE" in page.read_text(encoding="utf-8")
