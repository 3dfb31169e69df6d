"""A load test takes a board 8 % over its rating: Dynamo has it back in 4 to 6 s, without it the breaker trips.

Shows: a breaker by points on a board, more racks than it was rated for, a hierarchical policy, paths of commands.

Reproduces the published operating point with a stated synthetic trace (Wu et al., ISCA 2016: an overload reaches its
limit again about 6 s after a load test began, no breaker trips, 8 % more servers on the same power).

A board is rated for the 24 servers of 12 racks at full activity, about 200 kW; 13 racks hang on it. Nine times the load
goes from half to full at once, 97 s apart, so that it meets the 3-s cycle of the controller at every phase, and stays
for 49 s. Readings are a second old, caps settle 2 s after they were sent; thresholds are the policy's defaults. The
breaker carries 10 % too much for 17 min and 40 % for 60 s: 8 % for 20 to 25 min. Nothing is tuned; the 4 to 6 s that
the board is over its rating are up to 3 s until the controller's turn, 2 s until caps have settled, and the reading's
age.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.inputs import change_site
from twin.report import style

SITE = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "six_seconds"
RACKS, TESTS, EVERY_S, AT_S = 12, 9, 97, 48
BREAKER = {
    "curve": "points", "holds": 1.05, "reset": "10 min",
    "points": [{"multiple": 1.1, "time": "17 min"}, {"multiple": 1.4, "time": "60 s"}],
}  # fmt: skip


def run(name, racks, jobs, minutes, rated_w=1e7, amperes=1.0, policy="uncapped"):
    """Racks of two servers on one board, which carries so much power and so many times its transformer's current."""
    site = change_site(
        twin.load_site(SITE),
        {
            "feed.limit": "5 MW", "electrical.nodes.sub.limit": "5 MW", "electrical.nodes.board.limit": f"{rated_w} W",
            "electrical.nodes.board.protection": "board-breaker",
            "library.protection": {"board-breaker": {"overcurrent": BREAKER | {"pickup": amperes}}},
            "library.racks.h100-hgx-rack.nodes": 2,
            "halls.hall-1.racks": [{"type": "h100-hgx-rack", "count": racks}],
            "halls.hall-1.air_racks": [], "halls.hall-1.cdus": [],
            "control.node_meter": {"period": "1 s", "delay": "1 s"}, "control.cap": "agent",
        },
    )  # fmt: skip
    scenario = {"title": name, "duration": f"{minutes} min", "jobs": jobs, "policy": {"name": policy}}
    return twin.run(site, twin.Scenario.model_validate(scenario), OUT / name).tree


def test(number, nodes, priority):
    """A load test: half load, then all of it."""
    return {
        "name": f"test {number} of priority {priority}", "nodes": nodes, "priority": priority,
        "start": f"{number * EVERY_S} s", "end": f"{(number + 1) * EVERY_S} s",
        "step": {"before": 0.5, "after": 1.0, "at": f"{AT_S} s"},
    }  # fmt: skip


def board_w(tree):
    """Power of the board, each second."""
    return tree["site"]["substation_w"].sel(substation="board").values


full = [{"name": "work", "start": "0 s", "constant": {"activity": 1.0}}]
rating = run("rating", RACKS, full, 10)
rated_w = float(board_w(rating)[-60:].mean())
element = rating["electrical"].to_dataset().isel(time=-1).sel(node="board")
# A relay sees the current of the load; the transformer is rated for 2,500 kVA.
amperes = float(np.hypot(element["load_w"], element["load_var"]) / element["voltage_pu_min"]) / 2.5e6
tests = [test(k, RACKS + 1, priority) for k in range(TESTS) for priority in (2, 1)]
held = run("dynamo", RACKS + 1, tests, (TESTS * EVERY_S + 7) / 60, rated_w, amperes, "dynamo")
never = run("uncapped", RACKS + 1, full, 30, rated_w, amperes)

shares = board_w(held)[: TESTS * EVERY_S].reshape(TESTS, EVERY_S) / rated_w
reactions_s = [int(np.flatnonzero(one[AT_S:] > 1.0)[-1]) + 1 for one in shares]
damage = {one: tree["relay"]["damage_max"].isel(relay=0) for one, tree in (("dynamo", held), ("uncapped", never))}
over = float(board_w(never)[:60].max()) / rated_w
law_s = 60 * ((over - 1) / 0.4) ** (np.log(60 / 1020) / np.log(4))
events = never["events"].to_dataset()
trips_s = [
    float(at)
    for at, words in zip(events["time_s"].values, events["message"].values, strict=True)
    if "board" in str(words)
]


@style.drawn
def draw():
    """Power of the board in each test, and the breaker's way to its trip."""
    figure, axes = style.sheet(2, height_in=5.0, height_ratios=[1.4, 1.0])
    for one, color in zip(shares, 3 * style.RUNS[:3], strict=True):
        axes[0].step(np.arange(-10, 30), one[AT_S - 10 : AT_S + 30], where="post", color=color, linewidth=0.9)
    axes[0].axhline(1.0, color=style.LIMIT, linewidth=0.6)
    axes[0].set_ylabel("board, over its rating (1)")
    axes[0].set_xlabel("time since the load test began (s)")
    for (name, way), color in zip(damage.items(), (style.GOOD, style.LIMIT), strict=True):
        axes[1].plot(
            way["time"] / 60, way, color=color, label="under dynamo" if name == "dynamo" else "full load, uncapped"
        )
    axes[1].set_ylabel("way to the trip (1)")
    axes[1].set_xlabel("time (min)")
    style.legend(axes[1])
    return figure


print(f"board rated for {rated_w / 1e3:.0f} kW, {over:.3f} of it at full load")
print(f"over its rating for {reactions_s} s, {np.mean(reactions_s):.1f} s on average")
print(f"way to the trip after {TESTS} tests: {float(damage['dynamo'].max()):.4f}")
print(f"uncapped it trips after {trips_s[0]:.0f} s; {law_s:.0f} s by the law")
print(style.to_png(draw(), OUT / "six_seconds.png"))
assert abs(over - 13 / 12) < 0.01
assert 4 <= min(reactions_s) <= max(reactions_s) <= 8
assert max(reactions_s) == 6
assert float(damage["dynamo"].max()) < 0.05
assert not any("board" in str(words) for words in held["events"]["message"].values)
assert 0.75 < trips_s[0] / law_s < 1.25  # 1 % of current is a quarter of the time so near to the rating
