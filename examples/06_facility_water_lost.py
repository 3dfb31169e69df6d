"""Facility water lost: full racks warm by 0.172 K/s, GPUs reach 87 degC after 204 s; one pump of two is not missed.

Shows: pumps of a hall that trip, a hall on the watch list. One of two pumps lost moves no coolant by more than 0.05 K.

Without facility water a rack heats its coolant and itself, dT/dt = Q / C. The 70 L of PG25 alone hold 280 kJ/K, which
would be 0.196 K/s at the design heat of 55 kW; here rack and pumps give 51.4 kW, and its plates and
boards hold another 64 x 285 J/K + 8 x 350 J/K = 21 kJ/K: 0.170 K/s, and 1 % more as leakage grows with temperature.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.core import fluids
from twin.report import style

AT, THROTTLE_C = 60, 87.0
# site_configs/parts/hgx_racks.yaml: 70 L at 40 degC, 64 boards, eight servers
COOLANT_J_K = 0.070 * fluids.density(fluids.PG25, 40.0) * fluids.specific_heat(fluids.PG25, 40.0)
RACK_J_K = 64 * (25 + 40 + 220) + 8 * 350
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())


def lost(letters):
    """Every second of a rack's distribution unit, of the hall and of a GPU."""
    scenario = twin.Scenario.model_validate(
        {
            "duration": "6 min",
            "jobs": {"mix": "stress"},
            "policy": {"name": "uncapped"},
            "events": [{"at": f"{AT} s", "trip": f"hall-1/pump-{letter}"} for letter in letters],
            "watch": ["hall-1", "hall-1/cdu-001", "hall-1/rack-001/node-1/gpu-1"],
        }
    )
    tree = twin.run(site, scenario, out / f"facility_{letters}").tree
    cdu, hall, gpu = (tree[f"watch{what}"].to_dataset().load() for what in ("_cdu", "_hall", ""))
    return cdu.isel(cdu=0), hall.isel(hall=0), gpu.isel(gpu=0)


@style.drawn
def draw(runs):
    """Flow of facility water, coolant and die after one pump and after both are lost."""
    figure, axes = style.sheet(3, height_in=5.6, sharex=True, height_ratios=[1.0, 1.3, 1.3])
    for color, (words, (cdu, hall, gpu)) in zip(style.RUNS, runs.items(), strict=False):
        after_s = cdu["time"] - AT
        axes[0].plot(after_s, hall["flow_kg_s"], color=color, label=words)
        axes[1].plot(after_s, cdu["supply_c"], color=color, label=f"to the racks, {words}")
        axes[1].plot(after_s, cdu["return_c"], color=color, linestyle=":", label=f"back, {words}")
        axes[2].plot(after_s, gpu["die_c"], color=color, label=words)
    axes[2].axhline(THROTTLE_C, color=style.LIMIT, linewidth=0.6)
    axes[2].annotate("throttles", (-AT + 2, THROTTLE_C), (0, 2), textcoords="offset points", color=style.LIMIT)
    for one, label in zip(axes, ("facility water (kg/s)", "coolant (°C)", "die (°C)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[2].set_xlim(-AT, float(after_s[-1]))
    axes[2].set_xlabel("time since the pumps tripped (s)")
    style.mark(axes, 0.0, "pumps of the hall trip")
    return figure


runs = {"one pump lost": lost("a"), "both lost": lost("ab")}
(one, hall, _), (cdu, _, gpu) = runs.values()
moved_k = float(abs(one["supply_c"] - one["supply_c"][0]).max())
left = float(hall["flow_kg_s"].min() / hall["flow_kg_s"][0])
print(f"one pump lost: facility water falls to {left:.1%}, the coolant's supply moves by {moved_k:.2f} K")
slope_k_s = float(cdu["supply_c"][AT + 150] - cdu["supply_c"][AT + 60]) / 90
expected_k_s = float(cdu["heat_w"][AT - 1]) / (COOLANT_J_K + RACK_J_K)
throttles_s = int(np.argmax(gpu["die_c"].values > THROTTLE_C)) + 1 - AT
print(f"both lost: {slope_k_s:.4f} K/s, by the inventory {expected_k_s:.4f} K/s; 87 degC after {throttles_s} s")
print(style.to_png(draw(runs), out / "facility_water.png"))
assert moved_k < 0.05
assert abs(slope_k_s - 0.172) < 0.001
assert abs(slope_k_s / expected_k_s - 1) < 0.015
assert abs(55e3 / COOLANT_J_K - 0.196) < 0.001
assert abs(throttles_s - 204) <= 3
