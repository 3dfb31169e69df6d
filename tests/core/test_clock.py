import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.core.clock import Clock
from twin.core.errors import ScenarioError


@given(st.integers(0, 10**8), st.sampled_from([1.0, 0.5, 0.001, 5.0]))
def test_whole_multiples_of_the_step_are_whole_ticks(count, step_s):
    assert Clock(step_s).ticks(count * step_s, "duration") == count


def test_decimal_periods_are_whole_ticks_in_spite_of_rounding():
    assert Clock(0.1).ticks(0.3, "period") == 3
    assert Clock(0.001).ticks(86400.0, "duration") == 86_400_000


@pytest.mark.parametrize(("step_s", "seconds"), [(1.0, 2.5), (5.0, 7.0), (1.0, 0.4), (0.001, 0.0015)])
def test_a_period_that_does_not_divide_is_an_error_that_names_it(step_s, seconds):
    with pytest.raises(
        ScenarioError, match=f"policy period: {seconds:g} s is not a whole number of {step_s:g} s steps"
    ):
        Clock(step_s).ticks(seconds, "policy period")
