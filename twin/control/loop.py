"""The control loop of a run: meters, the policy, and the paths of its commands. The policy sees nothing else."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.control.actuation import Actuators
from twin.control.deadline import TookTooLong, deadline
from twin.control.policy import Commands, Fleet, Job, Notice, Policy, Seen
from twin.control.scheduler import Scheduler
from twin.control.sensing import Gauges, Meter
from twin.core.errors import RunError, reason
from twin.core.layout import IVec, Vec


class Charge(NamedTuple):
    """Who is in charge, and what happens when that fails."""

    policy: Policy
    name: str
    every: int  # ticks
    limit_s: float  # wall time it may take to act
    fallback_w: float | None  # cap of every board once it has failed; None ends the run


class Meters(NamedTuple):
    """The meters of a site."""

    site: Meter
    servers: Meter
    boards: Meter
    racks: Meter
    coolant: Meter


class Limits(NamedTuple):
    """What must be kept, as far as it is known."""

    substation_w: Vec
    contract_w: float
    announced: Callable[[int], list[tuple[int, int, float]]]  # (from, until, limit) known at a tick


class ControlLoop:
    """A policy between its meters and its actuators."""

    def __init__(
        self,
        charge: Charge,
        fleet: Fleet,
        meters: Meters,
        actuators: Actuators,
        limits: Limits,
        jobs: tuple[Job, ...],
        scheduler_s: float,
    ) -> None:
        self.policy, self.name, self.every = charge.policy, charge.name, charge.every
        self.fleet, self.meters, self.actuators = fleet, meters, actuators
        self.spent_s, self.slowest_s, self.read_s, self.acts = 0.0, 0.0, 0.0, 0
        self.failure: str | None = None
        self._charge, self._limits, self._jobs = charge, limits, jobs
        pausable = np.array([job.pausable for job in jobs], np.bool_)
        self.scheduler = Scheduler(tuple(job.name for job in jobs), pausable, scheduler_s)

    def read(self, tick: int, feed_w: Vec, substation_w: Vec, gauges: Gauges) -> None:
        """Let the meters look that must at ``tick``; the site's sees every second up to it, [tick] and [tick, k]."""
        began = time.perf_counter()
        for k in range(feed_w.size):
            second = tick - feed_w.size + 1 + k
            if self.meters.site.looks(second):
                self.meters.site.read(second, feed_w[k : k + 1], substation_w[k])
        for name in ("servers", "boards", "racks", "coolant"):
            meter: Meter = getattr(self.meters, name)
            if meter.looks(tick):
                meter.read(tick, *getattr(gauges, name)())
        self.read_s += time.perf_counter() - began

    def next_tick(self, tick: int) -> int:
        """The next tick after ``tick`` at which it acts, a meter must look, orders or a second command arrive."""
        looks = [meter.next_look(tick) for meter in self.meters[1:]]
        return int(min((tick // self.every + 1) * self.every, *looks, *self._arrivals()))

    def _arrivals(self) -> tuple[float, float]:
        return self.actuators.second_arrival(), self.scheduler.next_arrival()

    def act(self, tick: int, job: IVec, paused: NDArray[np.bool_]) -> str | None:
        """Let the policy see what meters show at ``tick`` and send what it commands.

        ``job`` of each server and which jobs are ``paused`` are the scheduler's.

        RunError where it fails; where there is a fallback, its caps go out instead, nobody acts any more, and what
        happened is returned.
        """
        if self.failure is not None:
            return None
        began = time.perf_counter()
        seen = self.look(tick, job, paused)
        try:
            with deadline(self._charge.limit_s):
                commands = self.policy.act(seen)
            if commands is not None:
                self._send(tick, commands)
        except (Exception, SystemExit, TookTooLong) as wrong:
            self.failure = f"policy {self.name} failed at {tick} s: {reason(wrong)}"
            if self._charge.fallback_w is None:
                raise RunError(self.failure) from wrong
            self.actuators.cap.send(tick, np.full(self.fleet.gpus.size, self._charge.fallback_w))
            freed = ", jobs go on" if self.scheduler.release(tick) else ""
            return f"{self.failure}; every board is capped at {self._charge.fallback_w:g} W from now on{freed}"
        spent_s = time.perf_counter() - began
        self.spent_s, self.slowest_s, self.acts = self.spent_s + spent_s, max(self.slowest_s, spent_s), self.acts + 1
        return None

    def _send(self, tick: int, commands: Commands) -> None:
        if not isinstance(commands, Commands):
            raise TypeError(f"act must return Commands or None, found {type(commands).__name__}")
        if commands.brake is not None:
            brake = np.asarray(commands.brake)
            if self.actuators.brake is None:
                raise ValueError("it brakes, but this site has no power brake (control: brake)")
            if brake.shape != self.fleet.gpus.shape or brake.dtype != np.bool_:
                raise ValueError(f"a brake is true or false for each of {self.fleet.gpus.size} servers")
            self.actuators.brake.send(tick, np.where(brake, self.fleet.brake_w, np.inf))
        if commands.clock_mhz is not None:
            if self.actuators.clock is None:
                raise ValueError("it locks clocks, but this site has no path for them (control: clock)")
            self.actuators.clock.send(tick, commands.clock_mhz)
        if commands.floor_w is not None:
            self.actuators.floor.send(tick, commands.floor_w)
        self.scheduler.send(tick, commands.pause, commands.admit)
        self.actuators.cap.send(tick, commands.gpu_cap_w)

    def _clock_mhz(self) -> Vec:
        """Clocks sent last, of the controller's own."""
        clock = self.actuators.clock
        return self.fleet.clock_max_mhz.copy() if clock is None else clock.sent.copy()

    def look(self, tick: int, job: IVec, paused: NDArray[np.bool_]) -> Seen:
        """What the policy is shown at ``tick``."""
        meters = self.meters
        site, node, boards = meters.site.seen(tick), meters.servers.seen(tick), meters.boards.seen(tick)
        racks, coolant, then = meters.racks.seen(tick), meters.coolant.seen(tick), meters.site.at(node.tick)
        meters.site.forget(min(node.tick, site.tick))
        for meter, shown in zip(meters[1:], (node, boards, racks, coolant), strict=True):
            meter.forget(shown.tick)
        level_w = np.concatenate([boards.values[0], racks.values[0]])
        level_w[0], level_w[self.fleet.tree.substations] = site.values[0][0], site.values[1]
        return Seen(
            time_s=float(tick), fleet=self.fleet, feed_time_s=float(site.tick - site.age[0]),
            feed_w=float(site.values[0][0]), substation_w=site.values[1].copy(),
            substation_limit_w=self._limits.substation_w.copy(), node_time_s=float(node.tick),
            feed_then_w=float(then.values[0][0]), substation_then_w=then.values[1].copy(),
            node_w=node.values[0].copy(), node_gpu_w=node.values[1].copy(),
            node_age_s=np.array(np.broadcast_to(node.age, self.fleet.gpus.shape)),
            cap_w=self.actuators.cap.sent.copy(), floor_w=self.actuators.floor.sent.copy(),
            clock_mhz=self._clock_mhz(), contract_w=self._limits.contract_w,
            notices=tuple(Notice(float(a), float(b), w) for a, b, w in self._limits.announced(tick)),
            level_w=level_w, rack_hottest_c=racks.values[1].copy(), cdu_flow_kg_s=coolant.values[0].copy(),
            cdu_supply_c=coolant.values[1].copy(), job=job.copy(), jobs=self._jobs,
            paused=paused.copy(),
        )  # fmt: skip
