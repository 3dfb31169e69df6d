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
