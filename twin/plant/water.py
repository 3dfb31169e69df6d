"""Facility water of halls: pumps, headers and valves, and its way between plant and hall.

Main headers carry rows, rows carry CDUs and one branch for all their air coils. To the pumps they are one resistance,
to the headers the pumps are one pressure; the two are solved in turn until the flow stands (`network.hydraulic`).
Valves, pump speeds and controllers move at the controllers' period, pumps that lost their drive or start in every
second; nothing is solved where nothing moved.

Water leaves the plant's vessels, runs through the supply pipe to the hall, takes up heat, runs back through the
return pipe and mixes in a tank. Pipes hand on what entered them a transit before.
"""

from math import exp, inf, isnan, sqrt

from twin.components import cdu, controller, pipe, pump, tank, valve
from twin.core.jit import kernel
from twin.network import hydraulic
from twin.plant import coolant, rejection
from twin.plant.order import Plant, State

_CLOSE, _ROUNDS = 1e-11, 60
_MOST_SHARE = 3.0  # of a CDU's design facility water: more than any valve passes


@kernel
def set_resistances(piping, valves, density_kg_m3, cdus, branch_pa_s2_kg2):
    """Resistance of every branch, its valve where it stands."""
    for b in range(piping.branch_cdu.size):
        i = piping.branch_cdu[b]
        branch_pa_s2_kg2[b] = piping.branch_pa_s2_kg2[b]
        if i >= 0:
            branch_pa_s2_kg2[b] += valve.resistance_pa_s2_kg2(valves, i, cdus.valve[i], density_kg_m3)


@kernel
def solve_hall(tree, piping, pumps, h, density_kg_m3, running, resistance, state, water):
    """Flow [kg/s], shaft and electrical power [W] of hall ``h`` where its pumps meet plant and headers."""
    first, last = piping.hall_first_row[h], piping.hall_first_row[h + 1]
    moved, shaft, drawn = 0.0, 0.0, 0.0
    for _ in range(_ROUNDS):
        headers = water.loop_pa_s2_kg2[h]
        loop = (headers + piping.plant_pa_s2_kg2[h]) * density_kg_m3**2
        flow, _, shaft, drawn = pump.operate_on(pumps, h, loop, *running)
        moved = flow * density_kg_m3
        drop = headers * moved**2
        total, _, marches = hydraulic.solve_tree(
            tree, resistance, piping.linear_pa_s_kg, first, last, drop, 0.0, state
        )  # fmt: skip
        if marches <= 0:
            _, _, shaft, drawn = pump.operate_on(pumps, h, inf, *running)
            return 0.0, shaft, drawn
        water.loop_pa_s2_kg2[h] = drop / total**2
        if abs(total - moved) <= _CLOSE * moved:
            break
    return moved, shaft, drawn


@kernel
def solve_halls(tree, piping, halls, pumps, service, resistance, state, water, flows):
    """Flow of every hall where its pumps meet its headers, and of every branch."""
    for h in range(halls.flow_kg_s.size):
        running = service.hall_pumps[h], water.speed[h], water.coasting[h], water.coast_speed[h]
        moved, shaft, drawn = solve_hall(
            tree, piping, pumps, h, halls.density_kg_m3[h], running, resistance, state, water
        )  # fmt: skip
        water.far_pa[h] = state.row_pa[piping.hall_first_row[h + 1] - 1]
        flows.hall_flow_kg_s[h], flows.hall_w_k[h] = moved, moved * halls.water_j_kg_k[h]
        flows.hall_shaft_w[h], flows.hall_pump_w[h] = shaft, drawn


@kernel
def reach_cdus(piping, cdu_p, service, branch_kg_s, flows):
    """Facility water through every CDU and its exchange, and through every hall's coils."""
    flows.coil_kg_s[:] = 0.0
    for b in range(piping.branch_cdu.size):
        i, flow = piping.branch_cdu[b], branch_kg_s[b]
        if i < 0:
            flows.coil_kg_s[piping.branch_hall[b]] += flow
            continue
        flows.cdu_facility_kg_s[i] = flow
        coolant_share, facility_share = flows.cdu_flow_kg_s[i] / cdu_p.flow_kg_s[i], flow / cdu_p.facility_kg_s[i]
        flows.cdu_k_w_k[i] = cdu.exchange_w_k(cdu_p, i, coolant_share, facility_share, service.cdu_clean[i])


def solve(plant: Plant, state: State) -> None:
    """Every flow of facility water, from valves and pumps as they stand."""
    resistance = state.room.branch_pa_s2_kg2
    set_resistances(plant.piping, plant.cdu_valve, plant.hall.density_kg_m3[0], state.cdu, resistance)
    solve_halls(
        plant.tree, plant.piping, plant.hall, plant.hall_pump, state.service, resistance, state.tree, state.water,
        state.flows,
    )  # fmt: skip
    reach_cdus(plant.piping, plant.cdu, state.service, state.tree.flow_kg_s, state.flows)


@kernel
def find_widest(piping, cdus, widest):
    """Position of the most open valve of each hall."""
    widest[:] = 0.0
    for b in range(piping.branch_cdu.size):
        if piping.branch_cdu[b] >= 0:
            h = piping.branch_hall[b]
            widest[h] = max(widest[h], cdus.valve[piping.branch_cdu[b]])


@kernel
def sample_halls(piping, control, memory, service, cdus, water, tick):
    """Let each hall's controller that is due at ``tick`` read the far end's pressure.

    Its set point is trimmed so that the most open valve stands where the reset wants it, by at most 1 % a sample.
    """
    find_widest(piping, cdus, water.widest)
    for h in range(water.widest.size):
        if service.hall_pumps[h] <= 0.0 or tick % control.period_s[h] != 0.0:
            continue
        most = piping.difference_pa[h]
        trim = min(0.01, max(-0.01, 0.1 * (water.widest[h] - piping.reset_open[h])))
        water.difference_pa[h] = min(most, max(piping.least_difference_pa[h], water.difference_pa[h] + trim * most))
        missing_pa = water.difference_pa[h] - water.far_pa[h]
        if not isnan(service.hall_speed[h]):
            controller.hold(memory, h, service.hall_speed[h], missing_pa)
        elif abs(missing_pa) > coolant.DEAD_BAND * water.difference_pa[h]:
            controller.sample(control, h, memory, missing_pa)


@kernel
def move_halls(pumps, running, asked, water, dt_s):
    """Ramp and coast the pumps of every hall over ``dt_s``; returns how many halls are on the move after that."""
    moving = 0
    for h in range(water.speed.size):
        moving += pump.turn(pumps, h, running[h], asked[h], water, dt_s)
    return moving


@kernel
def arrive(pipes, standing, flows, halls, ticks):
    """Water that every hall's supply pipe will bring over ``ticks`` seconds: it stands there already."""
    for h in range(halls.inlet_c.size):
        halls.inlet_c[h] = pipe.leaving_c(pipes, standing, 2 * h, flows.hall_flow_kg_s[h] * ticks)


@kernel
def advance_halls(halls, pipes, outdoor_c, state, standing, flows, step, ticks):
    """Every hall's water over ``ticks`` seconds: what the hall gave it, through pipes and tank to the plant and back.

    ``standing`` is what the pipes hold: pipe 2 h of hall h brings, pipe 2 h + 1 takes away.
    """
    for h in range(step.plant_w.size):
        flow, rate, arrives_c = flows.hall_flow_kg_s[h], flows.hall_w_k[h], state.inlet_c[h]
        heat_w = step.hall_liquid_w[h] + step.hall_coil_w[h]
        leaves_c = arrives_c + heat_w / rate if rate > 0.0 else arrives_c
        back_c, lost_w = pipe.advance(pipes, standing, 2 * h + 1, flow, leaves_c, outdoor_c, ticks)
        state.return_c[h], to_plant_c = tank.advance(state.return_c[h], rate, halls.tank_j_k[h], back_c, 0.0, ticks)
        gained_w = flows.hall_shaft_w[h] - step.plant_heat_w[h]
        state.supply_c[h], sent_c = tank.advance(
            state.supply_c[h], rate, halls.vessel_j_k[h], to_plant_c, gained_w, ticks
        )
        _, more_lost_w = pipe.advance(pipes, standing, 2 * h, flow, sent_c, outdoor_c, ticks)
        step.pipe_loss_w[h] = lost_w + more_lost_w


def sample(plant: Plant, state: State, tick: int) -> None:
    """Let every hall's pump controller act that is due at ``tick``."""
    sample_halls(plant.piping, plant.hall_pressure, state.hall_pressure, state.service, state.cdu, state.water, tick)


def move(plant: Plant, state: State, dt_s: float) -> int:
    """Ramp and coast facility water pumps over ``dt_s``; returns how many halls' moved."""
    return int(move_halls(plant.hall_pump, state.service.hall_pumps, state.hall_pressure.output, state.water, dt_s))


@kernel
def share_for(cdu_p, i, coolant_share, clean, wanted_w_k):
    """Share of design facility water at which CDU ``i`` exchanges ``wanted_w_k``, at most `_MOST_SHARE`."""
    low, high = 0.0, _MOST_SHARE
    if cdu.exchange_w_k(cdu_p, i, coolant_share, high, clean) <= wanted_w_k:
        return high
    while high - low > 1e-13:
        middle = 0.5 * (low + high)
        if cdu.exchange_w_k(cdu_p, i, coolant_share, middle, clean) > wanted_w_k:
            high = middle
        else:
            low = middle
    return high


@kernel
def rest_valves(
    piping, valves, control, cdu_p, cdu_hall, halls_p, halls, service, cdus, flows, step, state, resistance
):
    """Valves where their controllers would rest, under the pressure that each branch has now."""
    for b in range(piping.branch_cdu.size):
        i = piping.branch_cdu[b]
        if i < 0:
            continue
        if not isnan(service.cdu_valve[i]):
            cdus.valve[i] = service.cdu_valve[i]
            continue
        h, rate_w_k = cdu_hall[i], flows.cdu_flow_kg_s[i] * cdu_p.coolant_j_kg_k[i]
        wants_c = coolant.set_point_c(cdu_p, i, h, service) - service.cdu_bias_k[i]
        heat_w = step.cdu_heat_w[i] + flows.cdu_shaft_w[i] - step.cdu_leak_w[i]
        above_k = wants_c + (step.cdu_heat_w[i] / rate_w_k if rate_w_k > 0.0 else 0.0) - halls.inlet_c[h]
        share = _MOST_SHARE
        if above_k > 0.0 and heat_w >= 0.0:
            coolant_share = flows.cdu_flow_kg_s[i] / cdu_p.flow_kg_s[i]
            share = share_for(cdu_p, i, coolant_share, service.cdu_clean[i], heat_w / above_k)
        drop = resistance[b] * state.flow_kg_s[b] ** 2
        left = drop / (share * cdu_p.facility_kg_s[i]) ** 2 - piping.branch_pa_s2_kg2[b]
        wide = valve.position_for(valves, i, left, halls_p.density_kg_m3[h]) if left > 0.0 else 1.0
        cdus.valve[i] = min(control.highest[i], max(control.lowest[i], wide))


@kernel
def rest_pumps(piping, control, service, water):
    """Pump speeds that give the set pressure at the far end: all drops follow the square of speed."""
    for h in range(water.speed.size):
        water.coasting[h] = 0.0
        most, open_by = piping.difference_pa[h], water.widest[h] - piping.reset_open[h]
        set_pa = water.difference_pa[h] * exp(4.0 * open_by)
        water.difference_pa[h] = min(most, max(piping.least_difference_pa[h], set_pa))
        far_pa = water.far_pa[h]
        if not isnan(service.hall_speed[h]):
            water.speed[h] = service.hall_speed[h]
        elif far_pa > 0.0:
            wanted = water.speed[h] * sqrt(water.difference_pa[h] / far_pa)
            water.speed[h] = min(control.highest[h], max(control.lowest[h], wanted))


def rest(plant: Plant, state: State) -> None:
    """One round towards rest: valves and pump speeds, every flow, and halls at their set points."""
    rest_valves(
        plant.piping, plant.cdu_valve, plant.cdu_temperature, plant.cdu, plant.wiring.cdu_hall, plant.hall,
        state.hall, state.service, state.cdu, state.flows, state.step, state.tree, state.room.branch_pa_s2_kg2,
    )  # fmt: skip
    find_widest(plant.piping, state.cdu, state.water.widest)
    solve(plant, state)
    rest_pumps(plant.piping, plant.hall_pressure, state.service, state.water)
    solve(plant, state)
    rejection.update_flows(plant, state)
    halls, room, flows = state.hall, state.step, state.flows
    for h, flow in enumerate(flows.hall_flow_kg_s):
        halls.supply_c[h] = state.service.set_point_c[h]
        halls.inlet_c[h], one_w = pipe.fill(plant.pipe, state.pipe, 2 * h, flow, halls.supply_c[h], state.outdoors[0])
        leaves_c = halls.inlet_c[h] + (room.hall_liquid_w[h] + room.hall_coil_w[h]) / flows.hall_w_k[h]
        halls.return_c[h], two_w = pipe.fill(plant.pipe, state.pipe, 2 * h + 1, flow, leaves_c, state.outdoors[0])
        room.pipe_loss_w[h] = one_w + two_w


def remember(plant: Plant, state: State) -> None:
    """Let every hall's pump controller go on from where it stands at rest."""
    water = state.water
    for h, missing_pa in enumerate(water.difference_pa - water.far_pa):
        controller.hold(state.hall_pressure, h, water.speed[h], missing_pa)
