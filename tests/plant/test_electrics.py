"""Transformers and cables in the plant: an independent integration, resistances, taps and capacitors, closed books."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from twin.plant import electrics, steady
from twin.plant.order import LONGEST_STEP

# The pod behind a substation's transformer: its own tap changer, so that its board's voltage moves in steps.
BEHIND_TAPS = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
    "feed.voltage": "161 kV",
    "electrical.nodes.0.type": "substation-100mva",
}
MINUTE = 60


@pytest.fixture
def behind_taps(start):
    return start("pod", BEHIND_TAPS)


def named(running, name):
    return running.compiled.names.electrical.index(name)


def test_every_transformer_and_cable_has_a_temperature_and_nothing_else(two_racks):
    steady.solve_network(two_racks.plant, two_racks.state)
    warmth, kinds = two_racks.state.warmth, np.array(two_racks.compiled.electrical_kind)
    assert np.isfinite(warmth.hot_spot_c).tolist() == (kinds == "transformer").tolist()
    assert np.isfinite(warmth.conductor_c).tolist() == (kinds == "cable").tolist()
    assert np.isnan(warmth.tap).all()


def test_rest_stays_at_rest(two_racks):
    steady.solve_network(two_racks.plant, two_racks.state)
    before = [values.copy() for values in two_racks.state.warmth]
    two_racks.follow(MINUTE)
    for field, was, now in zip(two_racks.state.warmth._fields, before, two_racks.state.warmth, strict=True):
        if field != "square":
            # Fans and pumps still sway by a little around their rest.
            np.testing.assert_allclose(now, was, atol=0.02, err_msg=field)


def test_oil_and_hot_spot_are_those_of_the_standard_s_equations(two_racks):
    """Against scipy's integration of IEC 60076-7, 8.2.2, under the currents the plant saw."""
    plant, state, board = two_racks.plant, two_racks.state, named(two_racks, "board")
    steady.solve_network(plant, state)
    rng, rows = np.random.default_rng(5), []
    i = int(np.flatnonzero(plant.electrics.transformer == board)[0])
    start = tuple(float(values[i]) for values in state.oil)
    for _ in range(60):
        load = rng.uniform(0.2, 1.6)
        state.warmth.square[board] = 60.0 * (load * plant.network.rating_pu[board]) ** 2
        electrics.warm(
            plant.transformer_heat, plant.cable_heat, plant.electrics, plant.network.rating_pu, 38.0, 60, 60.0,
            state.oil, state.warmth,
        )  # fmt: skip
        rows.append((load, state.warmth.top_oil_c[board], state.warmth.hot_spot_c[board]))
    loads = np.array([row[0] for row in rows])

    def slope(time_s, kept):
        k = loads[min(int(time_s // 60.0), 59)]
        oil, rise = kept[0], 30.0 * k**1.6
        return [
            (38.0 + 50.0 * ((1 + 5.1 * k**2) / 6.1) ** 0.8 - oil) / (180 * 60.0), (rise - kept[1]) / (7 * 60.0),
            -kept[2] / (180 * 60.0),
        ]  # fmt: skip

    found = [np.array(start)]
    for k in range(60):
        part = solve_ivp(slope, (60.0 * k, 60.0 * (k + 1) - 1e-9), found[-1], rtol=1e-11, atol=1e-11)
        found.append(part.y[:, -1])
    oil_c, hot_c = np.array(found)[1:, 0], np.array(found)[1:] @ [1.0, 1.0, -1.0]
    np.testing.assert_allclose([row[1] for row in rows], oil_c, atol=1e-6)
    np.testing.assert_allclose([row[2] for row in rows], hot_c, atol=1e-6)


@pytest.mark.parametrize("air_c", [10.0, 38.0])
def test_loss_follows_the_temperature_of_the_winding(start, air_c):
    warm = start("pod", {}, air_c=air_c)
    steady.solve_network(warm.plant, warm.state)
    network, warmth, board = warm.state.network, warm.state.warmth, named(warm, "board")
    winding_c = (warmth.top_oil_c[board] + warmth.hot_spot_c[board]) / 2
    share = (235.0 + winding_c) / (235.0 + 85.0)
    assert network.r_now_pu[board] == pytest.approx(share * warm.plant.network.r_pu[board], rel=1e-9)
    current = network.i_re[board] ** 2 + network.i_im[board] ** 2
    # 2.6 kW of iron on 100 MVA, at about rated voltage.
    assert network.loss_pu[board] == pytest.approx(current * network.r_now_pu[board] + 2.6e-5, rel=0.05)


def test_a_warmer_day_costs_more_and_the_books_close(start):
    losses = []
    for air_c in (5.0, 35.0):
        pod = start("pod", {}, air_c=air_c)
        steady.solve_network(pod.plant, pod.state)
        cable, board = named(pod, "feeder"), named(pod, "board")
        losses.append(pod.state.network.r_now_pu[[cable, board]])
        assert pod.advance(0.8) == 0
        assert abs(pod.parts()["electrical"].residual) < 1e-12
    assert (losses[1] > losses[0]).all()


def test_taps_at_rest_bring_the_low_side_into_its_band(behind_taps):
    state, sub = behind_taps.state, named(behind_taps, "sub")
    for source, way in ((0.93, 1), (1.02, -1), (1.09, -1)):
        state.service.source_pu[0] = source
        assert steady.solve_network(behind_taps.plant, state) > 0
        assert abs(state.network.voltage_pu[sub] - 1.0) <= 0.01
        assert np.sign(state.regulator.position[0]) == way
        assert state.network.ratio[sub] == 1 - 0.00625 * state.regulator.position[0]


def test_a_tap_steps_every_half_minute_and_the_books_close(behind_taps):
    state, sub = behind_taps.state, named(behind_taps, "sub")
    assert steady.solve_network(behind_taps.plant, state) > 0
    first = state.regulator.position[0]
    state.service.source_pu[0] -= 0.03
    seen = behind_taps.follow(150, watch=lambda s: (s.regulator.position[0] - first, s.network.voltage_pu[sub]))
    moved = seen[np.flatnonzero(np.diff(seen[:, 1], prepend=0.0)), 0]
    assert np.diff(moved).tolist() == [30.0] * (len(moved) - 1)
    assert 2 <= seen[-1, 1] <= 4
    assert abs(seen[-1, 2] - 1.0) <= 0.01
    for part in behind_taps.parts().values():
        assert abs(part.residual) < 1e-12, part


def test_a_dead_bus_keeps_its_tap(behind_taps):
    state = behind_taps.state
    assert steady.solve_network(behind_taps.plant, state) > 0
    before = state.regulator.position.copy()
    behind_taps.follow(120, [{"at": "10 s", "trip": "sub"}])
    assert state.regulator.position == before


@pytest.mark.parametrize(
    ("control", "steps"),
    [
        ({"reactive": "-100 kvar", "deadband": "120 kvar", "delay": "20 s"}, 1),
        ({"voltage": "1.1 pu", "deadband": "1 %", "delay": "20 s"}, 4),
        (None, 4),
    ],
)
def test_capacitors_switch_by_what_they_hold(start, control, steps):
    bank = {"name": "bank", "node": "board", "step": "100 kvar", "steps": 4} | ({"control": control} if control else {})
    pod = start("pod", {"electrical.capacitors": [bank]})
    state, board = pod.state, named(pod, "board")
    assert steady.solve_network(pod.plant, state) > 0
    assert state.network.shunt_pu[board] == pytest.approx(steps * 100e3 / 100e6)
    if control is not None and "reactive" in control:
        assert abs(state.network.reactive_pu[0] * 100e6 + 100e3) <= 60e3
        state.loads.impedance_q[board] += 200e3 / 100e6
        seen = pod.follow(120, watch=lambda s: (s.network.shunt_pu[board],))
        assert np.ptp(seen[:, 1]) == pytest.approx(2 * 100e3 / 100e6)
        for part in pod.parts().values():
            assert abs(part.residual) < 1e-12, part


def test_a_bank_that_trips_is_out_though_it_would_switch_in(start):
    control = {"voltage": "1.1 pu", "deadband": "1 %", "delay": "20 s"}
    bank = {"name": "bank", "node": "board", "step": "100 kvar", "steps": 4, "control": control}
    pod = start("pod", {"electrical.capacitors": [bank]})
    assert steady.solve_network(pod.plant, pod.state) > 0
    pod.state.service.bank_steps[0] = 1
    electrics.put_banks(pod.plant, pod.state)
    assert pod.state.network.shunt_pu.sum() == pytest.approx(100e3 / 100e6)


def test_means_of_a_minute_are_those_of_its_steps(behind_taps):
    steady.solve_network(behind_taps.plant, behind_taps.state)
    seen, sub = [], named(behind_taps, "sub")
    for k in range(12):
        assert behind_taps.advance(0.1 + 0.07 * k, LONGEST_STEP) == 0
        warmth = behind_taps.state.warmth
        seen.append((warmth.top_oil_c[sub], warmth.hot_spot_c[sub], warmth.ageing[sub], warmth.tap[sub]))
    record, seen = behind_taps.records.electrical, np.array(seen)
    kept = [getattr(record, name)[sub] / 60.0 for name in ("top_oil_c", "hot_spot_c", "ageing", "tap")]
    np.testing.assert_allclose(kept, seen.mean(axis=0), rtol=1e-12)
    assert record.hot_spot_c_max[sub] == seen[:, 1].max()
    assert np.isnan(record.conductor_c[sub])
