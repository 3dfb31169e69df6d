"""A dip to 0.72 pu of 0.5 s harms nothing, to 0.7 pu it stops every rack; 0.2 pu for 150 ms stops the chillers too.

Shows: an electrical window around an event that lasts milliseconds, what rides through it, and what that does to heat.

Supplies draw constant power down to 1/1.1 of their voltage, constant current below, nothing below 0.7 pu, and then live
on a capacitor of 20 ms at rated load: 30 to 50 ms at what these racks draw. A dip to 0.7 pu at the grid is one to 0.695
pu at the boards, and of that length the capacitor has no answer. Drives trip below 0.65 pu after 20 ms, chillers below
0.55 pu after 50 ms. Where racks have a battery that bridges 300 ms they go on through the 150 ms, while pumps are gone
for 5 s and chillers for minutes: a die gets 10 K warmer.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT_S = 60.25
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "dips"
as_built = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")


def with_hold_up(site, seconds):
    """The site with supplies that carry their rated load for ``seconds``."""
    racks = {
        name: spec.model_copy(update={"ride_through": spec.ride_through.model_copy(update={"hold_up": seconds})})
        for name, spec in site.library.racks.items()
    }
    return site.model_copy(update={"library": site.library.model_copy(update={"racks": racks})})


def dip(name, site, voltage, lasting, minutes):
    """A run with one dip: its window and its seconds."""
    scenario = twin.Scenario.model_validate(
        {
            "start": "2026-07-15T15:00:00-05:00",
            "duration": f"{minutes} min",
            "jobs": {"mix": "stress"},
            "policy": {"name": "uncapped"},
            "events": [
                {
                    "at": f"{AT_S} s",
                    "for": lasting,
                    "set": {"feed.voltage": voltage},
                    "window": {"before": "1 s", "after": "4 s", "step": "1 ms"},
                }
            ],
        }
    )
    tree = twin.run(site, scenario, OUT / name).tree
    return tree["window_1"].to_dataset().load(), tree["site"].to_dataset().load()


shallow, _ = dip("0.72", as_built, "0.72 pu", "500 ms", 2)
deeper, deeper_s = dip("0.7", as_built, "0.7 pu", "500 ms", 2)
deep, deep_s = dip("0.2", as_built, "0.2 pu", "150 ms", 2)
bridged, bridged_s = dip("0.2 bridged", with_hold_up(as_built, 0.3), "0.2 pu", "150 ms", 10)
RUNS = {
    "0.72 pu for 0.5 s": shallow,
    "0.70 pu for 0.5 s": deeper,
    "0.20 pu for 150 ms": deep,
    "the same, racks bridged": bridged,
}


@style.drawn
def draw():
    """Voltage and power of each dip, and the hottest die of the last."""
    figure, axes = style.sheet(3, height_in=6.4, height_ratios=[0.8, 1.2, 1.0])
    for (name, rows), color in zip(RUNS.items(), style.RUNS, strict=False):
        after_s = rows["time"].values - AT_S
        axes[0].plot(after_s, rows["lowest_pu"], color=color)
        axes[1].plot(after_s, rows["feed_w"] / 1e3, color=color, label=name)
    axes[0].set_ylabel("lowest board (pu)")
    axes[1].set_ylabel("feed (kW)")
    axes[1].set_xlabel("time since the dip (s)")
    style.legend(axes[1])
    for one in axes[:2]:
        one.set_xlim(-0.2, 1.5)
    axes[2].plot(
        (bridged_s["time"] - AT_S) / 60, bridged_s["hottest_c"], color=style.LIMIT, label="bridged: hottest die"
    )
    axes[2].set_ylabel("die (°C)")
    axes[2].set_xlabel("time since the dip (min)")
    style.legend(axes[2])
    return figure


def first_out_ms(rows):
    """When the first rack lost its supply, after the dip began."""
    return 1e3 * (float(rows["time"].values[np.argmax(rows["racks_out"].values > 0)]) - AT_S)


hottest_c = bridged_s["hottest_c"].values
warmer_k = float(hottest_c[61:].max() - hottest_c[50:60].max())
for name, rows in RUNS.items():
    print(f"{name}: {rows['racks_out'].max():.0f} racks, {rows['motors_out'].max():.0f} motors and chillers out")
print(f"first rack out after {first_out_ms(deeper):.0f} ms at 0.7 pu and {first_out_ms(deep):.0f} ms at 0.2 pu")
print(f"with racks that bridge 300 ms the hottest die gets {warmer_k:.1f} K warmer, to {hottest_c.max():.1f} degC")
print(style.to_png(draw(), OUT / "dips.png"))
assert shallow["racks_out"].max() == shallow["motors_out"].max() == 0
assert deeper["racks_out"].max() == 6
assert deeper["motors_out"].max() == 0
assert deep["racks_out"].max() == 6
assert deep["motors_out"].max() == 10
assert bridged["racks_out"].max() == 0
assert bridged["motors_out"].max() == 10
assert 30 < first_out_ms(deep) < 50
assert abs(first_out_ms(deeper) - first_out_ms(deep)) < 5
assert abs(warmer_k - 10.0) < 1.0
