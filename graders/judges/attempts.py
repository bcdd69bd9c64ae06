"""How often work was tried: the reading that the judges of retries share."""

from collections.abc import Mapping
from functools import lru_cache

from graders.judges.debts import Debt, subjects
from minibroker.sim.trace import (
    Appended,
    Crashed,
    Declined,
    Delivered,
    Faulted,
    Published,
    Requeued,
    RetryPolicy,
    Settled,
    Trace,
)

MAY_WORK_LATER = frozenset({"GatewayUnavailable"})
"""The errors of work that is worth another attempt."""


def policy(trace: Trace) -> RetryPolicy | None:
    """The promise about retries, if the scenario made one."""
    found = trace.of(RetryPolicy)
    return found[-1] if found else None


def faults(trace: Trace) -> int:
    """How many faults the run suffered. Each may cost an attempt: one that was made and could not
    be written down, or one that was counted and could not be made."""
    return len(trace.of(Crashed)) + len(trace.of(Faulted))


def failed(trace: Trace) -> Mapping[str, list[tuple[int, Declined]]]:
    """The failed attempts of each subject: (position in the trace, event), in order."""
    return _failed(trace, len(trace))


@lru_cache(maxsize=2)
def _failed(trace: Trace, length: int) -> Mapping[str, list[tuple[int, Declined]]]:
    found: dict[str, list[tuple[int, Declined]]] = {}
    for position, event in enumerate(trace.events):
        if type(event) is Declined:
            found.setdefault(event.subject, []).append((position, event))
    return found


def ways(trace: Trace, subject: str, debt: Debt) -> int:
    """How many messages of one subject went their ways, each with its attempts: as many as came,
    and one more wherever a process had published it on when it lost the one it had taken."""
    came = {event.message for event in trace.of(Published) if event.who == "scenario"}
    came |= {event.message for event in trace.of(Appended) if event.who == "scenario"}
    return sum(message in came for message in debt.messages) + _forks(trace, len(trace)).get(
        subject, 0
    )


@lru_cache(maxsize=2)
def _forks(trace: Trace, length: int) -> Mapping[str, int]:
    """How often an order that had been published on came back all the same."""
    about = subjects(trace)
    held: dict[tuple[str, int], bool] = {}  # (queue, message) to: was it published on since?
    holder: dict[tuple[str, int], str] = {}
    found: dict[str, int] = {}
    for event in trace.events:
        if isinstance(event, Delivered):
            held[event.queue, event.message] = False
            holder[event.queue, event.message] = event.who
        elif isinstance(event, Published) and event.who != "scenario":
            for copy in held:
                if holder[copy] == event.who and _same(about, copy[1], event.message):
                    held[copy] = True
        elif isinstance(event, Requeued | Settled):
            moved = held.pop((event.queue, event.message), False)
            if moved and isinstance(event, Requeued) and (name := about.get(event.message)):
                found[name] = found.get(name, 0) + 1
    return found


def _same(about: Mapping[int, str], one: int, other: int) -> bool:
    return one in about and about[one] == about.get(other)
