"""Smoothing limits how fast boards rise and clips the tops of iterations; it cannot fill valleys."""

import numpy as np

from tests.policies.scenes import FLEET, limited
from twin.control.bench import SERVERS, Bench
from twin.control.policies.smoothing import Smoothing
from twin.control.policies.uncapped import Uncapped


def start(tick):
    return np.where(tick < 30, 0.3, 0.95) * FLEET.gpu_max_w


def iterations(tick):
    return np.where(tick % 20 < 14, 0.95, 0.4) * FLEET.gpu_max_w


def test_a_job_that_starts_rises_at_the_ramp():
    run = Bench(Smoothing(band=10.0), start, limited(1e9), meter=(1, 0)).run(150)
    drawn = np.array(run.board_w) / FLEET.gpu_max_w
    rise = np.diff(drawn, axis=0)
    assert rise.max() <= 0.02 + 1e-3  # one rating in 50 s
    assert np.flatnonzero(drawn[:, 0] > 0.94)[0] - 30 >= 0.65 / 0.02
    np.testing.assert_allclose(drawn[-1], 0.95)


def test_peaks_of_iterations_are_clipped_towards_the_mean_and_valleys_stay():
    free, smooth = (
        np.array(Bench(p, iterations, limited(1e9), meter=(1, 0)).run(600).feed_w)[300:]
        for p in (Uncapped(), Smoothing(band=0.05))
    )
    assert np.ptp(smooth) < 0.8 * np.ptp(free)
    assert smooth.min() == free.min()
    assert np.diff(smooth).max() <= np.diff(free).max()


def test_steady_load_is_not_held_back():
    run = Bench(Smoothing(), lambda tick: 0.8 * FLEET.gpu_max_w * np.ones(SERVERS), limited(1e9)).run(60)
    np.testing.assert_allclose(np.array(run.board_w), 0.8 * FLEET.gpu_max_w[None].repeat(60, axis=0))
