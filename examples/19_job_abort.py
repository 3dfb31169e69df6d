"""A job of 100,000 GPUs aborts: the feed falls by 69 MW within a tenth of a second, a battery makes 0.5 MW/s of it.

Shows: a window at 10 ms on the reference site, a job that ends, and a battery plant that holds the feed's ramp.

Nothing between the GPUs and the grid keeps energy for longer than the capacitors of power supplies. The battery plant
takes what has left, 20 ms late and with a lag of 50 ms, behind the low-pass of its command: the feed dips for some
tenths of a second and then follows the ramp of 30 MW a minute. The dip is what no battery behind a low-pass can take.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

SITE = Path(__file__).parents[1] / "site_configs" / "colossus1.yaml"
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "job_abort"
ENDS_S, NODES = 10, 12500
SCENARIO = twin.Scenario.model_validate(
    {
        "start": "2026-01-15T03:00:00-06:00",
        "duration": "30 s",
        "weather": {"constant": {"dry_bulb": "5 degC", "wet_bulb": "3 degC"}},
        "jobs": [
            {
                "name": "large",
                "on": "h100-hgx-rack",
                "nodes": NODES,
                "constant": {"activity": 0.85},
                "end": f"{ENDS_S} s",
            },
            {"name": "others", "nodes": "rest", "constant": {"activity": 0.5}},
        ],
        "policy": {"name": "uncapped"},
        "windows": [{"from": f"{ENDS_S - 4} s", "for": "20 s", "step": "10 ms"}],
    }
)


def abort(name, control):
    """The window of a run with the battery plant under this control."""
    site = twin.load_site(SITE, {"electrical.batteries.megapacks.control": control})
    result = twin.run(site, SCENARIO, OUT / name)
    assert abs(result.facts["energy_residual"]) < 1e-9
    return result.tree["window_1"].to_dataset().load()


idle = abort("off", {"mode": "off"})
held = abort("ramp", {"mode": "ramp", "ramp": "30 MW"})
after_s = idle["time"].values - ENDS_S


@style.drawn
def draw():
    """Power of the feed with the battery plant idle and at work, and its power."""
    figure, axes = style.sheet(2, height_in=4.4, sharex=True, height_ratios=[1.6, 1.0])
    axes[0].plot(after_s, idle["feed_w"] / 1e6, color=style.RETURN, label="feed, battery plant idle")
    axes[0].plot(after_s, held["feed_w"] / 1e6, color=style.POWER, label="feed, 30 MW a minute held")
    axes[1].plot(after_s, held["battery_w"] / 1e6, color=style.COOLANT, label="battery plant, below 0 it charges")
    for one, label in zip(axes, ("feed (MW)", "battery (MW)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[1].set_xlabel("time since the job ended (s)")
    axes[1].set_xlim(-4.0, 16.0)
    return figure


def fall_mw(rows, over_s):
    """Greatest fall of the feed over a time."""
    feed_w, steps = rows["feed_w"].values, round(over_s / 0.01)
    return float((feed_w[:-steps] - feed_w[steps:]).max()) / 1e6


def change_mw(rows, from_s, to_s):
    """Mean power of a second later less that of an earlier one."""
    early, late = ((after_s > begin) & (after_s <= begin + 1.0) for begin in (from_s, to_s))
    return float(rows["feed_w"].values[late].mean() - rows["feed_w"].values[early].mean()) / 1e6


before_mw = float(idle["feed_w"].values[0]) / 1e6
slope_mw_s = change_mw(held, 3.0, 13.0) / 10.0
ramp_mw = before_mw + slope_mw_s * np.maximum(after_s, 0.0)
dip_s = float((np.abs(held["feed_w"].values / 1e6 - ramp_mw) > 5.0).sum()) * 0.01
print(
    f"feed {before_mw:.1f} MW; the abort takes {fall_mw(idle, 0.1):.1f} MW in 0.1 s, {fall_mw(idle, 1.0):.1f} MW in 1 s"
)
print(f"with the battery {fall_mw(held, 0.1):.1f} MW in 0.1 s for {dip_s:.2f} s, then {slope_mw_s:.2f} MW/s")
print(f"the battery charges with up to {-held['battery_w'].values.min() / 1e6:.1f} MW")
print(style.to_png(draw(), OUT / "job_abort.png"))
assert abs(fall_mw(idle, 0.1) - 69.3) < 2.0
assert abs(slope_mw_s + 0.5) < 0.05
assert dip_s < 0.6
