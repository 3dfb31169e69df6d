"""Servers of each job under a cap or the brake."""

from types import SimpleNamespace

import numpy as np

from twin.holding import Holding

FLEET = SimpleNamespace(gpu_max_w=np.full(4, 700.0), gpus=np.array([8, 8, 8, 4]))
JOB = np.array([0, 1, 1, 2])


def test_capped_and_braked_server_seconds_by_job():
    holding = Holding(FLEET, 2)
    holding.last(0, 3)
    assert not holding.take().any()
    holding.look(JOB, np.array([700.0, 500.0, 700.0, 500.0]), np.array([np.inf, np.inf, np.inf, 200.0]))
    holding.last(3, 5)
    np.testing.assert_array_equal(holding.braked, [0, 0, 0, 4, 4])
    np.testing.assert_array_equal(holding.take(), [[0, 2, 2], [0, 0, 2]])
    holding.look(JOB, np.full(4, 700.0), None)
    holding.last(0, 5)
    assert not holding.take().any()
    assert not holding.braked.any()
