"""One of two pumps lost: a rack's coolant falls to 89 %, is back at 98 % within a minute, and no GPU throttles.

Shows: a pump that trips, a distribution unit and a GPU on the watch list, a figure in the report's look. The pump that
is left would give sqrt((1 + 0.3/4) / 1.3) = 91 % at once on a purely quadratic loop (its curve falls by 0.3 of its
design pressure); the controller of the pressure difference speeds it up, a step every ten seconds.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT = 30
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "duration": "3 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [{"at": f"{AT} s", "trip": "hall-1/cdu-001/pump-a"}],
        "watch": ["hall-1/cdu-001", "hall-1/rack-001/node-1/gpu-1"],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "one_pump")

tree = result.tree
cdu, gpu = tree["watch_cdu"].to_dataset().isel(cdu=0), tree["watch"].to_dataset().isel(gpu=0)
after_s = cdu["time"].values - AT
flow = cdu["flow_kg_s"].values / cdu["flow_kg_s"].values[AT - 1]
supply_c, die_c = cdu["supply_c"].values, gpu["die_c"].values


@style.drawn
def draw():
    """Flow, pump speed, coolant and die over time."""
    figure, axes = style.sheet(3, height_in=5.2, sharex=True)
    axes[0].plot(after_s, 100 * flow, color=style.COOLANT, label="coolant flow, share of before")
    axes[0].plot(
        after_s, 100 * cdu["pump_speed"], color=style.POWER, label="speed of the pump that is left, share of full"
    )
    axes[0].set_ylabel("share (%)")
    axes[1].plot(after_s, supply_c, color=style.SUPPLY, label="coolant to the rack")
    axes[1].set_ylabel("supply (°C)")
    axes[2].plot(after_s, die_c, color=style.LIMIT, label="die of one GPU")
    axes[2].set_ylabel("die (°C)")
    axes[2].set_xlim(after_s[0], after_s[-1])
    axes[2].set_xlabel("time since the pump tripped (s)")
    style.mark(axes, 0.0, "pump-a trips")
    for one in axes:
        style.legend(one)
    return figure


picture = style.to_png(draw(), result.directory / "one_pump.png")
back_s = int(after_s[AT:][np.argmax(flow[AT:] > 0.98)])
print(f"flow falls to {flow.min():.1%}, is above 98 % after {back_s} s")
print(f"supply dips by {supply_c[0] - supply_c.min():.2f} K; a die rises by {die_c.max() - die_c[0]:.2f} K; {picture}")
assert 0.88 < flow.min() < 0.90
assert back_s <= 60
assert tree["site"]["throttled"].max() == 0
