"""A year at Memphis: chillers with 25 degC water at PUE 1.22, towers with 32 degC water at 1.05 and 1.6 L/kWh.

Shows: a quasi-steady year from Python, its months, and what public figures say about the water: about 0.51 L/kWh in
March are drawn for a site of this size (25 million gallons at an assumed mean of 250 MW), a third of what these towers
buy. They reject all heat by evaporation and let a quarter of the water go for its salts; the site rejects most of its
heat dry.
"""

import sys
from pathlib import Path

import twin
from twin.judge.months import months
from twin.judge.result import reading
from twin.yearly import run_year

out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/years")
sites = Path(__file__).parents[1] / "site_configs"
found = {}
for name in ("colossus1", "colossus1_towers"):
    ran = run_year(twin.load_site(sites / f"{name}.yaml"), twin.Scenario(), out / name, overwrite=True)
    with reading(ran.result) as tree:
        found[name] = months(tree)
    print(f"{name}:", *ran.sentences, sep="\n  ")

chillers, towers = (found[name][-1] for name in found)
assert 1.21 < chillers.pue_equipment_inlet < 1.24
assert 1.04 < towers.pue_equipment_inlet < 1.06
assert chillers.bought_m3 == 0
assert 1.5 < towers.wue_bought_l_kwh < 1.65
assert towers.free_share > 0.99
march = found["colossus1_towers"][2]
drawn_l_kwh = 25e6 * 3.785 / (250e3 * march.hours)
print(f"drawn in March as published over what the towers buy: {drawn_l_kwh / march.wue_bought_l_kwh:.2f}")
assert 0.3 < drawn_l_kwh / march.wue_bought_l_kwh < 0.4
