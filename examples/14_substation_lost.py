"""A substation is lost and couplers give its load to the other: t1 passes 120 degC after 50 minutes, t2 stays at 103.

Shows: breakers that trip and ties that close on the reference site, restarts of chillers, transformers' temperatures.

Each substation has two transformers of 133 MVA. With one of the two substations gone, its feeders hang on the low sides
of t1 and t2 two seconds later. t1 takes the two and a half halls of t3 to its own two and a half and is loaded to 1.3
of its rating at most, t2 has four halls in all and 1.0. Racks without supply restart two minutes later; chillers that
lost theirs wait and make up for it, so that the load is greatest ten minutes later.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT_S, TRANSFER_S = 600, 2
site = twin.load_site(
    Path(__file__).parents[1] / "site_configs" / "colossus1.yaml",
    {
        "electrical.ties": [
            {"name": "coupler-1", "from": "t1", "to": "t3"},
            {"name": "coupler-2", "from": "t2", "to": "t4"},
        ]
    },
)
scenario = twin.Scenario.model_validate(
    {
        "start": "2026-07-15T14:00:00-05:00",
        "duration": "2 h",
        "jobs": {"mix": "mixed-training"},
        "weather": {"design_day": "summer"},
        "policy": {"name": "uncapped"},
        "events": [
            *({"at": f"{AT_S} s", "trip": name} for name in ("sub-2", "t3", "t4")),
            *({"at": f"{AT_S + TRANSFER_S} s", "close": name} for name in ("coupler-1", "coupler-2")),
        ],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "substation_lost")

nodes = result.tree["electrical"].to_dataset().load()
after_min = (nodes["time"].values - AT_S) / 60
hot_c = {name: nodes["hot_spot_c_max"].sel(node=name).values for name in ("t1", "t2", "t3", "t4")}
feed = result.site


@style.drawn
def draw():
    """Power, loading and temperatures of all four transformers."""
    figure, axes = style.sheet(4, height_in=6.8, sharex=True, height_ratios=[1.0, 1.0, 1.3, 1.0])
    axes[0].plot((feed["time"] - AT_S) / 60, feed["feed_w"] / 1e6, color=style.INK, label="feed")
    for name, color in zip(hot_c, style.RUNS, strict=False):
        one = nodes.sel(node=name)
        axes[1].plot(after_min, one["loading"], color=color, label=name)
        axes[2].plot(after_min, hot_c[name], color=color, label=f"{name}, hot spot")
        axes[2].plot(after_min, one["top_oil_c"], color=color, linestyle=(0, (2, 1)), linewidth=0.8)
        axes[3].step(after_min, one["tap"], where="pre", color=color, label=name)
    axes[2].plot([], [], color=style.SOFT, linestyle=(0, (2, 1)), linewidth=0.8, label="top oil")
    axes[2].axhline(120, color=style.LIMIT, linewidth=0.8)
    for one, label in zip(axes, ("power (MW)", "loading (1)", "temperature (°C)", "tap"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[3].set_xlim(after_min[0], after_min[-1])
    axes[3].set_xlabel("time since the substation was lost (min)")
    style.mark(axes, 0.0, "sub-2 is lost, couplers close")
    return figure


at_120_min = float(after_min[np.argmax(hot_c["t1"] > 120)])
print(f"t1 passes 120 degC after {at_120_min:.0f} min and has {hot_c['t1'][-1]:.1f} degC after {after_min[-1]:.0f} min")
most = {name: float(nodes["loading_max"].sel(node=name).max()) for name in ("t1", "t2")}
print(f"t2 reaches {hot_c['t2'].max():.1f} degC; loading of t1 {most['t1']:.2f}, of t2 {most['t2']:.2f} at most")
print(f"t1 loses {float(nodes['ageing'].sel(node='t1').sum()) / 60:.1f} h of its life in two hours")
print(style.to_png(draw(), result.directory / "substation_lost.png"))
assert abs(at_120_min - 50) < 2
assert abs(hot_c["t1"][-1] - 126) < 1
assert abs(hot_c["t2"].max() - 103) < 1
assert hot_c["t3"].max() == hot_c["t3"][: AT_S // 60 + 1].max()
