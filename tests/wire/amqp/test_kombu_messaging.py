"""Messaging with kombu, which Celery is built on."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import amqp
import kombu
import pytest
from kombu.pools import producers
from kombu.simple import SimpleQueue

from minibroker.wire.amqp.running import Running
from tests.wire.waiting import PATIENCE, soon, until


@pytest.fixture
def connection(rabbit: Running) -> Iterator[kombu.Connection]:
    """A connection of kombu's."""
    with kombu.Connection(rabbit.url) as made:
        yield made


def drained(connection: kombu.Connection, holds: Callable[[], object]) -> None:
    """Read until it holds."""

    def step() -> None:
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.05)

    until(holds, step, "what is read for")


def test_a_simple_queue(connection: kombu.Connection) -> None:
    with connection.SimpleQueue("simple") as queue:
        assert isinstance(queue, SimpleQueue)
        queue.put({"order": 1})
        message = queue.get(timeout=PATIENCE)
        assert message.payload == {"order": 1}
        message.ack()
        assert queue.qsize() == 0


@pytest.mark.parametrize(
    ("kind", "binding", "key"),
    [("fanout", "", "x"), ("direct", "error", "error"), ("topic", "kern.#", "kern.a.b")],
)
def test_exchanges_route(connection: kombu.Connection, kind: str, binding: str, key: str) -> None:
    exchange = kombu.Exchange("logs", kind)
    queue = kombu.Queue("mine", exchange, routing_key=binding)
    found: list[Any] = []

    def got(body: Any, message: kombu.Message) -> None:
        message.ack()
        found.append((body, message.delivery_info["routing_key"]))

    with connection.Consumer(queue, callbacks=[got]), connection.Producer() as producer:
        producer.publish("nowhere", exchange=exchange, routing_key="no.where")
        producer.publish({"severity": "high"}, exchange=exchange, routing_key=key)
        drained(connection, lambda: any(key == each[1] for each in found))
    assert found[-1] == ({"severity": "high"}, key)
    assert len(found) == (2 if kind == "fanout" else 1)


def test_rpc(connection: kombu.Connection) -> None:
    channel = connection.channel()
    requests = kombu.Queue("rpc", channel=channel)
    requests.declare()
    answers = kombu.Queue(exclusive=True, channel=channel)
    answers.declare()
    with connection.Producer() as producer:
        producer.publish(12, routing_key="rpc", reply_to=answers.name, correlation_id="1")
        request = requests.get()
        answer = request.payload**2
        properties = request.properties
        producer.publish(
            answer,
            routing_key=properties["reply_to"],
            correlation_id=properties["correlation_id"],
        )
        request.ack()
    found: list[kombu.Message] = []
    until(lambda: found, lambda: found.extend(filter(None, [answers.get()])), "an answer")
    assert (found[0].payload, found[0].properties["correlation_id"]) == (144, "1")


def test_confirms(rabbit: Running) -> None:
    options = {"confirm_publish": True}
    with kombu.Connection(rabbit.url, transport_options=options) as connection:
        queue = kombu.Queue(
            "q", queue_arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        queue(connection).declare()
        with producers[connection].acquire(block=True) as producer:
            producer.publish("x", routing_key="q")
            with pytest.raises(amqp.exceptions.MessageNacked):
                producer.publish("y", routing_key="q")


def test_what_was_not_acknowledged_comes_again(rabbit: Running) -> None:
    queue = kombu.Queue("tasks")
    with kombu.Connection(rabbit.url) as holder, kombu.Connection(rabbit.url) as other:
        queue(holder).declare()
        holder.Producer().publish("resize", routing_key="tasks")
        held = queue(holder.default_channel).get()
        assert held is not None
        assert queue(other.default_channel).get() is None
        rabbit.ask(lambda server: server.drop(next(iter(server.connections)).name))
        found: list[kombu.Message] = []
        bound = queue(other.default_channel)
        until(lambda: found, lambda: found.extend(filter(None, [bound.get()])), "it comes again")
        assert found[0].delivery_info["redelivered"] is True
        found[0].ack()


def test_a_producer_that_is_told_to_retry_connects_again(rabbit: Running) -> None:
    with kombu.Connection(rabbit.url) as connection:
        queue = kombu.Queue("q")
        queue(connection).declare()
        producer = connection.Producer()
        producer.publish("1", routing_key="q")
        rabbit.ask(lambda server: server.drop())
        soon(lambda: not rabbit.ask(lambda server: server.connections))
        policy = {"max_retries": 50, "interval_start": 0.01, "interval_max": 0.1}
        for body in ("2", "3"):  # the first one may be written to a socket that is gone
            producer.publish(body, routing_key="q", retry=True, retry_policy=policy)
        soon(lambda: rabbit.ask(lambda server: len(server.broker.queue("q"))) >= 2)
