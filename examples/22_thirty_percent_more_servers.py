"""POLCA on a row of 40 servers: 30 % more fit without a power brake for inference, none for training.

Shows: a policy with two priorities, clocks and a brake out of band, more racks on one limit, requests from a file.

Reproduces the published operating point with a stated synthetic trace (Patel et al., ASPLOS 2024: 30 % more servers, no
brake, high priority within 1 % and low priority within 2 % of their throughput; next to no gain for training).

The row is provisioned for what 40 servers draw at full activity. Inference: every three minutes requests rise within
40 s, stay for 40 s and fall within 40 s, on a level that climbs for 20 minutes and falls for 10, from 70 % of its top.
Peak and rise are those published: 79 % of provision, and 11.8 % more within 40 s than at their beginning, the reading
from which T2 = 0.89 = 1/1.118 follows. Half of the servers are of high priority. Training: one job of each priority in
step, iterations of 8 s, peak 97 %, 37.5 % more within 2 s. Nothing is tuned beyond that: thresholds, clocks and
latencies are the defaults of policy and site, clocks being the A100's over its greatest.

The 11.8 % may also be read as points of provision, 17.6 % of what is drawn. Then no brake comes either: surges on the
way up leave a step that still holds in those at the top. One from just under T2 would need it, and this trace has none.
With 40 % more none comes either, at 99.4 % of provision: a lock takes power off light load too. (With clocks sent as
caps, which light load does not feel, the brake came at 40 % and did not end.)
Training at 97 % passes T2 in every iteration: low priority loses a tenth of its speed without one server more, and with
10 % more the brake comes. What is left is the 3 % between its peak and its provision, which need no policy.
"""

import csv
import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.inputs import change_site
from twin.report import style

SITE = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "thirty_percent"
RACKS, SERVERS, MINUTES = 10, 4, 30
PEAK, RISE, LATENCY_S = 0.79, 0.118, 40
PREFILL, DECODE, PROMPT, ANSWER = 40e3, 2e3, 2048, 28  # tokens a second of a server, tokens of a request
TRACE_SERVERS, LUMP = 20, 20  # servers that the trace is for, requests in a line of it


def run(name, jobs, racks, row_w=1e9, policy="uncapped", minutes=MINUTES):
    """A row of so many racks of four servers, without anything else on its board: its seconds, and all of it."""
    site = change_site(
        twin.load_site(SITE),
        {
            "feed.limit": "5 MW", "electrical.nodes.sub.limit": "5 MW", "electrical.nodes.board.limit": f"{row_w} W",
            "halls.hall-1.racks": [{"type": "h100-hgx-rack", "count": racks}],
            "halls.hall-1.air_racks": [], "halls.hall-1.cdus": [],
            "library.racks.h100-hgx-rack.nodes": SERVERS,
            "control.site_meter": {"period": "2 s", "delay": "1 s"},
            "control.cap": "out-of-band", "control.clock": "clock-lock", "control.brake": "brake-line",
        },
    )  # fmt: skip
    scenario = twin.Scenario.model_validate(
        {
            "title": name, "duration": f"{minutes} min", "jobs": jobs, "policy": {"name": policy},
            "weather": {"constant": {"dry_bulb": "25 degC", "wet_bulb": "18 degC"}},
        }
    )  # fmt: skip
    tree = twin.run(site, scenario, OUT / name).tree
    return tree["site"]["substation_w"].sel(substation="board").values, tree


def greatest_rise(power, points):
    """Greatest rise within 40 s, over what was drawn before or, in points, over provision."""
    before, after = power[:-LATENCY_S], power[LATENCY_S:]
    return float((after - before).max() if points else (after / before).max() - 1)


def surges(points=False):
    """Row power of each second over provision: a climb and a fall, with a surge every three minutes."""
    time_s = np.arange(60.0 * MINUTES)
    level = np.interp(time_s, [0, 1200, 60 * MINUTES], [0.7, 1.0, 0.7])
    surge = np.interp(time_s % 180, [0, 60, 100, 140, 180], [0, 0, 1, 1, 0])
    low, high = 0.0, 0.4
    for _ in range(40):  # the surge with which power rises as much within 40 s as it shall
        middle = 0.5 * (low + high)
        power = level * (1 + middle * surge)
        power *= PEAK / power.max()
        low, high = (middle, high) if greatest_rise(power, points) < RISE else (low, middle)
    return power


def write_requests(path, activity):
    """A table of requests with which servers have this activity in each second."""
    busy_s = PROMPT / PREFILL + 0.5 * ANSWER / DECODE  # at full activity, of one request
    wanted = TRACE_SERVERS * activity / busy_s / LUMP
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("TIMESTAMP", "ContextTokens", "GeneratedTokens"))
        for second, lines in enumerate(wanted):
            count = max(1, round(lines))
            table.writerows([(second, PROMPT * lines / count, ANSWER * lines / count)] * count)


def serving(racks, trace="requests.csv"):
    """A pool of each priority on half of the servers, with the requests that so many have."""
    servers = racks * SERVERS // 2
    requests = {"file": str(OUT / trace), "scale": LUMP * servers / TRACE_SERVERS}
    pool = {"prefill": PREFILL, "decode": DECODE, "requests": requests}
    return [
        {"name": name, "nodes": servers, "start": "0 s", "priority": priority, "inference": pool}
        for name, priority in (("high", 2), ("low", 1))
    ]


def training(racks, low, high):
    """A training of each priority on half of the servers, in step."""
    shape = {"iteration": "8 s", "high": high, "low": low, "communication": 3 / 8, "ramp": "1 s"}
    quiet = {"evaluation": None, "initialisation": "0 s", "noise": 0}
    return [
        {"name": name, "nodes": racks * SERVERS // 2, "start": "0 s", "priority": priority, "training": shape | quiet}
        for name, priority in (("high", 2), ("low", 1))
    ]


def brakes(tree):
    """How often the brake came: mean caps fall below the least that a cap can be."""
    braked = tree["site"]["cap_w"].values < 200
    return int((np.diff(braked.astype(int), prepend=0) > 0).sum())


def kept(tree, free, what):
    """What each priority kept of its work in the free run."""
    group = "pool" if what == "prompt_tokens" else "job"
    one, other = (run[group][what].mean("time") for run in (tree, free))
    return {name: float(one.sel({group: name}) / other.sel({group: name})) for name in ("high", "low")}


OUT.mkdir(parents=True, exist_ok=True)
step = [{"name": "work", "start": "0 s", "step": {"before": 0.5, "after": 1.0, "at": "5 min"}}]
row_w, _ = run("provision", step, RACKS, minutes=10)
half_w, full_w = row_w[280:300].mean(), row_w[580:600].mean()


def activity_at(share):
    """Activity at which 40 servers draw that share of what they are provisioned for."""
    return 0.5 + 0.5 * (share * full_w - half_w) / (full_w - half_w)


write_requests(OUT / "requests.csv", activity_at(surges()))
write_requests(OUT / "points.csv", activity_at(surges(points=True)))
base_w, base = run("as provisioned", serving(RACKS), RACKS, full_w, "polca")
free_w, free = run("30 % more, uncapped", serving(13), 13, full_w)
more_w, more = run("30 % more", serving(13), 13, full_w, "polca")
most_w, most = run("40 % more", serving(14), 14, full_w, "polca")
strict_w, strict = run("30 % more, rise in points", serving(13, "points.csv"), 13, full_w, "polca")
low, high = activity_at(0.97 / 1.375), activity_at(0.97)
idle_w, idle = run("training, uncapped", training(RACKS, low, high), RACKS, full_w, minutes=10)
same_w, same = run("training", training(RACKS, low, high), RACKS, full_w, "polca", 10)
over_w, over = run("training, 10 % more", training(11, low, high), 11, full_w, "polca", 10)


@style.drawn
def draw():
    """Power of the row over what it is provisioned for: inference as it is and with more servers, training."""
    figure, axes = style.sheet(3, height_in=6.6, sharex=False)
    runs = (
        ((base_w, "40 servers"), (free_w, "52 servers, uncapped"), (more_w, "52 servers")),
        ((most_w, "56 servers"), (strict_w, "52 servers, rise in points")),
        ((idle_w, "training, uncapped"), (same_w, "training"), (over_w, "training, 44 servers")),
    )
    for one, series in zip(axes, runs, strict=True):
        for (watts, name), color in zip(series, style.RUNS, strict=False):
            one.plot(np.arange(watts.size) / 60, watts / full_w, color=color, label=name, linewidth=0.8)
        one.axhline(1.0, color=style.LIMIT, linewidth=0.6)
        one.set_ylabel("row, over provision (1)")
        style.legend(one)
    axes[-1].set_xlabel("time (min)")
    return figure


peak, rise = base_w.max() / full_w, greatest_rise(base_w, points=False)
rates, speeds = kept(more, free, "prompt_tokens"), kept(same, idle, "progress")
late = [float(one["pool"]["ttft_p50_s"].sel(pool="high").mean()) for one in (free, more)]
fast = float((idle_w[12:] / idle_w[10:-2]).max()) - 1
print(f"40 servers, provisioned for {full_w / 1e3:.0f} kW: peak {peak:.1%}, 40-s rise {rise:.1%}")
for name, watts, tree in (
    ("30 % more, uncapped", free_w, free), ("30 % more", more_w, more), ("40 % more", most_w, most),
    ("30 % more, rise in points", strict_w, strict), ("training", same_w, same), ("training, 10 % more", over_w, over),
):  # fmt: skip
    print(f"{name}: peak {watts.max() / full_w:.1%}, the brake came {brakes(tree)} times")
print(f"throughput kept with 30 % more: high priority {rates['high']:.2%}, low {rates['low']:.2%}")
print(f"median time to first token of high priority {late[1] / late[0] - 1:+.2%}")
print(f"training: peak {idle_w[10:].max() / full_w:.1%}, 2-s rise {fast:.1%}")
print(f"speed kept as provisioned: high priority {speeds['high']:.1%}, low {speeds['low']:.1%}")
print(style.to_png(draw(), OUT / "thirty_percent.png"))
assert abs(peak - PEAK) < 0.005
assert abs(rise - RISE) < 0.005
assert free_w.max() > 1.02 * full_w
assert brakes(base) == brakes(more) == 0
assert more_w.max() <= full_w
assert rates["high"] > 0.99
assert rates["low"] > 0.98
assert late[1] < 1.01 * late[0]
assert brakes(most) == 0
assert most_w.max() <= full_w
assert brakes(strict) == 0
assert abs(idle_w[10:].max() / full_w - 0.97) < 0.01
assert abs(fast - 0.375) < 0.03
assert speeds["low"] < 0.95
assert brakes(over) > 0
