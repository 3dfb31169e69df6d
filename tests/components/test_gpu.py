"""GPU modules: the verification rows, books, limits and the power the board takes away from itself."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.components import gpu
from twin.components.gpu import (
    GpuParams,
    GpuSpec,
    advance_block,
    coefficients,
    network,
    params,
    plate_conductance_w_k,
)
from twin.site.load import load_site

LIBRARY = load_site(Path(__file__).parents[2] / "site_configs" / "pod.yaml").library
HOPPER, BLACKWELL = LIBRARY.gpus["h100-sxm"], LIBRARY.gpus["b200-gb200"]
# The H100 of the verification rows: 600 W in the die and 100 W in memory, no regulator, nothing throttles.
ROW = HOPPER.model_copy(
    update={"die_to_plate": 0.018, "hbm_share": 100 / 700, "regulator_share": 0.0, "throttle_start": 900.0,
            "hbm_throttle_start": 900.0, "slowdown": 999.0, "shutdown": 9999.0}
)  # fmt: skip
FLOW_W_K = 0.0144 * 3956.67
PLATE_W_K = FLOW_W_K * (1 - np.exp(-(1 / 0.012) / FLOW_W_K))
TEMPERATURE = st.floats(15.0, 110.0)


class Block:
    """Eight GPUs, all alike."""

    def __init__(self, g: GpuParams, plate_w_k: float = PLATE_W_K, dt_s: float = 1.0, **rows: float) -> None:
        self.g, self.x, self.c = g, np.zeros((gpu.WORK_ROWS, gpu.LANES)), np.empty(gpu.COEFFICIENTS)
        self.plate_w_k = plate_w_k
        coefficients(g, 0, plate_w_k, dt_s, self.c)
        self.put(die=40.0, hbm=40.0, plate=40.0, silicon=1.0, cap=np.inf, peak=-np.inf)
        self.put(**rows)

    def put(self, **rows: float) -> "Block":
        for name, value in rows.items():
            self.x[getattr(gpu, name.upper())] = value
        return self

    def step(self, supply_c: float, low: float = 1.0, high: float = 1.0, most_w: float | None = None) -> "Block":
        cap_w = self.x[gpu.CAP].copy()
        self.x[gpu.CAP] = np.minimum(cap_w, self.g.max_w[0] if most_w is None else most_w)
        advance_block(self.x.reshape(-1), self.c, supply_c, low, high)
        self.x[gpu.CAP] = cap_w
        return self

    def row(self, row: int) -> float:
        return self.x[row, 0]

    @property
    def temperatures(self) -> np.ndarray:
        return self.x[:3, 0]

    @property
    def stored_j(self) -> float:
        return self.g.die_j_k[0] * self.x[0, 0] + self.g.hbm_j_k[0] * self.x[1, 0] + self.g.plate_j_k[0] * self.x[2, 0]


def at_700_w(spec: GpuSpec = ROW, **rows) -> Block:
    return Block(params([spec.model_copy(update={"leakage": 1e-9})]), silicon=2.0, **rows)


def test_v_gpu_01():
    """The row prints 67.79445756 for the memory; its 100 W balance with 67.79444756, and not with that by 1e-4 W."""
    block = at_700_w(dt_s=np.inf).step(40.0)
    assert block.row(gpu.POWER) == 700.0
    assert pytest.approx(43.77853948, rel=1e-8) == PLATE_W_K
    np.testing.assert_allclose(block.temperatures, [66.8188378, 67.79444756, 55.98956951], rtol=1e-8)
    assert 40 + block.row(gpu.HEAT) / FLOW_W_K == pytest.approx(52.28586440, rel=1e-8)
    assert (block.temperatures[0] - 40) / 700 == pytest.approx(0.0383126254, rel=1e-8)


@pytest.mark.parametrize(("t", "die"), [(1, 52.35891132), (5, 59.00428253), (20, 65.77222255)])
def test_v_gpu_02(t, die):
    idle = {"die": 43.34360667, "hbm": 44.27043594, "plate": 42.05580179}
    once = at_700_w(dt_s=float(t), **idle).step(40.0)
    assert once.row(gpu.DIE) == pytest.approx(die, abs=2e-8)
    seconds = at_700_w(**idle)
    for _ in range(t):
        seconds.step(40.0)
    np.testing.assert_allclose(seconds.temperatures, once.temperatures, rtol=1e-12)


def test_v_gpu_03():
    a = np.empty((3, 3))
    network(params([ROW]), 0, PLATE_W_K, a)
    taus = np.sort(-1 / np.linalg.eigvals(a))
    np.testing.assert_allclose(taus, [0.39061303, 2.96931031, 7.60865226], rtol=1e-7)


def test_v_gpu_05():
    """All flow lost: 345 J/K under 700 W; `plate_conductance_w_k` is then 0 and A singular."""
    spec = ROW.model_copy(update={"plate_capacity": 280.0})
    g = params([spec])
    assert plate_conductance_w_k(g, 0, 0.0) == 0.0
    block = at_700_w(spec, plate_w_k=0.0)
    for _ in range(120):
        block.step(40.0)
    before = block.temperatures.copy()
    block.step(40.0)
    np.testing.assert_allclose(block.temperatures - before, 2.028985507, rtol=1e-9)
    assert 25 / (block.temperatures - before)[0] == pytest.approx(12.3214, abs=1e-4)
    assert block.row(gpu.HEAT) == 0.0


def case_to_inlet(flow_l_min: float) -> float:
    g = params([HOPPER])
    return 1 / plate_conductance_w_k(g, 0, flow_l_min / 60e3) + HOPPER.die_to_plate - HOPPER.die_to_case


@pytest.mark.parametrize(("flow_l_min", "expected"), [(0.4, 0.0389), (0.6, 0.0300), (0.7, 0.0280)])
def test_the_plate_meets_published_points(flow_l_min, expected):
    """OCP OAI cold plate guideline, figures 7 and 8, PG25."""
    assert case_to_inlet(flow_l_min) == pytest.approx(expected, rel=0.025)


def test_the_plate_meets_every_digitised_point(twin_data):
    file = twin_data("lbl_buildings_reference") / "component_data" / "ocp_oam_cold_plate_R.csv"
    with file.open() as lines:
        points = [
            (float(p["flow_l_min"]), float(p["R_case_to_inlet_K_per_W"]))
            for p in csv.DictReader(lines)
            if p["coolant"] == "PG25"
        ]
    assert len(points) > 5
    errors = [case_to_inlet(flow) / expected - 1 for flow, expected in points]
    assert max(np.abs(errors)) < 0.05
    assert np.sqrt(np.mean(np.square(errors))) < 0.025


def test_total_resistances_are_those_of_the_sources():
    """0.034 K/W at 0.85 L/min for an HGX board and 0.0226 K/W at 1.7 L/min for a GB200 one, from die to coolant."""
    for spec, expected in ((HOPPER, 0.034), (BLACKWELL, 0.0226)):
        g = params([spec])
        assert spec.die_to_plate + 1 / plate_conductance_w_k(g, 0, spec.flow) == pytest.approx(expected, rel=0.02)


@given(flow=st.floats(1e-7, 1e-4), more=st.floats(1.001, 3))
def test_more_flow_cools_better(flow, more):
    g = params([HOPPER])
    assert 0 < plate_conductance_w_k(g, 0, flow) < plate_conductance_w_k(g, 0, more * flow)
    # Second law: what leaves is not warmer than the case.
    assert 1 / plate_conductance_w_k(g, 0, flow) + g.case_k_w[0] >= 1 / (flow * 4.0e6) * (1 - 1e-12)


@given(
    t=st.tuples(TEMPERATURE, TEMPERATURE, TEMPERATURE),
    supply=st.floats(10, 60),
    low=st.floats(0, 1),
    cap=st.floats(100, 800),
)
def test_heat_given_and_kept_is_the_power(t, supply, low, cap):
    g = params([HOPPER])
    block = Block(g, die=t[0], hbm=t[1], plate=t[2], cap=cap)
    before = block.stored_j
    block.step(supply, low, low)
    into_module = block.row(gpu.POWER) * (1 - g.air_share[0])
    assert block.row(gpu.HEAT) + block.stored_j - before == pytest.approx(into_module, abs=1e-12 * before)


@given(t=st.tuples(TEMPERATURE, TEMPERATURE, TEMPERATURE), supply=st.floats(5, 15))
def test_second_law_an_unpowered_module_cools_to_the_coolant(t, supply):
    block = Block(params([HOPPER]), die=t[0], hbm=t[1], plate=t[2])
    hottest = max(t)
    block.step(supply, most_w=0.0)
    assert block.row(gpu.POWER) == 0.0
    assert block.row(gpu.HEAT) >= 0
    assert supply - 1e-9 <= block.temperatures.min()
    assert block.temperatures.max() <= hottest + 1e-9


@given(supply=st.floats(15, 45), low=st.floats(0, 0.9), more=st.floats(0.01, 0.1))
def test_more_work_and_warmer_coolant_make_hotter_dies(supply, low, more):
    g = params([HOPPER])
    base = Block(g, dt_s=np.inf).step(supply, low, low)
    assert Block(g, dt_s=np.inf).step(supply, low + more, low + more).row(gpu.DIE) > base.row(gpu.DIE)
    assert Block(g, dt_s=np.inf).step(supply + 1, low, low).row(gpu.DIE) == pytest.approx(
        base.row(gpu.DIE) + 1, abs=1e-9
    )


def test_the_two_halves_work_at_their_own_activity():
    block = Block(params([HOPPER])).step(30.0, 0.2, 0.8)
    assert len(set(block.x[gpu.POWER, :4])) == len(set(block.x[gpu.POWER, 4:])) == 1
    assert block.x[gpu.POWER, 0] < block.x[gpu.POWER, 4]


@pytest.mark.parametrize("spec", [HOPPER, BLACKWELL])
def test_leakage_is_within_a_third_of_a_percent_of_its_exponential(spec):
    g = params([spec])
    for die in np.linspace(25, 100, 31):
        want = Block(g, die=die).step(30.0, 0.0, 0.0).row(gpu.WANT)
        leakage = spec.leakage * np.exp(spec.leakage_per_kelvin * (die - spec.leakage_at))
        assert want - g.idle_dynamic_w[0] == pytest.approx(leakage, rel=0.0034)


@pytest.mark.parametrize("spec", [HOPPER, BLACKWELL])
def test_idle_and_rating_are_the_boards_own(spec):
    g = params([spec])
    assert Block(g, die=spec.idle_at).step(30.0, 0.0, 0.0).row(gpu.POWER) == pytest.approx(spec.idle, abs=0.2)
    assert Block(g, die=spec.leakage_at).step(30.0).row(gpu.POWER) == pytest.approx(spec.max, rel=1e-12)


@given(cap=st.floats(200, 700), die=st.floats(30, 80))
def test_a_cap_holds(cap, die):
    block = Block(params([HOPPER]), cap=cap, die=die, silicon=1.1).step(30.0)
    assert block.row(gpu.POWER) <= cap
    assert block.row(gpu.WANT) >= block.row(gpu.POWER)
    assert block.row(gpu.THROTTLED) == 0.0


@pytest.mark.parametrize(
    ("die", "hbm", "limit"),
    [(86.9, 80, 700), (90, 80, 640), (80, 97, 660), (90, 97, 640), (106, 80, 350), (87, 95, 700)],
)
def test_the_board_takes_20_w_a_kelvin_above_its_start(die, hbm, limit):
    spec = HOPPER.model_copy(update={"slowdown": 200.0, "shutdown": 300.0})
    block = Block(params([spec]), die=die, hbm=hbm, silicon=2.0).step(30.0)
    assert block.row(gpu.POWER) == pytest.approx(limit)
    assert block.row(gpu.THROTTLED) == (1.0 if limit < 700 else 0.0)


def test_slowdown_latches_at_92_and_lets_go_below_89():
    block = Block(params([HOPPER]))
    seen = []
    for die in (91.9, 92.1, 90.0, 89.1, 88.9, 90.0):
        block.put(die=die, hbm=60.0).step(30.0)
        seen.append((block.row(gpu.SLOW), block.row(gpu.POWER)))
    assert [slow for slow, _ in seen] == [0, 1, 1, 1, 0, 0]
    assert [power for _, power in seen[1:4]] == [350.0] * 3
    assert seen[4][1] == pytest.approx(700 - 20 * 1.9)


def test_settling_returns_sums_and_starts_anew():
    block = Block(params([HOPPER]))
    kept = np.zeros((gpu.ROWS, gpu.LANES))
    kept[gpu.SILICON], kept[: gpu.PLATE + 1] = 1.0, 93.0
    gpu.take_block(kept.reshape(-1), block.x.reshape(-1))
    block.step(30.0).step(30.0)
    heat, hottest, throttled = gpu.settle_block(block.x.reshape(-1), kept.reshape(-1))
    assert heat == pytest.approx(8 * block.row(gpu.HEAT), rel=1e-15)
    assert hottest == kept[gpu.HOTTEST, 0] == block.row(gpu.PEAK)
    assert throttled == 8 * kept[gpu.THROTTLED, 0] > 0
    np.testing.assert_array_equal(kept, block.x[: gpu.ROWS])
    gpu.take_block(kept.reshape(-1), block.x.reshape(-1))
    assert block.row(gpu.HEAT) == 0.0
    assert block.row(gpu.PEAK) == -np.inf
    assert block.row(gpu.THROTTLED) > 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"idle": 800.0}, "idle power 800 W must be below the maximum of 700 W"),
        ({"min_cap": 701.0}, "least cap 701 W must not exceed"),
        ({"min_cap": 90.0}, "to the least cap of 90 W, power would fall to -1.5 W"),
        ({"slowdown": 80.0}, "slowdown must be hotter"),
        ({"hbm_share": 0.95}, "leave nothing for the die"),
        ({"die_to_plate": 0.1}, "or the plate conducts backwards"),
    ],
)
def test_impossible_boards_are_refused(changed, said):
    units = {"idle": "W", "min_cap": "W", "slowdown": "degC", "hbm_share": "", "die_to_plate": "K/W"}
    given = {**HOPPER.model_dump(mode="json"), **{k: f"{v} {units[k]}".strip() for k, v in changed.items()}}
    with pytest.raises(ValueError, match=said):
        GpuSpec.model_validate(given)


def test_a_board_above_its_shutdown_switches_off_and_stays_off():
    block = Block(params([HOPPER]), plate_w_k=0.0)
    block.x[[gpu.DIE, gpu.HBM, gpu.PLATE]] = 106.0
    block.step(40.0)
    assert block.row(gpu.POWER) == 0.0
    block.x[[gpu.DIE, gpu.HBM, gpu.PLATE]] = 40.0
    block.step(40.0)
    assert block.row(gpu.POWER) == 0.0
