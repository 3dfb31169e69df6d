"""Protection each second or step of a window: relays, transfers, rack breakers, and motors that drop out of a dip.

`watch` runs after each power flow, on what elements carry and what voltage buses have. It opens nothing itself: it
marks elements and racks that are to open, ties that are to close and machines that are out, and says that something
moved; who owns the breakers (`twin.protecting`) acts on that. While anything has picked up, macro-steps are a second.
"""

from math import sqrt

import numpy as np

from twin.components import dropout, overcurrent, ride_through, thermal_relay, transfer, undervoltage
from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.plant.order import Plant, State

_LOWEST_PU = 0.05  # a breaker behind less voltage than that carries no load that could be told


@kernel(bare=True)
def current(network, solution, e):
    """Current of element ``e`` over its rating."""
    i_re, i_im = solution.i_re[e], solution.i_im[e]
    return sqrt(i_re * i_re + i_im * i_im) / network.rating_pu[e]


@kernel(bare=True)
def _open(marks, state, at):
    if marks[at] == 0:
        marks[at] = 1
        state.moved[0] = 1


@kernel(bare=True)
def _relays(relays, network, solution, state, dt_s):
    """Advance every relay; returns whether one is not at rest."""
    busy = False
    guarded, types, pickup, rating_pu = (
        relays.overcurrent_at, relays.overcurrent_type, relays.overcurrent.pickup, network.rating_pu,
    )  # fmt: skip
    damage, above_s, signal_s = state.overcurrent.damage, state.overcurrent.above_s, state.overcurrent.signal_s
    i_re, i_im = solution.i_re, solution.i_im
    for r in range(guarded.size):
        e, k = guarded[r], types[r]
        seen_pu = sqrt(i_re[e] * i_re[e] + i_im[e] * i_im[e]) / rating_pu[e]
        if seen_pu <= pickup[k] and damage[r] == 0.0 and above_s[r] == 0.0 and signal_s[r] < 0.0:
            continue
        seen = overcurrent.advance(relays.overcurrent, k, state.overcurrent, r, seen_pu, dt_s)
        if seen == 3:
            _open(state.opened, state, e)
        busy = busy or 0 < seen < 3
    for r in range(relays.thermal_at.size):
        e = relays.thermal_at[r]
        seen = thermal_relay.advance(
            relays.thermal, relays.thermal_type[r], state.thermal, r, current(network, solution, e), dt_s
        )
        if seen == 3:
            _open(state.opened, state, e)
        busy = busy or 0 < seen < 3
    for r in range(relays.undervoltage_at.size):
        e = relays.undervoltage_at[r]
        bus_pu = solution.voltage_pu[network.to_bus[e]]
        seen = undervoltage.advance(
            relays.undervoltage, relays.undervoltage_type[r], state.undervoltage, r, bus_pu, dt_s
        )
        if seen == 3:
            _open(state.opened, state, e)
        busy = busy or 0 < seen < 3
    return busy


@kernel(bare=True)
def _transfers(relays, network, solution, state, dt_s):
    """Advance every transfer; returns whether one is not at rest."""
    busy = False
    for i in range(relays.transfer_main.size):
        main, tie, bus = relays.transfer_main[i], relays.transfer_tie[i], relays.transfer_bus[i]
        neighbour = network.to_bus[tie] if network.from_bus[tie] == bus else network.from_bus[tie]
        seen = transfer.advance(
            relays.transfer, state.transfer, i, solution.voltage_pu[bus], solution.voltage_pu[neighbour], dt_s
        )
        if seen >= 2:
            _open(state.opened, state, main)
        if seen == 3:
            _open(state.closed, state, tie)
        busy = busy or 0 < seen < 3
    return busy


@kernel(bare=True)
def _machines(motors, solution, state, dt_s):
    """Advance every machine; returns whether one is out or outside its bands."""
    busy = False
    # Arrays at hand make the many machines at rest cheap: each look into a tuple counts references.
    envelope_of, bus, behind_ups, voltages = motors.envelope_of, motors.bus, motors.behind_ups, solution.voltage_pu
    out, inside_s = state.motors.out, state.envelope.inside_s
    least_pu, most_pu = motors.envelope.least_pu, motors.envelope.most_pu
    for i in range(bus.size):
        k = envelope_of[i]
        voltage_pu = 1.0 if behind_ups[i] else voltages[bus[i]]
        if out[i] <= 0.0 and inside_s[i] == np.inf and least_pu[k] <= voltage_pu <= most_pu[k]:
            continue
        lost = ride_through.advance(motors.envelope, k, state.envelope, i, voltage_pu, dt_s)
        healthy = not ride_through.outside(motors.envelope, k, voltage_pu)
        was_out = out[i] > 0.0
        is_out = dropout.advance(state.motors, i, lost, healthy, motors.restart_s[i], dt_s)
        if was_out != is_out:
            state.moved[0] = 1
        busy = busy or is_out or not healthy
    return busy


@kernel(bare=True)
def _racks(relays, rack, alive, drawn_w, voltage_pu, state, dt_s):
    """Let ``dt_s`` of what racks drew (``drawn_w``, supply loss included) act on their breakers."""
    racks, types, pickup, breaker = relays.breaker_rack, relays.breaker_type, relays.breaker.pickup, state.breaker
    damage, above_s, signal_s, rating_w, board = (
        breaker.damage, breaker.above_s, breaker.signal_s, rack.rating_w, rack.board,
    )  # fmt: skip
    for n in range(racks.size):
        r, k = racks[n], types[n]
        share = drawn_w[r] / rating_w[r] if alive[r] else 0.0
        at_pu = max(voltage_pu[board[r]], _LOWEST_PU)
        # A breaker below its pickup with nothing to undo is most of them.
        at_rest = damage[n] == 0.0 and above_s[n] == 0.0 and signal_s[n] < 0.0
        if at_rest and share <= pickup[k] * at_pu:
            continue
        seen = overcurrent.advance(relays.breaker, k, breaker, n, share / at_pu, dt_s)
        if seen == 3:
            _open(state.racks_opened, state, r)
        elif seen > 0:
            state.alert[0] = 1


@kernel(bare=True)
def watch(guards, rack, network, solution, alive, drawn_w, dt_s):
    """Let ``dt_s`` of the last power flow, and of what racks drew (supply loss included), act on all protection.

    ``guards`` are constants of relays and motors and the state of both.
    """
    relays, motors, state = guards
    busy = _relays(relays, network, solution, state, dt_s)
    busy = _transfers(relays, network, solution, state, dt_s) or busy
    busy = _machines(motors, solution, state, dt_s) or busy
    state.alert[0] = 1 if busy or state.moved[0] else 0
    _racks(relays, rack, alive, drawn_w, solution.voltage_pu, state, dt_s)


def damage(plant: Plant, state: State) -> tuple[Vec, Vec]:
    """How far each relay and breaker is, now and at most since the last call: overcurrent, thermal, rack breakers."""
    guards, now = plant.relays, state.protection
    heat = now.thermal.heat / guards.thermal.carries[guards.thermal_type] ** 2
    latest = np.concatenate((now.overcurrent.damage, heat, now.breaker.damage))
    most = np.concatenate((now.overcurrent.most, heat, now.breaker.most))
    for relay in (now.overcurrent, now.breaker):
        relay.most[:] = relay.damage
    return latest, np.maximum(latest, most)
