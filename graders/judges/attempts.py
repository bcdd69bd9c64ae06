"""How often work was tried: the reading that the judges of retries share.

A record goes its way, too: whoever was handed it appends it to another topic, with what is to be
known of it in its headers, and then its offset is committed. Only what a ``read_committed`` reader
sees was moved.
"""

from collections.abc import Mapping
from functools import lru_cache

from graders.judges.debts import Debt, subjects
from graders.judges.records import log
from minibroker.sim.trace import (
    Appended,
    Crashed,
    Declined,
    Delivered,
    Faulted,
    Polled,
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
    and one more wherever a process had moved it on when it lost the one it had taken, or when its
    producer sent one move twice. What is owed for a row comes as often as a process sends it."""
    came = {event.message for event in trace.of(Published) if event.who in ("scenario", "broker")}
    came |= {event.message for event in trace.of(Appended) if event.who == "scenario"}
    sent = {event.message for event in trace.of(Published)}
    if not sent.issuperset(debt.messages[:1]) and not trace.of(Appended):
        came |= sent
    forks = (_forks(trace, len(trace)), _record_forks(trace, len(trace)))
    return sum(message in came for message in debt.messages) + sum(
        found.get(subject, 0) for found in forks
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


@lru_cache(maxsize=2)
def _record_forks(trace: Trace, length: int) -> Mapping[str, int]:
    """How often a record that had been moved on was handed out again, since its offset had not been
    committed, or was moved on twice: a producer that is not idempotent sends again what it got no
    answer for."""
    read = log(trace)
    found: dict[str, int] = {}
    if not read.records:
        return found
    about = subjects(trace)
    passed: dict[int, list[tuple[str, tuple[str, int], int]]] = {}
    for commit in read.commits:
        passed.setdefault(commit.position, []).append((commit.group, commit.place, commit.offset))
    held: dict[tuple[str, int], str] = {}  # (group, message) to: who was handed it last
    moved: dict[tuple[str, int], Appended] = {}
    for position, event in enumerate(trace.events):
        if isinstance(event, Polled):
            copy = event.group, event.message
            if moved.pop(copy, None) and (name := about.get(event.message)):
                found[name] = found.get(name, 0) + 1
            held[copy] = event.who
        elif isinstance(event, Appended) and event.who != "scenario":
            if not read.records[event.message].counts or event.message not in about:
                continue
            mine = [copy for copy, who in held.items() if who == event.who]
            mine = [copy for copy in mine if _same(about, copy[1], event.message)]
            if any(copy in moved and _is_again(event, moved[copy]) for copy in mine) and faults(
                trace
            ):
                name = about[event.message]
                found[name] = found.get(name, 0) + 1
            moved |= dict.fromkeys(mine, event)
        for group, place, offset in passed.get(position, ()):
            for copy in list(held):
                record = read.records[copy[1]]
                if copy[0] == group and record.place == place and record.event.offset < offset:
                    del held[copy]
                    moved.pop(copy, None)
    return found


def _is_again(event: Appended, before: Appended) -> bool:
    """Whether a record is the same as one before it."""
    return (event.topic, event.key, event.value, event.headers) == (
        before.topic,
        before.key,
        before.value,
        before.headers,
    )


def _same(about: Mapping[int, str], one: int, other: int) -> bool:
    return one in about and about[one] == about.get(other)
