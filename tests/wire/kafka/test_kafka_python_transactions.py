"""Transactions as kafka-python has them."""

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from kafka import (
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.errors import KafkaError, ProducerFencedError

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import until

# It leaves sockets open; they are found here, and not in the middle of somebody else's test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _sockets() -> Iterator[None]:
    yield
    gc.collect()


ORDERS = TopicPartition("orders", 0)


class Clients:
    """Makes clients, and closes them in the end."""

    def __init__(self, kafka: Running, stack: ExitStack) -> None:
        self._servers, self._stack = kafka.bootstrap_servers, stack

    def producer(self, name: str = "till-1") -> Any:
        """One with a transactional id, which it has made its own."""
        made = KafkaProducer(
            bootstrap_servers=self._servers, transactional_id=name, retry_backoff_ms=20
        )
        self._stack.callback(made.close, timeout=1)
        made.init_transactions()
        return made

    def consumer(self, topic: str = "orders", **config: Any) -> Any:
        """One that reads what is committed of partition 0."""
        made = KafkaConsumer(
            bootstrap_servers=self._servers,
            **{"isolation_level": "read_committed", "enable_auto_commit": False} | config,
        )
        self._stack.callback(made.close)
        made.assign([TopicPartition(topic, 0)])
        made.seek(TopicPartition(topic, 0), 0)
        return made

    def admin(self) -> Any:
        """An operator."""
        made = KafkaAdminClient(bootstrap_servers=self._servers)
        self._stack.callback(made.close)
        return made


@pytest.fixture
def clients(kafka: Running) -> Iterator[Clients]:
    """Of a broker with the topics `orders` and `bills`."""
    kafka.ask(lambda server: server.cluster.create_topic("orders"))
    kafka.ask(lambda server: server.cluster.create_topic("bills"))
    with ExitStack() as stack:
        yield Clients(kafka, stack)


def transact(made: Any, value: bytes, *, commit: bool = True, topic: str = "orders") -> None:
    """Send one record in a transaction."""
    made.begin_transaction()
    made.send(topic, value, partition=0).get(10)
    if commit:
        made.commit_transaction()
    else:
        made.abort_transaction()


def read(reader: Any, count: int) -> list[bytes]:
    """So many values."""
    values: list[bytes] = []

    def enough() -> bool:
        for records in reader.poll(50).values():
            values.extend(record.value for record in records)
        return len(values) >= count

    until(enough)
    return values


def test_what_is_aborted_is_not_shown(clients: Clients) -> None:
    made = clients.producer()
    transact(made, b"no", commit=False)
    transact(made, b"yes")
    transact(made, b"no", commit=False)
    transact(made, b"last")
    assert read(clients.consumer(), 2) == [b"yes", b"last"]
    careless = clients.consumer(isolation_level="read_uncommitted")
    assert read(careless, 4) == [b"no", b"yes", b"no", b"last"]


def test_offsets_are_committed_with_the_records_or_not_at_all(clients: Clients) -> None:
    transact(clients.producer("source"), b"one")
    made, reader = clients.producer(), clients.consumer(group_id="shop")
    for commit in (False, True):
        reader.seek(ORDERS, 0)
        (value,) = read(reader, 1)
        made.begin_transaction()
        made.send("bills", value, partition=0).get(10)
        offsets = {ORDERS: OffsetAndMetadata(1)}
        made.send_offsets_to_transaction(offsets, reader.group_metadata())
        if commit:
            made.commit_transaction()
        else:
            made.abort_transaction()
        assert reader.committed(ORDERS) == (1 if commit else None)
    assert read(clients.consumer("bills"), 1) == [b"one"]


def test_a_zombie_is_fenced(clients: Clients) -> None:
    zombie = clients.producer()
    zombie.begin_transaction()
    zombie.send("orders", b"old", partition=0).get(10)
    transact(clients.producer(), b"new")
    with pytest.raises(ProducerFencedError):
        zombie.commit_transaction()
    assert read(clients.consumer(), 1) == [b"new"]


def test_a_zombie_writes_nothing(clients: Clients) -> None:
    zombie = clients.producer()
    transact(zombie, b"before")
    zombie.begin_transaction()
    transact(clients.producer(), b"new")
    with pytest.raises(KafkaError):
        zombie.send("orders", b"old", partition=0).get(10)
    assert read(clients.consumer(), 2) == [b"before", b"new"]


def test_an_operator_sees_transactions(clients: Clients) -> None:
    made, admin = clients.producer(), clients.admin()
    (listed,) = admin.list_transactions()[1]
    assert (listed.transactional_id, listed.state.value) == ("till-1", "Empty")
    made.begin_transaction()
    made.send("orders", b"one", partition=0).get(10)
    described = admin.describe_transactions(["till-1"])["till-1"]
    assert described.state.value == "Ongoing"
    assert set(described.topic_partitions) == {ORDERS}
    assert abs(described.transaction_start_time_ms / 1000 - datetime.now().timestamp()) < 10
    (state,) = admin.describe_producers([ORDERS])[ORDERS].active_producers
    assert (state.producer_id, state.current_transaction_start_offset) == (
        described.producer_id,
        0,
    )
    made.commit_transaction()
    assert admin.describe_transactions(["till-1"])["till-1"].state.value == "CompleteCommit"
