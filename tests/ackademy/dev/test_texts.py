"""What is said about hints, what is left to write, and a starter that gives too much away."""

from ackademy.dev import texts
from tests.ackademy.dev.course import GOOD, NAME, WHEATS, worker


def test_nothing_is_said_about_a_good_exercise(course):
    assert texts.hints_given(course.layout, NAME) == []
    assert texts.todos(course.layout, NAME) == []
    assert texts.starter(course.layout, NAME) == []


def test_missing_hints_are_told(course):
    (course.spec / "hints.md").unlink()
    assert texts.hints_given(course.layout, NAME) == [
        "there is no graders/specs/charge_once/hints.md; write 3 hints or more, each under a '## '"
    ]


def test_a_file_without_hints_is_told(course):
    (course.spec / "hints.md").write_text("# Hints\n\nThink.\n")
    [said] = texts.hints_given(course.layout, NAME)
    assert said.startswith("graders/specs/charge_once/hints.md has no hints; write 3 or more")


def test_too_few_hints_are_told(course):
    (course.spec / "hints.md").write_text("## Where?\n\nThere.\n\n## Why?\n\nSo.\n")
    [said] = texts.hints_given(course.layout, NAME)
    assert said.startswith("graders/specs/charge_once/hints.md has 2 hints; write 3 or more")


def test_an_empty_hint_is_told(course):
    course.change(course.spec / "hints.md", "## Question 2?\n\nLook there.", "## Question 2?")
    assert texts.hints_given(course.layout, NAME) == [
        "the hint 'Question 2?' in graders/specs/charge_once/hints.md is empty; write what it says"
    ]


def test_what_is_left_to_write_is_told_with_its_place(course):
    course.change(course.spec / "hints.md", "## Question 2?", "## TODO: the shop's question")
    course.change_spec("Goal: charge once. Non", "Goal: TODO: teach. Non")
    course.change_cells(
        course.layout.solution(NAME), lambda cells: cells["title"].update(source="# TODO: a title")
    )
    assert texts.todos(course.layout, NAME) == [
        "graders/specs/charge_once/hints.md, line 5: still to do: the shop's question",
        "graders/specs/charge_once/spec.py, line 3: still to do: teach. "
        "Non-goals: everything else.",
        "solutions/charge_once/charge_once.ipynb, the cell title: still to do: a title",
    ]


def test_a_starter_that_is_a_solution_is_told_for_every_check(course):
    course.change_cells(
        course.layout.release(NAME), lambda cells: cells["solution"].update(source=GOOD)
    )
    assert [said.split(";")[0] for said in texts.starter(course.layout, NAME)] == [
        f"the starter in exercises/charge_once/charge_once.ipynb already passes the check {check}"
        for check in ("nothing_lost", "charged_once", "queue_drained")
    ]


def test_a_starter_that_passes_one_check_is_told_for_that_one(course):
    source = worker("channel.basic_ack(method.delivery_tag)")
    course.change_cells(
        course.layout.release(NAME), lambda cells: cells["solution"].update(source=source)
    )
    passed = [said.split(";")[0].split()[-1] for said in texts.starter(course.layout, NAME)]
    assert passed == ["queue_drained"]
    assert source not in WHEATS.values()
