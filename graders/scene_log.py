"""How logs stand at one moment of a run: the part of `graders.scene` that tells of partitions.

Of each partition there is what stands in it, by offset, and how far each group has come: its
committed offset is where it would go on. A record whose transaction is open or aborted is one that
a ``read_committed`` reader does not see.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders import timeline_words as words
from graders.judges.records import offsets, partitions
from graders.timeline_copies import Copies
from graders.timeline_kafka import lane
from minibroker.sim.trace import (
    Appended,
    Crashed,
    Event,
    Exited,
    LeftGroup,
    LogTruncated,
    OffsetsCommitted,
    Polled,
    Rebalanced,
    Revoked,
    TransactionEnded,
)
from minibroker.sim.values import Value

MOST = 12
"""Records of a partition that are named, the last ones; those before them are counted."""


@dataclass(slots=True)
class _Partition:
    records: dict[int, Appended] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    held: dict[str, dict[int, str]] = field(default_factory=dict)
    """Of each group the records that were handed out and not committed, with who has them."""

    owners: dict[str, str] = field(default_factory=dict)


class LogScene:
    """What there is in logs after the events so far."""

    def __init__(self, names: Copies) -> None:
        self._names = names
        self._partitions: dict[tuple[str, int], _Partition] = {}
        self._how: dict[int, str] = {}
        self._open: dict[str, list[int]] = {}
        self._along: dict[str, list[OffsetsCommitted]] = {}
        self.readers: dict[type[Event], Callable[[Any], None]] = {
            Appended: self._appended,
            Polled: self._polled,
            OffsetsCommitted: self._committed,
            TransactionEnded: self._ended,
            Rebalanced: self._rebalanced,
            LogTruncated: self._truncated,
            Revoked: self._revoked,
            LeftGroup: self._left,
        }

    @property
    def shown(self) -> list[Value]:
        """``{"name", "records": [text], "groups": [text]}`` of each partition."""
        return [
            {
                "name": lane(*where),
                "records": self._records(self._partitions[where]),
                "groups": [*self._groups(self._partitions[where])],
            }
            for where in sorted(self._partitions)
        ]

    def gone(self, event: Crashed | Exited) -> None:
        """A process is gone, and what it had in hand."""
        self._let_go(event.who)

    # --- what happens --------------------------------------------------------------------------

    def _at(self, topic: str, number: int) -> _Partition:
        return self._partitions.setdefault((topic, number), _Partition())

    def _appended(self, event: Appended) -> None:
        self._at(event.topic, event.partition).records[event.offset] = event
        if event.transaction:
            self._how[event.message] = "not decided"
            self._open.setdefault(event.transaction, []).append(event.message)

    def _polled(self, event: Polled) -> None:
        there = self._at(event.topic, event.partition)
        if event.group and event.offset >= there.committed.get(event.group, 0):
            there.held.setdefault(event.group, {})[event.offset] = event.who

    def _committed(self, event: OffsetsCommitted) -> None:
        if event.transaction:
            self._along.setdefault(event.transaction, []).append(event)
        else:
            self._moved(event)

    def _moved(self, event: OffsetsCommitted) -> None:
        for where, offset in offsets(event):
            there = self._at(*where)
            there.committed[event.group] = offset
            held = there.held.get(event.group, {})
            there.held[event.group] = {each: who for each, who in held.items() if each >= offset}

    def _ended(self, event: TransactionEnded) -> None:
        for message in self._open.pop(event.transaction, ()):
            self._how[message] = "" if event.how == "committed" else "aborted"
        for committed in self._along.pop(event.transaction, ()):
            if event.how == "committed":
                self._moved(committed)

    def _rebalanced(self, event: Rebalanced) -> None:
        for there in self._partitions.values():
            there.owners.pop(event.group, None)
        for who, owned in event.owners.items():
            for where in partitions(owned):
                self._at(*where).owners[event.group] = who
        for there in self._partitions.values():
            owner, held = there.owners.get(event.group), there.held.get(event.group, {})
            there.held[event.group] = {each: who for each, who in held.items() if who == owner}

    def _truncated(self, event: LogTruncated) -> None:
        there = self._at(event.topic, event.partition)
        there.records = {
            offset: record
            for offset, record in there.records.items()
            if record.message not in event.lost
        }

    def _revoked(self, event: Revoked) -> None:
        for where in partitions(event.partitions):
            held = self._at(*where).held
            mine = held.get(event.group, {})
            held[event.group] = {each: who for each, who in mine.items() if who != event.who}

    def _left(self, event: LeftGroup) -> None:
        self._let_go(event.who, event.group)
        for there in self._partitions.values():
            if there.owners.get(event.group) == event.who:
                del there.owners[event.group]

    def _let_go(self, who: str, group: str = "") -> None:
        for there in self._partitions.values():
            for name, held in there.held.items():
                if group in ("", name):
                    there.held[name] = {each: one for each, one in held.items() if one != who}

    # --- in words ------------------------------------------------------------------------------

    def _records(self, there: _Partition) -> list[Value]:
        named = [self._named(record) for _, record in sorted(there.records.items())]
        before = len(named) - MOST
        return [*([f"{before} before them"] if before > 0 else []), *named[-MOST:]]

    def _named(self, record: Appended) -> str:
        how = self._how.get(record.message, "")
        name = self._names.record(record.message).name
        return f"{record.offset}: {name}{f' ({how})' if how else ''}"

    def _groups(self, there: _Partition) -> Sequence[str]:
        names = dict.fromkeys([*there.owners, *there.committed, *there.held])
        return [self._group(there, name) for name in names]

    def _group(self, there: _Partition, name: str) -> str:
        committed = there.committed.get(name)
        said = "nothing committed" if committed is None else f"committed {committed}"
        parts = [f"{words.plain(name, words.MOST_OF_A_NAME)}: {said}"]
        if name in there.owners:
            parts.append(f"read by {there.owners[name]}")
        by: dict[str, list[str]] = {}
        for offset, who in sorted(there.held.get(name, {}).items()):
            by.setdefault(who, []).append(str(offset))
        parts += [f"{who} has {words.listed(held)}" for who, held in by.items()]
        return ", ".join(parts)
