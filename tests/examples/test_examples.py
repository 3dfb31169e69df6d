"""Every example runs, asserts the figure in its title, and leaves its picture where it draws one."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
# One of each kind, all of them short; the others are long (make examples).
SHORT = {"01", "15", "18", "19", "20"}


def marked(path):
    return pytest.param(path, id=path.stem, marks=[] if path.stem[:2] in SHORT else [pytest.mark.long])


@pytest.mark.compiled
@pytest.mark.parametrize("example", [marked(path) for path in EXAMPLES])
def test_example(example, tmp_path):
    ran = subprocess.run([sys.executable, str(example), str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    drawn = "style.to_png" in example.read_text()
    assert [path.stat().st_size > 10_000 for path in tmp_path.rglob("*.png")] == [True] * drawn
