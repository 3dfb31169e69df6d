"""The queue of a run: jobs that were submitted, and the nodes they get when others leave.

Jobs with a start of their own come first: a node that one of them will hold is not given to the queue before that one
has left. A job that is still running when the time it was said to take is over is expected to end at any moment;
one that has been paused is expected later by that time, once it goes on.
"""

import numpy as np

from twin.core.layout import IVec
from twin.drive.backfill import Start, Waiting, starts


class Queue:
    """Jobs by number, waiting or running; ``taken_until`` [node] is when a node's last job with a start leaves."""

    def __init__(self, waiting: dict[int, Waiting], taken_until: IVec) -> None:
        self._submitted, self._taken_until = waiting, taken_until
        self._running: dict[int, tuple[IVec, int]] = {}
        self._told: dict[int, int] = {}  # when running jobs end as they said when they started

    def since(self) -> set[int]:
        """Ticks at which jobs are submitted."""
        return {job.since for job in self._submitted.values()}

    def leave(self, job: int) -> None:
        """A job is over: its nodes are free."""
        del self._running[job], self._told[job]

    def extend(self, job: int, paused: int) -> None:
        """A job that has been paused for so many ticks in all is expected to end that much later."""
        nodes, _ = self._running[job]
        self._running[job] = nodes, self._told[job] + paused

    def start(self, now: int) -> list[Start]:
        """Jobs that start at tick ``now``, by their number, and their nodes."""
        due = [job for job, one in self._submitted.items() if one.since <= now]
        if not due:
            return []
        free_at = self._taken_until.copy()
        for nodes, until in self._running.values():
            free_at[nodes] = np.maximum(free_at[nodes], max(until, now + 1))
        found = []
        for place, nodes in starts(now, [self._submitted[job] for job in due], free_at):
            one = self._submitted.pop(due[place])
            self._told[due[place]] = now + one.ticks
            self._running[due[place]] = nodes, now + one.ticks
            found.append(Start(due[place], nodes))
        return found
