"""A power floor takes more than half of a training's ramp off the feed and burns 17 % of its boards' energy for it.

Shows: a power floor by policy, storage in the rack and a battery plant against one square wave, in a window.

Two racks of NVL72 whose boards swing in step between their rating and 40 % of it, 7 s up and 3 s down. Four ways to
smooth what the feed sees, one at a time: nothing; dummy work that keeps boards at 90 % of their rating; 65 J a GPU in
the power shelves; a battery plant behind a low-pass of 30 s. By formula the floor costs 18.3 % of the boards' energy
(arXiv 2508.14318); 17.3 % comes out, because a second that has both levels is filled by its mean. The site buys less
than that more, since hosts, fans and pumps run anyway. What the floor leaves of the ramp is the hosts', which have
none. Shelves are made for iterations below a second: 65 J a GPU are gone in a tenth of the valley. The battery takes
most of the ramp of means over 1 s, but answers late: for a sixth of a second the feed sees the step and what the
battery still does, so that its range is larger than without.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.inputs import change_site
from twin.report import style

SITE = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "smoothing"
HIGH, LOW, FLOOR, DUTY, PERIOD_S, LASTS_S, WINDOW_S, STEP_S = 1.0, 0.4, 0.9, 0.7, 10, 180, 60, 0.02
COST = (FLOOR - LOW) * (1 - DUTY) / (DUTY * HIGH + (1 - DUTY) * LOW)
FREE = {"name": "uncapped"}
FLOORED = {"name": "smoothing", "fields": {"floor": FLOOR, "band": 10, "ramp_up_per_s": 1, "kinds": ["square"]}}
BATTERY = {
    "name": "battery",
    "node": "sub",
    "type": "megapack-2xl",
    "count": 1,
    "control": {"mode": "smooth", "smoothing": "30 s"},
}


def run(name, policy, changes):
    """The end of the job: feed in steps, and the seconds of the site."""
    racks = {"halls.hall-1.racks": [{"type": "nvl72-rack", "count": 2}], "halls.hall-1.air_racks": []}
    site = change_site(twin.load_site(SITE), racks | changes)
    gpu = site.library.gpus["b200-gb200"]
    low = (LOW * gpu.max - gpu.idle) / (gpu.max - gpu.idle)
    square = {"high": 1.0, "low": low, "period": f"{PERIOD_S} s", "duty": DUTY, "ramp": "50 ms"}
    scenario = {
        "title": name, "duration": f"{LASTS_S} s", "policy": policy,
        "jobs": [{"name": "training", "start": "0 s", "square": square}],
        "windows": [{"from": f"{LASTS_S - WINDOW_S} s", "for": f"{WINDOW_S} s", "step": f"{STEP_S} s"}],
        "weather": {"constant": {"dry_bulb": "25 degC", "wet_bulb": "18 degC"}},
    }  # fmt: skip
    tree = twin.run(site, twin.Scenario.model_validate(scenario), OUT / name).tree
    return tree["window_1"]["feed_w"].values, tree["site"].to_dataset().isel(time=slice(-WINDOW_S, None)).load()


WAYS = {
    "nothing": (FREE, {}),
    "floor": (FLOORED, {}),
    "shelf": (FREE, {"library.racks.nvl72-rack.shelf": {"energy": "65 J"}}),
    "battery": (FREE, {"electrical.batteries": [BATTERY]}),
}
runs = {name: run(name, *way) for name, way in WAYS.items()}
per_second = round(1 / STEP_S)
mean_w = {name: np.convolve(feed_w, np.full(per_second, STEP_S), "valid") for name, (feed_w, _) in runs.items()}
ramp_w = {name: float(np.abs(w[per_second:] - w[:-per_second]).max()) for name, w in mean_w.items()}
range_w = {name: float(np.ptp(feed_w)) for name, (feed_w, _) in runs.items()}
drawn_w = {
    name: float((site["feed_w"] + site["battery_w"]).mean()) for name, (_, site) in runs.items()
}  # what the battery gives is used, too


@style.drawn
def draw():
    """Feed of the four over three iterations."""
    figure, axes = style.sheet(1, height_in=3.4)
    piece = slice(0, round(3 * PERIOD_S / STEP_S))
    for (name, (feed_w, _)), color in zip(runs.items(), style.RUNS, strict=False):
        axes[0].plot(np.arange(feed_w.size)[piece] * STEP_S, feed_w[piece] / 1e3, color=color, label=name)
    axes[0].set_ylabel("feed (kW)")
    axes[0].set_xlabel("time (s)")
    style.legend(axes[0])
    return figure


for name in WAYS:
    ramp, swing, more = ramp_w[name] / 1e3, range_w[name] / 1e3, drawn_w[name] / drawn_w["nothing"] - 1
    print(f"{name}: greatest ramp of 1 s means {ramp:.1f} kW, range {swing:.1f} kW, energy {more:+.1%}")
site = runs["floor"][1]
burnt = float(site["burnt_w"].sum() / (site["gpu_w"] - site["burnt_w"]).sum())
print(f"floor: dummy work burns {burnt:.1%} of the boards' energy, the formula says {COST:.1%}")
print(style.to_png(draw(), OUT / "smoothing.png"))
assert 0.165 < burnt < COST
assert ramp_w["floor"] < 0.5 * ramp_w["nothing"]
assert ramp_w["battery"] < 0.3 * ramp_w["nothing"]
assert range_w["battery"] > range_w["nothing"]
assert ramp_w["shelf"] > 0.8 * ramp_w["nothing"]
assert 0.0 < drawn_w["floor"] / drawn_w["nothing"] - 1 < burnt
assert not runs["nothing"][1]["burnt_w"].any()
