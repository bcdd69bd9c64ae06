"""`ackademy instructor grade`: a class graded by nbgrader, and what is said of it."""

import shutil

import pytest

from ackademy import cli
from ackademy.instructor.grade import Mark, _api, _graded, table
from ackademy.start import BASE
from tests.graders.autograde.course import (
    BROKEN,
    CORRECT,
    NAME,
    NEVER_POLLS,
    REPOSITORY,
    WRONG,
    Course,
    new_course,
)

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    """A class of which some handed in what cannot be graded."""
    root = tmp_path_factory.mktemp("class")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    made = new_course(root)
    made.submit("ann", CORRECT)
    made.submission("bea").parent.mkdir(parents=True)
    made.submission("bea").write_text("{")
    made.submit("cem", WRONG)
    made.submit("dov", NEVER_POLLS)
    made.submit("eli", BROKEN)
    made.submission("fay").parent.mkdir(parents=True)
    made.submit("gus", CORRECT).rename(made.submission("gus").with_name("other.ipynb"))
    made.submit("hal [a]", CORRECT)
    # The whole folder of answers/, with copies that a reset and an upgrade made.
    whole = made.submit("ida", CORRECT)
    for name in (f"{NAME}.20260105-090000.ipynb", f"{NAME}.20260105-090000-2.ipynb", BASE):
        shutil.copy(made.submit("cem", WRONG), whole.with_name(name))
    return made


@pytest.fixture(scope="module")
def said(course):
    """The command with feedback: its status, and what it wrote to both streams."""
    import contextlib
    import io

    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(cli, "steady_hashes", lambda: None)
        status = cli.main(["instructor", "grade", NAME, "--course", str(course.root), "--feedback"])
    return status, out.getvalue(), err.getvalue()


def test_every_submission_has_its_marks_in_a_table(said):
    rows = [line.split() for line in said[1].splitlines()]
    assert ["student", "nothing_lost", "charged_once", "queue_drained", "total"] in rows
    for row in (
        ["ann", "4", "4", "2", "10", "of", "10"],
        ["cem", "4", "0", "2", "6", "of", "10"],
        ["eli", "0", "0", "0", "0", "of", "10"],
        ["ida", "4", "4", "2", "10", "of", "10"],
        ["bea", "NOT", "GRADED"],
    ):
        assert row in rows


def test_what_a_person_has_to_look_at_is_said(said):
    [row] = [line for line in said[1].splitlines() if line.startswith("dov ")]
    assert " ".join(row.split()) == "dov - - - 0 of 10 3 for a person to grade"
    assert "5 of 9 graded; 1 with something for a person (in Formgrader)\n" in said[1]


def test_bad_submissions_are_named_with_what_to_do_and_the_batch_goes_on(said, course):
    status, _, errors = said
    assert status == 1
    lines = dict(line.removeprefix("ackademy: ").split(": ", 1) for line in errors.splitlines())
    assert set(lines) == {"bea", "fay", "gus", "hal [a]"}
    assert lines["bea"].startswith(f"{course.submission('bea')} is not graded: it is no notebook (")
    assert lines["fay"] == (
        f"{course.submission('fay').parent} has no {NAME}.ipynb; put it there and grade again"
    )
    assert f"has no {NAME}.ipynb; it has other.ipynb; put it" in lines["gus"]
    assert "which nbgrader takes for a pattern" in lines["hal [a]"]


def test_without_a_terminal_there_is_one_line_a_submission_and_no_control_character(said):
    assert said[1].startswith("1 of 9 ann: 10 of 10 points\n2 of 9 bea: not graded\n")
    assert "\x1b" not in said[1] + said[2]


def test_feedback_is_made_for_those_that_were_graded(said, course):
    made = {path.name for path in (course.root / "feedback").iterdir()}
    assert made == {"ann", "cem", "dov", "eli", "ida"}
    where = course.root / "feedback" / "STUDENT" / NAME / f"{NAME}.html"
    assert f"feedback: {where}\n" in said[1]


def test_the_gradebook_has_the_same_marks(said, course):
    assert sum(score or 0.0 for score in course.scores("cem").values()) == 6.0
    assert course.by_hand("dov") == {"nothing_lost", "charged_once", "queue_drained"}


def test_what_a_person_has_marked_stays_when_it_is_graded_anew(said, course):
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(f"{NAME}-queue_drained", NAME, NAME, "dov")
        grade.manual_score = 1.5
        gradebook.db.commit()
    mark = _graded(_api(course.root), NAME, "dov")
    assert mark.trouble == ""
    assert list(mark.scores.values()) == [None, None, 1.5]
    assert mark.total == 1.5
    assert len(mark.by_hand) == 2


def run(capsys, monkeypatch, *arguments) -> tuple[int, str]:
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)
    status = cli.main(["instructor", "grade", *map(str, arguments)])
    said = capsys.readouterr()
    assert said.out == ""
    return status, said.err


def test_a_folder_that_is_no_class_is_refused(tmp_path, capsys, monkeypatch):
    assert run(capsys, monkeypatch, NAME, "--course", tmp_path) == (
        2,
        f"ackademy: there is no nbgrader_config.py in {tmp_path}; give the class's folder with "
        "--course, or copy that file there from the course\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_an_exercise_that_was_not_released_is_refused(tmp_path, capsys, monkeypatch):
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    (tmp_path / "submitted" / "ann" / NAME).mkdir(parents=True)
    status, error = run(capsys, monkeypatch, NAME, "--course", tmp_path)
    assert status == 2
    assert not (tmp_path / "gradebook.db").exists()
    assert f"{NAME} is not in the gradebook; run nbgrader generate_assignment {NAME}" in error


def test_a_gradebook_of_other_exercises_is_refused(course, capsys, monkeypatch):
    (course.root / "submitted" / "ann" / "start_here").mkdir()
    status, error = run(capsys, monkeypatch, "start_here", "--course", course.root)
    assert status == 2
    assert "start_here is not in the gradebook; run nbgrader generate_assignment" in error


def test_a_class_that_handed_in_nothing_is_told_where_to_put_it(tmp_path, capsys, monkeypatch):
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    status, error = run(capsys, monkeypatch, NAME, "--course", tmp_path)
    assert status == 2
    assert error == (
        "ackademy: nothing was handed in; collect notebooks into "
        f"{tmp_path}/submitted/STUDENT/{NAME}\n"
    )


def test_an_unknown_exercise_is_named(tmp_path, capsys, monkeypatch):
    status, error = run(capsys, monkeypatch, "at_least_once", "--course", tmp_path)
    assert (status, f"did you mean {NAME}" in error) == (2, True)


def test_a_students_name_cannot_command_the_terminal():
    lines = list(table(NAME, [Mark("a\x1b[2Jb", {}, trouble="x"), Mark("c", {}, 1, 2)]))
    assert not any("\x1b" in line for line in lines)
