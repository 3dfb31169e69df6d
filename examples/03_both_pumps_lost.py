"""A rack that loses both coolant pumps at full load throttles within 30 seconds; its neighbours do not.

Shows: events on named things, a watch list, seconds throttled per GPU.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin

site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
scenario = twin.Scenario.model_validate(
    {
        "duration": "2 min",
        "jobs": {"mix": "stress"},
        "policy": {"name": "uncapped"},
        "events": [{"at": "30 s", "trip": f"hall-1/cdu-001/pump-{letter}"} for letter in "ab"],
        "watch": ["hall-1/rack-001/node-1/gpu-1", "hall-1/rack-002/node-1/gpu-1"],
    }
)
result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "pumps")

die_c = result.tree["watch"]["die_c"].values
throttles_s = int(np.argmax(die_c[:, 0] > 87.0)) - 30
print(f"87 degC after {throttles_s} s without flow; the neighbour stays at {die_c[:, 1].max():.1f} degC")
assert 5 < throttles_s < 30
assert die_c[:, 1].max() < 60
