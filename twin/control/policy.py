"""What a power-capping policy is: it sees telemetry and sends caps, never the state.

A policy is a small class. One object lives for one run, so it may keep what it learns on itself; there is
nothing to reset. `every_s` says how often it acts; `act` gets what the meters show and returns commands,
or None to leave things as they are.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from twin.core.layout import IVec, Vec


class Fleet(NamedTuple):
    """What an operator knows of the servers, one entry a server."""

    gpus: IVec  # GPUs in the server
    gpu_max_w: Vec  # rating of one of its boards
    gpu_min_cap_w: Vec  # least cap its boards accept
    rack: IVec  # its rack
    substations: list[IVec]  # the servers fed through each metered substation, as breakers stand

    def by_substation(self, node_w: Vec) -> Vec:
        """Sum of ``node_w`` over the servers of each substation."""
        return np.array([node_w[servers].sum() for servers in self.substations])


class Seen(NamedTuple):
    """What a policy is shown: readings as old as their meters make them. Arrays are its own copies."""

    time_s: float  # since the start of the run
    fleet: Fleet
    feed_w: float  # power at the point of interconnection
    substation_w: Vec
    substation_limit_w: Vec
    node_time_s: float  # when the servers were read
    feed_then_w: float  # feed and substations at that time
    substation_then_w: Vec
    node_w: Vec  # power at the inlet of each server
    node_gpu_w: Vec  # power of its GPU boards together
    cap_w: Vec  # cap last sent to each server, for one GPU
    least_limit_w: Callable[[float], float]  # least limit in force within so many seconds, as far as announced


class Commands(NamedTuple):
    """What a policy asks for."""

    gpu_cap_w: Vec  # power cap of one GPU, an entry for each server; infinity lifts it


class Policy(Protocol):
    """The contract of every policy."""

    every_s: float

    def act(self, seen: Seen) -> Commands | None:
        """Commands that follow from what is seen, or None to change nothing."""
        ...
