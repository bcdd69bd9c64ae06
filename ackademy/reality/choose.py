"""Which schedules are tried for real: those by which promises are broken, and some that keep them.

Each schedule costs as long as its delays are, so for each anomaly that the simulator found it is
the one that shows it most surely: the run without faults, else a crash, else a lost or refused
answer of a ledger, else a process that stands still. A spread of those that passed goes along, for
the simulator may also be wrong about them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ackademy.reality.points import NoPoint, Point, op_of, point_of
from graders.content import looked_for
from graders.explore import Broken, Exploration
from graders.stage import Run
from minibroker.sim.faults import Plan, written
from minibroker.sim.trace import (
    Appended,
    Declined,
    Delivered,
    OffsetsCommitted,
    Polled,
    Published,
    Requested,
    Settled,
    SideEffect,
    Trace,
    TransactionEnded,
)

SPREAD = 3
"""How many passing schedules are tried besides the run without faults."""

TRIES = 3
"""How many failing schedules are tried at most for one anomaly, until reality agrees."""

SECURE = ("crash", "definite", "indefinite", "pause")
"""The kinds of fault that can be done for real, in the order in which they are preferred."""


MOVES = (
    Appended,
    Declined,
    Delivered,
    OffsetsCommitted,
    Polled,
    Published,
    Settled,
    SideEffect,
    TransactionEnded,
)
"""What a run is not at rest before: its last one."""


@dataclass(frozen=True)
class Schedule:
    """One to be tried: what the simulator found in it, and where its faults are."""

    plan: Plan
    points: tuple[Point, ...]
    found: tuple[str, ...]
    rest: int

    @property
    def name(self) -> str:
        """Its plan as it stands in a replay token."""
        return written(self.plan)


@dataclass(frozen=True)
class Choice:
    """`failing` are schedules by anomaly, the surest first; `passing` are the others. `unplaced`
    says of an anomaly why none of its schedules can be tried."""

    failing: dict[str, list[Schedule]]
    passing: list[Schedule]
    unplaced: dict[str, str]


def choose(exploration: Exploration, rerun: Callable[[Plan], Run]) -> Choice:
    """The schedules of an exploration that are worth trying for real. `rerun` runs one of them in
    the simulator again: what broke nothing was not kept, and when it came to rest must be known."""
    free = exploration.fault_free
    broken = {each.run.plan: each for each in exploration.broken}
    failing: dict[str, list[Schedule]] = {}
    unplaced: dict[str, str] = {}
    for anomaly in sorted(looked_for(exploration)):
        runs = [each.run for each in exploration.broken if anomaly in each.findings]
        runs.sort(key=_rank)
        schedules, why = _placed(free.trace, runs, broken)
        if schedules:
            failing[anomaly] = schedules
        else:
            unplaced[anomaly] = why
    return Choice(failing, _passing(exploration, set(broken), rerun), unplaced)


def _rank(run: Run) -> tuple[int, int, int]:
    kinds = [SECURE.index(f.kind) if f.kind in SECURE else len(SECURE) for f in run.plan]
    return len(run.plan), max(kinds, default=0), run.plan[0].at if run.plan else 0


def _placed(
    trace: Trace, runs: Sequence[Run], broken: Mapping[Plan, Broken]
) -> tuple[list[Schedule], str]:
    """The first few that can be placed on the wire, of different places; else why not."""
    found: list[Schedule] = []
    why = ""
    for run in runs:
        if len(run.plan) > 1:
            continue
        try:
            points = tuple(_point(trace, run))
        except NoPoint as no:
            why = str(no)
            continue
        if any(points == each.points for each in found):
            continue
        found.append(Schedule(run.plan, points, _names(broken[run.plan]), rest_of(run.trace)))
        if len(found) == TRIES:
            break
    return found, why or "it needs two faults"


def _point(trace: Trace, run: Run) -> list[Point]:
    points = []
    for fault in run.plan:
        point = point_of(trace, fault)
        if fault.kind not in SECURE:
            raise NoPoint(f"a {fault.kind} is nothing that a proxy does")
        points.append(point)
    return points


def _names(broken: Broken) -> tuple[str, ...]:
    return tuple(broken.findings)


def _passing(
    exploration: Exploration, broken: set[Plan], rerun: Callable[[Plan], Run]
) -> list[Schedule]:
    """The run without faults, and crashes that broke nothing, spread over all that it did."""
    trace = exploration.fault_free.trace
    rest = rest_of(trace)
    found = [] if () in broken else [Schedule((), (), (), rest)]
    requests = {each.number: each for each in trace.of(Requested)}
    whole: list[Schedule] = []
    for fault in exploration.single_faults[: exploration.singles]:
        if fault.kind != "crash" or (fault,) in broken:
            continue
        if op_of(trace, requests[fault.at]) is None:
            continue
        point = point_of(trace, fault)
        if not any(each.points == (point,) for each in whole):
            whole.append(Schedule((fault,), (point,), (), rest))
    step = max(1, len(whole) // SPREAD)
    spread = whole[step // 2 :: step][:SPREAD]
    return found + [replace(each, rest=rest_of(rerun(each.plan).trace)) for each in spread]


def rest_of(trace: Trace) -> int:
    """When something happened last (virtual time in microseconds): the rest is waiting."""
    return max((event.at for event in trace.events if isinstance(event, MOVES)), default=0)
