"""Copies of messages, as a timeline names them, and which are on their way to a process.

A message is named by what it obliges to (``order-1``), a second message with the same
obligation by its number too (``order-1 (message 4)``), one that obliges to nothing by its
number alone. A record is named by what it obliges to, else by what it names itself, and by its
offset.
"""

from dataclasses import dataclass, field

from graders.judges.debts import debts
from graders.judges.records import names
from graders.timeline_words import MOST_OF_A_NAME, plain
from minibroker.sim.trace import (
    Appended,
    DeadLettered,
    Delivered,
    Owed,
    Published,
    Requeued,
    Settled,
    Trace,
)
from minibroker.sim.values import Value


@dataclass(slots=True)
class Copy:
    """A message in a row, and what is said of it there."""

    message: int
    name: str
    marks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.marks)})" if self.marks else self.name


class Copies:
    """The copies of one trace. Deliveries that were pushed wait here until they are taken."""

    def __init__(self, trace: Trace) -> None:
        self._bodies = {event.message: event.body for event in trace.of(Published)}
        self._records = {event.message: event for event in trace.of(Appended)}
        self._subjects: dict[int, tuple[str, bool]] = {}
        self._pushed: dict[str, list[Delivered]] = {}
        seen: set[str] = set()
        for event in trace.of(Owed):
            name = plain(event.subject, MOST_OF_A_NAME)
            self._subjects.setdefault(event.message, (name, event.subject in seen))
            seen.add(event.subject)
        for (_, subject), debt in debts(trace).items():  # that others carry, too
            for message in debt.messages:
                self._subjects.setdefault(message, (plain(subject, MOST_OF_A_NAME), True))

    def named(self, message: int, *marks: str) -> Copy:
        """A copy of a message, with what is said of it."""
        subject, again = self._subjects.get(message, (f"message {message}", False))
        return Copy(message, subject, [f"message {message}", *marks] if again else [*marks])

    def record(self, message: int) -> Copy:
        """A record, with the offset at which it stands."""
        event = self._records.get(message)
        if event is None:
            return Copy(message, f"record {message}")
        name = self._subjects.get(message, ("", False))[0]
        name = name or self.record_named(event.key, event.value) or "a record"
        return Copy(message, name, [f"offset {event.offset}"])

    def record_named(self, key: bytes | None, value: bytes | None) -> str:
        """What a record says that it is about; empty if it says nothing."""
        return plain(next(iter(names(key, value)), ""), MOST_OF_A_NAME)

    def published(self, event: Published) -> str:
        """A message as its producer sees it: ``order-1``, ``order-1 again (message 4)``, or with
        the beginning of its body. A process that publishes it moves it on."""
        if event.message in self._subjects:
            subject, again = self._subjects[event.message]
            if again and event.who == "scenario":
                return f"{subject} again (message {event.message})"
            return str(self.named(event.message))
        if not event.queues:
            return f"message {event.message}"
        content = event.body[:200].decode("utf-8", "replace")
        return f"message {event.message}: {plain(content, 40)}"

    def push(self, event: Delivered) -> None:
        """A delivery is on its way to a process that will take it by a `receive`."""
        self._pushed.setdefault(event.who, []).append(event)

    def next(self, who: str) -> Delivered | None:
        """What a process would take next."""
        pushed = self._pushed.get(who)
        return pushed[0] if pushed else None

    def take(self, who: str, delivery: dict[str, Value]) -> Delivered | None:
        """The first push to `who` that its `receive` can have taken. (A delivery tag counts on
        its channel, which the trace does not name; so the body is compared too.)"""
        pushed = self._pushed.get(who, [])
        for index, event in enumerate(pushed):
            body = self._bodies.get(event.message)
            if event.tag == delivery["delivery_tag"] and body in (None, delivery["body"]):
                return pushed.pop(index)
        return None

    def withdraw(self, event: Settled | Requeued | DeadLettered) -> None:
        """A copy was settled or went back: it is no longer on its way to anybody. (What the
        broker does by itself names no process.)"""
        copy = event.queue, event.message
        for pushed in self._pushed.values():
            pushed[:] = [one for one in pushed if (one.queue, one.message) != copy]

    def lose(self, who: str) -> None:
        """A process is gone, and all that was on its way to it."""
        self._pushed.pop(who, None)
