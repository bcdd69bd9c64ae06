"""Where every copy of a message is: the reading that judges of what is lost or left share.

A published message is one copy in each queue that it reached. A record is one copy for each group
that reads its topic, named ``orders for billing``; in a topic that no group reads it is one copy,
named by the topic. Such a copy waits until the group's committed offset passes it, whoever was
handed it meanwhile: that alone says where the group goes on. A record of an aborted transaction is
no copy, for nobody is to see it.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias, cast

from graders.judges.debts import Debt
from graders.judges.records import Commit, Log, Partition, Record, log, partitions
from minibroker.sim.trace import (
    Appended,
    Crashed,
    DeadLettered,
    Delivered,
    Event,
    Exited,
    GroupPlaced,
    LeftGroup,
    LogTruncated,
    OffsetsCommitted,
    Polled,
    Published,
    Rebalanced,
    Redriven,
    Requeued,
    Revoked,
    Settled,
    Trace,
    TransactionEnded,
)

Copy: TypeAlias = tuple[str, int]
"""(queue, message): one message in one queue, or one record for one group; see the module."""


def last_of_each_copy(trace: Trace) -> Mapping[Copy, tuple[int, Event]]:
    """For every copy of a message, the last thing that happened to it: (position, event).

    `Published` means that it is still waiting, `Delivered` that it was handed out and never
    settled, `Requeued` that it waits again, `Settled` that it is gone. `DeadLettered` means that it
    is gone from the queue it was in, and waits in those it came to: see `is_gone`. `Redriven` means
    the same, from a dead-letter queue to another one. `GroupPlaced` means that an entry of a stream
    waits for a group.

    Of a record's copy `Appended` means that it is still waiting, `Polled` that it was handed out
    and not committed, `OffsetsCommitted` or `TransactionEnded` that it was passed, `LogTruncated`
    that no broker has it any more; anything else that it waits again, since its holder has lost it.
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
        if isinstance(event, GroupPlaced):
            for message in cast("list[int]", event.messages):
                last.pop((event.stream, message), None)  # it waits for a group now
                last[event.queue, message] = position, event
        elif isinstance(event, Redriven):
            last[event.queue, event.message] = last[event.to, event.message] = position, event
    if (found := log(trace)).records:
        last |= _Records(trace, found).last
    return last


class _Records:
    """The copies of records."""

    def __init__(self, trace: Trace, read: Log) -> None:
        self.last: dict[Copy, tuple[int, Event]] = {}
        self._log = read
        self._held: dict[Copy, str] = {}
        self._stand: dict[Partition, list[Record]] = {}
        self._commits: dict[int, list[Commit]] = {}
        for each in read.commits:
            self._commits.setdefault(each.position, []).append(each)
        for position, event in enumerate(trace.events):
            match event:
                case Appended():
                    self._appended(position, event)
                case Polled():
                    copy = name(event.topic, event.group), event.message
                    if copy in self.last and not is_gone(copy, self.last[copy][1]):
                        self.last[copy] = position, event
                        self._held[copy] = event.who
                case Crashed() | Exited():
                    self._let_go(position, event, event.who)
                case LeftGroup():
                    self._let_go(position, event, event.who, event.group)
                case Revoked():
                    gone = partitions(event.partitions)
                    self._let_go(position, event, event.who, event.group, gone)
                case Rebalanced():
                    self._rebalanced(position, event)
                case LogTruncated():
                    self._truncated(position, event)
            if position in self._commits:
                self._passed(position)

    def _appended(self, position: int, event: Appended) -> None:
        record = self._log.records[event.message]
        if record.aborted:
            return
        self._stand.setdefault(record.place, []).append(record)
        for group in self._log.groups.get(event.topic) or [""]:
            self.last[name(event.topic, group), event.message] = position, event

    def _passed(self, position: int) -> None:
        for commit in self._commits[position]:
            for record in self._stand.get(commit.place, []):
                copy = name(commit.place[0], commit.group), record.event.message
                gone = is_gone(copy, self.last[copy][1])
                if not gone and record.event.offset < commit.offset:
                    self.last[copy] = position, commit.event
                    self._held.pop(copy, None)
                elif gone and record.event.offset >= commit.offset:
                    self.last[copy] = record.position, record.event  # the group went back

    def _let_go(
        self,
        position: int,
        event: Event,
        who: str,
        group: str = "",
        only: Iterable[Partition] | None = None,
    ) -> None:
        for copy, holder in list(self._held.items()):
            record = self._log.records[copy[1]]
            mine = not group or copy[0] == name(record.event.topic, group)
            if holder == who and mine and (only is None or record.place in only):
                self.last[copy] = position, event
                del self._held[copy]

    def _rebalanced(self, position: int, event: Rebalanced) -> None:
        for copy, holder in list(self._held.items()):
            record = self._log.records[copy[1]]
            owned = partitions(event.owners.get(holder) or [])
            if copy[0] == name(record.event.topic, event.group) and record.place not in owned:
                self.last[copy] = position, event
                del self._held[copy]

    def _truncated(self, position: int, event: LogTruncated) -> None:
        for copy in self.last:
            if copy[1] in event.lost:
                self.last[copy] = position, event
                self._held.pop(copy, None)
        stand = self._stand.get((event.topic, event.partition), [])
        stand[:] = [record for record in stand if record.event.message not in event.lost]


def name(topic: str, group: str) -> str:
    """What the copies of a topic's records for a group are called."""
    return f"{topic} for {group}" if group else topic


def handed_out(trace: Trace) -> list[Delivered | Polled]:
    """Every message that was handed out, as often as it was."""
    return [*trace.of(Delivered), *trace.of(Polled)]


def arrived(trace: Trace) -> list[Published | Appended]:
    """Every message that reached a broker."""
    return [*trace.of(Published), *trace.of(Appended)]


def copies_of(trace: Trace, debt: Debt) -> Mapping[Copy, tuple[int, Event]]:
    """`last_of_each_copy` of the messages that carry a debt."""
    carried = set(debt.messages)
    return {copy: end for copy, end in last_of_each_copy(trace).items() if copy[1] in carried}


def all_gone(trace: Trace, debt: Debt) -> bool:
    """Whether no copy of any message that carries a debt is left, or there never was one."""
    return all(is_gone(copy, event) for copy, (_, event) in copies_of(trace, debt).items())


def is_gone(copy: Copy, event: Event) -> bool:
    """Whether a copy has left its queue for good with the last thing that happened to it. A record
    that a process appended to a topic that nobody reads never was on its way to anybody."""
    if isinstance(event, DeadLettered):
        return copy[0] not in event.queues
    if isinstance(event, Redriven):
        return copy[0] != event.to
    if isinstance(event, Appended):
        return copy[0] == event.topic and event.who != "scenario"
    return isinstance(event, Settled | OffsetsCommitted | TransactionEnded | LogTruncated)


_MOVES = frozenset({Published, Delivered, Requeued, Settled, DeadLettered, GroupPlaced, Redriven})
