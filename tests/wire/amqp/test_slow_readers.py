"""A client that does not read costs no memory, and nobody else anything."""

from pamqp.commands import Basic, Queue

from minibroker.wire.amqp import methods
from minibroker.wire.amqp.connection import HIGH
from minibroker.wire.amqp.running import Running
from minibroker.wire.amqp.server import AmqpServer
from tests.wire.amqp.raw import Raw, opened
from tests.wire.waiting import soon

BODY = b"x" * 100_000

COUNT = 300
"""Messages, which are thirty megabytes: more than the sockets' buffers take."""


def publish(raw: Raw, queue: str, body: bytes) -> None:
    """Publish it by the default exchange."""
    raw.frame(1, 1, methods.written(Basic.Publish, 0, "", queue, False, False))
    raw.frame(2, 1, b"\0\x3c\0\0" + len(body).to_bytes(8, "big") + b"\0\0")
    raw.frame(3, 1, body)


def filled(raw: Raw) -> None:
    """A queue with all the messages."""
    raw.ask(1, Queue.Declare, 0, "q", False, True, False, False, False, {})
    for _ in range(COUNT):
        publish(raw, "q", BODY)
    raw.ask(1, Queue.Declare, 0, "q", True, False, False, False, False, {})


def waiting(server: AmqpServer) -> int:
    """Bytes that wait to be sent to the client that does not read."""
    return max(each.waiting_bytes for each in server.connections)


def ready(server: AmqpServer) -> int:
    """Messages that are in the queue."""
    return len(server.broker.queue("q"))


def test_a_consumer_that_does_not_read_is_not_pushed_to(rabbit: Running) -> None:
    with opened(rabbit) as writer, opened(rabbit) as slow:
        filled(writer)
        slow.send(1, Basic.Consume, 0, "q", "t", False, True, False, True, {})
        soon(lambda: rabbit.ask(ready) < COUNT)
        soon(lambda: rabbit.ask(waiting) > 0)
        assert rabbit.ask(waiting) < 2 * HIGH
        assert rabbit.ask(ready) > COUNT // 4
        with opened(rabbit) as other:  # is served all the same
            other.ask(1, Queue.Declare, 0, "mine", False, True, False, False, False, {})
            publish(other, "mine", b"quick")
            found = other.ask(1, Basic.Get, 0, "mine", True)
            assert isinstance(found, Basic.GetOk)
        for _ in range(COUNT):
            assert isinstance(slow.method(), Basic.Deliver)
        assert rabbit.ask(ready) == 0


def test_a_client_that_asks_and_does_not_read_is_not_read_from(rabbit: Running) -> None:
    with opened(rabbit) as writer, opened(rabbit) as slow:
        filled(writer)
        for _ in range(COUNT):
            slow.send(1, Basic.Get, 0, "q", True)
        soon(lambda: rabbit.ask(waiting) > 0)
        assert rabbit.ask(waiting) < 2 * HIGH
        assert rabbit.ask(ready) > COUNT // 4
        for _ in range(COUNT):
            assert isinstance(slow.method(), Basic.GetOk)
