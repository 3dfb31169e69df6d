"""Cables: per-unit pi section and rating by hand, and the closed form for supply lines."""

import pytest

from twin.components.cable import CableSpec, ampacity_pu, section, supply_loss_w

CABLE = CableSpec.model_validate(
    {
        "voltage": "34.5 kV",
        "resistance": "0.0712 ohm/km",
        "reactance": "0.1350 ohm/km",
        "capacitance": "300 nF/km",
        "ampacity": "600 A",
    }
)


def test_section_by_hand() -> None:
    """34.5 kV on 100 MVA: 11.9025 ohm. 500 m: 0.0356 + j0.0675 ohm; 150 nF at 60 Hz: 56.5487 uS."""
    series, shunt = section(CABLE, 500.0, 100e6, 60.0)
    assert series == pytest.approx((0.0356 + 0.0675j) / 11.9025, rel=1e-14)
    assert shunt == pytest.approx(1j * 56.548667764616276e-6 * 11.9025 / 2, rel=1e-14)


def test_section_grows_with_length_and_charging_with_frequency() -> None:
    short, long = section(CABLE, 100.0, 100e6, 60.0), section(CABLE, 300.0, 100e6, 50.0)
    assert long.series == pytest.approx(3 * short.series)
    assert long.shunt == pytest.approx(2.5 * short.shunt)


def test_ampacity_by_hand() -> None:
    """sqrt(3) 34.5 kV 600 A = 35.8535 MVA."""
    assert ampacity_pu(CABLE, 100e6) == pytest.approx(0.358535, abs=1e-6)


def test_section_does_not_depend_on_the_base() -> None:
    on_100, on_10 = section(CABLE, 500.0, 100e6, 60.0), section(CABLE, 500.0, 10e6, 60.0)
    assert on_100.series / 100 == pytest.approx(on_10.series / 10)
    assert on_100.shunt * 100 == pytest.approx(on_10.shunt * 10)


def test_supply_loss_is_its_share_at_full_load_and_falls_with_the_square() -> None:
    assert supply_loss_w(70e3, 70e3, 0.004) == pytest.approx(280.0, rel=1e-15)
    assert supply_loss_w(35e3, 70e3, 0.004) == pytest.approx(70.0, rel=1e-15)
    assert supply_loss_w(0.0, 70e3, 0.004) == 0.0
