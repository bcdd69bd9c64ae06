"""RabbitMQ for those who are on another thread: a notebook, a test.

>>> with start() as rabbit:
...     rabbit.url.startswith("amqp://guest:guest@127.0.0.1:")
True
"""

from typing import Any

from minibroker.wire import running
from minibroker.wire.amqp.server import AmqpServer


class Running(running.Running[AmqpServer]):
    """`url` is what a client is given; `urls` are those of all nodes."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("amqp", lambda: AmqpServer(**options))
        self.url = self.server.url
        self.urls = self.server.urls
        self.host, self.port = self.server.host, self.server.port

    def stop_node(self, node: int) -> None:
        """Shut one node down. ValueError if there is none of that number."""
        self._wait(self.server.stop_node(node))

    def start_node(self, node: int) -> None:
        """Start it again on the port that it had."""
        self._wait(self.server.start_node(node))


def start(**options: Any) -> Running:
    """A RabbitMQ on a free port of this machine; `options` are those of `AmqpServer`."""
    return Running(options)
