"""What is owed and what was done about it: the reading that several judges share.

A message with the body of an owed one carries the same debt, and so does one that a process
publishes with its order's `id` in it: it is that message on its way round. A debt of kind
`DEAD_LETTER` is paid by arriving where the retry policy says that dead letters go; any other by a
side effect.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from minibroker.sim.trace import (
    DeadLettered,
    Delivered,
    Event,
    Owed,
    Published,
    Requeued,
    RetryPolicy,
    Settled,
    SideEffect,
    Trace,
)
from minibroker.sim.values import Value

DEAD_LETTER = "dead letter"

RECORD = "record in"
"""Followed by a topic: paid by a record about the subject in it that a ``read_committed`` reader
sees."""

ROW = "row in"
"""Followed by a table: paid by a row under the subject as its key."""

Subject: TypeAlias = tuple[str, str]
"""(kind, subject) of a side effect, such as ("charge", "order-1")."""


@dataclass
class Debt:
    """One thing owed: the messages that carry it, and what was done about it.

    `done` are the side effects (or the arrivals as a dead letter) with the detail that is owed,
    `other` the side effects with another; both are (position in the trace, event).
    """

    detail: dict[str, Value]
    messages: list[int] = field(default_factory=list)
    done: list[tuple[int, Event]] = field(default_factory=list)
    other: list[tuple[int, SideEffect]] = field(default_factory=list)


def debts(trace: Trace) -> Mapping[Subject, Debt]:
    """Everything owed in a trace, in the order it came to be owed."""
    return _debts(trace, len(trace))


@lru_cache(maxsize=2)  # one judge after the other reads the same trace
def _debts(trace: Trace, length: int) -> Mapping[Subject, Debt]:
    return _Reading(trace).found


class _Reading:
    """One pass over a trace."""

    def __init__(self, trace: Trace) -> None:
        self.found: dict[Subject, Debt] = {}
        self._bodies: dict[int, bytes] = {}
        self._by_body: dict[bytes, list[Debt]] = {}
        self._by_message: dict[int, list[Debt]] = {}
        self._dead_letters = ""
        for position, event in enumerate(trace.events):
            kind = type(event)  # twice as fast as isinstance, in the innermost loop of all judging
            if kind is Published:
                self._published(position, event)  # type: ignore[arg-type]
            elif kind is Owed:
                self._owed(event)  # type: ignore[arg-type]
            elif kind is SideEffect:
                self._side_effect(position, event)  # type: ignore[arg-type]
            elif kind is DeadLettered:
                self._arrived(position, event, event.message, event.queues)  # type: ignore[attr-defined]
            elif kind is RetryPolicy:
                self._dead_letters = event.dead_letters  # type: ignore[attr-defined]

    def _owed(self, event: Owed) -> None:
        subject = (event.kind, event.subject)
        debt = self.found.setdefault(subject, Debt(event.detail))
        self._carries(event.message, [debt])
        if body := self._bodies.get(event.message):
            known = self._by_body.setdefault(body, [])
            if not any(debt is each for each in known):
                known.append(debt)

    def _published(self, position: int, event: Published) -> None:
        if event.who == "scenario":
            self._bodies[event.message] = event.body
            self._carries(event.message, self._by_body.get(event.body, []))
        else:
            self._carries(event.message, self._about(event.body))
        self._arrived(position, event, event.message, event.queues)

    def _about(self, body: bytes) -> list[Debt]:
        """The debts that a message with this body carries."""
        known = self._by_body.get(body)
        if known is not None or b'"id"' not in body:
            return known or []
        try:
            name = json.loads(body)["id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return []
        return [debt for (_, subject), debt in self.found.items() if subject == name]

    def _carries(self, message: int, debts: list[Debt]) -> None:
        if not debts:
            return
        mine = self._by_message.setdefault(message, [])
        for debt in debts:
            if not any(debt is each for each in mine):
                debt.messages.append(message)
                mine.append(debt)

    def _arrived(self, position: int, event: Event, message: int, queues: list[str]) -> None:
        if self._dead_letters not in queues:
            return
        owed = self.found.items()
        for debt in self._by_message.get(message, ()):
            if any(debt is each for (kind, _), each in owed if kind == DEAD_LETTER):
                debt.done.append((position, event))

    def _side_effect(self, position: int, event: SideEffect) -> None:
        owed = self.found.get((event.kind, event.subject))
        if owed is None:
            return
        if event.detail == owed.detail:
            owed.done.append((position, event))
        else:
            owed.other.append((position, event))


def subjects(trace: Trace) -> Mapping[int, str]:
    """What each message is about: the subject of the debt that it carries, by its number."""
    return {
        message: subject for (_, subject), debt in debts(trace).items() for message in debt.messages
    }


Copy: TypeAlias = tuple[str, int]
"""(queue, message): one message in one queue."""


def last_of_each_copy(trace: Trace) -> Mapping[Copy, tuple[int, Event]]:
    """For every copy of a message, the last thing that happened to it: (position, event).

    `Published` means that it is still waiting, `Delivered` that it was handed out and never
    settled, `Requeued` that it waits again, `Settled` that it is gone. `DeadLettered` means that it
    is gone from the queue it was in, and waits in those it came to: see `is_gone`.
    """
    return _last_of_each_copy(trace, len(trace))


@lru_cache(maxsize=2)
def _last_of_each_copy(trace: Trace, length: int) -> Mapping[Copy, tuple[int, Event]]:
    last: dict[Copy, tuple[int, Event]] = {}
    for position, event in enumerate(trace.events):
        if type(event) not in _MOVES:
            continue
        if isinstance(event, Published):
            for queue in event.queues:
                last[queue, event.message] = position, event
        elif isinstance(event, Delivered | Requeued | Settled | DeadLettered):
            last[event.queue, event.message] = position, event
        if isinstance(event, DeadLettered):
            for queue in event.queues:
                last[queue, event.message] = position, event
    return last


def copies_of(trace: Trace, debt: Debt) -> Mapping[Copy, tuple[int, Event]]:
    """`last_of_each_copy` of the messages that carry a debt."""
    carried = set(debt.messages)
    return {copy: end for copy, end in last_of_each_copy(trace).items() if copy[1] in carried}


def all_gone(trace: Trace, debt: Debt) -> bool:
    """Whether no copy of any message that carries a debt is left, or there never was one."""
    return all(is_gone(copy, event) for copy, (_, event) in copies_of(trace, debt).items())


def is_gone(copy: Copy, event: Event) -> bool:
    """Whether a copy has left its queue for good with the last thing that happened to it."""
    if isinstance(event, DeadLettered):
        return copy[0] not in event.queues
    return isinstance(event, Settled)


_MOVES = frozenset({Published, Delivered, Requeued, Settled, DeadLettered})
