"""Inference pools: requests, the queue before the servers, what they draw and how long a request waits."""

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.core.errors import TraceError
from twin.drive import erlang
from twin.drive.erlang import Tail, erlang_c, quantile_s, tail
from twin.drive.inference import InferenceSpec, Pool
from twin.drive.requests import RequestsSpec

RATES = {"prefill": 40000, "decode": 4000}


def pool(folder=None, servers=10, seconds=600, seed=1, **fields):
    spec = InferenceSpec.model_validate(RATES | {"requests": {"rate": 50}} | fields)
    return Pool(spec.build(seed, folder), servers, 0, seconds)


# Textbook values (Kleinrock, Queueing Systems I): M/M/1 waits with rho, 1 Erlang on two servers, 2 on three, 4 on five.
@pytest.mark.parametrize(
    ("servers", "offered", "chance"), [(1, 0.7, 0.7), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (5, 4.0, 0.5541)]
)
def test_erlang_c_has_published_values(servers, offered, chance):
    assert erlang_c(servers, offered) == pytest.approx(chance, abs=5e-5)
    assert erlang_c(servers, 1.1 * servers) == 1.0


@given(st.integers(1, 150), st.integers(1, 99))
def test_erlang_c_is_the_sum_of_its_definition(servers, percent):
    offered = Fraction(percent * servers, 100)
    terms = [offered**j / factorial(j) for j in range(servers)]
    last = offered**servers / factorial(servers) * servers / (servers - offered)
    assert erlang_c(servers, float(offered)) == pytest.approx(float(last / (sum(terms) + last)), rel=1e-9)


def test_a_wait_has_the_quantiles_of_its_exponential():
    wait = tail(3, 2.0, 6.0)
    assert wait.mean_s == pytest.approx(6.0)
    median = quantile_s(0.5, np.array([1.0, 5.0]), np.array([2.0, 2.0]), wait)
    assert median == pytest.approx(2.0, abs=1e-9)
    assert quantile_s(0.99, np.ones(1), np.zeros(1), wait) == pytest.approx(6.0 * np.log(400 / 9), rel=1e-9)
    assert quantile_s(0.9, np.array([9.0, 1.1]), np.array([1.0, 7.0]), Tail(0.0, 1.0)) == pytest.approx(7.0)
    assert np.isnan(quantile_s(0.9, np.zeros(1), np.zeros(1), wait))


def test_a_stream_has_its_mean_its_day_and_its_bursts():
    spec = RequestsSpec.model_validate({"rate": 20, "diurnal": "50 %", "peak": "15 h", "burstiness": 0.4})
    arrived = spec.build(3, None).arrivals(0, 86400)
    assert arrived.requests.mean() == pytest.approx(20, rel=0.03)
    hours = arrived.requests.reshape(24, 3600).mean(axis=1)
    assert hours.argmax() in range(13, 17)
    assert hours.max() / hours.min() == pytest.approx(3.0, rel=0.15)
    bursts = arrived.requests.reshape(-1, 10).mean(axis=1)
    level = 1 + 0.5 * np.cos(2 * np.pi * (np.arange(8640) * 10 + 5 - 54000) / 86400)
    relative = bursts / (20 * level)
    assert relative.var() == pytest.approx(0.4**2 + (1 / (200 * level)).mean(), rel=0.1)
    assert arrived.context.sum() / arrived.requests.sum() == pytest.approx(2048, rel=0.02)
    again, other = spec.build(3, None).arrivals(0, 86400), spec.build(4, None).arrivals(0, 86400)
    assert np.array_equal(arrived.context, again.context)
    assert not np.array_equal(arrived.context, other.context)


def test_a_trace_is_counted_by_the_second_and_starts_over(tmp_path):
    (tmp_path / "t.csv").write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,100,10\n"
        "2023-11-16 18:17:04.0319600,300,8\n2023-11-16 18:17:05.9999999,50,2\n"
    )
    stream = RequestsSpec(file="t.csv", scale=2.0).build(0, tmp_path)
    arrived = stream.arrivals(0, 5)
    assert arrived.requests.tolist() == [4, 0, 2, 4, 0]
    assert arrived.context.tolist() == [800, 0, 100, 800, 0]
    (tmp_path / "bad.csv").write_text("TIMESTAMP,ContextTokens,GeneratedTokens\nsoon,100,10\n5,many,1\n")
    with pytest.raises(TraceError) as error:
        RequestsSpec(file="bad.csv").build(0, tmp_path)
    assert '"soon" is no time' in str(error.value)
    assert '"many" is no number of tokens' in str(error.value)


def test_the_azure_trace_of_coding_requests(twin_data):
    folder = twin_data("azure_llm_2023")
    arrived = RequestsSpec(file="AzureLLMInferenceTrace_code.csv").build(0, folder).arrivals(0, 3436)
    assert arrived.requests.sum() == 8819
    assert arrived.context.sum() / 8819 == pytest.approx(2047.8, abs=0.1)
    assert arrived.generated.sum() / 8819 == pytest.approx(27.9, abs=0.1)
    served = Pool(InferenceSpec.model_validate(
        {"prefill": 20000, "decode": 2000, "requests": {"file": "AzureLLMInferenceTrace_code.csv"}}
    ).build(0, folder), 2, 0, 3436).service(0, 3436)  # fmt: skip
    assert served.requests == pytest.approx(8819 / 3436)
    assert served.ttft_p99_s > served.ttft_p50_s > 0.1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0.3, 1.0)), min_size=1, max_size=60))
def test_no_request_is_lost_and_the_queue_is_that_of_a_loop(paces):
    one = pool(seconds=400)
    work_s = np.diff(one._came_s)
    waiting_s, tick, done_s = 0.0, 0, 0.0
    for ticks, kept in paces:
        one.activity(tick, tick + ticks)
        one.felt(tick + ticks, ticks, kept)
        for k in range(tick, tick + ticks):
            before_s = waiting_s
            waiting_s = max(0.0, waiting_s + work_s[k] - 10 * kept)
            done_s += before_s + work_s[k] - waiting_s
        tick += ticks
        assert one._behind_s[tick] == pytest.approx(waiting_s, abs=1e-8)
    assert done_s + waiting_s == pytest.approx(one._came_s[tick], abs=1e-8)


def test_a_cap_makes_a_pool_busier_until_it_cannot_keep_up():
    free, capped, late = (pool(requests={"rate": 115}) for _ in range(3))
    shares = free.activity(0, 600)
    capped.felt(0, 0, 0.8)
    late.felt(0, 0, 0.5)
    busier = capped.activity(0, 600)
    assert (0.8 * busier).sum() == pytest.approx(shares.sum(), rel=1e-2)
    assert free.service(540, 600).busy < capped.service(540, 600).busy < 1.0
    assert not free.is_late(600)
    late.activity(0, 600)
    assert late.is_late(600)
    slow, fast = late.service(540, 600), free.service(540, 600)
    assert slow.busy == pytest.approx(1.0)
    assert slow.ttft_p99_s > 10 * fast.ttft_p99_s
    assert slow.tbt_p50_s == pytest.approx(2 * fast.tbt_p50_s)
    assert late.uncapped_activity(0, 600) == pytest.approx(shares)


def test_activity_is_that_of_what_servers_do():
    both = pool().activity(0, 600)
    prompts = pool(decode=None).activity(0, 600)
    answers = pool(prefill=None).activity(0, 600)
    assert both == pytest.approx(prompts + answers, abs=1e-12)
    # 50 requests a second of 2,048 tokens on ten servers of 40,000 a second; 28 generated of 4,000, at half the power.
    assert prompts.mean() == pytest.approx(50 * 2048 / 400_000, rel=0.03)
    assert answers.mean() == pytest.approx(0.5 * 50 * 28 / 40_000, rel=0.03)
    assert np.isnan(pool(decode=None).service(0, 60).tbt_p99_s)
    assert np.isnan(pool(prefill=None).service(0, 60).ttft_p99_s)
    assert np.array_equal(pool().activity(5, 9, 4), np.repeat(pool().activity(0, 9)[5:], 4))


def test_between_tokens_lies_a_step_or_a_prefill():
    served = pool().service(0, 60)
    assert served.tbt_p50_s == pytest.approx(64 / 4000)
    chance = 1 - np.exp(-served.requests / 10 * 64 / 4000)
    prompt_s = served.prompt_tokens / served.requests / 40000
    assert served.tbt_p99_s == pytest.approx(64 / 4000 + prompt_s * np.log(chance / 0.01), rel=0.02)
    assert served.generated_tokens / served.requests == pytest.approx(28, rel=0.1)


def test_counted_latencies_have_the_percentiles_of_the_minute():
    served = pool().service(0, 60)
    assert served.ttft_count.sum() == pytest.approx(60 * served.requests)
    assert served.tbt_count.sum() == pytest.approx(60 * served.generated_tokens)
    for counts, half_s, most_s in (
        (served.ttft_count, served.ttft_p50_s, served.ttft_p99_s),
        (served.tbt_count, served.tbt_p50_s, served.tbt_p99_s),
    ):
        for share, expected_s in ((0.5, half_s), (0.99, most_s)):
            k = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
            assert erlang.BIN_EDGES_S[k] <= expected_s * (1 + 1e-9)
            assert expected_s <= erlang.BIN_EDGES_S[k + 1] * (1 + 1e-9)


def test_says_what_is_wrong():
    with pytest.raises(ValidationError, match="prefill, decode or both"):
        InferenceSpec.model_validate({"requests": {"rate": 1}})
    with pytest.raises(ValidationError, match="either file or rate"):
        RequestsSpec()
