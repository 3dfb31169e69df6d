"""How many machines of a group run, and how fast they load: ramps, restarts, and the least times between.

A machine is called on or off by staging. On, it carries load while it has supply and nothing to wait for:

- its load rises no faster than from nothing to full in the loading time, and falls at once; called off by staging,
  it unloads in that time, so that the others can follow;
- after a loss of supply it waits for the restart time, counted from the moment supply is back, then loads from nothing;
- staging starts as many as bring the load back to ``up`` of what runs, and stops one when the load has been below
  ``down`` of it for the hold time and the rest can carry it below ``up``;
- a machine once started runs for its least time, one once stopped stands for its least time (anti-recycle).

Load is counted in capacities of one machine. Running machines share it evenly as far as each has room.
"""

from math import ceil
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from twin.core.jit import kernel
from twin.core.layout import Var, Vec, frozen
from twin.core.quantity import Duration, Ratio, Spec

_ROUNDING = 1e-9


class TimingSpec(Spec):
    """How fast a machine follows, by its type."""

    loading: Duration = Field(default=240.0, gt=0)
    """From nothing to full load; 4 min are 25 % a minute [E]."""
    restart: Duration = Field(default=240.0, ge=0)
    """From the return of supply to the start: 3 to 5 min, 30 to 60 s with a quick restart [E]."""
    least_run: Duration = Field(default=900.0, ge=0)
    """Least time from start to stop [E]."""
    least_off: Duration = Field(default=300.0, ge=0)
    """Least time from stop to start; with the least run 20 min from start to start, which guards the motor [E]."""


class StagingSpec(Spec):
    """When machines of a group start and stop, by the site."""

    up: Ratio = Field(default=0.9, gt=0, le=1)
    """Load over capacity of those running above which more are started [E]."""
    down: Ratio = Field(default=0.6, gt=0, lt=1)
    """The same below which one is stopped [E]."""
    hold: Duration = Field(default=900.0, ge=0)
    """Time for which it must stay below [E]."""

    @model_validator(mode="after")
    def _apart(self) -> "StagingSpec":
        if self.down >= self.up:
            raise ValueError(
                f"machines are stopped below {self.down:.0%} and started above {self.up:.0%} of the capacity of those "
                "running; give a lower share to down"
            )
        return self


class StagingParams(NamedTuple):
    """Constants of each group of machines."""

    up: Annotated[Vec, Var("1", "load over running capacity above which machines start")]
    down: Annotated[Vec, Var("1", "load over running capacity below which one stops")]
    hold_s: Annotated[Vec, Var("s", "time it must stay below")]
    loading_s: Annotated[Vec, Var("s", "time from nothing to full load")]
    restart_s: Annotated[Vec, Var("s", "wait after a loss of supply")]
    least_run_s: Annotated[Vec, Var("s", "least time from start to stop")]
    least_off_s: Annotated[Vec, Var("s", "least time from stop to start")]


class StagingState(NamedTuple):
    """What each machine does; ``low_s`` is by group."""

    on: Annotated[Vec, Var("1", "whether it is called to run")]
    wait_s: Annotated[Vec, Var("s", "time until it may carry load")]
    held_s: Annotated[Vec, Var("s", "time since it was started or stopped")]
    load: Annotated[Vec, Var("1", "share of its capacity it carries")]
    room: Annotated[Vec, Var("1", "share of its capacity it may carry in this step")]
    low_s: Annotated[Vec, Var("s", "time for which the load was low enough to stop one")]


def params(staging: list[StagingSpec], timing: list[TimingSpec]) -> StagingParams:
    """Parameter arrays, one entry a group."""
    return frozen(
        StagingParams,
        up=[s.up for s in staging],
        down=[s.down for s in staging],
        hold_s=[s.hold for s in staging],
        loading_s=[t.loading for t in timing],
        restart_s=[t.restart for t in timing],
        least_run_s=[t.least_run for t in timing],
        least_off_s=[t.least_off for t in timing],
    )


def new_state(machines: int, groups: int) -> StagingState:
    """Machines that have been on for long and carry nothing."""
    return StagingState(
        on=np.ones(machines), wait_s=np.zeros(machines), held_s=np.full(machines, np.inf), load=np.zeros(machines),
        room=np.zeros(machines), low_s=np.zeros(groups),
    )  # fmt: skip


@kernel
def open_room(times, state, g, machines, fed, dt_s):
    """What each machine of group ``g`` may carry within ``dt_s``; one called off unloads as fast as others load.

    ``machines`` is first and one past the last; ``fed`` says which have supply.
    """
    for k in range(machines[0], machines[1]):
        state.room[k] = 0.0
        if fed[k] <= 0.0:
            state.wait_s[k], state.load[k] = times.restart_s[g], 0.0
        elif state.on[k] <= 0.0:
            state.room[k] = max(0.0, state.load[k] - dt_s / times.loading_s[g])
        elif state.wait_s[k] <= 0.0:
            state.room[k] = min(1.0, state.load[k] + dt_s / times.loading_s[g])


@kernel
def share_out(state, machines, want):
    """Load the machines alike as far as each has room; returns what of ``want`` they carry."""
    left, taking = want, 0.0
    for k in range(machines[0], machines[1]):
        state.load[k] = 0.0
        taking += 1.0 if state.room[k] > 0.0 else 0.0
    while taking > 0.0 and left > 0.0:
        even, full = left / taking, 0.0
        for k in range(machines[0], machines[1]):
            if state.load[k] == 0.0 and 0.0 < state.room[k] <= even:
                state.load[k] = state.room[k]
                left -= state.room[k]
                full += 1.0
        if full == 0.0:
            for k in range(machines[0], machines[1]):
                if state.load[k] == 0.0 and state.room[k] > 0.0:
                    state.load[k] = even
            left = 0.0
        taking -= full
    return want - max(left, 0.0)


@kernel
def pass_time(state, machines, fed, dt_s):
    """Let ``dt_s`` pass for waits and least times."""
    for k in range(machines[0], machines[1]):
        state.held_s[k] += dt_s
        if fed[k] > 0.0:
            state.wait_s[k] = max(0.0, state.wait_s[k] - dt_s)


@kernel
def stop_all(state, machines):
    """Stop every machine, whatever its least time: another source has taken over."""
    for k in range(machines[0], machines[1]):
        state.held_s[k] = 0.0 if state.on[k] > 0.0 else state.held_s[k]
        state.on[k] = state.load[k] = 0.0


@kernel
def stage(times, state, g, machines, fed, want, least, since_s):
    """Start and stop machines of group ``g`` for ``want``; decided every ``since_s``.

    From standstill the first starts where ``want`` is above ``least``, what one machine takes without cycling.
    """
    running = 0.0
    for k in range(machines[0], machines[1]):
        running += 1.0 if state.on[k] > 0.0 and fed[k] > 0.0 else 0.0
    low = want < times.down[g] * running and want <= times.up[g] * (running - 1.0)
    state.low_s[g] = state.low_s[g] + since_s if low else 0.0
    missing = 0.0
    if want > times.up[g] * running and (running > 0.0 or want > least):
        missing = ceil(want / times.up[g] - _ROUNDING) - running
    for k in range(machines[0], machines[1]):
        if missing > 0.0 and state.on[k] <= 0.0 and fed[k] > 0.0 and state.held_s[k] >= times.least_off_s[g]:
            state.on[k], state.held_s[k] = 1.0, 0.0
            missing -= 1.0
    if state.low_s[g] >= times.hold_s[g] and low:
        for k in range(machines[1] - 1, machines[0] - 1, -1):
            if state.on[k] > 0.0 and fed[k] > 0.0 and state.held_s[k] >= times.least_run_s[g]:
                state.on[k], state.held_s[k] = 0.0, 0.0
                break


@kernel
def rest(times, state, g, machines, fed, want):
    """Put group ``g`` at rest: as many machines as ``want`` needs, without waits."""
    missing = ceil(want / times.up[g] - _ROUNDING)
    state.low_s[g] = 0.0
    for k in range(machines[0], machines[1]):
        state.wait_s[k] = 0.0 if fed[k] > 0.0 else times.restart_s[g]
        state.held_s[k], state.on[k] = np.inf, 0.0
        if missing > 0.0 and fed[k] > 0.0:
            state.on[k] = 1.0
            missing -= 1.0
