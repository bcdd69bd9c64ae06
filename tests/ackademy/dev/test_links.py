"""What is said about a lesson without an exercise, and the other way round."""

from nbformat.v4 import new_code_cell, new_markdown_cell

from ackademy.dev import links
from tests.ackademy.dev.course import NAME, SPEC, STEM, fill, forget, notebook


def test_nothing_is_said_about_a_lesson_and_its_exercise(course):
    assert links.lesson_of(course.layout, NAME) == []
    assert links.exercise_of(course.layout, STEM) == []


def test_a_spec_without_a_lesson_is_told(course):
    course.change_spec('    lesson="01_charge_once",\n', "")
    assert links.lesson_of(course.layout, NAME) == [
        'its spec names no lesson; add lesson="NN_name" to SPEC in '
        "graders/specs/charge_once/spec.py"
    ]


def test_a_lesson_that_is_not_there_is_told(course):
    course.layout.lesson(STEM).unlink()
    assert links.lesson_of(course.layout, NAME) == [
        "its lesson course/01_charge_once.ipynb is not there; write it, or correct the name"
    ]


def test_a_lesson_that_does_not_lead_to_its_exercise_is_told(course):
    course.change(course.layout.lesson(STEM), "charge_once.ipynb)", "charge_twice.ipynb)")
    assert links.lesson_of(course.layout, NAME) == [
        "course/01_charge_once.ipynb does not lead to it; add the link "
        "[charge_once](../answers/charge_once/charge_once.ipynb)"
    ]


def test_a_lesson_that_leads_to_the_exercise_by_another_way_leads_to_it(course):
    course.change(course.layout.lesson(STEM), "(../answers", "(../exercises")
    assert links.lesson_of(course.layout, NAME) == []


def test_a_lesson_without_an_exercise_is_told(course):
    course.save(course.layout.lesson("02_more"), notebook(new_markdown_cell("# More", id="title")))
    assert links.exercise_of(course.layout, "02_more") == [
        'no exercise belongs to it; add lesson="02_more" to the SPEC of the one that does'
    ]


def test_a_lesson_may_end_in_the_exercise_of_another_one(course):
    end = new_markdown_cell(f"[{NAME}](../answers/{NAME}/{NAME}.ipynb)", id="end")
    course.save(course.layout.lesson("02_more"), notebook(end))
    assert links.exercise_of(course.layout, "02_more") == []


def experiment(course, *cells):
    """A spec without a folder in solutions/, and the cells of its lesson."""
    fill(course.layout.specs / "try_it")
    path = course.layout.specs / "try_it" / "spec.py"
    path.write_text(SPEC.replace('"charge_once"', '"try_it"').replace(STEM, "02_more"))
    course.save(course.layout.lesson("02_more"), notebook(*cells))
    forget()


def test_an_experiment_is_used_by_its_lesson_and_is_no_exercise_of_it(course):
    experiment(course, new_code_cell('simulate("try_it")', id="calm"))
    assert links.lesson_of(course.layout, "try_it") == []
    assert len(links.exercise_of(course.layout, "02_more")) == 1


def test_an_experiment_that_its_lesson_does_not_use_is_told(course):
    experiment(course, new_markdown_cell('"try_it"', id="calm"))
    assert links.lesson_of(course.layout, "try_it") == [
        'no cell of course/02_more.ipynb uses the experiment "try_it"; use it, or write '
        "solutions/try_it/try_it.ipynb if it is an exercise"
    ]
