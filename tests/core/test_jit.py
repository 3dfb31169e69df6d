"""The cache of compiled kernels, tried on a tiny package in which a kernel calls one of another module."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twin.core import jit

CALLED = """\
from twin.core.jit import kernel

@kernel
def base():
    return {number}
"""
CALLER = """\
from twin.components.called import base
from twin.core.jit import kernel

@kernel
def twice():
    return 2 * base()
"""
ASK = """\
from twin.core import jit
cold = jit.is_cold("twice")
from twin.components.caller import twice
print(twice(), sum(twice.stats.cache_hits.values()), cold, jit.is_cold("twice"), jit.CACHE)
"""


class Answer:
    """What one process said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        number, hits, cold, cold_after, cache = done.stdout.split()
        self.number, self.hits = int(number), int(hits)
        self.cold, self.cold_after = cold == "True", cold_after == "True"
        self.cache = None if cache == "None" else Path(cache)
        self.complaint = done.stderr


@pytest.fixture
def package(tmp_path):
    """A package named twin with the real jit module and two kernels, the second calling the first."""
    folder = tmp_path / "package" / "twin"
    for part in ("core", "components"):
        (folder / part).mkdir(parents=True)
        (folder / part / "__init__.py").touch()
    (folder / "__init__.py").touch()
    shutil.copy(jit.__file__, folder / "core" / "jit.py")
    (folder / "components" / "called.py").write_text(CALLED.format(number=21))
    (folder / "components" / "caller.py").write_text(CALLER)
    return folder


def ask(package, **variables):
    """Run the package's kernel in a new process; ``variables`` are set in its environment."""
    removed = ("TWIN_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    environment |= {"PYTHONPATH": str(package.parent), "NUMBA_DISABLE_JIT": "0"} | {
        name: str(value) for name, value in variables.items()
    }
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, env=environment, cwd=package.parent, capture_output=True, text=True, check=True)
    return Answer(done)


def test_an_edit_of_a_called_kernel_changes_the_number_and_no_edit_costs_no_compilation(package, tmp_path):
    first = ask(package, TWIN_CACHE_DIR=tmp_path / "cache")
    assert (first.number, first.hits, first.cold, first.cold_after) == (42, 0, True, False)
    second = ask(package, TWIN_CACHE_DIR=tmp_path / "cache")
    assert (second.number, second.hits, second.cold) == (42, 1, False)
    (package / "components" / "called.py").write_text(CALLED.format(number=50))
    third = ask(package, TWIN_CACHE_DIR=tmp_path / "cache")
    assert (third.number, third.hits, third.cold) == (100, 0, True)
    assert third.cache != first.cache


def test_without_a_name_the_cache_is_under_the_users_cache_folder(package, tmp_path):
    answer = ask(package, XDG_CACHE_HOME=tmp_path / "home")
    assert answer.cache is not None
    assert answer.cache.parent == tmp_path / "home" / "datacenter-twin"


def test_an_unwritable_cache_folder_gives_way_to_the_temporary_one(package, tmp_path):
    (tmp_path / "file").write_text("no folder can be made below a file")
    (tmp_path / "temporary").mkdir()
    answer = ask(package, XDG_CACHE_HOME=tmp_path / "file", TMPDIR=tmp_path / "temporary")
    assert answer.cache is not None
    assert answer.cache.is_relative_to(tmp_path / "temporary")
    assert answer.number == 42
    assert answer.complaint == ""


def test_without_any_cache_the_number_is_right_and_a_sentence_is_said(package, tmp_path):
    (tmp_path / "file").write_text("no folder can be made below a file")
    answer = ask(package, TWIN_CACHE_DIR=tmp_path / "file")
    assert (answer.number, answer.cache, answer.cold) == (42, None, True)
    assert "set TWIN_CACHE_DIR" in answer.complaint
    assert not list(package.rglob("*.nbi"))


def test_only_caches_of_old_sources_are_pruned(package, tmp_path):
    cache = tmp_path / "cache"
    for name, age_s in (("0123456789abcdef", 40 * 86400), ("fedcba9876543210", 86400), ("photographs", 40 * 86400)):
        (cache / name).mkdir(parents=True)
        stamp = (cache / name).stat().st_mtime - age_s
        os.utime(cache / name, (stamp, stamp))
    used = ask(package, TWIN_CACHE_DIR=cache).cache
    assert used is not None
    assert {folder.name for folder in cache.iterdir()} == {"fedcba9876543210", "photographs", used.name}


def test_the_digest_follows_names_and_contents_of_kernel_files_only(package):
    before = jit.digest(package)
    (package / "site").mkdir()
    (package / "site" / "load.py").write_text("x = 1\n")
    assert jit.digest(package) == before
    (package / "components" / "caller.py").rename(package / "components" / "calling.py")
    assert jit.digest(package) != before


def test_a_kernel_the_cache_does_not_watch_is_refused():
    def stray():
        return 1

    stray.__module__ = "twin.site.load"
    with pytest.raises(RuntimeError, match=r"does not watch twin\.site\.load"):
        jit.kernel(stray)


def test_the_number_of_threads_is_kept():
    before = jit.threads()
    try:
        jit.set_threads(1)
        assert jit.threads() == 1
    finally:
        jit.set_threads(before)


def test_an_inlined_kernel_gives_what_it_gave():
    @jit.kernel
    def apart(x):
        return 2.0 * x[0]

    @jit.kernel(inline=True)
    def put_in(x):
        return 2.0 * x[0]

    @jit.kernel
    def both(x):
        return apart(x) - put_in(x)

    assert both(np.array([1.5])) == 0.0
