"""The rows of a timeline that tell of logs: records, offsets, transactions, groups and brokers.

A partition is a lane of its own, such as ``orders/0``. A record is an arrow to it when it is
appended and one from it when it is polled; a committed offset is an arrow to it. What a group, a
transaction or the cluster does stands in rows of its own.

A client does much without its process (see `minibroker.agents.kafka`), so what it does carries an
effect's number only when the process was waiting for it: a record that a flush sent, one that a
poll handed out. A produced record that was never sent has a row for its `produce()`, since there is
nothing else to see of it. Polls in vain are one row until their process does something else, and
how groups give up their members when all is over is left out: consumers poll for ever, and many of
them would hide what happened.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from graders import kafka_calls
from graders import timeline_kafka as calls
from graders import timeline_words as words
from graders.judges.records import offsets, partitions
from graders.timeline_copies import Copies
from graders.timeline_draft import Draft, Drafts, Kind, Place
from graders.timeline_kafka import lane
from minibroker.sim.trace import (
    Answered,
    Appended,
    AppendIgnored,
    Assigned,
    BrokerStarted,
    BrokerStopped,
    Crashed,
    Event,
    Exited,
    Fenced,
    IsrChanged,
    LeaderChanged,
    LeftGroup,
    LogTruncated,
    OffsetsCommitted,
    Polled,
    Rebalanced,
    Requested,
    Revoked,
    Trace,
    TransactionBegan,
    TransactionEnded,
)
from minibroker.sim.values import Value

Standing: TypeAlias = Callable[[str], Place | None]
Number: TypeAlias = Callable[[str], int | None]

POLLING = kafka_calls.TAKES | {"close"}
"""The calls in which a process is told what its group does."""

WHY = {
    "fenced": "its id was taken over",
    "timeout": "its time was over",
}


class LogRows:
    """Makes them. `stands` is where somebody stands, `number` the effect that is the cause of what
    somebody does now."""

    def __init__(
        self, trace: Trace, drafts: Drafts, copies: Copies, stands: Standing, number: Number
    ) -> None:
        self._drafts, self._copies = drafts, copies
        self._stands, self._number = stands, number
        self._lanes: list[tuple[str, int]] = []
        self._waiting: dict[str, Requested] = {}
        self._in_vain: dict[str, Draft] = {}
        self._over = _over(trace)
        self._never_sent = calls.never_sent(trace)
        self.readers: dict[type[Event], Callable[[Any, int], None]] = {
            Appended: self._appended,
            AppendIgnored: self._ignored,
            Polled: self._polled,
            OffsetsCommitted: self._committed,
            TransactionBegan: self._began,
            TransactionEnded: self._ended,
            Fenced: self._fenced,
            Rebalanced: self._rebalanced,
            LeftGroup: self._left,
            Assigned: self._assigned,
            Revoked: self._revoked,
            LeaderChanged: self._leader,
            IsrChanged: self._isr,
            LogTruncated: self._truncated,
            BrokerStopped: self._stopped,
            BrokerStarted: self._started,
        }

    @property
    def partitions(self) -> list[str]:
        """The lanes' names: topics in the order they came up, each with its partitions."""
        topics = [*dict.fromkeys(topic for topic, _ in self._lanes)]
        there = sorted(self._lanes, key=lambda each: (topics.index(each[0]), each[1]))
        return [lane(*each) for each in there]

    # --- calls -------------------------------------------------------------------------------

    def asked(self, request: Requested, answer: Answered | None, position: int) -> None:
        """A process asks for something."""
        self._waiting[request.who] = request
        if answer is not None and answer.error:
            return
        told = calls.shown(request, self._copies, request.number in self._never_sent)
        if told is not None:
            self._own(position, request, request.who, *told, request.number)

    def answered(self, event: Answered, request: Requested, position: int) -> None:
        """A call without an error has its answer."""
        seen = event.number in self._drafts.done
        if (told := calls.outcome(request, event, seen)) is None:
            return
        before = self._in_vain.get(event.who)
        if before is not None and (before.kind, before.text) == told:
            before.times += 1
            before.events.append(position)
            return
        row = self._own(position, event, event.who, *told, event.number)
        if told[0] == "poll":
            self._in_vain[event.who] = row

    def does(self, request: Requested) -> None:
        """A process asks for something else than what comes next."""
        if not kafka_calls.takes(request):
            self._in_vain.pop(request.who, None)

    def goes_on(self, who: str) -> None:
        """A process waits for nothing any more."""
        self._waiting.pop(who, None)

    # --- records and offsets -------------------------------------------------------------------

    def _appended(self, event: Appended, position: int) -> None:
        to = self._partition(event.topic, event.partition)
        within = (
            f" in transaction {words.plain(event.transaction, 60)}" if event.transaction else ""
        )
        number = self._number(event.who)
        row = Draft(event.at, self._stands(event.who), "append", "append", to, number, within)
        self._drafts.add(position, row, self._copies.record(event.message))

    def _ignored(self, event: AppendIgnored, position: int) -> None:
        to = self._partition(event.topic, event.partition)
        text = f"append again what stands at offset {event.offset}: a duplicate, ignored"
        row = Draft(event.at, self._stands(event.who), "ignored", text, to, self._number(event.who))
        self._drafts.add(position, row)

    def _polled(self, event: Polled, position: int) -> None:
        start = self._partition(event.topic, event.partition)
        number = self._asking(event.who)
        self._in_vain.pop(event.who, None)
        row = Draft(event.at, start, "deliver", "poll", self._stands(event.who), number)
        self._drafts.add(position, row, self._copies.record(event.message))

    def _committed(self, event: OffsetsCommitted, position: int) -> None:
        verb = "auto-commit offset" if event.by_itself else "commit offset"
        verb = "send offset" if event.transaction else verb
        group = words.plain(event.group, words.MOST_OF_A_NAME)
        within = (
            f" in transaction {words.plain(event.transaction, 60)}" if event.transaction else ""
        )
        number = self._number(event.who)
        for where, offset in offsets(event):
            text = f"{verb} {offset} for {group}{within}"
            to = self._partition(*where)
            row = Draft(event.at, self._stands(event.who), "offset", text, to, number)
            self._drafts.add(position, row)

    # --- transactions --------------------------------------------------------------------------

    def _began(self, event: TransactionBegan, position: int) -> None:
        text = f"transaction {words.plain(event.transaction, words.MOST_OF_A_NAME)} begins"
        self._own(position, event, event.who, "transaction", text, self._number(event.who))

    def _ended(self, event: TransactionEnded, position: int) -> None:
        name = words.plain(event.transaction, words.MOST_OF_A_NAME)
        why = f": {WHY.get(event.why, words.plain(event.why))}" if event.why != "asked" else ""
        text = f"transaction {name} is {event.how}{why}"
        self._own(position, event, event.who, "transaction", text, self._number(event.who))

    def _fenced(self, event: Fenced, position: int) -> None:
        text = words.plain(f"fenced off: its {event.what} is refused, {event.error}")
        self._own(position, event, event.who, "fenced", text, self._number(event.who))

    # --- groups --------------------------------------------------------------------------------

    def _rebalanced(self, event: Rebalanced, position: int) -> None:
        if position > self._over:
            return
        group = words.plain(event.group, words.MOST_OF_A_NAME)
        owners = [f"{who} has {_places(owned) or 'nothing'}" for who, owned in event.owners.items()]
        owners = owners or ["no member"]
        text = words.plain(f"{group}, generation {event.generation}: {words.listed(owners)}")
        self._drafts.add(position, Draft(event.at, None, "rebalance", text))

    def _left(self, event: LeftGroup, position: int) -> None:
        if position > self._over:
            return
        group = words.plain(event.group, words.MOST_OF_A_NAME)
        text = f"leaves {group}" if event.why == "left" else f"is out of {group}: {event.why}"
        self._own(position, event, event.who, "rebalance", text, self._asking(event.who))

    def _assigned(self, event: Assigned, position: int) -> None:
        self._in_vain.pop(event.who, None)
        text = words.plain(f"is given {_places(event.partitions)}")
        self._own(position, event, event.who, "rebalance", text, self._asking(event.who))

    def _revoked(self, event: Revoked, position: int) -> None:
        self._in_vain.pop(event.who, None)
        verb = "has lost" if event.lost else "is to give up"
        text = words.plain(f"{verb} {_places(event.partitions)}")
        self._own(position, event, event.who, "rebalance", text, self._asking(event.who))

    # --- brokers -------------------------------------------------------------------------------

    def _leader(self, event: LeaderChanged, position: int) -> None:
        if event.epoch == 0:
            return  # the first one, when its topic was created
        text = f"is led by broker {event.leader} from now on, epoch {event.epoch}"
        if event.leader < 0:
            text = "is led by no broker"
        elif not event.clean:
            text += ", which was not in sync"
        self._cluster(position, event, event.topic, event.partition, text)

    def _isr(self, event: IsrChanged, position: int) -> None:
        text = f"in sync: {_brokers(event.isr)}"
        self._cluster(position, event, event.topic, event.partition, text)

    def _truncated(self, event: LogTruncated, position: int) -> None:
        text = f"broker {event.broker} gives up what it has from offset {event.offset} on"
        if event.lost:
            lost = [str(self._copies.record(cast(int, each))) for each in event.lost]
            text += f"; gone for good: {words.listed(lost)}"
        self._cluster(position, event, event.topic, event.partition, words.plain(text))

    def _stopped(self, event: BrokerStopped, position: int) -> None:
        how = "stops" if event.how == "stopped" else f"is {words.plain(event.how)}"
        self._drafts.add(position, Draft(event.at, None, "cluster", f"broker {event.broker} {how}"))

    def _started(self, event: BrokerStarted, position: int) -> None:
        text = f"broker {event.broker} is there again"
        self._drafts.add(position, Draft(event.at, None, "cluster", text))

    # --- pieces --------------------------------------------------------------------------------

    def _partition(self, topic: str, number: int) -> Place:
        if (topic, number) not in self._lanes:
            self._lanes.append((topic, number))
        return "partition", lane(topic, number)

    def _cluster(self, position: int, event: Event, topic: str, number: int, text: str) -> None:
        self._drafts.add(position, Draft(event.at, self._partition(topic, number), "cluster", text))

    def _own(
        self, position: int, event: Event, who: str, kind: Kind, text: str, number: int | None
    ) -> Draft:
        row = Draft(event.at, self._stands(who), kind, text, None, number)
        return self._drafts.add(position, row)

    def _asking(self, who: str) -> int | None:
        """The poll in which somebody waits."""
        request = self._waiting.get(who)
        return request.number if request is not None and request.op in POLLING else None


def _over(trace: Trace) -> int:
    """Where in the trace the last process does its last; the end of one that tells of none."""
    for position in range(len(trace) - 1, -1, -1):
        if isinstance(trace.events[position], Exited | Crashed | Requested | Answered):
            return position
    return len(trace)


def _places(listed: Value) -> str:
    return words.listed([lane(*where) for where in partitions(listed)])


def _brokers(listed: list[Value]) -> str:
    return ", ".join(str(each) for each in listed) or "none"
