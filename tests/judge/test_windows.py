"""Windows and spells against what can be counted on fingers."""

import numpy as np

from twin.judge.windows import Spell, clock_windows, spells


def test_windows_are_aligned_with_the_clock_and_know_which_are_complete():
    time, step = np.arange(1.0, 151.0), np.ones(150)
    cut = clock_windows(time, step, 60.0, midnight_s=50430.0)  # 14:00:30
    assert cut.start_s.tolist() == [-30.0, 30.0, 90.0]
    assert cut.recorded_s.tolist() == [30.0, 60.0, 60.0]
    assert cut.complete.tolist() == [False, True, True]


def test_the_mean_of_a_window_is_weighted_by_time():
    time, step = np.array([1.0, 4.0, 60.0, 61.0]), np.array([1.0, 3.0, 56.0, 1.0])
    cut = clock_windows(time, step, 60.0, midnight_s=0.0)
    np.testing.assert_allclose(cut.mean(np.array([60.0, 20.0, 0.0, 7.0]), step), [2.0, 7.0])


def test_spells_join_over_short_gaps_only():
    holds = np.array([0, 1, 1, 0, 1, 0, 0, 1], dtype=bool)
    assert spells(holds) == [Spell(1, 2), Spell(4, 4), Spell(7, 7)]
    assert spells(holds, gap=1) == [Spell(1, 4), Spell(7, 7)]
    assert spells(np.zeros(3, dtype=bool)) == []
