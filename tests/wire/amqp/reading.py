"""Reading with pika."""

import time
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel

from tests.wire.waiting import PATIENCE


def read(channel: BlockingChannel, queue: str, count: int) -> list[tuple[Any, Any, bytes]]:
    """The next `count` messages of a queue, each acknowledged when the next one is asked for."""
    found: list[tuple[Any, Any, bytes]] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < deadline, f"{queue} gave {len(found)} of {count} messages"
        method, properties, body = channel.basic_get(queue)
        if method is None:
            channel.connection.process_data_events(0.01)
            continue
        channel.basic_ack(method.delivery_tag)
        found.append((method, properties, body))
    return found
