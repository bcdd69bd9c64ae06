"""The command line: ``ackademy lab | check | replay | hint | dev``.

Every command ends with 0 when it did what was asked and all is well, 1 when a check did not
pass, and 2 with one sentence on standard error when it could not do what was asked.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ackademy.cells import CannotDo
from ackademy.drill import commands as drill
from graders.spec import UnknownName
from graders.token import BadToken
from minibroker.sim.ticks import DoesNotParse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit status."""
    steady_hashes()
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        status: int = options.run(options)
        return status
    except (CannotDo, UnknownName, BadToken, DoesNotParse) as error:
        print(f"ackademy: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def steady_hashes() -> None:
    """Start this command again with PYTHONHASHSEED=0 unless it was: sets of strings then have
    the same order in every run, here as in the children, so checks can run inline."""
    if sys.flags.hash_randomization and os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "ackademy", *sys.argv[1:]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ackademy", description="Learn message queues by breaking them."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the course in JupyterLab (takes its arguments)")
    lab.set_defaults(run=_lab)

    check = commands.add_parser("check", help="check your solution of an exercise")
    _add_source(check)
    check.add_argument("--seed", type=_seed, default=0, help="a variant of the scenario, from 0")
    check.add_argument("--graded", action="store_true", help="run as graded, in children only")
    check.set_defaults(run=_check)

    drill.add_to(commands)

    replay = commands.add_parser("replay", help="run the schedule of a replay token again")
    replay.add_argument("token")
    replay.add_argument("--file", type=Path, help="your notebook or .py file")
    replay.add_argument("--trace", action="store_true", help="print the trace, one JSON a line")
    replay.add_argument("--child", action="store_true", help="run in children only")
    replay.set_defaults(run=_replay)

    hint = commands.add_parser("hint", help="one hint for an exercise, then the next")
    hint.add_argument("exercise")
    hint.add_argument("number", type=int, nargs="?", default=1, help="which hint, from 1")
    hint.set_defaults(run=_hint)

    dev = commands.add_parser("dev", help="for those who write the course")
    parts = dev.add_subparsers(required=True, metavar="PART")
    exercises = parts.add_parser("exercises", help="make exercises/ from solutions/ anew")
    exercises.set_defaults(run=_exercises)
    drawn = parts.add_parser("pictures", help="draw the documentation's pictures anew")
    drawn.set_defaults(run=_pictures)
    notebooks = parts.add_parser("notebooks", help="run lessons and solutions, keep the outputs")
    notebooks.add_argument("paths", type=Path, nargs="*", help="which; all if none is given")
    notebooks.set_defaults(run=_notebooks)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise")
    parser.add_argument("--file", type=Path, help="your notebook or .py file")


def _seed(text: str) -> int:
    """A seed as a replay token can carry it."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; give a whole number from 0")
    return int(text)


def _lab(options: argparse.Namespace) -> int:
    from ackademy.lab import open_lab

    return open_lab(options.rest)


def _check(options: argparse.Namespace) -> int:
    from ackademy.cells import cells_of, notebook_of
    from graders import explain
    from graders.check import check_cells
    from graders.spec import load

    load(options.exercise)
    path = options.file or notebook_of(options.exercise)
    verdicts = check_cells(options.exercise, cells_of(path), options.seed, options.graded)
    for verdict in verdicts:
        print(explain.text(verdict))
    got, most = (sum(getattr(v, name) for v in verdicts) for name in ("points", "most"))
    print(f"{got} of {most} points for {path}")
    if options.graded:
        _say_confinement()
    return 0 if got == most else 1


def _say_confinement() -> None:
    from graders.sandbox.transport import confinement

    has, lacks = confinement()
    print(f"confined by: {', '.join(has)}")
    for sentence in lacks:
        print(f"not confined: {sentence}")


def _replay(options: argparse.Namespace) -> int:
    from ackademy.cells import cells_of, notebook_of
    from graders import explain
    from graders.cell import NoSolution, solution
    from graders.check import one_run
    from graders.spec import load
    from graders.token import fingerprint, token

    parsed = token(options.token)
    spec = load(parsed.exercise)
    parsed.expect(spec.version)
    path = options.file or notebook_of(parsed.exercise)
    try:
        source = solution(cells_of(path), spec.entries)
    except NoSolution as error:
        raise CannotDo(f"{path}: {error}") from None
    if fingerprint(source) != parsed.source:
        raise BadToken(
            f"the token was made for other code than what {path} has now; run the check again "
            "for a new one, or give the old code with --file"
        )
    run, findings = one_run(spec, source, parsed.plan, parsed.seed, graded=options.child)
    print(run.trace.text() if options.trace else explain.run_text(run, findings), end="")
    return 1 if findings else 0


def _hint(options: argparse.Namespace) -> int:
    from graders.hints import hints
    from graders.spec import load

    found = hints(load(options.exercise).name)
    if not found:
        raise CannotDo(f"there are no hints for {options.exercise}")
    if not 1 <= options.number <= len(found):
        raise CannotDo(f"{options.exercise} has hints 1 to {len(found)}; give one of them")
    hint = found[options.number - 1]
    print(f"Hint {options.number} of {len(found)}: {hint.title}\n\n{hint.text}")
    if options.number < len(found):
        print(f"\nStill stuck? ackademy hint {options.exercise} {options.number + 1}")
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
    from ackademy.dev.notebooks import run_notebook

    root = course_root()
    found = [*(root / "course").glob("*.ipynb"), *(root / "solutions").glob("*/*.ipynb")]
    for path in options.paths or sorted(found):
        run_notebook(path)
        print(path)
    return 0


def _pictures(options: argparse.Namespace) -> int:
    from ackademy.cells import course_root
    from ackademy.dev.pictures import draw

    for path in draw(course_root()):
        print(path)
    return 0
