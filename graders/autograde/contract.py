"""What a solution notebook has to be, so that its release can be graded.

``solutions/<name>/<name>.ipynb`` has one solution cell, which defines what the spec asks for,
and one check cell for each check of the spec: it says ``check("<name>", "<check id>")``, has the
check's points, is locked, and is called ``<name>-<check id>``. A spec with further parts has the
same once more for each of them, in the same notebook.
"""

from collections import Counter
from collections.abc import Mapping

from nbformat import NotebookNode

from graders.autograde.call import check_call
from graders.cell import NoSolution, names_bound, solution
from graders.spec import Spec, with_parts
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
    specs = {part.name: part for part in with_parts(spec)}
    marked = [cell for cell in code if cell.metadata.get("nbgrader", {}).get("solution")]
    calls = [check_call(cell.source) for cell, _ in tests]
    return [
        *_cell_ids(notebook),
        *_solutions(marked, own, list(specs.values())),
        *(wrong for cell, mark in tests for wrong in _test(cell, mark, specs)),
        *(wrong for part in specs.values() for wrong in _missing(calls, part)),
        *_import(own),
    ]


def _cell_ids(notebook: NotebookNode) -> list[str]:
    ids = Counter(cell.get("id") for cell in notebook.cells)
    if None in ids or notebook.nbformat != 4 or notebook.nbformat_minor < 5:
        # nbformat would make up others every time.
        return ["its cells have no ids; save it in JupyterLab as format 4.5"]
    return [f"two cells have the id {cell_id}" for cell_id, many in ids.items() if many > 1]


def _solutions(marked: list[NotebookNode], own: list[NotebookNode], specs: list[Spec]) -> list[str]:
    if len(marked) != len(specs):
        return [f"it has {len(marked)} solution cells, where it needs {_number(len(specs))}"]
    wrong = []
    for cell in marked:
        if cell.metadata.nbgrader.get("grade"):
            wrong.append("its solution cell is graded by hand; make it an autograded answer")
    for spec in specs if not wrong else ():
        try:
            found = solution([each.source for each in own], spec.entries)
        except (NoSolution, DoesNotParse) as error:
            wrong.append(f"its solution cell is none: {error}")
            continue
        if all(found != cell.source for cell in marked):
            wrong.append("the cell that would be graded is another than its solution cell")
    return wrong


def _number(many: int) -> str:
    return "one" if many == 1 else str(many)


def _test(cell: NotebookNode, mark: NotebookNode, specs: Mapping[str, Spec]) -> list[str]:
    grade_id = mark.get("grade_id")
    call = check_call(cell.source)
    if call is None or call[0] not in specs:
        names = " or ".join(f'check("{name}", "...")' for name in specs)
        return [f"the cell {grade_id} must say {names} and nothing else"]
    spec = specs[call[0]]
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
    asked = Counter(call[1] for call in calls if call is not None and call[0] == spec.name)
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
