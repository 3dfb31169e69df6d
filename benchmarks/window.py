"""What a window costs: a minute of the whole reference site in steps of 1 ms, its wall time against a minute without.

    python benchmarks/window.py [SITE] [SECONDS]

Compilation is not counted. The aim is 60 s for 60 s of `colossus1` at 1 ms on two cores.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import twin
from twin.site.spec import Site

SITES = Path(__file__).parents[1] / "site_configs"


def wall_s(site: Site, seconds: int, windows: list[dict[str, str]]) -> tuple[float, float]:
    """Wall time of a run without compilation, and of that [s]; prints what all cores spent, whatever else runs."""
    scenario = twin.Scenario.model_validate(
        {
            "duration": f"{seconds} s",
            "jobs": {"mix": "mixed-training"},
            "policy": {"name": "uncapped"},
            "windows": windows,
        }
    )
    began = time.process_time()
    with TemporaryDirectory() as folder:
        facts = twin.run(site, scenario, Path(folder)).facts
    print(f"  {seconds} s: {facts['wall_s']:.1f} s of wall time, {time.process_time() - began:.1f} s of all cores")
    return facts["wall_s"], facts["compile_s"]


def main() -> None:
    name, seconds = (sys.argv[1:] + ["colossus1", "60"][len(sys.argv) - 1 :])[:2]
    site, span = twin.load_site(SITES / f"{name}.yaml"), int(seconds)
    window = [{"from": "0 s", "for": f"{span} s", "step": "1 ms"}]
    warm = wall_s(site, 2, [{"from": "0 s", "for": "1 s", "step": "1 ms"}])
    print(f"compiling: {warm[1]:.0f} s")
    without, _ = wall_s(site, span, [])
    within, _ = wall_s(site, span, window)
    print(f"{name}, {span} s: {without:.1f} s in seconds, {within:.1f} s with all of it in a window of 1 ms")
    print(f"that is {(within - without) / span:.2f} s for each second, {(within - without) / span:.3f} ms a step")


if __name__ == "__main__":
    main()
