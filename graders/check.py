"""Cells in, verdicts out: the one way from a learner's code to what it is worth.

Notebook helper, command line and autograding all come through here. In a kernel new source
runs once without faults in a child process, with a wall clock, and then inline; a graded run
uses children for everything. All checks of an exercise share one exploration, kept by the
source's fingerprint, so the second check cell costs nothing.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache

from graders.cell import NoSolution, solution
from graders.explore import OutOfTime, Transport, explore, is_hopeless, launcher, run
from graders.judges import Finding, judge
from graders.spec import Spec, load, with_parts
from graders.stage import Run
from graders.token import fingerprint
from graders.verdict import Verdict, no_verdict, not_written, verdicts
from minibroker.sim.faults import Plan
from minibroker.sim.ticks import DoesNotParse

OUT_OF_TIME = (
    "your code ran on for so long without faults that there was no time to try any; take out what "
    "computes or waits outside the simulator, and run this check again"
)


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
        return no_verdict(spec, str(error)) if spec.points else not_written(spec)
    except DoesNotParse as error:
        return no_verdict(spec, f"your cell cannot be run: {error}")
    return check_source(spec, source, seed, graded)


def check_notebook(
    name: str, cells: Sequence[str], seed: int = 0, graded: bool = False
) -> list[Verdict]:
    """The verdicts of an exercise and of the further parts of its notebook."""
    return [
        verdict
        for spec in with_parts(load(name))
        for verdict in check_cells(spec.name, cells, seed, graded)
    ]


def check_source(spec: Spec, source: str, seed: int = 0, graded: bool = False) -> list[Verdict]:
    """The verdicts for the source of one solution cell."""
    return list(_checked(spec.name, source, seed, graded))


@lru_cache(maxsize=64)
def _checked(name: str, source: str, seed: int, graded: bool) -> tuple[Verdict, ...]:
    from graders.sandbox.transport import children  # late: `--help` should not pay for it

    spec = load(name)
    try:
        first: Transport = children(source)
        later = first if graded else _later(source, first)
    except DoesNotParse as error:
        return tuple(no_verdict(spec, f"your cell cannot be run: {error}"))
    try:
        exploration = explore(spec, later, seed, first)
    except OutOfTime:
        return tuple(no_verdict(spec, OUT_OF_TIME))
    return tuple(verdicts(spec, exploration, fingerprint(source)))


def inline_is_steady() -> bool:
    """Whether sets of strings have the same order in this interpreter as in a child, which
    needs PYTHONHASHSEED=0. Otherwise everything runs in children, some ten times slower."""
    return sys.flags.hash_randomization == 0


def _inline(source: str) -> Transport:
    from minibroker.sim.inline import Inline

    return Inline(source)


def one_run(
    spec: Spec, source: str, plan: Plan, seed: int = 0, graded: bool = False
) -> tuple[Run, list[Finding]]:
    """One schedule of a source, and what the spec's judges find in it.

    New source runs without faults in a child first. Raises `DoesNotParse`, and `OutOfTime` when
    its real time is up.
    """
    from graders.sandbox.transport import children

    child = children(source)
    alone = run(spec, launcher(spec, child, seed), (), seed)
    stay = graded or is_hopeless(alone.trace)
    transport = child if stay else _later(source, child)
    tried = run(spec, launcher(spec, transport, seed), plan, seed)
    anomalies = dict.fromkeys(name for check in spec.checks for name in check.anomalies)
    return tried, [found for name in anomalies for found in judge(name).find(tried.trace)]


def _later(source: str, child: Transport) -> Transport:
    return _inline(source) if inline_is_steady() else child
