"""Measure what the project promises and write it as a table: docs/figures.md.

Every row is a command line that anyone can repeat. It takes about three quarters of an hour on two cores; leave it
alone meanwhile. Ends with exit code 1 where a promise is not kept.
"""

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

ROOT = Path(__file__).parents[1]
RUNS, TABLE = ROOT / "runs" / "show", ROOT / "docs" / "figures.md"
SITE, POD = "site_configs/colossus1.yaml", "site_configs/pod.yaml"
TOWERS, EQUIPMENT = "site_configs/colossus1_towers.yaml", ("node_w", "air_rack_w")
TRAINING, STRESS = "examples/training_day.yaml", "examples/stress_day.yaml"
BOUND = "water-filling"
POLICIES = ("uncapped", "uniform-cap", "feed-limit", "polca", "dynamo", "thunderbolt", "steering", BOUND)
AFTERNOON = slice(14 * 3600, 18 * 3600)


class Row(NamedTuple):
    """One promise and what came of it."""

    what: str
    required: str
    measured: str
    kept: bool
    command: str


class Done(NamedTuple):
    """A finished command: its words, wall time, peak memory and what it printed."""

    words: str
    wall_s: float
    peak_gb: float
    printed: str


def twin(*arguments: str, **environment: str) -> Done:
    """Run a `twin` command in the root of the tree; stops everything where it fails."""
    words = shlex.join(["twin", *arguments])
    print(f"$ {words}", flush=True)
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        command = [sys.executable, "-m", "twin", *arguments]
        child = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - began
        output.seek(0)
        printed = output.read()
    if child.returncode:
        raise SystemExit(f"{words} ended with exit code {child.returncode}:\n{printed}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Done(words, wall_s, used.ru_maxrss * unit / 1e9, printed)


def run(name: str, *arguments: str, **environment: str) -> Done:
    """`twin run` into the run directory ``name``."""
    return twin("run", *arguments, "-o", (RUNS / name).relative_to(ROOT).as_posix(), "--force", **environment)


def facts(name: str) -> dict[str, Any]:
    """The run.json of a run."""
    return dict(json.loads((RUNS / name / "run.json").read_text()))


def same(one: str, two: str) -> bool:
    """Whether two runs hold the same numbers to the bit."""
    with open_run(one) as a, open_run(two) as b:
        paths = [node.path for node in a.subtree]
        if paths != [node.path for node in b.subtree]:
            return False
        return all(
            set(a[path].variables) == set(b[path].variables)
            and all(_bytes(a[path][v]) == _bytes(b[path][v]) for v in a[path].variables)
            for path in paths
        )


def open_run(name: str) -> xr.DataTree:
    """The result of a run."""
    return xr.open_datatree(RUNS / name / "result.nc", engine="h5netcdf", decode_times=False)


def _bytes(array: xr.DataArray) -> bytes:
    values = array.values
    return repr(values.tolist()).encode() if values.dtype == object else values.tobytes()


def start_up() -> Iterator[Row]:
    """From nothing compiled to a run that starts at once."""
    with tempfile.TemporaryDirectory() as empty:
        done = run("cold", POD, "-t", "10min", TWIN_CACHE_DIR=empty)
    announced, cold_s = "compiling" in done.printed, facts("cold")["compile_s"]
    measured = f"{cold_s:.1f} s, {'announced' if announced else 'not announced'}"
    yield Row("first compilation", "< 30 s, announced", measured, cold_s < 30 and announced, done.words)
    twin("warmup")
    done = run("warm", POD, "-t", "10min")
    yield Row("pod, 10 min, compiled before", "< 6 s", f"{done.wall_s:.1f} s", done.wall_s < 6, done.words)
    done = twin("steady", SITE, "--at", "36 degC")
    yield Row("steady state of the whole site", "seconds", f"{done.wall_s:.1f} s", done.wall_s < 10, done.words)


def speed_and_memory() -> Iterator[Row]:
    """A day and two days of the whole site."""
    day, two = run("training", SITE, TRAINING), run("training-48h", SITE, TRAINING, "-t", "48h")
    wall_s = facts("training")["wall_s"]
    run_gb, two_gb = (facts(name)["peak_rss_bytes"] / 1e9 for name in ("training", "training-48h"))
    share = two_gb / run_gb - 1
    yield Row("24 h of the whole site, the run itself", "≤ 90 s", f"{wall_s:.1f} s", wall_s <= 90, day.words)
    yield Row("the same with start and report", "", f"{day.wall_s:.1f} s", True, day.words)
    yield Row("peak memory of the run itself", "≤ 1.5 GB", f"{run_gb:.2f} GB", run_gb <= 1.5, day.words)
    measured = f"{two_gb:.2f} GB, {share:+.1%}"
    yield Row("the same, 48 h over 24 h", "within 10 %", measured, abs(share) <= 0.1, two.words)
    measured = f"{day.peak_gb:.2f} GB, of 48 h {two.peak_gb:.2f} GB"
    yield Row("peak memory with the report drawn", "≤ 1.5 GB", measured, two.peak_gb <= 1.5, two.words)


def equal_bits() -> Iterator[Row]:
    """The same numbers whatever the threads, and again from the resolved file."""
    run("threads-1", SITE, TRAINING, "-t", "1h", "--threads", "1")
    done = run("threads-2", SITE, TRAINING, "-t", "1h", "--threads", "2")
    equal = same("threads-1", "threads-2")
    yield Row("1 thread against 2, 1 h", "equal to the bit", "equal" if equal else "differ", equal, done.words)
    done = run("again", "runs/show/threads-2/resolved.yaml")
    equal = same("threads-2", "again")
    yield Row("a run again from resolved.yaml", "equal to the bit", "equal" if equal else "differ", equal, done.words)


def training_day() -> Iterator[Row]:
    """The call at 14:30 for 240 MW from 15:00 to 18:00, and the independent balance."""
    figures, words = facts("training")["verdict"], twin("report", "runs/show/training").words
    with open_run("training") as tree:
        site = tree["site"]
        excess = site["feed_w"].values[15 * 3600 : 18 * 3600] / 240e6 - 1
    first, over = float(excess[0]), float((excess > 0.01).sum())
    kept = over <= 10 and (excess <= 0).mean() > 0.99
    measured = f"greatest excess {max(excess.max(), 0):.2%}, {(excess > 0).sum()} s above, at 15:00 {first:+.1%}"
    yield Row("training day: ≤ 240 MW from 15:00 to 18:00", "1 s mean; 1 % over for ≤ 10 s", measured, kept, words)
    yield Row(
        "training day: 300 MW the rest of the day", "held", str(figures["limit"]), figures["limit_held"], words
    )  # fmt: skip
    done = run("training-uncapped", SITE, TRAINING, "-p", "uncapped")
    yield from afternoon("training", "training-uncapped", done.words, (200, 222), (265, 280))


def stress_day() -> Iterator[Row]:
    """Every node at its maximum: what each policy makes of 300 MW, which loses least, and what thinking costs."""
    flags = [word for policy in POLICIES for word in ("-p", policy)]
    done = twin("compare", SITE, STRESS, *flags, "--at-once", "2", "-o", "runs/show/stress")
    yield from afternoon("stress", f"stress/{POLICIES[0]}-seed-0", done.words, (245, 256), (310, 330))
    measured, kept = f"{done.wall_s / 60:.1f} min", done.wall_s < 1200
    yield Row(f"stress day, {len(POLICIES)} policies, whole site, 24 h each", "< 20 min", measured, kept, done.words)
    told = {policy: facts(f"stress/{policy}-seed-0") for policy in POLICIES}
    lost = {policy: one["verdict"]["work_lost_share"] for policy, one in told.items()}
    for policy, one in told.items():
        figures, required = one["verdict"], "exceeded" if policy == "uncapped" else "held"
        measured = (
            f"{figures['limit']}: {figures['above_limit_1_s_mean_s'] / 3600:.1f} h above, "
            f"by up to {figures['excess_1_s_mean_mw']:.1f} MW; work lost {lost[policy]:.4%}"
        )
        yield Row(f"stress day, 300 MW: {policy}", required, measured, figures["limit"] == required, done.words)
    held = {policy: lost[policy] for policy, one in told.items() if one["verdict"]["limit"] == "held"}
    least = min(held, key=lambda policy: held[policy])
    kept = held.get(BOUND, 1.0) <= min(held.values())
    yield Row("the bound is not beaten", f"{BOUND} loses least", f"{least} loses least", kept, done.words)
    for policy, one in told.items():
        # 15 % every 5 s, 50 % every second, in proportion between.
        share, most = one["policy_share"], min(0.5, 0.15 * one["policy_acts"] * 5 / one["simulated_s"])
        what = f"time {policy} takes of its run, acting {one['policy_acts']:,} times"
        yield Row(what, f"≤ {most:.0%}", f"{share:.1%}", share <= most, done.words)


def afternoon(
    name: str, folder: str, command: str, it_mw: tuple[float, float], feed_mw: tuple[float, float]
) -> Iterator[Row]:
    """Means of the afternoon of the run in ``folder``."""
    with open_run(folder) as tree:
        site = tree["site"]
        mean = {v: float(site[v].values[AFTERNOON].mean()) / 1e6 for v in ("feed_w", *EQUIPMENT)}
    it, feed = sum(mean[v] for v in EQUIPMENT), mean["feed_w"]
    for what, value, (low, high), unit in (
        ("IT", it, it_mw, " MW"), ("feed", feed, feed_mw, " MW"), ("PUE", feed / it, (1.22, 1.32), ""),
    ):  # fmt: skip
        words = f"{name} day uncapped, 14:00 to 18:00: {what}"
        measured = f"{value:.1f}{unit}" if unit else f"{value:.3f}"
        yield Row(words, f"{low:g} to {high:g}{unit}", measured, low <= value <= high, command)


def towers_and_years() -> Iterator[Row]:
    """Cooling towers on the stress day, and a year of both plants minute by minute."""
    done = run("towers-stress", TOWERS, STRESS, "-p", "uncapped")
    with open_run("towers-stress") as tree:
        site = tree["site"]
        feed, it = (sum(site[v].values[AFTERNOON].mean() for v in names) / 1e6 for names in (("feed_w",), EQUIPMENT))
    yield Row("towers, stress day, 14:00 to 18:00: feed", "< 285 MW", f"{feed:.1f} MW", feed < 285, done.words)
    pue = feed / it
    yield Row("the same: PUE", "1.05 to 1.09", f"{pue:.3f}", 1.05 <= pue <= 1.09, done.words)
    spent_s = 0.0
    for site_file in (SITE, TOWERS):
        folder = f"runs/show/year-{Path(site_file).stem}"
        done = twin("year", site_file, "--weather", "memphis", "--step", "60s", "-o", folder, "--force")
        spent_s += done.wall_s
        said = [line for line in done.printed.splitlines() if line.startswith(("PUE", "WUE", "No water"))]
        yield Row(f"a year of {Path(site_file).stem} at 60 s", "", "; ".join(said), True, done.words)
    yield Row("both years together", "< 10 min", f"{spent_s / 60:.1f} min", spent_s < 600, done.words)


def books() -> Iterator[Row]:
    """The residuals of every run made here."""
    known = {
        file.parent.relative_to(RUNS).as_posix(): json.loads(file.read_text())
        for file in sorted(RUNS.rglob("run.json"))
    }
    for kind in ("energy", "water"):
        worst = max(known, key=lambda name: abs(known[name][f"{kind}_residual"]))
        value = abs(known[worst][f"{kind}_residual"])
        measured = f"{value:.1e} at most, of {len(known)} runs"
        yield Row(f"{kind} residual", "≤ 1e-10", measured, value <= 1e-10, f"runs/show/{worst}/run.json")


def kernel() -> str:
    """What benchmarks/kernel.py prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / "kernel.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def page(rows: Iterable[Row], measured: str) -> str:
    """The table as Markdown."""
    names = ("numba", "numpy", "xarray")
    head = [
        "# Figures",
        "",
        "What is promised and what was measured. Written by `make show`, which repeats every row; not edited by hand.",
        "",
        f"Measured on {time.strftime('%Y-%m-%d')} with {processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names) + ".",
        "",
        "| what | required | measured | kept | command |",
        "|---|---|---|---|---|",
    ]
    lines = [
        f"| {r.what} | {r.required} | {r.measured} | {'yes' if r.kept else '**no**'} | `{r.command}` |" for r in rows
    ]
    tail = ["", "## The innermost loop", "", "`python benchmarks/kernel.py`:", "", "```", measured.rstrip(), "```", ""]
    return "\n".join(head + lines + tail)


def main() -> None:
    """Measure everything, write the table, say what is not kept."""
    shutil.rmtree(RUNS, ignore_errors=True)
    measured = kernel()
    print(measured, flush=True)
    rows: list[Row] = []
    for part in (start_up, speed_and_memory, equal_bits, training_day, stress_day, towers_and_years, books):
        for row in part():
            rows.append(row)
            print(f"  {row.what}: {row.measured}{'' if row.kept else '   <-- NOT KEPT'}", flush=True)
    TABLE.write_text(page(rows, measured))
    print(f"table: {TABLE}")
    if not all(row.kept for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
