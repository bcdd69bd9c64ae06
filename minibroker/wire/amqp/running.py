"""RabbitMQ for those who are on another thread: a notebook, a test.

>>> with start() as rabbit:
...     rabbit.url.startswith("amqp://guest:guest@127.0.0.1:")
True
"""

from typing import Any

from minibroker.wire import running
from minibroker.wire.amqp.server import AmqpServer


class Running(running.Running[AmqpServer]):
    """`url` is what a client is given."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("amqp", lambda: AmqpServer(**options))
        self.url = self.server.url
        self.host, self.port = self.server.host, self.server.port


def start(**options: Any) -> Running:
    """A RabbitMQ on a free port of this machine; `options` are those of `AmqpServer`."""
    return Running(options)
