"""Water seven kelvin warmer saves a fifth of the chillers' power at 36 degC and costs seven kelvin of margin.

Shows: the steady state of the full site, and changes by path.
"""

from pathlib import Path

from twin.at_rest import at_rest
from twin.site.load import load_site

SITE = Path(__file__).parents[1] / "site_configs" / "colossus1.yaml"

rests = {}
for supply in ("25 degC", "32 degC"):
    rests[supply] = rest = at_rest(
        load_site(SITE, {"halls.*.supply": supply}), air_c=36.0, wet_bulb_c=25.0, activity=1.0
    )
    print(
        f"{supply}: feed {rest.feed_w / 1e6:.1f} MW, chillers {rest.plant_w / 1e6:.1f} MW, PUE {rest.pue:.3f}, "
        f"hottest {rest.hottest_c:.1f} degC"
    )

cool, warm = rests["25 degC"], rests["32 degC"]
assert 0.75 < warm.plant_w / cool.plant_w < 0.85
assert 6.5 < warm.hottest_c - cool.hottest_c < 7.5
