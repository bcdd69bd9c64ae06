"""A broker for the tests of its clients, and pika's way to it."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.wire.amqp.running import Running, start


@pytest.fixture
def rabbit() -> Iterator[Running]:
    """A broker, empty."""
    with start() as running:
        yield running


@pytest.fixture
def connect(rabbit: Running) -> Iterator[Callable[[], BlockingChannel]]:
    """Makes channels of pika's, each of a connection of its own."""
    connections: list[pika.BlockingConnection] = []

    def connected() -> BlockingChannel:
        connections.append(pika.BlockingConnection(pika.URLParameters(rabbit.url)))
        return connections[-1].channel()

    yield connected
    for connection in connections:
        with suppress(pika.exceptions.AMQPError):  # the test may have ended it
            connection.close()


@pytest.fixture
def channel(connect: Callable[[], BlockingChannel]) -> BlockingChannel:
    """One of them."""
    return connect()
