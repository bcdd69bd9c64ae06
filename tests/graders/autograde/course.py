"""A course in a folder of its own, with one small exercise, for nbgrader to work on."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

REPOSITORY = Path(__file__).parents[3]
NAME = "at_least_once_worker"
CHECKS = {"nothing_lost": 4, "charged_once": 4, "queue_drained": 2}
SOLUTION_ID = f"{NAME}-solution"

STUB = """\
import json


def worker(channel, payments, database):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        # YOUR CODE HERE
        raise NotImplementedError()
"""
"""What ClearSolutions makes of the cell below."""

CORRECT = """\
import json


def worker(channel, payments, database):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        ### BEGIN SOLUTION
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
        ### END SOLUTION
"""
WRONG = """\
import json


def worker(channel, payments, database):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)
"""
NEVER_POLLS = """\
def worker(channel, payments, database):
    pass
"""
BROKEN = """\
def worker(channel, payments, database):
    for method, properties, body in channel.consume("orders")
        channel.basic_ack(method.delivery_tag)
"""


def mark(grade_id: str, **more: Any) -> dict[str, Any]:
    """An author's nbgrader metadata."""
    role = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **role, **more}}


def solution_notebook() -> NotebookNode:
    """``solutions/at_least_once_worker/at_least_once_worker.ipynb`` as an author writes it."""
    cells = [
        new_markdown_cell("# Charge once\n\nMake it safe to repeat.", id="title"),
        new_code_cell("from ackademy import check", id="import"),
        new_code_cell(CORRECT.rstrip(), id="solution", metadata=mark(SOLUTION_ID, solution=True)),
    ]
    for check, points in CHECKS.items():
        cells.append(new_markdown_cell(f"## {check}", id=f"about-{check}"))
        cells.append(
            new_code_cell(
                f'check("{NAME}", "{check}")',
                id=f"check-{check}",
                metadata=mark(f"{NAME}-{check}", grade=True, locked=True, points=points),
            )
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write(notebook: NotebookNode, path: Path) -> Path:
    """Save a notebook as it is, right or wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


@dataclass(frozen=True)
class Course:
    """A course directory and nbgrader's Python API on it."""

    root: Path
    api: NbGraderAPI

    def released(self) -> NotebookNode:
        """The released notebook, as a learner gets it."""
        return nbformat.read(self.root / "exercises" / NAME / f"{NAME}.ipynb", 4)

    def submission(self, student: str) -> Path:
        """Where a student's notebook is handed in."""
        return self.root / "submitted" / student / NAME / f"{NAME}.ipynb"

    def submit(
        self, student: str, source: str = STUB, change: Callable[[NotebookNode], None] | None = None
    ) -> Path:
        """Hand in the release with a solution, and with whatever else was done to it."""
        notebook = self.released()
        cell_of(notebook, SOLUTION_ID).source = source.rstrip()
        if change is not None:
            change(notebook)
        return write(notebook, self.submission(student))

    def scores(self, student: str) -> dict[str, float | None]:
        """The automatic score of each check; None where there is none."""
        return {grade["name"]: grade["auto_score"] for grade in self._grades(student)}

    def by_hand(self, student: str) -> set[str]:
        """The checks that wait for a person."""
        return {grade["name"] for grade in self._grades(student) if grade["needs_manual_grade"]}

    def gradebook(self) -> Gradebook:
        """The course's gradebook, to be closed."""
        return Gradebook(self.api.coursedir.db_url)

    def _grades(self, student: str) -> list[dict[str, Any]]:
        with self.gradebook() as gradebook:
            notebook = gradebook.find_submission_notebook(NAME, NAME, student)
            return [
                grade.to_dict() | {"name": grade.name.removeprefix(f"{NAME}-")}
                for grade in notebook.grades
            ]

    def graded(self, student: str) -> NotebookNode:
        """The notebook with its verdicts."""
        return nbformat.read(self.root / "autograded" / student / NAME / f"{NAME}.ipynb", 4)

    def feedback(self, student: str) -> str:
        """The page that the student gets."""
        path = self.root / "feedback" / student / NAME / f"{NAME}.html"
        return path.read_text(encoding="utf-8")


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The cell of that grade_id."""
    [cell] = [
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ]
    return cell


def new_course(root: Path, **ackademy: Any) -> Course:
    """A course with the exercise released, under the repository's own nbgrader_config.py."""
    write(solution_notebook(), root / "solutions" / NAME / f"{NAME}.ipynb")
    course = open_course(root, **ackademy)
    made = course.api.generate_assignment(NAME)
    assert made["success"], made
    return course


def open_course(root: Path, **ackademy: Any) -> Course:
    """A course that is there, with other settings."""
    config = repository_config()
    config.CourseDirectory.root = str(root)
    config.Ackademy.update(ackademy)
    return Course(root, NbGraderAPI(CourseDirectory(config=config), config=config))


def repository_config() -> Config:
    """What nbgrader_config.py says."""
    loaded: Config = PyFileConfigLoader("nbgrader_config.py", str(REPOSITORY)).load_config()
    return loaded
