"""Batteries in the verdict: energy, cycles, charge, and the ripples they come too late for."""

import numpy as np
import pytest
import xarray as xr

from twin.judge.energy import consumed_w, power_by_use, pue
from twin.judge.storage import amplifies, storage
from twin.judge.summary import summary
from twin.judge.verdict import verdict


@pytest.fixture
def tree(result):
    power = np.array([50.0, 50.0, -60.0, -60.0])
    tree = result(
        feed_w=200.0 - power, node_w=150.0, gpu_w=100.0, cdu_pump_w=0.0, plant_w=39.0, loss_w=9.0,
        battery_w=power, battery_charge=0.5, auxiliary_w=2.0, ups_w=0.0, ups_on_battery=0.0, ups_locked=0.0,
    )  # fmt: skip
    plants = xr.Dataset(
        {
            "energy_j": ("battery", [1000.0]),
            "dead_s": ("battery", [0.02]),
            "lag_s": ("battery", [0.05]),
            "band_s": ("battery", [0.0]),
        },
        coords={"battery": ["pack"]},
    )
    tree["battery"] = xr.DataTree(plants)
    return tree


def test_what_batteries_did(tree):
    done = storage(tree)
    assert (done.given_j, done.taken_j, done.cycles, done.peak_w) == (100.0, 120.0, 0.1, 60.0)
    assert summary(tree)["battery_cycles"] == pytest.approx(0.1)


def test_batteries_stand_beside_what_the_site_uses(tree):
    site = tree["site"].to_dataset()
    np.testing.assert_allclose(consumed_w(site), 200.0)
    assert pue(site).equipment_inlet == pytest.approx(200.0 / 150.0)
    np.testing.assert_allclose(sum(power_by_use(site).values()), site["feed_w"])


def test_ripples_beyond_3_3_hz_are_amplified_and_the_verdict_says_so(tree):
    first, most, worst = amplifies(tree)
    assert first == pytest.approx(3.30, abs=0.02)
    assert (most, worst) == (pytest.approx(1.260, abs=1e-3), pytest.approx(9.4, abs=0.2))
    assert any("too late for ripples above 3.3 Hz" in one.text and one.tone == "bad" for one in verdict(tree))


def test_a_site_without_batteries_says_nothing(result):
    tree = result(feed_w=np.full(4, 100.0), node_w=90.0)
    assert storage(tree) is None
    assert amplifies(tree) is None
    assert not any("attery" in one.text for one in verdict(tree))
