"""``kernel``: numba's options and the honest cache, in the one place that knows numba.

numba's own cache watches a kernel's file but not the files of the kernels it calls, so after an edit
in another module it returns the old number (numba issues #9304, #9316). The cache folder is therefore
named after a digest of every file that may hold a kernel, numba's version and the bounds-check flag.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Threads that spin between parallel loops take the core that policies, meters and files need: 1.6 times the wall
# time of a run on two cores. It must be said before the OpenMP library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba
from numba.core import event

prange = numba.prange
_config: Any = numba.config  # its settings are made at run time, no checker sees them

_PACKAGE = Path(__file__).parents[1]
_KERNEL_FOLDERS = ("core", "components", "network", "plant")
# Contracting a*b+c and ignoring the sign of zero keep NaN and inf honest and the order of sums as written.
_FAST = {"contract", "nsz", "arcp"}
_STALE_S = 30 * 86400


def kernel_sources(package: Path = _PACKAGE) -> list[Path]:
    """Every file of the package that may hold a kernel."""
    return sorted(file for folder in _KERNEL_FOLDERS for file in (package / folder).rglob("*.py"))


def digest(package: Path = _PACKAGE) -> str:
    """What the compiled code depends on: the kernel sources, numba and its bounds-check flag."""
    total = hashlib.sha256(f"{numba.__version__} {bool(_config.BOUNDSCHECK)}".encode())
    for file in kernel_sources(package):
        total.update(file.relative_to(package).as_posix().encode())
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def _cache_roots() -> list[Path]:
    named = os.environ.get("TWIN_CACHE_DIR") or os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return [Path(named)]
    home = os.environ.get("XDG_CACHE_HOME")
    # expanduser leaves a path it cannot resolve as it is; mkdir then fails and the next root is tried.
    user = Path(home) if home else Path("~/.cache").expanduser()
    return [user / "datacenter-twin", Path(tempfile.gettempdir()) / f"datacenter-twin-{os.getuid()}"]


def _open_cache() -> Path | None:
    name = digest()
    for root in _cache_roots():
        folder = root / name
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.touch()
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (OSError, RuntimeError):
            continue
        _prune(root, keep=folder)
        return folder
    sys.stderr.write(
        "twin: no folder is writable for compiled code; set TWIN_CACHE_DIR. It is compiled anew each time.\n"
    )
    return None


def _prune(root: Path, keep: Path) -> None:
    for folder in root.iterdir():
        old = time.time() - folder.stat().st_mtime > _STALE_S
        if folder.is_dir() and folder != keep and len(folder.name) == len(keep.name) and old:
            shutil.rmtree(folder, ignore_errors=True)


CACHE = _open_cache()


SLOWEST = "advance_racks"
"""The kernel whose absence from the cache means that a run will compile for long."""


def is_cold(name: str = SLOWEST) -> bool:
    """Whether the kernel ``name`` is yet to be compiled for these sources."""
    return CACHE is None or not any(CACHE.rglob(f"*.{name}-*.nbi"))


def kernel(
    function: Callable[..., Any] | None = None,
    *,
    parallel: bool = False,
    fast: bool = False,
    inline: bool = False,
    bare: bool = False,
) -> Any:
    """Compile ``function`` on first call; plain Python under ``NUMBA_DISABLE_JIT=1``.

    ``parallel`` allows ``prange``; ``fast`` lets the compiler fuse multiply and add (never reorder a sum);
    ``bare`` counts no references to arrays, which is a tenth of the hottest loop: such a kernel may not make arrays.
    ``inline`` is a bare one whose code is put at its call.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        home = function.__module__.split(".")
        if home[0] == "twin" and home[1] not in _KERNEL_FOLDERS:
            message = f"kernels live in {_KERNEL_FOLDERS}: the cache does not watch {function.__module__}"
            raise RuntimeError(message)
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "cache": CACHE is not None}
        # Nobody calls kernels from C: leaving that entry out saves a part of compilation.
        options["no_cfunc_wrapper"] = True
        if parallel:
            options["parallel"] = True
        if fast:
            options["fastmath"] = _FAST
        if inline:
            options["forceinline"] = True
        if inline or bare:
            options["_nrt"] = False
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(CACHE or "")
        try:
            return numba.njit(**options)(function)
        finally:
            _config.CACHE_DIR = before

    return compiled if function is None else compiled(function)


def set_threads(count: int) -> None:
    """How many threads the parallel kernels use from now on."""
    numba.set_num_threads(count)


def threads() -> int:
    """How many threads the parallel kernels use."""
    return int(numba.get_num_threads())


@contextmanager
def compile_timer() -> Iterator[list[float]]:
    """While open, the one entry of the list grows by the seconds spent compiling, not by loads from the cache."""
    spent = [0.0]
    listener = event.TimingListener()
    with event.install_listener("numba:compile", listener):
        yield spent
    spent[0] = listener.duration if listener.done else 0.0
