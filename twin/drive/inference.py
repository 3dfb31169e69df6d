"""Inference: a pool of servers that answers requests, each by a prefill of its prompt and a decoding of its answer.

A server prefills so many prompt tokens a second, or decodes so many tokens a second of the requests it holds. Requests
are work in seconds of a server; what arrives waits in one queue, first come first served, and the pool serves as many
seconds of it in a second as it has servers, times the speed that caps and temperatures leave:

    B(t + 1) = max(0, B(t) + W(t) - n s),   work served = what came and waits no more

Servers are busy in proportion, and their activity is that of what they do: prefill computes, near the maximum, decoding
reads memory, near half of it. So a cap makes a pool busier, and it loses work only where it cannot keep up. What an
uncapped pool would have served by now is what jobs are said to ask for.

Latency: a request waits for the work before it, B / (n s), then as in M/M/n for a server that is not busy (`erlang`),
at no more than 99 % of what the pool can do; the queue knows of the rest. Time to first token adds its prefill. Between
tokens lies a step of the whole batch, at worst with the prefill of another prompt in between; that prompts begin in a
step of length d has the chance 1 - exp(-rate d / n), and their prefill is exponential.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from twin.core.layout import Vec
from twin.core.quantity import Spec
from twin.drive import erlang
from twin.drive.backfill import NEVER
from twin.drive.requests import Arrivals, Drawn, RequestsSpec, Tokens, Traced
from twin.drive.waveform import Activity

_FULLEST = 0.99
_SHARES = (0.50, 0.99)
_ROUNDING_S = 1e-6


class InferenceSpec(Spec):
    """A pool of inference servers; without ``decode`` it only prefills, without ``prefill`` it only decodes."""

    prefill: Tokens | None = None
    """Prompt tokens a second that one server prefills [E]."""
    decode: Tokens | None = None
    """Tokens a second that one server generates, all requests together [E]."""
    requests: RequestsSpec
    """What arrives."""
    stream: Annotated[str, Field(min_length=1)] | None = None
    """Pools of one stream get the same requests at the same time: one prefills, another decodes. None: its own."""
    batch: Annotated[int, Field(ge=1)] = 64
    """Requests that one server decodes at once [E]."""
    prefill_activity: Activity = 1.0
    """Activity while prefilling."""
    decode_activity: Activity = 0.5
    """Activity while decoding."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.prefill is None and self.decode is None:
            raise ValueError("give prefill, decode or both: tokens a second of one server")
        return self

    @property
    def phase(self) -> str:
        """What its servers do: prefill, decode, or mixed where they do both."""
        return "mixed" if self.prefill and self.decode else "prefill" if self.prefill else "decode"

    def build(self, seed: int, folder: Path) -> "Load":
        """What a pool is to serve."""
        return Load(self, self.requests.build(seed, folder))


class Load(NamedTuple):
    """What a pool is to serve, whatever its size."""

    spec: InferenceSpec
    stream: Drawn | Traced
    period_s: float = 0.0
    lead_s: float = 0.0


class Service(NamedTuple):
    """How a pool did over some seconds; latencies [s] are NaN where nothing arrived, or it does not do that."""

    requests: float  # that arrived, a second
    prompt_tokens: float  # prefilled a second
    generated_tokens: float
    busy: float
    wait_s: float  # for the work before it, mean of the seconds
    ttft_p50_s: float
    ttft_p99_s: float
    tbt_p50_s: float
    tbt_p99_s: float
    ttft_count: Vec  # requests in each bin of `erlang.BIN_EDGES_S`
    tbt_count: Vec  # tokens likewise


_NONE = np.zeros(len(erlang.BIN_EDGES_S))
NO_SERVICE = Service(0.0, 0.0, 0.0, 0.0, 0.0, *4 * (float("nan"),), _NONE, _NONE)


@dataclass(eq=False)
class Pool:
    """A pool of servers at work on a load from tick ``start`` up to ``end``; work is in seconds of a server."""

    load: Load
    servers: int
    start: int
    end: int
    pace: float = 1.0
    _known: int = 0  # seconds of which the speed is known
    _arrived: Arrivals = field(init=False)
    _came_s: Vec = field(init=False)  # work that has come by the begin of each second
    _prefill_s: Vec = field(init=False)  # the part of that which is prefill
    _behind_s: Vec = field(init=False)  # work that waits at the begin of each second
    _uncapped_s: Vec = field(init=False)  # the same of a pool that always has its full speed
    _speed: Vec = field(init=False)

    def __post_init__(self) -> None:
        spec = self.load.spec
        self._arrived = self.load.stream.arrivals(self.start, self.end)
        prefill_s = self._arrived.context / spec.prefill if spec.prefill else 0.0 * self._arrived.context
        decode_s = self._arrived.generated / spec.decode if spec.decode else 0.0 * self._arrived.context
        self._came_s = np.concatenate([[0.0], np.cumsum(prefill_s + decode_s)])
        self._prefill_s = np.concatenate([[0.0], np.cumsum(prefill_s)])
        self._speed = np.ones(len(prefill_s))
        self._uncapped_s = self._queue(0.0, 0, len(prefill_s), 1.0)
        self._behind_s = self._uncapped_s.copy()

    def _queue(self, waiting_s: float, first: int, last: int, speed: float) -> Vec:
        """Work that waits at the begin of the seconds from ``first`` on and at the end of the last."""
        risen = self._came_s[first : last + 1] - self._came_s[first]
        risen = risen - self.servers * speed * np.arange(float(last - first + 1))
        return risen + np.maximum(waiting_s, -np.minimum.accumulate(risen))

    def _served(self, waiting_s: Vec, first: int) -> tuple[Vec, Vec]:
        """Work served in each second from ``first`` on, and the part that is prefill, served as it came."""
        done_s = self._came_s[first : first + len(waiting_s)] - waiting_s
        prefill_s = np.interp(done_s, self._came_s, self._prefill_s)
        return np.diff(done_s), np.diff(prefill_s)

    def _activity(self, waiting_s: Vec, first: int, speed: float | Vec) -> Vec:
        spec = self.load.spec
        served_s, prefill_s = self._served(waiting_s, first)
        weighed_s = spec.prefill_activity * prefill_s + spec.decode_activity * (served_s - prefill_s)
        return np.clip(weighed_s / (self.servers * np.maximum(speed, 1e-9)), 0.0, 1.0)

    @property
    def next_change(self) -> int:
        """It ends when the scenario says so."""
        return NEVER

    def is_late(self, tick: int) -> bool:
        """Whether work is left at ``tick`` that it would have done by then at full speed."""
        at = min(max(tick, self.start), self.end) - self.start
        return bool(self._behind_s[at] - self._uncapped_s[at] > _ROUNDING_S)

    def activity(self, first: int, last: int, per_tick: int = 1) -> Vec:
        """Mean activity in each step, at its pace of now; steps of a second are alike."""
        shown = np.zeros(max(last - first, 0))
        begin, stop = max(first, self.start) - self.start, min(last, self.end) - self.start
        if begin < stop:
            known = min(max(begin, self._known), stop)
            self._behind_s[known : stop + 1] = self._queue(self._behind_s[known], known, stop, self.pace)
            self._speed[known:stop] = self.pace
            piece = self._activity(self._behind_s[begin : stop + 1], begin, self._speed[begin:stop])
            shown[begin + self.start - first : stop + self.start - first] = piece
        return np.repeat(shown, per_tick)

    def uncapped_activity(self, first: int, last: int) -> Vec:
        """Mean activity of a pool that always had its full speed, in each tick."""
        begin, stop = first - self.start, last - self.start
        return self._activity(self._uncapped_s[begin : stop + 1], begin, 1.0)

    def felt(self, end: int, ticks: int, kept: float) -> None:
        """It kept that share of its speed in the ``ticks`` before ``end``."""
        begin, stop = end - ticks - self.start, end - self.start
        self._behind_s[begin : stop + 1] = self._queue(self._behind_s[begin], begin, stop, kept)
        self._speed[begin:stop], self.pace, self._known = kept, kept, stop

    def turn(self, tick: int) -> str:
        """Nothing happens to it by itself."""
        del tick
        return ""

    def useful_s(self, tick: int) -> float:
        """Its work is in tokens: NaN."""
        del tick
        return float("nan")

    def paused_s(self, tick: int) -> float:
        """A pool cannot be paused."""
        del tick
        return 0.0

    def service(self, first: int, last: int) -> Service:
        """How it did in the ticks from ``first`` up to ``last``; zeros where it did not run."""
        begin, stop = max(first, self.start) - self.start, min(last, self.end) - self.start
        if begin >= stop:
            return NO_SERVICE
        spec, seconds, speed = self.load.spec, stop - begin, np.maximum(self._speed[begin:stop], 1e-9)
        waiting_s, requests = self._behind_s[begin : stop + 1], self._arrived.requests[begin:stop]
        served_s, prefill_s = self._served(waiting_s, begin)
        fixed_s = waiting_s[:-1] / (self.servers * speed)
        arrived = float(requests.sum())
        ttft_s = tbt_s = (float("nan"), float("nan"))
        generated = float((served_s - prefill_s).sum()) * (spec.decode or 0.0)
        ttft_count = tbt_count = _NONE
        if arrived > 0.0:
            came_s = float(self._came_s[stop] - self._came_s[begin])
            prompt_s = float(self._prefill_s[stop] - self._prefill_s[begin]) / arrived / speed
            ttft_s, ttft_count = self._first_token(requests, fixed_s + prompt_s, came_s, float(speed.mean()))
            longest_s = float(prompt_s.mean())
            tbt_s, tbt_count = self._between_tokens(arrived / seconds, longest_s, float(speed.mean()), generated)
        return Service(
            arrived / seconds,
            float(prefill_s.sum()) * (spec.prefill or 0.0) / seconds,
            generated / seconds,
            float((served_s / (self.servers * speed)).mean()),
            float(fixed_s.mean()),
            *ttft_s,
            *tbt_s,
            ttft_count,
            tbt_count,
        )

    def _first_token(self, requests: Vec, fixed_s: Vec, came_s: float, speed: float) -> tuple[tuple[float, float], Vec]:
        """Time to the first token that half and 99 % of requests stay below, and requests by bin."""
        if self.load.spec.prefill is None:
            return (float("nan"), float("nan")), _NONE
        offered = min(came_s / len(requests) / speed, _FULLEST * self.servers)
        wait = erlang.tail(self.servers, offered, came_s / float(requests.sum()) / speed)
        half_s, most_s = (erlang.quantile_s(share, requests, fixed_s, wait) for share in _SHARES)
        return (half_s, most_s), erlang.counts(requests, fixed_s, wait)

    def _between_tokens(
        self, rate: float, prompt_s: float, speed: float, tokens: float
    ) -> tuple[tuple[float, float], Vec]:
        """Time between tokens that half and 99 % of them stay below, and tokens by bin."""
        spec = self.load.spec
        if spec.decode is None:
            return (float("nan"), float("nan")), _NONE
        step_s = spec.batch / spec.decode / speed
        chance = 1.0 - np.exp(-rate * step_s / self.servers)
        longer = (max(0.0, float(np.log(max(chance, 1e-300) / (1.0 - share)))) for share in _SHARES)
        half_s, most_s = (step_s + prompt_s * one for one in longer)
        wait = erlang.Tail(float(chance), prompt_s)
        return (half_s, most_s), erlang.counts(np.array([tokens]), np.array([step_s]), wait)
