"""Every watt has one sink: books of each part, the flow from feed to open air, and boards that lose their supply."""

from collections import Counter

import numpy as np
import pytest

from twin.components import gpu
from twin.plant import grid, ledger, racks, step
from twin.plant.order import AIR_W, LIQUID_W, NODE_W, gpu_rows


def shake(running, rng):
    """Random caps, coolant and slopes: nothing that a book may depend on."""
    cap_w = running.state.node.cap_w
    cap_w[:] = np.where(rng.random(cap_w.size) < 0.3, rng.uniform(200, 700), np.inf)
    running.state.cdu.supply_c[:] = rng.uniform(18, 60, running.state.cdu.supply_c.size)
    running.state.slopes.cdu_k_s[:] = rng.uniform(-0.5, 0.5, running.state.cdu.supply_c.size)


def racks_residual(running, activity):
    before = ledger.stores(running.plant, running.state).racks
    racks.run_racks(running.plant, running.state, activity, len(activity))
    totals = running.state.step.rack[: len(activity)].sum(axis=(0, 1))
    kept = ledger.stores(running.plant, running.state).racks - before
    return (totals[NODE_W] - totals[LIQUID_W] - totals[AIR_W] - kept) / max(totals[NODE_W], before)


def test_v_num_01(two_racks):
    rng = np.random.default_rng(7)
    for _ in range(50):
        shake(two_racks, rng)
        assert abs(racks_residual(two_racks, rng.random((rng.integers(1, 6), 2)))) < 1e-13


@pytest.mark.compiled
def test_v_num_01_on_the_whole_site(start):
    colossus, rng = start("colossus1"), np.random.default_rng(7)
    assert colossus.compiled.gpus == 220_080
    for _ in range(50):
        shake(colossus, rng)
        assert abs(racks_residual(colossus, rng.random((rng.integers(1, 6), 2)))) < 1e-13


def test_the_books_of_every_part_close(two_racks):
    rng = np.random.default_rng(3)
    for _ in range(24):
        assert two_racks.advance(rng.random(5)) == 0
    for part in two_racks.parts().values():
        assert abs(part.residual) < 1e-12, part


@pytest.mark.parametrize("ticks", [1, 2, 3, 4, 5])
def test_the_books_close_at_any_step(two_racks, ticks):
    for k in range(6):
        two_racks.advance(0.2 + 0.1 * k, ticks)
    for part in two_racks.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_flows_balance_wherever_they_meet(two_racks):
    rng = np.random.default_rng(5)
    for _ in range(12):
        two_racks.advance(rng.random(5))
    into, out, parts = Counter(), Counter(), two_racks.parts()
    for source, target, energy_j in ledger.flows(two_racks.books):
        assert energy_j >= 0
        out[source] += energy_j
        into[target] += energy_j
    kept = {
        "GPU servers": parts["racks"].stored,
        "cold plates": parts["cdus"].stored,
        "facility water": parts["halls"].stored,
        "air of the halls": parts["air"].stored,
    }
    assert set(out) - set(into) == {"feed", "warm air"}
    assert set(into) - set(out) == {"ambient"}
    for place in set(out) & set(into):
        assert into[place] - out[place] == pytest.approx(kept.get(place, 0.0), abs=1e-12 * into["ambient"]), place
    assert out["feed"] == pytest.approx(parts["site"].in_, rel=1e-12)
    assert into["ambient"] - out["warm air"] == pytest.approx(parts["site"].out, rel=1e-12)


def test_the_feed_record_is_the_feed_account(two_racks):
    for _ in range(4):
        two_racks.advance(0.7)
    assert two_racks.site.feed_w[:20].sum() == pytest.approx(two_racks.parts()["electrical"].in_, rel=1e-14)
    site = two_racks.site
    uses = (
        site.node_w
        + site.air_rack_w
        + site.cdu_pump_w
        + site.door_fan_w
        + site.room_fan_w
        + site.hall_pump_w
        + site.plant_w
        + site.loss_w
    )
    np.testing.assert_allclose(uses[:20], site.feed_w[:20], rtol=1e-13)


def test_servers_without_supply_draw_nothing_cool_down_and_lose_their_work(two_racks):
    plant, state = two_racks.plant, two_racks.state
    board = two_racks.compiled.names.electrical.index("board")
    two_racks.advance(0.8)
    hot = gpu_rows(state)[:, gpu.DIE].copy()
    state.service.in_service[board] = 0
    grid.energise(plant, state, state.service.in_service)
    state.service.cdu_pumps[:] *= state.service.energised[plant.wiring.cdu_board]
    state.service.racks[:] *= state.service.supplied[plant.rack.board]
    step.update_flows(plant, state)
    for _ in range(12):
        assert two_racks.advance(0.8) == 0
    assert np.all(state.node.power_w == 0)
    assert np.all(gpu_rows(state)[:, gpu.POWER] == 0)
    assert np.all(gpu_rows(state)[:, gpu.DIE] < hot)
    assert two_racks.site.work[60] == 0
    assert two_racks.site.demand[60] == pytest.approx(0.8 * two_racks.compiled.gpus)
    assert two_racks.site.node_w[60] == two_racks.site.gpu_w[60] == 0
    for part in two_racks.parts().values():
        assert abs(part.residual) < 1e-12, part
