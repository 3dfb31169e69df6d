"""Coolant between CDUs and racks: pumps, filter, exchanger and header, and the controllers of each CDU.

A controller samples once a period, as a programmable controller does: the supply temperature moves the facility
water valve, the pressure difference over the racks moves the pumps' speed. Between samples valves stand; pumps ramp
to the speed asked for, and those that lost their drive coast down. A rack's drop has a part that grows with flow (the
channels of cold plates) and one that grows with its square. To the pumps the racks are one resistance, to the racks
the pumps are one pressure; the two are solved in turn until the flow stands.
"""

from math import inf, isnan

from twin.components import controller, gpu, pump, server, valve
from twin.core.jit import kernel
from twin.network import hydraulic
from twin.plant.order import Plant, State

# The conductance of the other liquid-cooled parts follows flow as laminar channels do.
_PARTS_EXPONENT = 0.5
_CLOSE, _ROUNDS = 1e-11, 60
DEAD_BAND = 0.002
"""Share of a pressure difference within which its controller leaves the pumps alone [E]."""
MAKE_UP_C = 20.0
"""Temperature of the coolant that makes up for leaks [E]."""


@kernel
def _nearness(manifolds, far, flow_kg_s, share):
    """Exponent of total over moved flow that makes a round of `solve_cdu` Newton's step on logarithms.

    ``share`` is what the racks drop of all that the pumps give; where it is small and racks are laminar, rounds
    without it would go to and fro.
    """
    linear = manifolds.linear_pa_s_kg[far]
    laminar = linear / (linear + manifolds.square_pa_s2_kg2[far] * flow_kg_s)
    apart = 1.0 - share
    return 2.0 * apart * laminar / (2.0 * apart + (2.0 - laminar) * share)


@kernel
def solve_cdu(manifold, manifolds, cdu_p, pumps, service, cdus, i, room, flows):
    """Coolant flow of CDU ``i`` where its pumps meet its loop, and of each of its racks."""
    first, last = manifolds.first[i], manifolds.first[i + 1]
    series = cdu_p.exchanger_pa_s2_kg2[i] + cdu_p.filter_pa_s2_kg2[i] * service.cdu_filter[i]
    running = service.cdu_pumps[i], cdus.speed[i], cdus.coasting[i], cdus.coast_speed[i]
    density = cdu_p.flow_kg_s[i] / cdu_p.flow_m3_s[i]
    most_pa = max(cdus.speed[i], cdus.coast_speed[i]) ** 2 * pumps.shutoff_pa[i]
    moved, shaft, drawn, drop = 0.0, 0.0, 0.0, 0.0
    for _ in range(_ROUNDS):
        racks = room.manifold_pa_s2_kg2[i]
        flow, _, shaft, drawn = pump.operate_on(pumps, i, (racks + series) * density**2, *running)
        moved = flow * density
        drop = racks * moved**2
        total, _, marches = hydraulic.solve_ladder(
            manifold, manifolds.square_pa_s2_kg2, manifolds.linear_pa_s_kg, first, last, drop, 0.0, room.manifold_kg_s
        )
        if marches <= 0:
            break
        apart = (total / moved) ** _nearness(manifolds, last - 1, room.manifold_kg_s[last - 1], drop / most_pa)
        room.manifold_pa_s2_kg2[i] = apart * drop / total**2
        if abs(total - moved) <= _CLOSE * moved:
            break
    flows.cdu_flow_kg_s[i], flows.cdu_head_pa[i] = moved, drop
    flows.cdu_shaft_w[i], flows.cdu_pump_w[i] = shaft, drawn
    for b in range(first, last):
        flows.rack_share[manifolds.rack[b]] = room.manifold_kg_s[b] / manifolds.rack_kg_s[b]


@kernel
def rack_coefficients(g, kinds, rack, r, flows, dt_s):
    """Propagators of rack ``r``'s GPUs and other parts at its flow, over ``dt_s`` or to rest where it is infinite."""
    share, k, t = flows.rack_share[r], rack.gpu[r], rack.node[r]
    conductance = gpu.plate_conductance_w_k(g, k, rack.plate_flow_m3_s[r] * share)
    gpu.coefficients(g, k, conductance, dt_s, flows.gpu[r])
    server.coefficients(kinds, t, kinds.plate_w_k[t] * share**_PARTS_EXPONENT, dt_s, flows.node[r])
    flows.node[r, 14], flows.node[r, 15] = g.air_share[k], 1.0 / (kinds.gpus[t] * g.max_w[k])
    flows.node[r, 16] = g.span_w[k] / g.max_w[k]


@kernel
def solve_cdus(g, kinds, rack, manifold, manifolds, cdu_p, pumps, service, cdus, room, flows, dt_s):
    """Solve every CDU marked in ``room.cdus_anew``, and what its racks do at their new flow; clears the marks."""
    for i in range(cdus.valve.size):
        if room.cdus_anew[i] == 0:
            continue
        room.cdus_anew[i] = 0
        solve_cdu(manifold, manifolds, cdu_p, pumps, service, cdus, i, room, flows)
        for b in range(manifolds.first[i], manifolds.first[i + 1]):
            rack_coefficients(g, kinds, rack, manifolds.rack[b], flows, dt_s)


@kernel
def set_point_c(cdu_p, i, h, service):
    """TCS supply set point [degC] of CDU ``i`` in hall ``h``: over facility supply, and safe of condensation."""
    return max(service.set_point_c[h] + cdu_p.approach_k[i], service.dew_point_c[h] + cdu_p.dew_margin_k[i])


@kernel
def sample_valves(cdu_hall, cdu_p, valves, control, memory, service, cdus, tick):
    """Let the controllers of supply temperatures that are due at ``tick`` read their sensors and move their valves."""
    for i in range(cdus.valve.size):
        if tick % control.period_s[i] != 0.0:
            continue
        error_k = cdus.supply_c[i] + service.cdu_bias_k[i] - set_point_c(cdu_p, i, cdu_hall[i], service)
        if isnan(service.cdu_valve[i]):
            asked = controller.sample(control, i, memory, error_k)
            cdus.valve[i] = valve.moved(valves, i, cdus.valve[i], asked, control.period_s[i])
        else:
            cdus.valve[i] = service.cdu_valve[i]
            controller.hold(memory, i, cdus.valve[i], error_k)


@kernel
def sample_pumps(cdu_p, difference_pa, control, memory, service, cdus, flows, tick):
    """Let the controllers of pump speeds that are due at ``tick`` read their sensors.

    A CDU whose reservoir has run out stops its pumps.
    """
    for i in range(cdus.speed.size):
        if service.cdu_pumps[i] <= 0.0 or tick % control.period_s[i] != 0.0:
            continue
        if cdus.leaked_kg[i] > cdu_p.reservoir_kg[i]:
            running, coasting = service.cdu_pumps[i], cdus.coasting[i]
            cdus.coasting[i] = running + coasting
            cdus.coast_speed[i] = (running * cdus.speed[i] + coasting * cdus.coast_speed[i]) / (running + coasting)
            service.cdu_pumps[i] = 0.0
        missing_pa = difference_pa[i] - flows.cdu_head_pa[i]
        if not isnan(service.cdu_speed[i]):
            controller.hold(memory, i, service.cdu_speed[i], missing_pa)
        elif abs(missing_pa) > DEAD_BAND * difference_pa[i]:
            controller.sample(control, i, memory, missing_pa)


@kernel
def leak_w(cdu_p, service, cdus, i, dt_s):
    """Mean heat [W] that leaves CDU ``i`` with what it leaks over ``dt_s``, less what the make-up brings; counts it."""
    leak_kg_s = service.cdu_leak_kg_s[i]
    if leak_kg_s <= 0.0 or cdus.leaked_kg[i] > cdu_p.reservoir_kg[i]:
        return 0.0
    if dt_s < inf:
        cdus.leaked_kg[i] += leak_kg_s * dt_s
    return leak_kg_s * cdu_p.coolant_j_kg_k[i] * (cdus.supply_c[i] - MAKE_UP_C)


@kernel
def move_cdus(pumps, running, asked, cdus, anew, dt_s):
    """Ramp and coast the pumps of every CDU over ``dt_s``, marking those that moved; returns how many did."""
    moving = 0
    for i in range(cdus.speed.size):
        moved = pump.turn(pumps, i, running[i], asked[i], cdus, dt_s)
        if moved:
            anew[i] = 1
        moving += moved
    return moving


def solve(plant: Plant, state: State, dt_s: float = 1.0) -> None:
    """Flow and propagators of every CDU marked in ``state.room.cdus_anew``; ``dt_s`` may be infinite."""
    solve_cdus(
        plant.gpu, plant.node, plant.rack, plant.manifold, plant.manifolds, plant.cdu, plant.cdu_pump, state.service,
        state.cdu, state.room, state.flows, dt_s,
    )  # fmt: skip


def sample(plant: Plant, state: State, tick: int) -> None:
    """Let every controller of a CDU act that is due at ``tick``."""
    cdus, service = state.cdu, state.service
    sample_valves(
        plant.wiring.cdu_hall, plant.cdu, plant.cdu_valve, plant.cdu_temperature, state.cdu_temperature, service, cdus,
        tick,
    )  # fmt: skip
    sample_pumps(
        plant.cdu, plant.manifolds.difference_pa, plant.cdu_pressure, state.cdu_pressure, service, cdus, state.flows,
        tick,
    )  # fmt: skip


def move(plant: Plant, state: State, dt_s: float) -> int:
    """Ramp and coast CDU pumps over ``dt_s``; returns how many CDUs moved, which are then marked."""
    running, asked = state.service.cdu_pumps, state.cdu_pressure.output
    return int(move_cdus(plant.cdu_pump, running, asked, state.cdu, state.room.cdus_anew, dt_s))


def rest(plant: Plant, state: State) -> None:
    """Pump speeds at which every CDU's controller would rest, and no pump coasting."""
    rest_speeds(
        plant.manifold, plant.manifolds, plant.cdu, plant.cdu_pump, plant.cdu_pressure, state.service, state.cdu,
        state.room.manifold_kg_s,
    )  # fmt: skip


@kernel
def rest_speeds(manifold, manifolds, cdu_p, pumps, control, service, cdus, rack_kg_s):
    """Speed that gives the set pressure difference over each CDU's racks, as far as its pumps reach."""
    for i in range(cdus.speed.size):
        cdus.coasting[i] = 0.0
        if service.cdu_pumps[i] <= 0.0:
            continue
        if not isnan(service.cdu_speed[i]):
            cdus.speed[i] = service.cdu_speed[i]
            continue
        total, head, _ = hydraulic.solve_ladder(
            manifold, manifolds.square_pa_s2_kg2, manifolds.linear_pa_s_kg, manifolds.first[i], manifolds.first[i + 1],
            manifolds.difference_pa[i], 0.0, rack_kg_s,
        )  # fmt: skip
        head += (cdu_p.exchanger_pa_s2_kg2[i] + cdu_p.filter_pa_s2_kg2[i] * service.cdu_filter[i]) * total**2
        flow_m3_s = total * cdu_p.flow_m3_s[i] / cdu_p.flow_kg_s[i]
        wanted = pump.speed_for(pumps, i, flow_m3_s, head, service.cdu_pumps[i])
        cdus.speed[i] = min(control.highest[i], max(control.lowest[i], wanted))


def remember(plant: Plant, state: State) -> None:
    """Let every controller of a CDU go on from where it stands at rest."""
    cdus, service, flows = state.cdu, state.service, state.flows
    for i, h in enumerate(plant.wiring.cdu_hall):
        error_k = cdus.supply_c[i] + service.cdu_bias_k[i] - set_point_c(plant.cdu, i, h, service)
        controller.hold(state.cdu_temperature, i, cdus.valve[i], error_k)
        missing_pa = plant.manifolds.difference_pa[i] - flows.cdu_head_pa[i]
        controller.hold(state.cdu_pressure, i, cdus.speed[i], missing_pa)
