"""Between control and boards: the paths of a site's commands, and what those that arrive mean at the boards.

A locked clock takes its share off the dynamic power of every board, by `components.frequency`. Work is slowed as by the
cap under which a board at full activity has that clock, so that the measured curves hold (`core.speed`).
"""

import numpy as np

from twin.components import frequency
from twin.control.actuation import Actuators, CapPath, ClockPath, FloorPath, Held, PathSetUp
from twin.control.chance import Chance
from twin.control.policy import Fleet
from twin.core.layout import Vec, frozen
from twin.plant.order import LONGEST_STEP, NodeState
from twin.site.compile import Compiled
from twin.site.spec_control import ActuatorSpec

MHZ = 1e6


def actuators(compiled: Compiled, fleet: Fleet, seed: int) -> Actuators:
    """The paths of a site's commands, each with its own luck by ``seed``; floors go the way of caps."""
    set_up, free_w, none_w = compiled.site.control, np.full(fleet.gpus.size, np.inf), np.zeros(fleet.gpus.size)

    def way(named: ActuatorSpec | str, name: str) -> tuple[PathSetUp, Chance]:
        spec = compiled.library.paths[named] if isinstance(named, str) else named
        quantum = spec.clock_quantum / MHZ if name == "clock" else spec.quantum
        return PathSetUp(spec.latency, quantum, spec.write, spec.jitter, spec.failure), Chance(seed, f"path/{name}")

    cap = CapPath(fleet.gpus, fleet.gpu_min_cap_w, fleet.gpu_max_w, *way(set_up.cap, "cap"))
    floor = FloorPath(fleet.gpus, none_w, fleet.floor_max_w, *way(set_up.cap, "floor"), first=none_w)
    brake = CapPath(fleet.gpus, fleet.brake_w, free_w, *way(set_up.brake, "brake")) if set_up.brake else None
    clock = set_up.clock and ClockPath(
        fleet.gpus, fleet.clock_min_mhz, fleet.clock_max_mhz, *way(set_up.clock, "clock")
    )
    return Actuators(cap, brake, clock or None, floor)


class Boards:
    """What commands that arrive mean at the boards of each server."""

    def __init__(self, compiled: Compiled, fleet: Fleet) -> None:
        self._fleet = fleet
        # Dynamic power of full activity is 1 here: what counts is the share of it that a clock leaves.
        clocks = [spec.clock for spec in compiled.library.gpus.values()]
        self._clock = frozen(
            frequency.ClockParams,
            idle_w=np.zeros(len(clocks)),
            static_w=[clock.static for clock in clocks],
            span_w=[1.0 - clock.static for clock in clocks],
            exponent=[clock.exponent for clock in clocks],
            memory=np.zeros(len(clocks)),
            least=[clock.least / clock.most for clock in clocks],
        )

    def dynamic_share(self, clock_mhz: Vec) -> Vec:
        """Dynamic power of boards whose clock is locked, over that at their greatest clock, by `frequency.power_w`."""
        fleet, share = self._fleet, clock_mhz / self._fleet.clock_max_mhz
        alike, place = np.unique(np.stack([fleet.kind, np.minimum(share, 1.0)]), axis=1, return_inverse=True)
        shares = [
            frequency.power_w(self._clock, int(kind), clock, 1.0) if clock < 1.0 else 1.0 for kind, clock in alike.T
        ]
        return np.array(shares)[place.ravel()]

    def take(self, held: Held, at: int, node: NodeState, counts: Vec) -> None:
        """Let ``held`` be what holds next, from second ``at`` of the macro-step on; ``counts`` [tick, 3] of `Step`."""
        node.next_cap_w[:], node.floor_w[1] = held.cap_w, held.floor_w
        if held.clock_mhz is not None:
            node.dynamic_share[1] = self.dynamic_share(held.clock_mhz)
        node.next_cap_in[0] = at
        self.count(held, counts[at:])

    def count(self, held: Held, counts: Vec) -> None:
        """GPUs whose cap is below their rating, the mean cap of a GPU [W], and GPUs with a locked clock."""
        fleet = self._fleet
        locked = None if held.clock_mhz is None else held.clock_mhz < fleet.clock_max_mhz
        limited_w = np.minimum(held.cap_w, fleet.gpu_max_w)
        counts[:, 0] = fleet.gpus[held.cap_w < fleet.gpu_max_w].sum()
        counts[:, 1] = (limited_w * fleet.gpus).sum() / fleet.gpus.sum()
        counts[:, 2] = 0.0 if locked is None else fleet.gpus[locked].sum()

    @staticmethod
    def keep(node: NodeState, counts: Vec) -> None:
        """After the macro-step: what came in it holds from its end on."""
        if node.next_cap_in[0] < LONGEST_STEP:
            node.cap_w[:], node.next_cap_in[0] = node.next_cap_w, LONGEST_STEP
            node.floor_w[0], node.dynamic_share[0] = node.floor_w[1], node.dynamic_share[1]
            counts[:] = counts[-1]
