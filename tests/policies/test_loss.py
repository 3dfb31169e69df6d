"""Speed lost under a cap, as policies know it: fitted to the tables that boards go by."""

from pathlib import Path

import numpy as np
import pytest

from twin.control.policies.loss import STEPS, coefficients, fit
from twin.core.speed import LIMIT_STEPS, NATURAL_STEPS
from twin.site.compile import compile_site
from twin.site.load import load_site
from twin.telemetry import fleet_of

POD = Path(__file__).parents[2] / "site_configs" / "pod.yaml"


def test_a_curve_of_its_own_form_is_found_again():
    natural, limit = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 61), indexing="ij")
    with np.errstate(divide="ignore", invalid="ignore"):
        withheld = np.where(natural > 0, np.clip(1 - limit / natural, 0, 1), 0)
    found = fit(0.02 + 0.1 * withheld + 0.5 * withheld**2, 0.3)
    np.testing.assert_allclose(found[:, 12:], np.array([0.02, 0.1, 0.5])[:, None].repeat(9, axis=1), atol=2e-2)


def test_boards_of_the_pod_are_fitted_within_a_few_points():
    compiled = compile_site(load_site(POD))
    fleet, n = fleet_of(compiled), compiled.node_gpus.size
    table = compiled.plant.gpu.lost[fleet.kind[0]].reshape(NATURAL_STEPS + 2, LIMIT_STEPS + 2)[:-1, :-1]
    for share in (0.6, 0.75, 0.9, 1.0):
        start, linear, quadratic = (values[0] for values in coefficients(fleet, share * fleet.gpu_max_w))
        row = np.array([np.interp(share, np.linspace(0, 1, STEPS + 1), column) for column in table.T])
        limits = np.linspace(0.4, share, 20)
        withheld = 1 - limits / share
        lost = start + linear * withheld + quadratic * withheld**2
        assert np.abs(lost - np.interp(limits, np.linspace(0, 1, LIMIT_STEPS + 1), row)).max() < 0.05
        assert linear >= 0
    assert fleet.loss.shape == (len(fleet.kinds), 3, STEPS + 1)
    assert (fleet.loss >= 0).all()
    assert coefficients(fleet, np.full(n, 1.0))[0] == pytest.approx(np.zeros(n))
