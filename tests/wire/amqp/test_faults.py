"""What a lesson lets go wrong, as pika sees it, and an alarm that blocks publishers."""

from collections.abc import Callable
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.wire.amqp.running import Running
from tests.wire.amqp.reading import read
from tests.wire.waiting import soon, until

LOST = pika.exceptions.AMQPConnectionError


def ready(rabbit: Running, queue: str) -> int:
    """How many messages a queue has ready."""
    return rabbit.ask(lambda server: len(server.broker.queue(queue)))


def test_a_refused_publish_never_happened(rabbit: Running, channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True)
    channel.confirm_delivery()
    rabbit.fail("basic.publish", refuse=True, skip=1)
    channel.basic_publish("", "q", b"1")
    with pytest.raises(LOST):
        channel.basic_publish("", "q", b"2")
    assert ready(rabbit, "q") == 1


def test_a_publish_whose_confirm_is_lost_has_happened(
    rabbit: Running, channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    channel.queue_declare("q", durable=True)
    channel.confirm_delivery()
    rabbit.fail("basic.publish", close=True)
    with pytest.raises(LOST):
        channel.basic_publish("", "q", b"1")
    again = connect()
    again.confirm_delivery()
    again.basic_publish("", "q", b"1")  # as who cannot know would do
    assert [body for _, _, body in read(again, "q", 2)] == [b"1", b"1"]


def test_an_ack_that_does_not_arrive_brings_the_message_again(
    rabbit: Running, channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"charge")
    method, _, _ = channel.basic_get("q")
    rabbit.fail("basic.ack", refuse=True)
    channel.basic_ack(method.delivery_tag)
    [(method, _, _)] = read(connect(), "q", 1)
    assert method.redelivered


def test_what_is_delayed_happens_later_and_in_order(
    rabbit: Running, channel: BlockingChannel
) -> None:
    channel.queue_declare("q", durable=True)
    rabbit.fail("basic.publish", delay=0.05, times=2)
    for body in (b"1", b"2", b"3"):
        channel.basic_publish("", "q", body)
    assert [body for _, _, body in read(channel, "q", 3)] == [b"1", b"2", b"3"]


def test_a_login_can_be_refused_and_works_again_when_all_is_healed(
    rabbit: Running, connect: Callable[[], BlockingChannel]
) -> None:
    rabbit.fail("connection.start-ok", refuse=True, times=100)
    with pytest.raises(LOST):
        connect()
    rabbit.heal()
    assert connect().is_open


@pytest.mark.parametrize(
    ("name", "how", "why"),
    [
        ("basic.pulbish", {"close": True}, "a client has no method 'basic.pulbish'"),
        ("basic.deliver", {"close": True}, "a client has no method 'basic.deliver'"),
        ("basic.publish", {}, "the fault does nothing"),
    ],
)
def test_a_fault_that_means_nothing_is_refused(
    rabbit: Running, name: str, how: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        rabbit.fail(name, **how)


def test_an_alarm_blocks_publishers_and_nobody_else(
    rabbit: Running, channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    channel.queue_declare("q", durable=True)
    told: list[str] = []
    publisher = connect()
    publisher.connection.add_on_connection_blocked_callback(
        lambda _, method: told.append(method.method.reason)
    )
    publisher.connection.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
    rabbit.ask(lambda server: server.block("low on memory"))
    publisher.basic_publish("", "q", b"1")
    publisher.basic_publish("", "q", b"2")

    def step() -> None:
        publisher.connection.process_data_events(0.01)

    until(lambda: told, step, "it is told that it is blocked")
    assert told == ["low on memory"]
    assert [body for _, _, body in read(channel, "q", 1)] == [b"1"]
    assert ready(rabbit, "q") == 0  # the second one is not read yet
    rabbit.ask(lambda server: server.unblock())
    until(lambda: len(told) == 2, step, "it is told that it may publish again")
    soon(lambda: ready(rabbit, "q") == 1)
