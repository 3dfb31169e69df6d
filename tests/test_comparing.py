"""Several policies side by side: which runs start first."""

from pathlib import Path

from twin.comparing import contenders, longest_first
from twin.scenario import Scenario


def test_runs_that_act_most_often_start_first():
    names = ["uncapped", "feed-limit", "polca", "thunderbolt", "dynamo", "feed-limit+thermal-emergency"]
    runs = {Path(name): scene for name, scene in contenders(Scenario(), names, [0])}
    assert [path.name.removesuffix("-seed-0") for path in longest_first(runs)] == [
        "thunderbolt", "feed-limit+thermal-emergency", "polca", "dynamo", "uncapped", "feed-limit",
    ]  # fmt: skip
