"""Heat exchange: values of the ht and tespy packages, and what every arrangement must obey."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core import exchange, fluids

ARRANGEMENTS = [
    exchange.effectiveness,
    exchange.parallel_flow,
    exchange.cross_flow,
    exchange.cross_flow_approximate,
    exchange.cross_flow_least_mixed,
    exchange.cross_flow_most_mixed,
]


@pytest.mark.parametrize(
    ("ntu", "ratio", "expected"),
    [(1, 1, 0.5), (2, 0.5, 0.7746003264), (3, 0.8, 0.8043280293), (5, 0.9, 0.8664389488), (2.5, 0, 0.9179150014)],
)
def test_v_hx_01(ntu, ratio, expected):
    assert exchange.effectiveness(float(ntu), float(ratio)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("arrangement", "ntu", "ratio", "expected"),
    [
        (exchange.parallel_flow, 2.0, 0.5, 0.6334752878),
        (exchange.cross_flow, 2.0, 0.5, 0.7324092525),
        (exchange.cross_flow_approximate, 2.0, 0.5, 0.7387584625),
        (exchange.cross_flow_least_mixed, 2.0, 0.5, 0.7175464361),
        (exchange.cross_flow_most_mixed, 2.0, 0.5, 0.7020127153),
        (exchange.cross_flow, 1.5, 0.75, 0.6077498572),
        (exchange.cross_flow, 1.5, 1.0, 0.5601729325),
    ],
)
def test_v_hx_02(arrangement, ntu, ratio, expected):
    assert arrangement(ntu, ratio) == pytest.approx(expected, abs=1e-9)


def test_v_hx_03():
    hot_w_k, cold_w_k = 20 * 3968.6495, 20 * 4178.74656
    reach = exchange.effectiveness(250e3 / hot_w_k, hot_w_k / cold_w_k)
    heat_w = reach * hot_w_k * 15.0
    assert reach == pytest.approx(0.7733853918, abs=1e-9)
    assert heat_w == pytest.approx(920_788.6647, rel=1e-9)
    assert 45.0 - heat_w / hot_w_k == pytest.approx(33.3992191, rel=1e-8)  # as many digits as the row has
    assert 30.0 + heat_w / cold_w_k == pytest.approx(41.0175222, rel=1e-8)


def test_v_hx_04():
    """Specific heats of V-HX-03 at 2 kg/s each; the stream to be cooled has the lesser heat capacity rate."""
    hot_w_k, cold_w_k = 2 * 3968.6495, 2 * 4178.74656
    ntu = exchange.ntu_needed(13.0 / 15.0, hot_w_k / cold_w_k)
    assert ntu == pytest.approx(5.6242421, abs=1e-7)
    assert ntu * hot_w_k == pytest.approx(44_641.29106, rel=1e-8)


def test_v_hx_05():
    """Real water on both sides: at the specific heats that its own outlet temperatures make it meets the row."""
    hot_out, cold_out, heat_w = 34.23158986, 41.96521027, 900_023.946
    hot_w_k, cold_w_k = heat_w / (45.0 - hot_out), heat_w / (cold_out - 30.0)
    least, most = min(hot_w_k, cold_w_k), max(hot_w_k, cold_w_k)
    assert exchange.effectiveness(250e3 / least, least / most) * least * 15 == pytest.approx(heat_w, rel=1e-8)
    inlet = [20 * fluids.specific_heat(fluids.WATER, 45.0), 18 * fluids.specific_heat(fluids.WATER, 30.0)]
    got = exchange.effectiveness(250e3 / min(inlet), min(inlet) / max(inlet)) * min(inlet) * 15
    assert got == pytest.approx(heat_w, rel=2e-4)


def test_v_hx_06():
    """The in-rack unit's design point and three fifths of both flows."""
    hot_w_k = 55e3 / (47.521 - 36.0)
    cold_w_k = 55e3 / (42.529 - 32.0)
    reach = (47.521 - 36.0) / (47.521 - 32.0)
    ntu = exchange.ntu_needed(reach, hot_w_k / cold_w_k)
    assert ntu == pytest.approx(2.57293, rel=1e-4)
    assert ntu * hot_w_k == pytest.approx(12_282.8, rel=1e-4)
    assert exchange.conductance_w_k(12_282.8, 0.7, 0.6, 0.6) == pytest.approx(8590.2, rel=1e-4)
    k = exchange.exchange_w_k(12_282.8, 0.7, (0.6 * hot_w_k, 0.6), (0.6 * cold_w_k, 0.6))
    assert k / (0.6 * hot_w_k) == pytest.approx(0.77386, rel=1e-4)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@given(ntu=st.floats(1e-6, 60), ratio=st.floats(0, 1))
def test_an_effectiveness_is_between_nothing_and_counter_flow(arrangement, ntu, ratio):
    got = arrangement(ntu, ratio)
    # The approximation alone passes the counter-flow value, where nothing is left to exchange.
    most = 1.0 if arrangement is exchange.cross_flow_approximate else exchange.effectiveness(ntu, ratio)
    assert 0 <= got <= most + 1e-9


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@given(ntu=st.floats(0.01, 20), more=st.floats(1.0, 2.0), ratio=st.floats(0, 1))
def test_more_surface_never_takes_less(arrangement, ntu, more, ratio):
    assert arrangement(ntu * more, ratio) >= arrangement(ntu, ratio) - 1e-12


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_all_are_one_where_a_stream_holds_its_temperature(arrangement):
    assert arrangement(1.3, 0.0) == pytest.approx(exchange.effectiveness(1.3, 0.0), abs=1e-12)


@given(ntu=st.floats(0.01, 6), ratio=st.floats(0, 0.999))
def test_ntu_needed_is_the_inverse(ntu, ratio):
    assert exchange.ntu_needed(exchange.effectiveness(ntu, ratio), ratio) == pytest.approx(ntu, rel=1e-6)


def test_nothing_flows():
    assert exchange.conductance_w_k(1e3, 0.7, 0.0, 1.0) == 0.0
    assert exchange.exchange_w_k(1e3, 0.7, (0.0, 0.0), (1e3, 1.0)) == 0.0
