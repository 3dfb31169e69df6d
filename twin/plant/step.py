"""One macro-step of the plant, in the order of `order`."""

import numpy as np

from twin.components import battery, cable, cdu, ups
from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.network import radial
from twin.network.meshed import Meshed
from twin.plant import (
    aisles,
    coolant,
    electrics,
    grid,
    ledger,
    protection,
    racks,
    record,
    recording,
    rejection,
    storage,
    water,
)
from twin.plant.order import AIR_W, LIQUID_W, NODE_W, Motors, Plant, ProtectionState, Relays, State

Held = tuple[float, float, float, float]
Stores = tuple[ups.UpsParams, battery.BatteryParams, ups.UpsState, battery.BatteryState]
Guarded = tuple[Relays, Motors, ProtectionState]
Rows = tuple[record.SiteRecord, Vec, record.ElectricalRecord, record.BatteryRecord]
_SWIFT = 0.02  # relative speed still to go above which a pump's ramp is followed second by second


def update_flows(plant: Plant, state: State, *, steady: bool = False) -> None:
    """Solve every flow anew after `Service` changed, and what follows from it; ``steady`` for infinite steps."""
    state.room.cdus_anew[:] = 1
    coolant.solve(plant, state, np.inf if steady else 1.0)
    water.solve(plant, state)
    rejection.update_flows(plant, state)


def sample(plant: Plant, state: State, tick: int) -> None:
    """Let the controllers of CDUs and halls act that are due at ``tick``; `move` makes flows of it."""
    coolant.sample(plant, state, tick)
    water.sample(plant, state, tick)


def periods(plant: Plant) -> list[int]:
    """Periods [ticks] at which controllers sample."""
    each = (plant.cdu_temperature, plant.cdu_pressure, plant.hall_pressure)
    return sorted({int(period_s) for control in each for period_s in control.period_s})


def turning(state: State) -> bool:
    """Whether each second shows: protection has picked up, or pumps coast, start or take over by much."""
    if state.protection.alert[0]:
        return True
    for pumps, asked, running in (
        (state.cdu, state.cdu_pressure.output, state.service.cdu_pumps),
        (state.water, state.hall_pressure.output, state.service.hall_pumps),
    ):
        if pumps.coasting.any() or ((np.abs(asked - pumps.speed) > _SWIFT) & (running > 0)).any():
            return True
    return False


def move(plant: Plant, state: State, dt_s: float, *, sampled: bool) -> None:
    """Ramp and coast pumps over the ``dt_s`` to come, and solve flows where pumps moved or controllers ``sampled``."""
    cdus_moved = coolant.move(plant, state, dt_s)
    if cdus_moved:
        coolant.solve(plant, state)
    halls_moved = water.move(plant, state, dt_s)
    if sampled or cdus_moved or halls_moved:
        water.solve(plant, state)
        rejection.update_flows(plant, state)


@kernel(bare=True)
def hall_loads(wiring, flows, fans, alive, plant_w, load_w, load_var, air_w, hot_w):
    """Load at each node and heat into each hall's air, and its hot aisle, from all that holds still over a macro-step.

    Plant, pumps and room units draw from the boards of their hall that are alive; what a dead board fed stands still.
    Returns power [W] of network and storage racks, of their doors' and of room units' fans, and loss of supply lines.
    """
    load_w[:] = 0.0
    load_var[:] = 0.0
    hot_w[:] = 0.0
    racks_w, doors_w, rooms_w, lost_w = 0.0, 0.0, 0.0, 0.0
    for h in range(air_w.size):
        air_w[h] = flows.hall_pump_w[h] - flows.hall_shaft_w[h]
    for m in range(wiring.mechanical_board.size):
        h, b = wiring.mechanical_hall[m], wiring.mechanical_board[m]
        if alive[b]:
            share = wiring.mechanical_share[m] / living_share(wiring, alive, h)
            drawn = share * (plant_w[h] + flows.hall_pump_w[h] + fans.room_w[h])
            load_w[b] += drawn
            load_var[b] += drawn * wiring.plant_reactive_share[h]
            air_w[h] += share * fans.room_w[h]
            rooms_w += share * fans.room_w[h]
    for m in range(wiring.air_board.size):
        b = wiring.air_board[m]
        if alive[b]:
            fans_w = wiring.air_racks[m] * door_fan_w(fans, wiring.air_door[m])
            drawn = wiring.air_rack_w[m] + wiring.air_loss_w[m] + fans_w
            load_w[b] += drawn
            load_var[b] += drawn * wiring.air_reactive_share[m]
            air_w[wiring.air_hall[m]] += drawn
            hot_w[wiring.air_hall[m]] += wiring.air_rack_w[m]
            racks_w += wiring.air_rack_w[m]
            doors_w += fans_w
            lost_w += wiring.air_loss_w[m]
    for k in range(wiring.house_bus.size):
        b = wiring.house_bus[k]
        if alive[b]:
            drawn = wiring.house_w[k] * (1.0 - wiring.house_current[k] - wiring.house_impedance[k])
            load_w[b] += drawn
            load_var[b] += drawn * wiring.house_reactive_share[k]
    for i in range(wiring.cdu_board.size):
        drawn = flows.cdu_pump_w[i]
        load_w[wiring.cdu_board[i]] += drawn
        load_var[wiring.cdu_board[i]] += drawn * wiring.cdu_reactive_share[i]
        air_w[wiring.cdu_hall[i]] += drawn - flows.cdu_shaft_w[i]
    return racks_w, doors_w, rooms_w, lost_w


@kernel(bare=True)
def door_fan_w(fans, door):
    """Power [W] of the fans of a rack's door of coil group ``door``; 0 where it has none."""
    return fans.coil_w[door] if door >= 0 else 0.0


@kernel(bare=True)
def living_share(wiring, alive, h):
    """Share of hall ``h``'s plant and pumps whose boards are alive."""
    share = 0.0
    for m in range(wiring.mechanical_board.size):
        if wiring.mechanical_hall[m] == h and alive[wiring.mechanical_board[m]]:
            share += wiring.mechanical_share[m]
    return share


@kernel(bare=True)
def rack_loads(rack, fans, out, fed, s, ticks, rack_w, load_w, load_var, air_w, hot_w):
    """Add what racks with supply draw in second ``s`` of ``ticks`` to loads and mean air heat; notes it in ``rack_w``.

    Returns what door fans draw and supply lines lose [W].
    """
    door_w, lost_w = 0.0, 0.0
    for r in range(rack.gpu.size):
        b = rack.board[r]
        rack_w[r] = 0.0
        if fed[r] == 0:
            continue
        fan_w = door_fan_w(fans, rack.door[r])
        drawn = out[s, r, NODE_W] + fan_w
        loss = cable.supply_loss_w(drawn, rack.rating_w[r], rack.supply_loss[r])
        rack_w[r] = drawn + loss
        load_w[b] += drawn + loss
        load_var[b] += (drawn + loss) * rack.reactive_share[r]
        door_w += fan_w
        lost_w += loss
        air_w[rack.hall[r]] += (out[s, r, AIR_W] + fan_w + loss) / ticks
        hot_w[rack.hall[r]] += out[s, r, AIR_W] / ticks
    return door_w, lost_w


@kernel(bare=True)
def gather_heat(rack_cdu, out, ticks, heat_w):
    """Mean heat of each CDU's racks over the macro-step."""
    heat_w[:] = 0.0
    for s in range(ticks):
        for r in range(rack_cdu.size):
            heat_w[rack_cdu[r]] += out[s, r, LIQUID_W] / ticks


@kernel(bare=True)
def advance_cdus(cdu_p, cdu_hall, service, cdus, halls, flows, slopes, step, ticks):
    """Every CDU over ``ticks`` seconds, from its racks' heat to its hall."""
    step.hall_liquid_w[:] = 0.0
    for i in range(cdu_hall.size):
        h, before = cdu_hall[i], cdus.supply_c[i]
        step.cdu_leak_w[i] = coolant.leak_w(cdu_p, service, cdus, i, ticks)
        given = cdu.advance(
            cdus, i, flows.cdu_flow_kg_s[i] * cdu_p.coolant_j_kg_k[i], flows.cdu_k_w_k[i], cdu_p.half_j_k[i],
            step.cdu_heat_w[i], flows.cdu_shaft_w[i] - step.cdu_leak_w[i], halls.inlet_c[h], ticks,
        )  # fmt: skip
        slopes.cdu_k_s[i] = (cdus.supply_c[i] - before) / ticks
        step.cdu_given_w[i] = given
        step.hall_liquid_w[h] += given


@kernel(bare=True)
def draw(rack, fans, service, stores, wiring, solution, base_mva, step, s, ticks):
    """Loads of second ``s`` of ``ticks`` in `Step`; returns what doors' fans and supply lines of racks take [W]."""
    for b in range(step.load_w.size):
        step.load_w[b], step.load_var[b] = step.held_w[b], step.held_var[b]
    taken = rack_loads(
        rack, fans, step.rack, service.racks, s, ticks, step.rack_w, step.load_w, step.load_var, step.hall_air_w,
        step.hall_hot_w,
    )  # fmt: skip
    storage.act(stores, wiring, service, solution, base_mva * 1e6, 1.0, step)
    return taken


@kernel(bare=True)
def book(
    rack, network, loads, solution, stores, guarded, square, metered, service, flows, step, s, held, taken, base_mva,
    books, rows, at, seconds,
):  # fmt: skip
    """Let protection watch the solved second ``s``, record and book it.

    ``held`` is what `hall_loads` returned, ``taken`` what `draw` did; ``guarded`` are relays, motors and their state;
    ``rows`` are those of the site, of substations' power, of electrical elements and of battery plants.
    """
    racks_w, doors_w, rooms_w, lines_w = held
    site, substation_w, electrical, plants = rows
    protection.watch(guarded, rack, network, solution, service.racks, step.rack_w, 1.0)
    fans_w = doors_w + taken[0], rooms_w
    recording.site_row(step, flows, solution, service.source_pu[0], s, base_mva, racks_w, fans_w, site, at + s)
    for k in range(metered.size):
        substation_w[at + s, k] = solution.power_pu[metered[k]] * base_mva * 1e6
    recording.add_electrical(network, solution, base_mva, seconds + s, electrical)
    recording.add_loads(solution, loads, service.in_service, base_mva, electrical)
    recording.add_batteries(stores[1], stores[3], seconds + s, plants)
    electrics.add_currents(solution, square)
    ledger.book_second(step, solution, base_mva, site, at + s, lines_w + taken[1], books)


@kernel(bare=True)
def carry(
    rack, network, feeding, loads, solution, stores, guarded, square, metered, wiring, service, flows, fans, step,
    ticks, held, base_mva, books, rows, at, seconds,
):  # fmt: skip
    """Each second's power flow by the sweep, recorded and booked.

    ``stores`` are the constants of UPS and battery plants and their states. Returns 0, or minus the second (from 1) in
    which the network had no solution.
    """
    for s in range(ticks):
        taken = draw(rack, fans, service, stores, wiring, solution, base_mva, step, s, ticks)
        if grid.flow(network, feeding, loads, wiring, service.source_pu[0], base_mva, step, solution) < 0:
            return -(s + 1)
        book(
            rack, network, loads, solution, stores, guarded, square, metered, service, flows, step, s, held, taken,
            base_mva, books, rows, at, seconds,
        )  # fmt: skip
    return 0


def carry_meshed(
    plant: Plant, state: State, meshed: Meshed, stores: Stores, guarded: Guarded, ticks: int, held: Held, books: Vec,
    rows: Rows, at: int, seconds: int,
) -> int:  # fmt: skip
    """As `carry`, by the solver of networks with loops."""
    wiring, service, step, base_mva = plant.wiring, state.service, state.step, radial.BASE_MVA
    for s in range(ticks):
        taken = draw(plant.rack, state.fans, service, stores, wiring, state.network, base_mva, step, s, ticks)
        if grid.solve(plant, state, meshed) < 0:
            return -(s + 1)
        book(
            plant.rack, plant.network, state.loads, state.network, stores, guarded, state.warmth.square,
            wiring.substation, service, state.flows, step, s, held, taken, base_mva, books, rows, at, seconds,
        )  # fmt: skip
    return 0


def advance(
    plant: Plant, state: State, activity: Vec, ticks: int, books: Vec, site: record.SiteRecord,
    substation_w: Vec, at: int,
    records: record.Records, seconds: int, meshed: Meshed | None = None,
) -> int:  # fmt: skip
    """One macro-step of ``ticks`` seconds, activity [tick, job]; site rows go to ``at`` and on.

    ``seconds`` is how many ``records`` already hold; ``meshed`` solves the network in the sweep's place. Returns 0, or
    minus the second (from 1) in which the electrical network had no solution.
    """
    held = begin(plant, state, activity, ticks)
    stores = plant.ups, plant.battery, state.ups, state.battery
    guarded = plant.relays, plant.motors, state.protection
    rows = site, substation_w, records.electrical, records.battery
    if meshed is not None:
        failed = carry_meshed(plant, state, meshed, stores, guarded, ticks, held, books, rows, at, seconds)
    else:
        failed = carry(
            plant.rack, plant.network, state.feeding, state.loads, state.network, stores, guarded, state.warmth.square,
            plant.wiring.substation, plant.wiring, state.service, state.flows, state.fans, state.step, ticks, held,
            radial.BASE_MVA, books, rows, at, seconds,
        )  # fmt: skip
    if failed:
        return int(failed)
    finish(plant, state, ticks, books, records, seconds)
    return 0


def begin(plant: Plant, state: State, activity: Vec, ticks: int) -> Held:
    """Up to the electrical network: the plant decides, racks run. Returns what `hall_loads` does."""
    step, service = state.step, state.service
    rejection.decide(plant, state, ticks)
    held: Held = hall_loads(
        plant.wiring, state.flows, state.fans, service.supplied, step.plant_w, step.held_w, step.held_var,
        step.hall_air_w, step.hall_hot_w,
    )  # fmt: skip
    racks.run_racks(plant, state, activity, ticks)
    return held


def finish(plant: Plant, state: State, ticks: int, books: Vec, records: record.Records, seconds: int) -> None:
    """From the electrical network on: it warms, heat goes its way, and all is recorded and booked."""
    step, flows = state.step, state.flows
    electrics.advance(plant, state, ticks)
    recording.add_warmth(state.warmth, ticks, seconds, records.electrical)
    gather_heat(plant.rack.cdu, step.rack, ticks, step.cdu_heat_w)
    water.arrive(plant.pipe, state.pipe, flows, state.hall, float(ticks))
    advance_cdus(
        plant.cdu, plant.wiring.cdu_hall, state.service, state.cdu, state.hall, flows, state.slopes, step, float(ticks)
    )
    aisles.advance(plant, state, ticks)
    water.advance_halls(plant.hall, plant.pipe, state.outdoors[0], state.hall, state.pipe, flows, step, float(ticks))
    recording.add_racks(step.rack, ticks, seconds, records.rack)
    recording.add_cdus(state.cdu, flows, step, ticks, seconds, records.cdu)
    recording.add_halls(state.hall, state.water, state.economizer, flows, step, ticks, seconds, records.hall)
    recording.add_air(plant.aisle, state.aisle, flows, step, ticks, seconds, records.hall)
    ledger.book_step(flows, step, ticks, books)
