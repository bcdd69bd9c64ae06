"""``ackademy drill``: list the drills, or run one in the terminal."""

import argparse
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Add the command to the parser's commands."""
    drill = commands.add_parser("drill", help="practise for an interview: bug hunts and sizing")
    drill.add_argument("name", nargs="?", help="which drill; without one they are listed")
    drill.add_argument("--seed", type=_seed, default=0, help="other numbers, from 0")
    drill.add_argument("--again", action="store_true", help="start anew instead of going on")
    drill.set_defaults(run=_drill)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; give a whole number from 0")
    return int(text)


def _drill(options: argparse.Namespace) -> int:
    from ackademy.drill.catalogue import drill_of, listing

    if options.name is None:
        print(listing())
        print("\nStart one with: ackademy drill NAME")
        return 0
    drill = drill_of(options.name)
    from ackademy.drill.sitting import Sitting
    from ackademy.drill.terminal import Terminal

    return Terminal().run(Sitting(drill, Path.cwd(), options.seed, options.again))
