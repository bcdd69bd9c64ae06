"""``ackademy brokers up | down | status | doctor``, and ``ackademy doctor``."""

import argparse
import sys
from typing import Any

from ackademy.brokers.kinds import KINDS, TITLES


def add_to(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    brokers = commands.add_parser("brokers", help="brokers for your notebooks and programs")
    parts = brokers.add_subparsers(required=True, metavar="PART")

    up = parts.add_parser("up", help="start brokers and leave them running until down")
    _add_kinds(up)
    up.add_argument("--provider", help="mini (the bundled one), docker or native")
    up.set_defaults(run=_up)

    down = parts.add_parser("down", help="end what up started")
    _add_kinds(down)
    down.set_defaults(run=_down)

    status = parts.add_parser("status", help="what is up, and whether it answers")
    status.set_defaults(run=_status)

    for where in (parts, commands):
        doctor = where.add_parser("doctor", help="what of the course will work on this machine")
        doctor.add_argument(
            "--try", dest="tries", action="store_true", help="start every broker once, for real"
        )
        doctor.set_defaults(run=_doctor)


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all if none")


def _up(options: argparse.Namespace) -> int:
    from ackademy.brokers.raising import raise_all

    kinds = _kinds(options.kinds)
    failed = False
    for up, sentence in raise_all(kinds, options.provider):
        print(sentence, file=sys.stdout if up else sys.stderr, flush=True)
        failed = failed or not up
    if not failed:
        print("brokers.kafka() and its like use them; ackademy brokers down ends them.")
    return 2 if failed else 0


def _down(options: argparse.Namespace) -> int:
    from ackademy.brokers import standing
    from ackademy.brokers.sweeping import sweep_everything

    kinds = _kinds(options.kinds)
    ended = [kind for kind in kinds if standing.down(kind)]
    for kind in ended:
        print(f"{TITLES[kind]}: ended")
    for sentence in sweep_everything():
        print(sentence)
    if not ended:
        print("no broker was up")
    return 0


def _status(options: argparse.Namespace) -> int:
    from ackademy.brokers import standing
    from ackademy.brokers.asking import Silent, ask
    from ackademy.brokers.raising import line

    found = standing.everything()
    for each in found:
        try:
            ask(each.address)
            print(line(each.address))
        except Silent as silent:
            print(f"{line(each.address)}, but it does not answer ({silent})")
    if not found:
        print("no broker is up; ackademy brokers up starts them")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from ackademy.brokers.doctor import examine

    return examine(options.tries, lambda text: print(text, flush=True))


def _kinds(given: list[str]) -> list[str]:
    from ackademy.brokers.errors import NoBroker

    for kind in given:
        if kind not in KINDS:
            raise NoBroker(f"there is no broker {kind!r}; choose from {', '.join(KINDS)}")
    return given or list(KINDS)
