"""One class hands in, honestly and not; nbgrader grades it in one batch and writes feedback."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers

from graders.autograde import run_checks
from graders.autograde.mend import NOTE
from graders.autograde.release import generate
from tests.graders.autograde.course import (
    CHECKS,
    CORRECT,
    NAME,
    SOLUTION_ID,
    WRONG,
    Course,
    new_course,
    open_course,
    repository_config,
)
from tests.graders.autograde.learners import MENDED, OURS, check_cell, hand_in

# SQLAlchemy's, about nbgrader's own use of it.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

ALL = {check: float(points) for check, points in CHECKS.items()}
NONE = dict.fromkeys(CHECKS, 0.0)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    made = new_course(tmp_path_factory.mktemp("course"), max_bytes=150_000, max_cells=50)
    hand_in(made)
    return made


@pytest.fixture(scope="module")
def log(course: Course) -> str:
    """The batch, graded; what nbgrader said of it."""
    check_cells = run_checks.check_cells

    def failing(name: str, cells: list[str], *more: object, **named: object) -> object:
        if any(OURS in cell for cell in cells):
            raise RuntimeError("a mistake of ours")
        return check_cells(name, cells, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_checks, "check_cells", failing)
        done = course.api.autograde(NAME, "*")
    assert not done["success"]  # for some were refused
    return str(done["log"])


@pytest.fixture(scope="module")
def feedback(course: Course, log: str) -> None:
    written = course.api.generate_feedback(NAME)
    assert written["success"], written


@pytest.mark.parametrize(
    ("student", "scores"),
    [
        ("ann-untouched", NONE),
        ("bea-correct", ALL),
        ("cem-wrong", ALL | {"charged_once": 0.0}),
        ("dov-never-polls", dict.fromkeys(CHECKS)),
        ("eli-syntax-error", NONE),
        ("fay-missing", ALL | {"charged_once": 0.0}),
        ("gus-moved", ALL),
        ("hal-edited", ALL | {"charged_once": 0.0}),
        ("ida-copied", ALL),
        ("jan-no-marks", ALL),
        ("kim-own-marks", ALL | {"charged_once": 0.0}),
        ("lea-scripts", ALL | {"charged_once": 0.0}),
        ("max-seen", ALL),
        ("zoe-correct", ALL),
    ],
)
def test_everybody_gets_what_the_code_is_worth(
    course: Course, log: str, student: str, scores: dict[str, float | None]
) -> None:
    assert course.scores(student) == scores
    by_hand = {check for check, score in scores.items() if score is None}
    assert course.by_hand(student) == by_hand


@pytest.mark.parametrize(
    ("student", "why"),
    [
        ("ned-our-fault", "RuntimeError: a mistake of ours"),
        ("oda-corrupt", "is not graded: it is no notebook"),
        ("pam-link", "is not graded: 'grades.txt' is a link out of it"),
        ("qi-other", f"is not graded: '{NAME}.ipynb' is a link out of it"),
        ("rob-big", "bytes, more than 150,000; clear its outputs"),
        ("sue-many", "cells, more than 50; delete those that are not needed"),
    ],
)
def test_what_cannot_be_graded_is_named_and_leaves_nothing(
    course: Course, log: str, student: str, why: str
) -> None:
    [about] = [
        part
        for part in log.split("There was an error processing assignment: ")
        if f"/{student}/" in part.partition("\n")[0]
    ]
    assert why in about
    assert not (course.root / "autograded" / student / NAME).exists()


def test_no_cell_of_a_learner_is_run_here(course: Course, log: str) -> None:
    assert not (course.root / "ran").exists()


def test_only_check_cells_have_outputs_and_each_has_one_score(course: Course, log: str) -> None:
    for path in (course.root / "autograded").rglob("*.ipynb"):
        notebook = nbformat.read(path, 4)
        graded = [check_cell(notebook, check) for check in CHECKS]
        for cell in notebook.cells:
            kinds = [output.output_type for output in cell.get("outputs", [])]
            if cell in graded:
                assert kinds in (["execute_result", "display_data"], ["error", "display_data"])
            else:
                assert kinds == []


def test_released_cells_are_back_in_order_with_what_they_said(course: Course, log: str) -> None:
    ids = [SOLUTION_ID, *(f"{NAME}-{check}" for check in CHECKS)]
    for student in MENDED:
        marked = [cell for cell in course.graded(student).cells if "nbgrader" in cell.metadata]
        assert [cell.metadata.nbgrader.grade_id for cell in marked] == ids
        assert [cell.source for cell in marked[1:]] == [
            f'check("{NAME}", "{check}")' for check in CHECKS
        ]
        assert [cell.metadata.nbgrader.get("points") for cell in marked] == [None, 4, 4, 2]
        assert course.graded(student).metadata.kernelspec.name == "python3"


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("fay-missing", "charged_once</code> was missing and has been put back"),
        ("gus-moved", "queue_drained</code> was moved and has been put back"),
        ("hal-edited", "charged_once</code> was edited and has been put back as it was"),
        ("ida-copied", "charged_once</code> was there 2 times"),
        ("ida-copied", "solution</code> was there 2 times"),
        ("jan-no-marks", "solution</code> had lost its mark and was found by what it defines"),
        ("kim-own-marks", "a cell had a grading mark that this exercise does not give"),
    ],
)
def test_what_was_mended_is_said(course: Course, feedback: None, student: str, said: str) -> None:
    assert said in course.feedback(student)


def test_nothing_is_said_where_nothing_was_mended(course: Course, feedback: None) -> None:
    sources = [cell.source for cell in course.graded("cem-wrong").cells]
    assert sources == [
        WRONG.rstrip() if cell.id == "solution" else cell.source for cell in course.released().cells
    ]
    assert NOTE.strip("*") not in course.feedback("cem-wrong")


def test_what_was_written_in_a_check_cell_is_kept(course: Course, log: str) -> None:
    cells = course.graded("hal-edited").cells
    place = cells.index(check_cell(course.graded("hal-edited"), "charged_once"))
    assert cells[place - 1].source == "4  # surely"


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("ann-untouched", "worker raised NotImplementedError in line 8 of the cell"),
        ("cem-wrong", "the charge for order-3 was made twice"),
        ("dov-never-polls", "nothing was proved: worker never took a message from orders"),
        ("eli-syntax-error", "your cell cannot be run: line 2 does not parse"),
    ],
)
def test_feedback_says_in_a_sentence_what_went_wrong(
    course: Course, feedback: None, student: str, said: str
) -> None:
    assert said in course.feedback(student)


def test_feedback_has_scores_and_the_timeline_as_a_picture(course: Course, feedback: None) -> None:
    page = course.feedback("cem-wrong")
    assert "6 of 10 points" in page
    assert page.count("<svg") == 1
    assert "<title" in page[page.index("<svg") :]


def test_code_that_does_not_run_is_pictured_once(course: Course, feedback: None) -> None:
    assert course.feedback("ann-untouched").count("<svg") == 1


class Active(HTMLParser):
    """Collects whatever in a page could run or load something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag."""
        if tag in {"base", "embed", "form", "iframe", "link", "object", "script"}:
            self.found.append(tag)
        for name, value in attrs:
            loads = name in {"src", "srcset", "data", "poster", "xlink:href"}
            loads |= name == "href" and tag != "a"
            url = (value or "").strip().lower()
            if name.startswith("on") or url.startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")
            if loads and not url.startswith(("#", "data:image/")) and ("/" in url or ":" in url):
                self.found.append(f"{tag} {name}={value}")
            if name == "style" and "url(" in url:
                self.found.append(f"{tag} {name}={value}")


def test_feedback_runs_and_loads_nothing(course: Course, feedback: None) -> None:
    for path in (course.root / "feedback").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert "<script" not in page
        assert "url(" not in page
        assert Active(page).found == []


def test_a_learners_page_is_shown_as_text(course: Course, feedback: None) -> None:
    page = course.feedback("lea-scripts")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "![gone](attachment:nowhere.png)" in page
    assert "alert(3)" not in page  # a learner's own outputs are not read


def test_formgrader_runs_nothing_of_a_learners(course: Course, log: str) -> None:
    # As FormgradeExtension does: its own settings first, then nbgrader_config.py.
    config = repository_config()
    ours = config.HTMLExporter.copy()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    config.HTMLExporter.merge(ours)
    path = course.root / "autograded" / "lea-scripts" / NAME / f"{NAME}.ipynb"
    resources = {"index": 0, "total": 1, "student": "lea-scripts"}
    page, _ = HTMLExporter(config=config).from_filename(str(path), resources=resources)
    assert "formgrade" in page
    assert "alert(1)</script>" not in page
    assert "onerror" not in page.replace("&lt;img src=x onerror", "")


def test_a_persons_score_is_kept_and_the_verdict_stays_open(
    course: Course, feedback: None, tmp_path: Path
) -> None:
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(f"{NAME}-nothing_lost", NAME, NAME, "dov-never-polls")
        grade.manual_score = 3.0
        gradebook.db.commit()
    assert course.api.autograde(NAME, "dov-never-polls")["success"]
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(f"{NAME}-nothing_lost", NAME, NAME, "dov-never-polls")
        assert (grade.manual_score, grade.auto_score, grade.score) == (3.0, None, 3.0)


def test_what_nbgrader_releases_is_what_generate_makes(course: Course, tmp_path: Path) -> None:
    released = course.root / "exercises" / NAME / f"{NAME}.ipynb"
    assert generate(course.root, NAME, tmp_path).read_bytes() == released.read_bytes()


def test_a_class_has_its_seed(course: Course, log: str) -> None:
    course.submit("tom-seed", WRONG)
    assert open_course(course.root, seed=7).api.autograde(NAME, "tom-seed")["success"]
    [_, shown] = check_cell(course.graded("tom-seed"), "charged_once").outputs
    assert f"ackademy replay {NAME}/1@none#s7~" in shown.data["text/plain"]


def test_with_the_link_gone_it_is_graded(course: Course, log: str) -> None:
    course.submission("pam-link").with_name("grades.txt").unlink()
    shutil.copy(course.submission("bea-correct"), course.submission("pam-link"))
    assert course.api.autograde(NAME, "pam-link")["success"]
    assert course.scores("pam-link") == ALL


def test_the_gradebooks_points_count_when_they_are_others(course: Course, log: str) -> None:
    with course.gradebook() as gradebook:
        cell = gradebook.find_grade_cell(f"{NAME}-charged_once", NAME, NAME)
        cell.max_score = 6.5
        gradebook.db.commit()
    course.submit("uma-weights", CORRECT)
    assert course.api.autograde(NAME, "uma-weights")["success"]
    assert course.scores("uma-weights") == ALL | {"charged_once": 6.5}
