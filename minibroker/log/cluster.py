"""The cluster: what a client may ask of its brokers about topics and records.

Rule: each method is one request of the protocol, or one that an administrator or a scenario does to
a broker. A request that is refused raises `LogError` and changes nothing, but for `produce`, whose
refusal stands in its answer. Clients are routed to the partition's leader by themselves: a request
says which partition, never which broker.

Theory of operation. A record is appended by the partition's leader, copied by the followers
(`minibroker.log.replication`) and may be read below the high watermark. With one broker all that
happens at once. Groups and transactions live in `groups` and `transactions`; their coordinators are
taken to be there whenever any broker is.
"""

import itertools
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from minibroker.log import config as configs
from minibroker.log import reading
from minibroker.log import topic as topics
from minibroker.log.aborted import Aborted
from minibroker.log.batch import Batch, Codec
from minibroker.log.config import TopicConfig
from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Groups
from minibroker.log.journal import UNKEPT, Journal
from minibroker.log.log import Log
from minibroker.log.partition import UNKNOWN, Partition, Produced
from minibroker.log.pending import Pending
from minibroker.log.producers import Duplicate, Producers
from minibroker.log.records import RECORDS, Record
from minibroker.log.replication import Replication
from minibroker.log.settled import Settled
from minibroker.log.terms import LARGEST, wall_ms
from minibroker.log.topic import PartitionInfo
from minibroker.log.transaction import Place
from minibroker.log.transactions import Transactions
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import Appended, AppendIgnored, Fenced, Trace

EARLIEST, LATEST = -2, -1
"""Instead of a time, in `Cluster.offset_for`."""

REQUEST_TIMEOUT = 30 * SECOND

CHECK_RETENTION, CLEANER_BACKOFF = 300 * SECOND, 15 * SECOND
"""``log.retention.check.interval.ms`` and ``log.cleaner.backoff.ms`` of the broker."""

At = Callable[[int, Callable[[], None]], None]

Kept = tuple[Settled, Sequence[tuple[int, list[Batch]]]]
"""A log as it was kept: what its batches do not tell, and they themselves by their segment."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a fetch: batches up to the high watermark, or up to the last stable offset for
    a ``read_committed`` consumer, with the aborted transactions that it must leave out."""

    batches: list[Batch]
    high_watermark: int
    last_stable_offset: int
    log_start: int
    aborted: list[Aborted]


class Cluster:
    """Brokers 1 to `brokers`. `at(when, action)` asks whoever runs the cluster for `action` at a
    time of the clock (microseconds); it is asked only when something is under way. Replicas are
    put round, from a broker on that is drawn from `chance`, the first without. `new_id` gives each
    topic its id (KIP-516); without it they are counted. `journal` is told of all that must outlive
    the process."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        *,
        brokers: int = 1,
        codec: Codec = RECORDS,
        chance: random.Random | None = None,
        new_id: Callable[[], uuid.UUID] | None = None,
        journal: Journal = UNKEPT,
    ) -> None:
        self._clock = clock
        self._trace = trace
        self.trace = trace
        self._codec = codec
        self._chance = chance
        self._journal = journal
        self._brokers = range(1, brokers + 1)
        self._topics: dict[str, list[Partition]] = {}
        self._ids: dict[str, uuid.UUID] = {}
        self._new_id = new_id or _counted()
        self._listeners: list[Callable[[], None]] = []
        self._replication = Replication(
            clock, trace, at, self._brokers, self._all_partitions, self._changed, self._movable
        )
        self.groups = Groups(
            clock,
            trace,
            at,
            partitions=lambda name: len(self._topics.get(name, ())),
            journal=journal,
            unique=new_id,
        )
        self.transactions = Transactions(
            clock,
            trace,
            at,
            self._mark,
            self._has_partition,
            self.groups,
            lambda: bool(self._replication.online),
            journal,
        )

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call back whenever something new may be read, or a leader has changed."""
        self._listeners.append(listener)

    # --- topics ----------------------------------------------------------------------------

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication_factor: int = 1,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Make a topic. LogError TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION,
        INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR (more than brokers that run) or
        INVALID_CONFIG. -1 partitions or replicas stand for the brokers' default, 1."""
        topics.check_name(name, self._topics)
        partitions = 1 if partitions == -1 else partitions
        replication_factor = 1 if replication_factor == -1 else replication_factor
        settings = configs.parsed(config or {})
        self._topics[name] = []
        try:
            self._add(name, partitions, replication_factor, settings)
        except LogError:
            del self._topics[name]
            raise
        self._ids[name] = self._new_id()
        self._keep(name)
        self.groups.topics_changed()
        self._changed()

    def delete_topic(self, name: str) -> None:
        """Delete a topic, and the positions that groups had in it."""
        for partition in self._topic(name):
            self._replication.drop(partition)
        del self._topics[name], self._ids[name]
        self._journal.topic_deleted(name)
        self.groups.forget_topic(name)
        self.transactions.go_on()
        self.groups.topics_changed()
        self._changed()

    def add_partitions(self, name: str, total: int, *, validate_only: bool = False) -> None:
        """Let a topic have more partitions, `total` in all; records stay where they are, so equal
        keys may go elsewhere from now on. LogError INVALID_PARTITIONS if it has as many,
        INVALID_REPLICATION_FACTOR if too few brokers run. With `validate_only` nothing else is
        done."""
        existing = self._topic(name)
        if total <= len(existing):
            raise LogError(
                Code.INVALID_PARTITIONS,
                f"topic {name!r} has {len(existing)} partitions; {total} are not more",
            )
        first = existing[0]
        if validate_only:
            topics.check_size(total - len(existing), len(first.replicas), len(self.brokers()))
            return
        self._add(name, total - len(existing), len(first.replicas), first.config)
        self._keep(name)
        self.groups.topics_changed()
        self._changed()

    def config(self, name: str) -> dict[str, str]:
        """What is in force for a topic, as text."""
        return configs.described(self._topic(name)[0].config)

    def given_config(self, name: str) -> dict[str, str]:
        """What was set for a topic, as text."""
        return dict(self._topic(name)[0].config.given)

    def alter_config(
        self, name: str, changes: Mapping[str, str | None], *, validate_only: bool = False
    ) -> None:
        """Set these (None: back to the default) and leave the others (IncrementalAlterConfigs).
        LogError INVALID_CONFIG. With `validate_only` nothing else is done."""
        partitions = self._topic(name)
        given: dict[str, str] = dict(partitions[0].config.given)
        for key, text in changes.items():
            if text is None:
                given.pop(key, None)
            else:
                given[key] = text
        settings = configs.parsed(given)
        if validate_only:
            return
        for partition in partitions:
            partition.config = settings
            for log in partition.logs.values():
                log.config = settings
        self._keep(name)
        self._replication.reconsider(partitions)

    def topics(self) -> list[str]:
        """The names of all topics."""
        return list(self._topics)

    def topic_id(self, name: str) -> uuid.UUID:
        """What names this topic and no later one of the same name. LogError
        UNKNOWN_TOPIC_OR_PARTITION."""
        self._topic(name)
        return self._ids[name]

    def topic_of(self, topic_id: uuid.UUID) -> str:
        """The topic with this id. LogError UNKNOWN_TOPIC_ID."""
        for name, known in self._ids.items():
            if known == topic_id:
                return name
        raise LogError(Code.UNKNOWN_TOPIC_ID, f"there is no topic with the id {topic_id}")

    def partitions(self, name: str) -> int:
        """How many a topic has. LogError UNKNOWN_TOPIC_OR_PARTITION."""
        return len(self._topic(name))

    def describe(self, name: str) -> list[PartitionInfo]:
        """A topic's partitions, as metadata tell of them."""
        return [partition.info() for partition in self._topic(name)]

    # --- producing -------------------------------------------------------------------------

    def produce(
        self,
        who: str,
        topic: str,
        partition: int,
        batch: Batch,
        acks: int,
        *,
        timeout_us: int = REQUEST_TIMEOUT,
        transactional_id: str = "",
        add: bool = False,
    ) -> Pending[Produced]:
        """Append a batch. It is answered at once with `acks` 0 (by nothing that says anything) or 1
        (the leader has it), and with -1, all, when all replicas in sync have it.

        The answer is refused with LogError UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE,
        INVALID_REQUIRED_ACKS, NOT_ENOUGH_REPLICAS (fewer in sync than ``min.insync.replicas``,
        nothing was appended), what `Log.append` and `Transactions.check` refuse; or after the batch
        was appended, and may yet come to be lost or not, with NOT_LEADER_OR_FOLLOWER (the leader
        has changed) or REQUEST_TIMED_OUT. A batch that came before is answered as it was then. With
        `add` the partition becomes part of the producer's transaction by this (KIP-890, part 2).
        """
        answer: Pending[Produced] = Pending()
        try:
            found = self._partition(topic, partition)
            stamped = self._append(who, found, batch, acks, transactional_id, add)
        except LogError as error:
            answer.settle(error if acks else UNKNOWN)
            return answer
        stamp = stamped.max_timestamp if found.config.append_time else -1
        produced = Produced(stamped.base_offset, stamp, found.led().start)
        alone = len(found.replicas) == 1
        if acks == -1 and not alone:
            self._replication.wait(found, stamped.next_offset, answer, produced, timeout_us)
        self._replication.appended(found)
        if acks != -1 or alone:
            answer.settle(produced if acks else UNKNOWN)
        return answer

    def _append(
        self,
        who: str,
        partition: Partition,
        batch: Batch,
        acks: int,
        transactional_id: str,
        add: bool,
    ) -> Batch:
        log = partition.led()
        if acks not in (-1, 0, 1):
            raise LogError(Code.INVALID_REQUIRED_ACKS, f"acks is -1 (all), 0 or 1, not {acks}")
        if acks == -1:
            _check_in_sync(partition)
        transaction = ""
        try:
            if batch.transactional:
                place = (partition.topic, partition.number)
                transaction = transactional_id or self.transactions.name_of(batch.producer_id)
                self.transactions.check(
                    batch.producer_id,
                    batch.producer_epoch,
                    transaction,
                    place,
                    who if add else None,
                )
            stamped = log.append(batch, partition.epoch, wall_ms(self._clock))
        except Duplicate as again:
            self._trace.append(
                AppendIgnored(
                    at=self._clock.now,
                    who=who,
                    topic=partition.topic,
                    partition=partition.number,
                    offset=again.batch.base_offset,
                )
            )
            return again.batch
        except LogError as error:
            if error.code is Code.INVALID_PRODUCER_EPOCH:
                self._trace.append(
                    Fenced(at=self._clock.now, who=who, what="produce", error=error.code.name)
                )
            raise
        if self._trace.kept:
            self._tell(who, partition, stamped, transaction)
        return stamped

    def _tell(self, who: str, partition: Partition, batch: Batch, transaction: str) -> None:
        numbers = partition.numbers.setdefault(partition.epoch, {})
        shown = self._codec.shown(batch.payload)
        for delta in range(batch.records):
            record = shown[delta] if delta < len(shown) else None
            number = numbers[batch.base_offset + delta] = self._trace.new_message()
            self._trace.append(
                Appended(
                    at=self._clock.now,
                    who=who,
                    message=number,
                    topic=partition.topic,
                    partition=partition.number,
                    offset=batch.base_offset + delta,
                    key=record.key if record else None,
                    value=record.value if record else None,
                    headers=record.headers if record else [],
                    transaction=transaction,
                )
            )

    def _mark(self, place: Place, marker: Batch) -> Pending[Produced]:
        """Append a control batch as the transaction coordinator does, with ``acks=all`` and all the
        time it takes."""
        answer: Pending[Produced] = Pending()
        try:
            partition = self._partition(*place)
            log = partition.led()
            _check_in_sync(partition)
            stamped = log.append(marker, partition.epoch, wall_ms(self._clock))
        except LogError as error:
            answer.settle(error)
            return answer
        produced = Produced(stamped.base_offset, -1, log.start)
        self._replication.wait(partition, stamped.next_offset, answer, produced, None)
        self._replication.appended(partition)
        return answer

    # --- reading ---------------------------------------------------------------------------

    def fetch(
        self,
        topic: str,
        partition: int,
        offset: int,
        *,
        max_bytes: int = 1_048_576,
        read_committed: bool = False,
        current_epoch: int | None = None,
    ) -> Fetched:
        """What there is to read from `offset` on, as it stands in the log. LogError
        UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, OFFSET_OUT_OF_RANGE, and if the client
        says which leader epoch it knows FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH (KIP-320)."""
        found = self._partition(topic, partition)
        log = self._readable(found, current_epoch)
        up_to = log.last_stable_offset if read_committed else log.high_watermark
        batches = log.read(offset, max_bytes, up_to)
        aborted: list[Aborted] = []
        if read_committed and batches:
            aborted = log.aborted(offset, batches[-1].next_offset)
        return Fetched(batches, log.high_watermark, log.last_stable_offset, log.start, aborted)

    def records(
        self, topic: str, partition: int, offset: int, *, read_committed: bool, most: int = 1
    ) -> tuple[list[tuple[int, Record]], int]:
        """The next records that a consumer is shown, up to `most`, each with its offset, and the
        offset to go on from: control batches and aborted records are passed over. For the
        simulator's records (`minibroker.log.records`); errors as of `fetch`."""
        log = self._readable(self._partition(topic, partition))
        return reading.records(log, offset, read_committed, most)

    def ends_transaction(self, topic: str, partition: int, offset: int) -> bool:
        """Whether the marker of a transaction's end is at this offset."""
        batches = self._readable(self._partition(topic, partition)).read(offset, 1, offset + 1)
        return bool(batches) and batches[0].control is not None

    def offset_for(
        self, topic: str, partition: int, when: int, *, read_committed: bool = False
    ) -> tuple[int, int]:
        """Offset and timestamp of the first record stamped `when` or later, in milliseconds;
        (-1, -1) if there is none (ListOffsets). `EARLIEST` and `LATEST` give the log's start and
        the end of what may be read, with timestamp -1."""
        log = self._readable(self._partition(topic, partition))
        end = log.last_stable_offset if read_committed else log.high_watermark
        if when == EARLIEST:
            return log.start, -1
        if when == LATEST:
            return end, -1
        found = log.offset_for_time(when)
        return found if found is not None and found[0] < end else (-1, -1)

    def newest(self, topic: str, partition: int) -> tuple[int, int]:
        """Offset and timestamp of the first record with the largest timestamp; (-1, -1) of an
        empty log (ListOffsets, KIP-734)."""
        log = self._readable(self._partition(topic, partition))
        stamps = [each.max_timestamp for each in log.read(log.start, LARGEST, log.high_watermark)]
        found = log.offset_for_time(max(stamps)) if stamps else None
        return found if found is not None else (-1, -1)

    def delete_records(self, topic: str, partition: int, before: int) -> int:
        """Records before this offset, -1 for the high watermark, may not be read any more; gives
        the log's start (DeleteRecords). LogError OFFSET_OUT_OF_RANGE, or POLICY_VIOLATION of a
        topic that is compacted and nothing else."""
        found = self._partition(topic, partition)
        log = found.led()
        if found.config.compact and not found.config.delete:
            raise LogError(
                Code.POLICY_VIOLATION,
                f"records of {topic!r} are not deleted by offset, since its cleanup.policy is "
                "compact alone; write a tombstone, or let the policy have delete too",
            )
        log.delete_before(before)
        self._replication.appended(found)
        return log.start

    def producers(self, topic: str, partition: int) -> Producers:
        """What the partition's leader remembers of producers (DescribeProducers). To be read
        only."""
        return self._partition(topic, partition).led().producers

    def message_at(self, topic: str, partition: int, offset: int) -> int:
        """The trace's number of a record, 0 if there is none at this offset."""
        return self._partition(topic, partition).number_at(offset)

    def epoch_end(self, topic: str, partition: int, epoch: int) -> tuple[int, int]:
        """The largest leader epoch up to `epoch` that the leader knows, and the offset where it
        ended, by which a client finds out that its position was truncated; (-1, -1) if it knows
        none (OffsetForLeaderEpoch, KIP-320)."""
        return self._partition(topic, partition).led().end_offset_for(epoch)

    def leader(self, topic: str, partition: int) -> int:
        """Which broker leads the partition. LogError UNKNOWN_TOPIC_OR_PARTITION, or
        LEADER_NOT_AVAILABLE while nobody does."""
        found = self._partition(topic, partition)
        found.led()
        return found.leader

    def leader_epoch(self, topic: str, partition: int) -> int:
        """In which epoch the partition's leader leads."""
        return self._partition(topic, partition).epoch

    def elect_leader(self, topic: str, partition: int, *, unclean: bool = False) -> None:
        """Let the preferred leader lead at once; or with `unclean`, if nobody leads, any replica
        that is there, and what others had is lost (ElectLeaders, KIP-460). LogError
        ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE."""
        self._replication.elect(self._partition(topic, partition), unclean=unclean)

    # --- brokers ---------------------------------------------------------------------------

    def brokers(self) -> list[int]:
        """The numbers of the brokers that run and are known to be there."""
        return [broker for broker in self._brokers if broker in self._replication.online]

    def stop(self, broker: int) -> None:
        """Shut a broker down. Its log stays; the controller knows at once."""
        self._replication.stop(broker)

    def start(self, broker: int) -> None:
        """Start it again: it gives up what its leaders do not have, and catches up."""
        self._replication.start(broker)

    def cut_off(self, broker: int) -> None:
        """The network between a broker and the others breaks, the controller's too. Clients still
        reach it, until the controller gives it up and they are told of another leader."""
        self._replication.cut_off(broker)

    def rejoin(self, broker: int) -> None:
        """The network of a broker that was cut off is whole again."""
        self._replication.rejoin(broker)

    # --- keeping ---------------------------------------------------------------------------

    def log(self, topic: str, partition: int) -> Log:
        """The leader's log of a partition. To be read only."""
        return self._partition(topic, partition).led()

    def restore_topic(
        self, name: str, topic_id: uuid.UUID, config: Mapping[str, str], logs: Sequence[Kept]
    ) -> None:
        """A topic is there that was kept, on the first broker alone. Its partitions have a new
        leader epoch each: what a log has lost its clients can notice (KIP-320)."""
        settings = configs.parsed(config)
        partitions: list[Partition] = []
        for number, (settled, segments) in enumerate(logs):
            partition = Partition(name, number, [self._brokers[0]], self._codec, settings)
            log = partition.logs[self._brokers[0]]
            log.restore(settled, segments)
            partition.epoch = 1 + max(log.epochs.latest, *(epoch for epoch, _ in settled.epochs))
            partition.epoch_start = log.end
            partition.checked = self._clock.now
            partitions.append(partition)
            self._replication.begin(partition)
            self._replication.appended(partition)
            log.keeper = self._journal.keeper(name, topic_id, number, log)
        self._topics[name], self._ids[name] = partitions, topic_id

    # --- within ----------------------------------------------------------------------------

    def _add(self, name: str, count: int, replication_factor: int, settings: TopicConfig) -> None:
        partitions = self._topics[name]
        brokers = self.brokers()
        topics.check_size(count, replication_factor, len(brokers))
        numbers = range(len(partitions), len(partitions) + count)
        for number, replicas in zip(
            numbers,
            topics.placed(numbers, replication_factor, brokers, self._chance),
            strict=True,
        ):
            partition = Partition(name, number, replicas, self._codec, settings)
            partition.checked = self._clock.now
            partitions.append(partition)
            self._replication.begin(partition)

    def _keep(self, name: str) -> None:
        """A topic is new, has grown or is configured anew."""
        partitions, id = self._topics[name], self._ids[name]
        for partition in partitions:
            log = partition.log
            if log is not None and log.keeper is None:
                log.keeper = self._journal.keeper(name, id, partition.number, log)
        self._journal.topic(name, id, len(partitions), partitions[0].config)

    def _all_partitions(self) -> Iterator[Partition]:
        for partitions in self._topics.values():
            yield from partitions

    def _topic(self, name: str) -> list[Partition]:
        try:
            return self._topics[name]
        except KeyError:
            raise LogError(Code.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name!r}") from None

    def _partition(self, topic: str, number: int) -> Partition:
        partitions = self._topics.get(topic)
        if partitions is None:
            partitions = self._topic(topic)
        if not 0 <= number < len(partitions):
            raise LogError(
                Code.UNKNOWN_TOPIC_OR_PARTITION,
                f"topic {topic!r} has partitions 0 to {len(partitions) - 1}, none with number "
                f"{number}",
            )
        return partitions[number]

    def _has_partition(self, place: Place) -> bool:
        topic, number = place
        return 0 <= number < len(self._topics.get(topic, ()))

    def _readable(self, partition: Partition, current_epoch: int | None = None) -> Log:
        log = partition.led()
        if current_epoch is not None and current_epoch != partition.epoch:
            older = current_epoch < partition.epoch
            raise LogError(
                Code.FENCED_LEADER_EPOCH if older else Code.UNKNOWN_LEADER_EPOCH,
                f"partition {partition.number} of {partition.topic!r} is in leader epoch "
                f"{partition.epoch}, not {current_epoch}; fetch metadata again",
            )
        pause = CLEANER_BACKOFF if partition.config.compact else CHECK_RETENTION
        if self._clock.now >= partition.checked + pause:
            self._clean(partition)
        return log

    def _clean(self, partition: Partition) -> None:
        """What a broker does every few seconds or minutes shows only when somebody looks, so it is
        done then, and no timer goes on for ever."""
        partition.checked = self._clock.now
        now_ms = wall_ms(self._clock)
        for log in partition.logs.values():
            log.compact(now_ms)
            log.retain(now_ms)

    def _movable(self) -> None:
        self.transactions.go_on()

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()


def _counted() -> Callable[[], uuid.UUID]:
    numbers = itertools.count(1)
    return lambda: uuid.UUID(int=next(numbers))


def _check_in_sync(partition: Partition) -> None:
    if len(partition.isr) < partition.least_in_sync:
        raise LogError(
            Code.NOT_ENOUGH_REPLICAS,
            f"partition {partition.number} of {partition.topic!r} has "
            f"{len(partition.isr)} replicas in sync, and min.insync.replicas is "
            f"{partition.config.min_insync_replicas}; nothing was appended",
        )
