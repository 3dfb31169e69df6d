"""One macro-step of the plant, in the order of `order`."""

import numpy as np

from twin.components import cable, cdu, gpu, hall, pump, server
from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.network import radial
from twin.plant import ledger, racks, record, rejection
from twin.plant.order import AIR_W, LIQUID_W, LONGEST_STEP, NODE_W, Plant, State

# The conductance of the other liquid-cooled parts follows flow as laminar channels do.
_PARTS_EXPONENT = 0.5


@kernel
def hall_flows(hall_p, pumps, service, flows):
    """Flow, pump power and propagators of every hall's facility water."""
    for h in range(hall_p.water_w_k.size):
        flow, shaft, drawn = pump.operate(pumps, h, service.hall_pumps[h], service.hall_speed[h])
        share = flow / pumps.design_m3_s[h]
        flows.hall_w_k[h] = hall_p.water_w_k[h] * share
        flows.hall_flow_kg_s[h] = hall_p.flow_kg_s[h] * share
        flows.hall_shaft_w[h], flows.hall_pump_w[h] = shaft, drawn
        for n in range(LONGEST_STEP):
            hall.coefficients(flows.hall_w_k[h], hall_p.half_j_k[h], n + 1.0, flows.hall[n, h])


@kernel
def cdu_flows(cdu_p, pumps, cdu_hall, hall_w_k, service, flows, steady):
    """Flow, pump power, exchange and propagators of every CDU; ``hall_w_k`` is each hall's rate at design."""
    for i in range(cdu_p.ua_w_k.size):
        flow, shaft, drawn = pump.operate(pumps, i, service.cdu_pumps[i], service.cdu_speed[i])
        share, h = flow / cdu_p.flow_m3_s[i], cdu_hall[i]
        flows.cdu_k_w_k[i] = cdu.exchange_w_k(cdu_p, i, share, flows.hall_w_k[h] / hall_w_k[h])
        flows.cdu_flow_kg_s[i] = cdu_p.flow_kg_s[i] * share
        flows.cdu_shaft_w[i], flows.cdu_pump_w[i] = shaft, drawn
        for n in range(LONGEST_STEP):
            dt_s = np.inf if steady else n + 1.0
            cdu.coefficients(cdu_p.coolant_w_k[i] * share, flows.cdu_k_w_k[i], cdu_p.half_j_k[i], dt_s, flows.cdu[n, i])


@kernel
def rack_flows(g, kinds, rack, design_kg_s, flows, steady):
    """Propagators of every rack's GPUs and other parts at its share of ``design_kg_s`` of its CDU."""
    dt_s = np.inf if steady else 1.0
    for r in range(rack.gpu.size):
        share = flows.cdu_flow_kg_s[rack.cdu[r]] / design_kg_s[rack.cdu[r]]
        k, t = rack.gpu[r], rack.node[r]
        conductance = gpu.plate_conductance_w_k(g, k, rack.plate_flow_m3_s[r] * share)
        gpu.coefficients(g, k, conductance, dt_s, flows.gpu[r])
        server.coefficients(kinds, t, kinds.plate_w_k[t] * share**_PARTS_EXPONENT, dt_s, flows.node[r])
        flows.node[r, 14], flows.node[r, 15], flows.node[r, 16] = g.air_share[k], g.loss_linear[k], g.loss_quadratic[k]


def update_flows(plant: Plant, state: State, *, steady: bool = False) -> None:
    """Recompute every flow, pump power and propagator after `Service` changed; ``steady`` for infinite steps."""
    flows, service = state.flows, state.service
    hall_flows(plant.hall, plant.hall_pump, service, flows)
    cdu_flows(plant.cdu, plant.cdu_pump, plant.wiring.cdu_hall, plant.hall.water_w_k, service, flows, steady)
    rack_flows(plant.gpu, plant.node, plant.rack, plant.cdu.flow_kg_s, flows, steady)
    rejection.update_flows(plant, state)


@kernel
def hall_loads(wiring, flows, alive, plant_w, load_w, load_var, air_w):
    """Load at each node and air heat in each hall from all that holds still over a macro-step.

    Plant and pumps draw from the boards of their hall that are alive; what a dead board fed stands still.
    Returns power [W] of network and storage racks, of their door fans, and the loss of their supply lines.
    """
    load_w[:] = 0.0
    load_var[:] = 0.0
    for h in range(air_w.size):
        air_w[h] = flows.hall_pump_w[h] - flows.hall_shaft_w[h]
    for m in range(wiring.mechanical_board.size):
        h, b = wiring.mechanical_hall[m], wiring.mechanical_board[m]
        if alive[b]:
            share = wiring.mechanical_share[m] / living_share(wiring, alive, h)
            drawn = share * (plant_w[h] + flows.hall_pump_w[h])
            load_w[b] += drawn
            load_var[b] += drawn * wiring.plant_reactive_share[h]
    racks_w, doors_w, lost_w = 0.0, 0.0, 0.0
    for m in range(wiring.air_board.size):
        b = wiring.air_board[m]
        if alive[b]:
            drawn = wiring.air_rack_w[m] + wiring.air_loss_w[m] + wiring.air_door_w[m]
            load_w[b] += drawn
            load_var[b] += drawn * wiring.air_reactive_share[m]
            air_w[wiring.air_hall[m]] += drawn
            racks_w += wiring.air_rack_w[m]
            doors_w += wiring.air_door_w[m]
            lost_w += wiring.air_loss_w[m]
    for i in range(wiring.cdu_board.size):
        drawn = flows.cdu_pump_w[i]
        load_w[wiring.cdu_board[i]] += drawn
        load_var[wiring.cdu_board[i]] += drawn * wiring.cdu_reactive_share[i]
        air_w[wiring.cdu_hall[i]] += drawn - flows.cdu_shaft_w[i]
    return racks_w, doors_w, lost_w


@kernel
def living_share(wiring, alive, h):
    """Share of hall ``h``'s plant and pumps whose boards are alive."""
    share = 0.0
    for m in range(wiring.mechanical_board.size):
        if wiring.mechanical_hall[m] == h and alive[wiring.mechanical_board[m]]:
            share += wiring.mechanical_share[m]
    return share


@kernel
def rack_loads(rack, out, alive, s, ticks, load_w, load_var, air_w):
    """Add what racks draw in second ``s`` of ``ticks`` to loads and mean air heat; returns door fans and losses [W]."""
    door_w, lost_w = 0.0, 0.0
    for r in range(rack.gpu.size):
        b = rack.board[r]
        if alive[b] == 0:
            continue
        drawn = out[s, r, NODE_W] + rack.door_fan_w[r]
        loss = cable.supply_loss_w(drawn, rack.rating_w[r], rack.supply_loss[r])
        load_w[b] += drawn + loss
        load_var[b] += (drawn + loss) * rack.reactive_share[r]
        door_w += rack.door_fan_w[r]
        lost_w += loss
        air_w[rack.hall[r]] += (out[s, r, AIR_W] + rack.door_fan_w[r] + loss) / ticks
    return door_w, lost_w


@kernel
def gather_heat(rack_cdu, out, ticks, heat_w):
    """Mean heat of each CDU's racks over the macro-step."""
    heat_w[:] = 0.0
    for s in range(ticks):
        for r in range(rack_cdu.size):
            heat_w[rack_cdu[r]] += out[s, r, LIQUID_W] / ticks


@kernel
def advance_cdus(cdu_p, cdu_hall, cdus, halls, flows, slopes, step, ticks):
    """Every CDU over ``ticks`` seconds, from its racks' heat to its hall."""
    step.hall_liquid_w[:] = 0.0
    for i in range(cdu_hall.size):
        h, before = cdu_hall[i], cdus.supply_c[i]
        facility_c = halls.supply_c[h] + slopes.hall_k_s[h] * 0.5 * ticks
        given = cdu.advance(
            cdus, i, flows.cdu[ticks - 1, i], flows.cdu_k_w_k[i], cdu_p.half_j_k[i],
            step.cdu_heat_w[i], flows.cdu_shaft_w[i], facility_c,
        )  # fmt: skip
        slopes.cdu_k_s[i] = (cdus.supply_c[i] - before) / ticks
        step.cdu_given_w[i] = given
        step.hall_liquid_w[h] += given


@kernel
def advance_halls(hall_p, halls, flows, slopes, step, ticks):
    """Every hall over ``ticks`` seconds, from CDUs and coils to the plant."""
    for h in range(step.plant_w.size):
        before = halls.supply_c[h]
        hall.advance(
            halls, h, flows.hall[ticks - 1, h], hall_p.half_j_k[h],
            step.hall_liquid_w[h] + step.hall_air_w[h], step.plant_heat_w[h], flows.hall_shaft_w[h],
        )  # fmt: skip
        slopes.hall_k_s[h] = (halls.supply_c[h] - before) / ticks


@kernel
def carry(
    rack,
    network,
    solution,
    metered,
    service,
    flows,
    step,
    ticks,
    held,
    base_mva,
    books,
    site,
    substation_w,
    at,
    electrical,
    seconds,
):
    """Each second's power flow, recorded and booked. ``held`` is what `hall_loads` returned.

    Returns 0, or minus the second (from 1) in which the network had no solution.
    """
    racks_w, doors_w, lines_w = held
    for s in range(ticks):
        step.load_w[:] = step.held_w
        step.load_var[:] = step.held_var
        more_doors_w, more_lines_w = rack_loads(
            rack, step.rack, service.energised, s, ticks, step.load_w, step.load_var, step.hall_air_w
        )
        for b in range(step.load_w.size):
            step.load_w[b] /= base_mva * 1e6
            step.load_var[b] /= base_mva * 1e6
        if radial.sweep(network, step.load_w, step.load_var, service.energised, service.source_pu[0], solution) < 0:
            return -(s + 1)
        record.site_row(step, flows, solution, s, base_mva, racks_w, doors_w + more_doors_w, site, at + s)
        for k in range(metered.size):
            substation_w[at + s, k] = solution.power_pu[metered[k]] * base_mva * 1e6
        record.add_electrical(solution, base_mva, seconds + s, electrical)
        ledger.book_second(step, solution, base_mva, site, at + s, lines_w + more_lines_w, books)
    return 0


def advance(
    plant: Plant, state: State, activity: Vec, ticks: int, books: Vec, site: record.SiteRecord,
    substation_w: Vec, at: int,
    records: record.Records, seconds: int,
) -> int:  # fmt: skip
    """One macro-step of ``ticks`` seconds, activity [tick, job]; site rows go to ``at`` and on.

    ``seconds`` is how many ``records`` already hold. Returns 0, or minus the second (from 1) in which the
    electrical network had no solution.
    """
    step, flows, service = state.step, state.flows, state.service
    rejection.decide(plant, state, ticks)
    held = hall_loads(plant.wiring, flows, service.energised, step.plant_w, step.held_w, step.held_var, step.hall_air_w)
    racks.run_racks(plant, state, activity, ticks)
    failed = carry(
        plant.rack, plant.network, state.network, plant.wiring.substation,
        service, flows, step, ticks, held, radial.BASE_MVA, books, site, substation_w, at, records.electrical, seconds,
    )  # fmt: skip
    if failed:
        return int(failed)
    gather_heat(plant.rack.cdu, step.rack, ticks, step.cdu_heat_w)
    advance_cdus(plant.cdu, plant.wiring.cdu_hall, state.cdu, state.hall, flows, state.slopes, step, ticks)
    advance_halls(plant.hall, state.hall, flows, state.slopes, step, ticks)
    record.add_racks(step.rack, ticks, seconds, records.rack)
    record.add_cdus(state.cdu, flows, step, ticks, seconds, records.cdu)
    record.add_halls(state.hall, flows, step, ticks, seconds, records.hall)
    ledger.book_step(flows, step, ticks, books)
    return 0
