"""A new exercise: what is written, what it breaks (nothing), and the way to a finished one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ackademy import cli
from ackademy.dev import texts, trials
from ackademy.dev.scaffold import new_exercise
from graders.check import check_cells
from graders.spec import load
from tests.ackademy.dev import course as made
from tests.ackademy.dev.course import CHAFFS, CHARGE_WITH_KEY, NAME, STEM, forget

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ackademy(course, monkeypatch, capsys):
    """Run ``ackademy new exercise`` in this process."""
    monkeypatch.setattr(cli, "steady_hashes", lambda: None)  # it would start pytest again

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["new", "exercise", *arguments])
        forget()
        return (status, *capsys.readouterr())

    return run


def test_its_files_are_written_and_named(course, ackademy):
    status, out, err = ackademy("dead_letter_queue", "--lesson", "07_dead_letter_queue")
    spec = "graders/specs/dead_letter_queue"
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"{spec}/__init__.py",
        f"{spec}/spec.py",
        f"{spec}/hints.md",
        "solutions/dead_letter_queue/dead_letter_queue.ipynb",
        f"{spec}/wheats",
        f"{spec}/chaffs",
        "ackademy dev check dead_letter_queue lists what is still to write",
    ]
    assert all((course.root / line).exists() for line in out.splitlines()[:-1])
    assert load("dead_letter_queue").lesson == "07_dead_letter_queue"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Dead-Letters", "'Dead-Letters' is no name for an exercise; use small letters and"),
        ("7_letters", "'7_letters' is no name for an exercise; use small letters and"),
        ("dead__letters", "'dead__letters' is no name for an exercise; use small letters and"),
        ("../letters", "'../letters' is no name for an exercise; use small letters and"),
        ("class", "'class' is no name for an exercise; use small letters and"),
        (NAME, "there is a charge_once already; choose another name"),
    ],
)
def test_a_name_that_cannot_be_one_or_is_taken_is_refused(course, ackademy, name, said):
    before = sorted(course.root.rglob("*"))
    status, out, err = ackademy(name)
    assert (status, out) == (2, "")
    assert err.startswith(f"ackademy: {said}")
    assert sorted(course.root.rglob("*")) == before


def test_a_lesson_that_cannot_be_one_is_refused(course, ackademy):
    status, _, err = ackademy("letters", "--lesson", 'x", points="9')
    assert status == 2
    assert "is no name of a lesson; give its notebook's without .ipynb" in err
    assert not (course.layout.specs / "letters").exists()


def test_a_name_that_only_solutions_or_exercises_have_is_taken(course, ackademy):
    shutil.rmtree(course.spec)
    assert ackademy(NAME)[2].startswith("ackademy: there is a charge_once already")


def test_all_that_is_to_be_written_is_marked(course):
    new_exercise(course.layout, "letters", STEM)
    forget()
    told = texts.todos(course.layout, "letters")
    places = [said.split(": still")[0].split(", line")[0] for said in told]
    assert {place: places.count(place) for place in places} == {
        "graders/specs/letters/hints.md": 6,
        "graders/specs/letters/spec.py": 6,
        "solutions/letters/letters.ipynb, the cell title": 2,
        "solutions/letters/letters.ipynb, the cell solution": 1,
    }


def test_others_are_checked_and_released_as_before(course):
    from graders.autograde.release import generate

    new_exercise(course.layout, "letters")
    forget()
    assert [v.outcome for v in check_cells(NAME, [made.GOOD])] == ["pass"] * 3
    for name in (NAME, "letters"):
        generate(course.root, name, course.root / "exercises")
    assert texts.starter(course.layout, "letters") == []
    assert len(trials.solutions(course.layout, "letters")) == 1


def test_the_linters_have_nothing_to_say_about_it(course):
    for path in new_exercise(course.layout, "letters", STEM):
        for command in ("check", "format --check"):
            done = subprocess.run(
                ["ruff", *command.split(), "--no-cache", "--config", ROOT / "pyproject.toml", path],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_way_that_contributing_describes_ends_where_all_is_well(tmp_path):
    """In a copy of the repository, by the commands alone."""
    for name in ("ackademy", "graders", "minibroker", "course", "solutions", "exercises"):
        shutil.copytree(
            ROOT / name, tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "0"}

    def ackademy(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "ackademy", *arguments],
            capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    def dev_check() -> tuple[int, str]:
        return ackademy("dev", "check", NAME, "--seeds", "1", "--processes", "1")

    assert ackademy("new", "exercise", NAME, "--lesson", "00_start_here")[0] == 0
    status, said = dev_check()
    assert status == 1
    for part in (
        "it has no chaffs in",
        "it has no wheats in",
        "still to do: a title",
        "00_start_here.ipynb does not lead to it",
        f"there is no exercises/{NAME}/{NAME}.ipynb",
        "wheat 0 (the solution notebook's cell) gets error",
        "the cell check-nothing-lost raises CheckFailed",
    ):
        assert part in said, said
    assert ackademy("check", "start_here", "--file", str(wheat(tmp_path)))[0] == 0
    # `ackademy dev notebooks` leaves what does not run yet, says so, and goes on.
    assert ackademy("dev", "notebooks", f"solutions/{NAME}/{NAME}.ipynb") == (2, "")

    spec = tmp_path / "graders" / "specs" / NAME
    notebook = tmp_path / "solutions" / NAME / f"{NAME}.ipynb"
    for anomaly, source in CHAFFS.values():
        (spec / "chaffs" / f"{anomaly}.py").write_text(made.chaff(anomaly, source))
    (spec / "spec.py").write_text(made.SPEC.replace(STEM, "00_start_here"))
    for name, source in made.WHEATS.items():
        (spec / "wheats" / f"{name}.py").write_text(source)
    (spec / "hints.md").write_text(made.HINTS)
    write_solution(notebook)
    link(tmp_path / "course" / "00_start_here.ipynb")
    assert ackademy("dev", "notebooks", str(notebook))[0] == 0
    assert ackademy("dev", "exercises")[0] == 0
    status, said = dev_check()
    assert said == (
        f"{NAME}: all well\ncourse/00_start_here: all well\nno problems in 2 looked at\n"
    )
    assert status == 0


def wheat(root: Path) -> Path:
    [path] = (root / "graders" / "specs" / "start_here" / "wheats").glob("*.py")
    return path


def write_solution(path: Path) -> None:
    """What an author does in JupyterLab: the text, the solution, a grade cell for each check."""
    from nbformat import write

    book = made.solution_notebook()
    assert CHARGE_WITH_KEY in book.cells[2].source
    write(book, path)


def link(lesson: Path) -> None:
    from nbformat import read, write

    book = read(lesson, 4)
    book.cells[-1].source += f"\n\n[{NAME}](../exercises/{NAME}/{NAME}.ipynb)"
    write(book, lesson)
