"""What a solution notebook has to be, so that its release can be graded.

``solutions/<name>/<name>.ipynb`` has one solution cell, which defines what the spec asks for,
and one check cell for each check of the spec: it says ``check("<name>", "<check id>")``, has the
check's points, is locked, and is called ``<name>-<check id>``.
"""

from collections import Counter

from nbformat import NotebookNode

from graders.autograde.call import check_call
from graders.cell import NoSolution, names_bound, solution
from graders.spec import Spec
from minibroker.sim.ticks import DoesNotParse, tree_of


def problems(notebook: NotebookNode, spec: Spec) -> list[str]:
    """What is wrong with the solution notebook of a spec's exercise, a sentence each."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    marks = [cell.metadata.get("nbgrader", {}) for cell in code]
    tests = [
        (cell, mark)
        for cell, mark in zip(code, marks, strict=True)
        if mark.get("grade") and not mark.get("solution")
    ]
    own = [cell for cell in code if all(cell is not test for test, _ in tests)]
    return [
        *_cell_ids(notebook),
        *_solution([c for c in code if c.metadata.get("nbgrader", {}).get("solution")], own, spec),
        *(wrong for cell, mark in tests for wrong in _test(cell, mark, spec)),
        *_missing([check_call(cell.source) for cell, _ in tests], spec),
        *_import(own),
    ]


def _cell_ids(notebook: NotebookNode) -> list[str]:
    ids = Counter(cell.get("id") for cell in notebook.cells)
    if None in ids or notebook.nbformat != 4 or notebook.nbformat_minor < 5:
        # nbformat would make up others every time.
        return ["its cells have no ids; save it in JupyterLab as format 4.5"]
    return [f"two cells have the id {cell_id}" for cell_id, many in ids.items() if many > 1]


def _solution(marked: list[NotebookNode], own: list[NotebookNode], spec: Spec) -> list[str]:
    if len(marked) != 1:
        return [f"it has {len(marked)} solution cells, where it needs one"]
    [cell] = marked
    if cell.metadata.nbgrader.get("grade"):
        return ["its solution cell is graded by hand; make it an autograded answer"]
    try:
        found = solution([each.source for each in own], spec.entries)
    except (NoSolution, DoesNotParse) as error:
        return [f"its solution cell is none: {error}"]
    if found != cell.source:
        return ["the cell that would be graded is another than its solution cell"]
    return []


def _test(cell: NotebookNode, mark: NotebookNode, spec: Spec) -> list[str]:
    grade_id = mark.get("grade_id")
    call = check_call(cell.source)
    if call is None or call[0] != spec.name:
        return [f'the cell {grade_id} must say check("{spec.name}", "...") and nothing else']
    check = next((check for check in spec.checks if check.id == call[1]), None)
    if check is None:
        known = ", ".join(check.id for check in spec.checks)
        return [f"the cell {grade_id} asks for {call[1]}; the checks are {known}"]
    wrong = []
    if grade_id != f"{spec.name}-{check.id}":
        wrong.append(f"the cell {grade_id} must be called {spec.name}-{check.id}")
    if mark.get("points") != check.points:
        wrong.append(
            f"the cell {grade_id} has {mark.get('points')} points, the check {check.points}"
        )
    if not mark.get("locked"):
        wrong.append(f"the cell {grade_id} must be locked")
    return wrong


def _missing(calls: list[tuple[str, str] | None], spec: Spec) -> list[str]:
    asked = Counter(call[1] for call in calls if call is not None)
    return [
        f"the check {check.id} is asked for {asked[check.id]} times, where it must be once"
        for check in spec.checks
        if asked[check.id] != 1
    ]


def _import(own: list[NotebookNode]) -> list[str]:
    for cell in own:
        try:
            if "check" in names_bound(tree_of(cell.source)):
                return []
        except DoesNotParse:
            continue
    return ["no cell says from ackademy import check"]
