"""What is said about a release that is not what its solution gives."""

import shutil

from ackademy.dev import generated
from tests.ackademy.dev.course import NAME

PATH = f"exercises/{NAME}/{NAME}.ipynb"


def test_nothing_is_said_about_a_release_as_generated(course):
    assert generated.release(course.layout, NAME) == []


def test_an_edited_release_is_told(course):
    course.change(course.layout.release(NAME), "# Charge once", "# Charge Once")
    assert generated.release(course.layout, NAME) == [
        f"{PATH} differs from what solutions/{NAME} gives; run ackademy dev exercises"
    ]


def test_a_missing_release_is_told(course):
    shutil.rmtree(course.layout.release(NAME).parent)
    assert generated.release(course.layout, NAME) == [
        f"there is no {PATH}; run ackademy dev exercises"
    ]


def test_a_file_that_does_not_come_from_the_solution_is_told(course):
    (course.layout.release(NAME).parent / "answers.txt").write_text("once")
    assert generated.release(course.layout, NAME) == [
        f"exercises/{NAME}/answers.txt does not come from solutions/{NAME}; "
        "run ackademy dev exercises"
    ]


def test_a_solution_that_cannot_be_released_is_told_with_its_reason(course):
    course.change_cells(
        course.layout.solution(NAME),
        lambda cells: cells["charged-once"].metadata.nbgrader.update(points=5),
    )
    assert generated.release(course.layout, NAME) == [
        f"solutions/{NAME}/{NAME}.ipynb: the cell {NAME}-charged_once has 5 points, the check 1"
    ]


def test_a_release_without_a_solution_is_told(course):
    shutil.rmtree(course.layout.solution(NAME).parent)
    assert generated.release(course.layout, NAME) == [
        f"exercises/{NAME} has no solutions/{NAME}; remove it, or write the exercise in "
        f"solutions/{NAME}/{NAME}.ipynb"
    ]
