"""Submissions a minute: our nbgrader configuration against nbgrader as it comes.

The rounds of the two alternate, so that a machine's noise hits both alike. Marks are read from
both gradebooks and have to be right, or the figures would say nothing.
"""

import tempfile
from pathlib import Path

from bench.classes import Batch, Class, Submission, open_class, points, submissions
from bench.figures import row

EXERCISE = "at_least_once_worker"
SUBMISSIONS = 12
ROUNDS = 3

COMPARED = """\
grading {many} submissions of {exercise}, wheats and chaffs by turns, median of {rounds} round(s)
Each figure is a batch: the wall time of one process `nbgrader autograde`, with its start and its
imports, by the number of submissions; a batch of one that warms up does not count. Both grade the
same release, with an empty gradebook, one submission after the other. The time of processors is
that of all its processes together, which other work on this machine disturbs less.
  ours   nbgrader_config.py of this repository: a submission's checks are run in child processes
  stock  nbgrader without configuration: a kernel for each submission, where Execute runs the
         check cells, which call the same graders in it (inline after one run in a child)\
"""


def main(many: int = SUBMISSIONS, times: int = ROUNDS) -> None:
    """Print what is compared, submissions a minute of each, and the factor between them."""
    handed_in = submissions(EXERCISE, many)
    print(COMPARED.format(many=many, exercise=EXERCISE, rounds=times), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        taken = batches(root, handed_in, times)
    for name, each in taken.items():
        print(row(f"{name}, a submission", [batch.wall / many for batch in each], "s"))
    for name, each in taken.items():
        used = [batch.processor / many for batch in each]
        print(row(f"{name}, a submission, time of processors", used, "s"))
    for name, each in taken.items():
        print(row(f"{name}, submissions a minute", [60 * many / b.wall for b in each], "/min"))
    rounds = list(zip(taken["ours"], taken["stock"], strict=True))
    print(row("factor", [stock.wall / ours.wall for ours, stock in rounds], "", "10"))
    used = [stock.processor / ours.processor for ours, stock in rounds]
    print(row("factor, time of processors", used, ""))


def batches(root: Path, handed_in: list[Submission], times: int) -> dict[str, list[Batch]]:
    """Each batch, by the way it was graded."""
    classes: dict[str, Class] = {}
    for name in ("ours", "stock"):
        ours = name == "ours"
        open_class(root / f"{name}-first", EXERCISE, handed_in[:1], ours).grade(root / "warm-up")
        classes[name] = open_class(root / name, EXERCISE, handed_in, ours)
    taken: dict[str, list[Batch]] = {name: [] for name in classes}
    for _ in range(times):
        for name, each in classes.items():
            graded = root / f"{name}-graded"
            taken[name].append(each.grade(graded))
            expect_marks(name, points(graded, EXERCISE), handed_in)
    return taken


def expect_marks(name: str, found: dict[str, float], handed_in: list[Submission]) -> None:
    """End with a sentence when a submission did not get what it is worth."""
    for each in handed_in:
        if found.get(each.student) != each.points:
            raise SystemExit(
                f"{name} gave {each.student} {found.get(each.student)} points, where the solution "
                f"is worth {each.points}; look at its grading before its speed"
            )
