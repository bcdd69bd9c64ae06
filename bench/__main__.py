"""``make bench``: all benchmarks, or those named, as in ``make bench ARGS=grading``.

The aims stand beside the figures. Each is the median of several rounds; a machine's noise is
the spread that is printed with it.
"""

import argparse
import os
import sys

from bench import amqp, amqp_killing, aws, checking, fuzzing, grading, killing, storage, wire

SECTIONS = ("checking", "grading", "wire", "amqp", "aws", "storage", "fuzzing", "killing")


def main() -> None:
    """Run the benchmarks that were asked for."""
    if sys.flags.hash_randomization:
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])
    parser = argparse.ArgumentParser(prog="python -m bench", description="Print the benchmarks.")
    parser.add_argument("section", nargs="*", help=f"any of {', '.join(SECTIONS)}; else all")
    parser.add_argument("--submissions", type=int, default=grading.SUBMISSIONS, metavar="N")
    parser.add_argument("--rounds", type=int, default=grading.ROUNDS, metavar="N")
    parser.add_argument("--frames", type=int, default=fuzzing.FRAMES, metavar="N")
    parser.add_argument("--kills", type=int, default=killing.ROUNDS, metavar="N")
    given = parser.parse_args()
    if unknown := set(given.section).difference(SECTIONS):
        parser.error(f"there is no {', '.join(unknown)}; give any of {', '.join(SECTIONS)}")
    if given.submissions < 1 or given.rounds < 1:
        parser.error("there is nothing to measure; give --submissions and --rounds from 1")
    for name in given.section or SECTIONS:
        if name == "grading":
            grading.main(given.submissions, given.rounds)
        elif name == "wire":
            wire.main(given.rounds)
        elif name == "amqp":
            amqp.main(given.rounds)
        elif name == "aws":
            aws.main(given.rounds)
        elif name == "storage":
            storage.main()
        elif name == "fuzzing":
            fuzzing.main(given.frames)
        elif name == "killing":
            killing.main(given.kills)
            amqp_killing.main(given.kills)
        else:
            checking.main()


if __name__ == "__main__":
    main()
