"""What is owed and what was done about it: the reading that several judges share.

A message with the body of an owed one carries the same debt, and so does one that a process
publishes with its order's `id` in it: it is that message on its way round. A record is a message,
too; one that a process appends may also name its order by its key, or as its `order`.

A debt of kind `DEAD_LETTER` is paid by arriving where the retry policy says that dead letters go,
one of `RECORD` by a record that counts, one of `ROW` by a row, any other by a side effect. What the
scenario itself appends or writes pays nothing.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, cast

from graders.judges.records import content, log, names
from minibroker.sim.trace import (
    Appended,
    Committed,
    DeadLettered,
    Event,
    Owed,
    Published,
    RetryPolicy,
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

    `done` are the side effects (or the arrivals as a dead letter, or as a record, or the rows) with
    the detail that is owed, `other` those with another; both are (position in the trace, event).
    """

    detail: dict[str, Value]
    messages: list[int] = field(default_factory=list)
    done: list[tuple[int, Event]] = field(default_factory=list)
    other: list[tuple[int, Event]] = field(default_factory=list)


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
        self._records = log(trace).records
        readers: dict[type[Event], Callable[[int, Any], None]] = {
            Published: self._published,
            Appended: self._appended,
            Owed: self._owed,
            SideEffect: self._side_effect,
            Committed: self._committed,
            DeadLettered: self._dead_lettered,
            RetryPolicy: self._promised,
        }
        find = readers.get  # the innermost loop of all judging
        for position, event in enumerate(trace.events):
            if (reader := find(type(event))) is not None:
                reader(position, event)

    def _promised(self, position: int, event: RetryPolicy) -> None:
        self._dead_letters = event.dead_letters

    def _owed(self, position: int, event: Owed) -> None:
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

    def _appended(self, position: int, event: Appended) -> None:
        if event.who == "scenario":
            self._bodies[event.message] = event.value or b""
            self._carries(event.message, self._by_body.get(event.value or b"", []))
            return
        self._carries(event.message, self._about_record(event))
        if not self._records[event.message].counts:
            return
        self._arrived(position, event, event.message, [event.topic])
        for name in names(event.key, event.value):
            if (owed := self.found.get((f"{RECORD} {event.topic}", name))) is not None:
                fits = says(content(event.value), owed.detail)
                (owed.done if fits else owed.other).append((position, event))
                return

    def _about_record(self, event: Appended) -> list[Debt]:
        """The debts that a record of a process carries."""
        if event.value and (known := self._by_body.get(event.value)):
            return known
        for name in names(event.key, event.value):
            if found := [debt for (_, subject), debt in self.found.items() if subject == name]:
                return found
        return []

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

    def _dead_lettered(self, position: int, event: DeadLettered) -> None:
        self._arrived(position, event, event.message, event.queues)

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

    def _committed(self, position: int, event: Committed) -> None:
        if event.who == "scenario":
            return
        for op, table, key, row in _writes(event):
            owed = self.found.get((f"{ROW} {table}", key))
            if owed is not None and op != "delete":
                (owed.done if says(row, owed.detail) else owed.other).append((position, event))


def says(said: Mapping[str, object], detail: Mapping[str, object]) -> bool:
    """Whether a row or a record has all of a detail in it; it may have more."""
    return all(said.get(name) == value for name, value in detail.items())


def rows(event: Committed, table: str, subject: str) -> list[dict[str, Value]]:
    """What a transaction wrote to a table under a subject as the key, in order."""
    made = (table, subject)
    return [row for op, *to, row in _writes(event) if tuple(to) == made and op != "delete"]


def _writes(event: Committed) -> "list[tuple[str, str, str, dict[str, Value]]]":
    return cast("list[tuple[str, str, str, dict[str, Value]]]", event.writes)


def text(detail: Mapping[str, object]) -> str:
    """A detail in words."""
    return ", ".join(f"{name} {value}" for name, value in detail.items())


def subjects(trace: Trace) -> Mapping[int, str]:
    """What each message is about: the subject of the debt that it carries, by its number."""
    return {
        message: subject for (_, subject), debt in debts(trace).items() for message in debt.messages
    }
