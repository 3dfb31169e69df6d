"""Macro-steps: their order of accuracy against Radau, threads, signatures, and what a step hands on."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twin.components import gpu
from twin.core import jit
from twin.core.cap_dynamics import DOWN
from twin.plant import aisles, coolant, ledger, machines, racks, recording, steady, step, water
from twin.plant.order import GPU_W, HOTTEST_C, NODE_W, gpu_rows

# One rack whose boards neither leak nor differ nor throttle on water that needs longer through its pipe than the test:
# a chain of six equations is all that moves.
CHAIN = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}],
    "halls.0.air_racks": [],
    "halls.0.cdus": [],
    "halls.0.pumps.flow": "0.003 m3/s",
}
SECONDS = 120


def chain(start):
    running = start(changes=CHAIN, activity=0.0)
    plant, state = running.plant, running.state
    leakage_w = np.full_like(plant.gpu.leakage_w, 1e-9)
    leakage_w.flags.writeable = False
    plant = running.plant = plant._replace(gpu=plant.gpu._replace(leakage_w=leakage_w))
    gpu_rows(state)[:, gpu.SILICON] = 1.0
    state.service.cdu_valve[:] = 1.0
    steady.settle(plant, state, np.zeros(2), (30.0, 25.0, 1e5), running.compiled.names.halls)
    return running


def rates_of(running):
    """dT/dt of die, memory, plate, parts, TCS supply and return at full activity."""
    plant, state = running.plant, running.state
    k, t, flows = plant.rack.gpu[0], plant.rack.node[0], state.flows
    a = np.empty((3, 3))
    plate_w_k = gpu.plate_conductance_w_k(plant.gpu, k, plant.rack.plate_flow_m3_s[0] * flows.rack_share[0])
    gpu.network(plant.gpu, k, plate_w_k, a)
    power = plant.gpu.idle_dynamic_w[k] + plant.gpu.span_w[k]
    g = plant.gpu
    into = (
        power
        * np.array([1 - g.hbm_share[k] - g.plate_share[k] - g.air_share[k], g.hbm_share[k], g.plate_share[k]])
        / np.array([g.die_j_k[k], g.hbm_j_k[k], g.plate_j_k[k]])
    )
    parts_w_k, parts_w = flows.node[0, 3], plant.node.liquid_idle_w[t] + plant.node.liquid_span_w[t]
    coolant = plant.cdu.coolant_w_k[0] * flows.cdu_flow_kg_s[0] / plant.cdu.flow_kg_s[0]
    exchange, half, facility = flows.cdu_k_w_k[0], plant.cdu.half_j_k[0], float(state.hall.inlet_c[0])

    def rates(_, x):
        chips, parts, supply, back = x[:3], x[3], x[4], x[5]
        d = a @ chips + into
        d[2] += plate_w_k * supply / g.plate_j_k[k]
        heat = 64 * plate_w_k * (chips[2] - supply) + 8 * parts_w_k * (parts - supply)
        given = exchange * (back - facility)
        return [
            *d,
            (parts_w - parts_w_k * (parts - supply)) / plant.node.plate_j_k[t],
            (coolant * (back - supply) - given + flows.cdu_shaft_w[0]) / half,
            (coolant * (supply - back) + heat) / half,
        ]

    return rates


def temperatures(state):
    rows = gpu_rows(state)
    return np.array(
        [
            *rows[0, :3, 0],
            state.node.plate_c[0],
            state.cdu.supply_c[0],
            state.cdu.return_c[0],
        ]
    )


def error_k(start, ticks, hold):
    """Greatest error of each temperature over two minutes after a step from idle to full activity."""
    running = chain(start)
    begin, seen = temperatures(running.state), []
    for _ in range(0, SECONDS, ticks):
        if hold:
            running.state.slopes.cdu_k_s[:] = 0.0
        running.advance(1.0, ticks)
        seen.append(temperatures(running.state))
    at = np.arange(ticks, SECONDS + 1, ticks)
    reference = solve_ivp(rates_of(running), (0, SECONDS), begin, method="Radau", rtol=1e-10, atol=1e-10, t_eval=at).y.T
    return np.abs(np.array(seen) - reference).max(axis=0)


def test_v_num_02(start):
    """Held coolant is of first order, extrapolated coolant of second.

    The row's table belongs to a chain whose constants it does not give, so its orders are tested, and that 5 s cost
    about as much as there (0.008 to 0.013 K extrapolated, 0.08 K held).
    """
    four, two = error_k(start, 4, False), error_k(start, 2, False)
    held_four, held_two = error_k(start, 4, True), error_k(start, 2, True)
    for i in (0, 2, 4, 5):  # die, plate, coolant supply and return
        assert 3.0 < four[i] / two[i] < 6.0
    for i in (0, 2):
        assert 1.6 < held_four[i] / held_two[i] < 2.6
        assert four[i] < 0.3 * held_four[i]
    assert error_k(start, 5, False).max() < 0.02
    assert 0.05 < error_k(start, 5, True)[0] < 0.12


@pytest.mark.compiled
def test_v_num_07(start):
    """One thread and two give the same bits."""
    ends = []
    for threads in (1, 2):
        jit.set_threads(threads)
        running, rng = start(), np.random.default_rng(11)
        for _ in range(20):
            running.advance(rng.random(5))
        ends.append(
            (
                running.state.blocks.copy(),
                running.site.feed_w.copy(),
                running.books.copy(),
                running.records.rack.power_w.copy(),
            )
        )
    for one, two in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.compiled
def test_kernels_of_a_run_compile_for_one_signature(start):
    for changes in (None, CHAIN):
        running = start(changes=changes)
        running.advance(0.5)
        running.advance(0.5, 1)
        step.sample(running.plant, running.state, 10)
        step.move(running.plant, running.state, 1.0, sampled=True)
    kernels = (
        coolant.solve_cdus, coolant.sample_valves, coolant.sample_pumps, coolant.move_cdus, racks.advance_racks,
        water.set_resistances, water.solve_halls, water.reach_cdus, water.arrive, water.sample_halls, water.move_halls,
        water.advance_halls, machines.begin, machines.run, machines.stage,
        step.hall_loads, step.carry, step.gather_heat, step.advance_cdus, aisles.gather_moved, aisles.advance_aisles,
        recording.add_racks, recording.add_cdus, recording.add_halls, recording.add_air, ledger.book_step,
    )  # fmt: skip
    for kernel in kernels:
        assert len(kernel.signatures) == 1, kernel


def test_five_seconds_at_once_or_one_by_one(start):
    """Where the coolant stands still the length of the macro-step makes no difference to the racks."""
    ends = []
    for ticks in (5, 1):
        running = start(changes=CHAIN)
        for _ in range(5 // ticks):
            racks.run_racks(running.plant, running.state, np.tile([0.0, 0.3], (ticks, 1)), ticks)
        rows, node = gpu_rows(running.state), running.state.node
        ends.append(
            [
                rows[:, gpu.DIE].copy(),
                rows[:, gpu.ENERGY].copy(),
                node.plate_c.copy(),
                node.power_w.copy(),
                node.energy_j.copy(),
            ]
        )
    for five, one in zip(*ends, strict=True):
        np.testing.assert_allclose(five, one, rtol=1e-13)


def test_what_a_rack_hands_on_is_the_sum_of_its_parts(two_racks):
    two_racks.advance(0.95)
    out, state, plant = two_racks.state.step.rack[4], two_racks.state, two_racks.plant
    rows = gpu_rows(state)
    for r in range(2):
        nodes = slice(plant.rack.first_node[r], plant.rack.first_node[r] + plant.rack.nodes[r])
        blocks = slice(plant.rack.first_block[r], plant.rack.first_block[r] + plant.rack.blocks[r])
        assert out[r, NODE_W] == pytest.approx(state.node.power_w[nodes].sum(), rel=1e-14)
        assert out[r, GPU_W] == pytest.approx(rows[blocks, gpu.POWER].sum(), rel=1e-14)
        assert out[r, HOTTEST_C] == rows[blocks, gpu.HOTTEST].max()
    assert state.node.gpu_w.sum() == pytest.approx(rows[:, gpu.POWER].sum(), rel=1e-14)


def test_trays_of_four_share_a_block_and_keep_their_own_job(two_racks):
    state, plant = two_racks.state, two_racks.plant
    state.node.job[:] = 0
    first = plant.rack.first_node[1]
    state.node.job[first + 1] = 1
    for _ in range(4):
        two_racks.advance(1.0)
    busy = gpu_rows(state)[plant.rack.first_block[1], gpu.POWER]
    assert np.all(busy[:4] < 250)
    assert np.all(busy[4:] > 1000)
    assert state.node.gpu_w[first] == pytest.approx(busy[:4].sum())
    assert state.node.gpu_w[first + 1] == pytest.approx(busy[4:].sum())


def test_caps_reach_every_gpu_of_their_server(two_racks):
    node, gpus = two_racks.state.node, two_racks.compiled.node_gpus
    node.cap_w[:] = 200.0 + np.arange(gpus.size)
    two_racks.advance(1.0)
    drawn = gpu_rows(two_racks.state)[:, gpu.POWER].reshape(-1)
    np.testing.assert_array_equal(drawn, np.repeat(node.cap_w, gpus))


def test_caps_that_arrive_within_a_step_hold_from_their_second_on(two_racks):
    node, boards = two_racks.state.node, two_racks.compiled.gpus
    node.cap_w[:], node.next_cap_w[:], node.next_cap_in[0] = 400.0, 300.0, 2
    two_racks.advance(1.0)
    late = two_racks.plant.cap_dynamics.late[0, DOWN]
    per_board = np.array([400.0, 400.0, 300.0 + 100.0 * late, 300.0, 300.0])
    np.testing.assert_allclose(two_racks.site.gpu_w[:5], boards * per_board, rtol=1e-12)


def test_work_lost_follows_the_cap(two_racks):
    two_racks.advance(0.9)
    free = two_racks.site.work[4]
    two_racks.state.node.cap_w[:] = 300.0
    two_racks.advance(0.9)
    assert two_racks.site.work[9] < free == pytest.approx(two_racks.site.demand[4])
    assert two_racks.state.node.lost.sum() == pytest.approx(
        (two_racks.site.demand[5:10] - two_racks.site.work[5:10]).sum(), rel=1e-12
    )


def test_voltage_collapse_is_told_with_its_second(two_racks):
    two_racks.state.service.source_pu[:] = 0.01
    assert two_racks.advance(0.5) == -1
