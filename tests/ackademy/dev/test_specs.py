"""What is said about a spec that is not what it has to be."""

import pytest

from ackademy.dev import specs
from graders.spec import load
from tests.ackademy.dev.course import NAME


def test_nothing_is_said_about_a_good_spec(course):
    assert specs.folder(course.layout, NAME) == []
    assert specs.goals(course.layout, NAME) == []
    assert specs.checks(load(NAME)) == []


def test_a_folder_without_a_spec_is_told(course):
    (course.spec / "spec.py").unlink()
    assert specs.folder(course.layout, NAME) == [
        "there is no graders/specs/charge_once/spec.py; write it, or remove charge_once"
    ]


def test_a_folder_that_is_no_package_is_told(course):
    (course.spec / "__init__.py").unlink()
    [said] = specs.folder(course.layout, NAME)
    assert said.startswith("there is no graders/specs/charge_once/__init__.py; write one")


def test_a_spec_of_another_name_is_told(course):
    course.change_spec('name="charge_once"', 'name="charge_twice"')
    [said] = specs.folder(course.layout, NAME)
    assert "the spec in folder charge_once calls itself charge_twice; rename one" in said


@pytest.mark.parametrize("line", ["def f(:", "import nonsense_", "1 / 0"])
def test_a_spec_that_cannot_be_loaded_is_told(course, line):
    course.change_spec("SPEC = Spec(", f"{line}\nSPEC = Spec(")
    [said] = specs.folder(course.layout, NAME)
    assert said.startswith("graders/specs/charge_once/spec.py cannot be loaded (")
    assert said.endswith("); mend it")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Goal", "has no 'Goal:'; say there what the exercise teaches"),
        ("Non-goals", "has no 'Non-goals:'; say there what it leaves to other exercises"),
    ],
)
def test_a_docstring_without_goal_or_non_goals_is_told(course, word, said):
    course.change_spec(f"{word}: ", f"{word} ")
    assert specs.goals(course.layout, NAME) == [
        f"the docstring of graders/specs/charge_once/spec.py {said}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"charged_once"', '"nothing_lost"', "2 checks have the id nothing_lost; rename one"),
        (
            '"charged_once", 1',
            '"charged_once", 0',
            "the check charged_once has 0 points; give it at least 1",
        ),
        (
            '"charged_once", 1',
            '"charged_once", -2',
            "the check charged_once has -2 points; give it at least 1",
        ),
        (
            '("stuck",)',
            '("stuk",)',
            "the check queue_drained looks for stuk, which no judge finds; correct the name, or "
            "write the judge in graders/judges",
        ),
        (
            '("stuck",)',
            "()",
            "the check queue_drained looks for no anomaly, so it always passes; name one",
        ),
    ],
)
def test_a_check_that_cannot_be_one_is_told(course, old, new, said):
    course.change_spec(old, new)
    assert specs.checks(load(NAME)) == [said]


def test_a_spec_without_checks_is_told(course):
    course.change_spec("    lesson=", "    **{'checks': ()},\n    lesson=")
    course.change_spec("checks=(", "budget=(")
    assert specs.checks(load(NAME)) == ["its spec has no checks; give it at least one"]


def test_an_optional_whole_has_checks_without_points(course):
    course.change_spec('"charged_once", 1', '"charged_once", 0')
    assert specs.checks(load(NAME), optional=True) == []
