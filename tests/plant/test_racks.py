"""Caps that arrive: the second in which one does has the mean of the way, in power, heat, work and books."""

import numpy as np
import pytest

from twin.components import gpu
from twin.core.cap_dynamics import DOWN, UP, mean_w
from twin.core.speed import speed_lost
from twin.plant.order import gpu_rows


def arrive(running, from_w, to_w, activity=1.0, ticks=5, second=0):
    """One macro-step at ``activity`` in which the cap of all boards goes from one to the other."""
    node = running.state.node
    node.cap_w[:], node.next_cap_w[:], node.next_cap_in[0] = from_w, to_w, second
    running.advance(activity, ticks)
    node.cap_w[:], node.next_cap_in[0] = to_w, 5


@pytest.mark.parametrize(("from_w", "to_w"), [(450.0, 250.0), (250.0, 450.0)])
def test_the_second_of_a_cap_has_the_mean_of_its_way(two_racks, from_w, to_w):
    plant = two_racks.plant
    arrive(two_racks, from_w, to_w, second=1)
    expected_w = [mean_w(plant.cap_dynamics, k, from_w, to_w, 0.0, 1.0) for k in plant.rack.gpu]
    boards = plant.rack.nodes * plant.node.gpus[plant.rack.node]
    np.testing.assert_allclose(
        two_racks.site.gpu_w[:5],
        np.array([from_w * boards.sum(), expected_w @ boards, *[to_w * boards.sum()] * 3]),
        rtol=1e-12,
    )


def test_boards_start_from_what_they_want_where_that_is_less_than_the_old_cap(two_racks):
    """Uncapped to 250 W and back: the way begins and ends at what the board wants, each its own."""
    late, rows = two_racks.plant.cap_dynamics.late[0], gpu_rows(two_racks.state)
    two_racks.advance(0.8, 1)
    free_w = rows[:, gpu.POWER].copy()
    arrive(two_racks, np.inf, 250.0, 0.8, 1)
    np.testing.assert_allclose(rows[:, gpu.POWER], 250.0 + (free_w - 250.0) * late[DOWN], rtol=1e-3)
    want_w = two_racks.state.node.want_w.sum()
    arrive(two_racks, 250.0, np.inf, 0.8, 1)
    boards, want_w = free_w.size, two_racks.state.node.want_w.sum()
    assert two_racks.site.gpu_w[2] == pytest.approx(want_w + (250.0 * boards - want_w) * late[UP], rel=1e-12)
    assert two_racks.state.node.cap_change_w.sum() == pytest.approx(250.0 * boards - want_w, rel=1e-12)
    two_racks.advance(0.8, 1)
    assert not two_racks.state.node.cap_change_w.any()


def test_a_cap_that_does_not_bind_changes_nothing(start, two_racks):
    other = start(changes={
        "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
        "halls.0.pumps.flow": "0.035 m3/s",
    })  # fmt: skip
    arrive(two_racks, 1190.0, 1180.0, 0.5)
    other.state.node.cap_w[:] = 1180.0
    other.advance(0.5, 5)
    np.testing.assert_array_equal(two_racks.state.blocks, other.state.blocks)
    np.testing.assert_array_equal(two_racks.site.feed_w[:5], other.site.feed_w[:5])


@pytest.mark.parametrize(("from_w", "to_w", "way"), [(600.0, 300.0, DOWN), (300.0, 600.0, UP)])
def test_speed_is_as_late_as_power(two_racks, from_w, to_w, way):
    """Of the work, too, the old speed keeps the share of its second that power does."""
    plant, node = two_racks.plant, two_racks.state.node
    arrive(two_racks, from_w, to_w, 1.0, 1)
    n, lost_by = 0, plant.gpu.lost[0]
    want = node.want_w[n] / (8 * plant.gpu.max_w[0])
    before, after = (speed_lost(lost_by, want, cap_w / plant.gpu.max_w[0]) for cap_w in (from_w, to_w))
    expected = after + (before - after) * plant.cap_dynamics.late[0, way]
    assert node.lost[n] == pytest.approx(8.0 * expected, rel=1e-9)


def test_a_board_that_throttles_moves_from_there(two_racks):
    rows = gpu_rows(two_racks.state)
    rows[:, gpu.DIE] = 94.0
    two_racks.state.node.cap_w[:] = 600.0
    arrive(two_racks, 600.0, 590.0, 1.0, 1)
    floor_w = np.repeat(two_racks.plant.gpu.throttle_floor_w[two_racks.plant.rack.gpu], two_racks.plant.rack.blocks)
    hot = floor_w < 590.0
    np.testing.assert_array_equal(rows[hot, gpu.POWER], np.repeat(floor_w[hot, None], 8, 1))


def test_racks_without_supply_draw_nothing_when_a_cap_comes(two_racks):
    two_racks.state.service.racks[:] = 0
    arrive(two_racks, 300.0, 500.0, 1.0, 2)
    assert not two_racks.site.gpu_w[:2].any()
    assert two_racks.site.work[0] == 0.0


@pytest.mark.parametrize(("from_w", "to_w"), [(600.0, 300.0), (300.0, 600.0)])
def test_books_close_and_no_die_is_hotter_than_it_was(two_racks, from_w, to_w):
    two_racks.state.node.cap_w[:] = from_w
    for _ in range(4):
        two_racks.advance(1.0)
    rows = gpu_rows(two_racks.state)
    rows[:, gpu.HOTTEST] = 0.0
    arrive(two_racks, from_w, to_w, 1.0, 1)
    assert np.all(rows[:, gpu.HOTTEST] == rows[:, gpu.DIE])
    for part in two_racks.parts().values():
        assert part.residual < 1e-12
