"""The verdicts, written into the check cells as if a kernel had run them.

No kernel runs. The solution is judged in the sandbox, and a check cell gets what nbgrader reads
a grade from: one number, or an error. What a check cell asks is read from the release.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from graders import explain
from graders.autograde.released import Released, release_of
from graders.autograde.settings import Ackademy
from graders.check import check_cells
from graders.spec import load
from graders.verdict import Verdict

UNSCORED = "ackademy_unscored"
"""Where in nbconvert's resources the grade_ids of the cells are that get no score."""

NOT_RUN = (
    "nothing was run here: Ackademy's grading runs check(...) cells and no others, so somebody "
    "grades this by hand"
)


class RunChecks(NbGraderPreprocessor):
    """In the place of nbgrader's Execute."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Judge a notebook as `graders.autograde.mend` leaves it."""
        tests = {
            role.grade_id: role for role in release_of(resources, self.parent).cells if role.is_test
        }
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        for cell in code:
            cell.outputs, cell.execution_count = [], None
        verdicts = self._verdicts(
            list(tests.values()), [cell.source for cell in code if grade_id(cell) not in tests]
        )
        resources[UNSCORED] = set()
        numbers = count(1)
        judged = [verdicts[role] for role in tests.values()]
        pictured = {
            (verdict.exercise, verdict.check): verdict
            for verdict in explain.pictured_once([each for each in judged if each is not None])
        }
        for cell in code:
            if (role := tests.get(grade_id(cell))) is None:
                continue
            verdict = verdicts[role]
            if verdict is None or (verdict.outcome == "unknown" and verdict.most):
                resources[UNSCORED].add(role.grade_id)
            if verdict is not None:
                verdict = pictured[verdict.exercise, verdict.check]
            cell.execution_count = next(numbers)
            cell.outputs = outputs(verdict, role.points or 0.0, cell.execution_count)
        return nb, resources

    def _verdicts(
        self, tests: Sequence[Released], sources: Sequence[str]
    ) -> dict[Released, Verdict | None]:
        """What each test cell is worth; None for one that is no check. Raises
        `graders.spec.UnknownName`, for that is no fault of a learner."""
        seed = Ackademy(parent=self).seed
        exercises = {role.check[0] for role in tests if role.check is not None}
        found = {
            (exercise, verdict.check): verdict
            for exercise in sorted(exercises)
            for verdict in check_cells(exercise, sources, seed, graded=True)
        }
        for role in tests:
            if role.check is not None:
                exercise, check_id = role.check
                load(exercise).check(check_id)
        return {role: found[role.check] if role.check else None for role in tests}


def grade_id(cell: NotebookNode) -> str:
    """A cell's grade_id, or nothing."""
    name: str = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return name


def outputs(verdict: Verdict | None, most: float, number: int) -> list[NotebookNode]:
    """What a check cell shows. nbgrader takes the score from the first output that is an error
    or a number and gives all points where there is neither; so there always is one."""
    if verdict is None:
        return [_number(0.0, number), new_output("display_data", {"text/plain": NOT_RUN})]
    shown = {"text/plain": explain.text(verdict), "text/html": explain.html(verdict)}
    if verdict.outcome == "error":
        # One sentence for a traceback: where our code was is nothing to a learner.
        score = new_output(
            "error", ename="CheckFailed", evalue=verdict.sentence, traceback=[verdict.sentence]
        )
    else:
        # The instructor may have given the check another weight than the spec has.
        share = verdict.points / verdict.most if verdict.most else 0.0
        score = _number(most * share, number)
    return [score, new_output("display_data", shown)]


def _number(points: float, number: int) -> NotebookNode:
    text = f"{points:.0f}" if points.is_integer() else repr(points)
    output: NotebookNode = new_output(
        "execute_result", {"text/plain": text}, execution_count=number
    )
    return output
