"""What a power-capping policy is: it sees telemetry and sends commands, never the state.

A policy is a small class. One object lives for one run, so it may keep what it learns on itself; there is
nothing to reset. `every_s` says how often it acts; `act` gets what the meters show and returns commands,
or None to leave things as they are.
"""

from math import inf
from numbers import Real
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.core.layout import IVec, Vec


class Tree(NamedTuple):
    """The electrical tree as breakers stand: nodes are elements (cables, transformers, ...), feed first, then racks.

    An element that feeds nothing now, like an open tie, hangs where it was built.
    """

    names: tuple[str, ...]
    parent: IVec  # the node that feeds it, -1 for the feed
    level: IVec  # nodes between it and the feed, the feed's own being 0
    limit_w: Vec  # by contract, infinite where there is none; the feed's own may be lowered by calls
    rating_va: Vec  # of the equipment, infinite where there is none
    substations: IVec  # the nodes metered as substations
    leaf: IVec  # the node each server hangs on: its rack

    def sums(self, node_w: Vec) -> Vec:
        """Sum of ``node_w``, an entry a server, over the servers under each node."""
        total: Vec = np.bincount(self.leaf, weights=node_w, minlength=self.parent.size).astype(float, copy=False)
        for level in range(int(self.level.max()), 0, -1):
            own = np.flatnonzero(self.level == level)
            np.add.at(total, self.parent[own], total[own])
        return total


class Fleet(NamedTuple):
    """What an operator knows of the servers, one entry a server where nothing else is said."""

    gpus: IVec  # GPUs in the server
    gpu_max_w: Vec  # rating of one of its boards
    gpu_min_cap_w: Vec  # least cap its boards accept
    gpu_idle_w: Vec  # of one board with nothing running
    brake_w: Vec  # what the power brake leaves one board
    clock_min_mhz: Vec  # least clock its boards can be locked at
    clock_base_mhz: Vec
    clock_max_mhz: Vec
    clock_exponent: Vec  # of dynamic power over clock
    floor_max_w: Vec  # greatest power floor of one board, 0 where it has none
    lost: Vec  # share of speed lost by natural power and limit, both evenly from 0 to the rating, [type, 21, 61]
    kind: IVec  # GPU type, an index into `kinds`
    rack: IVec  # its rack
    cdu: IVec  # the CDU of its rack
    cdu_flow_kg_s: Vec  # design flow of each CDU
    substations: list[IVec]  # the servers fed through each metered substation, as breakers stand
    tree: Tree
    kinds: tuple[str, ...]
    has_brake: bool
    has_clock: bool  # whether clocks can be locked

    def by_substation(self, node_w: Vec) -> Vec:
        """Sum of ``node_w`` over the servers of each substation."""
        return np.array([node_w[servers].sum() for servers in self.substations])


class Job(NamedTuple):
    """What the scheduler says of a job."""

    name: str
    kind: str  # training, constant, ...
    priority: int  # higher is held back later
    flexibility: float  # share of its speed that it can do without while the utility calls
    phase: str = ""  # of inference: prefill, decode, or mixed where servers do both
    pausable: bool = False  # whether the scheduler can pause it


NO_JOB = Job("", "", 0, 1.0)


class Notice(NamedTuple):
    """A limit of the feed that has been announced."""

    from_s: float
    until_s: float
    limit_w: float


class Seen(NamedTuple):
    """What a policy is shown: readings as old as their meters make them. Arrays are its own copies."""

    time_s: float  # since the start of the run
    fleet: Fleet
    feed_time_s: float  # when the feed was read
    feed_w: float  # power at the point of interconnection
    substation_w: Vec
    substation_limit_w: Vec
    node_time_s: float  # when the servers were read
    feed_then_w: float  # feed and substations at that time
    substation_then_w: Vec
    node_w: Vec  # power at the inlet of each server
    node_gpu_w: Vec  # power of its GPU boards together
    node_age_s: Vec  # how much older than `node_time_s` these are, where readings were missed
    cap_w: Vec  # cap last sent to each server, for one GPU
    clock_mhz: Vec  # clock last sent to each server, the greatest where none is locked
    floor_w: Vec  # power floor last sent to each server, for one GPU
    contract_w: float  # limit of the feed when nobody calls
    notices: tuple[Notice, ...]  # limits announced, those in force included
    level_w: Vec  # power at each node of the tree, as its own meter shows it
    rack_hottest_c: Vec  # hottest die of each rack
    cdu_flow_kg_s: Vec  # coolant of each CDU
    cdu_supply_c: Vec
    job: IVec  # job of each server, an index into `jobs`; 0 is none
    jobs: tuple[Job, ...]
    paused: NDArray[np.bool_]  # which of `jobs` are paused, or on their way there or back, says the scheduler

    def least_limit_w(self, ahead_s: float) -> float:
        """Least limit of the feed in force within the next ``ahead_s``, as far as announced."""
        end_s = self.time_s + ahead_s
        near = [n.limit_w for n in self.notices if n.from_s <= end_s and n.until_s > self.time_s]
        return min([self.contract_w, *near])


class Commands(NamedTuple):
    """What a policy asks for."""

    gpu_cap_w: Vec  # power cap of one GPU, an entry for each server; infinity lifts it
    brake: NDArray[np.bool_] | None = None  # which servers to brake; None leaves the brake as it is
    clock_mhz: Vec | None = None  # clock each server's GPUs are locked at, infinity for none; None leaves all
    floor_w: Vec | None = None  # what one GPU draws at least, by dummy work, 0 for none; None leaves all
    pause: NDArray[np.bool_] | None = None  # which of `Seen.jobs` shall be paused; None leaves them as they are
    admit: bool | None = None  # whether the queue may start jobs; None leaves that as it is


def is_period(every_s: Any) -> bool:
    """Whether a policy can act every ``every_s``: whole seconds above 0."""
    number = isinstance(every_s, Real) and not isinstance(every_s, bool)
    return number and 0 < every_s < inf and every_s % 1 == 0


class Policy(Protocol):
    """The contract of every policy."""

    every_s: float

    def act(self, seen: Seen) -> Commands | None:
        """Commands that follow from what is seen, or None to change nothing."""
        ...
