"""Where a consumer stands in each partition that is assigned to it, and what it has read ahead.

Offsets are librdkafka's: from 0 on they name a record, below 0 they are *logical* and are looked up
when the partition is assigned. Three are kept for a partition besides what is read next: `consumed`
(the offset after the last record that the application was given, what `position()` tells), `stored`
(what the next commit without offsets is to commit) and `committed` (what this client knows to be
committed). A record is stored when the application is given it, before it is worked on, unless
``enable.auto.offset.store`` is off (librdkafka, INTRODUCTION.md, "At-least-once processing").

Reading goes as fetching does: a partition's records that are there arrive together, and those of
the next one after them. A paused partition forgets what was read ahead, and so does one that is
sought in. The marker that ends a transaction is passed over like a record that was handed out: the
poll after the last record before it moves the position, and what is stored, beyond it (librdkafka
2, `rd_kafka_op_is_ctrl_msg`).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from minibroker.agents.kafka_consumer_settings import BEGINNING, END, ConsumerSettings
from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.log.errors import Code, LogError
from minibroker.log.records import Record

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Key: TypeAlias = tuple[str, int]
"""A topic and the number of one of its partitions."""

STORED, INVALID = -1000, -1001
UNKNOWN_EPOCH = -1
TAIL = -2000
"""``OFFSET_TAIL(n)`` is this less n: n records before the end."""

READ_AHEAD = 100
"""Records that one fetch of a partition brings at most."""

BROKER = "broker 1"


@dataclass(frozen=True, slots=True)
class Got:
    """A record that was read, with the trace's number for it. `appended` is when the broker
    appended it, in milliseconds, where the topic wants that told (``message.timestamp.type``)."""

    topic: str
    partition: int
    offset: int
    record: Record
    message: int
    appended: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What the application gets instead of a record, as a message with an error."""

    topic: str
    partition: int
    offset: int
    failure: KafkaFailure


@dataclass(slots=True, eq=False)
class Position:
    """One assigned partition; see the module. `asked` is the offset it was assigned at, `wanted`
    the logical one that is still to be looked up (None: `next` is known). `marker` is the offset
    after a transaction's marker that follows what was read ahead."""

    topic: str
    partition: int
    asked: int
    wanted: int | None
    next: int = INVALID
    consumed: int = INVALID
    stored: int = INVALID
    metadata: str = ""
    committed: int = INVALID
    paused: bool = False
    end_told: int = INVALID
    epoch: int = UNKNOWN_EPOCH
    ahead: deque[Got] = field(default_factory=deque)
    marker: int = INVALID
    fetched: bool = False

    @property
    def key(self) -> Key:
        """Its topic and number."""
        return self.topic, self.partition

    def go_to(self, offset: int) -> None:
        """Read from an offset on, logical or not, and forget what was read ahead."""
        self.ahead.clear()
        self.marker = INVALID
        self.end_told, self.epoch = INVALID, UNKNOWN_EPOCH
        self.wanted, self.next = (None, offset) if offset >= 0 else (offset, INVALID)


class Reader:
    """All assigned partitions of one consumer."""

    def __init__(self, cluster: "Cluster", settings: ConsumerSettings) -> None:
        self._cluster, self._group = cluster, settings.group
        self._committed_only, self._tells_end = settings.committed_only, settings.tells_end
        self._stores, self._reset = settings.stores, settings.reset
        self._queue: deque[Position | Problem] = deque()
        self._stamped: dict[str, bool] = {}
        self.positions: dict[Key, Position] = {}
        self.seen: set[str] = set()
        """The topics of which something was ever assigned, so that its partitions are known."""
        self.stale = True
        """Whether something may be there to read that was not at the last look."""
        self.passed = False
        """Whether a marker was passed over, and so perhaps something stored."""

    # --- the assignment --------------------------------------------------------------------

    def add(self, partitions: Iterable[tuple[str, int, int]]) -> None:
        """Assign further partitions, each from an offset on."""
        for topic, partition, offset in sorted(partitions):
            asked = STORED if offset == INVALID else offset
            position = Position(topic, partition, asked, None)
            position.go_to(asked)
            self.positions[topic, partition] = position
            self.seen.add(topic)
            self._find(position)
        self.stale = True

    def remove(self, keys: Iterable[Key]) -> None:
        """Take partitions away."""
        for key in keys:
            if (position := self.positions.pop(key, None)) is not None:
                self._forget(position)

    def pause(self, position: Position) -> None:
        """Hand out nothing of it for the time being."""
        position.paused = True
        if position.ahead or position.consumed != INVALID:
            self.seek(position, position.consumed if position.consumed >= 0 else self._at(position))

    def resume(self, position: Position) -> None:
        """Hand out again."""
        position.paused, self.stale = False, True

    def seek(self, position: Position, offset: int) -> None:
        """Go on reading elsewhere."""
        self._forget(position)
        position.go_to(offset)
        if offset == INVALID:
            self._start_over(position, offset, "seek")
        else:
            self._find(position)
        self.stale = True

    @staticmethod
    def _at(position: Position) -> int:
        if position.ahead:
            return position.ahead[0].offset
        return position.next if position.wanted is None else position.wanted

    def _forget(self, position: Position) -> None:
        position.ahead.clear()
        self._queue = deque(
            item
            for item in self._queue
            if item is not position
            and not (isinstance(item, Problem) and (item.topic, item.partition) == position.key)
        )

    # --- reading ---------------------------------------------------------------------------

    def next(self) -> Got | Problem | None:
        """Hand out the next record or problem, if there is one."""
        if not self.ready():
            return None
        first = self._queue[0]
        if isinstance(first, Problem):
            self._queue.popleft()
            return first
        got = first.ahead.popleft()
        if not first.ahead:
            self._queue.popleft()
            self.stale = True
        first.consumed = got.offset + 1
        if self._stores:
            first.stored, first.metadata = first.consumed, ""
        return got

    def ready(self, most: int = 1) -> bool:
        """Whether so many records or problems can be handed out."""
        if self.stale:
            self.stale = False
            for position in self.positions.values():
                if not position.ahead and not position.paused:
                    self._pass(position)
                    self._fetch(position)
        if most == 1:
            return bool(self._queue)
        there = sum(len(i.ahead) if isinstance(i, Position) else 1 for i in self._queue)
        return there >= most

    def _fetch(self, position: Position) -> None:
        if position.wanted is not None and not self._find(position):
            return
        if position.next < 0:
            return  # it stands still until the application seeks
        topic, partition = position.key
        try:
            if not self._validate(position):
                return
            records, after = self._cluster.records(
                topic, partition, position.next,
                read_committed=self._committed_only, most=READ_AHEAD,
            )  # fmt: skip
        except LogError as error:
            if error.code == Code.OFFSET_OUT_OF_RANGE:
                reason = "fetch failed due to requested offset not available on the broker: "
                text = f"{reason}Broker: Offset out of range ({BROKER})"
                if self._start_over(position, position.next, text):
                    self._fetch(position)
            return  # any other: its leader is not there, and a change tells when it is
        before, position.next = position.next, after
        position.fetched = True
        for offset, record in records:
            message = self._cluster.message_at(topic, partition, offset)
            appended = self._appended(topic, partition, offset)
            position.ahead.append(Got(topic, partition, offset, record, message, appended))
        if after > (records[-1][0] + 1 if records else before) and self._cluster.ends_transaction(
            topic, partition, after - 1
        ):
            position.marker = after
        if records:
            self._queue.append(position)
            return
        self._pass(position)
        if self._tells_end and position.end_told != after:
            self._tell_end(position)

    def _pass(self, position: Position) -> None:
        """Go beyond a marker that comes next."""
        if position.marker == INVALID:
            return
        position.consumed, position.marker = position.marker, INVALID
        if self._stores:
            position.stored, position.metadata = position.consumed, ""
            self.passed = True

    def _validate(self, position: Position) -> bool:
        """If another leads than at the last fetch, see whether it has all that was read, and else
        go on where its log parts from the old one (KIP-320). False when the application is to be
        told of that instead."""
        topic, partition = position.key
        epoch = self._cluster.leader_epoch(topic, partition)
        before, position.epoch = position.epoch, epoch
        if before in (UNKNOWN_EPOCH, epoch):
            return True
        known, end = self._cluster.epoch_end(topic, partition, before)
        if not 0 <= end < position.next:
            return True
        if self._reset is None:
            text = (
                f"Partition log truncation detected at offset {position.next} (leader epoch "
                f"{before}): broker end offset is {end} (offset leader epoch {known}). Reset to "
                f"INVALID.: Local: Partition log truncation detected ({BROKER})"
            )
            return self._start_over(position, INVALID, text)
        position.go_to(end)
        position.consumed, position.epoch = INVALID, epoch
        return True

    def _appended(self, topic: str, partition: int, offset: int) -> int | None:
        if topic not in self._stamped:
            kind = self._cluster.config(topic)["message.timestamp.type"]
            self._stamped[topic] = kind == "LogAppendTime"
        if not self._stamped[topic]:
            return None
        return self._cluster.fetch(topic, partition, offset, max_bytes=1).batches[0].max_timestamp

    def _tell_end(self, position: Position) -> None:
        topic, partition = position.key
        end, _ = self._cluster.offset_for(
            topic, partition, END, read_committed=self._committed_only
        )
        if position.next < end:
            return
        position.end_told = position.next
        text = (
            f"Fetch from {BROKER} reached end of partition at offset {position.next} "
            f"(HighwaterMark {end})"
        )
        failure = KafkaFailure(Local.PARTITION_EOF, text)
        self._queue.append(Problem(topic, partition, position.next, failure))

    # --- where to start --------------------------------------------------------------------

    def _find(self, position: Position) -> bool:
        """Look a logical offset up. False when it cannot be told yet, or never."""
        wanted = position.wanted
        if wanted is None:
            return position.next >= 0
        topic, partition = position.key
        try:
            if wanted in (STORED, INVALID):
                if (offset := self._last_committed(position)) < 0:
                    text = "no previously committed offset available: Local: No offset stored"
                    return self._start_over(position, INVALID, text)
            elif wanted in (END, BEGINNING):
                offset, _ = self._cluster.offset_for(
                    topic, partition, wanted, read_committed=self._committed_only
                )
            else:
                first, _ = self._cluster.offset_for(topic, partition, BEGINNING)
                last, _ = self._cluster.offset_for(
                    topic, partition, END, read_committed=self._committed_only
                )
                offset = max(first, last - (TAIL - wanted))
        except LogError as error:
            # No leader, or a transaction over the group's offset is undecided: asked again later.
            if error.code == Code.UNKNOWN_TOPIC_OR_PARTITION and wanted == STORED:
                position.wanted, position.next = None, INVALID
                text = (
                    f'Failed to fetch committed offset for group "{self._group}" topic {topic} '
                    f"[{partition}]: %s"
                )
                failure = KafkaFailure(error.code, text, said=error.code)
                self._queue.append(Problem(topic, partition, INVALID, failure))
            return False
        position.wanted, position.next = None, offset
        return True

    def _last_committed(self, position: Position) -> int:
        if not 0 <= position.partition < self._cluster.partitions(position.topic):
            raise LogError(Code.UNKNOWN_TOPIC_OR_PARTITION)
        found = self._cluster.groups.committed(
            self._group, [position.key], require_stable=self._committed_only
        )
        if position.key in found:
            position.committed = found[position.key].offset
        return position.committed

    def _start_over(self, position: Position, offset: int, text: str) -> bool:
        """Do what ``auto.offset.reset`` says."""
        if self._reset is not None:
            position.wanted, position.next = self._reset, INVALID
            return self._find(position)
        position.wanted, position.next = None, INVALID
        failure = KafkaFailure(Local.AUTO_OFFSET_RESET, text)
        self._queue.append(Problem(*position.key, offset, failure))
        return False
