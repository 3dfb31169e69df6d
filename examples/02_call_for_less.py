"""The utility calls for 560 kW: the pod is under it when the notice has run out, and stays there.

Shows: scenarios with calls, a policy, the verdict in words.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import twin

site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "title": "Call for less",
        "duration": "30 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "feed-limit"},
        "calls": [{"given": "0 s", "from": "10 min", "until": "20 min", "limit": "560 kW"}],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "call")

feed_w = result.site["feed_w"].values
print(*twin.finish(result, report=False), sep="\n")
assert feed_w[600:1200].max() <= 560e3
assert feed_w[:500].max() > 640e3
