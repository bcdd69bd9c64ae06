"""A class of learners and what they hand in, honestly and not."""

from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.graders.autograde.course import (
    BROKEN,
    CORRECT,
    NAME,
    NEVER_POLLS,
    SOLUTION_ID,
    WRONG,
    Course,
    cell_of,
)

OURS = "# here our own code fails\n"
PAGES = {
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![tracked](https://tracker.example/x.png)",
    "[run](javascript:alert(1))",
    "![gone](attachment:nowhere.png)",
}


def check_cell(notebook: NotebookNode, check: str) -> NotebookNode:
    return cell_of(notebook, f"{NAME}-{check}")


def without_a_check(notebook: NotebookNode) -> None:
    notebook.cells.remove(check_cell(notebook, "charged_once"))


def with_a_check_moved(notebook: NotebookNode) -> None:
    moved = check_cell(notebook, "queue_drained")
    notebook.cells.remove(moved)
    notebook.cells.insert(0, moved)


def with_a_check_edited(notebook: NotebookNode) -> None:
    check_cell(notebook, "charged_once").source = "4  # surely"


def with_cells_copied(notebook: NotebookNode) -> None:
    """As JupyterLab's copy and split do: metadata and all. The first solution is a bad one."""
    place = notebook.cells.index(cell_of(notebook, SOLUTION_ID))
    first = nbformat.from_dict({**notebook.cells[place], "id": "first-try"})
    first.source = WRONG
    notebook.cells.insert(place, first)
    again = nbformat.from_dict({**check_cell(notebook, "charged_once"), "id": "again"})
    notebook.cells.append(again)


def without_marks(notebook: NotebookNode) -> None:
    """As a notebook service does that does not know nbgrader."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
    notebook.metadata = NotebookNode(kernelspec={"name": "other", "display_name": "Other"})


def with_marks_of_its_own(notebook: NotebookNode) -> None:
    mark = {"schema_version": 1, "grade": True, "grade_id": "bonus", "points": 100}
    notebook.cells.append(new_code_cell("100", metadata={"nbgrader": mark}))
    check_cell(notebook, "charged_once").metadata.nbgrader.points = 40


def with_scripts(notebook: NotebookNode) -> None:
    notebook.cells += [new_markdown_cell(text) for text in sorted(PAGES)]
    notebook.cells.append(new_code_cell("'<script>alert(2)</script>'"))
    output = {"output_type": "display_data", "data": {"text/html": "<script>alert(3)</script>"}}
    notebook.cells[-1].outputs = [nbformat.from_dict({**output, "metadata": {}})]


def with_a_cell_that_would_be_seen(course: Course) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.cells.insert(1, new_code_cell(f"open({str(course.root / 'ran')!r}, 'w').close()"))

    return change


def with_many_cells(notebook: NotebookNode) -> None:
    notebook.cells += [new_code_cell("1") for _ in range(60)]


def hand_in(course: Course) -> None:
    course.submit("ann-untouched")
    course.submit("bea-correct", CORRECT)
    course.submit("cem-wrong", WRONG)
    course.submit("dov-never-polls", NEVER_POLLS)
    course.submit("eli-syntax-error", BROKEN)
    course.submit("fay-missing", WRONG, without_a_check)
    course.submit("gus-moved", CORRECT, with_a_check_moved)
    course.submit("hal-edited", WRONG, with_a_check_edited)
    course.submit("ida-copied", CORRECT, with_cells_copied)
    course.submit("jan-no-marks", CORRECT, without_marks)
    course.submit("kim-own-marks", WRONG, with_marks_of_its_own)
    course.submit("lea-scripts", WRONG, with_scripts)
    course.submit("max-seen", CORRECT, with_a_cell_that_would_be_seen(course))
    course.submit("ned-our-fault", OURS + CORRECT)
    course.submission("oda-corrupt").parent.mkdir(parents=True)
    course.submission("oda-corrupt").write_text('{"cells": [')
    course.submit("pam-link", CORRECT)
    course.submission("pam-link").with_name("grades.txt").symlink_to(course.root / "gradebook.db")
    course.submission("qi-other").parent.mkdir(parents=True)
    course.submission("qi-other").symlink_to(course.submission("bea-correct"))
    course.submit("rob-big", CORRECT + "#" * 200_000)
    course.submit("sue-many", CORRECT, with_many_cells)
    course.submit("zoe-correct", CORRECT)


MENDED = {"fay-missing", "gus-moved", "hal-edited", "ida-copied", "jan-no-marks", "kim-own-marks"}
"""Those whose notebooks are not as they were released."""
