"""The commands of a learner at work, and of an instructor who grades: ``start | watch | reset |
hint | progress | instructor``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ackademy.cells import CannotDo

if TYPE_CHECKING:
    from graders.verdict import Verdict


def add_to(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    start = commands.add_parser("start", help="make your own copy of an exercise, in answers/")
    start.add_argument("exercises", nargs="*", metavar="EXERCISE", help="which; all if none")
    start.set_defaults(run=_start)

    watch = commands.add_parser("watch", help="check your solution each time you save it")
    watch.add_argument("exercise")
    watch.add_argument("--file", type=Path, help="your notebook or .py file")
    watch.set_defaults(run=_watch)

    reset = commands.add_parser("reset", help="begin an exercise anew; what was there is kept")
    reset.add_argument("exercise")
    reset.add_argument("--undo", action="store_true", help="bring back what was kept last")
    reset.set_defaults(run=_reset)

    hint = commands.add_parser("hint", help="the next hint for an exercise")
    hint.add_argument("exercise")
    hint.add_argument("number", type=int, nargs="?", help="this hint, from 1, once more")
    hint.add_argument("--force", action="store_true", help="also one further on than the next")
    hint.set_defaults(run=_hint)

    progress = commands.add_parser("progress", help="what you can learn here, and how far you are")
    progress.set_defaults(run=_progress)

    instructor = commands.add_parser("instructor", help="for those who teach a class")
    parts = instructor.add_subparsers(required=True, metavar="PART")
    grade = parts.add_parser("grade", help="grade what was handed in, and list the marks")
    grade.add_argument("exercise")
    grade.add_argument("--course", type=Path, help="the class's folder; this one if not given")
    grade.add_argument("--feedback", action="store_true", help="make the feedback as well")
    grade.set_defaults(run=_grade)


def after_check(exercise: str, verdicts: "Sequence[Verdict]", seed: int) -> str:
    """Keep what a check came to, but not that of a variant, which may be an easier one; gives a
    line about hints, empty when nothing failed."""
    from ackademy.hinting import has_hints
    from ackademy.progress.results import record

    if seed == 0:
        record(exercise, verdicts)
    missing = any(verdict.points < verdict.most for verdict in verdicts)
    stuck = has_hints(exercise) and missing
    return f"Stuck? ackademy hint {exercise}" if stuck else ""


def _start(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.start import names, start

    root = course_root()
    for name in options.exercises or names(root):
        started = start(root, name)
        print(started.note or f"{started.path.relative_to(root)} is there already")
    return 0


def _watch(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.progress.results import record
    from ackademy.start import start
    from ackademy.watch import Screen, is_fancy, watch
    from graders.check import check_notebook
    from graders.spec import load

    load(options.exercise)
    path = options.file
    if path is None:
        started = start(course_root(), options.exercise)
        path = started.path
        if started.note:
            print(started.note)

    def check(cells: "Sequence[str]") -> "Sequence[Verdict]":
        verdicts = check_notebook(options.exercise, cells)
        record(options.exercise, verdicts)
        return verdicts

    fancy = is_fancy(sys.stdout.isatty())
    watch(path, check, Screen(lambda text: print(text, flush=True), fancy))
    return 0


def _reset(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.reset import reset, undo

    print((undo if options.undo else reset)(course_root(), options.exercise))
    return 0


def _hint(options: argparse.Namespace) -> int:
    from ackademy.hinting import take

    name = options.exercise
    print(take(name, options.number, options.force, lambda n: f"ackademy hint {name} {n}"))
    return 0


def _progress(options: argparse.Namespace) -> int:
    from ackademy.progress import store
    from ackademy.progress.report import report
    from graders.spec import names

    try:
        entries = store.read()
    except store.NotKept as error:
        raise CannotDo(str(error)) from None
    kept = f"Kept in {store.path()}, and nowhere else; it never leaves this machine."
    if store.is_off():
        kept += " Nothing is added to it now, since ACKADEMY_PROGRESS is off."
    print(report(entries, names(), kept))
    return 0


def _grade(options: argparse.Namespace) -> int:
    from ackademy.instructor.grade import grade

    return grade(options.exercise, options.course or Path.cwd(), options.feedback)
