"""What the log's events amount to: records, transactions, and how far each group has come.

A record counts for a ``read_committed`` reader when it was appended outside a transaction, or in
one that was committed (KIP-98). An offset that a transaction took along counts from the moment at
which it was committed, and never when it was aborted (KIP-447).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, cast

from minibroker.sim.trace import (
    Appended,
    Event,
    LogTruncated,
    OffsetsCommitted,
    Polled,
    Rebalanced,
    Trace,
    TransactionBegan,
    TransactionEnded,
)
from minibroker.sim.values import Value

Partition: TypeAlias = tuple[str, int]
"""(topic, number)."""


@dataclass(slots=True)
class Transaction:
    """One transaction under the id `name`. `began` and `ended` are positions in the trace; `end` is
    None while it is open."""

    name: str
    who: str
    began: int
    end: TransactionEnded | None = None
    ended: int = -1
    places: list[Partition] = field(default_factory=list)

    @property
    def committed(self) -> bool:
        """Whether it was decided for good that all of it counts."""
        return self.end is not None and self.end.how == "committed"

    @property
    def aborted(self) -> bool:
        """Whether it was decided that nothing of it counts."""
        return self.end is not None and self.end.how != "committed"


@dataclass(slots=True)
class Record:
    """A record that was appended, at `position` in the trace. `lost` says that no broker has it any
    more, since a new leader never had it."""

    position: int
    event: Appended
    transaction: Transaction | None
    lost: bool = False

    @property
    def place(self) -> Partition:
        """Where it stands."""
        return self.event.topic, self.event.partition

    @property
    def aborted(self) -> bool:
        """Whether its transaction was aborted."""
        return self.transaction is not None and self.transaction.aborted

    @property
    def counts(self) -> bool:
        """Whether a ``read_committed`` reader sees it, as things are at the end."""
        return not self.lost and (self.transaction is None or self.transaction.committed)


@dataclass(frozen=True, slots=True)
class Commit:
    """A group's position in a partition moved to `offset` by the event at `position`: that of
    `committed`, or the end of the transaction that took it along."""

    position: int
    event: Event
    committed: OffsetsCommitted
    place: Partition
    offset: int

    @property
    def group(self) -> str:
        """Whose position it is."""
        return self.committed.group


@dataclass(slots=True)
class Log:
    """All of it: records by their messages' numbers, transactions and commits in order, and the
    groups that read each topic. One that has no members and never committed (as of a client that
    only reads a topic back, by `assign`) is none of them: it comes back to nothing."""

    records: dict[int, Record] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)


def log(trace: Trace) -> Log:
    """The log's events of a trace, read."""
    return _log(trace, len(trace))


@lru_cache(maxsize=2)
def _log(trace: Trace, length: int) -> Log:
    if not any(trace.of(kind) for kind in (Appended, OffsetsCommitted, TransactionBegan)):
        return Log()
    return _Reading(trace).log


class _Reading:
    """One pass over a trace."""

    def __init__(self, trace: Trace) -> None:
        self.log = Log()
        self._open: dict[str, Transaction] = {}
        self._taken_along: dict[str, list[OffsetsCommitted]] = {}
        polled: list[tuple[str, str]] = []
        members: set[str] = set()
        for position, event in enumerate(trace.events):
            match event:
                case Appended():
                    self._appended(position, event)
                case Polled():
                    polled.append((event.group, event.topic))
                case Rebalanced():
                    members.add(event.group)
                    for owned in event.owners.values():
                        for topic, _ in partitions(owned):
                            self._reads(event.group, topic)
                case OffsetsCommitted():
                    members.add(event.group)
                    self._committed(position, event)
                case TransactionBegan():
                    self._transaction(position, event.transaction, event.who)
                case TransactionEnded():
                    self._ended(position, event)
                case LogTruncated():
                    for message in cast("list[int]", event.lost):
                        if message in self.log.records:
                            self.log.records[message].lost = True
        for group, topic in polled:
            if group in members:
                self._reads(group, topic)

    def _transaction(self, position: int, name: str, who: str) -> Transaction:
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = Transaction(name, who, position)
            self.log.transactions.append(found)
        return found

    def _appended(self, position: int, event: Appended) -> None:
        within = None
        if event.transaction:
            within = self._transaction(position, event.transaction, event.who)
            if (event.topic, event.partition) not in within.places:
                within.places.append((event.topic, event.partition))
        self.log.records[event.message] = Record(position, event, within)

    def _committed(self, position: int, event: OffsetsCommitted) -> None:
        for (topic, _), _ in offsets(event):
            self._reads(event.group, topic)
        if event.transaction:
            self._transaction(position, event.transaction, event.who)
            self._taken_along.setdefault(event.transaction, []).append(event)
        else:
            self._moved(position, event, event)

    def _moved(self, position: int, event: Event, committed: OffsetsCommitted) -> None:
        self.log.commits += [
            Commit(position, event, committed, place, offset)
            for place, offset in offsets(committed)
        ]

    def _ended(self, position: int, event: TransactionEnded) -> None:
        ended = self._open.pop(event.transaction, None)
        along = self._taken_along.pop(event.transaction, [])
        if ended is None:
            return
        ended.end, ended.ended = event, position
        if ended.committed:
            for committed in along:
                self._moved(position, event, committed)

    def _reads(self, group: str, topic: str) -> None:
        if group and group not in (readers := self.log.groups.setdefault(topic, [])):
            readers.append(group)


def partitions(listed: Value) -> list[Partition]:
    """The partitions of a list as it stands in an event, ``[topic, number]`` each."""
    return [(topic, number) for topic, number in cast("list[tuple[str, int]]", listed)]


def offsets(event: OffsetsCommitted) -> list[tuple[Partition, int]]:
    """What was committed, partition by partition."""
    listed = cast("list[tuple[str, int, int]]", event.offsets)
    return [((topic, number), offset) for topic, number, offset in listed]


def place(where: Partition) -> str:
    """A partition in words, such as ``orders/0``."""
    return f"{where[0]}/{where[1]}"


def names(key: bytes | None, value: bytes | None) -> Sequence[str]:
    """What a record may be about, best guess first: the `id` in its value, its key, and the `order`
    in its value."""
    fields = content(value)
    said = fields.get("id"), (key or b"").decode("utf-8", "replace"), fields.get("order")
    return [name for name in said if isinstance(name, str) and name]


def content(value: bytes | None) -> Mapping[str, object]:
    """The JSON object that a value spells; nothing when it spells none."""
    if not value or b"{" not in value:
        return {}
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
