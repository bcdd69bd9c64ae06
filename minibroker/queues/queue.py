"""One queue: what is ready, in order, and who takes from it in turn.

A copy is *ready* (in the queue), *unacked* (handed to a channel that has not settled it) or
gone. The queue holds the ready ones; the channel that took a copy holds the unacked ones, so
each copy has one holder. A requeued copy goes back to its old position, ahead of all that came
after it (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms", Negative
Acknowledgement and Requeuing).
"""

import heapq
from collections import deque
from typing import TYPE_CHECKING

from minibroker.queues.message import Copy, Message

if TYPE_CHECKING:
    from minibroker.queues.channel import Consumer


class Queue:
    """A named queue. Consumers take turns; one without room is passed over."""

    def __init__(self, name: str, durable: bool) -> None:
        self.name = name
        self.durable = durable
        self.consumers: deque[Consumer] = deque()
        self._ready: list[Copy] = []
        self._last_position = 0

    def __len__(self) -> int:
        """How many copies are ready."""
        return len(self._ready)

    def put(self, message: Message) -> None:
        """Add a message at the end."""
        self._last_position += 1
        heapq.heappush(self._ready, Copy(message, self._last_position))

    def put_back(self, copy: Copy) -> None:
        """Return a copy that was taken, to its old position."""
        heapq.heappush(self._ready, copy)

    def take(self) -> Copy | None:
        """Take the first ready copy out, counting the attempt; None when there is none."""
        if not self._ready:
            return None
        copy = heapq.heappop(self._ready)
        copy.attempts += 1
        return copy

    def purge(self) -> list[Copy]:
        """Take all ready copies out, first first."""
        gone = sorted(self._ready)
        self._ready.clear()
        return gone

    def next_consumer(self) -> "Consumer | None":
        """The consumer whose turn it is and that has room; None when none has."""
        for _ in range(len(self.consumers)):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.has_room():
                return consumer
        return None
