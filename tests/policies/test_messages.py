"""What a policy class that cannot be used is told."""

import pytest

from twin.control.policies import find_policy
from twin.core.errors import ScenarioError


def test_a_class_without_act_is_told_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("class NoAct:\n    pass\n\n\nclass Good:\n    def act(self, seen):\n        return None\n")
    with pytest.raises(ScenarioError, match=r'class NoAct in .* has no method "act"'):
        find_policy(f"{file}:NoAct")
    with pytest.raises(ScenarioError, match='has no policy class "God"; did you mean "Good"'):
        find_policy(f"{file}:God")
