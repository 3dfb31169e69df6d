"""What a policy file that cannot be used is told, by a run and by `twin policies check`."""

import re

import pytest

from twin.control.contract import check_policy
from twin.control.policies import find_policy, make_policy
from twin.core.errors import ScenarioError


def test_a_class_without_act_is_told_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("class NoAct:\n    pass\n\n\nclass Good:\n    def act(self, seen):\n        return None\n")
    with pytest.raises(ScenarioError, match=r'class NoAct in .* has no method "act"'):
        find_policy(f"{file}:NoAct")
    with pytest.raises(ScenarioError, match='has no policy class "God"; did you mean "Good"'):
        find_policy(f"{file}:God")


HEAD = "class Mine:\n"
ACT = "    def act(self, seen):\n        return None\n"
FILES = {
    "syntax": ("class Mine:\n    def act(self, seen:\n", r"does not load: SyntaxError: .* \(line 2\)"),
    "import": (
        "import math\nimport no_such_module\n",
        r"does not load: ModuleNotFoundError: .*no_such_module' \(line 2\)",
    ),
    "exit": ("import sys\nsys.exit(3)\n", r"does not load: SystemExit: 3 \(line 2\)"),
    "no class": ("x = 1\n", 'has no policy class "Mine"; there are none here'),
    "no act": (HEAD + "    every_s = 5\n", 'has no method "act"'),
    "act is no method": (HEAD + "    every_s = 5\n    act = 3\n", 'has no method "act"'),
    "no period": (HEAD + ACT, "every_s says how often it acts, in whole seconds above 0; found None"),
    "arguments": (
        HEAD + "    def __init__(self, x):\n        pass\n" + ACT,
        "cannot be made: TypeError: .*missing 1 required positional argument: 'x'",
    ),
    "no licence": (
        HEAD + "    def __init__(self):\n        raise OSError('no licence')\n" + ACT,
        "cannot be made: OSError: no licence",
    ),
}


def written(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    return f"{file}:Mine"


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_cannot_be_used_is_told_why_and_in_which_line(tmp_path, kind):
    text, message = FILES[kind]
    name = written(tmp_path, text)
    with pytest.raises(ScenarioError, match=message) as wrong:
        make_policy(name, {})
    assert wrong.value.problems[0].loc[:1] in ((), ("policy",))
    assert re.search(message, " ".join(check_policy(lambda: make_policy(name, {}))))


@pytest.mark.parametrize("period", ["0", "-1", "0.5", "float('nan')", "float('inf')", "'5 s'", "True", "None"])
def test_a_period_is_whole_seconds_above_0(tmp_path, period):
    name = written(tmp_path, f"{HEAD}    every_s = {period}\n{ACT}")
    with pytest.raises(ScenarioError, match="every_s says how often it acts, in whole seconds above 0; found "):
        make_policy(name, {})
    assert check_policy(lambda: make_policy(name, {}))
    assert make_policy(name, {}, 2.0).every_s == 2.0


def test_a_failure_names_the_line_of_the_policys_file(tmp_path):
    name = written(tmp_path, f"{HEAD}    every_s = 5\n    def act(self, seen):\n        return 1 / 0\n")
    assert check_policy(lambda: make_policy(name, {})) == [
        "it failed at 0 s: ZeroDivisionError: division by zero (line 4)"
    ]


def test_a_dataclass_with_annotations_as_text_loads(tmp_path):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\n"
    name = written(tmp_path, f"{text}{HEAD}    every_s: float = 5.0\n    share: float = 0.5\n{ACT}")
    assert make_policy(name, {"share": 0.7}).share == 0.7
