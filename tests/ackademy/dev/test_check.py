"""``ackademy dev check`` as a whole: what it looks at, in which order, and how it ends."""

import shutil

import pytest
from nbformat import read
from nbformat.v4 import new_code_cell, new_markdown_cell

from ackademy import cli
from ackademy.dev import outputs
from ackademy.dev.check import check, report
from ackademy.dev.trials import trial
from tests.ackademy.dev.course import NAME, STEM, notebook

WELL = f"""\
{NAME}: all well
course/{STEM}: all well
files outside of these: all well
no problems in 3 looked at
"""


@pytest.fixture
def ackademy(course, monkeypatch, capsys):
    """Run a command in this process. Notebooks are as fresh as they are committed."""
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)  # it would start pytest again
    monkeypatch.setattr(outputs, "fresh", lambda path: read(path, 4))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["dev", "check", *arguments, "--seeds", "1", "--processes", "1"])
        return (status, *capsys.readouterr())

    return run


def test_a_course_with_which_all_is_well_ends_with_0(ackademy):
    status, out, err = ackademy()
    assert (status, out) == (0, WELL)
    assert err.splitlines() == [
        f"... {NAME}: files and texts",
        f"... {NAME}: its release",
        f"... {NAME}: a fresh run of its notebook",
        f"... {NAME}: 6 solutions x 1 seed x 2 transports",
        f"... course/{STEM}: its exercise, a fresh run",
    ]


def test_problems_are_grouped_and_end_with_1(course, ackademy):
    (course.spec / "hints.md").unlink()
    (course.spec / "notes.txt").write_text("")
    course.save(course.layout.lesson("02_more"), notebook(new_markdown_cell("# More", id="title")))
    status, out, _ = ackademy()
    assert (status, out) == (
        1,
        f"""\
{NAME}: 2 problems
  - graders/specs/{NAME}/notes.txt has no place there; remove it, or add it to .gitignore
  - there is no graders/specs/{NAME}/hints.md; write 3 hints or more, each under a '## '
course/{STEM}: all well
course/02_more: 1 problem
  - no exercise belongs to it; add lesson="02_more" to the SPEC of the one that does
files outside of these: all well
3 problems in 4 looked at
""",
    )


def test_a_named_exercise_is_looked_at_with_its_lesson_and_nothing_else(course, ackademy):
    (course.root / "course" / "notes.txt").write_text("")
    course.save(course.layout.lesson("02_more"), notebook(new_markdown_cell("# More", id="title")))
    status, out, _ = ackademy(NAME)
    assert (status, out.splitlines()) == (
        0,
        [f"{NAME}: all well", f"course/{STEM}: all well", "no problems in 2 looked at"],
    )


def test_an_unknown_name_is_refused_before_anything_is_run(ackademy):
    status, out, err = ackademy("charge_twice")
    assert (status, out) == (2, "")
    assert err == ("ackademy: there is no exercise 'charge_twice'; did you mean charge_once?\n")


def test_a_course_elsewhere_than_the_specs_is_refused(course, ackademy, tmp_path, monkeypatch):
    other = tmp_path / "other"
    for folder in ("course", "exercises", "graders/specs"):
        (other / folder).mkdir(parents=True)
    monkeypatch.chdir(other)
    status, out, err = ackademy()
    assert (status, out) == (2, "")
    assert err.endswith("; use the ackademy of this checkout (make test builds it)\n")


@pytest.mark.parametrize("seeds", ["0", "-1", "many"])
def test_a_number_of_seeds_that_proves_nothing_is_refused(course, capsys, monkeypatch, seeds):
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)
    with pytest.raises(SystemExit) as left:
        cli.main(["dev", "check", f"--seeds={seeds}"])
    assert left.value.code == 2
    assert f"{seeds!r} is no number from 1" in capsys.readouterr().err


def test_a_chaff_that_is_no_chaff_stops_only_its_own_exercise(course, ackademy):
    (course.spec / "chaffs" / "no_key.py").write_text('"""Wrong."""\n')
    (course.root / "course" / "notes.txt").write_text("")
    status, out, _ = ackademy()
    assert status == 1
    assert "  - chaff no_key of charge_once names no anomaly; add a line" in out
    assert f"course/{STEM}: all well" in out
    assert "  - course/notes.txt has no place there" in out


def test_a_stale_lesson_is_told_with_its_name(course, ackademy):
    cell = new_code_cell("2 + 3", id="sum")
    course.save(
        course.layout.lesson(STEM),
        notebook(new_markdown_cell(f"[next](../exercises/{NAME}/{NAME}.ipynb)", id="turn"), cell),
    )
    assert (
        f"course/{STEM}: 1 problem\n"
        f"  - course/{STEM}.ipynb: the cell sum was never run; run ackademy dev notebooks "
        f"course/{STEM}.ipynb\n"
    ) in ackademy()[1]


@pytest.mark.parametrize("folder", ["solutions", "exercises"])
def test_a_folder_without_a_spec_is_told(course, ackademy, folder):
    shutil.copytree(course.root / folder / NAME, course.root / folder / "old_one")
    assert (
        "  - there is no graders/specs/old_one; write its spec, or remove solutions/old_one and "
        "exercises/old_one\n"
    ) in ackademy("old_one")[1]


def test_caches_of_a_spec_that_is_gone_are_no_spec(course, ackademy):
    cache = course.layout.specs / "gone" / "__pycache__"
    cache.mkdir(parents=True)
    (cache / "spec.cpython-311.pyc").write_bytes(b"")
    assert ackademy()[:2] == (0, WELL)


def test_a_spec_that_cannot_be_loaded_is_told_once_and_nothing_is_tried(course, ackademy):
    course.change_spec("SPEC = Spec(", "nonsense\nSPEC = Spec(")
    status, out, _ = ackademy(NAME)
    assert status == 1
    assert out == (
        f"{NAME}: 1 problem\n"
        f"  - graders/specs/{NAME}/spec.py cannot be loaded (NameError: name 'nonsense' is not "
        "defined); mend it\n"
        "1 problem in 1 looked at\n"
    )


def test_every_rule_is_asked(course, monkeypatch):
    """One fault for each rule at once: none hides another."""
    from tests.ackademy.dev.course import GOOD, chaff

    monkeypatch.setattr(outputs, "fresh", lambda path: read(path, 4))
    (course.spec / "notes.txt").write_text("")
    (course.spec / "__init__.py").unlink()
    (course.spec / "hints.md").write_text("## TODO?\n")
    (course.spec / "wheats" / "acks_all.py").unlink()
    (course.spec / "chaffs" / "ack_first.py").write_text(chaff("lost_message", GOOD))
    (course.spec / "chaffs" / "no_ack.py").unlink()
    course.change_spec("Goal:", "")
    course.change_spec('"queue_drained", 1', '"queue_drained", 0')
    course.change_spec(STEM, "09_none")
    course.change_cells(
        course.layout.release(NAME), lambda cells: cells["solution"].update(source=GOOD)
    )
    course.change_cells(
        course.layout.solution(NAME), lambda cells: cells["helpers"].update(execution_count=None)
    )
    lines: list[str] = []
    groups = check(course.layout, [NAME], [0], lambda some: map(trial, some), lines.append)
    shown: list[str] = []
    assert report(groups, shown.append) == len(shown) - 2
    for said in (
        "notes.txt has no place there",
        "__init__.py; write one",
        "has no 'Goal:'",
        "queue_drained has 0 points",
        "course/09_none.ipynb is not there",
        "still to do",
        "is empty; write what it says",
        "has 1 hint; write 3 or more",
        "it has 1 wheat in",
        "it has 2 chaffs in",
        "has 0 points; give it at least 1",
        "the check 0",  # the contract of the solution notebook: other points than the spec
        "already passes the check",
        "the cell helpers was never run",
        "no chaff fails the check queue_drained",
        "chaff ack_first does not show lost_message",
    ):
        assert [line for line in shown if said in line], (said, shown)
