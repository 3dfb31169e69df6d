"""The contract every policy keeps, and what each shipped one promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.policies import POLICIES, make_policy
from twin.control.policies.feed_limit import FeedLimit, share_out
from twin.control.policies.uniform_cap import UniformCap
from twin.control.policy import Fleet, Seen
from twin.core.errors import ScenarioError

N = 12
FLEET = Fleet(
    np.array([8] * 8 + [4] * 4),
    np.array([700.0] * 8 + [1200.0] * 4),
    np.full(N, 200.0),
    np.arange(N),
    [np.arange(6), np.arange(6, N)],
)


def seen(gpu_w, *, limit_w, overhead_w=20e3, substation_limit_w=(1e9, 1e9), cap_w=None):
    boards = FLEET.by_substation(gpu_w)
    return Seen(
        time_s=0.0, fleet=FLEET, feed_w=gpu_w.sum() + overhead_w, substation_w=boards + overhead_w / 2,
        substation_limit_w=np.array(substation_limit_w), node_time_s=0.0, feed_then_w=gpu_w.sum() + overhead_w,
        substation_then_w=boards + overhead_w / 2, node_w=gpu_w * 1.3, node_gpu_w=gpu_w,
        cap_w=FLEET.gpu_max_w if cap_w is None else cap_w, least_limit_w=lambda ahead_s: limit_w,
    )  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_keeps_the_contract(name):
    policy = make_policy(name, {})
    assert policy.every_s > 0
    shown = seen(np.full(N, 4000.0), limit_w=60e3)
    before = [np.array(v) for v in shown if isinstance(v, np.ndarray)]
    commands = policy.act(shown)
    if commands is not None:
        assert commands.gpu_cap_w.shape == (N,)
        assert np.all(commands.gpu_cap_w >= 0)
    for was, now in zip(before, [v for v in shown if isinstance(v, np.ndarray)], strict=True):
        np.testing.assert_array_equal(was, now)
    again = make_policy(name, {}).act(seen(np.full(N, 4000.0), limit_w=60e3))
    if commands is not None:
        np.testing.assert_array_equal(again.gpu_cap_w, commands.gpu_cap_w)


def test_uniform_cap_is_a_share_of_each_rating():
    np.testing.assert_allclose(
        UniformCap(share=0.8).act(seen(np.full(N, 1.0), limit_w=1e9)).gpu_cap_w, 0.8 * FLEET.gpu_max_w
    )


def test_feed_limit_caps_sum_to_what_the_limit_leaves():
    caps = FeedLimit(margin=0.0).act(seen(np.full(N, 4000.0), limit_w=60e3, overhead_w=20e3)).gpu_cap_w
    assert (caps * FLEET.gpus).sum() == pytest.approx(40e3, rel=1e-6)


def test_feed_limit_leaves_boards_alone_far_below_the_limit():
    np.testing.assert_array_equal(FeedLimit().act(seen(np.full(N, 4000.0), limit_w=1e9)).gpu_cap_w, FLEET.gpu_max_w)


def test_feed_limit_obeys_each_substation():
    caps = (
        FeedLimit(margin=0.0)
        .act(seen(np.full(N, 4500.0), limit_w=1e9, overhead_w=0.0, substation_limit_w=(1e9, 18e3)))
        .gpu_cap_w
    )
    drawn = FLEET.by_substation(caps * FLEET.gpus)
    assert drawn[1] == pytest.approx(18e3, rel=1e-6)
    assert drawn[0] > 25e3


@given(budget=st.floats(1e3, 1e5), demand=st.lists(st.floats(1.0, 6e3), min_size=N, max_size=N))
def test_shares_stay_within_bounds_and_budget(budget, demand):
    low, top = FLEET.gpus * FLEET.gpu_min_cap_w, FLEET.gpus * FLEET.gpu_max_w
    share = share_out(budget, np.array(demand), low, top)
    assert np.all(share >= low - 1e-9)
    assert np.all(share <= top + 1e-9)
    assert share.sum() <= max(budget, low.sum()) * (1 + 1e-6)


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("feed-limt", {}, 'did you mean "feed-limit"'),
        ("uniform-cap", {"shre": 0.5}, 'did you mean "share"'),
        ("uniform-cap", {"share": 1.5}, "share must be above 0"),
        ("nowhere.py:Mine", {}, "there is no file nowhere.py"),
    ],
)
def test_a_policy_that_cannot_be_made_says_why(name, fields, said):
    with pytest.raises(ScenarioError, match=said):
        make_policy(name, fields)


def test_a_policy_from_a_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from twin.control.policy import Commands\nclass Half:\n    every_s = 10.0\n"
        "    def act(self, seen):\n        return Commands(0.5 * seen.fleet.gpu_max_w)\n"
    )
    caps = make_policy(f"{file}:Half", {}).act(seen(np.full(N, 1.0), limit_w=1e9)).gpu_cap_w
    np.testing.assert_array_equal(caps, 0.5 * FLEET.gpu_max_w)
    with pytest.raises(ScenarioError, match='did you mean "Half"'):
        make_policy(f"{file}:Hal", {})
