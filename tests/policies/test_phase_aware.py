"""P6: decoding servers capped at half their rating lose less than 2 % of their throughput; those that prefill none."""

from pathlib import Path

import numpy as np
import pytest

import twin
from tests.policies.scenes import FLEET, JOB, seen
from twin.control.contract import check_policy
from twin.control.policies import make_policy
from twin.control.policies.phase_aware import PhaseAware
from twin.core.errors import ScenarioError
from twin.core.speed import lost_table, speed_lost
from twin.drive.inference import InferenceSpec
from twin.drive.jobs import JobSpec

POD = Path(__file__).parents[2] / "site_configs" / "pod.yaml"
PREFILL, DECODE = 40000, 2000  # tokens a second of a server


def pools(busy):
    """Four servers that prefill and sixteen that decode the same requests, so that the latter are so busy."""
    requests = {"rate": busy * 16 * DECODE / 256, "context": 1024, "generated": 256}
    shared = {"stream": "chat", "requests": requests}
    return [
        {"name": "prompts", "nodes": 4, "start": "0 s", "inference": {"prefill": PREFILL} | shared},
        {"name": "answers", "nodes": 16, "start": "0 s", "inference": {"decode": DECODE} | shared},
        {"name": "chat", "nodes": 4, "start": "0 s", "inference": {"prefill": PREFILL, "decode": DECODE,
                                                                "requests": {"rate": 20}}},
    ]  # fmt: skip


def test_only_servers_that_decode_are_capped():
    caps = PhaseAware().act(seen(600.0)).gpu_cap_w
    np.testing.assert_array_equal(caps[JOB == 1], 0.5 * FLEET.gpu_max_w[JOB == 1])
    np.testing.assert_array_equal(caps[JOB != 1], FLEET.gpu_max_w[JOB != 1])


def test_it_keeps_the_contract_alone_and_with_others():
    for name in ("phase-aware", "phase-aware+steering", "demand-response+phase-aware"):
        assert check_policy(lambda name=name: make_policy(name, {})) == []
    with pytest.raises(ScenarioError, match=r"decode_share is a share of the rating above 0 and up to 1, found 1\.5"):
        make_policy("phase-aware", {"decode_share": 1.5})


def test_pools_say_their_phase_and_share_their_requests():
    jobs = [JobSpec.model_validate(job) for job in pools(0.8)]
    assert [job.inference.phase for job in jobs] == ["prefill", "decode", "mixed"]
    one, two, other = (job.waveform(7, Path()).stream.arrivals(0, 300) for job in jobs)
    np.testing.assert_array_equal(one.requests, two.requests)
    np.testing.assert_array_equal(one.generated, two.generated)
    assert not np.array_equal(one.requests, other.requests)
    assert InferenceSpec.model_validate({"decode": 1, "requests": {"rate": 1}}).stream is None


def decoded(tmp_path, busy, policy):
    scenario = {"duration": "15 min", "jobs": pools(busy), "policy": {"name": policy}}
    tree = twin.run(twin.load_site(POD), twin.Scenario.model_validate(scenario), tmp_path / f"{policy}-{busy}").tree
    pool, job = (tree[name].to_dataset().isel(time=slice(5, None)) for name in ("pool", "job"))
    figures = {name: pool[name].mean("time") for name in ("generated_tokens", "prompt_tokens", "busy", "tbt_p50_s")}
    return figures | {name: job[name].mean("time") for name in ("power_w", "work", "demand")} | {"pool": pool}


def test_p6_a_decode_pool_at_half_its_rating_loses_less_than_two_percent(tmp_path):
    free, capped = (decoded(tmp_path, 0.85, policy) for policy in ("uncapped", "phase-aware"))

    def change(name, job):
        dimension = "pool" if "pool" in free[name].dims else "job"
        return float(capped[name].sel({dimension: job}) / free[name].sel({dimension: job})) - 1

    assert change("generated_tokens", "answers") > -0.02
    assert change("tbt_p50_s", "answers") < 0.02
    for name in ("prompts", "chat"):
        assert change("work", name) == pytest.approx(0.0, abs=1e-6)
    assert change("prompt_tokens", "prompts") == pytest.approx(0.0, abs=1e-6)
    print(
        {name: change(name, "answers") for name in ("generated_tokens", "tbt_p50_s", "power_w", "work")}, free, capped
    )


def test_p6_what_a_decode_pool_loses_that_has_no_second_to_spare(tmp_path):
    """All of its servers decode all of the time: natural power is 0.55 of the rating by the default activity [E]."""
    table = lost_table(twin.load_site(POD).library.gpus["h100-sxm"].speed)
    at = {share: float(speed_lost(table, share, 0.5)) for share in (0.5, 0.52, 0.55)}
    assert at[0.5] == 0.0
    free, capped = (decoded(tmp_path, 1.2, policy) for policy in ("uncapped", "phase-aware"))
    lost = 1 - float((capped["generated_tokens"] / free["generated_tokens"]).sel(pool="answers"))
    print(at, lost)
    assert lost == pytest.approx(at[0.55], rel=0.2)
