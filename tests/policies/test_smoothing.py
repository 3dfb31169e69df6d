"""Smoothing limits how fast boards rise and clips the tops of iterations; it cannot fill valleys."""

import numpy as np
import pytest

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


def burnt_share(run, server=0):
    burnt, drawn = np.array(run.burnt_w)[120:, server], np.array(run.board_w)[120:, server]
    return burnt.sum() / (drawn.sum() - burnt.sum())


def square(tick):
    return np.where(tick % 60 < 42, 1.0, 0.4) * FLEET.gpu_max_w


def test_a_floor_costs_what_the_formula_says():
    # policies 2.17: (0.9 - 0.4) 0.3/(0.7 + 0.3 * 0.4) = 18.3 %
    policy = Smoothing(ramp_up_per_s=1.0, floor=0.9, kinds=("training", "step", "inference"))
    run = Bench(policy, square, limited(1e9), meter=(1, 0)).run(120 + 600)
    assert burnt_share(run) == pytest.approx(0.5 * 0.3 / (0.7 + 0.3 * 0.4), rel=1e-3)
    assert burnt_share(run) == pytest.approx(0.183, abs=5e-4)


def test_the_ramp_at_the_feed_falls_with_the_height_of_the_floor():
    free, kept = (
        np.diff(Bench(policy, square, limited(1e9), meter=(1, 0)).run(600).feed_w)[120:]
        for policy in (Smoothing(band=10.0), Smoothing(band=10.0, floor=0.9, kinds=("training", "step", "inference")))
    )
    assert free.min() == pytest.approx(6 * kept.min(), rel=1e-6)  # falls by 0.6 against 0.1 of the rating
    assert kept.min() < 0


def test_only_synchronous_jobs_have_a_floor_and_it_goes_after_them_at_a_ramp():
    job = np.repeat([2, 1], SERVERS // 2)
    run = Bench(Smoothing(floor=0.8, second_floor=0.2), square, limited(1e9), job=job.copy(), meter=(1, 0))
    run.want_w = lambda tick: (0.3 if tick < 60 else 0.1) * FLEET.gpu_max_w
    for tick in range(120):
        if tick == 60:
            run.job[:] = 0
        run._read(0) if tick == 0 else None
        run.step(tick)
    share = np.array(run.board_w) / FLEET.gpu_max_w
    np.testing.assert_allclose(share[55, :16], 0.8)
    np.testing.assert_allclose(share[55, 16:], 0.3)
    np.testing.assert_allclose(share[60:68, :16], 0.8)
    fall = -np.diff(share[:, 0])
    assert fall.max() <= 0.02 + 1 / 700  # floors are whole watts
    np.testing.assert_allclose(share[-1, :16], 0.2)
    np.testing.assert_allclose(share[-1, 16:], 0.1)


def test_floors_beyond_the_rating_are_refused():
    with pytest.raises(ValueError, match=r"shares of the rating, the second no higher; found 0\.5 and 0\.7"):
        Smoothing(floor=0.5, second_floor=0.7)
