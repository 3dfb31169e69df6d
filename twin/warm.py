"""Compiling ahead of the first run, and looking over the machine."""

import os
import platform
import tempfile
import time
from pathlib import Path

from twin.core import jit
from twin.running import installed_version, run
from twin.scenario import Scenario
from twin.site.load import load_site

_SMALLEST = Path(__file__).parent / "site" / "smallest.yaml"


def warm() -> float:
    """Run the smallest site for a few seconds, which compiles everything a run uses; returns the seconds it took."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run(load_site(_SMALLEST), Scenario.model_validate({"duration": "60 s"}), Path(folder) / "warm")
    return time.perf_counter() - began


def examine() -> tuple[list[str], bool]:
    """What matters of this machine in lines, and whether a run can be expected to work."""
    lines = [
        f"python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores, "
        f"{jit.threads()} solver threads"
    ]
    lines += [
        f"{name} {installed_version(name)}"
        for name in ("datacenter-twin", "numba", "numpy", "scipy", "xarray", "h5netcdf", "matplotlib")
    ]
    fit = jit.CACHE is not None
    if fit:
        state = "nothing there yet: the first run compiles" if jit.is_cold() else "and is there"
        lines.append(f"compiled code is kept in {jit.CACHE}, {state}")
    else:
        lines.append("no folder is writable for compiled code: every run compiles anew; set TWIN_CACHE_DIR")
    return lines, fit
