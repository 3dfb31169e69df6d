"""All coolant of a CDU stands still for 45 s: caps in band save the boards, caps out of band come too late.

Shows: an emergency policy, paths of commands by name, meters without delay.

Without flow a board of 700 W reaches its throttling temperature in about 20 s (example 05). Out of band a cap takes 20
to 40 s to arrive; in band 33 ms a board, eight in a row, which is within the second.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT, LASTS, THROTTLE_C = 30, 45, 87.0
SITE = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
RUNS = {
    "no policy": ("uncapped", "in-band"),
    "out of band": ("thermal-emergency", "out-of-band"),
    "in band": ("thermal-emergency", "in-band"),
}
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())


def lost_under(policy, path, name):
    """Hottest die and throttled GPUs, each second, when both pumps of a CDU stop for a while."""
    site = twin.load_site(SITE, {"control.cap": path, "control.coolant_meter": "exact", "control.rack_meter": "exact"})
    scenario = twin.Scenario.model_validate(
        {
            "duration": "3 min",
            "jobs": {"mix": "stress"},
            "policy": {"name": policy},
            "events": [
                {"at": f"{AT} s", "trip": f"hall-1/cdu-001/pump-{letter}", "for": f"{LASTS} s"} for letter in "ab"
            ],
        }
    )
    seconds = twin.run(site, scenario, out / name).site
    return (
        seconds["time"].values - AT,
        seconds["hottest_c"].values,
        seconds["throttled"].values,
        seconds["cap_w"].values,
    )


@style.drawn
def draw(runs):
    """Hottest die and mean cap."""
    figure, (dies, caps) = style.sheet(2, height_in=5.0, sharex=True, height_ratios=[1.6, 1.0])
    for color, (name, (after_s, hottest_c, _, cap_w)) in zip(style.RUNS, runs.items(), strict=False):
        dies.plot(after_s, hottest_c, color=color, label=name)
        caps.plot(after_s, cap_w, color=color, label=name)
    dies.axhline(THROTTLE_C, color=style.LIMIT, linewidth=0.6)
    dies.set_ylabel("hottest die (°C)")
    caps.set_ylabel("mean cap (W)")
    caps.set_xlabel("time since the pumps stopped (s)")
    style.mark([dies, caps], 0.0, "pumps stop")
    style.legend(dies)
    return figure


runs = {name: lost_under(*how, name.replace(" ", "_")) for name, how in RUNS.items()}
for name, (_, hottest_c, throttled, _) in runs.items():
    print(f"{name}: hottest die {hottest_c.max():.1f} degC, {throttled.sum():.0f} GPU seconds throttled by temperature")
assert runs["in band"][1].max() < THROTTLE_C
assert runs["in band"][2].sum() == 0
assert runs["out of band"][1].max() > THROTTLE_C
assert runs["out of band"][2].sum() > 0
assert np.all(runs["no policy"][1].max() >= runs["out of band"][1].max())
print(style.to_png(draw(runs), out / "too_late.png"))
