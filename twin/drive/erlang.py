"""Waiting in a queue before several servers, M/M/k: arrivals without memory, exponential service, served as they come.

With ``offered`` Erlangs (arrival rate times mean service time) on k servers, an arrival waits at all with probability

    C = B / (1 - rho (1 - B)),   rho = offered / k,   B(0) = 1,  B(j) = offered B(j-1) / (j + offered B(j-1))

and then for an exponential time of mean service / (k - offered). [1]

[1] A. K. Erlang, Post Office Electrical Engineers' Journal 10 (1918); L. Kleinrock, Queueing Systems I, 1975, 3.5.
"""

from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec

_HALVINGS = 50
BIN_EDGES_S = np.concatenate([[0.0], np.geomspace(1e-3, 1e5, 8 * 48 + 1)])
"""Lower edges of the bins that latencies are counted in: 48 a decade, each 4.9 % wide; the last has no end."""


class Tail(NamedTuple):
    """The chance to wait longer than t: ``chance * exp(-t / mean_s)``."""

    chance: float
    mean_s: float


def erlang_c(servers: int, offered: float) -> float:
    """Probability that an arrival waits; 1 where the offered load is all that the servers can do, or more."""
    if offered >= servers:
        return 1.0
    blocked = 1.0
    for j in range(1, servers + 1):
        blocked = offered * blocked / (j + offered * blocked)
    rho = offered / servers
    return blocked / (1.0 - rho * (1.0 - blocked))


def tail(servers: int, offered: float, service_s: float) -> Tail:
    """How long an arrival waits for one of so many servers, each busy for ``service_s`` on average."""
    return Tail(erlang_c(servers, offered), service_s / max(servers - offered, 1e-9 * servers))


def quantile_s(share: float, weights: Vec, fixed_s: Vec, wait: Tail) -> float:
    """The time below which ``share`` of arrivals are: each waits its ``fixed_s``, then by ``wait``.

    ``weights`` are how many arrivals each fixed time has; NaN where there are none.
    """
    total = weights.sum()
    if total <= 0.0:
        return float("nan")
    weights = weights / total
    low = float(fixed_s.min())
    high = float(fixed_s.max()) + wait.mean_s * max(0.0, np.log(max(wait.chance, 1e-300) / (1.0 - share)))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        past_s = middle - fixed_s
        later = np.where(past_s < 0.0, 1.0, wait.chance * np.exp(-np.maximum(past_s, 0.0) / wait.mean_s))
        low, high = (middle, high) if float(weights @ later) > 1.0 - share else (low, middle)
    return high


def counts(weights: Vec, fixed_s: Vec, wait: Tail) -> Vec:
    """How many arrivals fall into each bin of `BIN_EDGES_S`: each waits its ``fixed_s``, then by ``wait``."""
    past_s = BIN_EDGES_S[:, None] - fixed_s
    later = np.where(past_s < 0.0, 1.0, wait.chance * np.exp(-np.maximum(past_s, 0.0) / max(wait.mean_s, 1e-12)))
    waiting = later @ weights
    # Everybody waits for some time, so that nobody is left out of the first bin.
    waiting[0] = weights.sum()
    found: Vec = -np.diff(waiting, append=0.0)
    return found
