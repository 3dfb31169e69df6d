"""Wet bulb of 28 degC: towers with 32 degC water run the full site on 261 MW, chillers with 25 degC water on 308 MW.

Shows: a site as a variant of another, the steady state from Python, humid air on both plants.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.at_rest import at_rest
from twin.report import style

SITES = Path(__file__).parents[1] / "site_configs"
WET_BULBS_C = (22.0, 25.0, 28.0)
USES = {"plant_w": "heat rejection", "pumps_w": "pumps and fans", "losses_w": "electrical losses"}


@style.drawn
def draw(rests):
    """What the feed carries beside IT equipment, for both plants and each wet bulb."""
    figure, (one,) = style.sheet(1, height_in=3.2)
    names = [f"{name},\nwet bulb {wet_bulb_c:g} °C" for name, wet_bulb_c in rests]
    base_mw = np.zeros(len(rests))
    for color, (field, words) in zip((style.SUPPLY, style.COOLANT, style.SOFT), USES.items(), strict=True):
        mw = np.array([getattr(rest, field) for rest in rests.values()]) / 1e6
        one.bar(names, mw, 0.6, bottom=base_mw, color=color, label=words)
        base_mw += mw
    for i, rest in enumerate(rests.values()):
        words = f"feed {rest.feed_w / 1e6:.0f} MW\nPUE {rest.pue:.2f}"
        one.annotate(words, (i, base_mw[i]), (0, 2), textcoords="offset points", ha="center")
    one.set_ylim(0, 1.25 * base_mw.max())
    one.set_ylabel("power beside IT equipment (MW)")
    style.legend(one)
    return figure


rests = {}
for name in ("colossus1", "colossus1_towers"):
    site = twin.load_site(SITES / f"{name}.yaml")
    for wet_bulb_c in WET_BULBS_C:
        rests[site.name, wet_bulb_c] = rest = at_rest(site, 33.0, wet_bulb_c, 1.0)
        print(
            f"{site.name}, wet bulb {wet_bulb_c:g} degC: feed {rest.feed_w / 1e6:.1f} MW, PUE {rest.pue:.3f}, "
            f"hottest GPU {rest.hottest_c:.1f} degC"
        )
        assert rest.hottest_c < 65
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())
print(style.to_png(draw(rests), out / "humid_day.png"))

assert abs(rests["colossus1", 28.0].feed_w / 1e6 - 308) < 2
assert abs(rests["colossus1-towers", 28.0].feed_w / 1e6 - 261) < 2
assert rests["colossus1-towers", 28.0].feed_w > rests["colossus1-towers", 22.0].feed_w
