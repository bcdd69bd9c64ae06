"""What waits in a producer to be sent to one partition, and how it is gathered into batches."""

from collections import deque
from dataclasses import dataclass

from minibroker.agents.kafka_settings import ProducerSettings
from minibroker.sim.values import Value

NEVER = 2**62


@dataclass(slots=True, eq=False)
class Outgoing:
    """A record on its way. Times are virtual microseconds, but `timestamp`, which is the record's
    own (milliseconds). `fault` is what a plan has for the request that will carry it."""

    number: int
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[Value]
    timestamp: int
    entered: int
    fault: str = ""

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


class Queue:
    """The records of one partition, oldest first."""

    def __init__(self, settings: ProducerSettings) -> None:
        self._settings = settings
        self._bytes = 0
        self.messages: deque[Outgoing] = deque()
        self.woken = -1
        """When somebody will look at it next (microseconds), if that is to come."""

    def append(self, message: Outgoing) -> None:
        """Put a record at the end."""
        self.messages.append(message)
        self._bytes += message.size

    @property
    def full(self) -> bool:
        """Whether there is enough for a batch."""
        return (
            len(self.messages) >= self._settings.batch_messages
            or self._bytes >= self._settings.batch_bytes
        )

    def due(self) -> int:
        """When the oldest has lingered (microseconds); never, if there is none."""
        if not self.messages:
            return NEVER
        return self.messages[0].entered + self._settings.linger

    def take(self) -> list[Outgoing]:
        """Take a batch: as many of the oldest as go into one, and one at least."""
        taken: list[Outgoing] = []
        size = 0
        while self.messages and len(taken) < self._settings.batch_messages:
            size += self.messages[0].size
            if taken and size > self._settings.batch_bytes:
                break
            taken.append(self._pop())
        return taken

    def late(self, now: int) -> list[Outgoing]:
        """Take those whose time to be delivered is over."""
        found: list[Outgoing] = []
        while self.messages and deadline(self.messages[0], self._settings) <= now:
            found.append(self._pop())
        return found

    def _pop(self) -> Outgoing:
        message = self.messages.popleft()
        self._bytes -= message.size
        return message


def deadline(message: Outgoing, settings: ProducerSettings) -> int:
    """By when a record must be delivered (``message.timeout.ms``; 0 is no limit)."""
    limit = settings.message_timeout
    return message.entered + limit if limit else NEVER
