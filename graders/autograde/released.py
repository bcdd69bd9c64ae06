"""What was released, as the gradebook has it: the only thing that grading believes.

`nbgrader generate_assignment` saves every cell that nbgrader knows (check cells, solution
cells, cells graded by hand, locked text) with its source. A submission may say what it likes
about them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook

from graders.autograde.call import check_call

SCHEMA = 3


@dataclass(frozen=True)
class Released:
    """One cell that nbgrader knows. `points` is None for a cell without a grade."""

    grade_id: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    grade: bool = False
    solution: bool = False
    task: bool = False
    points: float | None = None

    @property
    def is_test(self) -> bool:
        """Whether nbgrader wants to take a score from what this cell puts out."""
        return self.grade and self.locked and self.cell_type == "code"

    @property
    def check(self) -> tuple[str, str] | None:
        """The exercise and check of a check cell; None for any other cell."""
        return check_call(self.source) if self.is_test else None

    @property
    def must_be_there(self) -> bool:
        """Whether it is put back when it is missing. A solution cell is not: its stub, coming
        last, would be taken for the solution."""
        return self.locked or self.grade

    def metadata(self) -> dict[str, Any]:
        """The cell metadata that goes with it, whatever the submission says."""
        nbgrader: dict[str, Any] = {
            "schema_version": SCHEMA,
            "grade_id": self.grade_id,
            "grade": self.grade,
            "solution": self.solution,
            "locked": self.locked,
            "task": self.task,
            "checksum": self.checksum,
            "cell_type": self.cell_type,
        }
        if self.points is not None:
            nbgrader["points"] = self.points
        return {"deletable": False, "editable": not self.locked, "nbgrader": nbgrader}


@dataclass(frozen=True)
class Release:
    """A released notebook: its cells that nbgrader knows, in order, and its kernel."""

    cells: Sequence[Released]
    kernelspec: Mapping[str, Any]


def release_of(resources: Mapping[str, Any], exporter: Any) -> Release:
    """The release that nbgrader is grading a submission of. An exporter is made for one batch,
    and the release is read once for all of it."""
    where = resources["nbgrader"]
    kept: Release = exporter.released(where["db_url"], where["assignment"], where["notebook"])
    return kept


def read_release(db_url: str, assignment_id: str, notebook_id: str) -> Release:
    """A released notebook, from the gradebook."""
    with Gradebook(db_url) as gradebook:
        notebook = gradebook.find_notebook(notebook_id, assignment_id)
        grades = {cell.name: cell.max_score for cell in notebook.grade_cells}
        tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        cells = [
            Released(
                grade_id=cell.name,
                cell_type=cell.cell_type,
                source=cell.source,
                checksum=cell.checksum,
                locked=cell.locked,
                grade=cell.name in grades,
                solution=cell.name in solutions,
                task=cell.name in tasks,
                points={**grades, **tasks}.get(cell.name),
            )
            for cell in notebook.source_cells
        ]
        kernelspec = json.loads(notebook.kernelspec or "{}")
    return Release(cells, kernelspec)
