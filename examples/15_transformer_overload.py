"""One transformer for two: six hours at 1.15 of its rating at 38 degC bring 132 degC and cost 42 hours of its life.

Shows: a tie that closes, house loads, tap changers, transformers' temperatures against an integration of one's own.

The pod and 100 MW of other load hang on two substation transformers of 133 MVA. One trips for six hours and a coupler
gives its load to the other, which is expected at

    top oil rise  52 K ((1 + 6 x 1.15^2)/7)^0.8 = 63.2 K,   hot spot over it  26 K 1.15^1.3 = 31.2 K

and ages e^(15000/383 - 15000/405) = 9 times as fast as at 110 degC once it rests there. The course in between is
integrated here from the standard's differential equations (IEC 60076-7, 8.2.2) by scipy, under the currents recorded.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from scipy.integrate import solve_ivp

import twin
from twin.report import style

FIRST_H, LASTS_H, AIR_C = 1.0, 6.0, 38.0
site = twin.load_site(
    Path(__file__).parents[1] / "site_configs" / "pod.yaml",
    {
        "feed": {"voltage": "161 kV", "limit": "200 MW", "short_circuit": "5000 MVA", "x_r": 12},
        "electrical": {
            "nodes": [
                {"name": "sub", "parent": "feed"},
                {"name": "t1", "parent": "sub", "type": "substation-100mva"},
                {"name": "t2", "parent": "sub", "type": "substation-100mva"},
                {"name": "feeder", "parent": "t1", "type": "al-1000kcmil", "length": "0.4 km"},
                {"name": "board", "parent": "feeder", "type": "unit-2500kva"},
                {"name": "mechanical", "parent": "feeder", "type": "unit-2500kva"},
            ],
            "ties": [{"name": "coupler", "from": "t1", "to": "t2"}],
            "loads": [
                {"name": "district-1", "node": "t1", "power": "95 MW", "power_factor": 0.98},
                {"name": "district-2", "node": "t2", "power": "53.2 MW", "power_factor": 0.98},
            ],
        },
    },
)
scenario = twin.Scenario.model_validate(
    {
        "start": "2026-07-15T10:00:00-05:00",
        "duration": f"{FIRST_H + LASTS_H + 2:g} h",
        "weather": {"constant": {"dry_bulb": f"{AIR_C} degC", "wet_bulb": "25 degC"}},
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [
            {"at": f"{FIRST_H} h", "for": f"{LASTS_H} h", "trip": "t2"},
            {"at": f"{FIRST_H} h", "for": f"{LASTS_H} h", "close": "coupler"},
        ],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "transformer_overload")

nodes = result.tree["electrical"].to_dataset().load()
t1, time_s = nodes.sel(node="t1"), nodes["time"].values
# Current of the winding over the rated one: apparent power over voltage, both of the high side, times the ratio.
load = t1["loading"].values / nodes["voltage_pu_min"].sel(node="sub").values * (1 - 0.00625 * t1["tap"].values)


def rates(time, kept):
    """Top oil and both parts of the gradient, per second."""
    k = load[min(int(time // 60), load.size - 1)]
    oil_c = AIR_C + 52 * ((1 + 6 * k**2) / 7) ** 0.8
    return (
        (oil_c - kept[0]) / (0.5 * 9000),
        (2 * 26 * k**1.3 - kept[1]) / (2 * 420),
        (26 * k**1.3 - kept[2]) / (9000 / 2),
    )


rest_k = 26 * load[0] ** 1.3
start = (AIR_C + 52 * ((1 + 6 * load[0] ** 2) / 7) ** 0.8, 2 * rest_k, rest_k)
every_s = np.arange(5, time_s[-1] + 1, 5)
own = solve_ivp(rates, (0, time_s[-1]), start, t_eval=every_s, max_step=30, rtol=1e-8)
# Means of each minute, as recorded.
own_oil_c, own_hot_c = (seen.reshape(-1, 12).mean(axis=1) for seen in (own.y[0], own.y[0] + own.y[1] - own.y[2]))
own_lost_h = np.cumsum(np.exp(15000 / 383 - 15000 / (own_hot_c + 273))) / 60
oil_c, hot_c, lost_h = t1["top_oil_c"].values, t1["hot_spot_c"].values, np.cumsum(t1["ageing"].values) / 60
clock_h = time_s / 3600 - FIRST_H


@style.drawn
def draw():
    """Load, temperatures and life over time."""
    figure, axes = style.sheet(3, height_in=5.6, sharex=True, height_ratios=[0.8, 1.4, 1.0])
    axes[0].plot(clock_h, load, color=style.INK, label="current of t1 over its rated current")
    for found, mine, color, label in (
        (hot_c, own_hot_c, style.LIMIT, "hot spot"),
        (oil_c, own_oil_c, style.RETURN, "top oil"),
    ):
        axes[1].plot(clock_h, found, color=color, label=label)
        axes[1].plot(clock_h[::15], mine[::15], ".", color=style.INK, markersize=3)
    axes[1].plot([], [], ".", color=style.INK, markersize=3, label="integrated here")
    axes[2].plot(clock_h, lost_h, color=style.POWER, label="life lost")
    axes[2].plot(clock_h, time_s / 3600, color=style.SOFT, linestyle=(0, (4, 3)), label="normal: 1 h an hour")
    for one, label in zip(axes, ("load (1)", "t1 (°C)", "life (h)"), strict=True):
        one.set_ylabel(label)
        style.legend(one)
    axes[2].set_xlim(clock_h[0], clock_h[-1])
    axes[2].set_xlabel("time since t2 tripped (h)")
    style.mark(axes, 0.0, "t2 trips, coupler closes")
    return figure


during = (clock_h > 0.1) & (clock_h <= LASTS_H)
print(f"t1 carries {load[during].mean():.3f} of its rated current (before: {load[0]:.3f})")
apart_k = max(abs(oil_c - own_oil_c).max(), abs(hot_c - own_hot_c).max())
print(
    f"top oil reaches {oil_c.max():.1f} degC, the hot spot {hot_c.max():.1f} degC: {apart_k:.2f} K from scipy at most"
)
print(f"{lost_h[-1]:.1f} h of life are lost in {time_s[-1] / 3600:g} h")
print(style.to_png(draw(), result.directory / "transformer_overload.png"))
assert abs(load[during].mean() - 1.15) < 0.005
assert abs(oil_c - own_oil_c).max() < 0.1
assert abs(hot_c - own_hot_c).max() < 0.2
assert abs(lost_h[-1] / own_lost_h[-1] - 1) < 0.01
assert abs(oil_c.max() - (AIR_C + 63.2)) < 0.5
assert abs(hot_c.max() - (AIR_C + 63.2 + 31.2)) < 1.0
assert abs(lost_h[-1] - 42) < 1
