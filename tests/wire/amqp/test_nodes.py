"""A cluster of three nodes, with clients at some of them while others stop and start."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pika
import pytest
from pamqp.commands import Basic, Confirm, Queue, Tx
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.storage import StorageError
from minibroker.wire.amqp.running import Running, start
from minibroker.wire.amqp.server import ports_of
from tests.wire.amqp.raw import Raw, opened
from tests.wire.amqp.reading import read
from tests.wire.amqp.test_slow_readers import publish
from tests.wire.waiting import soon, until

QUORUM = {"x-queue-type": "quorum"}
PERSISTENT = pika.BasicProperties(delivery_mode=2)

Connect = Callable[[int], BlockingChannel]


@pytest.fixture
def rabbit() -> Iterator[Running]:
    """A cluster, empty."""
    with start(nodes=3) as running:
        yield running


@pytest.fixture
def connect(rabbit: Running) -> Iterator[Connect]:
    """Makes channels of pika's to a node, each of a connection of its own."""
    connections: list[pika.BlockingConnection] = []

    def connected(node: int) -> BlockingChannel:
        parameters = pika.URLParameters(rabbit.urls[node - 1])
        connections.append(pika.BlockingConnection(parameters))
        return connections[-1].channel()

    yield connected
    for connection in connections:
        with suppress(pika.exceptions.AMQPError):  # the test may have ended it
            connection.close()


def where(rabbit: Running, queue: str) -> dict[str, object]:
    """What an operator sees of a queue."""
    found = rabbit.ask(lambda server: server.overview())
    return next(each for each in found if each["queue"] == queue)


# --- quorum queues -------------------------------------------------------------------------------


def test_a_publisher_and_a_consumer_live_through_the_stop_of_the_leader(
    rabbit: Running, connect: Connect
) -> None:
    connect(2).queue_declare("orders", durable=True, arguments=QUORUM)
    assert where(rabbit, "orders")["leader"] == 2
    publisher, consumer = connect(1), connect(3)
    publisher.confirm_delivery()
    got: list[bytes] = []

    def took(channel: BlockingChannel, method: Any, _: object, body: bytes) -> None:
        got.append(body)
        channel.basic_ack(method.delivery_tag)

    consumer.basic_consume("orders", took)
    for number in range(30):
        if number == 10:
            rabbit.stop_node(2)
        if number == 20:
            rabbit.start_node(2)
        publisher.basic_publish("", "orders", b"%d" % number)  # returns when it is confirmed
    step = consumer.connection.process_data_events
    until(lambda: len(got) >= 30, lambda: step(0.01), "thirty orders")
    assert got == [b"%d" % number for number in range(30)]
    soon(lambda: where(rabbit, "orders")["unacked"] == 0)
    assert where(rabbit, "orders")["leader"] == 1


def test_what_a_client_of_the_stopped_node_held_comes_to_another_with_its_count(
    rabbit: Running, connect: Connect
) -> None:
    here, there = connect(1), connect(2)
    there.queue_declare("orders", durable=True, arguments=QUORUM)
    there.basic_publish("", "orders", b"order-1")
    until(lambda: there.basic_get("orders")[0], lambda: None, "the order")
    rabbit.stop_node(2)
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker) as closed:
        there.connection.process_data_events(60)
    assert (closed.value.reply_code, closed.value.reply_text) == (
        320,
        "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
    )
    [(method, properties, body)] = read(here, "orders", 1)
    assert (body, method.redelivered) == (b"order-1", True)
    assert properties.headers["x-delivery-count"] == 1


def test_without_a_majority_a_confirm_does_not_come_until_there_is_one(
    rabbit: Running, connect: Connect
) -> None:
    publisher, consumer = connect(1), connect(1)
    publisher.queue_declare("orders", durable=True, arguments=QUORUM)
    publisher.confirm_delivery()
    got: list[bytes] = []
    consumer.basic_consume("orders", lambda *it: got.append(it[3]), auto_ack=True)
    rabbit.stop_node(2)
    rabbit.stop_node(3)
    assert where(rabbit, "orders")["works"] is False
    thread = threading.Thread(target=publisher.basic_publish, args=("", "orders", b"order-1"))
    thread.start()
    soon(lambda: rabbit.ask(lambda server: server.broker.cluster.waiting("orders")) == 1)
    assert thread.is_alive()
    assert where(rabbit, "orders")["ready"] == 0
    rabbit.start_node(3)
    thread.join(60)
    assert not thread.is_alive()
    step = consumer.connection.process_data_events
    until(lambda: got, lambda: step(0.01), "the order")
    assert got == [b"order-1"]


def test_those_behind_a_message_that_waits_are_confirmed_one_by_one(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        declare(raw, "orders", QUORUM)
        declare(raw, "old")
        assert isinstance(raw.ask(1, Confirm.Select, False), Confirm.SelectOk)
        rabbit.stop_node(2)
        rabbit.stop_node(3)
        for queue in ("old", "orders", "old", "old"):
            publish(raw, queue, b"x")
        assert [confirmed(raw) for _ in range(3)] == [(1, False), (3, False), (4, False)]
        publish(raw, "orders", b"x")
        raw.ask(1, Queue.Declare, 0, "old", True, False, False, False, False, {})
        rabbit.start_node(2)
        assert [confirmed(raw) for _ in range(2)] == [(2, False), (5, False)]
        publish(raw, "orders", b"x")
        assert confirmed(raw) == (6, False)


def test_a_transaction_is_committed_when_all_its_queues_have_it(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        declare(raw, "orders", QUORUM)
        declare(raw, "old")
        assert isinstance(raw.ask(1, Tx.Select), Tx.SelectOk)
        rabbit.stop_node(2)
        rabbit.stop_node(3)
        for queue in ("orders", "old", "orders"):
            publish(raw, queue, b"x")
        raw.send(1, Tx.Commit)
        raw.channel(2)  # is answered first
        rabbit.start_node(3)
        assert isinstance(raw.method(), Tx.CommitOk)
        assert where(rabbit, "orders")["ready"] == 2


def test_what_a_client_is_told_without_a_majority(rabbit: Running, connect: Connect) -> None:
    channel = connect(1)
    channel.queue_declare("orders", durable=True, arguments=QUORUM)
    channel.basic_publish("", "orders", b"order-1")
    rabbit.stop_node(2)
    rabbit.stop_node(3)
    counted = channel.queue_declare("orders", passive=True).method
    assert (counted.message_count, counted.consumer_count) == (0, 0)
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker) as closed:
        channel.basic_consume("orders", print)
    assert (closed.value.reply_code, closed.value.reply_text) == (541, "INTERNAL_ERROR")
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="metadata store"):
        connect(1).queue_declare("new", durable=True)


# --- classic queues ------------------------------------------------------------------------------


def test_a_classic_queue_is_out_of_use_while_its_node_is_down(
    rabbit: Running, connect: Connect
) -> None:
    connect(2).queue_declare("old", durable=True)
    channel, consumer = connect(1), connect(3)
    channel.confirm_delivery()
    for body, properties in ((b"kept", PERSISTENT), (b"gone", None)):
        channel.basic_publish("", "old", body, properties)
    cancelled: list[Any] = []
    got: list[Any] = []
    consumer.add_on_cancel_callback(cancelled.append)
    consumer.basic_qos(prefetch_count=1)
    consumer.basic_consume("old", lambda *it: got.append(it[1].delivery_tag), consumer_tag="mine")
    step = consumer.connection.process_data_events
    until(lambda: got, lambda: step(0.01), "the first message")
    rabbit.stop_node(2)
    until(lambda: cancelled, lambda: step(0.01), "the notice")
    assert cancelled[0].method.consumer_tag == "mine"
    consumer.basic_ack(got[0])  # it means nothing, and is no mistake
    with pytest.raises(pika.exceptions.NackError):
        channel.basic_publish("", "old", b"late", PERSISTENT, mandatory=True)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
        channel.basic_get("old")
    assert (closed.value.reply_code, closed.value.reply_text) == (
        404,
        "NOT_FOUND - queue 'old' in vhost '/' process is stopped by supervisor",
    )
    rabbit.start_node(2)
    consumer.queue_declare("old", passive=True)
    [(method, _, body)] = read(connect(2), "old", 1)
    assert (body, method.redelivered) == (b"kept", True)
    assert where(rabbit, "old")["ready"] == 0


# --- the nodes -----------------------------------------------------------------------------------


def test_a_stopped_node_takes_no_connection_and_comes_back_on_its_port(
    rabbit: Running, connect: Connect
) -> None:
    connect(2)
    rabbit.stop_node(2)
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connect(2)
    assert [each["runs"] for each in rabbit.ask(lambda server: server.all_nodes())] == [
        True,
        False,
        True,
    ]
    rabbit.start_node(2)
    rabbit.start_node(2)
    connect(2).queue_declare("orders", durable=True, arguments=QUORUM)
    with pytest.raises(ValueError, match="there is no node 4"):
        rabbit.stop_node(4)


def test_one_node_alone_is_not_stopped() -> None:
    with start() as rabbit, pytest.raises(ValueError, match="one node only"):
        rabbit.stop_node(1)


def test_only_one_node_keeps_its_queues_on_disk(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="only one node can keep its queues"):
        start(nodes=3, data=tmp_path)


def test_nodes_have_a_port_each() -> None:
    assert ports_of(5672, 3) == [5672, 5673, 5674]
    assert ports_of(0, 2) == [0, 0]
    assert ports_of((1, 2), 1) == [1, 2]
    with pytest.raises(ValueError, match="3 nodes need 3 ports, not 2"):
        ports_of((1, 2), 3)


def declare(raw: Raw, queue: str, arguments: Any = ()) -> None:
    given = 0, queue, False, True, False, False, False, dict(arguments)
    assert isinstance(raw.ask(1, Queue.Declare, *given), Queue.DeclareOk)


def confirmed(raw: Raw) -> tuple[int, bool]:
    method = raw.method()
    assert isinstance(method, Basic.Ack), method
    return method.delivery_tag, method.multiple
