"""What tests share: measured data, which are not the project's to ship."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def twin_data() -> Callable[[str], Path]:
    """The folder of a data set by name, under TWIN_DATA; the test is skipped where it is not there."""

    def folder(name: str) -> Path:
        root = os.environ.get("TWIN_DATA")
        if not root or not (Path(root) / name).is_dir():
            pytest.skip(f"TWIN_DATA is not set or has no {name}")
        return Path(root) / name

    return folder


_KERNELS = {"core", "components", "network", "plant"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of kernels, and skip what is too long for interpreted kernels where kernels are interpreted."""
    for item in items:
        if item.path.parent.name in _KERNELS:
            item.add_marker("kernel")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        skip = pytest.mark.skip(reason="NUMBA_DISABLE_JIT is set: too long for interpreted kernels")
        for item in items:
            if item.get_closest_marker("compiled"):
                item.add_marker(skip)
