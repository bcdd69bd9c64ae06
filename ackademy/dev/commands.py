"""The commands for those who write the course: ``ackademy new`` and ``ackademy dev``."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: "Commands") -> None:
    """Add them to the command line."""
    dev = commands.add_parser("dev", help="for those who write the course")
    parts = dev.add_subparsers(required=True, metavar="PART")

    check = parts.add_parser("check", help="does the content keep what it promises?")
    _add_trials(check, seeds=3)
    check.set_defaults(run=_check)

    flake = parts.add_parser("flake", help="are verdicts the same for every seed and transport?")
    _add_trials(flake, seeds=50)
    flake.add_argument(
        "--graded",
        type=_number,
        metavar="N",
        help="with so many of the seeds graded too, not with all: it takes several times as long",
    )
    flake.set_defaults(run=_flake)

    exercises = parts.add_parser("exercises", help="make exercises/ from solutions/ anew")
    exercises.set_defaults(run=_exercises)

    drawn = parts.add_parser("pictures", help="draw the documentation's pictures anew")
    drawn.set_defaults(run=_pictures)

    notebooks = parts.add_parser("notebooks", help="run lessons and solutions, keep the outputs")
    notebooks.add_argument("paths", type=Path, nargs="*", help="which; all if none is given")
    notebooks.set_defaults(run=_notebooks)

    new = commands.add_parser("new", help="begin something of the course")
    kinds = new.add_subparsers(required=True, metavar="WHAT")
    exercise = kinds.add_parser("exercise", help="write the files of a new exercise to fill in")
    exercise.add_argument("name", help="such as dead_letter_queue")
    exercise.add_argument("--lesson", default="", help="such as 07_dead_letter_queue")
    exercise.set_defaults(run=_new_exercise)


def _add_trials(parser: argparse.ArgumentParser, seeds: int) -> None:
    parser.add_argument("exercise", nargs="*", help="which; all if none is given")
    parser.add_argument(
        "--seeds", type=_number, default=seeds, help=f"how many variants, from 0 (default {seeds})"
    )
    parser.add_argument(
        "--processes", type=_number, default=os.cpu_count() or 1, help="how many work at once"
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _show(line: str) -> None:
    print(line, flush=True)


def _check(options: argparse.Namespace) -> int:
    from ackademy.dev.check import check, report
    from ackademy.dev.layout import layout
    from ackademy.dev.trials import workers

    with workers(options.processes) as try_all:
        groups = check(
            layout(),
            options.exercise,
            range(options.seeds),
            try_all,
            lambda what: _progress(f"... {what}"),
        )
        return 1 if report(groups, _show) else 0


def _flake(options: argparse.Namespace) -> int:
    from ackademy.cells import CannotDo
    from ackademy.dev.flake import flakes
    from ackademy.dev.layout import layout
    from ackademy.dev.specs import folder
    from ackademy.dev.trials import solutions, workers
    from graders.spec import UnknownName, names

    began = time.monotonic()
    here = layout()
    chosen = list(dict.fromkeys(options.exercise)) or names()
    for name in chosen:
        if name not in names():
            raise UnknownName("exercise", name, names())
        if wrong := folder(here, name):
            raise CannotDo("; ".join(wrong))
    found = {name: solutions(here, name) for name in chosen}
    status = 0
    with workers(options.processes) as try_all:
        for name, some in found.items():
            done = flakes(name, some, range(options.seeds), try_all, options.graded)
            _show(str(done))
            for sentence in done.sentences:
                _show(f"  - {sentence}")
            status = 1 if done.sentences else status
            _progress(f"... {time.monotonic() - began:.0f} s")
    return status


def _new_exercise(options: argparse.Namespace) -> int:
    from ackademy.dev.layout import layout
    from ackademy.dev.scaffold import new_exercise

    here = layout()
    for path in new_exercise(here, options.name, options.lesson):
        _show(here.shown(path))
    _show(f"ackademy dev check {options.name} lists what is still to write")
    return 0


def _exercises(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from graders.autograde.release import generate

    root = course_root()
    for folder in sorted((root / "solutions").iterdir()):
        if folder.is_dir() and not folder.name.startswith("."):
            generate(root, folder.name, root / "exercises")
            print(f"exercises/{folder.name}/{folder.name}.ipynb")
    return 0


def _notebooks(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.dev.notebooks import DoesNotRun, run_notebook

    root = course_root()
    found = [*(root / "course").glob("*.ipynb"), *(root / "solutions").glob("*/*.ipynb")]
    status = 0
    for path in options.paths or sorted(found):
        try:
            run_notebook(path)
            print(path)
        except DoesNotRun as error:
            print(f"ackademy: {path}: {error}", file=sys.stderr)
            status = 2
    return status


def _pictures(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.dev.pictures import draw

    for path in draw(course_root()):
        print(path)
    return 0
