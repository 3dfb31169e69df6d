"""Both pumps lost at full load: GPUs reach 87 degC in 19 s, under a cap of 350 W in 43 s, as a closed form says.

Shows: events on named things, a watch list, two runs that differ in their policy.

Without flow a board heats its own capacity, dT/dt = P / (C_die + C_hbm + C_plate) = 675 W / 285 J/K = 2.4 K/s; P is
what reaches the plate, without the loss of the regulators into air. Until then the pumps run down with a time
constant of 4 s. If the heat that coolant takes away fell in proportion to their speed, 4 s worth of it would still be
taken. So t = 4 s + (87 degC - T) (C_die + C_hbm + C_plate) / P, with T and P of the moment of the trip.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.report import style

AT, THROTTLE_C = 60, 87.0
COAST_S, CAPACITY_J_K, AIR_SHARE = 4.0, 25 + 40 + 220, 0.09 * 0.4  # site_configs/parts/hgx_racks.yaml
POLICIES = {
    "700 W": {"name": "uncapped"},
    "350 W": {"name": "uniform-cap", "fields": {"share": 0.5}},
}
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())


def lost_under(policy, name):
    """Die temperatures and board powers of a GPU that loses its coolant and of one in the next rack."""
    scenario = twin.Scenario.model_validate(
        {
            "duration": "3 min",
            "jobs": {"mix": "stress"},
            "policy": policy,
            "events": [{"at": f"{AT} s", "trip": f"hall-1/cdu-001/pump-{letter}"} for letter in "ab"],
            "watch": ["hall-1/rack-001/node-1/gpu-1", "hall-1/rack-002/node-1/gpu-1"],
        }
    )
    watched = twin.run(site, scenario, out / name).tree["watch"]
    return watched["time"].values - AT, watched["die_c"].values, watched["power_w"].values


@style.drawn
def draw(runs):
    """Dies and board powers after the trip, with the closed form dashed."""
    figure, (dies, powers) = style.sheet(2, height_in=5.0, sharex=True, height_ratios=[1.6, 1.0])
    for color, (cap, (after_s, die_c, power_w, expected_s)) in zip(style.RUNS, runs.items(), strict=False):
        dies.plot(after_s, die_c[:, 0], color=color, label=f"without flow, {cap}")
        dies.plot(
            [COAST_S, expected_s], [die_c[AT - 1, 0], THROTTLE_C], color=color, linestyle=":", label="closed form"
        )
        powers.plot(after_s, power_w[:, 0], color=color, label=f"without flow, {cap}")
    dies.plot(after_s, die_c[:, 1], color=style.SOFT, label="its neighbour, 350 W")
    for celsius, words in ((THROTTLE_C, "throttles"), (92.0, "slows down"), (105.0, "switches off")):
        dies.axhline(celsius, color=style.LIMIT, linewidth=0.6)
        dies.annotate(words, (-9.5, celsius), (0, 2), textcoords="offset points", color=style.LIMIT)
    dies.set_ylabel("die (°C)")
    powers.set_ylabel("board power (W)")
    powers.set_xlabel("time since both pumps tripped (s)")
    powers.set_xlim(-10, 80)
    style.mark([dies, powers], 0.0, "pump-a and pump-b trip")
    style.legend(dies)
    style.legend(powers)
    return figure


runs = {}
for cap, policy in POLICIES.items():
    after_s, die_c, power_w = lost_under(policy, f"pumps_{cap[:3]}")
    heat_w = (1 - AIR_SHARE) * power_w[AT - 1, 0]
    expected_s = COAST_S + (THROTTLE_C - die_c[AT - 1, 0]) * CAPACITY_J_K / heat_w
    throttles_s = np.interp(THROTTLE_C, die_c[AT : AT + 60, 0], after_s[AT : AT + 60])
    runs[cap] = after_s, die_c, power_w, expected_s
    print(
        f"{cap}: from {die_c[AT - 1, 0]:.1f} degC to {THROTTLE_C:g} degC in {throttles_s:.1f} s, closed form "
        f"{expected_s:.1f} s; the neighbour stays at {die_c[:, 1].max():.1f} degC"
    )
    assert abs(throttles_s - {"700 W": 19, "350 W": 43}[cap]) < 0.5
    assert abs(throttles_s / expected_s - 1) < 0.05
    assert die_c[:, 1].max() < 60
print(style.to_png(draw(runs), out / "both_pumps.png"))
