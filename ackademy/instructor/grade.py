"""``ackademy instructor grade``: nbgrader's autograde over a class, and what came of it.

nbgrader does the grading, one submission a call, so that one that cannot be graded is named and
the next one is graded all the same. What is printed here is read from nbgrader's gradebook.
"""

import glob
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ackademy.cells import CannotDo
from graders.spec import load
from graders.timeline_words import plain

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Mark:
    """What became of one submission. `scores` are by grade cell, None where a person has to look;
    `trouble` says why it was not graded, and then there are no scores."""

    student: str
    scores: Mapping[str, float | None]
    total: float = 0.0
    most: float = 0.0
    by_hand: Sequence[str] = ()
    trouble: str = ""


def grade(exercise: str, course: Path, feedback: bool) -> int:
    """Grade all submissions of an exercise and print the marks; 0 when each was graded.

    Raises `CannotDo` when there is no such course, and `graders.spec.UnknownName`.
    """
    load(exercise)
    api = _api(course)
    students = sorted(api.get_submitted_students(exercise))
    if not students:
        where = api.coursedir.format_path(api.coursedir.submitted_directory, "STUDENT", exercise)
        raise CannotDo(f"nothing was handed in; collect notebooks into {where}")
    _expect_release(api, exercise)
    marks = []
    with _quiet():
        for number, student in enumerate(students, 1):
            _began(number, len(students), student)
            marks.append(_graded(api, exercise, student))
            _ended(number, len(students), marks[-1])
    print("\n".join(["", *table(exercise, marks)]))
    wrong = [mark for mark in marks if mark.trouble]
    if feedback:
        with _quiet():
            wrong += list(_feedback(api, exercise, [m for m in marks if not m.trouble]))
        print(f"feedback: {_feedback_of(api, exercise, 'STUDENT')}")
    for mark in wrong:
        print(f"ackademy: {mark.student}: {mark.trouble}", file=sys.stderr)
    return 1 if wrong else 0


def table(exercise: str, marks: Sequence[Mark]) -> Iterator[str]:
    """The marks, a student a line; `-` where a person has to look."""
    cells = list(dict.fromkeys(name for mark in marks for name in mark.scores))
    heads = ["student", *(name.removeprefix(f"{exercise}-") for name in cells), "total", ""]
    rows = [heads]
    for mark in marks:
        name = plain(mark.student, 40)
        if mark.trouble:
            rows.append([name, *("" for _ in cells), "", "NOT GRADED"])
            continue
        scores = [_number(mark.scores.get(cell)) for cell in cells]
        note = f"{len(mark.by_hand)} for a person to grade" if mark.by_hand else ""
        rows.append([name, *scores, f"{_number(mark.total)} of {_number(mark.most)}", note])
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        yield "  ".join(
            [first[0].ljust(first[1]), *(word.rjust(wide) for word, wide in rest[:-1]), row[-1]]
        ).rstrip()
    graded = [mark for mark in marks if not mark.trouble]
    people = sum(bool(mark.by_hand) for mark in graded)
    yield ""
    where = " (in Formgrader)" if people else ""
    yield f"{len(graded)} of {len(marks)} graded; {people} with something for a person{where}"


def _api(course: Path) -> Any:
    """The API of nbgrader on a course, under the configuration that its own commands read."""
    try:
        from nbgrader.apps import NbGraderAPI
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config
        from traitlets.config.loader import PyFileConfigLoader
    except ImportError:
        raise CannotDo(
            "nbgrader is not installed here; pip install 'ackademy[instructor]'"
        ) from None
    root = course.absolute()
    if not (root / CONFIG).is_file():
        raise CannotDo(
            f"there is no {CONFIG} in {root}; give the class's folder with --course, or copy that "
            "file there from the course"
        )
    config: Any = Config()
    config.merge(PyFileConfigLoader(CONFIG, str(root)).load_config())
    config.CourseDirectory.root = str(root)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def _expect_release(api: Any, exercise: str) -> None:
    """Without the release in the gradebook there is nothing to grade by."""
    from nbgrader.api import Gradebook, MissingEntry

    url: str = api.coursedir.db_url
    file = url.removeprefix("sqlite:///")
    if file == url or Path(api.coursedir.root, file).exists():  # opening it would make it
        with Gradebook(url) as gradebook:
            try:
                if gradebook.find_assignment(exercise).notebooks:
                    return
            except MissingEntry:
                pass
    raise CannotDo(
        f"{exercise} is not in the gradebook; run nbgrader generate_assignment {exercise} in "
        f"{api.coursedir.root} first"
    )


def _graded(api: Any, exercise: str, student: str) -> Mark:
    if trouble := _not_gradable(api, exercise, student):
        return Mark(student, {}, trouble=trouble)
    # Always anew: a notebook that was handed in again without a timestamp looks the same to
    # nbgrader. What a person has marked stays.
    done = api.autograde(exercise, student, force=True, create=True)
    if not done["success"]:
        return Mark(student, {}, trouble=_trouble(done))
    return _mark(api, exercise, student)


def _not_gradable(api: Any, exercise: str, student: str) -> str:
    """What nbgrader would say badly, or do to another's submission; empty when nothing is wrong."""
    if glob.escape(student) != student:
        return (
            "the folder's name has one of * ? [ in it, which nbgrader takes for a pattern of "
            "names; rename the folder and grade again"
        )
    coursedir = api.coursedir
    folder = Path(coursedir.format_path(coursedir.submitted_directory, student, exercise))
    if not os.path.lexists(folder / f"{exercise}.ipynb"):
        others = sorted(path.name for path in folder.glob("*.ipynb"))
        found = f"; it has {plain(', '.join(others), 200)}" if others else ""
        return f"{folder} has no {exercise}.ipynb{found}; put it there and grade again"
    return ""


def _mark(api: Any, exercise: str, student: str) -> Mark:
    from nbgrader.api import Gradebook

    order = [f"{exercise}-{check.id}" for check in load(exercise).checks]
    with Gradebook(api.coursedir.db_url) as gradebook:
        submission = gradebook.find_submission(exercise, student)
        grades = {grade.name: grade for book in submission.notebooks for grade in book.grades}
        # A person who has graded it is not asked again.
        waiting = [
            name
            for name, grade in grades.items()
            if grade.needs_manual_grade and grade.manual_score is None
        ]
        return Mark(
            student,
            {
                name: None if name in waiting else grades[name].score
                for name in sorted(grades, key=lambda n: order.index(n) if n in order else 99)
            },
            total=submission.score,
            most=submission.max_score,
            by_hand=waiting,
        )


def _feedback(api: Any, exercise: str, marks: Sequence[Mark]) -> Iterator[Mark]:
    """Make the feedback of each; gives those it could not be made for."""
    for mark in marks:
        done = api.generate_feedback(exercise, mark.student, force=True)
        if not done["success"]:
            yield Mark(mark.student, {}, trouble=f"no feedback: {_trouble(done)}")


def _feedback_of(api: Any, exercise: str, student: str) -> str:
    where: str = api.coursedir.format_path(api.coursedir.feedback_directory, student, exercise)
    return os.path.join(where, f"{exercise}.html")


def _trouble(done: Mapping[str, Any]) -> str:
    """Why nbgrader failed, in a line of its log: what we refused, or else the first exception."""
    log = str(done.get("log", "")) + str(done.get("error", ""))
    lines = [plain(line, 500) for line in log.splitlines()]
    for line in lines:
        if found := re.search(r"Refused: (.+)", line):
            return found[1]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Entry)\b.*: ", line)]
    return f"nbgrader could not grade it ({errors[0] if errors else 'it does not say why'})"


@contextmanager
def _quiet() -> Iterator[None]:
    """Without SQLAlchemy's warning about what nbgrader does for a student's first submission."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type <")
        yield


def _began(number: int, of: int, student: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[Kgrading {number} of {of}: {plain(student, 40)}", end="", flush=True)


def _ended(number: int, of: int, mark: Mark) -> None:
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)
        return
    said = "not graded" if mark.trouble else f"{_number(mark.total)} of {_number(mark.most)} points"
    print(f"{number} of {of} {plain(mark.student, 40)}: {said}", flush=True)


def _number(score: float | None) -> str:
    return "-" if score is None else f"{score:g}"
