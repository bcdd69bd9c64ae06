"""The command line: ``ackademy lab | check | replay | dev``, and those of `ackademy.commands`.

Every command ends with 0 when it did what was asked and all is well, 1 when a check did not
pass, and 2 with one sentence on standard error when it could not do what was asked.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ackademy import commands as learning
from ackademy.brokers import commands as brokers
from ackademy.cells import CannotDo
from ackademy.dev import commands as dev
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
    check.add_argument(
        "--on",
        choices=("mini-wire", "docker", "native", "external"),
        help="crash it for real, on this broker, by the real client library",
    )
    check.set_defaults(run=_check)

    drill.add_to(commands)

    replay = commands.add_parser("replay", help="run the schedule of a replay token again")
    replay.add_argument("token")
    replay.add_argument("--file", type=Path, help="your notebook or .py file")
    replay.add_argument("--trace", action="store_true", help="print the trace, one JSON a line")
    replay.add_argument("--child", action="store_true", help="run in children only")
    replay.set_defaults(run=_replay)

    learning.add_to(commands)

    brokers.add_to(commands)

    dev.add_to(commands)
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
    from ackademy.commands import after_check
    from graders import explain
    from graders.check import check_notebook
    from graders.spec import load

    load(options.exercise)
    path = options.file or notebook_of(options.exercise)
    if options.on:
        from ackademy.reality.commands import check_on

        return check_on(options.exercise, path, options.on)
    verdicts = check_notebook(options.exercise, cells_of(path), options.seed, options.graded)
    for verdict in explain.pictured_once(verdicts):
        print(explain.text(verdict))
    if not options.graded and (stuck := after_check(options.exercise, verdicts, options.seed)):
        print(stuck)
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
    from graders.check import OUT_OF_TIME, one_run
    from graders.explore import OutOfTime
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
    try:
        run, findings = one_run(spec, source, parsed.plan, parsed.seed, graded=options.child)
    except OutOfTime:
        raise CannotDo(f"{path}: {OUT_OF_TIME}") from None
    print(run.trace.text() if options.trace else explain.run_text(run, findings), end="")
    return 1 if findings else 0
