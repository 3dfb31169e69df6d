"""Water of 32 instead of 25 degC saves 11.7 MW with chillers; 40 degC saves nothing more, and costs 8 K of margin.

Shows: the steady state of the full site, changes by path, a variant of a site.

Every server at 85 % activity, 36 degC outdoors, wet bulb 25 degC. Chillers save while their lift falls: from condenser
to evaporator it is 12 K + 36 degC - (supply - 2.5 K), and never below 18 K, which it reaches at 32.5 degC. Leakage of
the chips grows by 1.2 % a kelvin all the way: 0.17 MW for each kelvin of this site. The variant with towers needs no
chillers from 32 degC on.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import twin
from twin.at_rest import at_rest
from twin.report import style

OUTDOOR_C, WET_BULB_C, ACTIVITY, THROTTLE_C = 36.0, 25.0, 0.85, 87.0
SITES = Path(__file__).parents[1] / "site_configs"
SUPPLIES_C = {"colossus1": (25, 28, 32, 36, 40), "colossus1_towers": (32, 36, 40)}


def rests(name):
    """The site at rest by its facility supply temperature."""
    return {
        supply_c: at_rest(
            twin.load_site(SITES / f"{name}.yaml", {"halls.*.supply": f"{supply_c} degC"}),
            OUTDOOR_C,
            WET_BULB_C,
            ACTIVITY,
        )
        for supply_c in SUPPLIES_C[name]
    }


@style.drawn
def draw(plants):
    """Power of heat rejection, of servers and of the feed, and temperatures, over supply temperature."""
    figure, axes = style.sheet(2, 2, height_in=5.0, sharex=True)
    for color, (words, plant) in zip(style.RUNS, plants.items(), strict=False):
        supply_c = list(plant)
        for one, name in zip(axes, ("plant_w", "servers_w", "feed_w"), strict=False):
            one.plot(supply_c, [getattr(rest, name) / 1e6 for rest in plant.values()], "o-", color=color, label=words)
    chilled = plants["chillers"]
    axes[3].plot(
        list(chilled), [rest.hottest_c for rest in chilled.values()], "o-", color=style.LIMIT, label="hottest die"
    )
    axes[3].plot(
        list(chilled), [rest.inlet_c for rest in chilled.values()], "o-", color=style.AIR, label="air to servers"
    )
    axes[3].axhline(THROTTLE_C, color=style.LIMIT, linestyle="--", linewidth=0.8, label="throttles")
    axes[3].axhline(chilled[25].inlet_limit_c, color=style.AIR, linestyle="--", linewidth=0.8, label="allowed air")
    labels = ("heat rejection (MW)", "servers, by leakage (MW)", "feed (MW)", "temperature (°C)")
    for one, label in zip(axes, labels, strict=True):
        one.set_ylabel(label)
        style.legend(one, columns=4)
    for one in axes[2:]:
        one.set_xlabel("facility water supply (°C)")
    return figure


plants = {"chillers": rests("colossus1"), "towers and chillers": rests("colossus1_towers")}
print("plant                supply  plant MW  servers MW  feed MW    PUE  hottest  margin  air in")
for words, plant in plants.items():
    for supply_c, rest in plant.items():
        print(
            f"{words:20s} {supply_c:3d} degC  {rest.plant_w / 1e6:7.1f}  {rest.servers_w / 1e6:9.1f}  "
            f"{rest.feed_w / 1e6:8.1f}  {rest.pue:.3f}  {rest.hottest_c:4.1f} C  {THROTTLE_C - rest.hottest_c:4.1f} K  "
            f"{rest.inlet_c:.1f} C"
        )
out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())
print(style.to_png(draw(plants), out / "warmer_water.png"))

cool, warm, hot = (plants["chillers"][supply_c] for supply_c in (25, 32, 40))
assert abs((cool.feed_w - warm.feed_w) / 1e6 - 11.7) < 0.3
assert -1.0 < (warm.feed_w - hot.feed_w) / 1e6 < 0.1
assert 7.5 < hot.hottest_c - warm.hottest_c < 8.5
assert abs((hot.servers_w - warm.servers_w) / 8e6 - 0.17) < 0.01
