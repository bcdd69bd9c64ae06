"""confluent-kafka with three brokers, of which one after the other is away for a while."""

from collections import defaultdict
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.stopping import PARTITIONS, check, round_robin
from tests.wire.kafka.waiting import make_topic, until

TOPIC = "orders"


@pytest.fixture
def broker(three_brokers: Running) -> Running:
    make_topic(three_brokers, TOPIC, PARTITIONS, 3)
    return three_brokers


def test_nothing_that_was_acked_is_lost_and_order_is_kept(broker: Running) -> None:
    acked: dict[int, list[int]] = defaultdict(list)
    numbers = iter(range(1_000_000))

    def took(error: Any, message: Any) -> None:
        assert error is None, error
        acked[message.partition()].append(int(message.value()))

    producer = Producer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "enable.idempotence": True,
            "retry.backoff.ms": 20,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 100,
            "linger.ms": 1,
            "log_level": 0,
            "on_delivery": took,
        }
    )

    def write() -> None:
        if len(producer) < 100:
            number = next(numbers)
            producer.produce(TOPIC, str(number).encode(), partition=number % PARTITIONS)
        producer.poll(0.002)

    round_robin(broker, lambda: sum(map(len, acked.values())), write)
    assert producer.flush(10) == 0

    read: dict[int, list[int]] = defaultdict(list)
    consumer: Any = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "audit",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])

    def look() -> None:
        for message in consumer.consume(500, 0.1):
            assert message.error() is None, message.error()
            read[message.partition()].append(int(message.value()))

    count = sum(map(len, acked.values()))
    until(lambda: sum(map(len, read.values())) >= count, look, "all records read")
    consumer.close()
    check(acked, read)


def test_a_group_goes_on_when_its_coordinator_stops(broker: Running) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    consumer: Any = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "billing",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 200,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 100,
            "log_level": 0,
        }
    )
    consumer.subscribe([TOPIC])
    read: list[int] = []

    def look() -> None:
        message = consumer.poll(0.05)
        if message is not None:
            assert message.error() is None, message.error()
            read.append(int(message.value()))
            consumer.commit(message, asynchronous=False)

    producer.produce(TOPIC, b"1")
    assert producer.flush(5) == 0
    until(lambda: read == [1], look, "the first record")
    coordinator = broker.ask(lambda server: server.coordinator("billing"))
    generation = broker.ask(lambda server: server.cluster.groups.describe("billing").generation)
    broker.stop_broker(coordinator)
    assert broker.ask(lambda server: server.coordinator("billing")) != coordinator
    producer.produce(TOPIC, b"2")
    assert producer.flush(10) == 0
    until(lambda: read == [1, 2], look, "the second record, committed to another coordinator")
    consumer.close()
    group = broker.ask(lambda server: server.cluster.groups.describe("billing"))
    assert (group.state, group.generation) == ("Empty", generation + 1)


def test_coordinators_are_spread_over_the_brokers_and_every_client_finds_its_own(
    broker: Running,
) -> None:
    names = [f"group {number}" for number in range(12)]
    spread = broker.ask(lambda server: {server.coordinator(name) for name in names})
    assert spread == {1, 2, 3}
    for name in names:
        consumer: Any = Consumer(
            {"bootstrap.servers": broker.bootstrap_servers, "group.id": name, "log_level": 0}
        )
        consumer.commit(offsets=[TopicPartition(TOPIC, 0, len(name))], asynchronous=False)
        (found,) = consumer.committed([TopicPartition(TOPIC, 0)], timeout=5)
        assert found.offset == len(name)
        consumer.close()
        producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "transactional.id": name,
                "log_level": 0,
            }
        )
        producer.init_transactions(5)


def test_a_transaction_is_committed_although_its_coordinator_and_its_leaders_stop(
    broker: Running,
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "transactional.id": "shop",
            "retry.backoff.ms": 20,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 100,
            "linger.ms": 0,
            "log_level": 0,
        }
    )
    producer.init_transactions(5)
    for stopped in (1, 2, 3):
        producer.begin_transaction()
        for number in range(PARTITIONS):
            producer.produce(TOPIC, f"{stopped} before".encode(), partition=number)
        assert producer.flush(5) == 0
        broker.stop_broker(stopped)
        for number in range(PARTITIONS):
            producer.produce(TOPIC, f"{stopped} after".encode(), partition=number)
        producer.commit_transaction(10)
        broker.start_broker(stopped)

    consumer: Any = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "audit",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])
    read: dict[int, list[str]] = defaultdict(list)

    def look() -> None:
        for message in consumer.consume(100, 0.1):
            assert message.error() is None, message.error()
            read[message.partition()].append(message.value().decode())

    until(lambda: sum(map(len, read.values())) >= 6 * PARTITIONS, look, "all records read")
    consumer.close()
    wanted = [f"{stopped} {when}" for stopped in (1, 2, 3) for when in ("before", "after")]
    assert dict(read) == dict.fromkeys(range(PARTITIONS), wanted)
