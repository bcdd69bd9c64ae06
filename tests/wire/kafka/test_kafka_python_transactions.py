"""kafka-python's transactions: what readers see of them, and who may write.

Consumers poll for a second: kafka-python 3.0 drops an assignment that comes while a poll ends.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as failures
from kafka.structs import OffsetAndMetadata

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import make_topic, until

TOPIC = "orders"

New = Callable[..., Any]


@pytest.fixture(params=[1, 3], ids=["one broker", "three brokers"])
def broker(request: pytest.FixtureRequest) -> Running:
    """With topics of two partitions."""
    kafka: Running = request.getfixturevalue("kafka" if request.param == 1 else "three_brokers")
    for topic in (TOPIC, "bills"):
        make_topic(kafka, topic, 2, request.param)
    return kafka


@pytest.fixture
def producing(broker: Running) -> Iterator[New]:
    """Makes producers of a transactional id, ready to begin, and closes them."""
    made: list[Any] = []

    def make(name: str = "shop") -> Any:
        made.append(
            KafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=name)
        )
        made[-1].init_transactions()
        return made[-1]

    yield make
    for each in made:
        each.close(timeout=1)


@pytest.fixture
def consuming(broker: Running) -> Iterator[New]:
    """Makes consumers, and closes them."""
    made: list[Any] = []

    def make(topic: str, group: str, isolation: str = "read_committed") -> Any:
        made.append(
            KafkaConsumer(
                topic,
                bootstrap_servers=broker.bootstrap_servers,
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                isolation_level=isolation,
            )
        )
        return made[-1]

    yield make
    for each in made:
        each.close(timeout_ms=2_000)


def write(producer: Any, *values: str, topic: str = TOPIC) -> None:
    """Write them, in turns to the two partitions, and wait until the broker has them."""
    sent = [
        producer.send(topic, value.encode(), partition=number % 2)
        for number, value in enumerate(values)
    ]
    for each in sent:
        each.get(60)


def read(consumer: Any, count: int) -> list[str]:
    """So many values, sorted."""
    found: list[str] = []

    def poll() -> None:
        for records in consumer.poll(timeout_ms=1_000).values():
            found.extend(each.value.decode() for each in records)

    until(lambda: len(found) >= count, poll, f"{count} records read")
    return sorted(found)


def test_only_what_was_committed_is_shown(producing: New, consuming: New) -> None:
    producer, other = producing(), producing("other")
    reader = consuming(TOPIC, "audit")
    producer.begin_transaction()
    write(producer, "a", "b")
    producer.commit_transaction()
    assert read(reader, 2) == ["a", "b"]

    producer.begin_transaction()
    write(producer, "c", "d")
    producer.abort_transaction()
    other.begin_transaction()
    write(other, "e", "f")  # and it stays open
    producer.begin_transaction()
    write(producer, "g", "h")
    producer.commit_transaction()
    assert read(consuming(TOPIC, "hasty", "read_uncommitted"), 8) == list("abcdefgh")
    assert reader.poll(timeout_ms=300) == {}  # c, d are aborted, and e, f keep back g, h

    other.commit_transaction()
    assert read(reader, 4) == list("efgh")


def test_offsets_are_committed_with_the_transaction_or_not_at_all(
    broker: Running, producing: New, consuming: New
) -> None:
    source = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    write(source, *"abcdef")
    source.close()
    producer, worker = producing(), consuming(TOPIC, "billing")
    assert read(worker, 6) == list("abcdef")
    place = TopicPartition(TOPIC, 0)
    for end, result in ((producer.abort_transaction, None), (producer.commit_transaction, 3)):
        producer.begin_transaction()
        write(producer, f"bill {end.__name__}", topic="bills")
        position = OffsetAndMetadata(worker.position(place), "", -1)
        producer.send_offsets_to_transaction({place: position}, worker.group_metadata())
        end()
        assert worker.committed(place) == result
    assert read(consuming("bills", "audit"), 1) == ["bill commit_transaction"]


def test_a_second_producer_of_a_transactional_id_fences_the_first(
    producing: New, consuming: New
) -> None:
    first = producing()
    first.begin_transaction()
    write(first, "a", "b")
    second = producing()
    zombie = first.send(TOPIC, b"zombie", partition=0)
    with pytest.raises((failures.ProducerFencedError, failures.InvalidProducerEpochError)):
        zombie.get(60)
    with pytest.raises(failures.KafkaError):
        first.commit_transaction()

    second.begin_transaction()
    write(second, "c", "d")
    second.commit_transaction()
    reader = consuming(TOPIC, "audit")
    assert read(reader, 2) == ["c", "d"]
    assert reader.poll(timeout_ms=200) == {}
