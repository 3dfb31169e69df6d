"""Control in whole runs of the pod: what a policy reaches, what happens when it fails, how fast its paths are."""

import json
from pathlib import Path

import numpy as np
import pytest

from twin.control.contract import reached
from twin.control.policies import POLICIES
from twin.core.errors import RunError
from twin.running import run
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.site.load import load_site

pytestmark = pytest.mark.compiled
POD = Path(__file__).parents[1] / "site_configs" / "pod.yaml"


def pod(**control):
    return load_site(POD, {f"control.{name}": value for name, value in control.items()} or None)


def scenario(**fields):
    return Scenario.model_validate({"duration": "2 min", "jobs": {"mix": "stress"}, **fields})


def policy(tmp_path, body):
    file = tmp_path / "mine.py"
    file.write_text(
        "import numpy as np\nfrom twin.control.policy import Commands\n"
        f"class Mine:\n    every_s = 5.0\n    def act(self, seen):\n        {body}\n"
    )
    return f"{file}:Mine"


def test_a_policy_reaches_nothing_of_the_plant(tmp_path):
    simulation = Simulation(pod(), scenario(), Path())
    simulation.settle()
    seen = simulation.control.look(0, simulation.state.node.job, simulation.workload.paused())
    mine = list(reached(seen))
    arrays = [thing for thing in mine if isinstance(thing, np.ndarray)]
    plant = [thing for thing in reached((simulation.state, simulation.compiled.plant)) if isinstance(thing, np.ndarray)]
    assert len(plant) > 300
    own = {id(array) for array in arrays}
    # Facts of the plant that an operator knows are read-only; everything else must be a copy.
    for secret in plant:
        assert id(secret) not in own or not secret.flags.writeable
    for array in arrays:
        if array.flags.writeable:
            assert not any(np.shares_memory(array, secret) for secret in plant)
    assert not any(type(thing).__module__.startswith(("twin.plant", "twin.simulation", "twin.drive")) for thing in mine)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_runs_the_pod_through_a_call(tmp_path, name):
    call = {"given": "0 s", "from": "60 s", "until": "100 s", "limit": "560 kW"}
    site = pod(brake="brake-line")
    done = run(site, scenario(policy={"name": name}, calls=[call]), tmp_path / "run")
    facts = done.facts
    assert facts["complete"] is True
    assert abs(facts["worst_part_residual"]) < 1e-10
    assert facts["policy_acts"] > 0
    assert 0 <= facts["policy_share"] < 1
    feed = done.site["feed_w"].values
    if name in ("feed-limit", "water-filling", "steering", "demand-response"):
        assert feed[62:100].max() <= 560e3


def test_a_policy_that_fails_ends_the_run_and_what_was_simulated_is_kept(tmp_path):
    mine = policy(tmp_path, "return Commands(np.full(seen.fleet.gpus.size, np.nan if seen.time_s >= 60 else np.inf))")
    with pytest.raises(
        RunError, match=r"policy .*mine.py:Mine failed at 60 s: ValueError: .* found nan W for server 0"
    ):
        run(pod(), scenario(policy={"name": mine}), tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["complete"], facts["simulated_s"]) == (False, 60)


def test_with_a_fallback_the_run_goes_on_and_says_so(tmp_path):
    mine = policy(tmp_path, "return 1 / 0 if seen.time_s >= 60 else None")
    done = run(pod(), scenario(policy={"name": mine, "fallback": "300 W"}), tmp_path / "run")
    assert done.facts["complete"] is True
    events = done.tree["events"]
    (message,) = events["message"].values
    assert (
        "failed at 60 s: ZeroDivisionError: division by zero (line 6); every board is capped at 300 W from now on"
        in message
    )
    assert done.site["cap_w"].values[-1] == 300
    assert done.site["gpu_w"].values[55] > 1.5 * done.site["gpu_w"].values[-1]


def test_caps_out_of_band_come_late_one_by_one_and_some_never(tmp_path):
    mine = policy(tmp_path, "return Commands(np.full(seen.fleet.gpus.size, 300.0)) if seen.time_s == 60 else None")
    done = run(pod(cap="out-of-band"), scenario(policy={"name": mine}), tmp_path / "run")
    capped = done.site["capped"].values
    assert capped[79] == 0
    assert capped[80] < capped[90] < capped[100]
    assert 0.9 * 400 < capped[-1] <= 400
    assert (np.diff(capped) >= 0).all()


def test_the_brake_goes_below_every_cap_and_comes_off_again(tmp_path):
    mine = policy(
        tmp_path,
        "return Commands(np.full(seen.fleet.gpus.size, np.inf), np.full(seen.fleet.gpus.size, 40 <= seen.time_s < 80))",
    )
    done = run(pod(brake="brake-line"), scenario(policy={"name": mine}), tmp_path / "run")
    cap_w = done.site["cap_w"].values
    np.testing.assert_allclose(cap_w[46:84], 0.2 * cap_w[10])
    np.testing.assert_allclose(cap_w[[30, 44, 90, -1]], cap_w[10])
    with pytest.raises(RunError, match="this site has no power brake"):
        run(pod(), scenario(policy={"name": mine}), tmp_path / "none")


def test_boards_are_read_wrong_by_their_own_gain_within_its_bound_and_not_on_the_whole(tmp_path):
    simulation = Simulation(pod(node_meter="nvml", rack_meter="pdu"), scenario(), Path())
    simulation.settle()
    seen = simulation.control.look(0, simulation.state.node.job, simulation.workload.paused())
    off = seen.node_gpu_w / simulation.state.node.gpu_w - 1
    assert np.abs(off).max() <= 0.05
    # The mean of eight boards or four is off by less than one of them: 5 %/sqrt(3 n).
    assert 0.006 < off.std() < 0.02
    np.testing.assert_allclose(seen.node_w / simulation.state.node.power_w - 1, off, rtol=1e-9)
    assert (
        np.abs(seen.level_w[-6:] / np.bincount(seen.fleet.rack, weights=simulation.state.node.power_w) - 1).max()
        <= 0.01
    )
    again = Simulation(pod(node_meter="nvml", rack_meter="pdu"), scenario(), Path())
    again.settle()
    np.testing.assert_array_equal(
        again.control.look(0, again.state.node.job, again.workload.paused()).node_gpu_w, seen.node_gpu_w
    )


@pytest.fixture(scope="module")
def flow_loss(tmp_path_factory):
    """Hottest die of a run in which all coolant of a CDU stands still for 45 s, by policy and path."""
    lost = [{"at": "30 s", "trip": f"hall-1/cdu-001/pump-{p}", "for": "45 s"} for p in "ab"]
    found = {}
    for name, path in (("uncapped", "in-band"), ("thermal-emergency", "in-band"), ("thermal-emergency", "out-of-band")):
        site = pod(cap=path, coolant_meter="exact", rack_meter="exact")
        out = tmp_path_factory.mktemp("loss") / "run"
        done = run(site, scenario(policy={"name": name}, events=lost), out)
        found[name, path] = done.site["hottest_c"].values.max(), done.site["throttled"].values.sum()
    return found


def test_in_band_caps_are_fast_enough_for_a_total_loss_of_flow_and_out_of_band_ones_are_not(flow_loss):
    in_band, late = flow_loss["thermal-emergency", "in-band"], flow_loss["thermal-emergency", "out-of-band"]
    assert in_band[0] < 87
    assert in_band[1] == 0
    assert late[0] > 87
    assert late[1] > 0
    assert flow_loss["uncapped", "in-band"][0] >= late[0] > in_band[0]
