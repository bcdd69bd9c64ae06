"""The streams of an event store: the reading that its judges share.

What is an event, a snapshot and a publication is said by the scenario's `EventStore`. A row of the
events' table is an event when it has an `order` (str), a `version` (int from 1), a `type` (str) and
a `command` (str), whatever its key is; a record of the topic is one when its value is JSON with the
same fields. A stream is the events of one order by their versions.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from graders.orders import Content
from minibroker.sim import trace as t
from minibroker.sim.clock import SECOND
from minibroker.sim.trace import (
    Appended,
    Committed,
    EventStore,
    Published,
    Settled,
    Trace,
    TransactionEnded,
)
from minibroker.sim.values import Value

SAID = ("order", "version", "type", "command", "cents")
"""The fields that make an event what it is."""

DECIDES_WITHIN = SECOND // 2
"""A handler that settles a command before it decides has decided by then, unless it crashed."""


@dataclass(frozen=True)
class Stored:
    """An event in the store: where in the trace it was committed, by whom, and its row."""

    position: int
    at: int
    who: str
    order: str
    version: int
    type: str
    command: str
    row: Content = field(repr=False)


@dataclass(frozen=True)
class Append:
    """A commit that wrote events. `streams` are those it touched, as they are after it; `rewritten`
    are events that were there and are gone, each with what stands in its place, if anything."""

    position: int
    at: int
    who: str
    streams: Mapping[str, Sequence[Stored]]
    rewritten: Sequence[tuple[Stored, Stored | None]]


@dataclass(frozen=True)
class Snapshot:
    """A row written to the snapshots' table. `replaced` is the row that was under its key before,
    `stream` the order's events after the commit."""

    position: int
    who: str
    row: Content
    replaced: Content | None
    stream: Sequence[Stored]


@dataclass(frozen=True)
class Record:
    """A record of the topic that readers of committed records see, from `position` in the trace on
    (`at`, microseconds): an event's fields, or None when it is no event."""

    position: int
    at: int
    who: str
    partition: int
    offset: int
    row: Content | None


@dataclass
class Command:
    """A command as it came: `came` and `settled` are positions in the trace, the first and the last
    of all its messages; None while one of them is not settled. Nobody decides on it after `until`
    (microseconds)."""

    id: str
    order: str
    do: str
    cents: Value
    came: int
    settled: int | None = None
    until: int = 0
    by: str = ""


@dataclass(frozen=True)
class Store:
    """All that there is to know of an event store at the end of a run."""

    names: EventStore | None
    appends: Sequence[Append]
    snapshots: Sequence[Snapshot]
    commands: Mapping[str, Command]
    streams: Mapping[str, Sequence[Stored]]
    ever: Mapping[tuple[str, int], Sequence[Stored]]
    """By order and version, all that was ever committed, also what was rewritten since."""
    records: Sequence[Record]
    odd: str
    """The first row in the events' table that is no event, if there is one."""


def store(trace: Trace) -> Store:
    """Read a trace."""
    return _store(trace, len(trace))


@lru_cache(maxsize=2)  # one judge after the other reads the same trace
def _store(trace: Trace, length: int) -> Store:
    return _Reading(trace).store()


def well_formed(stream: Sequence[Stored]) -> bool:
    """Whether its versions are 1, 2, 3 and so on."""
    return [event.version for event in stream] == list(range(1, len(stream) + 1))


def nothing_appended(trace: Trace) -> str:
    """Why a trace without events proves nothing; empty when there are some."""
    found = store(trace)
    if found.appends:
        return ""
    table = found.names.events if found.names else "events"
    return found.odd or f"no event was ever committed to the table {table}"


class _Reading:
    """One pass over a trace."""

    def __init__(self, trace: Trace) -> None:
        self._names: EventStore | None = None
        self._events: dict[str, Stored] = {}
        self._streams: dict[str, list[Stored]] = {}
        self._rows: dict[str, Content] = {}
        self._appends: list[Append] = []
        self._snapshots: list[Snapshot] = []
        self._commands: dict[str, Command] = {}
        self._open: dict[int, Command] = {}
        self._ever: dict[tuple[str, int], list[Stored]] = {}
        self._records: list[Record] = []
        self._undecided: dict[str, list[t.Appended]] = {}
        self._odd = ""
        for position, event in enumerate(trace.events):
            kind = type(event)
            if kind is Committed:
                self._committed(position, event)  # type: ignore[arg-type]
            elif kind is Published:
                self._published(position, event)  # type: ignore[arg-type]
            elif kind is Settled:
                self._settled(position, event)  # type: ignore[arg-type]
            elif kind is Appended:
                self._appended(position, event)  # type: ignore[arg-type]
            elif kind is TransactionEnded:
                self._decided(position, event)  # type: ignore[arg-type]
            elif kind is EventStore:
                self._names = event  # type: ignore[assignment]

    def store(self) -> Store:
        return Store(
            self._names, self._appends, self._snapshots, self._commands,
            {order: tuple(stream) for order, stream in self._streams.items() if stream},
            self._ever, self._records, self._odd,
        )  # fmt: skip

    def _committed(self, position: int, event: t.Committed) -> None:
        if self._names is None:
            return
        touched: dict[str, None] = {}
        rewritten: list[tuple[Stored, Stored | None]] = []
        pictures: list[tuple[Content, Content | None]] = []
        for write in event.writes:
            assert isinstance(write, list)
            op, table, key, row = write
            assert isinstance(key, str)
            assert isinstance(row, dict)
            if table == self._names.events:
                new = None if op == "delete" else self._stored(position, event.at, event.who, row)
                old = self._events.pop(key, None)
                if old is not None:
                    self._streams[old.order].remove(old)
                    touched[old.order] = None
                    if new is None or said(old.row) != said(new.row):
                        rewritten.append((old, new))
                if new is not None:
                    self._events[key] = new
                    self._ever.setdefault((new.order, new.version), []).append(new)
                    self._streams.setdefault(new.order, []).append(new)
                    touched[new.order] = None
            elif table == self._names.snapshots:
                replaced = self._rows.pop(key, None)
                if op != "delete":
                    self._rows[key] = row
                    pictures.append((row, replaced))
        for order in touched:
            self._streams[order].sort(key=lambda each: each.version)
        if touched:
            streams = {order: tuple(self._streams[order]) for order in touched}
            self._appends.append(Append(position, event.at, event.who, streams, rewritten))
        for picture, replaced in pictures:
            stream = tuple(self._streams.get(str(picture.get("order")), ()))
            self._snapshots.append(Snapshot(position, event.who, picture, replaced, stream))

    def _stored(self, position: int, at: int, who: str, row: Content) -> Stored | None:
        match row:
            case {"order": str(order), "version": int(version), "type": str(kind),
                  "command": str(command)} if version > 0 and version is not True:  # fmt: skip
                return Stored(position, at, who, order, version, kind, command, row)
        assert self._names is not None
        self._odd = self._odd or (
            f"{who} wrote a row to {self._names.events} that is no event: it needs order, type and "
            "command, each a str, and version, an int from 1"
        )
        return None

    def _published(self, position: int, event: t.Published) -> None:
        if event.who != "scenario":
            return
        body = read(event.body)
        if body is None:
            return
        match body:
            case {"id": str(name), "order": str(order), "do": str(do)}:
                command = self._commands.setdefault(
                    name, Command(name, order, do, body.get("cents"), position)
                )
                self._open[event.message] = command

    def _settled(self, position: int, event: t.Settled) -> None:
        command = self._open.pop(event.message, None)
        if command is None:
            return
        command.by, command.until = event.who, event.at + DECIDES_WITHIN
        command.settled = None if command in self._open.values() else position

    def _appended(self, position: int, event: t.Appended) -> None:
        if self._names is None or event.topic != self._names.topic:
            return
        if event.transaction:
            self._undecided.setdefault(event.transaction, []).append(event)
        else:
            self._records.append(_record(position, event.at, event))

    def _decided(self, position: int, event: t.TransactionEnded) -> None:
        for appended in self._undecided.pop(event.transaction, []):
            if event.how == "committed":
                self._records.append(_record(position, event.at, appended))


def _record(position: int, at: int, event: t.Appended) -> Record:
    row = read(event.value)
    match row:
        case {"order": str(), "version": int()}:
            pass
        case _:
            row = None
    return Record(position, at, event.who, event.partition, event.offset, row)


def read(body: bytes | None) -> Mapping[str, Value] | None:
    """The JSON object in a message, if it is one."""
    try:
        found = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def said(row: Content) -> list[Value]:
    """What makes an event what it is; whatever else stands in its row is its author's."""
    return [row.get(name) for name in SAID]
