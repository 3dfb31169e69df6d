"""A second of a window in the plant: heat first, then the electrical side in steps (`window`), then the books.

begin -> steps (as often as breakers move within the second) -> finish
"""

from typing import Any

import numpy as np

from twin.components import psu, shelf
from twin.core.layout import IVec, Vec, zeros
from twin.network import radial
from twin.plant import cut, following, ledger, record, recording, step, storage, waves, window
from twin.plant.order import AIR_W, NODE_W, STORAGE_OUTPUTS, THROTTLED, Plant, State

_ROUNDING = 1e-12


def bench(plant: Plant, state: State, silicon: Vec, per_tick: int, nodes: IVec) -> window.Bench:
    """Room for a window of ``per_tick`` steps a second that records power at the electrical ``nodes``.

    ``silicon`` is each GPU's dynamic power over its type's.
    """
    racks, servers, halls = plant.rack.gpu.size, state.node.job.size, state.hall.supply_c.size
    buses, wiring = state.network.voltage_pu.size, plant.wiring
    psu_c = np.zeros((plant.supply.restart_s.size, psu.COEFFICIENTS))
    for k in range(len(psu_c)):
        psu.coefficients(plant.supply.psu, k, 1.0 / per_tick, psu_c[k])
    shelf_c = np.zeros((max(1, plant.supply.shelf.most_j.size), shelf.COEFFICIENTS))
    for k in range(plant.supply.shelf.most_j.size):
        shelf.coefficients(plant.supply.shelf, k, 1.0 / per_tick, shelf_c[k])
    return window.Bench(
        asked=waves.room(servers, following.room(plant.cap_dynamics, plant.rack.gpu, servers, per_tick)),
        held=window.Held(
            cdu_w=np.zeros(wiring.cdu_board.size), door_w=np.zeros(racks),
            **{name: np.zeros(wiring.mechanical_board.size) for name in window.Held._fields[1:6]},
            **{name: np.zeros(wiring.air_board.size) for name in ("air_door_w", "air")},
        ),
        sums=window.Sums(
            np.zeros(6), np.zeros(halls), np.zeros(1), np.zeros(1), np.zeros(STORAGE_OUTPUTS),
            np.zeros(buses), np.zeros(buses), np.zeros(plant.network.from_bus.size),
            *(np.zeros(racks) for _ in range(3)),
        ),
        mean=radial.new_state(plant.network, buses),
        closed=np.ones(racks, np.int64), inside=np.ones(wiring.mechanical_board.size),
        seen_pu=state.network.voltage_pu.copy(),
        psu_c=psu_c, shelf_c=shelf_c,
        span_w=_spans_w(plant, silicon),
        rows=zeros(record.WindowRecord, per_tick),
        node_w=np.zeros((per_tick, nodes.size)), inner=nodes,
        boards=np.unique(np.concatenate([plant.rack.board, wiring.mechanical_board, wiring.cdu_board])),
    )  # fmt: skip


def inner(plant: Plant) -> IVec:
    """Electrical nodes that feed others."""
    parents = plant.network.from_bus[: plant.network.to_bus.max() + 1]
    found: IVec = np.unique(parents[parents >= 0])
    return found


def _spans_w(plant: Plant, silicon: Vec) -> Vec:
    """What the boards of each server draw more at full activity [W]."""
    kind = np.repeat(plant.rack.node, plant.rack.nodes)
    gpus = plant.node.gpus[kind]
    sums = np.add.reduceat(silicon.reshape(-1), np.cumsum(gpus) - gpus)
    spans: Vec = sums * np.repeat(plant.gpu.span_w[plant.rack.gpu], plant.rack.nodes)
    return spans


def begin(plant: Plant, state: State, activity: Vec, wave: waves.Waves, closed: IVec, room: window.Bench) -> None:
    """The heat of the second, and what hangs on the boards in it.

    ``activity`` [1, job] is the second's mean, ``closed`` says which racks' breakers are.
    """
    step.begin(plant, state, activity, 1)
    _hold(plant, state, room)
    room.closed[:] = closed
    waves.ask(
        plant.rack, state.node, room.span_w, state.flows.node, state.service.racks, activity[0], wave,
        state.step.rack[0, :, NODE_W], state.step.rack[0, :, THROTTLED], len(room.rows.feed_w), room.asked,
    )  # fmt: skip
    for values in room.sums:
        values[:] = 0.0
    for name in ("voltage_pu", "power_pu", "reactive_pu", "loss_pu", "loading"):
        getattr(room.mean, name)[:] = 0.0


def _hold(plant: Plant, state: State, room: window.Bench) -> None:
    """What motors draw, as `step.hall_loads` spread it over boards."""
    wiring, flows, now, held = plant.wiring, state.flows, state.step, room.held
    living = state.service.supplied[wiring.mechanical_board] * wiring.mechanical_share
    total = np.bincount(wiring.mechanical_hall, living, flows.hall_pump_w.size)
    share = np.divide(living, total[wiring.mechanical_hall], out=np.zeros_like(living), where=living > 0)
    h = wiring.mechanical_hall
    held.cdu_w[:] = flows.cdu_pump_w
    held.pump_w[:], held.fan_w[:] = share * flows.hall_pump_w[h], share * state.fans.room_w[h]
    held.plant_w[:] = share * (now.plant_w[h] - now.chiller_w[h])
    held.chiller_w[:] = share * now.chiller_w[h]
    chillers = state.service.chillers * (state.protection.motors.out[plant.motors.first[2] :] <= 0)
    held.chillers[:] = np.bincount(wiring.machine_board, chillers, held.chillers.size)
    doors, others = plant.rack.door, wiring.air_door
    held.air_door_w[:] = np.where(others >= 0, wiring.air_racks * _fans_w(state, others), 0.0)
    held.air[:] = state.service.supplied[wiring.air_board]
    held.door_w[:] = 0.0
    fitted = (doors >= 0) & (state.service.racks > 0)
    held.door_w[fitted] = _fans_w(state, doors)[fitted]


def _fans_w(state: State, doors: IVec) -> Vec:
    """Power of the fans of each door [W]; 0 where there is none."""
    power_w = np.append(state.fans.coil_w, 0.0)
    fans: Vec = power_w[doors]
    return fans


def rest(plant: Plant, state: State, wave: waves.Waves, room: window.Bench) -> None:
    """Supplies and shelves as they were all the time, drawing what the first step asks; their charge stays."""
    for r in range(plant.rack.gpu.size):
        first_w = waves.asked_w(room.asked, wave.activity, r, 0)
        k = plant.supply.kind[r]
        state.psu.asked_w[r] = first_w / room.asked.efficiency[r]
        if plant.supply.shelf_of[k] >= 0:
            state.shelf.smooth_w[r] = state.shelf.drawn_w[r] = first_w
    room.seen_pu[:] = state.network.voltage_pu
    storage.see(_stores(plant, state), plant.wiring, state.service, room.seen_pu)


def _stores(plant: Plant, state: State) -> tuple[Any, ...]:
    """What `storage.act` needs of UPS and battery plants."""
    return plant.ups, plant.battery, state.ups, state.battery


def steps(plant: Plant, state: State, wave: waves.Waves, room: window.Bench, first: int, last: int) -> int:
    """Steps from ``first`` up to ``last`` of the second, or until protection moved something.

    Returns the number of the next step, or minus the number (from 1) of the step without solution.
    """
    per_tick = len(room.rows.feed_w)
    return int(
        window.run(
            plant.rack, plant.wiring, plant.supply, _stores(plant, state), plant.network, state.feeding, state.loads,
            state.network, plant.relays, plant.motors, state.service, state.psu, state.shelf, state.outage,
            state.protection, wave.activity, first, last, 1.0 / per_tick, radial.BASE_MVA, room, state.step,
        )
    )  # fmt: skip


def finish(
    plant: Plant, state: State, activity: Vec, room: window.Bench, kept_j: Vec, books: Vec, site: record.SiteRecord,
    substation_w: Vec, at: int, records: record.Records, seconds: int,
) -> None:  # fmt: skip
    """Means, books and records of the second, as `step.advance` leaves them, and the way of its heat.

    ``kept_j`` is what each rack's supplies and shelf held when the second began.
    """
    now, sums, base_w = state.step, room.sums, radial.BASE_MVA * 1e6
    _settle_racks(plant, state, activity, room, kept_j)
    drawn = sums.drawn_w
    now.hall_air_w[:] += sums.air_w
    now.house_w[0], now.storage[:] = sums.house_w[0], sums.storage
    recording.site_row(
        now, state.flows, room.mean, room.rows.source_pu.mean(), 0, radial.BASE_MVA, drawn[window.AIR_RACKS],
        (drawn[window.DOORS], drawn[window.ROOMS]), site, at,
    )  # fmt: skip
    for name, by in (("cdu_pump_w", window.CDU), ("hall_pump_w", window.PUMPS), ("plant_w", window.PLANT)):
        column = getattr(site, name)
        site.loss_w[at] += column[at] - drawn[by]
        column[at] = drawn[by]
    substation_w[at] = room.mean.power_pu[plant.wiring.substation] * base_w
    recording.add_electrical(plant.network, room.mean, radial.BASE_MVA, seconds, records.electrical)
    state.loads.p_pu[:], state.loads.q_pu[:] = sums.load_w / base_w, sums.load_var / base_w
    recording.add_loads(state.network, state.loads, state.service.in_service, radial.BASE_MVA, records.electrical)
    state.warmth.square[:] += sums.square
    recording.add_batteries(plant.battery, state.battery, seconds, records.battery)
    ledger.book_second(now, room.mean, radial.BASE_MVA, site, at, sums.lines_w[0], books)
    step.finish(plant, state, 1, books, records, seconds)


def _settle_racks(plant: Plant, state: State, activity: Vec, room: window.Bench, kept_j: Vec) -> None:
    """Take back what racks were not served, and put what supplies lost and kept into heat and stores."""
    now, sums, rack, halls = state.step, room.sums, plant.rack, state.hall.supply_c.size
    out = now.rack[0]
    for r in np.flatnonzero(sums.served_w < sums.asked_w * (1.0 - _ROUNDING)):
        served = float(sums.served_w[r] / sums.asked_w[r])
        cut.cut_rack(r, rack, state.blocks, state.node, state.flows.gpu, state.flows.node, activity[0], served, out)
    out[:, AIR_W] += sums.input_w - (held_j(state) - kept_j) - out[:, NODE_W]
    out[:, NODE_W] = sums.input_w
    air_w = np.bincount(rack.hall, out[:, AIR_W], halls)
    now.hall_air_w[:] += air_w
    now.hall_hot_w[:] += air_w


def switched(plant: Plant, state: State, closed: IVec, room: window.Bench) -> None:
    """After breakers moved between two steps: what is dead draws nothing in the next one."""
    room.closed[:] = closed
    room.seen_pu[state.service.energised == 0] = 0.0
    storage.see(_stores(plant, state), plant.wiring, state.service, room.seen_pu)


def held_j(state: State) -> Vec:
    """What the supplies and the shelf of each rack hold [J]."""
    held: Vec = state.psu.stored_j + state.shelf.stored_j
    return held
