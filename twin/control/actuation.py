"""The path of commands from the policy to the boards: range, quantum, latency, jitter, loss. No policy gets round it.

In band a host writes its boards one after another, 33 ms each, so that eight take 0.26 s [1]; out of band a cap or a
locked clock takes up to 40 s and the power brake 5 s [2]. Latency and writes are rounded up to whole seconds. Commands
to one server keep their order: a later one never arrives before an earlier one.

[1] GridPilot (arXiv 2605.26384), data of its experiment E7: median 97 ms for three boards.
[2] Patel et al., Characterizing power management opportunities for LLMs in the cloud (POLCA), ASPLOS 2024.
"""

from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.control.chance import Chance
from twin.core.layout import IVec, Vec


class PathSetUp(NamedTuple):
    """How a path behaves."""

    latency_s: float
    quantum: float = 1.0  # of what it carries [W or MHz]
    write_s: float = 0.0  # for each board of a server, one after another
    jitter_s: float = 0.0  # up to so much longer, drawn evenly for each server and command
    failure: float = 0.0  # probability that a command to a server is lost


class Path:
    """Commands under way, and those in force. ``low`` and ``top`` bound what boards accept; ``first`` holds first."""

    thing, unit, words = "", "", ""

    def __init__(
        self, gpus: IVec, low: Vec, top: Vec, set_up: PathSetUp, chance: Chance | None = None, first: Vec | None = None
    ) -> None:
        self._low, self._top, self._set_up, self._chance = low, top, set_up, chance
        self._least_s = set_up.latency_s + set_up.write_s * gpus
        self._last = np.zeros(gpus.size, np.int64)
        self._under_way: dict[int, list[tuple[IVec | None, Vec]]] = {}
        first = top if first is None else first
        self.sent, self.in_force = first.copy(), first.copy()

    def send(self, tick: int, value: Vec) -> None:
        """Send a value for each server at ``tick``: cut to the boards' range, rounded down to the quantum."""
        value = self._numbers(value)
        self._refuse(value)
        held, quantum = np.clip(value, self._low, self._top), self._set_up.quantum
        # A range that is no multiple of the quantum keeps its ends.
        whole = np.maximum(np.floor(held / quantum) * quantum, self._low)
        self.sent = np.where(np.isfinite(held) & (held < self._top), whole, held)
        arrival, lost = self._arrivals(tick)
        if lost is None and (arrival == arrival[0]).all():
            self._under_way.setdefault(int(arrival[0]), []).append((None, self.sent))
            return
        order = np.argsort(arrival, kind="stable")
        order = order if lost is None else order[~lost[order]]
        for group in np.split(order, np.flatnonzero(np.diff(arrival[order])) + 1):
            if group.size:
                self._under_way.setdefault(int(arrival[group[0]]), []).append((group, self.sent[group]))

    def _arrivals(self, tick: int) -> tuple[IVec, np.ndarray | None]:
        """The tick at which the command of ``tick`` reaches each server, and which never do."""
        set_up, delay_s, lost = self._set_up, self._least_s, None
        if self._chance is not None and (set_up.jitter_s or set_up.failure):
            late, luck = self._chance.at(tick, 2 * self._last.size).reshape(2, -1)
            delay_s = delay_s + set_up.jitter_s * late
            lost = luck < set_up.failure if set_up.failure else None
        # A hair less, so that a delay of whole seconds stays one.
        np.maximum(self._last, tick + np.ceil(delay_s - 1e-9).astype(np.int64), out=self._last)
        return self._last.copy(), lost

    def ticks(self) -> list[int]:
        """The ticks at which commands arrive that are under way, in order."""
        return sorted(self._under_way)

    def take(self, tick: int) -> None:
        """Let what arrives at ``tick`` come into force."""
        for servers, value in self._under_way.pop(tick, ()):
            if servers is None:
                self.in_force = value.copy()
            else:
                self.in_force[servers] = value

    def _numbers(self, value: Any) -> Vec:
        """Values as floats; ValueError for what is not a number."""
        given = np.asarray(value)
        if given.dtype.kind not in "iuf":
            first = given.ravel()[0:1].tolist()[0] if given.size else None
            found = f"{first!r}" if given.ndim == 0 else f"{first!r} for server 0"
            raise ValueError(f"{self.thing}s are numbers of {self.words}, one for each server; found {found}")
        return given.astype(float)

    def _refuse(self, value: Vec) -> None:
        """ValueError, with the value, for what no board could mean."""
        if value.shape != self._top.shape:
            found = f"{value.size} {self.thing}s" if value.ndim == 1 else f"{self.thing}s of shape {value.shape}"
            raise ValueError(f"a policy must send one {self.thing} for each of {self._top.size} servers, found {found}")
        wrong = ~self._possible(value)
        if wrong.any():
            n = int(np.argmax(wrong))
            found = f"found {value[n]:g} {self.unit} for server {n}, {int(wrong.sum())} such in all"
            raise ValueError(f"{self._meaning(n)}; {found}")

    def _possible(self, value: Vec) -> NDArray[np.bool_]:
        raise NotImplementedError

    def _meaning(self, n: int) -> str:
        raise NotImplementedError


class CapPath(Path):
    """Caps of power [W]."""

    thing, unit, words = "cap", "W", "watts"

    def _possible(self, value: Vec) -> NDArray[np.bool_]:
        possible: NDArray[np.bool_] = ((value >= 1.0) | (value == 0.0)) & ((value <= 10 * self._top) | (value == inf))
        return possible

    def _meaning(self, n: int) -> str:
        return f"a cap is watts for one GPU, 0 or from 1 W to ten times its rating of {self._top[n]:g} W, or infinity"


class FloorPath(CapPath):
    """Power floors [W]: what a board draws at least, by dummy work. None holds at first."""

    thing = "floor"

    def _possible(self, value: Vec) -> NDArray[np.bool_]:
        return super()._possible(value) & np.isfinite(value)

    def _meaning(self, n: int) -> str:
        most = f"ten times the most its board takes, {self._top[n]:g} W"
        return f"a floor is watts for one GPU, 0 for none or from 1 W to {most}"


class ClockPath(Path):
    """Locked clocks [MHz]; the greatest is no lock."""

    thing, unit, words = "clock", "MHz", "MHz"

    def _possible(self, value: Vec) -> NDArray[np.bool_]:
        possible: NDArray[np.bool_] = (value >= 0.1 * self._low) & ((value <= 10 * self._top) | (value == inf))
        return possible

    def _meaning(self, n: int) -> str:
        low, top = self._low[n], self._top[n]
        inside = (
            f"from a tenth of its least, {low:g} MHz, to ten times its most, {top:g} MHz, or infinity, which unlocks"
        )
        return f"a clock is MHz, {inside}"


class Held(NamedTuple):
    """What holds at the boards of each server."""

    cap_w: Vec
    clock_mhz: Vec | None  # None where the site cannot lock clocks
    floor_w: Vec


class Actuators:
    """All paths of a site: of caps, of the brake and of clocks where there are such, and of floors.

    Of cap and brake the lesser holds.
    """

    def __init__(self, cap: CapPath, brake: CapPath | None, clock: ClockPath | None, floor: FloorPath) -> None:
        self.cap, self.brake, self.clock, self.floor = cap, brake, clock, floor
        self._paths = [path for path in (cap, brake, clock, floor) if path is not None]

    def second_arrival(self) -> float:
        """The tick at which the commands after the next arrive; infinity where none are under way."""
        ticks = sorted({tick for path in self._paths for tick in path.ticks()})
        return ticks[1] if len(ticks) > 1 else inf

    def arriving(self, end: int) -> tuple[int, Held] | None:
        """When the next commands arrive and what holds from then on, if that is before ``end``."""
        tick = min((path.ticks()[0] for path in self._paths if path.ticks()), default=end)
        if tick >= end:
            return None
        for path in self._paths:
            path.take(tick)
        return tick, self.held()

    def held(self) -> Held:
        """What holds now."""
        cap_w, clock_mhz = self.cap.in_force.copy(), None if self.clock is None else self.clock.in_force.copy()
        if self.brake is not None:
            np.minimum(cap_w, self.brake.in_force, out=cap_w)
        return Held(cap_w, clock_mhz, self.floor.in_force.copy())
