"""Locked clocks and power floors at the boards: power, work, heat and books, and the waves of a window."""

import numpy as np
import pytest

from twin.boards import Boards
from twin.components import gpu
from twin.control.actuation import Held
from twin.core.speed import speed_lost
from twin.plant import following, ledger, waves
from twin.plant.order import DEMAND, LOST, NODE_W, gpu_rows
from twin.telemetry import fleet_of

V100 = 2.32


def free(running, activity, ticks=1):
    running.advance(activity, ticks)
    return gpu_rows(running.state)[:, gpu.POWER].copy()


def lock(running, share):
    running.state.node.dynamic_share[:] = share**V100


def leakage_and_idle_w(running, activity, free_w):
    """What of ``free_w`` does not go with activity, each board on its silicon."""
    plant = running.plant
    kind = np.repeat(plant.rack.gpu, plant.rack.blocks)[:, None]
    silicon = gpu_rows(running.state)[:, gpu.SILICON]
    return free_w - plant.gpu.span_w[kind] * activity * silicon


def test_a_locked_clock_takes_its_share_off_what_goes_with_activity(two_racks):
    free_w = free(two_racks, 0.8)
    still_w = leakage_and_idle_w(two_racks, 0.8, free_w)
    lock(two_racks, 0.7)
    two_racks.advance(0.8, 1)
    drawn_w = gpu_rows(two_racks.state)[:, gpu.POWER]
    # Leakage moves with the die's temperature of the second before, by a watt or two.
    np.testing.assert_allclose(drawn_w, still_w + (free_w - still_w) * 0.7**V100, atol=2.0)
    idle_w = free(two_racks, 0.0)
    np.testing.assert_allclose(idle_w, still_w, rtol=0.1)


@pytest.mark.parametrize("share", [0.95, 0.7])
def test_work_under_a_lock_is_slowed_as_by_the_cap_that_leaves_full_activity_that_clock(two_racks, share):
    node, plant = two_racks.state.node, two_racks.plant
    two_racks.advance(0.8, 1)
    natural_w = node.want_w.copy()
    lock(two_racks, share)
    two_racks.advance(0.8, 1)
    first = 0
    for r, kind in enumerate(plant.rack.gpu):
        own = slice(first, first := first + plant.rack.nodes[r])
        most_w = plant.node.gpus[plant.rack.node[r]] * plant.gpu.max_w[kind]
        limit = 1 - (1 - share**V100) * plant.gpu.span_w[kind] / plant.gpu.max_w[kind]
        expected = [speed_lost(plant.gpu.lost[kind], want / most_w, limit) for want in natural_w[own]]
        np.testing.assert_allclose(two_racks.state.step.rack[0, r, LOST] / two_racks.state.step.rack[0, r, DEMAND],
                                   np.mean(expected), rtol=0.03)  # fmt: skip
        assert np.mean(expected) > 0


def test_a_floor_is_held_by_dummy_work_that_does_none(two_racks):
    free_w = free(two_racks, 0.3)
    lost = two_racks.site.work[0] / two_racks.site.demand[0]
    two_racks.state.node.floor_w[:] = 600.0
    two_racks.advance(0.3, 5)
    drawn_w = gpu_rows(two_racks.state)[:, gpu.POWER]
    np.testing.assert_allclose(drawn_w, 600.0)
    np.testing.assert_allclose(two_racks.site.burnt_w[1], (600.0 - free_w).sum(), rtol=0.02)  # leakage cools down
    np.testing.assert_allclose(two_racks.site.gpu_w[1:6], 600.0 * drawn_w.size)
    np.testing.assert_array_equal(two_racks.site.work[1:6] / two_racks.site.demand[1:6], lost)
    np.testing.assert_allclose(two_racks.state.node.burnt_w, two_racks.state.node.gpu_w - two_racks.state.node.want_w)


def test_a_floor_never_exceeds_the_cap_the_rating_throttling_or_a_dead_board(two_racks):
    node, rows = two_racks.state.node, gpu_rows(two_racks.state)
    node.floor_w[:], node.cap_w[:] = 630.0, 400.0
    two_racks.advance(0.2, 2)
    np.testing.assert_allclose(rows[:, gpu.POWER], 400.0)
    assert two_racks.site.work[1] == two_racks.site.demand[1]  # what the work wants is below the cap
    node.cap_w[:] = np.inf
    rows[:, gpu.SLOW] = 1.0
    rows[:, gpu.DIE] = 91.0
    two_racks.advance(0.2, 1)
    kind = np.repeat(two_racks.plant.rack.gpu, two_racks.plant.rack.blocks)[:, None]
    most_w = two_racks.plant.gpu.throttle_floor_w[kind] * np.ones(gpu.LANES)
    np.testing.assert_allclose(rows[:, gpu.POWER], np.minimum(most_w, 630.0))
    two_racks.state.service.racks[:] = 0
    two_racks.advance(0.2, 1)
    assert not rows[:, gpu.POWER].any()
    assert two_racks.site.burnt_w[3] == 0.0


def test_books_close_over_floors_and_clocks(two_racks):
    node = two_racks.state.node
    for share, floor_w in ((1.0, 500.0), (0.8, 630.0), (0.8, 0.0)):
        node.dynamic_share[:], node.floor_w[:] = share**V100, floor_w
        two_racks.advance(0.5, 5)
    after = ledger.stores(two_racks.plant, two_racks.state)
    for part in ledger.close(two_racks.books, two_racks.before, after):
        assert abs(part.residual) < 1e-9, part


def test_what_arrives_in_the_second_holds_from_then_on(two_racks):
    compiled, node = two_racks.compiled, two_racks.state.node
    boards, fleet = Boards(compiled, fleet_of(compiled)), fleet_of(compiled)
    two_racks.advance(0.5, 1)
    clock_mhz = np.where(fleet.kind == 0, 990.0, fleet.clock_max_mhz)
    boards.take(Held(np.full(node.job.size, np.inf), clock_mhz, np.zeros(node.job.size)), 2, node, np.zeros((5, 3)))
    np.testing.assert_allclose(node.dynamic_share[1, fleet.kind == 0], 0.5**V100)
    two_racks.advance(0.5, 5)
    boards.keep(node, two_racks.state.step.capped)
    gpu_w = two_racks.site.gpu_w[1:6]
    assert gpu_w[1] > 1.05 * gpu_w[2]
    np.testing.assert_allclose(gpu_w[2:], gpu_w[2], rtol=1e-2)
    np.testing.assert_array_equal(node.dynamic_share[0], node.dynamic_share[1])


def wave(activity):
    return waves.Waves(activity=np.vstack([np.zeros_like(activity), activity]), lateness=np.zeros((2, 2)), lead=2)


def asked(running, activity, steps):
    """Direct current of each rack in each step, for one wave of all servers."""
    state, plant = running.state, running.plant
    servers = state.node.job.size
    room = waves.room(servers, following.room(plant.cap_dynamics, plant.rack.gpu, servers, steps))
    shape = wave(activity)
    mean = float(activity[2 : 2 + steps].mean())
    running.advance(mean, 1)
    kind = np.repeat(plant.rack.gpu, plant.rack.nodes)
    span_w = plant.gpu.span_w[kind] * plant.node.gpus[np.repeat(plant.rack.node, plant.rack.nodes)]
    waves.ask(plant.rack, state.node, span_w, state.flows.node, np.ones(plant.rack.gpu.size, np.int64),
              np.array([0.0, mean]), shape, state.step.rack[0, :, NODE_W], np.zeros(2), steps, room)  # fmt: skip
    return np.array([[waves.asked_w(room, shape.activity, r, k) for k in range(steps)] for r in range(2)])


def test_a_floor_fills_the_valleys_of_a_wave_and_keeps_its_mean(two_racks):
    steps = 50
    activity = np.tile(np.where(np.arange(50) < 35, 1.0, 0.3), 2)[: steps + 5]
    plain = asked(two_racks, activity, steps)
    two_racks.state.node.floor_w[:] = 680.0
    filled = asked(two_racks, activity, steps)
    burnt = np.array([two_racks.state.node.burnt_w[:8].sum(), two_racks.state.node.burnt_w[8:].sum()])
    assert burnt[0] > 0
    assert burnt[1] == 0
    np.testing.assert_allclose(filled[0].mean() - plain[0].mean(), burnt[0], rtol=0.02)
    assert np.ptp(filled[0]) < 0.8 * np.ptp(plain[0])
    np.testing.assert_allclose(np.ptp(filled[1]), np.ptp(plain[1]), rtol=1e-3)
    np.testing.assert_allclose(filled[0].max(), plain[0].max(), rtol=0.01)


def test_a_lock_lowers_the_swing_of_a_wave(two_racks):
    steps = 50
    activity = np.tile(np.where(np.arange(50) < 35, 1.0, 0.3), 2)[: steps + 5]
    plain = asked(two_racks, activity, steps)
    lock(two_racks, 0.7)
    locked = asked(two_racks, activity, steps)
    assert (np.ptp(locked, axis=1) < 0.55 * np.ptp(plain, axis=1)).all()
    assert (np.ptp(locked, axis=1) > 0.7**V100 * np.ptp(plain, axis=1)).all()  # the host's part keeps its clock
