"""Kafka for those who are on another thread: a notebook, a test.

>>> with start() as kafka:
...     kafka.bootstrap_servers.startswith("127.0.0.1:")
True
"""

from typing import Any

from minibroker.wire import running
from minibroker.wire.kafka.server import KafkaServer


class Running(running.Running[KafkaServer]):
    """`bootstrap_servers` is what a client's ``bootstrap.servers`` is set to."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("kafka", lambda: KafkaServer(**options))
        self.bootstrap_servers = self.server.bootstrap_servers

    def stop_broker(self, number: int) -> None:
        """Shut one broker down; others lead what it led. ValueError if there is none of that
        number."""
        self._wait(self.server.stop_broker(number))

    def start_broker(self, number: int) -> None:
        """Start it again on the port that it had."""
        self._wait(self.server.start_broker(number))


def start(brokers: int = 1, **options: Any) -> Running:
    """A Kafka of `brokers` brokers on free ports of this machine; `options` are those of
    `KafkaServer`."""
    return Running({"ports": (0,) * brokers} | options)
