"""Ten minutes of a pod: its books close to one part in ten thousand million.

Shows: loading a site, running it, reading a result.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import twin

site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate({"duration": "10 min"})
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "first")

feed_kw = result.site["feed_w"] / 1e3
print(f"feed: mean {float(feed_kw.mean()):.0f} kW, peak {float(feed_kw.max()):.0f} kW")
print(f"energy residual: {result.facts['energy_residual']:.1e}")
assert abs(result.facts["energy_residual"]) < 1e-10
