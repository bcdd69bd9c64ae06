"""Transactions as confluent-kafka has them."""

from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import until


def producer(kafka: Running, name: str = "till-1", **config: Any) -> Producer:
    """One with a transactional id, which it has made its own."""
    made = Producer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "transactional.id": name,
            "log_level": 0,
            "linger.ms": 0,
            **config,
        }
    )
    made.init_transactions(10)
    return made


def consumer(kafka: Running, group: str = "shop", **config: object) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 100,
            "log_level": 0,
            **config,
        }
    )


def read(reader: Consumer, count: int) -> list[bytes | None]:
    """So many values."""
    values: list[bytes | None] = []

    def enough() -> bool:
        message = reader.poll(0.05)
        if message is not None:
            assert message.error() is None
            values.append(message.value())
        return len(values) >= count

    until(enough)
    return values


@pytest.fixture
def orders(kafka: Running) -> Running:
    """A broker with the topics `orders` and `bills` of two partitions."""
    kafka.ask(lambda server: server.cluster.create_topic("orders", 2))
    kafka.ask(lambda server: server.cluster.create_topic("bills", 2))
    return kafka


def transact(made: Producer, value: bytes, *, commit: bool = True, topic: str = "orders") -> None:
    """Send one record to each partition in a transaction."""
    made.begin_transaction()
    for number in (0, 1):
        made.produce(topic, value, partition=number)
    made.flush(10)
    if commit:
        made.commit_transaction(10)
    else:
        made.abort_transaction(10)


def test_what_is_aborted_is_not_shown(orders: Running) -> None:
    made = producer(orders)
    transact(made, b"no", commit=False)
    transact(made, b"yes")
    transact(made, b"no", commit=False)
    transact(made, b"last")
    reader = consumer(orders)
    reader.subscribe(["orders"])
    assert sorted(read(reader, 4)) == [b"last", b"last", b"yes", b"yes"]  # type: ignore[type-var]
    reader.close()
    careless = consumer(orders, "careless", **{"isolation.level": "read_uncommitted"})
    careless.subscribe(["orders"])
    assert read(careless, 8).count(b"no") == 4
    careless.close()


def test_an_open_transaction_holds_up_who_reads_committed(orders: Running) -> None:
    slow, quick = producer(orders, "slow"), producer(orders, "quick")
    slow.begin_transaction()
    slow.produce("orders", b"first", partition=0)
    assert slow.flush(10) == 0
    transact(quick, b"second")
    reader = consumer(orders)
    reader.assign([TopicPartition("orders", 0, 0)])
    assert reader.poll(0.3) is None
    slow.commit_transaction(10)
    assert read(reader, 2) == [b"first", b"second"]
    reader.close()


def copy(orders: Running, made: Producer, reader: Consumer, *, commit: bool) -> None:
    """Read a record, send it on and commit both in a transaction."""
    (value,) = read(reader, 1)
    made.begin_transaction()
    made.produce("bills", value, partition=0)
    made.send_offsets_to_transaction(
        reader.position([TopicPartition("orders", 0)]), reader.consumer_group_metadata(), 10
    )
    if commit:
        made.commit_transaction(10)
    else:
        made.abort_transaction(10)


def test_offsets_are_committed_with_the_records_or_not_at_all(orders: Running) -> None:
    source = producer(orders, "source")
    transact(source, b"one")
    made, place = producer(orders), [TopicPartition("orders", 0)]
    reader = consumer(orders)
    assigned: list[object] = []
    reader.subscribe(["orders"], on_assign=lambda *_: assigned.append(1))
    until(lambda: reader.poll(0.05) is None and assigned != [])  # its first record is read again
    reader.seek(TopicPartition("orders", 0, 0))
    reader.pause([TopicPartition("orders", 1)])
    copy(orders, made, reader, commit=False)
    assert reader.committed(place, 10)[0].offset < 0
    reader.seek(TopicPartition("orders", 0, 0))
    copy(orders, made, reader, commit=True)
    assert reader.committed(place, 10)[0].offset == 1
    reader.close()
    bills = consumer(orders, "bills")
    bills.assign([TopicPartition("bills", 0, 0)])
    assert read(bills, 1) == [b"one"]
    assert bills.poll(0.2) is None, "once"
    bills.close()


def test_a_zombie_is_fenced(orders: Running) -> None:
    zombie = producer(orders)
    zombie.begin_transaction()
    zombie.produce("orders", b"old", partition=0)
    assert zombie.flush(10) == 0
    heir = producer(orders)
    transact(heir, b"new")
    with pytest.raises(KafkaException) as refused:
        zombie.commit_transaction(10)
    error = refused.value.args[0]
    assert (error.code(), error.fatal()) == (KafkaError._FENCED, True)
    reader = consumer(orders)
    reader.assign([TopicPartition("orders", 0, 0)])
    assert read(reader, 1) == [b"new"]
    reader.close()


def test_a_transaction_over_several_brokers_outlives_its_coordinator(
    three_brokers: Running,
) -> None:
    three_brokers.ask(lambda server: server.cluster.create_topic("orders", 2, 3))
    made = producer(three_brokers, "till-1", **{"reconnect.backoff.ms": 10})
    transact(made, b"before")
    made.begin_transaction()
    made.produce("orders", b"during", partition=0)
    made.flush(10)
    three_brokers.stop_broker(three_brokers.ask(lambda server: server.coordinator("till-1")))
    made.produce("orders", b"during", partition=1)
    made.commit_transaction(10)
    reader = consumer(three_brokers)
    reader.subscribe(["orders"])
    assert sorted(read(reader, 4)) == [  # type: ignore[type-var]
        b"before",
        b"before",
        b"during",
        b"during",
    ]
    reader.close()
