"""An exercise in a browser, from the starter to all points, by its own cells and by nbgrader's
Validate button.

The button comes with nbgrader, which is in the environment of an instructor and of a contributor,
and not in that of `make lab`: there a learner has the cells alone.
"""

import json

import pytest

from graders.spec import load
from tests.browser.lab import ROOT
from tests.browser.page import Page

pytestmark = pytest.mark.browser

NAME = "dead_letter_queue"
MINE = f"answers/{NAME}/{NAME}.ipynb"
SOLUTIONS = ("solution", "redrive-solution")
CHECKS = {
    "check-happy-path": "happy_path",
    "check-crash-safety": "crash_safety",
    "check-poison": "poison",
    "check-backoff": "backoff",
    "check-cause": "cause_and_attempts",
    "check-redriven": "redriven",
}
OPTIONAL = "check-redriven"
GRADED = [cell for cell in CHECKS if cell != OPTIONAL]

RED = "application/vnd.jupyter.stderr"
"""How JupyterLab marks an output that it draws on red."""

HEAD = "Validation Results"


@pytest.fixture(scope="module")
def exercise(lab, page) -> Page:
    page.open(lab, MINE)
    return page


def wheat(cell_id: str) -> str:
    """What the solution notebook has in a cell."""
    notebook = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text("utf-8"))
    [source] = [cell["source"] for cell in notebook["cells"] if cell["id"] == cell_id]
    return "".join(source).rstrip("\n")


def validated(page: Page, result: str) -> str:
    """What nbgrader's button says of the notebook, in its dialogue for that `result`, which is
    closed again."""
    page.click(page.one(".validate-button"))
    said = page.until(
        "the result of Validate",
        lambda: next((box.text for box in page.find(".jp-Dialog") if HEAD in box.text), None),
    )
    assert page.find(f".nbgrader-{result}Dialog"), said
    page.shot(f"validate-{result.lower()}")
    page.click(page.one(".jp-Dialog .jp-mod-accept"))
    page.until("no dialogue", lambda: not page.find(".jp-Dialog"))
    return said


def test_the_spec_has_the_checks_that_are_run_here():
    points = [check.id for name in (NAME, "redrive") for check in load(name).checks]
    assert sorted(CHECKS.values()) == sorted(points)


def test_the_starter_is_red_with_the_way_to_a_hint(exercise):
    exercise.run("helpers")
    for cell in SOLUTIONS:
        exercise.run(cell)
    for cell in GRADED:
        exercise.run(cell)
        said = exercise.output(cell)
        assert said.startswith(f"CheckFailed: ! {CHECKS[cell]}, ")
        assert "raised NotImplementedError" in said
        assert "Traceback" not in said
        [red] = exercise.find(f"[data-mime-type='{RED}']", exercise.cell(cell))
        assert red.text in said
    exercise.run(OPTIONAL)
    assert exercise.output(OPTIONAL).startswith("? redriven, optional: not written yet")
    assert not exercise.find(f"[data-mime-type='{RED}']", exercise.cell(OPTIONAL))
    assert exercise.output("check-happy-path").splitlines()[-1] == f'Stuck? hint("{NAME}")'
    exercise.cell("solution")
    exercise.shot("exercise-red")


def test_validate_says_that_the_starter_fails(exercise):
    said = validated(exercise, "Error")
    assert said.count("The following cell failed:") == len(GRADED)
    for cell in GRADED:
        assert f"CheckFailed: ! {CHECKS[cell]}, " in said
    assert "Traceback" not in said


def test_validate_passes_a_solution_without_the_optional_part(exercise):
    exercise.write("solution", wheat("solution"))
    assert "Success! Your notebook passes all the tests." in validated(exercise, "Success")


def test_the_solution_is_green_in_every_check(exercise):
    for cell in SOLUTIONS:
        exercise.write(cell, wheat(cell))
        exercise.run(cell)
    for cell, check in CHECKS.items():
        exercise.run(cell)
        said = exercise.output(cell)
        assert f"✓ {check}, " in said
        assert "✗" not in said
    exercise.cell("check-happy-path")
    exercise.shot("exercise-green")


def test_validate_says_that_the_solution_passes(exercise):
    said = validated(exercise, "Success")
    assert "Success! Your notebook passes all the tests." in said
