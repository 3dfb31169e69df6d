"""A dip to 0.75 pu of 2 s stops the chillers for 4 minutes: water peaks at 39 degC and is too warm for 48 minutes.

Shows: an event on the feed's voltage, ride-through and restart of chillers.

Chillers stay in above 0.8 pu, or for less than a second; then they wait four minutes and load up in another four. What
they do not take in the meantime, 543 kW for four minutes and for half of the 200 s in which they load up to that, warms
all the water: 543 kW x 340 s over 18 MJ/K (7.5 MJ/K of coolant, 10.6 MJ/K of facility water) are 10 K. To cool it down
again they have 95 kW to spare, less what the pumps give that now run at full speed for valves that are all open.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT, SUPPLY_C = 300, 25.0
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "start": "2026-07-15T15:00:00-05:00",
        "duration": "90 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [{"at": f"{AT} s", "for": "2 s", "set": {"feed.voltage": "0.75 pu"}}],
        "watch": ["hall-1", "hall-1/cdu-001", "hall-1/rack-001/node-1/gpu-1"],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "voltage_dip")

tree = result.tree
cdu, hall, gpu = (tree[f"watch{what}"].to_dataset().load() for what in ("_cdu", "_hall", ""))
after_min = (hall["time"].values - AT) / 60
supply_c, return_c, heat_w = (hall[name].values[:, 0] for name in ("supply_c", "return_c", "plant_heat_w"))
die_c = gpu["die_c"].values[:, 0]


@style.drawn
def draw():
    """Heat taken by the chillers, water and coolant, one die."""
    figure, axes = style.sheet(3, height_in=5.6, sharex=True, height_ratios=[1.0, 1.3, 0.9])
    axes[0].plot(after_min, heat_w / 1e3, color=style.INK, label="heat the chillers take")
    axes[1].plot(after_min, supply_c, color=style.SUPPLY, label="facility water from the plant")
    axes[1].plot(after_min, return_c, color=style.RETURN, label="facility water to the plant")
    axes[1].plot(after_min, cdu["supply_c"][:, 0], color=style.COOLANT, label="coolant to a rack")
    axes[2].plot(after_min, die_c, color=style.LIMIT, label="die of one GPU")
    for one, label in zip(axes, ("heat (kW)", "water (°C)", "die (°C)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[2].set_xlim(after_min[0], after_min[-1])
    axes[2].set_xlabel("time since the dip (min)")
    style.mark(axes, 0.0, "0.75 pu for 2 s")
    return figure


stand_min = float(after_min[AT + 5 + np.argmax(heat_w[AT + 5 :] > 0)])
full_min = float(after_min[np.argmax(heat_w >= 0.99 * heat_w.max())])
back_min = float(after_min[np.flatnonzero(supply_c > SUPPLY_C + 0.1)[-1] + 1])
mean_rise_k = float((supply_c + return_c).max() - supply_c[0] - return_c[0]) / 2
print(f"chillers stand for {stand_min:.1f} min and carry all they can after {full_min:.1f} min")
print(f"facility water peaks at {supply_c.max():.1f} degC, {mean_rise_k:.1f} K warmer on the mean of both pipes")
print(f"a die peaks at {die_c.max():.1f} degC; supply within 0.1 K of its set point after {back_min:.0f} min")
print(style.to_png(draw(), result.directory / "voltage_dip.png"))
assert abs(stand_min - 4.1) < 0.1
assert abs(full_min - 8.0) < 0.2
assert abs(supply_c.max() - 39.1) < 0.5
assert 9.0 < mean_rise_k < 12.0
assert abs(die_c.max() - 63.4) < 0.5
assert abs(back_min - 48) < 2
assert tree["site"]["throttled"].max() == 0
