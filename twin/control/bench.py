"""A bench for policies: a few dozen servers behind the meters and paths of a run, with the simplest plant there is.

Boards draw the least of what they want at their clock and their cap, and no less than their floor below that; those of
a job that is told to pause idle; all else at the meter is constant; each die is one mass on its cold plate, C dT/dt = P
- G (T - T_coolant) with G in proportion to flow. It is what `twin policies check` and the tests of policies run on; it
says nothing about a site.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.control.actuation import Actuators, CapPath, ClockPath, FloorPath, PathSetUp
from twin.control.loop import Charge, ControlLoop, Limits, Meters
from twin.control.policy import NO_JOB, Fleet, Job, Policy, Tree
from twin.control.sensing import Meter
from twin.core.layout import IVec, Vec

SERVERS = 32
LOSS = 0.3, 0.85
"""Share of speed lost for each share of natural power withheld, and for its square."""
_DIE_J_K, _PLATE_W_K, _COOLANT_C = 454.0, 25.0, 35.0
_RACKS, _CDU_KG_S, _HOST = 8, 3.0, 0.3  # power of a server beside its boards over their rating
JOBS = (
    NO_JOB,
    Job("inference", "inference", 2, 0.0, "decode"),
    Job("training", "training", 1, 0.25, pausable=True),
    Job("batch", "step", 0, 0.5, pausable=True),
)
_CAP_PATH, _BRAKE_PATH, _CLOCK_PATH = PathSetUp(1.0), PathSetUp(5.0), PathSetUp(1.0, 15.0)


def bench_fleet(limit_w: float = 400e3, substation_w: float = 250e3) -> Fleet:
    """Two substations of two boards of two racks of four servers: eight GPUs of 700 W, or four of 1,200 W."""
    gpus = np.repeat([8, 4], SERVERS // 2)
    kind, rack = np.repeat([0, 1], SERVERS // 2), np.arange(SERVERS) // 4
    top_w = np.array([700.0, 1200.0])[kind]
    tree = Tree(
        names=("feed", "sub-1", "sub-2", *(f"board-{b}" for b in range(1, 5)), *(f"rack-{r}" for r in range(1, 9))),
        parent=np.array([-1, 0, 0, 1, 1, 2, 2, *(3 + r // 2 for r in range(_RACKS))]),
        level=np.array([0, 1, 1, 2, 2, 2, 2, *[3] * _RACKS]),
        limit_w=np.array([limit_w, substation_w, substation_w, *[np.inf] * (4 + _RACKS)]),
        rating_va=np.array([np.inf, np.inf, np.inf, *[150e3] * 4, *[50e3] * _RACKS]),
        substations=np.array([1, 2]),
        leaf=7 + rack,
    )
    return Fleet(
        gpus=gpus, gpu_max_w=top_w, gpu_min_cap_w=np.full(SERVERS, 200.0), gpu_idle_w=0.1 * top_w, brake_w=0.2 * top_w,
        clock_min_mhz=np.full(SERVERS, 345.0), clock_base_mhz=np.full(SERVERS, 1590.0),
        clock_max_mhz=np.full(SERVERS, 1980.0), clock_exponent=np.full(SERVERS, 2.32), floor_max_w=0.9 * top_w,
        lost=np.tile(_lost(), (2, 1, 1)), kind=kind, rack=rack, cdu=rack // 2,
        cdu_flow_kg_s=np.full(_RACKS // 2, _CDU_KG_S), substations=[np.arange(16), np.arange(16, SERVERS)], tree=tree,
        kinds=("h100", "gb200"), has_brake=True, has_clock=True,
    )  # fmt: skip


def _lost() -> Vec:
    """Speed lost [21, 61] by natural power and limit, in place of a measured table."""
    natural, limit = np.linspace(0.0, 1.0, 21)[:, None], np.linspace(0.0, 1.0, 61)[None, :]
    withheld = np.clip(1.0 - limit / np.maximum(natural, 1e-9), 0.0, 1.0)
    return np.minimum(withheld * (LOSS[0] + LOSS[1] * withheld), 1.0)


@dataclass
class Bench:
    """Runs a policy; each second is in ``feed_w``, ``cap_w``, ``board_w``, ``burnt_w`` and ``hottest_c``."""

    policy: Policy
    want_w: Callable[[int], Vec]  # what one board of each server wants in the second after a tick
    fleet: Fleet = field(default_factory=bench_fleet)
    job: IVec = field(default_factory=lambda: np.repeat([1, 2, 3, 2], SERVERS // 4))
    calls: tuple[tuple[int, int, int, float], ...] = ()  # told, from, until, limit
    flow: Callable[[int], Vec] = field(default=lambda tick: np.ones(_RACKS // 2))
    overhead_w: float = 30e3
    path: PathSetUp = _CAP_PATH
    brake: PathSetUp = _BRAKE_PATH
    clock: PathSetUp = _CLOCK_PATH
    meter: tuple[int, int] = (1, 1)  # period and delay
    fallback_w: float | None = None
    jobs: tuple[Job, ...] = JOBS
    scheduler_s: float = 5.0

    def __post_init__(self) -> None:
        fleet = self.fleet
        self.feed_w: list[float] = []
        self.cap_w: list[Vec] = []
        self.board_w: list[Vec] = []
        self.burnt_w: list[Vec] = []
        self.hottest_c: list[float] = []
        every = max(1, round(self.policy.every_s))
        free_w, none_w = np.full(fleet.gpus.size, np.inf), np.zeros(fleet.gpus.size)
        charge = Charge(self.policy, type(self.policy).__name__, every, 60.0, self.fallback_w)
        limits = Limits(fleet.tree.limit_w[fleet.tree.substations], float(fleet.tree.limit_w[0]), self._announced)
        actuators = Actuators(
            CapPath(fleet.gpus, fleet.gpu_min_cap_w, fleet.gpu_max_w, self.path),
            CapPath(fleet.gpus, fleet.brake_w, free_w, self.brake) if fleet.has_brake else None,
            ClockPath(fleet.gpus, fleet.clock_min_mhz, fleet.clock_max_mhz, self.clock) if fleet.has_clock else None,
            FloorPath(fleet.gpus, none_w, fleet.floor_max_w, self.path, first=none_w),
        )
        self.loop = ControlLoop(
            charge,
            fleet,
            Meters(*(Meter(*self.meter) for _ in Meters._fields)),
            actuators,
            limits,
            self.jobs,
            self.scheduler_s,
        )
        self.paused: list[NDArray[np.bool_]] = []
        self.waits = np.zeros(len(self.jobs), np.bool_)
        self.power_w, self.held = np.minimum(self.want_w(0), fleet.gpu_max_w), actuators.held()
        self.die_c, self.share = _COOLANT_C + self.power_w / _PLATE_W_K, self.flow(0)

    def _announced(self, tick: int) -> list[tuple[int, int, float]]:
        return [(begin, end, limit_w) for told, begin, end, limit_w in self.calls if told <= tick < end]

    def run(self, seconds: int) -> "Bench":
        """Advance by ``seconds`` from the start; returns itself."""
        self._read(0)
        for tick in range(seconds):
            self.step(tick)
        return self

    def step(self, tick: int) -> None:
        """The second after ``tick``."""
        if tick % self.loop.every == 0:
            self.loop.act(tick, self.job, self.waits)
        for order in self.loop.scheduler.take(tick):
            self.waits = self.waits if order.pause is None else order.pause
        arriving = self.loop.actuators.arriving(tick + 1)
        self.held = self.held if arriving is None else arriving[1]
        self.share = self.flow(tick)
        want_w = self._at_clock(np.where(self.waits[self.job], self.fleet.gpu_idle_w, self.want_w(tick)))
        most_w = np.minimum(self.held.cap_w, self.fleet.gpu_max_w)
        self.power_w = np.minimum(np.maximum(want_w, self.held.floor_w), most_w)
        given_w = _PLATE_W_K * self.share[self.fleet.cdu] * (self.die_c - _COOLANT_C)
        self.die_c += (self.power_w - given_w) / _DIE_J_K
        self._read(tick + 1)
        self.feed_w.append(float(self._levels()[0]))
        self.cap_w.append(self.held.cap_w.copy())
        self.burnt_w.append(np.maximum(self.power_w - want_w, 0.0))
        self.board_w.append(self.power_w.copy())
        self.paused.append(self.waits.copy())
        self.hottest_c.append(float(self.die_c.max()))

    def _at_clock(self, want_w: Vec) -> Vec:
        """What boards want at the clock they are locked at [W]."""
        fleet = self.fleet
        if self.held.clock_mhz is None:
            return want_w
        share = (self.held.clock_mhz / fleet.clock_max_mhz) ** fleet.clock_exponent
        at_clock_w: Vec = np.minimum(want_w, fleet.gpu_idle_w) + np.maximum(want_w - fleet.gpu_idle_w, 0.0) * share
        return at_clock_w

    def _levels(self) -> Vec:
        level_w = self.fleet.tree.sums(self.servers()[0])
        level_w[0] += self.overhead_w
        return level_w

    def _read(self, tick: int) -> None:
        level_w = self._levels()
        self.loop.read(tick, level_w[:1], level_w[self.fleet.tree.substations][None], self)

    def servers(self) -> tuple[Vec, ...]:
        """Power at the inlet and of the GPU boards of each server [W]."""
        boards_w: Vec = self.power_w * self.fleet.gpus
        return boards_w + _HOST * self.fleet.gpus * self.fleet.gpu_max_w, boards_w

    def boards(self) -> tuple[Vec, ...]:
        """Power [W] at each node of the electrical tree above racks."""
        return (self._levels()[:-_RACKS],)

    def racks(self) -> tuple[Vec, ...]:
        """Power [W] and hottest die [degC] of each rack."""
        return self._levels()[-_RACKS:], self.die_c.reshape(_RACKS, -1).max(axis=1)

    def coolant(self) -> tuple[Vec, ...]:
        """Coolant flow [kg/s] and supply temperature [degC] of each CDU."""
        return _CDU_KG_S * self.share, np.full(_RACKS // 2, _COOLANT_C)
