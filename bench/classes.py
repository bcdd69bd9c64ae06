"""A class that handed in, in a folder of its own, once for each way to grade it.

Both ways grade the same release: nbgrader's own from the solution notebook, whose check cells
call the same graders. The submissions are the exercise's wheats and chaffs by turns.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path

from bench.checking import solution_cell

ROOT = Path(__file__).parent.parent
STOCK_DIRECTORIES = ("source", "release")
OUR_DIRECTORIES = ("solutions", "exercises")


@dataclass(frozen=True)
class Submission:
    """A student's solution cell, and the points that it must get by each way."""

    student: str
    source: str
    points: float


def submissions(exercise: str, many: int) -> list[Submission]:
    """Wheats and chaffs by turns. No two sources are the same, or the second of them would cost
    ours nothing."""
    from graders.content import chaffs, wheats
    from graders.spec import load

    spec = load(exercise)
    good: list[tuple[str, set[str]]] = [
        (solution_cell(exercise), set()),
        *((w.source, set()) for w in wheats(exercise)),
    ]
    bad = [(chaff.source, chaff.failed_checks(spec)) for chaff in chaffs(exercise)]
    turns = chain.from_iterable(zip(cycle(good), cycle(bad), strict=False))
    return [
        Submission(
            f"student-{number:03}",
            f"{source.rstrip()}\n# {number}",
            sum(check.points for check in spec.checks if check.id not in failed),
        )
        for number, (source, failed) in enumerate(islice(turns, many), 1)
    ]


@dataclass(frozen=True)
class Batch:
    """What grading a class took: seconds of wall time, and of processors in all its processes."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Class:
    """A course's folder as it is before anything was graded. `ours` is whether nbgrader is given
    this repository's configuration; otherwise it has none at all."""

    folder: Path
    exercise: str
    ours: bool

    def grade(self, into: Path) -> Batch:
        """Grade a copy of it in one process ``nbgrader autograde``."""
        if into.exists():
            shutil.rmtree(into)
        shutil.copytree(self.folder, into)
        start, used = time.perf_counter(), processor()
        nbgrader("autograde", self.exercise, into)
        return Batch(time.perf_counter() - start, processor() - used)


def processor() -> float:
    """Seconds that processes which were started here, and theirs, have used before they ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def open_class(folder: Path, exercise: str, handed_in: list[Submission], ours: bool) -> Class:
    """Release an exercise by `nbgrader generate_assignment`, and hand in."""
    source, release = OUR_DIRECTORIES if ours else STOCK_DIRECTORIES
    shutil.copytree(ROOT / "solutions" / exercise, folder / source / exercise)
    if ours:
        shutil.copy(ROOT / "nbgrader_config.py", folder)
    nbgrader("generate_assignment", exercise, folder)
    notebook = json.loads((folder / release / exercise / f"{exercise}.ipynb").read_text())
    for each in handed_in:
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == f"{exercise}-solution":
                cell["source"] = each.source
        path = folder / "submitted" / each.student / exercise / f"{exercise}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
    return Class(folder, exercise, ours)


def nbgrader(command: str, exercise: str, folder: Path) -> None:
    """One of nbgrader's commands, in a process that sees no configuration but the folder's."""
    programs = str(Path(sys.executable).parent)
    environment = os.environ | {
        "ACKADEMY_PROGRESS": "off",  # a check in a kernel would note it as the user's own
        "JUPYTER_CONFIG_DIR": str(folder / "no-configuration"),
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", command, exercise],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"nbgrader {command} {exercise} failed in {folder}:\n{done.stderr}")


def points(folder: Path, exercise: str) -> dict[str, float]:
    """What the gradebook has, by student, of the checks of the exercise itself."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: sum(
                grade.auto_score or 0.0
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.name.startswith(f"{exercise}-")
            )
            for submission in gradebook.assignment_submissions(exercise)
        }
