"""Cells in, verdicts out: the one way from a learner's code to what it is worth.

Notebook helper, command line and autograding all come through here. In a kernel new source
runs once without faults in a child process, with a wall clock, and then inline; a graded run
uses children for everything. All checks of an exercise share one exploration, kept by the
source's fingerprint, so the second check cell costs nothing.
"""

import sys
from collections.abc import Iterable
from functools import lru_cache

from graders.cell import NoSolution, solution
from graders.explore import Transport, explore
from graders.spec import Spec, load
from graders.token import fingerprint
from graders.verdict import Verdict, no_verdict, verdicts
from minibroker.sim.ticks import DoesNotParse


def check_cells(
    name: str, cells: Iterable[str], seed: int = 0, graded: bool = False
) -> list[Verdict]:
    """The verdict of every check of exercise `name` for a notebook's code cells, in order.

    Raises `graders.spec.UnknownName`; everything that a learner can do wrong is a verdict.
    """
    spec = load(name)
    try:
        source = solution(cells, spec.entries)
    except NoSolution as error:
        return no_verdict(spec, str(error))
    except DoesNotParse as error:
        return no_verdict(spec, f"your cell cannot be run: {error}")
    return check_source(spec, source, seed, graded)


def check_source(spec: Spec, source: str, seed: int = 0, graded: bool = False) -> list[Verdict]:
    """The verdicts for the source of one solution cell."""
    return list(_checked(spec.name, source, seed, graded))


@lru_cache(maxsize=64)
def _checked(name: str, source: str, seed: int, graded: bool) -> tuple[Verdict, ...]:
    from graders.sandbox.transport import children  # late: `--help` should not pay for it

    spec = load(name)
    try:
        first: Transport = children(source)
        later = first if graded or not inline_is_steady() else _inline(source)
    except DoesNotParse as error:
        return tuple(no_verdict(spec, f"your cell cannot be run: {error}"))
    exploration = explore(spec, later, seed, first)
    return tuple(verdicts(spec, exploration, fingerprint(source)))


def inline_is_steady() -> bool:
    """Whether sets of strings have the same order in this interpreter as in a child, which
    needs PYTHONHASHSEED=0. Otherwise everything runs in children, some ten times slower."""
    return sys.flags.hash_randomization == 0


def _inline(source: str) -> Transport:
    from minibroker.sim.inline import Inline

    return Inline(source)
