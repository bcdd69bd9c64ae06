"""Releases are nbgrader's, the same bytes every time, and only of what can be graded."""

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from graders.autograde.call import check_call
from graders.autograde.contract import problems
from graders.autograde.release import NotReleasable, generate
from graders.spec import load
from tests.graders.autograde.course import (
    CHECKS,
    CORRECT,
    NAME,
    SOLUTION_ID,
    STUB,
    cell_of,
    mark,
    solution_notebook,
    write,
)


def written(course: Path, notebook: NotebookNode) -> Path:
    return write(notebook, course / "solutions" / NAME / f"{NAME}.ipynb")


def test_a_release_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    notebook = solution_notebook()
    ran = cell_of(notebook, f"{NAME}-nothing_lost")
    ran.metadata["execution"] = {"iopub.execute_input": "2025-01-01T00:00:00Z"}
    ran.execution_count = 3
    ran.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "4"}, execution_count=3)]
    source = written(tmp_path, notebook)
    before = source.read_bytes()
    one = generate(tmp_path, NAME, tmp_path / "one").read_bytes()
    two = generate(tmp_path, NAME, tmp_path / "two").read_bytes()
    assert one == two
    assert source.read_bytes() == before
    assert b"2025-01-01" not in one
    assert list(tmp_path.glob("*.db")) == []

    released = json.loads(one)
    assert [cell["id"] for cell in released["cells"]] == [cell.id for cell in notebook.cells]
    assert all(not cell.get("outputs") for cell in released["cells"])
    solution = next(cell for cell in released["cells"] if cell["id"] == "solution")
    assert "".join(solution["source"]) == STUB.rstrip()


def test_a_release_replaces_the_one_before(tmp_path: Path) -> None:
    written(tmp_path, solution_notebook())
    (tmp_path / "exercises" / NAME).mkdir(parents=True)
    (tmp_path / "exercises" / NAME / "stale.txt").write_text("stale")
    (tmp_path / "solutions" / NAME / "queue.svg").write_text("<svg/>")
    generate(tmp_path, NAME, tmp_path / "exercises")
    names = sorted(path.name for path in (tmp_path / "exercises" / NAME).iterdir())
    assert names == [f"{NAME}.ipynb", "queue.svg"]


def test_nbgraders_own_complaint_is_passed_on(tmp_path: Path) -> None:
    notebook = solution_notebook()
    cell_of(notebook, SOLUTION_ID).source = CORRECT.replace("### END SOLUTION", "")
    written(tmp_path, notebook)
    with pytest.raises(NotReleasable, match="no end solution statement found"):
        generate(tmp_path, NAME, tmp_path / "exercises")
    assert not (tmp_path / "exercises").exists()


def test_an_exercise_without_a_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReleasable, match=rf"there is no .*{NAME}\.ipynb"):
        generate(tmp_path, NAME, tmp_path)


def test_the_example_has_no_problems() -> None:
    assert problems(solution_notebook(), load(NAME)) == []


def check_of(notebook: NotebookNode) -> NotebookNode:
    return cell_of(notebook, f"{NAME}-charged_once")


def named_otherwise(notebook: NotebookNode) -> None:
    check_of(notebook).metadata.nbgrader.grade_id = "other"


def with_other_points(notebook: NotebookNode) -> None:
    check_of(notebook).metadata.nbgrader.points = 5


def unlocked(notebook: NotebookNode) -> None:
    check_of(notebook).metadata.nbgrader.locked = False


def saying_more(notebook: NotebookNode) -> None:
    check_of(notebook).source += "\nprint(1)"


def asking_for_another(notebook: NotebookNode) -> None:
    check_of(notebook).source = f'check("{NAME}", "no_such")'


def without_a_check(notebook: NotebookNode) -> None:
    notebook.cells.remove(check_of(notebook))


def without_import(notebook: NotebookNode) -> None:
    del notebook.cells[1]


def without_ids(notebook: NotebookNode) -> None:
    del notebook.cells[0]["id"]


def with_an_id_twice(notebook: NotebookNode) -> None:
    notebook.cells[0]["id"] = "import"


def without_a_solution(notebook: NotebookNode) -> None:
    del cell_of(notebook, SOLUTION_ID).metadata["nbgrader"]


def with_two_solutions(notebook: NotebookNode) -> None:
    more = new_code_cell("x = 1", id="more", metadata=mark("more", solution=True))
    notebook.cells.append(more)


def solved_elsewhere(notebook: NotebookNode) -> None:
    notebook.cells.append(new_code_cell("worker = print", id="later"))


def not_solved(notebook: NotebookNode) -> None:
    cell_of(notebook, SOLUTION_ID).source = "wrong_name = 1"


def graded_by_hand(notebook: NotebookNode) -> None:
    cell_of(notebook, SOLUTION_ID).metadata.nbgrader.grade = True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (named_otherwise, f"the cell other must be called {NAME}-charged_once"),
        (with_other_points, "has 5 points, the check 4"),
        (unlocked, "must be locked"),
        (saying_more, f'must say check("{NAME}", "...") and nothing else'),
        (asking_for_another, "asks for no_such; the checks are nothing_lost, charged_once"),
        (without_a_check, "the check charged_once is asked for 0 times"),
        (without_import, "no cell says from ackademy import check"),
        (without_ids, "its cells have no ids"),
        (with_an_id_twice, "two cells have the id import"),
        (without_a_solution, "it has 0 solution cells"),
        (with_two_solutions, "it has 2 solution cells"),
        (solved_elsewhere, "the cell that would be graded is another"),
        (not_solved, "its solution cell is none: no cell defines worker"),
        (graded_by_hand, "its solution cell is graded by hand"),
    ],
)
def test_what_could_not_be_graded_is_not_released(
    tmp_path: Path, change: Callable[[NotebookNode], None], said: str
) -> None:
    notebook = solution_notebook()
    change(notebook)
    written(tmp_path, notebook)
    with pytest.raises(NotReleasable) as refused:
        generate(tmp_path, NAME, tmp_path / "exercises")
    assert said in str(refused.value)
    assert not (tmp_path / "exercises").exists()


@pytest.mark.parametrize(
    "source",
    [
        "", "\0", "check(", "check()", "check('a')", "check('a', 1)", "check(a, 'b')",
        "check('a', 'b', 'c')", "check('a', b='b')", "check('a', 'b'); 1", "x.check('a', 'b')",
        "y = check('a', 'b')",
    ],
)  # fmt: skip
def test_only_a_bare_check_is_a_check(source: str) -> None:
    assert check_call(source) is None


def test_every_check_of_the_spec_is_in_the_example() -> None:
    assert {check.id: check.points for check in load(NAME).checks} == CHECKS
