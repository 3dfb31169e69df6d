"""The control loop of a run: meters, the policy, and the path of its caps. The policy sees nothing else."""

import time
from collections.abc import Callable

import numpy as np

from twin.control.actuation import CapPath
from twin.control.policy import Fleet, Policy, Seen
from twin.control.sensing import Meter
from twin.core.errors import RunError
from twin.core.layout import Vec


class ControlLoop:
    """A policy between its meters and its actuators."""

    def __init__(
        self, policy: Policy, name: str, every: int, fleet: Fleet, substation_limit_w: Vec,
        meters: tuple[Meter, Meter], path: CapPath, least_limit_w: Callable[[int, int], float],
    ) -> None:  # fmt: skip
        self.policy, self.name, self.every, self.fleet = policy, name, every, fleet
        self.site_meter, self.node_meter = meters
        self.path, self.spent_s = path, 0.0
        self._limits_w, self._least_limit_w = substation_limit_w, least_limit_w

    def read(self, tick: int, feed_w: float, substation_w: Vec, node_w: Vec, node_gpu_w: Vec) -> None:
        """Let the meters that are due read the plant at ``tick``."""
        if self.site_meter.due(tick):
            self.site_meter.read(tick, np.array([feed_w]), substation_w)
        if self.node_meter.due(tick):
            self.node_meter.read(tick, node_w, node_gpu_w)

    def next_tick(self, tick: int) -> int:
        """The next tick after ``tick`` at which the policy acts, servers are read, or a second command arrives."""
        ahead = [(tick // period + 1) * period for period in (self.every, self.node_meter.period)]
        return int(min(*ahead, self.path.second_arrival()))

    def act(self, tick: int) -> None:
        """Let the policy see what meters show at ``tick``, and send what it commands. RunError where it fails."""
        began = time.perf_counter()
        site, node = self.site_meter.seen(tick), self.node_meter.seen(tick)
        then = self.site_meter.at(node.tick)
        seen = Seen(
            time_s=float(tick), fleet=self.fleet, feed_w=float(site.values[0][0]), substation_w=site.values[1].copy(),
            substation_limit_w=self._limits_w.copy(), node_time_s=float(node.tick),
            feed_then_w=float(then.values[0][0]),
            substation_then_w=then.values[1].copy(), node_w=node.values[0].copy(), node_gpu_w=node.values[1].copy(),
            cap_w=self.path.sent_w.copy(), least_limit_w=lambda ahead_s: self._least_limit_w(tick, round(ahead_s)),
        )  # fmt: skip
        try:
            commands = self.policy.act(seen)
            if commands is not None:
                self.path.send(tick, commands.gpu_cap_w)
        except Exception as wrong:
            message = f"policy {self.name} failed at {tick} s: {type(wrong).__name__}: {wrong}"
            raise RunError(message) from wrong
        self.spent_s += time.perf_counter() - began
