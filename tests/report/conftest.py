"""One made-up result for all tests of the report, and its page."""

import pytest

from tests.report import synthetic
from twin.report.page import write_report


@pytest.fixture(scope="session")
def tree():
    return synthetic.build()


@pytest.fixture(scope="session")
def result_path(tree, tmp_path_factory):
    return synthetic.write(tmp_path_factory.mktemp("run") / "result.nc", tree)


@pytest.fixture(scope="session")
def report(result_path):
    return write_report(result_path, result_path.parent / "report.html")
