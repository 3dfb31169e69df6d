"""Cooling towers with 32 degC water run the stress day on 260 MW, chillers with 25 degC water on 309 MW.

Shows: a site as a variant of another, the steady state from Python, a humid day of 28 degC wet bulb on both plants.
"""

from pathlib import Path

import twin
from twin.at_rest import at_rest

sites = Path(__file__).parents[1] / "site_configs"
chillers, towers = twin.load_site(sites / "colossus1.yaml"), twin.load_site(sites / "colossus1_towers.yaml")
for wet_bulb_c in (25.0, 28.0):
    for site in (chillers, towers):
        rest = at_rest(site, 33.0, wet_bulb_c, 1.0)
        print(
            f"{site.name}, wet bulb {wet_bulb_c:g} degC: feed {rest.feed_w / 1e6:.1f} MW, PUE {rest.pue:.3f}, "
            f"hottest GPU {rest.hottest_c:.1f} degC"
        )
        if site is chillers:
            assert 305e6 < rest.feed_w < 313e6
        else:
            assert 258e6 < rest.feed_w < 266e6
            assert 1.05 < rest.pue < 1.09
        assert rest.hottest_c < 65
