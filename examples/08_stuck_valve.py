"""A valve stuck at 20 % passes 0.104 kg/s: its rack throttles after 4.6 min, while its neighbours move by 0.02 K.

Shows: values that an event sets, several distribution units on the watch list.

Equal percentage: Kv = 8 m3/h x 50^(0.2 - 1) = 0.35 m3/h; at the 1.16 bar between the headers that is 0.377 m3/h.
With 0.104 kg/s the rack can give 435 W for each kelvin between its return and facility water: 51 kW would need 118 K,
the 28 kW that are left with boards at half power 65 K.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT, THROTTLE_C = 60, 87.0
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "duration": "20 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [{"at": f"{AT} s", "set": {"hall-1/cdu-001.valve": "20 %"}}],
        "watch": [
            *(f"hall-1/cdu-{i:03d}" for i in (1, 2, 3)),
            *(f"hall-1/rack-{i:03d}/node-1/gpu-1" for i in (1, 2, 3)),
            "hall-1",
        ],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "stuck_valve")

tree = result.tree
cdus, gpus, hall = (tree[f"watch{what}"].to_dataset().load() for what in ("_cdu", "", "_hall"))
after_min = (cdus["time"].values - AT) / 60


@style.drawn
def draw():
    """Facility water, coolant and dies of the rack and of its neighbours."""
    figure, axes = style.sheet(3, height_in=5.6, sharex=True)
    for i, (color, words) in enumerate(zip(style.RUNS, ("valve stuck", "neighbour", "next but one"), strict=False)):
        line = {"color": color, "label": words, "linestyle": "solid" if i < 2 else ":"}
        axes[0].plot(after_min, cdus["facility_kg_s"][:, i], **line)
        axes[1].plot(after_min, cdus["supply_c"][:, i], **line)
        axes[2].plot(after_min, gpus["die_c"][:, i], **line)
    for celsius, words in ((THROTTLE_C, "throttles"), (92.0, "slows down")):
        axes[2].axhline(celsius, color=style.LIMIT, linewidth=0.6)
        axes[2].annotate(words, (0.1, celsius), (0, 1), textcoords="offset points", color=style.LIMIT)
    for one, label in zip(axes, ("facility water (kg/s)", "coolant supply (°C)", "die (°C)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[2].set_xlim(after_min[0], after_min[-1])
    axes[2].set_xlabel("time since the valve stuck (min)")
    style.mark(axes, 0.0, "valve of cdu-001 sticks at 20 %")
    return figure


stuck_kg_s, head_bar = float(cdus["facility_kg_s"][AT, 0]), float(hall["far_pa"][AT, 0]) / 1e5
expected_kg_s = 8.0 * 50.0 ** (0.2 - 1.0) * np.sqrt(head_bar) * 997 / 3600
throttles_min = float(after_min[np.argmax(gpus["die_c"].values[:, 0] > THROTTLE_C)])
moved_k = float(abs(gpus["die_c"][:, 1:] - gpus["die_c"][AT - 1, 1:]).max())
print(f"facility water {stuck_kg_s:.4f} kg/s, by the valve's law at {head_bar:.2f} bar {expected_kg_s:.4f} kg/s")
print(f"87 degC after {throttles_min:.1f} min; supply {float(cdus['supply_c'][-1, 0]):.1f} degC in the end,")
print(f"dies of neighbours move by {moved_k:.3f} K; {style.to_png(draw(), result.directory / 'stuck_valve.png')}")
assert abs(stuck_kg_s / 0.104 - 1) < 0.01
assert abs(stuck_kg_s / expected_kg_s - 1) < 0.01
assert abs(throttles_min - 4.6) < 0.1
assert moved_k < 0.02
