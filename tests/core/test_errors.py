import pytest

from twin.core.errors import InputError, Problem, RunError, ScenarioError, SiteError, did_you_mean, file_problem


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("site.yaml", 12, 9, "halls.0.supply", "needs a unit"), "site.yaml:12:9: halls.0.supply: needs a unit"),
        (Problem("site.yaml", 12, None, "", "is odd"), "site.yaml:12: is odd"),
        (Problem("", None, None, "", "is odd"), "is odd"),
        (Problem("", None, None, "period", "is odd"), "period: is odd"),
        (file_problem("site.yaml", "there is no such file"), "site.yaml: there is no such file"),
    ],
)
def test_a_problem_is_one_line_with_what_is_known_of_its_place(problem, line):
    assert str(problem) == line


def test_an_error_holds_all_problems_one_a_line():
    error = SiteError([file_problem("a.yaml", "is one"), file_problem("b.yaml", "is two")])
    assert str(error) == "a.yaml: is one\nb.yaml: is two"
    assert [problem.file for problem in error.problems] == ["a.yaml", "b.yaml"]


def test_a_sentence_alone_is_a_problem_without_a_place():
    assert str(ScenarioError("the period is odd")) == "the period is odd"
    assert len(ScenarioError("the period is odd").problems) == 1


def test_exit_codes_tell_bad_input_from_a_model_that_could_not_go_on():
    assert issubclass(ScenarioError, InputError)
    assert (ScenarioError.exit_code, RunError.exit_code) == (2, 3)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("coolng", ["cooling", "heating"], 'did you mean "cooling"?'),
        ("xyz", ["b", "a"], "known here: a, b"),
        ("xyz", [str(i) for i in range(20)], ", ..."),
        ("xyz", [], "there are none here"),
    ],
)
def test_a_hint_is_the_nearest_name_or_the_few_there_are(name, known, hint):
    assert hint in did_you_mean(name, known)
