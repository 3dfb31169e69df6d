"""The path of commands from the policy to the boards: range, quantum, latency, jitter, loss. No policy gets round it.

In band a host writes its boards one after another, 33 ms each, so that eight take 0.26 s [1]; out of band a cap takes
up to 40 s and the power brake 5 s [2]. Latency and writes are rounded up to whole seconds. Commands to one server keep
their order: a later one never arrives before an earlier one.

[1] GridPilot (arXiv 2605.26384), data of its experiment E7: median 97 ms for three boards.
[2] Patel et al., Characterizing power management opportunities for LLMs in the cloud (POLCA), ASPLOS 2024.
"""

from math import inf
from typing import Any, NamedTuple

import numpy as np

from twin.control.chance import Chance
from twin.core.layout import IVec, Vec


class PathSetUp(NamedTuple):
    """How a path behaves."""

    latency_s: float
    quantum_w: float = 1.0
    write_s: float = 0.0  # for each board of a server, one after another
    jitter_s: float = 0.0  # up to so much longer, drawn evenly for each server and command
    failure: float = 0.0  # probability that a command to a server is lost


class CapPath:
    """Caps under way, and those in force. ``low_w`` and ``top_w`` bound what a board accepts."""

    def __init__(self, gpus: IVec, low_w: Vec, top_w: Vec, set_up: PathSetUp, chance: Chance | None = None) -> None:
        self._low_w, self._top_w, self._set_up, self._chance = low_w, top_w, set_up, chance
        self._least_s = set_up.latency_s + set_up.write_s * gpus
        self._last = np.zeros(gpus.size, np.int64)
        self._under_way: dict[int, list[tuple[IVec | None, Vec]]] = {}
        self.sent_w, self.in_force_w = top_w.copy(), top_w.copy()

    def send(self, tick: int, cap_w: Vec) -> None:
        """Send caps at ``tick``: cut to the boards' range, rounded down to the quantum."""
        cap_w = _numbers(cap_w)
        _refuse(cap_w, self._top_w)
        held_w, quantum_w = np.clip(cap_w, self._low_w, self._top_w), self._set_up.quantum_w
        self.sent_w = np.where(np.isfinite(held_w), np.floor(held_w / quantum_w) * quantum_w, held_w)
        arrival, lost = self._arrivals(tick)
        if lost is None and (arrival == arrival[0]).all():
            self._under_way.setdefault(int(arrival[0]), []).append((None, self.sent_w))
            return
        order = np.argsort(arrival, kind="stable")
        order = order if lost is None else order[~lost[order]]
        for group in np.split(order, np.flatnonzero(np.diff(arrival[order])) + 1):
            if group.size:
                self._under_way.setdefault(int(arrival[group[0]]), []).append((group, self.sent_w[group]))

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
        for servers, cap_w in self._under_way.pop(tick, ()):
            if servers is None:
                self.in_force_w = cap_w.copy()
            else:
                self.in_force_w[servers] = cap_w


def _numbers(cap_w: Any) -> Vec:
    """Caps as floats; ValueError for what is not a number."""
    given = np.asarray(cap_w)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"caps are numbers of watts, one for each server; found {_kind(given)}")
    return given.astype(float)


def _kind(given: np.ndarray) -> str:
    first = given.ravel()[0:1].tolist()[0] if given.size else None
    return f"{first!r}" if given.ndim == 0 else f"{first!r} for server 0"


def _refuse(cap_w: Vec, top_w: Vec) -> None:
    """ValueError, with the value, for caps that no board could mean."""
    if cap_w.shape != top_w.shape:
        found = f"{cap_w.size} caps" if cap_w.ndim == 1 else f"caps of shape {cap_w.shape}"
        raise ValueError(f"a policy must send one cap for each of {top_w.size} servers, found {found}")
    wrong = ~((cap_w >= 1.0) | (cap_w == 0.0)) | ((cap_w > 10 * top_w) & (cap_w < inf))
    if wrong.any():
        n = int(np.argmax(wrong))
        message = f"a cap is watts for one GPU, 0 or from 1 W to ten times its rating of {top_w[n]:g} W, or infinity; "
        raise ValueError(f"{message}found {cap_w[n]:g} W for server {n}, {int(wrong.sum())} such in all")


class Actuators:
    """The cap path and, where the site has one, the brake's: what holds is the lesser of both."""

    def __init__(self, cap: CapPath, brake: CapPath | None) -> None:
        self.cap, self.brake = cap, brake
        self._paths = [cap] if brake is None else [cap, brake]

    def second_arrival(self) -> float:
        """The tick at which the commands after the next arrive; infinity where none are under way."""
        ticks = sorted({tick for path in self._paths for tick in path.ticks()})
        return ticks[1] if len(ticks) > 1 else inf

    def arriving(self, end: int) -> tuple[int, Vec] | None:
        """When the next commands arrive and what holds from then on, if that is before ``end``."""
        tick = min((path.ticks()[0] for path in self._paths if path.ticks()), default=end)
        if tick >= end:
            return None
        for path in self._paths:
            path.take(tick)
        if self.brake is None:
            return tick, self.cap.in_force_w.copy()
        return tick, np.minimum(self.cap.in_force_w, self.brake.in_force_w)
