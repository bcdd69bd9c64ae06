"""An exercise whose notebook has further, optional parts: `dead_letter_queue` with `redrive`, and
with `dead_letter_stream`, which nobody here touches.

It is released and graded as it stands in solutions/. Everybody hands in the same right answer to
the first part, so that it is explored once.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from graders.autograde.contract import problems
from graders.autograde.mend import NOTE
from graders.content import chaffs, wheats
from graders.spec import load
from tests.graders.autograde.course import REPOSITORY, Course, cell_of, open_course, write

# SQLAlchemy's, about nbgrader's own use of it.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

NAME, PART = "dead_letter_queue", "redrive"
FIRST, SECOND = f"{NAME}-solution", f"{PART}-solution"
OPTIONAL = f"{PART}-redriven"
SOLVED = wheats(PART)[1].source
UNSOLVED = next(each.source for each in chaffs(PART) if each.name == "sends_everything_again")
ALL = {f"{NAME}-{check.id}": float(check.points) for check in load(NAME).checks}
UNTOUCHED = "dead_letter_stream"
OTHERS = [f"{UNTOUCHED}-{check.id}" for check in load(UNTOUCHED).checks]
ORDER = [FIRST, *ALL, SECOND, OPTIONAL, f"{UNTOUCHED}-solution", *OTHERS]

Change = Callable[[NotebookNode], None]


def as_solved() -> NotebookNode:
    """The author's notebook."""
    return nbformat.read(REPOSITORY / "solutions" / NAME / f"{NAME}.ipynb", 4)


# --- the author ----------------------------------------------------------------------------------


def told(change: Change) -> list[str]:
    notebook = as_solved()
    change(notebook)
    return problems(notebook, load(NAME))


def test_a_notebook_of_several_parts_has_no_problems() -> None:
    assert told(lambda notebook: None) == []


def test_the_check_of_an_optional_part_has_no_points() -> None:
    assert cell_of(as_solved(), OPTIONAL).metadata.nbgrader.points == 0
    assert sum(check.points for check in load(PART).checks) == 0

    def with_a_point(notebook: NotebookNode) -> None:
        cell_of(notebook, OPTIONAL).metadata.nbgrader.points = 1

    assert told(with_a_point) == [f"the cell {OPTIONAL} has 1 points, the check 0"]


def test_each_part_has_a_solution_cell() -> None:
    def without(notebook: NotebookNode) -> None:
        notebook.cells.remove(cell_of(notebook, SECOND))

    assert told(without) == ["it has 2 solution cells, where it needs 3"]


def test_each_part_s_solution_cell_defines_what_its_spec_asks_for() -> None:
    def named_otherwise(notebook: NotebookNode) -> None:
        cell = cell_of(notebook, SECOND)
        cell.source = cell.source.replace("def redrive(", "def move(")

    [found] = told(named_otherwise)
    assert found.startswith("its solution cell is none: ")
    assert PART in found


def test_a_function_that_an_ordinary_cell_defines_again_would_be_graded() -> None:
    def defined_again(notebook: NotebookNode) -> None:
        notebook.cells.append(new_code_cell("def redrive(channel):\n    pass", id="again"))

    sentence = "the cell that would be graded is another than its solution cell"
    assert told(defined_again) == [sentence]


def test_each_part_s_checks_are_asked_for_once() -> None:
    def without(notebook: NotebookNode) -> None:
        notebook.cells.remove(cell_of(notebook, OPTIONAL))

    missing = "the check redriven is asked for 0 times, where it must be once"
    assert told(without) == [missing]

    def twice(notebook: NotebookNode) -> None:
        again = nbformat.from_dict({**cell_of(notebook, OPTIONAL), "id": "again"})
        notebook.cells.append(again)

    assert told(twice) == [missing.replace("0 times", "2 times")]


def test_a_check_belongs_to_its_own_part() -> None:
    def of_another_part(notebook: NotebookNode) -> None:
        cell_of(notebook, OPTIONAL).source = f'check("{PART}", "poison")'

    assert told(of_another_part) == [
        f"the cell {OPTIONAL} asks for poison; the checks are redriven",
        "the check redriven is asked for 0 times, where it must be once",
    ]

    def of_no_part(notebook: NotebookNode) -> None:
        cell_of(notebook, OPTIONAL).source = 'check("start_here", "nothing_lost")'

    assert told(of_no_part)[0] == (
        f'the cell {OPTIONAL} must say check("{NAME}", "...") or check("{PART}", "...") or '
        f'check("{UNTOUCHED}", "...") and nothing else'
    )


# --- a class -------------------------------------------------------------------------------------


def untouched(notebook: NotebookNode) -> None:
    """The optional part is left as it came."""


def solved(notebook: NotebookNode) -> None:
    cell_of(notebook, SECOND).source = SOLVED


def unsolved(notebook: NotebookNode) -> None:
    cell_of(notebook, SECOND).source = UNSOLVED


def missing(notebook: NotebookNode) -> None:
    for grade_id in (SECOND, OPTIONAL):
        notebook.cells.remove(cell_of(notebook, grade_id))


def only_the_check_missing(notebook: NotebookNode) -> None:
    solved(notebook)
    notebook.cells.remove(cell_of(notebook, OPTIONAL))


def moved_to_the_top(notebook: NotebookNode) -> None:
    solved(notebook)
    for grade_id in (OPTIONAL, SECOND):
        cell = cell_of(notebook, grade_id)
        notebook.cells.remove(cell)
        notebook.cells.insert(0, cell)


def edited(notebook: NotebookNode) -> None:
    unsolved(notebook)
    cell_of(notebook, OPTIONAL).source = "20"


def duplicated(notebook: NotebookNode) -> None:
    """The last one counts; the ones before it are first tries, marks and all."""
    solved(notebook)
    for number, source in enumerate((UNSOLVED, "def redrive(channel):\n    pass")):
        place = notebook.cells.index(cell_of(notebook, FIRST)) + 1
        first = nbformat.from_dict({**cell_of_last(notebook, SECOND), "id": f"try-{number}"})
        first.source = source
        notebook.cells.insert(place, first)
    again = nbformat.from_dict({**cell_of(notebook, OPTIONAL), "id": "again"})
    notebook.cells.append(again)


def without_marks(notebook: NotebookNode) -> None:
    solved(notebook)
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


def both_in_one_cell(notebook: NotebookNode) -> None:
    first = cell_of(notebook, FIRST)
    first.source += "\n\n\n" + SOLVED
    notebook.cells.remove(cell_of(notebook, SECOND))


def cell_of_last(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    ][-1]


GOT = "✓ redriven, optional: "
FAILED = "✗ redriven, optional: "
NONE = "? redriven, optional: "
CLASS: dict[Change, tuple[str, list[str]]] = {
    untouched: (NONE, []),
    solved: (GOT, []),
    unsolved: (FAILED, []),
    missing: (NONE, [f"the cell `{OPTIONAL}` was missing and has been put back"]),
    only_the_check_missing: (GOT, [f"the cell `{OPTIONAL}` was missing and has been put back"]),
    moved_to_the_top: (GOT, [f"the cell `{OPTIONAL}` was moved and has been put back"]),
    edited: (
        FAILED,
        [
            f"the cell `{OPTIONAL}` was edited and has been put back as it was; what was written "
            "there stands in the cell before it"
        ],
    ),
    duplicated: (
        GOT,
        [
            f"the cell `{SECOND}` was there 3 times; one of them counts, the others are ordinary "
            "cells now",
            f"the cell `{OPTIONAL}` was there 2 times; one of them counts, the others are "
            "ordinary cells now",
        ],
    ),
}
"""What was done to the optional part, what its check says, and what the note at the top says."""


def handed_in(course: Course, student: str, change: Change) -> None:
    released = nbformat.read(course.root / "exercises" / NAME / f"{NAME}.ipynb", 4)
    cell_of(released, FIRST).source = wheats(NAME)[0].source
    change(released)
    write(released, course.root / "submitted" / student / NAME / f"{NAME}.ipynb")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root: Path = tmp_path_factory.mktemp("course")
    shutil.copytree(REPOSITORY / "solutions" / NAME, root / "solutions" / NAME)
    made = open_course(root)
    assert made.api.generate_assignment(NAME)["success"]
    for change in (*CLASS, without_marks, both_in_one_cell):
        handed_in(made, change.__name__, change)
    done = made.api.autograde(NAME, "*")
    assert done["success"], done
    return made


def scores(course: Course, student: str) -> dict[str, tuple[float | None, bool]]:
    """Of each check its score, and whether it waits for a person."""
    with course.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook(NAME, NAME, student)
        return {
            grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in notebook.grades
        }


def graded(course: Course, student: str) -> NotebookNode:
    return nbformat.read(course.root / "autograded" / student / NAME / f"{NAME}.ipynb", 4)


def says(course: Course, student: str) -> str:
    """What the optional check shows."""
    [shown] = [
        output.data["text/plain"]
        for output in cell_of(graded(course, student), OPTIONAL).outputs
        if output.output_type == "display_data"
    ]
    return str(shown)


@pytest.mark.parametrize("change", [*CLASS, without_marks, both_in_one_cell])
def test_the_optional_part_costs_nobody_a_point(course: Course, change: Change) -> None:
    points = ALL | dict.fromkeys([OPTIONAL, *OTHERS], 0.0)
    wanted = {name: (most, False) for name, most in points.items()}
    assert scores(course, change.__name__) == wanted


@pytest.mark.parametrize("change", CLASS)
def test_the_optional_part_is_judged_by_what_it_does(course: Course, change: Change) -> None:
    sentence, notes = CLASS[change]
    assert says(course, change.__name__).startswith(sentence)
    first = graded(course, change.__name__).cells[0]
    told = first.source.splitlines()[2:] if first.source.startswith(NOTE) else []
    assert told == [f"- {note}" for note in notes]


def test_each_part_is_found_by_what_it_defines(course: Course) -> None:
    for student in ("without_marks", "both_in_one_cell"):
        assert says(course, student).startswith(GOT)
    ids = [
        cell.metadata.nbgrader.grade_id
        for cell in graded(course, "without_marks").cells
        if "nbgrader" in cell.metadata
    ]
    assert ids == ORDER


@pytest.mark.parametrize("change", CLASS)
def test_check_cells_are_back_in_their_order(course: Course, change: Change) -> None:
    ids = [
        cell.metadata.nbgrader.grade_id
        for cell in graded(course, change.__name__).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert ids == [*ALL, OPTIONAL, *OTHERS]


def test_who_leaves_the_optional_part_out_is_told_how_to_begin(course: Course) -> None:
    for name in ("missing", "untouched"):
        assert "not written yet; define redrive in a cell to try it" in says(course, name)
