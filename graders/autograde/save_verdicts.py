"""Scores into the gradebook, and none where nothing was proved."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades

from graders.autograde.run_checks import UNSCORED, grade_id


class SaveVerdicts(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, for which every test cell has a score: a verdict ``unknown``
    sets none and asks a person. A person's own score is never touched."""

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_score(cell, resources)
        if grade_id(cell) in resources[UNSCORED]:
            grade = self.gradebook.find_grade(
                grade_id(cell), self.notebook_id, self.assignment_id, self.student_id
            )
            grade.auto_score = None
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
