"""The scenario's and the reader's own connections to an AMQP broker, with the real client.

They do not pass the proxy: nobody kills the shop.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker

from ackademy.reality.amqp_book import AmqpBook
from ackademy.reality.shop import Shop
from minibroker.queues.errors import ChannelError
from minibroker.sim.values import Value

PATIENCE = 10.0
"""Seconds in which a broker has noticed that a connection is gone and put back what it held."""

Message = tuple[bytes, Mapping[str, Any]]
"""A body and its headers."""


@dataclass(frozen=True)
class Sent:
    """What the scenario published, by its number."""

    number: int


class AmqpShop(Shop):
    """What a `graders.stage.Stage` uses of a broker of queues, done to a real one."""

    def __init__(self, url: str, book: AmqpBook) -> None:
        self._book = book
        self._connection = connect(url)
        self._open()

    def _open(self) -> None:
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def declare_queue(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Make a durable queue."""
        self._channel.queue_declare(name, durable=True, arguments=dict(arguments or {}))
        self._book.declared(name, arguments)

    def publish(
        self, who: str, exchange: str, key: str, body: bytes, properties: Mapping[str, Value]
    ) -> Sent:
        """Publish, and wait until the broker has it. Raises `ChannelError` where no such exchange
        is."""
        headers: Any = properties.get("headers")
        number = self._book.published(who, exchange, key, body, headers or {})
        try:
            self._channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))
        except ChannelClosedByBroker as closed:
            self._open()
            raise ChannelError(closed.reply_text) from None
        return Sent(number)

    def close(self) -> None:
        """End the connection."""
        if self._connection.is_open:
            self._connection.close()


def connect(url: str) -> pika.BlockingConnection:
    """A connection that may be silent for long: nobody reads from it meanwhile."""
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 0
    return pika.BlockingConnection(parameters)


def taken(url: str, expected: Mapping[str, int]) -> dict[str, list[Message]]:
    """Take all messages out of these queues. Waits for as many as are `expected` in each, since a
    broker puts back what a lost connection held when it notices, and then for what there is."""
    found: dict[str, list[Message]] = {}
    with connect(url) as connection:
        for queue, many in expected.items():
            deadline = time.monotonic() + PATIENCE
            here = found[queue] = []
            while True:
                message = _get(connection, queue)
                if message is not None:
                    here.append(message)
                elif len(here) >= many or time.monotonic() > deadline:
                    break
                else:
                    connection.sleep(0.05)
    return found


def _get(connection: pika.BlockingConnection, queue: str) -> Message | None:
    channel = connection.channel()
    try:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
    except ChannelClosedByBroker:  # it is not there any more
        return None
    channel.close()
    return None if method is None else (body, properties.headers or {})


def cleared(url: str, queues: Iterable[str], exchanges: Iterable[str]) -> None:
    """Delete what a run has made."""
    with connect(url) as connection:
        for queue in queues:
            connection.channel().queue_delete(queue)
        for exchange in exchanges:
            connection.channel().exchange_delete(exchange)


def there(url: str, queues: Iterable[str]) -> list[str]:
    """Which of these queues the broker has."""
    found = []
    with connect(url) as connection:
        for queue in queues:
            channel = connection.channel()
            try:
                channel.queue_declare(queue, passive=True)
            except ChannelClosedByBroker:
                continue
            found.append(queue)
    return found
