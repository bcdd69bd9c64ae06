"""confluent-kafka's transactions: what readers see of them, and who may write."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.waiting import make_topic, until

TOPIC = "orders"


@pytest.fixture(params=[1, 3], ids=["one broker", "three brokers"])
def broker(request: pytest.FixtureRequest) -> Running:
    """With topics of two partitions."""
    kafka: Running = request.getfixturevalue("kafka" if request.param == 1 else "three_brokers")
    for topic in (TOPIC, "bills"):
        make_topic(kafka, topic, 2, request.param)
    return kafka


@pytest.fixture
def reader(broker: Running) -> Iterator[Any]:
    """A consumer in a group ``audit`` that shows what is committed."""
    consumer = consuming(broker, "audit")
    yield consumer
    consumer.close()


def consuming(broker: Running, group: str, isolation: str = "read_committed") -> Any:
    return Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 0,
            "isolation.level": isolation,
        }
    )


def producing(broker: Running, name: str = "shop") -> Any:
    """A producer of this transactional id, ready to begin."""
    producer = Producer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "transactional.id": name,
            "linger.ms": 0,
            "log_level": 0,
        }
    )
    producer.init_transactions(10)
    return producer


def write(producer: Any, *values: str, topic: str = TOPIC) -> None:
    """Write them, in turns to the two partitions, and wait until the broker has them."""
    for number, value in enumerate(values):
        producer.produce(topic, value.encode(), partition=number % 2)
    assert producer.flush(5) == 0


def read(consumer: Any, count: int) -> list[str]:
    """So many values, sorted."""
    found: list[str] = []

    def poll() -> None:
        message = consumer.poll(0.05)
        if message is not None:
            assert message.error() is None, message.error()
            found.append(message.value().decode())

    until(lambda: len(found) >= count, poll, f"{count} records read")
    return sorted(found)


def test_only_what_was_committed_is_shown(broker: Running, reader: Any) -> None:
    producer, other = producing(broker), producing(broker, "other")
    reader.subscribe([TOPIC])
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
    hasty = consuming(broker, "hasty", "read_uncommitted")
    hasty.subscribe([TOPIC])
    assert read(hasty, 8) == list("abcdefgh")
    hasty.close()
    # c, d aborted; e, f keep g, h back
    for number in range(2):
        _, end = reader.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=5)
        assert end == 4, "the last stable offset is that of the open transaction"
    assert reader.poll(0.3) is None

    other.commit_transaction()
    assert read(reader, 4) == list("efgh")


def test_offsets_are_committed_with_the_transaction_or_not_at_all(
    broker: Running, reader: Any
) -> None:
    source = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 0})
    write(source, *"abcdef")
    producer = producing(broker)
    worker = consuming(broker, "billing")
    worker.subscribe([TOPIC])
    assert read(worker, 6) == list("abcdef")
    place = TopicPartition(TOPIC, 0)

    def committed() -> int:
        (found,) = worker.committed([place], timeout=5)
        return int(found.offset)

    for end, result in ((producer.abort_transaction, -1001), (producer.commit_transaction, 3)):
        producer.begin_transaction()
        write(producer, f"bill {end.__name__}", topic="bills")
        producer.send_offsets_to_transaction(
            worker.position([place]), worker.consumer_group_metadata(), 5
        )
        end()
        assert committed() == result
    reader.subscribe(["bills"])
    assert read(reader, 1) == ["bill commit_transaction"]
    worker.close()


def test_a_worker_that_is_out_of_its_group_commits_no_offsets(broker: Running) -> None:
    source = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 0})
    write(source, "a", "b")
    worker = consuming(broker, "billing")
    worker.subscribe([TOPIC])
    read(worker, 2)
    metadata = worker.consumer_group_metadata()
    worker.close()
    producer = producing(broker)
    producer.begin_transaction()
    with pytest.raises(KafkaException) as error:
        producer.send_offsets_to_transaction([TopicPartition(TOPIC, 0, 1)], metadata, 5)
    assert error.value.args[0].txn_requires_abort()
    producer.abort_transaction()


def test_a_second_producer_of_a_transactional_id_fences_the_first(
    broker: Running, reader: Any
) -> None:
    first = producing(broker)
    first.begin_transaction()
    write(first, "a", "b")
    second = producing(broker)
    first.produce(TOPIC, b"zombie", partition=0)
    with pytest.raises(KafkaException) as error:
        first.commit_transaction(5)
    assert error.value.args[0].fatal()
    assert error.value.args[0].code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED)
    first.purge()

    second.begin_transaction()
    write(second, "c", "d")
    second.commit_transaction()
    reader.subscribe([TOPIC])
    assert read(reader, 2) == ["c", "d"]
    assert reader.poll(0.2) is None


def test_a_transaction_that_takes_too_long_is_aborted(broker: Running, reader: Any) -> None:
    producer = Producer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "transactional.id": "slow",
            "transaction.timeout.ms": 1_000,
            "message.timeout.ms": 1_000,
            "log_level": 0,
            "linger.ms": 0,
        }
    )
    producer.init_transactions(10)
    producer.begin_transaction()
    write(producer, "a", "b")
    ended = "CompleteAbort"

    def state() -> str:
        return broker.ask(lambda server: server.cluster.transactions.describe("slow").state)

    until(lambda: state() == ended, lambda: producer.poll(0.05), "an abort")
    with pytest.raises(KafkaException):
        producer.commit_transaction(5)
