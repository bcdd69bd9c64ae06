"""Formgrader in a browser: an instructor sees the marks that `ackademy instructor grade` gave."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graders.content import chaffs
from graders.spec import load
from tests.browser.lab import environment
from tests.browser.page import Page

pytestmark = pytest.mark.browser

NAME = "at_least_once_worker"
STUDENT = "student-1"
SPEC = load(NAME)
WRONG = next(
    chaff for chaff in chaffs(NAME) if 0 < len(chaff.failed_checks(SPEC)) < len(SPEC.checks)
)
"""A wrong solution that gets some of the points."""
ALL = sum(check.points for check in SPEC.checks)
GOT = sum(check.points for check in SPEC.checks if check.id not in WRONG.failed_checks(SPEC))
MARKS = f"{GOT} / {ALL}"


@pytest.fixture(scope="module")
def course(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with one submission, which is graded."""
    own = environment(tmp_path_factory.mktemp("instructor"))

    def run(*command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", *command], cwd=course, env=own, check=True, timeout=120
        )

    run("nbgrader", "generate_assignment", NAME, "--force")
    released = course / "exercises" / NAME / f"{NAME}.ipynb"
    notebook = json.loads(released.read_text(encoding="utf-8"))
    [cell] = [cell for cell in notebook["cells"] if cell["id"] == "solution"]
    cell["source"] = WRONG.source
    path = course / "submitted" / STUDENT / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    run("ackademy", "instructor", "grade", NAME)
    return course


def row(page: Page, of: str) -> list[str]:
    """What is read in the row of a table that has a cell `of`, as soon as there is one."""

    def found() -> list[str] | None:
        rows = [[cell.text for cell in page.find("td", each)] for each in page.find("tbody tr")]
        return next((texts for texts in rows if of in texts), None)

    return page.until(f"a row of {of}", found)


def test_formgrader_lists_the_assignment_and_the_marks(lab, page):
    page.open(lab, "course/00_start_here.ipynb")
    page.choose("Nbgrader", "nbgrader:open-formgrader")
    page.driver.switch_to.frame(page.one("iframe"))

    name, *_, submissions, _generate, _release = row(page, NAME)
    assert (name, submissions) == (NAME, "1")
    page.shot("formgrader-assignments")

    page.click(page.one(f"a[href*='manage_submissions/{NAME}']"))
    _name, student, _time, status, score, *_ = row(page, STUDENT)
    assert (student, status, score) == (STUDENT, "graded", MARKS)
    page.shot("formgrader-marks")
