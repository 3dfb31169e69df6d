"""A fouled exchanger holds its supply temperature down to 66 % of its conductance; at 50 % it is 1.9 K too warm.

Shows: events that follow one another on one thing, records every minute.

The valve opens as the exchanger fouls, until it is open. The conductance needed then follows from the effectiveness
e = Q / (C_min (T_return - T_facility)): NTU = ln((1 - e Cr) / (1 - e)) / (1 - Cr). It is to be compared with that of
the clean exchanger at the same flows, 1/UA = (q_coolant^-0.7 + q_facility^-0.7) / (2 UA_design), flows over design.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.core import fluids
from twin.report import style

STAGES, STAGE_MIN = (1.0, 0.9, 0.8, 0.7, 0.67, 0.65, 0.6, 0.5), 20
UA_W_K, COOLANT_KG_S, FACILITY_KG_S = 12283.0, 1.2035, 1.25  # site_configs/parts/hgx_racks.yaml
site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "duration": f"{STAGE_MIN * len(STAGES)} min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [
            {
                "at": f"{STAGE_MIN * i} min",
                "for": f"{STAGE_MIN} min",
                "set": {"hall-1/cdu-001.conductance": f"{100 * share:g} %"},
            }
            for i, share in enumerate(STAGES)
        ],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "fouled")
tree = result.tree
cdu, hall = tree["cdu"].to_dataset().isel(cdu=0).load(), tree["hall"].to_dataset().isel(hall=0).load()
approach_k = cdu["supply_c"] - hall["inlet_c"]
ends = cdu.isel(time=slice(STAGE_MIN - 1, None, STAGE_MIN))


def share_needed(row):
    """Share of the clean conductance that carries ``row``'s heat at ``row``'s flows from coolant at its set point."""
    coolant = float(row["flow_kg_s"]) * fluids.specific_heat(fluids.PG25, 40.0)
    facility = float(row["facility_kg_s"]) * fluids.specific_heat(fluids.WATER, 30.0)
    least, ratio = min(coolant, facility), min(coolant, facility) / max(coolant, facility)
    back_c = 30.0 + float(row["return_c"] - row["supply_c"])
    effectiveness = float(row["heat_w"]) / (least * (back_c - 25.0))
    needed_w_k = least * np.log((1 - effectiveness * ratio) / (1 - effectiveness)) / (1 - ratio)
    shares = float(row["flow_kg_s"]) / COOLANT_KG_S, float(row["facility_kg_s"]) / FACILITY_KG_S
    return needed_w_k / (2 * UA_W_K / sum(share**-0.7 for share in shares))


@style.drawn
def draw():
    """Conductance left, valve, facility water and approach over the stages."""
    figure, axes = style.sheet(3, height_in=5.2, sharex=True)
    hours = cdu["time"] / 3600
    edges = np.arange(len(STAGES) + 1) * STAGE_MIN / 60
    axes[0].stairs(100 * np.array(STAGES), edges, baseline=None, color=style.INK, label="conductance left")
    axes[0].plot(hours, 100 * cdu["valve"], color=style.POWER, label="valve")
    axes[0].set_ylabel("share (%)")
    axes[1].plot(hours, cdu["facility_kg_s"], color=style.SUPPLY, label="facility water")
    axes[1].set_ylabel("flow (kg/s)")
    axes[2].plot(hours, approach_k, color=style.RETURN, label="coolant supply over facility supply")
    axes[2].axhline(5.0, color=style.SOFT, linewidth=0.8, linestyle="--", label="set point")
    axes[2].set_ylabel("approach (K)")
    axes[2].set_xlabel("time (h)")
    axes[2].set_xlim(0, edges[-1])
    style.mark(axes, edges[STAGES.index(0.65)], "65 %: valve open")
    for one in axes:
        style.legend(one)
    return figure


for share, minute in zip(STAGES, range(ends.sizes["time"]), strict=True):
    row = ends.isel(time=minute)
    valve, over_k = float(row["valve"]), float(row["supply_c"]) - 30.0
    print(f"{share:4.0%}: valve {valve:4.0%}, {float(row['facility_kg_s']):.3f} kg/s, supply {over_k:+.2f} K")
    assert (valve < 0.995) == (abs(over_k) < 0.05) == (share > 0.66)
least_share = share_needed(ends.isel(time=-1))
print(f"by effectiveness-NTU the open valve suffices down to {least_share:.1%}")
print(style.to_png(draw(), result.directory / "fouled_exchanger.png"))
assert abs(least_share - 0.66) < 0.005
assert abs(over_k - 1.9) < 0.05
