"""What is said about files that lie where they have no place."""

import subprocess

import pytest

from ackademy.dev import strays
from tests.ackademy.dev.course import NAME, STEM


def told(path: str) -> list[str]:
    return [f"{path} has no place there; remove it, or add it to .gitignore"]


def put(course, path: str) -> None:
    (course.root / path).parent.mkdir(parents=True, exist_ok=True)
    (course.root / path).write_text("{}")


def test_nothing_is_said_where_nothing_lies_about(course):
    assert strays.of_exercise(course.layout, NAME) == []
    assert strays.of_course(course.layout) == []


@pytest.mark.parametrize(
    "path",
    [
        f"graders/specs/{NAME}/notes.txt",
        f"graders/specs/{NAME}/old_spec.py",
        f"graders/specs/{NAME}/wheats/draft.txt",
        f"graders/specs/{NAME}/wheats/more/deep.py",
        f"solutions/{NAME}/Untitled.ipynb",
        f"solutions/{NAME}/table.csv",
    ],
)
def test_a_stray_file_of_an_exercise_is_told(course, path):
    put(course, path)
    assert strays.of_exercise(course.layout, NAME) == told(path)


@pytest.mark.parametrize(
    "path",
    [
        "course/notes.txt",
        "course/more/02_more.ipynb",
        "exercises/Untitled.ipynb",
        "solutions/Untitled.ipynb",
        "graders/specs/draft.py",
    ],
)
def test_a_stray_file_of_the_course_is_told(course, path):
    put(course, path)
    assert strays.of_course(course.layout) == told(path)


@pytest.mark.parametrize(
    "path",
    [
        f"graders/specs/{NAME}/__pycache__/spec.cpython-311.pyc",
        f"graders/specs/{NAME}/wheats/__pycache__/x.pyc",
        f"solutions/{NAME}/.ipynb_checkpoints/x-checkpoint.ipynb",
        "course/.ipynb_checkpoints/x-checkpoint.ipynb",
    ],
)
def test_what_tools_leave_behind_is_left_alone(course, path):
    put(course, path)
    assert strays.of_exercise(course.layout, NAME) == []
    assert strays.of_course(course.layout) == []


def test_a_picture_that_a_lesson_shows_has_its_place(course):
    put(course, "course/pictures/queue.svg")
    assert strays.of_course(course.layout) == told("course/pictures/queue.svg")
    course.change(course.layout.lesson(STEM), "[next]", "![a queue](pictures/queue.svg) [next]")
    assert strays.of_course(course.layout) == []


def test_a_module_that_the_spec_imports_has_its_place(course):
    put(course, f"graders/specs/{NAME}/shop.py")
    assert strays.of_exercise(course.layout, NAME) == told(f"graders/specs/{NAME}/shop.py")
    course.change_spec(
        "from graders.stage", f"from graders.specs.{NAME} import shop\nfrom graders.stage"
    )
    assert strays.of_exercise(course.layout, NAME) == []


def test_what_git_ignores_is_left_alone(course):
    subprocess.run(["git", "init", "-q"], cwd=course.root, check=True)
    (course.root / ".gitignore").write_text("*.log\n")
    put(course, "course/run.log")
    put(course, "course/run.txt")
    assert strays.of_course(course.layout) == told("course/run.txt")
