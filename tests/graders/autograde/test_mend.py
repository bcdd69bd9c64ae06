"""Mending, on cells and on what was released, without nbgrader around it."""

import pytest
from nbformat import NotebookNode

from graders.autograde.intake import new_cell
from graders.autograde.mend import mended
from graders.autograde.order import longest_rising
from graders.autograde.released import Released

EXERCISE = "at_least_once_worker"
STUB = "def worker(channel, payments, database):\n    raise NotImplementedError()"
DONE = "def worker(channel, payments, database):\n    return"
SOLUTION = Released("answer", "code", STUB, "c" * 32, locked=False, solution=True)
FIRST, SECOND, THIRD = (
    Released(
        check,
        "code",
        f'check("{EXERCISE}", "{check}")',
        "c" * 32,
        locked=True,
        grade=True,
        points=1.0,
    )
    for check in ("nothing_lost", "charged_once", "queue_drained")
)
ESSAY = Released(
    "essay", "markdown", "?", "c" * 32, locked=False, grade=True, solution=True, points=1.0
)
RELEASED = (SOLUTION, FIRST, SECOND, THIRD)


def own(
    source: str, kind: str = "code", cell_id: str | None = None, claim: str = ""
) -> NotebookNode:
    cell = new_cell(kind, source, cell_id or f"own-{abs(hash((source, kind, claim)))}")
    if claim:
        cell.metadata["nbgrader"] = NotebookNode(grade_id=claim)
    return cell


def cell(role: Released, source: str | None = None, cell_id: str | None = None) -> NotebookNode:
    source = role.source if source is None else source
    return own(source, role.cell_type, cell_id or role.grade_id, role.grade_id)


def outline(cells: list[NotebookNode]) -> list[str]:
    """The cells by their grade_id, or their source where they have none."""
    return [c.metadata.get("nbgrader", {}).get("grade_id") or c.source for c in cells]


def sources(cells: list[NotebookNode]) -> dict[str, str]:
    return {c.metadata["nbgrader"]["grade_id"]: c.source for c in cells if "nbgrader" in c.metadata}


ANSWER = cell(SOLUTION, DONE)


def test_what_is_as_it_was_is_left_alone() -> None:
    handed_in = [
        own("# text", "markdown"),
        ANSWER,
        cell(FIRST),
        own("1"),
        cell(SECOND),
        cell(THIRD),
    ]
    cells, notes = mended(handed_in, RELEASED)
    assert outline(cells) == [
        "# text", "answer", "nothing_lost", "1", "charged_once", "queue_drained",
    ]  # fmt: skip
    assert notes == []


@pytest.mark.parametrize(
    ("left", "order", "missing"),
    [
        (
            [ANSWER, cell(FIRST), own("1"), cell(THIRD)],
            "answer nothing_lost charged_once 1 queue_drained",
            1,
        ),
        ([ANSWER, own("1")], "answer nothing_lost charged_once queue_drained 1", 3),
        ([own("1"), cell(THIRD)], "1 nothing_lost charged_once queue_drained", 2),
        ([own("1")], "1 nothing_lost charged_once queue_drained", 3),
        ([], "nothing_lost charged_once queue_drained", 3),
    ],
)
def test_missing_check_cells_come_back_where_they_were(
    left: list[NotebookNode], order: str, missing: int
) -> None:
    cells, notes = mended(left, RELEASED)
    assert outline(cells) == order.split()
    assert ["was missing" in note for note in notes] == [True] * missing


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        ([ANSWER, cell(SECOND), cell(FIRST), cell(THIRD)], 1),
        ([cell(THIRD), ANSWER, cell(FIRST), cell(SECOND)], 1),
        ([cell(THIRD), cell(SECOND), cell(FIRST), ANSWER], 2),
    ],
)
def test_moved_check_cells_go_back(order: list[NotebookNode], moved: int) -> None:
    cells, notes = mended(order, RELEASED)
    checks = [name for name in outline(cells) if name != "answer"]
    assert checks == ["nothing_lost", "charged_once", "queue_drained"]
    assert len(notes) == moved
    assert all("was moved" in note for note in notes)


def test_a_solution_cell_may_stand_anywhere() -> None:
    cells, notes = mended([cell(FIRST), cell(SECOND), cell(THIRD), ANSWER], RELEASED)
    assert outline(cells)[-1] == "answer"
    assert notes == []


def test_an_emptied_check_cell_leaves_no_empty_cell() -> None:
    cells, _ = mended([ANSWER, cell(FIRST, ""), cell(SECOND), cell(THIRD)], RELEASED)
    assert outline(cells) == ["answer", "nothing_lost", "charged_once", "queue_drained"]
    assert sources(cells)["nothing_lost"] == FIRST.source


def test_a_check_cell_that_became_text_is_code_again() -> None:
    changed = own(FIRST.source, "markdown", "x", FIRST.grade_id)
    cells, _ = mended([ANSWER, changed, cell(SECOND), cell(THIRD)], RELEASED)
    [first] = [c for c in cells if "nbgrader" in c.metadata and c.source == FIRST.source]
    assert first.cell_type == "code"


def test_of_two_copies_the_unedited_one_is_the_check_cell() -> None:
    edited = cell(FIRST, "4", "edited")
    cells, notes = mended([ANSWER, edited, cell(FIRST), cell(SECOND), cell(THIRD)], RELEASED)
    assert outline(cells) == ["answer", "4", "nothing_lost", "charged_once", "queue_drained"]
    assert ["2 times" in note for note in notes] == [True]


def test_a_solution_in_a_later_cell_is_the_one_that_is_marked() -> None:
    stub, done = cell(SOLUTION), own(DONE)
    cells, notes = mended([stub, done, cell(FIRST), cell(SECOND), cell(THIRD)], RELEASED)
    assert sources(cells)["answer"] == DONE
    assert ["a later cell" in note for note in notes] == [True]


def test_a_solution_cell_that_does_not_parse_keeps_its_mark() -> None:
    cells, notes = mended(
        [cell(SOLUTION, "def worker(:"), cell(FIRST), cell(SECOND), cell(THIRD)], RELEASED
    )
    assert sources(cells)["answer"] == "def worker(:"
    assert notes == []


def test_a_missing_solution_cell_stays_missing() -> None:
    """Its stub, coming last, would be graded instead of an earlier cell of the learner's."""
    cells, _ = mended([cell(FIRST), cell(SECOND), cell(THIRD)], RELEASED)
    assert "answer" not in outline(cells)


def test_an_answer_that_a_person_grades_is_the_learners_and_comes_back_if_missing() -> None:
    released = (*RELEASED, ESSAY)
    rest = [ANSWER, cell(FIRST), cell(SECOND), cell(THIRD)]
    cells, _ = mended([*rest, cell(ESSAY, "my answer")], released)
    assert sources(cells)["essay"] == "my answer"
    cells, notes = mended(rest, released)
    assert sources(cells)["essay"] == "?"
    assert ["was missing" in note for note in notes] == [True]


def test_ids_are_unique_and_the_same_every_time() -> None:
    taken = own("1", cell_id="cell-1")
    twice = [[c.id for c in mended([taken, ANSWER], RELEASED)[0]] for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(set(twice[0])) == len(twice[0])


def test_the_longest_rising_part_of_nothing_is_nothing() -> None:
    assert longest_rising([]) == []
