"""A policy in ten lines takes 40 % off every board after five minutes. It sees meters, not the plant.

Shows: the contract of a policy; `twin run SITE -p examples/03_write_a_policy.py:LateShift` runs it too.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.control.policy import Commands, Seen


class LateShift:
    """Lower every board to 60 % of its rating from minute five on."""

    every_s = 60.0

    def act(self, seen: Seen) -> Commands:
        """Caps for this minute."""
        share = 0.6 if seen.time_s >= 300 else 1.0
        return Commands(share * seen.fleet.gpu_max_w)


if __name__ == "__main__":
    site = twin.load_site(Path(__file__).parents[1] / "site_configs" / "pod.yaml")
    scenario = twin.Scenario.model_validate(
        {"duration": "10 min", "jobs": {"mix": "stress"}, "policy": {"name": f"{__file__}:LateShift"}}
    )
    result = twin.run(site, scenario, Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "late")
    gpu_w = result.site["gpu_w"].values
    print(f"boards draw {gpu_w[200] / 1e3:.0f} kW before and {gpu_w[500] / 1e3:.0f} kW after")
    assert np.isclose(gpu_w[500] / gpu_w[200], 0.6, atol=0.02)
