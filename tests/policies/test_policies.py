"""Every policy keeps the contract; names, files, packages and several at once; the simple ones keep their promise."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.scenes import FLEET, limited, seen
from twin.cli import main
from twin.control import policies
from twin.control.bench import SERVERS
from twin.control.contract import check_policy
from twin.control.policies import POLICIES, make_policy
from twin.control.policies.feed_limit import FeedLimit, share_out
from twin.control.policies.filling import Filling
from twin.control.policies.speed_curves import curves_of, speed_under
from twin.control.policies.uniform_cap import UniformCap
from twin.control.policy import Commands
from twin.core.errors import ScenarioError
from twin.judge.fairness import jain


@pytest.mark.parametrize("name", [*POLICIES, "feed-limit+thermal-emergency", "dynamo+uniform-cap+smoothing"])
def test_every_policy_keeps_the_contract(name):
    assert check_policy(lambda: make_policy(name, {})) == []


def test_uniform_cap_is_a_share_of_each_rating():
    np.testing.assert_allclose(UniformCap(share=0.8).act(seen(100.0)).gpu_cap_w, 0.8 * FLEET.gpu_max_w)


def test_uniform_cap_by_type():
    caps = UniformCap(share=0.8, by_type={"gb200": 0.7}).act(seen(100.0)).gpu_cap_w
    np.testing.assert_allclose(caps, np.where(FLEET.kind == 1, 0.7, 0.8) * FLEET.gpu_max_w)
    with pytest.raises(ValueError, match='there is no GPU type "gb20"; did you mean "gb200"'):
        UniformCap(by_type={"gb20": 0.7}).act(seen(100.0))


def test_uniform_cap_at_equal_loss_draws_the_same_and_is_within_a_hundredth_of_water_filling():
    # The types differ in rating, so a watt is worth more in the smaller one.
    fleet = FLEET
    full_w, count = fleet.gpus * fleet.gpu_max_w, fleet.gpus.sum()
    for share in (0.5, 0.7, 0.8, 0.9):
        caps = UniformCap(share=share, by_type="equal-loss").act(seen(100.0, fleet=fleet)).gpu_cap_w
        assert (fleet.gpus * caps).sum() == pytest.approx(share * full_w.sum(), rel=1e-9)
        budget_w = np.full(fleet.tree.parent.size, np.inf)
        budget_w[0] = share * full_w.sum()
        alone = np.zeros(SERVERS, int)
        best_w = Filling(fleet, curves_of(fleet), budget_w, fleet.gpu_max_w, np.ones(SERVERS), alone).caps()
        best, static, uniform = (
            (fleet.gpus * speed_under(fleet, fleet.gpu_max_w, w)).sum() / count
            for w in (best_w, caps, share * fleet.gpu_max_w)
        )
        assert best >= static >= 0.99 * best
        assert static > uniform
    with pytest.raises(ValueError, match='or "equal-loss", found "equal"'):
        UniformCap(by_type="equal")


def test_feed_limit_gives_everybody_the_same_part_of_what_is_asked_beyond_the_least_cap():
    demand_w = np.linspace(250.0, 690.0, SERVERS) * FLEET.gpus
    low_w, top_w = FLEET.gpus * FLEET.gpu_min_cap_w, FLEET.gpus * FLEET.gpu_max_w
    share_w = share_out(60e3, demand_w, low_w, top_w)
    np.testing.assert_allclose(
        share_w, low_w + (demand_w - low_w) * (60e3 - low_w.sum()) / (demand_w - low_w).sum(), rtol=1e-12
    )
    assert jain((share_w - low_w) / (demand_w - low_w)) == pytest.approx(1.0, abs=1e-12)


def test_what_a_tight_substation_leaves_is_for_the_others():
    fleet = limited(90e3)
    fleet.tree.limit_w[1] = 30e3
    caps = FeedLimit(margin=0.0).act(seen(650.0, fleet=fleet)).gpu_cap_w
    assert FLEET.by_substation(caps * FLEET.gpus) == pytest.approx([30e3, 60e3])


def test_feed_limit_caps_sum_to_what_the_limit_leaves():
    caps = FeedLimit(margin=0.0).act(seen(500.0, fleet=limited(70e3), overhead_w=20e3)).gpu_cap_w
    assert (caps * FLEET.gpus).sum() == pytest.approx(50e3, rel=1e-6)


def test_feed_limit_leaves_boards_alone_far_below_the_limit():
    np.testing.assert_array_equal(FeedLimit().act(seen(500.0, fleet=limited(1e9))).gpu_cap_w, FLEET.gpu_max_w)


def test_feed_limit_obeys_each_substation():
    fleet = limited(1e9)
    fleet.tree.limit_w[2] = 40e3
    caps = FeedLimit(margin=0.0).act(seen(550.0, fleet=fleet)).gpu_cap_w
    drawn = FLEET.by_substation(caps * FLEET.gpus)
    assert drawn[1] == pytest.approx(40e3, rel=1e-6)
    assert drawn[0] > 60e3


@given(budget=st.floats(1e3, 2e5), demand=st.lists(st.floats(1.0, 6e3), min_size=SERVERS, max_size=SERVERS))
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
        ("dynamo+dynamo", {}, "a policy stands in it twice"),
        ("dynamo+uniform-cap", {"share": 0.5}, 'say whose field "share" is, e.g. "dynamo.share"'),
        ("dynamo+uniform-cup", {}, 'did you mean "uniform-cap"'),
        ("dynamo+uniform-cap", {"uniform-cap.shre": 0.5}, 'did you mean "share"'),
    ],
)
def test_a_policy_that_cannot_be_made_says_why(name, fields, said):
    with pytest.raises(ScenarioError, match=said):
        make_policy(name, fields)


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from twin.control.policy import Commands\nclass Half:\n    every_s = 10.0\n"
        "    def act(self, seen):\n        return Commands(0.5 * seen.fleet.gpu_max_w)\n"
        "class Broken(Half):\n    def act(self, seen):\n        return Commands(0.5)\n"
    )
    return file


def test_a_policy_from_a_file(mine):
    caps = make_policy(f"{mine}:Half", {}).act(seen(100.0)).gpu_cap_w
    np.testing.assert_array_equal(caps, 0.5 * FLEET.gpu_max_w)
    with pytest.raises(ScenarioError, match='did you mean "Half"'):
        make_policy(f"{mine}:Hal", {})


def test_the_command_line_checks_policies(mine):
    said = CliRunner().invoke(main, ["policies", "check", "feed-limit", f"{mine}:Half"])
    assert said.exit_code == 0
    assert said.output == f"feed-limit: keeps the contract\n{mine}:Half: keeps the contract\n"
    wrong = CliRunner().invoke(main, ["policies", "check", f"{mine}:Broken"])
    assert wrong.exit_code == 1
    assert "one cap for each of 32 servers, found caps of shape ()" in wrong.output


class Packaged:
    """A policy of an installed package."""

    every_s = 5.0

    def act(self, seen):
        return Commands(0.9 * seen.fleet.gpu_max_w)


def test_policies_of_installed_packages_are_known_by_name(monkeypatch):
    point = EntryPoint("ninety", "somewhere:Packaged", policies.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Packaged)
    monkeypatch.setattr(policies, "entry_points", lambda group: [point] if group == "twin.policies" else [])
    assert isinstance(make_policy("ninety", {}), Packaged)
    assert "ninety: A policy of an installed package." in CliRunner().invoke(main, ["policies"]).output
    with pytest.raises(ScenarioError, match='did you mean "ninety"'):
        make_policy("ninty", {})


@pytest.mark.parametrize(
    ("name", "said"), [("dynamo", "has the name of another"), ("gone", "does not load: ModuleNot")]
)
def test_packages_that_do_not_fit_are_named(monkeypatch, name, said):
    monkeypatch.setattr(policies, "entry_points", lambda group: [EntryPoint(name, "no.such:Thing", group)])
    with pytest.raises(ScenarioError, match=said):
        policies.known_policies()


def test_of_several_policies_the_least_cap_holds():
    both = make_policy(
        "uniform-cap+feed-limit", {"uniform-cap.share": 0.6, "feed-limit.margin": 0.0, "uniform-cap.every_s": 10.0}
    )
    assert both.every_s == 5.0
    fleet = limited(1e9)
    fleet.tree.limit_w[2] = 30e3
    caps = both.act(seen(650.0, fleet=fleet)).gpu_cap_w
    alone = FeedLimit(margin=0.0).act(seen(650.0, fleet=fleet)).gpu_cap_w
    np.testing.assert_allclose(caps, np.minimum(0.6 * fleet.gpu_max_w, alone))
    assert (caps < 0.6 * fleet.gpu_max_w - 1).any()
    # At 5 s only one of them acts; what the other said still holds.
    np.testing.assert_allclose(
        both.act(seen(200.0, fleet=limited(1e9), time_s=5.0)).gpu_cap_w.max(), 0.6 * 1200, rtol=1e-9
    )
