"""Boards at 70 %: a training takes longer by what the speed curve says, and answers come late where a pool is busy.

Shows: jobs that are submitted, inference pools, ends and latency in the result, the speed curve of a site.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin

CAP, LASTS_S = 0.7, 480
GPU = "hall-1/rack-004/node-1/gpu-1"
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())
jobs = [
    {  # a training at one level, so that its natural power is one number
        "name": "training", "on": "h100-hgx-rack", "nodes": 8, "submit": "0 s", "lasts": f"{LASTS_S} s",
        "training": {"high": 0.9, "low": 0.9, "evaluation": None, "initialisation": "0 s", "noise": 0},
    },
    {  # a pool at its busiest hour, when nearly all of it is at work
        "name": "pool", "on": "h100-hgx-rack", "nodes": 24, "start": "0 s",
        "inference": {"prefill": 40000, "decode": 2000, "requests": {"rate": 268, "diurnal": "30 %", "peak": "10 min"}},
    },
]  # fmt: skip


def run(name, policy):
    """The same jobs under a policy."""
    scene = {"title": name, "duration": "15 min", "jobs": jobs, "policy": policy, "watch": [GPU]}
    return twin.run(site, twin.Scenario.model_validate(scene), out / name)


free = run("free", {"name": "uncapped"})
capped = run("capped", {"name": "uniform-cap", "fields": {"share": CAP}})

# The site's speed curve at the natural power of a board of the training: what it draws uncapped.
curve = site.library.gpus["h100-sxm"].speed
natural = float(free.tree["watch"]["power_w"].values[60:LASTS_S].mean()) / site.library.gpus["h100-sxm"].max
at_cap = [np.interp(CAP, curve.limit, row) for row in curve.speed]
speed = float(np.interp(natural, curve.natural, at_cap))

took_s = {result.directory.name: float(result.tree["job"]["end_s"].values[-1]) for result in (free, capped)}
print(f"training: {took_s['free']:.0f} s free, {took_s['capped']:.0f} s at {CAP:.0%}")
print(f"  {took_s['capped'] / took_s['free']:.3f} times as long; the curve says {1 / speed:.3f} at {natural:.0%} power")
assert took_s["free"] == LASTS_S
assert abs(took_s["capped"] / took_s["free"] * speed - 1) < 0.02

late_s = {}
for result in (free, capped):
    pool = result.tree["pool"].to_dataset().isel(time=slice(5, 15), pool=0)  # the ten minutes around the peak
    late_s[result.directory.name] = float(pool["ttft_p99_s"].max())
    print(
        f"pool {result.directory.name}: {float(pool['busy'].mean()):.0%} busy, first token within "
        f"{float(pool['ttft_p99_s'].max()):.2f} s, between tokens {1e3 * float(pool['tbt_p50_s'].mean()):.0f} ms"
    )
assert late_s["capped"] > 2 * late_s["free"]
