"""Tower fans lost: 18 % of the heat still goes, water peaks 4.2 K too warm, chillers bring it back in 6 minutes.

Shows: a pod with cooling towers by changes of its site, an economizer and trim chillers that take over.

With their fans still the cells give off an eighth of what they do at full speed, and they did not run at that. The
economizer calls the chillers at once; they load from nothing to full in four minutes, and until then the water warms.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT, SUPPLY_C = 300, 32.0
TOWERS = {
    "library.towers": {
        "pod-cell": {  # the reference site's cell at a thirtieth of its size
            "water": "4.2 kg/s",
            "air": "4.7 m3/s",
            "fan": "1.85 kW",
            "wet_bulb": "26.5 degC",
            "approach": "3.5 K",
            "range": "9.3 K",
        }
    },
    "halls.*.supply": f"{SUPPLY_C} degC",
    "halls.*.plant": {
        "chillers": {"type": "pod-chiller", "count": 3},
        "power_factor": 0.97,
        "towers": {
            "type": "pod-cell",
            "cells": 4,
            "pumps": {
                "count": 2,
                "standby": 1,
                "flow": "0.0169 m3/s",
                "pressure": "200 kPa",
                "efficiency": "75 %",
                "drive_efficiency": "90 %",
            },
            "exchanger": {"ua": "0.3 MW/K"},
        },
    },
}
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml", TOWERS)
scenario = twin.Scenario.model_validate(
    {
        "start": "2026-07-15T15:00:00-05:00",
        "duration": "25 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [{"at": f"{AT} s", "trip": "hall-1/tower-fans"}],
        "watch": ["hall-1", "hall-1/cdu-001", "hall-1/rack-001/node-1/gpu-1"],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "tower_fans")

tree = result.tree
cdu, hall, gpu = (tree[f"watch{what}"].to_dataset().load() for what in ("_cdu", "_hall", ""))
minutes = tree["hall"].to_dataset().isel(hall=0).load()
after_min = (hall["time"].values - AT) / 60
supply_c, die_c = hall["supply_c"].values[:, 0], gpu["die_c"].values[:, 0]


@style.drawn
def draw():
    """Who takes the heat, and what water, coolant and die make of it."""
    figure, axes = style.sheet(3, height_in=5.6, sharex=True, height_ratios=[1.2, 1.2, 0.8])
    middle_min = (minutes["time"].values - 30 - AT) / 60
    free_kw, all_kw = minutes["free_heat_w"].values / 1e3, hall["plant_heat_w"].values[:, 0] / 1e3
    chilled_kw = minutes["cop"].values * minutes["plant_w"].values / 1e3 - free_kw
    axes[0].plot(after_min, all_kw, color=style.INK, label="all")
    axes[0].step(middle_min, free_kw, where="mid", color=style.SUPPLY, label="towers, by the minute")
    axes[0].step(middle_min, chilled_kw, where="mid", color=style.RETURN, label="chillers, by the minute")
    axes[1].plot(after_min, supply_c, color=style.SUPPLY, label="facility water from the plant")
    axes[1].plot(after_min, hall["return_c"][:, 0], color=style.RETURN, label="facility water to the plant")
    axes[1].plot(after_min, cdu["supply_c"][:, 0], color=style.COOLANT, label="coolant to a rack")
    axes[2].plot(after_min, die_c, color=style.LIMIT, label="die of one GPU")
    for one, label in zip(axes, ("heat taken (kW)", "water (°C)", "die (°C)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[2].set_xlim(after_min[0], after_min[-1])
    axes[2].set_xlabel("time since the fans were lost (min)")
    style.mark(axes, 0.0, "tower fans trip")
    return figure


still = float(minutes["free_heat_w"][-1] / minutes["free_heat_w"][0])
warmer_k = float(supply_c.max() - SUPPLY_C)
back_min = float(after_min[np.flatnonzero(supply_c > SUPPLY_C + 0.1)[-1] + 1])
print(f"towers without fans take {still:.1%} of what they took; supply peaks {warmer_k:.1f} K above its set point")
print(f"back within 0.1 K after {back_min:.1f} min; a die peaks {die_c.max() - die_c[0]:.1f} K above before")
print(style.to_png(draw(), result.directory / "tower_fans.png"))
assert abs(still - 0.176) < 0.01
assert abs(warmer_k - 4.2) < 0.2
assert abs(back_min - 6.1) < 0.5
assert tree["site"]["throttled"].max() == 0
