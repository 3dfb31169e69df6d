"""How near the compiled loop is to C: nanoseconds per GPU-second, and simulated over wall time of the whole site.

Prints, for one thread and for all cores: the GPU boards alone in C (compiled on the spot) and in twin, their ratio,
whole racks (boards, servers, sums and records of work), and a run of the reference site with everything in it.
"""

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from twin.components import gpu
from twin.core import jit
from twin.core.numerics import table
from twin.plant import racks, steady
from twin.plant.order import LONGEST_STEP, Plant, State
from twin.running import run
from twin.scenario import Scenario
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site
from twin.site.spec import Site

HERE = Path(__file__).parent
SITE = HERE.parent / "site_configs" / "colossus1.yaml"
ACTIVITY, AIR = 0.8, (30.0, 22.0, 1e5)
REPEATS, ROUNDS = 7, 4
C_LAYOUT = (9, 35)  # rows of a block and coefficients of a rack, as kernel_limit.c has them
FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")


@jit.kernel(parallel=True)
def advance_boards(blocks, first_block, coefficients, supply_c, activity, seconds, heat_j):
    """The boards of every rack through ``seconds``, as `plant.racks` does it, without servers; heat by rack [J]."""
    count_racks = heat_j.size
    for part in jit.prange(64):
        work = table(racks.ABREAST, gpu.WORK_ROWS * gpu.LANES)
        for r in range(part * count_racks // 64, (part + 1) * count_racks // 64):
            c, heat_j[r] = coefficients[r], 0.0
            for first in range(first_block[r], first_block[r + 1], racks.ABREAST):
                count = min(racks.ABREAST, first_block[r + 1] - first)
                for b in range(count):
                    gpu.take_block(blocks[first + b], work[b])
                    for i in range(gpu.LANES):
                        work[b, gpu.CAP * gpu.LANES + i] = c[22]
                for s in range(seconds):
                    for b in range(count):
                        gpu.advance_block(work[b], c, supply_c, activity[s], activity[s])
                for b in range(count):
                    heat_j[r] += gpu.settle_block(work[b], blocks[first + b])[0]


def main() -> None:
    """Measure and print."""
    site = load_site(SITE)
    plant, state = at_work(site)
    boards, gpu_seconds = Boards(plant, state), state.blocks.shape[0] * gpu.LANES * LONGEST_STEP
    activity, cores = np.column_stack([np.zeros(LONGEST_STEP), np.full(LONGEST_STEP, ACTIVITY)]), jit.threads()
    with c_kernel() as advance, ThreadPoolExecutor(cores) as pool:
        kelvin, share = boards.difference(advance, pool)
        if not (kelvin < 1e-9 and share < 1e-9):
            raise SystemExit(f"C and twin differ by {kelvin:.1e} K and {share:.1e} of the heat: not the same physics")
        print(f"C and twin agree within {kelvin:.0e} K and {share:.0e} of the heat after {LONGEST_STEP} s")
        print(f"ns per GPU-second, macro-steps of {LONGEST_STEP} s, best of {REPEATS}")
        print(f"{'threads':>8}{'C, boards':>12}{'twin, boards':>14}{'twin / C':>10}{'twin, racks':>13}")
        for threads in sorted({1, cores}):
            jit.set_threads(threads)
            in_c = best_s(lambda n=threads: boards.in_c(advance, pool, n)) / gpu_seconds * 1e9
            ours = best_s(boards.in_twin) / gpu_seconds * 1e9
            whole = best_s(lambda: racks.run_racks(plant, state, activity, LONGEST_STEP)) / gpu_seconds * 1e9
            print(f"{threads:8}{in_c:12.2f}{ours:14.2f}{ours / in_c:10.2f}{whole:13.2f}")
    print(whole_site(site))


def at_work(site: Site) -> tuple[Plant, State]:
    """The compiled site, every server working, at rest."""
    compiled = compile_site(site)
    state = new_state(compiled)
    state.node.job[:] = 1
    steady.settle(compiled.plant, state, np.array([0.0, ACTIVITY]), AIR, compiled.names.halls)
    return compiled.plant, state


class Boards:
    """The site's GPU boards apart from everything else, on coolant of one temperature."""

    def __init__(self, plant: Plant, state: State) -> None:
        self.blocks = state.blocks.copy()
        if (gpu.ROWS, gpu.COEFFICIENTS) != C_LAYOUT:
            raise SystemExit("kernel_limit.c is behind twin/components/gpu.py: rows or coefficients differ")
        self.coefficients = np.ascontiguousarray(state.flows.gpu)
        self.first_block = np.append(0, np.cumsum(plant.rack.blocks))
        self.supply_c = float(state.cdu.supply_c.mean())
        self.activity = np.linspace(0.5, 1.0, LONGEST_STEP)
        self.heat_j = np.zeros(plant.rack.blocks.size)

    def in_twin(self) -> None:
        """One macro-step, compiled by twin."""
        advance_boards(
            self.blocks, self.first_block, self.coefficients, self.supply_c, self.activity, LONGEST_STEP, self.heat_j
        )

    def in_c(self, advance: Callable[..., float], pool: ThreadPoolExecutor, threads: int) -> float:
        """The same macro-step in C, racks shared out evenly; returns the heat given off [J]."""
        cuts = np.linspace(0, self.heat_j.size, threads + 1).astype(int).tolist()

        def part(first: int, last: int) -> float:
            return advance(
                first, last, self.blocks.ctypes.data, self.coefficients.ctypes.data, self.first_block.ctypes.data,
                self.supply_c, self.activity.ctypes.data, LONGEST_STEP,
            )  # fmt: skip

        return sum(pool.map(part, cuts[:-1], cuts[1:]))

    def difference(self, advance: Callable[..., float], pool: ThreadPoolExecutor) -> tuple[float, float]:
        """After a macro-step from one state: greatest difference of any temperature [K], and of all heat, relative."""
        start = self.blocks.copy()
        heat_j, in_c = self.in_c(advance, pool, 1), self.blocks.copy()
        self.blocks[:] = start
        self.in_twin()
        rows = gpu.LANES * (gpu.PLATE + 1)
        return float(np.abs(in_c[:, :rows] - self.blocks[:, :rows]).max()), abs(float(self.heat_j.sum()) / heat_j - 1)


@contextmanager
def c_kernel() -> Iterator[Callable[..., float]]:
    """The C kernel, compiled into a folder that lives as long as the context."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "kernel_limit.so"
        subprocess.run(["cc", *FLAGS, str(HERE / "kernel_limit.c"), "-o", str(library)], check=True)
        advance = ctypes.CDLL(str(library)).advance_racks
        advance.restype = ctypes.c_double
        advance.argtypes = [
            ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_double, ctypes.c_void_p, ctypes.c_long,
        ]  # fmt: skip
        yield advance


def best_s(work: Callable[[], object]) -> float:
    """Seconds of one call, least of several rounds; the first call, which may compile, is left out."""
    work()
    rounds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        for _ in range(ROUNDS):
            work()
        rounds.append((time.perf_counter() - began) / ROUNDS)
    return min(rounds)


def whole_site(site: Site) -> str:
    """Simulated over wall time of a run with loops, plant, network, policy and records."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario.model_validate({"duration": "10 min"})
        run(site, scenario, Path(folder) / "warm")
        facts = run(site, scenario, Path(folder) / "run").facts
    return (
        f"whole site: {facts['simulated_s']} s in {facts['wall_s']:.2f} s of wall time on {facts['threads']} threads, "
        f"{facts['speedup']:,.0f} x real time"
    )


if __name__ == "__main__":
    main()
