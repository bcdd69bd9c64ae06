"""The scenario's and the reader's own connections to Kafka, with the real client."""

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ackademy.reality.kafka_book import KafkaBook
from ackademy.reality.kafka_wire import asked_for, framed
from ackademy.reality.shop import Shop
from minibroker.log.batch import Batch
from minibroker.log.records import RECORDS
from minibroker.sim.values import Value

PATIENCE = 60.0
"""Seconds in which a broker has done what it was asked to, such as deleting a topic."""

STABLE = 10.0
"""Seconds after which offsets that a broker does not tell are taken to be undecided."""

QUIET = logging.getLogger("ackademy.reality.quiet")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


@dataclass(frozen=True)
class Place:
    """Where a record of the scenario stands."""

    base_offset: int

    def get(self) -> "Place":
        """It is there already."""
        return self


@dataclass(frozen=True)
class Stored:
    """A record that a reader found; `committed` says that a ``read_committed`` one sees it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[Value]
    committed: bool


@dataclass(frozen=True)
class Left:
    """What is left in a broker when all is over. `undecided` are partitions in which a transaction
    is open, `offsets` what each group has committed, `pending` groups with offsets in a transaction
    that is open."""

    records: list[Stored]
    undecided: set[tuple[str, int]]
    offsets: dict[tuple[str, str, int], int]
    pending: set[str] = field(default_factory=set)


class KafkaShop(Shop):
    """What a `graders.stage.Stage` uses of a Kafka cluster, done to a real one."""

    def __init__(self, servers: str, book: KafkaBook) -> None:
        self.servers, self._book = servers, book
        self.topics: dict[str, int] = {}
        self._admin = AdminClient(_config(servers), logger=QUIET)
        self._producer = Producer(_config(servers) | {"linger.ms": 0}, logger=QUIET)

    def create_topic(
        self,
        name: str,
        partitions: int = 1,
        replication: int = 1,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Make a topic, once one of that name that is being deleted is gone, and wait for it."""
        self.topics[name] = partitions
        new = NewTopic(name, partitions, replication, config=dict(config or {}))

        def create() -> bool:
            try:
                self._admin.create_topics([new])[name].result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                self._delete([name])  # of a run before, or made for a client that asked for it
                return False
            return True

        _until(create, f"topic {name} is there already")
        _until(lambda: self._leads(name), f"topic {name} has no leader")

    def _leads(self, name: str) -> bool:
        topic = self._admin.list_topics(name, timeout=PATIENCE).topics[name]
        parts = topic.partitions.values()
        return topic.error is None and bool(parts) and all(each.leader >= 0 for each in parts)

    def produce(self, who: str, topic: str, partition: int, batch: Batch, _: int) -> Place:
        """Append a record, and wait until the broker has it."""
        record = RECORDS.shown(batch.payload)[0]
        where: list[Any] = []
        self._producer.produce(
            topic,
            record.value,
            record.key,
            partition,
            on_delivery=lambda error, message: where.append(error or message),
        )
        self._producer.flush(PATIENCE)
        if not where or isinstance(where[0], KafkaError):
            raise RuntimeError(f"the scenario's record was not taken by {topic}: {where}")
        offset = where[0].offset()
        self._book.appended(
            who, (topic, partition, offset), record.key, record.value, record.headers
        )
        return Place(offset)

    def message_at(self, topic: str, partition: int, offset: int) -> int:
        """The number of the record that stands there."""
        return self._book.messages[topic, partition, offset]

    def left(self, groups: Iterable[str]) -> Left:
        """Read all that is left."""
        records: list[Stored] = []
        undecided = set()
        for topic, partitions in self.topics.items():
            for partition in range(partitions):
                every, end = self._read(topic, partition, "read_uncommitted")
                certain, stable = self._read(topic, partition, "read_committed")
                seen = {each.offset() for each in certain}
                records += [_stored(each, each.offset() in seen) for each in every]
                if stable < end:
                    undecided.add((topic, partition))
        offsets: dict[tuple[str, str, int], int] = {}
        pending = set()
        for group in groups:
            found = self._offsets(group, "read_committed", STABLE)
            if found is None:
                pending.add(group)
                found = self._offsets(group, "read_uncommitted", PATIENCE)
            offsets |= {(group, *place): offset for place, offset in (found or {}).items()}
        return Left(records, undecided, offsets, pending)

    def _read(self, topic: str, partition: int, isolation: str) -> tuple[list[Any], int]:
        """All records that such a reader sees, and how far it comes."""
        consumer = Consumer(
            _config(self.servers)
            | {
                "group.id": "reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
            },
            logger=QUIET,
        )
        found: list[Any] = []
        try:
            consumer.assign([TopicPartition(topic, partition, 0)])
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                message = consumer.poll(0.5)
                if message is None:
                    continue
                error = message.error()
                if error is None:
                    found.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    return found, message.offset() or 0
                else:
                    raise KafkaException(error)
            raise RuntimeError(f"{topic}/{partition} could not be read to its end")
        finally:
            consumer.close()

    def _offsets(
        self, group: str, isolation: str, patience: float
    ) -> dict[tuple[str, int], int] | None:
        """What a group has committed; None when a transaction may still change that: a reader of
        committed records is not told before it is decided (KIP-447)."""
        places = [TopicPartition(t, n) for t, many in self.topics.items() for n in range(many)]
        config = _config(self.servers) | {"group.id": group, "isolation.level": isolation}
        consumer = Consumer(config, logger=QUIET)
        try:
            found = consumer.committed(places, timeout=patience)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._TIMED_OUT:
                raise
            return None
        finally:
            consumer.close()
        return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}

    def _delete(self, names: list[str]) -> None:
        for done in self._admin.delete_topics(names).values():
            with contextlib.suppress(KafkaException):
                done.result()

    def clear(self, groups: Iterable[str]) -> None:
        """Delete what a run has made. Its producer goes first: it would ask for its topics, and so
        make them again."""
        del self._producer
        if self.topics:
            self._delete(list(self.topics))
            _until(lambda: not there(self.servers, self.topics), "a topic is not deleted")
        for group in groups:
            _until(lambda group=group: self._is_gone(group), f"group {group} is not deleted")  # type: ignore[misc]

    def _is_gone(self, group: str) -> bool:
        """Delete a group; False while it has members, which are given up in time."""
        try:
            self._admin.delete_consumer_groups([group])[group].result()
        except KafkaException as error:
            return bool(error.args[0].code() != KafkaError.NON_EMPTY_GROUP)
        return True


def there(servers: str, names: Iterable[str]) -> list[str]:
    """Which of these topics the broker has."""
    known = AdminClient(_config(servers), logger=QUIET).list_topics(timeout=PATIENCE).topics
    return [name for name in names if name in known]


def leave(servers: str, group: str, members: Iterable[str]) -> None:
    """Let members that are dead leave their group, whose next ones would wait for them."""
    host, _, port = servers.partition(",")[0].rpartition(":")
    from kio.schema.leave_group.v3.request import MemberIdentity

    gone = tuple(MemberIdentity(member_id=each, group_instance_id=None) for each in members)
    frame = asked_for("leave_group", 3, 1, group_id=group, members=gone)
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(framed(frame))
        connection.recv(4096)


def _stored(message: Any, committed: bool) -> Stored:
    headers: list[Value] = [[name, value] for name, value in message.headers() or []]
    return Stored(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        headers,
        committed,
    )


def _config(servers: str) -> dict[str, Any]:
    return {"bootstrap.servers": servers, "log_level": 0}


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {PATIENCE:g} s {what}")
        time.sleep(0.1)
