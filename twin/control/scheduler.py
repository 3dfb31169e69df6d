"""The path of a policy's orders to the scheduler: pauses of jobs, and whether the queue may start any.

Orders arrive after the scheduler's latency, at the earliest in the next second, and are sent where they differ from
what was ordered last. They say what shall be: a job told to pause stays paused until it is told to go on.
"""

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Order(NamedTuple):
    """What reaches the scheduler."""

    pause: NDArray[np.bool_] | None
    """Which jobs shall be paused, an entry a job, the first for no job; None where nothing changes."""
    admit: bool | None
    """Whether the queue may start jobs."""


class Scheduler:
    """Orders under way, and those given; ``pausable`` says of each job whether it can be paused."""

    def __init__(self, names: tuple[str, ...], pausable: NDArray[np.bool_], latency_s: float) -> None:
        self._names, self._pausable = names, pausable
        self._delay = max(1, ceil(latency_s - 1e-9))
        self._under_way: dict[int, list[Order]] = {}
        self.pause, self.admit = np.zeros(pausable.size, np.bool_), True

    def send(self, tick: int, pause: object, admit: object) -> None:
        """Send orders at ``tick``; None leaves things as they are. ValueError for what cannot be ordered."""
        order = Order(self._changed(pause), self._other(admit))
        if order.pause is not None:
            self.pause = order.pause
        if order.admit is not None:
            self.admit = order.admit
        if order.pause is not None or order.admit is not None:
            self._under_way.setdefault(tick + self._delay, []).append(order)

    def release(self, tick: int) -> bool:
        """Let every job go on and the queue start jobs; whether that changes anything."""
        changes = bool(self.pause.any()) or not self.admit
        self.send(tick, np.zeros_like(self.pause), True)
        return changes

    def next_arrival(self) -> float:
        """The tick at which the next orders arrive; infinity where none are under way."""
        return min(self._under_way, default=float("inf"))

    def take(self, tick: int) -> list[Order]:
        """Orders that arrive up to ``tick``, in the order they were sent."""
        due = sorted(at for at in self._under_way if at <= tick)
        return [order for at in due for order in self._under_way.pop(at)]

    def _changed(self, pause: object) -> NDArray[np.bool_] | None:
        if pause is None:
            return None
        wanted = np.asarray(pause)
        if wanted.shape != self._pausable.shape or wanted.dtype != np.bool_:
            message = f"a pause is true or false for each of {self._pausable.size} jobs, no job being the first"
            raise ValueError(f"{message}; found {wanted.dtype} of shape {wanted.shape}")
        wrong = np.flatnonzero(wanted & ~self._pausable)
        if wrong.size:
            name = self._names[wrong[0]]
            if wrong[0] == 0:
                raise ValueError("it pauses no job: the first entry of a pause stands for servers without a job")
            raise ValueError(f'it pauses "{name}", an inference pool; its requests would wait, cap its servers instead')
        return None if np.array_equal(wanted, self.pause) else wanted.copy()

    def _other(self, admit: object) -> bool | None:
        if admit is None:
            return None
        if not isinstance(admit, bool | np.bool_):
            raise ValueError(f"admit says whether the queue may start jobs, true or false; found {admit!r}")
        return None if bool(admit) == self.admit else bool(admit)
